"""The days of a series are those that python-dateutil finds, whatever the pattern, from wherever one looks."""

from datetime import date, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.series.recurrence import Recurrence, pattern_value, recurrence_of
from tests.property.series.patterns import dateutil_days, recurrences


def first(found: Recurrence, since: date | None = None) -> list[date]:
    return list(islice(found.days(since), 80))


@given(recurrences(most_years=3))
def test_the_days_are_those_of_dateutil(found: Recurrence) -> None:
    assert first(found) == list(dateutil_days(found))


@given(recurrences(most_years=3), st.integers(-40, 4000))
def test_looking_later_leaves_out_what_was_before(found: Recurrence, days: int) -> None:
    since = found.start + timedelta(days)
    seen = list(islice(found.days(since), 20))
    expected = list(islice((day for day in found.days() if day >= since), 20))
    assert seen == expected


@given(recurrences(most_years=3))
def test_the_canonical_description_means_the_same_days(found: Recurrence) -> None:
    canonical = found.canonical()
    assert first(canonical) == first(found)
    assert canonical.canonical() == canonical


@given(recurrences(most_years=3))
def test_a_pattern_survives_being_a_value(found: Recurrence) -> None:
    assert recurrence_of(pattern_value(found)) == found.canonical()


@given(recurrences(most_years=3), st.integers(0, 59))
def test_the_index_of_a_day_counts_from_the_first(found: Recurrence, number: int) -> None:
    days = first(found)
    if number < len(days):
        assert found.index_of(days[number]) == number + 1
        assert found.falls_on(days[number])
        between = days[number] + timedelta(1)
        assert found.falls_on(between) == (between in days)


@given(recurrences())
def test_the_last_day_is_the_last_one(found: Recurrence) -> None:
    if not found.is_endless:
        days = list(found.days())
        assert found.last() == (days[-1] if days else None)
