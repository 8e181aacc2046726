"""exchangelib keeps series of appointments, changes and deletes single occurrences, and looks at them in views."""

import datetime as dt

import exchangelib
import pytest
from exchangelib import CalendarItem, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.errors import (
    ErrorCalendarEndDateIsEarlierThanStartDate,
    ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorCalendarViewRangeTooBig,
    ErrorOccurrenceCrossingBoundary,
    ErrorOccurrenceTimeSpanTooBig,
)
from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    EndDatePattern,
    NoEndPattern,
    NumberedPattern,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)

from serversync.simulator import Exchange

BERLIN = EWSTimeZone("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/Los_Angeles", "Australia/Sydney", "Asia/Kolkata", "UTC")
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def series(account: exchangelib.Account, pattern=None, *, zone=BERLIN, extent=None, **fields) -> CalendarItem:
    start = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=zone)
    given = {"subject": "Stand-up", "start": start, "end": start + HOUR, **fields}
    extent = extent or {"number": 10}
    recurrence = Recurrence(pattern=pattern or DailyPattern(interval=1), start=start.date(), **extent)
    return CalendarItem(account=account, folder=account.calendar, recurrence=recurrence, **given).save()


def seen(account: exchangelib.Account, first=None, last=None) -> list[CalendarItem]:
    first = first or EWSDateTime(2026, 3, 1, tzinfo=BERLIN)
    return list(account.calendar.view(start=first, end=last or first + dt.timedelta(days=700)))


@pytest.mark.parametrize("zone", ZONES)
def test_a_view_keeps_the_clock_of_the_series_over_a_change_of_it(
    ada: exchangelib.Account, zone: str
) -> None:
    where = EWSTimeZone(zone)
    series(ada, WeeklyPattern(interval=1, weekdays=["Monday", "Thursday"]), zone=where, extent={"number": 60})
    found = [item.start.astimezone(where) for item in seen(ada)]
    assert len(found) == 60
    assert {(one.hour, one.minute) for one in found} == {(9, 0)}
    assert {one.weekday() for one in found} == {0, 3}


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        (DailyPattern(interval=2), ["2026-03-23", "2026-03-25", "2026-03-27"]),
        (WeeklyPattern(interval=2, weekdays=["Tuesday"]), ["2026-03-24", "2026-04-07", "2026-04-21"]),
        (AbsoluteMonthlyPattern(interval=1, day_of_month=31), ["2026-03-31", "2026-04-30", "2026-05-31"]),
        (
            RelativeMonthlyPattern(interval=1, weekday="Friday", week_number="Last"),
            ["2026-03-27", "2026-04-24", "2026-05-29"],
        ),
        (AbsoluteYearlyPattern(day_of_month=29, month="February"), ["2027-02-28", "2028-02-29"]),
        (
            RelativeYearlyPattern(weekday="Sunday", week_number="Second", month="May"),
            ["2026-05-10", "2027-05-09"],
        ),
    ],
)
def test_every_pattern_is_seen_where_it_falls(ada: exchangelib.Account, pattern, days: list[str]) -> None:
    made = series(ada, pattern, extent={"number": len(days)})
    found = seen(ada, last=EWSDateTime(2028, 2, 28, tzinfo=BERLIN)) if len(days) == 3 else seen(ada)
    assert [str(one.start.date()) for one in found] == [one for one in days if one < "2028-01"]
    made.refresh()
    assert made.recurrence.pattern == pattern
    assert made.first_occurrence.start.astimezone(BERLIN).date() == EWSDate.from_string(days[0])
    assert made.last_occurrence.start.astimezone(BERLIN).date() == EWSDate.from_string(days[-1])


def test_ranges_come_back_as_they_were_set(ada: exchangelib.Account) -> None:
    for extent, kind in (
        ({}, NoEndPattern),
        ({"number": 4}, NumberedPattern),
        ({"end": EWSDate(2026, 4, 2)}, EndDatePattern),
    ):
        start = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=BERLIN)
        recurrence = Recurrence(pattern=DailyPattern(interval=1), start=start.date(), **extent)
        made = CalendarItem(
            account=ada, folder=ada.calendar, start=start, end=start + HOUR, recurrence=recurrence
        ).save()
        made.refresh()
        assert type(made.recurrence.boundary) is kind
        assert made.recurrence.boundary == recurrence.boundary
        assert (made.last_occurrence is None) == (kind is NoEndPattern)
        made.delete()


def test_a_master_is_found_as_one_item_and_its_occurrences_know_what_they_are(
    ada: exchangelib.Account,
) -> None:
    made = series(ada, location="Room 1")
    assert ada.calendar.all().count() == 1
    assert ada.calendar.get(subject="Stand-up").type == "RecurringMaster"
    third = made.occurrence(index=3)
    third.refresh()
    assert (third.type, third.location, third.is_recurring) == ("Occurrence", "Room 1", True)
    assert third.start == EWSDateTime(2026, 3, 25, 9, 0, tzinfo=BERLIN)
    assert third.uid == ada.calendar.get(subject="Stand-up").uid


