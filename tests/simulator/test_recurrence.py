"""Dates of every pattern and range, compared with python-dateutil; zones over changes of the clock."""

import datetime as dt
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule

from serversync.simulator.calendar.recurrence import Recurrence, read_recurrence, write_recurrence
from serversync.simulator.calendar.series import occurrences, occurrences_between
from serversync.simulator.calendar.timezones import (
    RuleZone,
    all_ids,
    definition,
    localize,
    zone_of_fragment,
    zone_of_id,
)
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem

START = dt.date(2026, 1, 5)
ZONES = (
    "UTC",
    "W. Europe Standard Time",
    "Pacific Standard Time",
    "AUS Eastern Standard Time",
    "India Standard Time",
)
DAILY = Recurrence("DailyRecurrence", START, interval=3)
PATTERNS = {
    "daily": (DAILY, {"freq": rrule.DAILY, "interval": 3}),
    "weekly": (
        Recurrence("WeeklyRecurrence", START, interval=2, weekdays=("Monday", "Wednesday", "Sunday")),
        {"freq": rrule.WEEKLY, "interval": 2, "byweekday": (0, 2, 6), "wkst": rrule.SU},
    ),
    "weekly from Monday": (
        Recurrence("WeeklyRecurrence", START, interval=2, weekdays=("Tuesday", "Sunday"), first_day="Monday"),
        {"freq": rrule.WEEKLY, "interval": 2, "byweekday": (1, 6), "wkst": rrule.MO},
    ),
    "last day of the month": (
        Recurrence("AbsoluteMonthlyRecurrence", START, interval=1, day=31),
        {"freq": rrule.MONTHLY, "bymonthday": (28, 29, 30, 31), "bysetpos": -1},
    ),
    "fifteenth every second month": (
        Recurrence("AbsoluteMonthlyRecurrence", START, interval=2, day=15),
        {"freq": rrule.MONTHLY, "interval": 2, "bymonthday": 15},
    ),
    "last weekday": (
        Recurrence("RelativeMonthlyRecurrence", START, weekdays=("Weekday",), index="Last"),
        {"freq": rrule.MONTHLY, "byweekday": (0, 1, 2, 3, 4), "bysetpos": -1},
    ),
    "second Thursday": (
        Recurrence("RelativeMonthlyRecurrence", START, interval=3, weekdays=("Thursday",), index="Second"),
        {"freq": rrule.MONTHLY, "interval": 3, "byweekday": rrule.TH(2)},
    ),
    "third day at a week's end": (
        Recurrence("RelativeMonthlyRecurrence", START, weekdays=("WeekendDay",), index="Third"),
        {"freq": rrule.MONTHLY, "byweekday": (5, 6), "bysetpos": 3},
    ),
    "leap day": (
        Recurrence("AbsoluteYearlyRecurrence", START, day=29, month=2),
        {"freq": rrule.YEARLY, "bymonth": 2, "bymonthday": (28, 29), "bysetpos": -1},
    ),
    "Thanksgiving": (
        Recurrence("RelativeYearlyRecurrence", START, weekdays=("Thursday",), index="Fourth", month=11),
        {"freq": rrule.YEARLY, "bymonth": 11, "byweekday": rrule.TH(4)},
    ),
}


def master(found: Recurrence, zone: str, hour: int = 2, minute: int = 30) -> StoredItem:
    """A series at half past two: a time that some days do not have, or have twice."""
    local = dt.datetime.combine(found.first(), dt.time(hour, minute))
    where = zone_of_id(zone)
    return StoredItem(
        1,
        1,
        None,
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        properties={
            "calendar:Recurrence": write_recurrence(found),
            "calendar:Start": localize(local, where),
            "calendar:End": localize(local + dt.timedelta(hours=1), where),
            "calendar:StartTimeZone": f'<t:StartTimeZone Id="{zone}"/>',
        },
    )


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_falls_on_the_days_that_dateutil_finds(name: str) -> None:
    found, rule = PATTERNS[name]
    wanted = rrule.rrule(dtstart=dt.datetime.combine(START, dt.time()), **rule)
    assert list(islice(found.dates(), 60)) == [one.date() for one in islice(wanted, 60)]


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("zone", ZONES)
def test_occurrences_keep_their_clock_in_every_zone_over_every_change_of_it(name: str, zone: str) -> None:
    found, rule = PATTERNS[name]
    where = zone_of_id(zone)
    local = rrule.rrule(dtstart=dt.datetime.combine(START, dt.time(2, 30)), **rule)
    wanted = [one.replace(tzinfo=where).astimezone(dt.UTC) for one in islice(local, 60)]
    seen = [one.properties["calendar:Start"] for one in islice(occurrences(master(found, zone)), 60)]
    assert seen == wanted


