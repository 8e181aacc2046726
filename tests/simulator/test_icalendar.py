"""Calendar items as iCalendar, out and in: what one says, the other understands; read by the icalendar library."""

import datetime as dt

import exchangelib
import icalendar
import pytest
from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.recurrence import DailyPattern, Recurrence

from serversync.simulator.calendar.icalendar_in import read_calendar
from serversync.simulator.calendar.rrule import read_rrule, write_rrule
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