def test_an_exception_is_kept_apart_and_follows_the_master_in_the_rest(ada: exchangelib.Account) -> None:
    made = series(ada, location="Room 1")
    third = made.occurrence(index=3)
    third.refresh()
    third.start += 2 * HOUR
    third.end += 2 * HOUR
    third.subject = "Late stand-up"
    third.save(update_fields=["start", "end", "subject"])
    made.refresh()
    (modified,) = made.modified_occurrences
    assert modified.original_start == EWSDateTime(2026, 3, 25, 9, 0, tzinfo=BERLIN)
    assert modified.start == EWSDateTime(2026, 3, 25, 11, 0, tzinfo=BERLIN)
    made.location = "Room 2"
    made.save(update_fields=["location"])
    shown = seen(ada)
    assert [item.location for item in shown] == ["Room 2"] * 10
    assert [item.subject for item in shown][1:4] == ["Stand-up", "Late stand-up", "Stand-up"]
    assert [item.type for item in shown][1:4] == ["Occurrence", "Exception", "Occurrence"]


def test_a_deleted_occurrence_is_gone_and_still_counts(ada: exchangelib.Account) -> None:
    made = series(ada)
    made.occurrence(index=2).delete()
    made.refresh()
    assert [one.start for one in made.deleted_occurrences] == [EWSDateTime(2026, 3, 24, 9, 0, tzinfo=BERLIN)]
    assert len(seen(ada)) == 9
    with pytest.raises(ErrorCalendarOccurrenceIsDeletedFromRecurrence):
        made.occurrence(index=2).refresh()
    with pytest.raises(ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange):
        made.occurrence(index=11).refresh()
    third = made.occurrence(index=3)
    third.refresh()
    assert third.start == EWSDateTime(2026, 3, 25, 9, 0, tzinfo=BERLIN)


def test_the_master_of_an_occurrence_is_found(ada: exchangelib.Account) -> None:
    made = series(ada)
    third = made.occurrence(index=3)
    third.refresh()
    found = third.recurring_master()
    found.refresh()
    assert (found.id, found.type) == (made.id, "RecurringMaster")


def test_a_changed_pattern_drops_exceptions_and_other_changes_do_not(ada: exchangelib.Account) -> None:
    made = series(ada)
    made.occurrence(index=2).delete()
    made.refresh()
    made.subject = "Renamed"
    made.save(update_fields=["subject"])
    made.refresh()
    assert len(made.deleted_occurrences) == 1
    made.recurrence.pattern = DailyPattern(interval=2)
    made.save(update_fields=["recurrence"])
    made.refresh()
    assert made.deleted_occurrences is None
    assert len(seen(ada)) == 10


def test_what_cannot_be_is_refused_with_its_code(ada: exchangelib.Account) -> None:
    made = series(ada)
    third = made.occurrence(index=3)
    third.refresh()
    third.start += DAY
    third.end += DAY
    with pytest.raises(ErrorOccurrenceCrossingBoundary):
        third.save(update_fields=["start", "end"])
    start = EWSDateTime(2026, 3, 23, 9, 0, tzinfo=BERLIN)
    with pytest.raises(ErrorOccurrenceTimeSpanTooBig):
        series(ada, end=start + 3 * DAY)
    with pytest.raises(ErrorCalendarViewRangeTooBig):
        seen(ada, last=EWSDateTime(2029, 1, 1, tzinfo=BERLIN))
    with pytest.raises((ErrorCalendarEndDateIsEarlierThanStartDate, ValueError)):
        series(ada, extent={"end": EWSDate(2026, 1, 1)})


def test_a_view_gives_no_more_entries_than_asked_for(ada: exchangelib.Account) -> None:
    series(ada)
    start = EWSDateTime(2026, 3, 1, tzinfo=BERLIN)
    found = ada.calendar.view(start=start, end=start + 100 * DAY, max_items=4)
    assert [item.start.day for item in found] == [23, 24, 25, 26]


def test_an_all_day_event_is_its_days_in_its_own_zone(ada: exchangelib.Account) -> None:
    for zone in ZONES:
        where = EWSTimeZone(zone)
        made = CalendarItem(
            account=ada,
            folder=ada.calendar,
            subject=zone,
            start=EWSDate(2026, 3, 28),
            end=EWSDate(2026, 3, 30),
            is_all_day=True,
            _start_timezone=where,
            _end_timezone=where,
        ).save()
        made.refresh()
        assert (made.start, made.end, made.is_all_day) == (EWSDate(2026, 3, 28), EWSDate(2026, 3, 30), True)


def test_every_change_of_an_occurrence_is_a_change_of_its_master(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    made = series(ada)
    list(ada.calendar.sync_items())
    made.occurrence(index=2).delete()
    changes = list(ada.calendar.sync_items())
    assert [(kind, item.id) for kind, item in changes] == [("update", made.id)]


def test_the_server_tells_its_time_zones(ada: exchangelib.Account) -> None:
    zones = {one.id for one in ada.protocol.get_timezones()}
    assert {"UTC", "W. Europe Standard Time", "Pacific Standard Time"} <= zones
