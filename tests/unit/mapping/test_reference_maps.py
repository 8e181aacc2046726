"""Every row of the reference's field maps has a row here."""

import re
from pathlib import Path

import pytest

from serversync.mapping.fields import FIELDS
from serversync.mapping.series import SERIES
from serversync.rules.record import Kind

PAGE = Path(__file__).parents[3].parent / "shared" / "reference" / "server-side-sync.md"
GROUPED = {"scheduledend", "scheduleddurationminutes", "isalldayevent", "statuscode"}
"""Columns that are part of the group of another one."""
WORDS = {
    "Body": "description",
    "Location": "location",
    "Subject": "subject",
    "Importance": "prioritycode",
    "Optional/Required Attendees": "requiredattendees optionalattendees",
    "Organizer": "organizer",
    "Recurrence Pattern": "recurrencepattern",
    "Regarding": "regardingobjectid",
    "Show Time As": "statecode",
}
ADDRESS = ("line1", "city", "stateorprovince", "postalcode", "country")


def section() -> str:
    if not PAGE.is_file():
        pytest.skip("the reference is not there")
    return PAGE.read_text(encoding="utf-8").split("### 5.3 ", 1)[1].split("\n### 5.4 ", 1)[0]


def named(text: str) -> set[str]:
    """The columns that a piece of the reference names."""
    found: set[str] = set()
    for name in re.findall(r"`([a-z0-9_*]+)`", text):
        if name.endswith("_*"):
            found |= {name[:-1] + part for part in ADDRESS}
        else:
            found.add(name)
    return found


def of_table(title: str) -> set[str]:
    rows = section().split(f"**{title}**", 1)[1].split("\n**", 1)[0].splitlines()
    cells = [row.split("|")[2] for row in rows if row.startswith("| ") and "Dynamics field" not in row]
    assert cells, "the page has another form now"
    return set().union(*map(named, cells))


def test_appointments() -> None:
    ours = {row.logicalname for row in FIELDS[Kind.APPOINTMENT]}
    assert of_table("Appointment") - GROUPED <= ours


def test_contacts() -> None:
    ours = {row.logicalname for row in FIELDS[Kind.CONTACT]}
    assert of_table("Contact") | {"regardingobjectid"} <= ours


def test_tasks() -> None:
    text = section().split("**Task** (", 1)[1].split("\n", 1)[0]
    columns = named(text.split("):", 1)[1]) | {"regardingobjectid"}
    assert len(columns) == 10
    assert columns - {"statuscode"} <= {row.logicalname for row in FIELDS[Kind.TASK]}


@pytest.mark.parametrize("kind", [Kind.PHONECALL, Kind.LETTER, Kind.FAX])
def test_phone_calls_letters_and_faxes(kind: Kind) -> None:
    text = section().split("**Fax `fax`, Letter `letter`, Phone call `phonecall`**", 1)[1].split("\n", 1)[0]
    assert "the same table without % Complete" in text
    columns = {row.logicalname for row in FIELDS[Kind.TASK]} - {"percentcomplete", "activitymimeattachment"}
    assert {row.logicalname for row in FIELDS[kind]} == columns


def test_series() -> None:
    text = section().split("**Recurring appointment** (", 1)[1].split("\n", 1)[0]
    columns = {column for word, names in WORDS.items() if word in text for column in names.split()}
    assert "regardingobjectid" in columns
    assert columns <= {row.logicalname for row in SERIES}