@pytest.mark.parametrize("name", PATTERNS)
def test_a_span_of_time_holds_what_dateutil_finds_between(name: str) -> None:
    found, rule = PATTERNS[name]
    start, end = dt.datetime(2027, 3, 1, tzinfo=dt.UTC), dt.datetime(2029, 2, 20, tzinfo=dt.UTC)
    local = rrule.rrule(dtstart=dt.datetime.combine(START, dt.time(9)), **rule)
    wanted = list(local.between(start.replace(tzinfo=None), end.replace(tzinfo=None), inc=True))
    seen = list(occurrences_between(master(found, "UTC", 9, 0), start, end))
    assert [one.properties["calendar:Start"].replace(tzinfo=None) for one in seen] == wanted


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_read_as_it_was_written(name: str) -> None:
    found, _ = PATTERNS[name]
    assert read_recurrence(write_recurrence(found, "+01:00")) == found


def test_ranges_end_by_number_by_date_or_never() -> None:
    numbered = Recurrence("DailyRecurrence", START, number=3)
    until = Recurrence("DailyRecurrence", START, end=START + dt.timedelta(3))
    assert len(list(numbered.dates())) == 3
    assert list(until.dates())[-1] == START + dt.timedelta(3)
    assert DAILY.is_endless
    assert read_recurrence(write_recurrence(numbered)) == numbered
    assert read_recurrence(write_recurrence(until)) == until


@pytest.mark.parametrize(
    ("pattern", "extent", "code"),
    [
        (
            "<t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Weekday</t:DaysOfWeek></t:WeeklyRecurrence>",
            "",
            "ErrorCalendarInvalidDayForWeeklyRecurrence",
        ),
        (
            "<t:DailyRecurrence><t:Interval>0</t:Interval></t:DailyRecurrence>",
            "",
            "ErrorCalendarInvalidRecurrence",
        ),
        (
            "<t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence>",
            "2025-12-31",
            "ErrorCalendarEndDateIsEarlierThanStartDate",
        ),
        (
            "<t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence>",
            "4600-01-01",
            "ErrorRecurrenceEndDateTooBig",
        ),
    ],
)
def test_what_cannot_be_is_refused(pattern: str, extent: str, code: str) -> None:
    end = f"<t:EndDate>{extent}</t:EndDate>"
    ranged = f"<t:EndDateRecurrence><t:StartDate>2026-01-05</t:StartDate>{end}</t:EndDateRecurrence>"
    endless = "<t:NoEndRecurrence><t:StartDate>2026-01-05</t:StartDate></t:NoEndRecurrence>"
    with pytest.raises(EwsError) as caught:
        read_recurrence(f"<t:Recurrence>{pattern}{ranged if extent else endless}</t:Recurrence>")
    assert caught.value.response_code == code


def test_a_series_without_an_occurrence_says_so() -> None:
    with pytest.raises(EwsError) as caught:
        Recurrence("AbsoluteYearlyRecurrence", START, day=1, month=1, end=dt.date(2026, 3, 1)).first()
    assert caught.value.response_code == "ErrorRecurrenceHasNoOccurrence"


@pytest.mark.parametrize("zone_id", [one for one in all_ids() if not one.startswith(("Morocco", "Egypt"))])
def test_the_definition_of_a_zone_says_the_same_as_the_zone_for_its_year(zone_id: str) -> None:
    zone = zone_of_id(zone_id)
    xml = definition("TimeZoneDefinition", zone, 2026, zone_id)
    own = zone_of_fragment(xml.replace(f'Id="{zone_id}"', 'Id="Own"', 1))
    assert isinstance(own, RuleZone)
    moments = (dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=6 * n) for n in range(4 * 365))
    assert all(one.astimezone(own).utcoffset() == one.astimezone(zone).utcoffset() for one in moments)


def test_a_zone_of_2007_follows_its_own_rules() -> None:
    def change(name: str, offset: str, month: str) -> str:
        return (
            f"<t:{name}><t:Offset>{offset}</t:Offset><t:RelativeYearlyRecurrence><t:DaysOfWeek>Sunday</t:DaysOfWeek>"
            f"<t:DayOfWeekIndex>Last</t:DayOfWeekIndex><t:Month>{month}</t:Month></t:RelativeYearlyRecurrence>"
            f"<t:Time>{'03' if name == 'Standard' else '02'}:00:00</t:Time></t:{name}>"
        )

    own = zone_of_fragment(
        '<t:MeetingTimeZone TimeZoneName="Ours"><t:BaseOffset>-PT1H</t:BaseOffset>'
        f"{change('Standard', 'PT0M', 'October')}{change('Daylight', '-PT1H', 'March')}</t:MeetingTimeZone>"
    )
    berlin = ZoneInfo("Europe/Berlin")
    for hours in range(0, 365 * 24, 1):
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hours)
        local = moment.astimezone(own)
        assert local.utcoffset() == moment.astimezone(berlin).utcoffset()
        assert local.astimezone(dt.UTC) == moment


def test_an_unknown_zone_without_a_definition_is_refused() -> None:
    with pytest.raises(EwsError) as caught:
        zone_of_fragment('<t:StartTimeZone Id="Atlantis Standard Time"/>')
    assert caught.value.response_code == "ErrorCalendarInvalidTimeZone"
