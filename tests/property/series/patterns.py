"""Series of every kind, and python-dateutil's view of the same rule."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday
from hypothesis import strategies as st

from serversync.rules.series.recurrence import EVERY_DAY, LAST, WEEKEND, WORKDAYS, Recurrence, Unit

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Australia/Sydney", "Asia/Kolkata", "America/Sao_Paulo")
"""One on each side of the equator that changes its clock, one west, one that never does, one that has stopped to."""
FREQUENCIES = {Unit.DAY: DAILY, Unit.WEEK: WEEKLY, Unit.MONTH: MONTHLY, Unit.YEAR: YEARLY}

starts = st.dates(date(2019, 1, 1), date(2027, 12, 31))
single_days = st.integers(0, 6).map(lambda day: frozenset({day}))
counted_days = st.one_of(single_days, st.sampled_from([EVERY_DAY, WORKDAYS, WEEKEND]))


@st.composite
def recurrences(draw: st.DrawFn, most_years: int = 1) -> Recurrence:
    """Every kind of pattern, with every kind of range."""
    unit = draw(st.sampled_from(Unit))
    start = draw(starts)
    given: dict[str, object] = {"interval": draw(st.integers(1, most_years if unit is Unit.YEAR else 24))}
    if unit is Unit.WEEK:
        given["weekdays"] = draw(st.frozensets(st.integers(0, 6), min_size=1))
        given["week_start"] = draw(st.integers(0, 6))
    elif unit is not Unit.DAY:
        if draw(st.booleans()):
            given["weekdays"] = draw(counted_days)
            given["nth"] = draw(st.sampled_from([1, 2, 3, 4, LAST]))
        else:
            given["day"] = draw(st.integers(1, 31))
        if unit is Unit.YEAR:
            given["month"] = draw(st.integers(1, 12))
    match draw(st.integers(0, 2)):
        case 1:
            given["count"] = draw(st.integers(1, 60))
        case 2:
            given["end"] = start + timedelta(draw(st.integers(0, 3000)))
    return Recurrence(unit, start, **given)  # type: ignore[arg-type]


def dateutil_days(found: Recurrence) -> Iterator[date]:
    """The same rule as RFC 5545 has it: a short month's last day is the last of 28, 29 ... that it has."""
    given: dict[str, object] = {}
    if found.unit is Unit.WEEK:
        given = {"byweekday": [weekday(day) for day in found.weekdays], "wkst": weekday(found.week_start)}
    elif found.nth is not None:
        given = {"byweekday": [weekday(day) for day in found.weekdays], "bysetpos": found.nth}
    elif found.day is not None:
        given = {"bymonthday": [found.day]}
        if found.day > 28:
            given = {"bymonthday": list(range(28, found.day + 1)), "bysetpos": -1}
    if found.unit is Unit.YEAR:
        given["bymonth"] = found.month
    if found.end is not None:
        given["until"] = datetime.combine(found.end, time())
    rule = rrule(
        FREQUENCIES[found.unit],
        dtstart=datetime.combine(found.start, time()),
        interval=found.interval,
        count=found.count,
        **given,  # type: ignore[arg-type]
    )
    return (each.date() for each in islice(rule, 80))
