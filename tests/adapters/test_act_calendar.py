"""Each row of the map of appointments both ways, read and written by exchangelib on the other side."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import exchangelib
import pytest

from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.core.errors import ChangeConflict, ServiceError
from serversync.engine.act_ports import Item, ItemToChange, ItemToMake, Written
from serversync.mapping.fields import APPOINTMENT
from serversync.mapping.identity import global_object_id, record_of
from serversync.rules.record import Fields, Kind, Value
from serversync.rules.regarding import REGARDING
from tests.adapters.meeting_company import moment, next_week
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import MAILBOX
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

STAMP = UUID("11111111-2222-4333-8444-555555555555")
START = next_week()
HOUR = dt.timedelta(hours=1)
BEN, CLEO, ROOM = "ben@example.com", "cleo@example.com", "room@example.com"
FIELDS: dict[str, Value] = {
    "scheduledstart": (START, START + HOUR, False),
    "subject": "Kick-off",
    "description": "Bring\na pen",
    "location": "Room 1",
    "prioritycode": 2,
    "statecode": (3, 6),
    "requiredattendees": (BEN,),
    "optionalattendees": (CLEO,),
    "resources": (ROOM,),
    "fullname": ((BEN, "Ben"), (CLEO, "Cleo")),
}
CHANGED: dict[str, Value] = {
    "scheduledstart": (START + HOUR, START + 3 * HOUR, False),
    "subject": "Review",
    "description": "Bring two",
    "location": "Room 2",
    "prioritycode": 0,
    "statecode": (0, 2),
    "requiredattendees": (BEN, "dora@example.com"),
    "optionalattendees": ("dora@example.com",),
    "resources": ("hall@example.com",),
}
FROM_EXCHANGE_ALONE = {"organizer", "ismapiprivate", "responsestatus", "globalobjectid"}


def addresses(attendees: Any) -> tuple[str, ...] | None:
    return tuple(sorted(each.mailbox.email_address for each in attendees or ())) or None


def as_exchangelib_has_it(item: Any) -> dict[str, Value]:
    """What exchangelib reads, in the words of the CRM."""
    shown = {"Free": (0, 1), "Tentative": (0, 2), "Busy": (3, 5), "OOF": (3, 6)}
    found: dict[str, Value] = {
        "scheduledstart": (item.start, item.end, item.is_all_day),
        "subject": item.subject,
        "description": (item.text_body or "").replace("\r\n", "\n").rstrip() or None,
        "location": item.location,
        "prioritycode": ["Low", "Normal", "High"].index(item.importance),
        "statecode": shown[item.legacy_free_busy_status],
        "requiredattendees": addresses(item.required_attendees),
        "optionalattendees": addresses(item.optional_attendees),
        "resources": addresses(item.resources),
    }
    return {name: value for name, value in found.items() if value is not None}


def without_names(fields: Fields) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name != "fullname"}


def the_item(place: Place) -> Any:
    (found,) = place.ada.calendar.all()
    return found


def written(outcomes: list[Written | ServiceError]) -> Written:
    (outcome,) = outcomes
    assert isinstance(outcome, Written)
    return outcome


async def make(mailbox: Any) -> Written:
    return written(await mailbox.create(Kind.APPOINTMENT, [ItemToMake(STAMP, FIELDS)]))


async def test_every_row_is_read_by_exchangelib_as_it_was_written(place: Place) -> None:
    async with place.open() as mailbox:
        made = await make(mailbox)
        (item,) = await mailbox.read(Kind.APPOINTMENT, [made.item_id])
    found = await asyncio.to_thread(the_item, place)
    assert as_exchangelib_has_it(found) == without_names(FIELDS)
    assert [each.mailbox.name for each in found.required_attendees] == ["Ben"]
    assert (found.categories, found.uid) == ([TRACKED_CATEGORY], global_object_id(STAMP))
    assert isinstance(item, Item)
    assert (item.stamp, item.becomes, item.takes_part) == (STAMP, STAMP, True)
    assert {name: item.fields[name] for name in without_names(FIELDS)} == without_names(FIELDS)


ALONE: dict[str, Value] = {
    "scheduledstart": (START, START + HOUR, False),
    "subject": "Write the offer",
    "prioritycode": 1,
    "statecode": (3, 5),
}
MIDNIGHT = START.replace(hour=0, minute=0)
WHOLE_DAY = (MIDNIGHT, MIDNIGHT + dt.timedelta(days=1), True)


@pytest.mark.parametrize(
    ("changes", "is_known"),
    [
        ({}, True),
        ({"statecode": (1, 3)}, True),
        ({"statecode": (0, 2), "prioritycode": 2}, True),
        ({"location": "Room 1", "description": "Two\nlines"}, True),
        ({"scheduledstart": WHOLE_DAY}, True),
        ({"description": "ends with a line\n"}, False),
        ({"subject": "x" * 300}, False),
        ({"scheduledstart": (START, START + HOUR + dt.timedelta(seconds=7), False)}, False),
        ({"requiredattendees": (BEN,)}, False),
        ({"requiredattendees": (MAILBOX.lower(),)}, True),
        ({"globalobjectid": "00AA"}, False),
        ({"prioritycode": None}, False),
    ],
)
async def test_what_a_new_appointment_says_is_known_where_nobody_is_invited(
    place: Place, changes: dict[str, Value], is_known: bool
) -> None:
    fields = {name: value for name, value in (ALONE | changes).items() if value is not None}
    async with place.open() as mailbox:
        made = written(await mailbox.create(Kind.APPOINTMENT, [ItemToMake(STAMP, fields)]))
        (item,) = await mailbox.read(Kind.APPOINTMENT, [made.item_id])
    assert isinstance(item, Item)
    assert (made.fields is not None) is is_known
    assert made.fields in (None, item.fields)


@pytest.mark.parametrize("name", CHANGED)
async def test_one_field_changes_and_is_taken_away_alone(place: Place, name: str) -> None:
    expected = without_names(FIELDS) | {name: CHANGED[name]}
    async with place.open() as mailbox:
        made = await make(mailbox)
        change = ItemToChange(made, {name: CHANGED[name]}, FIELDS)
        made = written(await mailbox.update(Kind.APPOINTMENT, [change]))
        assert as_exchangelib_has_it(await asyncio.to_thread(the_item, place)) == expected
        if name in {"scheduledstart", "prioritycode", "statecode"}:
            return  # these are never empty
        await mailbox.update(Kind.APPOINTMENT, [ItemToChange(made, {name: None}, FIELDS)])
    del expected[name]
    assert as_exchangelib_has_it(await asyncio.to_thread(the_item, place)) == expected


async def test_every_row_is_read_as_exchangelib_has_written_it(place: Place) -> None:
    def save() -> Any:
        return exchangelib.CalendarItem(
            account=place.ada,
            folder=place.ada.calendar,
            subject="Kick-off",
            start=moment(START),
            end=moment(START + HOUR),
            text_body="Bring\na pen",
            body="Bring\na pen",
            location="Room 1",
            importance="High",
            legacy_free_busy_status="OOF",
            required_attendees=[BEN],
            optional_attendees=[CLEO],
            resources=[ROOM],
            sensitivity="Normal",
        ).save(send_meeting_invitations="SendToNone")

    made = await asyncio.to_thread(save)
    async with place.open() as mailbox:
        (item,) = await mailbox.read(Kind.APPOINTMENT, [made.id])
    assert isinstance(item, Item)
    fields = dict(item.fields)
    global_id = str(fields.pop("globalobjectid"))
    assert item.becomes == record_of(global_id)
    assert [each[0] for each in fields.pop("responsestatus")] == [BEN, CLEO, ROOM]  # type: ignore[union-attr, index]
    assert fields == without_names(FIELDS) | {"organizer": (MAILBOX,), "ismapiprivate": False}
    assert not item.takes_part


def test_every_row_of_the_map_is_in_these_tests():
    rows = {row.logicalname for row in APPOINTMENT}
    # Files are in test_appointment_files, and what appointments are about in test_regarding_of_meetings.
    assert rows == {*CHANGED, "fullname", "activitymimeattachment", REGARDING, *FROM_EXCHANGE_ALONE}


async def test_names_alone_need_no_request_and_change_nothing(place: Place) -> None:
    async with place.open() as mailbox:
        made = await make(mailbox)
        change = ItemToChange(made, {"fullname": ((BEN, "Benjamin"),)}, FIELDS)
        assert written(await mailbox.update(Kind.APPOINTMENT, [change])) == made


async def test_a_meeting_that_was_there_before_is_made_under_another_id(place: Place) -> None:
    async with place.open() as mailbox:
        again = FIELDS | {"globalobjectid": global_object_id(STAMP)}
        await mailbox.create(Kind.APPOINTMENT, [ItemToMake(STAMP, again)])
    assert (await asyncio.to_thread(the_item, place)).uid != global_object_id(STAMP)


async def test_a_meeting_is_found_by_its_id_where_it_has_no_stamp(place: Place) -> None:
    made = await asyncio.to_thread(
        lambda: exchangelib.CalendarItem(
            account=place.ada,
            folder=place.ada.calendar,
            subject="x",
            start=moment(START),
            end=moment(START + HOUR),
        ).save(send_meeting_invitations="SendToNone")
    )
    async with place.open() as mailbox:
        (item,) = await mailbox.read(Kind.APPOINTMENT, [made.id])
        assert isinstance(item, Item)
        wanted: list[Fields] = [
            {"globalobjectid": item.fields["globalobjectid"]},
            {},
            {"globalobjectid": "04"},
        ]
        twin, nobody, other = await mailbox.twins(Kind.APPOINTMENT, wanted)
        assert twin is not None
        assert (twin.item_id, nobody, other) == (made.id, None, None)


async def test_what_somebody_else_has_changed_is_neither_overwritten_nor_deleted_nor_told(
    place: Place,
) -> None:
    async with place.open() as mailbox:
        made = await make(mailbox)
        told = len(place.exchange.outbox)

        def edit() -> None:
            item = the_item(place)
            item.location = "Elsewhere"
            item.save(update_fields=["location"], send_meeting_invitations="SendToNone")

        await asyncio.to_thread(edit)
        change = ItemToChange(made, {"subject": "Loom"}, FIELDS)
        (outcome,) = await mailbox.update(Kind.APPOINTMENT, [change])
        assert isinstance(outcome, ChangeConflict)
        with pytest.raises(ChangeConflict):
            await mailbox.delete(Kind.APPOINTMENT, made)
    assert (await asyncio.to_thread(the_item, place)).subject == "Kick-off"
    assert len(place.exchange.outbox) == told
