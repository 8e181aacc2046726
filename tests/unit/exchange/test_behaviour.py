"""The table of differences, held against the schemas of the versions."""

from pathlib import Path

import pytest
from lxml import etree

from serversync.exchange.behaviour import BEHAVIOURS, SINCE, Behaviour, Generation, behaviour_of
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo

SCHEMAS = Path(__file__).parents[3].joinpath("..", "shared", "ews-schema").resolve()
FOLDERS = {
    Generation.EXCHANGE2010_SP3: "exchange2010_sp2",
    Generation.EXCHANGE2013_SP1: "exchange2013_sp1",
    Generation.EXCHANGE2016: "exchange2016_v2016_10_10",
    Generation.EXCHANGE2019: "exchange2019_v2018_01_08",
}
needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not beside the project")
each_generation = pytest.mark.parametrize("generation", Generation, ids=lambda one: one.name)


def values(generation: Generation, kind: str) -> set[str]:
    tree = etree.parse(SCHEMAS / FOLDERS[generation] / "types.xsd")
    found = tree.find(f"{{*}}simpleType[@name='{kind}']")
    assert found is not None
    return {one.get("value", "") for one in found.iter("{*}enumeration")}


@needs_schemas
@each_generation
@pytest.mark.parametrize("name", SINCE)
def test_a_field_is_known_from_its_generation_on(generation: Generation, name: str) -> None:
    assert (name in values(generation, "UnindexedFieldURIType")) == (SINCE[name] <= generation)


@needs_schemas
@each_generation
def test_the_table_says_what_the_schema_says(generation: Generation) -> None:
    behaviour = BEHAVIOURS[generation]
    fields = values(generation, "UnindexedFieldURIType")
    messages = (SCHEMAS / FOLDERS[generation] / "messages.xsd").read_text(encoding="utf-8-sig")
    types = (SCHEMAS / FOLDERS[generation] / "types.xsd").read_text(encoding="utf-8-sig")
    assert behaviour.location_field in fields
    assert behaviour.has_flag == ("item:Flag" in fields)
    assert behaviour.has_is_organizer == ("calendar:IsOrganizer" in fields)
    assert behaviour.has_text_body == ("item:TextBody" in fields)
    assert behaviour.has_time_zone_ids == ("calendar:StartTimeZoneId" in fields)
    assert behaviour.has_distinguished_folder_id == ("folder:DistinguishedFolderId" in fields)
    assert behaviour.location_can_be_written_enhanced == ("EnhancedLocation" in types)
    assert behaviour.has_reference_attachments == ("ReferenceAttachmentType" in types)
    assert behaviour.can_suppress_read_receipts == ("SuppressReadReceipts" in messages)
    assert behaviour.free_busy_status("WorkingElsewhere") in values(generation, "LegacyFreeBusyType")
    assert behaviour.free_busy_status("Busy") == "Busy"


@needs_schemas
@each_generation
def test_only_fields_that_the_schema_knows_are_asked_for(generation: Generation) -> None:
    asked = BEHAVIOURS[generation].fields(("item:Subject", "calendar:Start", *SINCE))
    assert set(asked) <= values(generation, "UnindexedFieldURIType")
    assert {"item:Subject", "calendar:Start"} <= set(asked)


def test_a_flag_without_a_property_of_its_own_has_its_mapi_properties() -> None:
    for behaviour in BEHAVIOURS.values():
        assert bool(behaviour.flag_properties) != behaviour.has_flag


@pytest.mark.parametrize(
    ("info", "version", "generation"),
    [
        (None, RequestServerVersion.EXCHANGE2013_SP1, Generation.EXCHANGE2013_SP1),
        (
            ServerVersionInfo(14, 3, 513, 0),
            RequestServerVersion.EXCHANGE2010_SP2,
            Generation.EXCHANGE2010_SP3,
        ),
        (
            ServerVersionInfo(15, 1, 2507, 6),
            RequestServerVersion.EXCHANGE2010_SP2,
            Generation.EXCHANGE2010_SP3,
        ),
        (
            ServerVersionInfo(15, 0, 1497, 2),
            RequestServerVersion.EXCHANGE2013_SP1,
            Generation.EXCHANGE2013_SP1,
        ),
        (ServerVersionInfo(15, 1, 2507, 6), RequestServerVersion.EXCHANGE2013_SP1, Generation.EXCHANGE2016),
        (ServerVersionInfo(15, 2, 1748, 10), RequestServerVersion.EXCHANGE2013_SP1, Generation.EXCHANGE2019),
        (ServerVersionInfo(15, 2, 2562, 17), RequestServerVersion.EXCHANGE2013_SP1, Generation.EXCHANGE2019),
    ],
)
def test_the_mailbox_s_server_decides_and_not_the_one_in_front(
    info: ServerVersionInfo | None, version: RequestServerVersion, generation: Generation
) -> None:
    found: Behaviour = behaviour_of(info, version)
    assert found.generation is generation
