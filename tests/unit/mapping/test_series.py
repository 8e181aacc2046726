"""The field map of series is the one that the documentation shows."""

from pathlib import Path

import pytest

from serversync.mapping.fields import FieldMap
from serversync.mapping.series import SERIES, SERIES_DIRECTIONS
from serversync.rules.record import Direction

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "fields.md"


@pytest.mark.parametrize("row", SERIES, ids=lambda row: row.logicalname)
def test_each_row_stands_in_the_documentation(row: FieldMap) -> None:
    section = (
        PAGE.read_text(encoding="utf-8").split("## recurringappointmentmaster", 1)[1].split("\n## ", 1)[0]
    )
    fixed = " fixed " if row.is_fixed else "  "
    assert f"| {row.label} | `{row.logicalname}` | `{row.prop}` | both ways |{fixed}|" in section


def test_every_field_of_a_series_goes_both_ways() -> None:
    assert set(SERIES_DIRECTIONS.values()) == {Direction.BOTH}
