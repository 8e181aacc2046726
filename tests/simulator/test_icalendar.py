"""Calendar items as iCalendar, out and in: what one says, the other understands; read by the icalendar library."""

import base64
import datetime as dt

import exchangelib
import icalendar
import pytest
from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.recurrence import DailyPattern, Recurrence

from serversync.simulator.calendar.icalendar_in import read_calendar
from serversync.simulator.calendar.rrule import read_rrule, write_rrule
from tests.simulator.conftest import Client
from tests.simulator.test_recurrence import PATTERNS

BERLIN = EWSTimeZone("Europe/Berlin")
PUT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:series-1@example.com
DTSTART;TZID=Europe/Berlin:20260323T090000
DTEND;TZID=Europe/Berlin:20260323T093000
SUMMARY:Stand-up\\, daily
LOCATION:Room 1
DESCRIPTION:Line one\\nline two
RRULE:FREQ=DAILY;COUNT=10
EXDATE;TZID=Europe/Berlin:20260325T090000
ORGANIZER;CN=Ada Lovelace:mailto:ada@example.org
ATTENDEE;CN=Grace;ROLE=OPT-PARTICIPANT:mailto:grace@example.com
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT20M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:series-1@example.com
RECURRENCE-ID;TZID=Europe/Berlin:20260331T090000
DTSTART;TZID=Europe/Berlin:20260331T110000
DTEND;TZID=Europe/Berlin:20260331T113000
SUMMARY:Late stand-up
LOCATION:Room 1
DESCRIPTION:Line one\\nline two
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_goes_through_a_rule_and_back(name: str) -> None:
    found, _ = PATTERNS[name]
    rule = icalendar.vRecur.from_ical(write_rrule(found, ""))
    again = read_rrule(rule, found.start, None)
    assert [day for _, day in zip(range(40), again.dates(), strict=False)] == [
        day for _, day in zip(range(40), found.dates(), strict=False)
    ]


def test_icalendar_becomes_a_series_with_its_exceptions(ada: exchangelib.Account) -> None:
    made = CalendarItem(
        account=ada,
        folder=ada.calendar,
        mime_content=PUT,
        start=EWSDateTime(2026, 3, 23, 9, tzinfo=BERLIN),
        end=EWSDateTime(2026, 3, 23, 9, 30, tzinfo=BERLIN),
    ).save()
    made.refresh()
    assert (made.subject, made.location, made.uid) == ("Stand-up, daily", "Room 1", "series-1@example.com")
    assert made.text_body == "Line one\nline two"
    assert [one.mailbox.email_address for one in made.optional_attendees] == ["grace@example.com"]
    assert len(made.deleted_occurrences) == len(made.modified_occurrences) == 1
    start = EWSDateTime(2026, 3, 20, tzinfo=BERLIN)
    seen = [
        (one.subject, one.start.astimezone(BERLIN).hour)
        for one in ada.calendar.view(start=start, end=start + dt.timedelta(30))
    ]
    assert len(seen) == 9
    assert seen[7] == ("Late stand-up", 11)


def test_an_alarm_becomes_a_reminder() -> None:
    properties = read_calendar(PUT, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).properties
    assert properties["item:ReminderMinutesBeforeStart"] == 20


def test_a_series_is_told_as_icalendar_with_zone_rule_and_exceptions(ada: exchangelib.Account) -> None:
    start = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=BERLIN)
    made = CalendarItem(
        account=ada,
        folder=ada.calendar,
        subject="Stand-up; ünïcode " + "long " * 20,
        start=start,
        end=start + dt.timedelta(hours=1),
        recurrence=Recurrence(pattern=DailyPattern(interval=1), start=start.date(), number=10),
        required_attendees=["grace@example.com"],
    ).save()
    made.occurrence(index=2).delete()
    third = made.occurrence(index=3)
    third.refresh()
    third.location = "Elsewhere"
    third.save(update_fields=["location"])
    made.refresh()
    assert max(len(line) for line in made.mime_content.split(b"\r\n")) <= 75
    calendar = icalendar.Calendar.from_ical(made.mime_content)
    master, changed = calendar.walk("VEVENT")
    assert master["SUMMARY"] == made.subject
    assert master["RRULE"]["COUNT"] == [10]
    assert master.decoded("DTSTART") == start
    assert [one.dt.day for one in master["EXDATE"].dts] == [24]
    assert (changed["LOCATION"], changed.decoded("RECURRENCE-ID").day) == ("Elsewhere", 25)
    assert str(master["ORGANIZER"]) == "mailto:ada@example.org"
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "W. Europe Standard Time"
    berlin = zone.to_tz()
    for month in range(1, 13):
        local = dt.datetime(2026, month, 15, 12, tzinfo=BERLIN)
        assert local.replace(tzinfo=berlin).utcoffset() == local.utcoffset()


