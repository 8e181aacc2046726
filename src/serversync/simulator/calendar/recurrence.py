"""Patterns of recurrence, and the dates on which they fall; the clock plays no part here.

Exchange's rules, where they differ from iCalendar's: a month that lacks the day takes its last one, and the weeks
of a weekly pattern start on Sunday unless ``FirstDayOfWeek`` says otherwise.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import count, islice

from lxml import etree

from serversync.simulator.calendar.timezones import nth_weekday
from serversync.simulator.response import TYPES_NS, EwsError

T = f"{{{TYPES_NS}}}"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SETS = {
    "Day": frozenset(range(7)),
    "Weekday": frozenset(range(5)),
    "WeekendDay": frozenset({5, 6}),
} | {name: frozenset({number}) for number, name in enumerate(DAYS)}
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
INDEXES = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
LAST_DATE = date(4500, 8, 31)
"""A series without an end never gets here; Exchange's own last day."""
_MOST = 100_000
REGENERATIONS = {
    "DailyRegeneration": "days",
    "WeeklyRegeneration": "weeks",
    "MonthlyRegeneration": "months",
    "YearlyRegeneration": "years",
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A pattern and its range.

    Attributes:
        pattern: Element name of the pattern, for example ``WeeklyRecurrence``.
        start: The first day that may be one of it.
        interval: Every how many days, weeks or months.
        weekdays: Names as in the schema, for weekly and relative patterns.
        index: ``First`` to ``Last``, for relative patterns.
        day: Day of the month, for absolute patterns.
        month: 1 to 12, for yearly patterns.
        first_day: First day of a week.
        end: The last day that may be one of it.
        number: How many occurrences there are.
    """

    pattern: str
    start: date
    interval: int = 1
    weekdays: tuple[str, ...] = ()
    index: str = "First"
    day: int = 1
    month: int = 1
    first_day: str = "Sunday"
    end: date | None = None
    number: int | None = None

    @property
    def regenerates(self) -> bool:
        """Whether the next one counts from the completion of this one; only tasks have that."""
        return self.pattern in REGENERATIONS

    def dates(self) -> Iterator[date]:
        """Yield the days of all occurrences, also of deleted ones, in order."""
        found = (day for day in self._endless() if day >= self.start)
        if self.number is not None:
            yield from islice(found, self.number)
            return
        last = self.end or LAST_DATE
        for day in islice(found, _MOST):
            if day > last:
                return
            yield day

    def _endless(self) -> Iterator[date]:
        if self.pattern in {"DailyRecurrence", "DailyRegeneration"}:
            yield from (self.start + timedelta(step * self.interval) for step in range(_MOST))
        elif self.pattern == "WeeklyRegeneration":
            yield from (self.start + timedelta(7 * step * self.interval) for step in range(_MOST))
        elif self.pattern == "WeeklyRecurrence":
            yield from self._weekly()
        else:
            is_yearly = self.pattern.endswith(("YearlyRecurrence", "YearlyRegeneration"))
            first = (self.month if self.pattern.endswith("YearlyRecurrence") else self.start.month) - 1
            step = self.interval * (12 if is_yearly else 1)
            for months in count(self.start.year * 12 + first, step):
                year, month = divmod(months, 12)
                if year > LAST_DATE.year:
                    return
                yield self._day_in(year, month + 1)

    def _weekly(self) -> Iterator[date]:
        first_day = DAYS.index(self.first_day)
        week = self.start - timedelta((self.start.weekday() - first_day) % 7)
        wanted: set[int] = set().union(*(_SETS[name] for name in self.weekdays))
        steps = sorted((day - first_day) % 7 for day in wanted)
        for number in range(_MOST):
            monday = week + timedelta(7 * number * self.interval)
            yield from (monday + timedelta(step) for step in steps)

    def _day_in(self, year: int, month: int) -> date:
        if self.pattern.startswith("Relative"):
            days: set[int] = set().union(*(_SETS[name] for name in self.weekdays))
            return nth_weekday(year, month, days, INDEXES[self.index])
        day = self.start.day if self.regenerates else self.day
        return date(year, month, min(day, calendar.monthrange(year, month)[1]))

    def first(self) -> date:
        """Return the first day.

        Raises:
            EwsError: ``ErrorRecurrenceHasNoOccurrence``.
        """
        found = next(self.dates(), None)
        if found is None:
            raise EwsError("ErrorRecurrenceHasNoOccurrence")
        return found

    @property
    def is_endless(self) -> bool:
        """Whether it has no last occurrence."""
        return self.end is None and self.number is None


def _date(value: str | None) -> date:
    try:
        return date.fromisoformat((value or "").strip()[:10])
    except ValueError:
        raise EwsError("ErrorCalendarInvalidRecurrence") from None


def _number(element: etree._Element, name: str, default: int, low: int, high: int) -> int:
    text = (element.findtext(f"{T}{name}") or str(default)).strip()
    if not text.lstrip("+-").isdigit() or not low <= int(text) <= high:
        raise EwsError("ErrorCalendarInvalidRecurrence")
    return int(text)


def _word(element: etree._Element, name: str, default: str, known: Iterable[str]) -> str:
    text = element.findtext(f"{T}{name}", default).strip()
    if text not in known:
        raise EwsError("ErrorCalendarInvalidRecurrence")
    return text


@lru_cache(maxsize=2048)
def read_recurrence(fragment: str) -> Recurrence:
    """Read a ``Recurrence`` element.

    Raises:
        EwsError: ``ErrorCalendarInvalidRecurrence`` or ``ErrorCalendarInvalidDayForWeeklyRecurrence``.
    """
    element = etree.fromstring(f'<x xmlns:t="{TYPES_NS}">{fragment}</x>')[0]
    if len(element) != 2:
        raise EwsError("ErrorCalendarInvalidRecurrence")
    pattern, extent = element
    name = etree.QName(pattern).localname
    weekdays = tuple((pattern.findtext(f"{T}DaysOfWeek") or "").split())
    if any(one not in _SETS for one in weekdays):
        raise EwsError("ErrorCalendarInvalidRecurrence")
    if name == "WeeklyRecurrence" and not (weekdays and set(weekdays) <= set(DAYS)):
        raise EwsError("ErrorCalendarInvalidDayForWeeklyRecurrence")
    if name.startswith("Relative") and not weekdays:
        raise EwsError("ErrorCalendarInvalidRecurrence")
    month = _word(pattern, "Month", "January", MONTHS)
    ends, numbers = extent.findtext(f"{T}EndDate"), extent.findtext(f"{T}NumberOfOccurrences")
    found = Recurrence(
        name,
        _date(extent.findtext(f"{T}StartDate")),
        _number(pattern, "Interval", 1, 1, 999),
        weekdays,
        _word(pattern, "DayOfWeekIndex", "First", INDEXES),
        _number(pattern, "DayOfMonth", 1, 1, 31),
        MONTHS.index(month) + 1,
        _word(pattern, "FirstDayOfWeek", "Sunday", DAYS),
        None if ends is None else _date(ends),
        None if numbers is None else _number(extent, "NumberOfOccurrences", 1, 1, 999),
    )
    if found.start > LAST_DATE:
        raise EwsError("ErrorCalendarOutOfRange")
    if found.end is not None and found.end < found.start:
        raise EwsError("ErrorCalendarEndDateIsEarlierThanStartDate")
    if found.end is not None and found.end > LAST_DATE:
        raise EwsError("ErrorRecurrenceEndDateTooBig")
    return found


def write_recurrence(found: Recurrence, suffix: str = "") -> str:
    """Return the ``Recurrence`` element.

    Args:
        found: The pattern and range.
        suffix: What follows each date, for example ``+01:00``.
    """
    parts = []
    name = found.pattern
    if name in REGENERATIONS or not name.endswith("YearlyRecurrence"):
        parts.append(f"<t:Interval>{found.interval}</t:Interval>")
    if name.startswith("Relative") or name == "WeeklyRecurrence":
        parts.append(f"<t:DaysOfWeek>{' '.join(found.weekdays)}</t:DaysOfWeek>")
    if name.startswith("Relative"):
        parts.append(f"<t:DayOfWeekIndex>{found.index}</t:DayOfWeekIndex>")
    if name.startswith("Absolute"):
        parts.append(f"<t:DayOfMonth>{found.day}</t:DayOfMonth>")
    if name.endswith("YearlyRecurrence"):
        parts.append(f"<t:Month>{MONTHS[found.month - 1]}</t:Month>")
    if name == "WeeklyRecurrence" and found.first_day != "Sunday":
        parts.append(f"<t:FirstDayOfWeek>{found.first_day}</t:FirstDayOfWeek>")
    start = f"<t:StartDate>{found.start.isoformat()}{suffix}</t:StartDate>"
    if found.number is not None:
        extent = f"<t:NumberedRecurrence>{start}<t:NumberOfOccurrences>{found.number}</t:NumberOfOccurrences></t:NumberedRecurrence>"
    elif found.end is not None:
        extent = f"<t:EndDateRecurrence>{start}<t:EndDate>{found.end.isoformat()}{suffix}</t:EndDate></t:EndDateRecurrence>"
    else:
        extent = f"<t:NoEndRecurrence>{start}</t:NoEndRecurrence>"
    return f"<t:Recurrence><t:{name}>{''.join(parts)}</t:{name}>{extent}</t:Recurrence>"
