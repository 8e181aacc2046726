"""The field map of series is the one that the documentation shows."""

from pathlib import Path

import pytest

from serversync.mapping.fields import FieldMap, directions
from serversync.mapping.series import OF_MEETINGS, SERIES, SERIES_DIRECTIONS
from serversync.rules.record import Direction, Kind

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "fields.md"


@pytest.mark.parametrize("row", SERIES, ids=lambda row: row.logicalname)
def test_each_row_stands_in_the_documentation(row: FieldMap) -> None:
    section = (
        PAGE.read_text(encoding="utf-8").split("## recurringappointmentmaster", 1)[1].split("\n## ", 1)[0]
    )
    fixed = " fixed " if row.is_fixed else "  "
    way = {Direction.BOTH: "both ways", Direction.TO_CRM: "to the CRM", Direction.TO_EXCHANGE: "to Exchange"}
    assert f"| {row.label} | `{row.logicalname}` | `{row.prop}` | {way[row.direction]} |{fixed}|" in section


def test_what_a_series_itself_says_goes_both_ways() -> None:
    meeting = {row.logicalname for row in OF_MEETINGS}
    assert {way for name, way in SERIES_DIRECTIONS.items() if name not in meeting} == {Direction.BOTH}


def test_what_a_meeting_says_goes_the_way_it_goes_of_an_appointment() -> None:
    assert {row.logicalname: row.direction for row in OF_MEETINGS}.items() <= directions(
        Kind.APPOINTMENT
    ).items()