def test_what_is_no_icalendar_is_refused(ada: exchangelib.Account) -> None:
    start = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=BERLIN)
    with pytest.raises(exchangelib.errors.ErrorMimeContentInvalid):
        CalendarItem(
            account=ada, folder=ada.calendar, mime_content=b"no calendar", start=start, end=start
        ).save()


OWN_ZONE = """BEGIN:VCALENDAR
BEGIN:VTIMEZONE
TZID:Our own zone
BEGIN:STANDARD
DTSTART:19700101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Always the same
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0545
TZOFFSETTO:+0545
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:z
DTSTART;TZID=Our own zone:20260327T090000
DTEND;TZID=Always the same:20260327T150000
RRULE:FREQ=DAILY;COUNT=4
EXDATE;TZID=Our own zone:20260328T090000
SUMMARY:In a zone of its own
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


def stored(client: Client, mime: bytes) -> list[str]:
    """Store an appointment and return when it, or its occurrences, begin and end."""
    created = client.call(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
        f"<t:MimeContent>{base64.b64encode(mime).decode()}</t:MimeContent></t:CalendarItem></m:Items></m:CreateItem>"
    )
    assert created.codes == ["NoError"]
    item = created.attributes(".//t:ItemId", "Id")[0]
    fields = "".join(
        f'<t:FieldURI FieldURI="calendar:{name}"/>' for name in ("StartTimeZone", "StartTimeZoneId")
    )
    whole = client.get_items(
        item,
        shape=f"<t:BaseShape>AllProperties</t:BaseShape><t:AdditionalProperties>{fields}</t:AdditionalProperties>",
    )
    assert whole.codes == ["NoError"]
    view = client.call(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>'
        '<m:CalendarView StartDate="2026-03-27T00:00:00Z" EndDate="2026-04-03T00:00:00Z"/>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>'
    )
    times = zip(view.texts(".//t:Start"), view.texts(".//t:End"), strict=True)
    return [*whole.texts(".//t:StartTimeZoneId"), *(f"{start} {end}" for start, end in times)]


def test_a_zone_that_nobody_knows_is_the_one_that_the_calendar_brings_along(client: Client) -> None:
    assert stored(client, OWN_ZONE) == [
        "Our own zone",
        "2026-03-27T08:00:00Z 2026-03-27T09:15:00Z",
        "2026-03-29T07:00:00Z 2026-03-29T08:15:00Z",
        "2026-03-30T07:00:00Z 2026-03-30T08:15:00Z",
    ]


def test_a_zone_without_summer_time_and_one_that_is_missing(client: Client) -> None:
    lines = [
        one
        for one in OWN_ZONE.splitlines(keepends=True)
        if not one.startswith((b"RRULE:FREQ=DAILY", b"EXDATE"))
    ]
    swapped = b"".join(lines).replace(b"DTSTART;TZID=Our own zone", b"DTSTART;TZID=Always the same")
    assert stored(client, swapped) == ["Always the same", "2026-03-27T03:15:00Z 2026-03-27T09:15:00Z"]
    missing = swapped.replace(b"TZID=Always the same", b"TZID=Nowhere").replace(b"UID:z", b"UID:y")
    assert stored(client, missing)[-1] == "2026-03-27T09:00:00Z 2026-03-27T15:00:00Z"
