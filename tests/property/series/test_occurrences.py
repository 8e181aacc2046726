"""Occurrences keep the clock of their zone over every change of it, as python-dateutil expands them."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from dateutil import tz
from hypothesis import example, given
from hypothesis import strategies as st

from serversync.rules.series.changes import (
    DELETED,
    Own,
    changed_days,
    field_of,
    occurrences,
    own_between,
    own_of,
)
from serversync.rules.series.recurrence import Recurrence, Unit
from serversync.rules.series.timetable import (
    Times,
    Timetable,
    times_between,
    timetable_of,
    timetable_values,
)
from tests.property.series.patterns import ZONES, dateutil_days, recurrences

zones = st.sampled_from(ZONES)
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
FAR = datetime(2300, 1, 1, tzinfo=UTC)


def timetable(recurrence: Recurrence, clock: time, zone: str, minutes: int = 60) -> Timetable:
    return Timetable(recurrence, Times(clock, timedelta(minutes=minutes), is_all_day=False, zone=zone))


@given(recurrences(), clocks, zones)
@example(
    Recurrence(Unit.WEEK, date(2019, 9, 1), weekdays=frozenset(range(7))), time(2, fold=1), "Australia/Sydney"
)
def test_each_occurrence_starts_when_dateutil_says(recurrence: Recurrence, clock: time, zone: str) -> None:
    found = timetable(recurrence, clock, zone)
    for day, expected in islice(zip(recurrence.days(), dateutil_days(recurrence), strict=False), 40):
        wall = tz.resolve_imaginary(datetime.combine(expected, clock.replace(fold=0), tzinfo=tz.gettz(zone)))
        assert found.start(day) == wall.astimezone(UTC)


@given(recurrences(), clocks, zones, st.integers(0, 3000))
def test_no_occurrence_ends_before_it_starts(
    recurrence: Recurrence, clock: time, zone: str, minutes: int
) -> None:
    found = timetable(recurrence, clock, zone, minutes)
    assert all(found.end(day) >= found.start(day) for day in islice(recurrence.days(), 40))


@given(recurrences(), clocks, zones)
def test_the_day_of_an_occurrence_is_told_by_its_start(
    recurrence: Recurrence, clock: time, zone: str
) -> None:
    found = timetable(recurrence, clock, zone)
    for day in islice(recurrence.days(), 40):
        assert found.day_of(found.start(day)) == day


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 5), zones)
def test_whole_days_stay_the_days_that_they_are(day: date, days: int, zone: str) -> None:
    midnight = datetime.combine(day, time(), tzinfo=tz.gettz(zone))
    end = datetime.combine(day + timedelta(days), time(), tzinfo=tz.gettz(zone))
    seen, times = times_between(midnight.astimezone(UTC), end.astimezone(UTC), zone, is_all_day=True)
    assert (seen, times.lasts, times.begins) == (day, timedelta(days), time())


@given(recurrences(), clocks, zones, st.data())
def test_a_view_has_each_occurrence_once_as_it_was_moved(
    recurrence: Recurrence, clock: time, zone: str, data: st.DataObject
) -> None:
    found = timetable(recurrence, clock, zone)
    days = list(islice(recurrence.days(), 12))
    gone = set(data.draw(st.lists(st.sampled_from(days), max_size=4))) if days else set()
    moved = set(data.draw(st.lists(st.sampled_from(days), max_size=4))) - gone if days else set()
    shift = timedelta(minutes=90)
    changed = dict.fromkeys(gone, DELETED) | {
        day: Own(found.start(day) + shift, found.end(day) + shift).value() for day in moved
    }
    last = found.end(days[-1]) + shift if days else FAR
    seen = occurrences(found, changed, datetime(2018, 1, 1, tzinfo=UTC), last)
    expected = {
        day: found.start(day) + (shift if day in moved else timedelta()) for day in days if day not in gone
    }
    assert {each.day: each.start for each in seen if each.day in days} == expected
    assert len({each.day for each in seen}) == len(seen)


@given(recurrences(), clocks, zones, st.booleans(), st.text(max_size=5))
def test_what_an_occurrence_has_of_its_own_survives_being_a_value(
    recurrence: Recurrence, clock: time, zone: str, is_moved: bool, subject: str
) -> None:
    found = timetable(recurrence, clock, zone)
    assert timetable_of(*timetable_values(found).values()) == Timetable(recurrence.canonical(), found.times)
    day = recurrence.start
    shift = timedelta(hours=2) if is_moved else timedelta()
    differs = {"subject": subject} if subject else {}
    own = own_between(found, day, found.start(day) + shift, found.end(day) + shift, differs)
    assert own_of(own.value()) == own
    assert (own.value() is None) == (not is_moved and not subject)
    assert changed_days({field_of(day): own.value()}) == ({} if own.value() is None else {day: own.value()})
