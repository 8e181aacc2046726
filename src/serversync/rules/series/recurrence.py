"""On which days a series falls: its pattern and its range as data, and the days that follow from them.

The rules are those of Exchange. Where they differ from iCalendar's: a month that lacks the day takes its last one, and
the weeks of a weekly pattern start on Sunday unless the pattern says otherwise. The clock plays no part here.

Two descriptions of the same days are made equal by ``canonical``: the first day is one of the series, a pattern of
every twelfth month is a yearly one, and what a pattern does not use is empty.
"""

import calendar
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from enum import IntEnum
from itertools import count, islice
from typing import Final

from serversync.rules.record import Value


class Unit(IntEnum):
    """What the interval of a pattern counts; the values of ``recurrencepatterntype``."""

    DAY = 0
    WEEK = 1
    MONTH = 2
    YEAR = 3


SUNDAY: Final = 6
LAST: Final = -1
EVERY_DAY: Final = frozenset(range(7))
WORKDAYS: Final = frozenset(range(5))
WEEKEND: Final = frozenset({5, 6})
LAST_DATE: Final = date(4500, 8, 31)
"""The last day that Exchange knows; a series without an end goes so far."""
MOST_OCCURRENCES: Final = 999
"""So many occurrences can be counted, in Outlook, in Exchange and in the CRM."""
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A pattern and its range.

    Attributes:
        unit: What the interval counts.
        start: The first day that may be one of the series.
        interval: Every how many of the unit.
        weekdays: Monday is 0. Of a weekly pattern its days; with ``nth`` the days that are counted in the month.
        nth: Which of these weekdays in the month, 1 to 4, or ``LAST``; ``None`` for a day of the month.
        day: The day of the month.
        month: The month of a yearly pattern.
        week_start: The first day of a week, of a weekly pattern.
        end: The last day that may be one of the series.
        count: How many there are; never together with ``end``.
    """

    unit: Unit
    start: date
    interval: int = 1
    weekdays: frozenset[int] = frozenset()
    nth: int | None = None
    day: int | None = None
    month: int | None = None
    week_start: int = SUNDAY
    end: date | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no pattern.

        Raises:
            ValueError: with what is wrong, in words for a person.
        """
        if problem := _problem(self):
            raise ValueError(problem)

    @property
    def is_endless(self) -> bool:
        """Whether it has neither an end nor a number."""
        return self.end is None and self.count is None

    def days(self, since: date | None = None) -> Iterator[date]:
        """Yield the days of all occurrences in order, also of those that were deleted.

        Args:
            since: Days before it are left out, and as far as possible not even counted.
        """
        if self.count is not None:
            days: Iterable[date] = islice(self._endless(0), self.count)
        else:
            days = self._endless(0 if since is None else self._period_before(since))
        last = self.end or LAST_DATE
        for day in days:
            if day > last:
                return
            if since is None or day >= since:
                yield day

    def first(self) -> date | None:
        """Return the first day; ``None`` for a series without an occurrence."""
        return next(self.days(), None)

    def last(self) -> date | None:
        """Return the last day; ``None`` for a series without an end, or without an occurrence."""
        if self.is_endless:
            return None
        ending = deque(self.days(), maxlen=1)
        return ending[0] if ending else None

    def falls_on(self, day: date) -> bool:
        """Tell whether a day is one of the series."""
        return next(self.days(day), None) == day

    def index_of(self, day: date) -> int | None:
        """Return which occurrence a day is, from 1 and counting deleted ones; ``None`` where it is none."""
        for number, each in enumerate(self.days(), start=1):
            if each >= day:
                return number if each == day else None
        return None

    def canonical(self) -> "Recurrence":
        """Return the description of the same days that is compared and kept."""
        found = replace(self, start=self.first() or self.start)
        if found.unit is Unit.MONTH and found.interval % _MONTHS_A_YEAR == 0:
            found = replace(
                found,
                unit=Unit.YEAR,
                interval=found.interval // _MONTHS_A_YEAR,
                month=found.start.month,
            )
        if found.unit is not Unit.WEEK or found.interval == 1:
            found = replace(found, week_start=SUNDAY)
        return found

    def _endless(self, first_period: int) -> Iterator[date]:
        for number in count(first_period):
            days = self._days_in(number)
            if days is None:
                return
            for day in days:
                if day >= self.start:
                    yield day

    def _days_in(self, period: int) -> list[date] | None:
        """Return the days in the n-th period, counted from the one of ``start``; ``None`` beyond all calendars."""
        try:
            match self.unit:
                case Unit.DAY:
                    return [self.start + timedelta(period * self.interval)]
                case Unit.WEEK:
                    week = self._week() + timedelta(7 * period * self.interval)
                    return [
                        week + timedelta(step)
                        for step in sorted((day - self.week_start) % 7 for day in self.weekdays)
                    ]
                case _:
                    year, month = divmod(self._month() + period * self._months, _MONTHS_A_YEAR)
                    return None if year > LAST_DATE.year else [self._day_of(year, month + 1)]
        except OverflowError:
            return None

    def _period_before(self, day: date) -> int:
        """Return a period in which, or after which, every day since ``day`` lies."""
        if day <= self.start:
            return 0
        match self.unit:
            case Unit.DAY:
                return (day - self.start).days // self.interval
            case Unit.WEEK:
                return (day - self._week()).days // (7 * self.interval)
            case _:
                months = day.year * _MONTHS_A_YEAR + day.month - 1 - self._month()
                return max(0, months // self._months)

    @property
    def _months(self) -> int:
        return self.interval * (_MONTHS_A_YEAR if self.unit is Unit.YEAR else 1)

    def _week(self) -> date:
        return self.start - timedelta((self.start.weekday() - self.week_start) % 7)

    def _month(self) -> int:
        return self.start.year * _MONTHS_A_YEAR + (self.month or self.start.month) - 1

    def _day_of(self, year: int, month: int) -> date:
        length = calendar.monthrange(year, month)[1]
        if self.nth is None:
            return date(year, month, min(self.day or 1, length))
        days = [
            day for day in (date(year, month, n + 1) for n in range(length)) if day.weekday() in self.weekdays
        ]
        return days[-1] if self.nth == LAST else days[self.nth - 1]


def _problem(given: Recurrence) -> str:
    is_monthly = given.unit in (Unit.MONTH, Unit.YEAR)
    checks = (
        (given.interval < 1, "its interval is no whole number from 1"),
        (given.unit is Unit.WEEK and not given.weekdays, "it names no day of the week"),
        (
            given.nth is not None and (not is_monthly or not given.weekdays),
            "it counts days that it does not name",
        ),
        (
            given.nth is not None and given.nth not in (1, 2, 3, 4, LAST),
            "it counts to another day than the fourth",
        ),
        (is_monthly and given.nth is None and given.day is None, "it names no day of the month"),
        (given.day is not None and not 1 <= given.day <= 31, "its day of the month is none"),
        (given.unit is Unit.YEAR and given.month is None, "it names no month"),
        (given.month is not None and not 1 <= given.month <= _MONTHS_A_YEAR, "its month is none"),
        (given.end is not None and given.count is not None, "it has both an end and a number"),
        (given.end is not None and given.end < given.start, "it ends before it starts"),
        (
            given.count is not None and not 1 <= given.count <= MOST_OCCURRENCES,
            "its number is not within 1 and 999",
        ),
    )
    return next((words for is_wrong, words in checks if is_wrong), "")


def pattern_value(recurrence: Recurrence) -> Value:
    """Return a recurrence as one value of a record, the same for all descriptions of the same days."""
    found = recurrence.canonical()
    return (
        int(found.unit),
        found.start,
        found.interval,
        tuple(sorted(found.weekdays)),
        found.nth,
        found.day,
        found.month,
        found.week_start,
        found.end,
        found.count,
    )


def recurrence_of(value: Value) -> Recurrence:
    """Return the recurrence that a value of a record is.

    Raises:
        ValueError: it is none.
    """
    match value:
        case (int(unit), date() as start, int(interval), tuple(weekdays), *rest) if len(value) == len(
            fields(Recurrence)
        ):
            return Recurrence(Unit(unit), start, interval, frozenset(weekdays), *rest)  # type: ignore[arg-type]
    raise ValueError("it is no pattern")
