"""What is known of a pair goes to the database as JSON and comes back as it was."""

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from serversync.adapters import act_links
from serversync.adapters.act_values import pack_fields, pack_intent, pack_pair, unpack_fields, unpack_intent
from serversync.engine.act_ports import Intent, Link, Stage
from serversync.rules.diff import Common
from serversync.rules.guards import Writes
from serversync.rules.record import Fields, Kind

ZONES = st.sampled_from([dt.UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns"), None])
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.dates(),
    st.datetimes(dt.datetime(1601, 1, 1), dt.datetime(4501, 1, 1), timezones=ZONES),  # noqa: DTZ001 - the zone comes after it
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8)
FIELDS: st.SearchStrategy[Fields] = st.dictionaries(st.text("abcdefg:-", min_size=1), VALUES, max_size=6)
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


def with_types(value: Any) -> Any:
    """Return a value so that ``1`` is not ``True``, and a time not one of another zone."""
    if isinstance(value, tuple):
        return [with_types(each) for each in value]
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        return type(value).__name__, value, None
    # Python calls two times unequal where one zone leaves the hour out, although they are the same moment.
    return type(value).__name__, value.replace(tzinfo=None), value.utcoffset()


def said(fields: Fields) -> dict[str, Any]:
    """Return fields that are not empty, each as ``with_types``."""
    return {name: with_types(value) for name, value in fields.items() if value is not None}


@given(FIELDS)
@example({"start": dt.datetime(2048, 3, 29, 2, tzinfo=ZoneInfo("Europe/Berlin"))})
def test_fields_come_back_as_they_were_but_for_those_that_are_empty(fields: Fields) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(pack_fields(fields)))
    found = unpack_fields(stored)
    assert said(found) == said(fields)


@given(FIELDS, FIELDS)
def test_both_sides_of_a_pair_come_back_also_where_they_share_values(crm: Fields, more: Fields) -> None:
    for exchange in (crm, more, {**crm, **more}, {**more, **crm}):
        stored = msgspec.json.decode(msgspec.json.encode(pack_pair(Common(crm, exchange))))
        found = Common(unpack_fields(stored["crm"]), unpack_fields(stored["exchange"]))
        assert (said(found.crm), said(found.exchange)) == (said(crm), said(exchange))


@given(FIELDS, FIELDS)
def test_an_intent_comes_back_with_whom_occurrences_keep(crm: Fields, kept: Fields) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(pack_intent(Intent(crm, {}, kept))))
    found = unpack_intent(stored)
    assert (said(found.crm), said(found.exchange), said(found.kept)) == (said(crm), {}, said(kept))
    assert ("kept" in stored) is bool(kept)


def test_a_row_has_every_column_that_the_statements_take_apart_and_no_other() -> None:
    common = Common({"subject": "Tea"}, {"subject": "Coffee"})
    full = Link(
        uuid.UUID(int=1),
        Kind.SERIES,
        Stage.CREATING_IN_CRM,
        "Tea",
        item_id="item",
        change_key="key",
        base=common,
        crm_version=7,
        intent=Intent({}, {}),
        asked_on=NOON,
        crm_missed_on=NOON,
        exchange_missed_on=NOON,
        is_parked=True,
        writes=Writes(1, NOON),
        retries=1,
        due_on=NOON,
        error="trouble",
        search_key=uuid.UUID(int=2),
        item_changed_on=NOON,
    )
    (row,) = msgspec.json.decode(act_links.links_json([full]))
    assert set(row) == {"objectid", *act_links._COLUMNS}
    (bare,) = msgspec.json.decode(act_links.links_json([Link(uuid.UUID(int=1), Kind.TASK, Stage.LINKED)]))
    assert (bare["objecttypecode"], bare["stage"]) == ("task", 2)
    assert {"isparked", "writes", "retries", "recordversion", "conflicts", "changekey", "itemsubject"} <= set(
        bare
    )
