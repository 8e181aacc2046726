"""Patterns of series on either side: the columns of ``recurringappointmentmaster``, and the words of EWS.

Neither side can say everything. Exchange has no yearly pattern of every second year, but every 24 months is the same; it
can count single days of the week, all, working or weekend days, and no other sets. Where a pattern cannot be said,
``ValueError`` tells why, in words for a person.

Source: Dataverse table reference, recurringappointmentmaster and recurrencerule; EWS schema; MS-OXOCAL for the bounds.
"""

from collections.abc import Mapping
from datetime import date
from enum import IntEnum
from typing import Any, Final, Protocol

from serversync.mapping.fields import APPOINTMENT, FieldMap
from serversync.mapping.values import Form
from serversync.rules.regarding import REGARDING
from serversync.rules.series.changes import PREFIX
from serversync.rules.series.recurrence import EVERY_DAY, LAST, WEEKEND, WORKDAYS, Recurrence, Unit
from serversync.rules.series.timetable import PATTERN, TIMES

OF_OCCURRENCES: Final = (
    FieldMap("description", "item:Body", Form.NOTE, label="Body"),
    FieldMap("prioritycode", "item:Importance", Form.IMPORTANCE, is_fixed=True, label="Importance"),
    FieldMap("location", "calendar:Location", label="Location"),
    FieldMap("subject", "item:Subject", label="Subject"),
)
"""The fields that a single occurrence can have otherwise than its series; its times come on top."""
OF_MEETINGS: Final = tuple(
    row
    for row in APPOINTMENT
    if row.logicalname
    in (
        "optionalattendees",
        "organizer",
        "requiredattendees",
        "resources",
        "statecode",
        "responsestatus",
        "fullname",
        REGARDING,
        "globalobjectid",
    )
)
"""What a series says as a whole as an appointment does: who takes part, how it shows, what it is about, which meeting it is."""
SERIES: Final = (
    FieldMap(PATTERN, "calendar:Recurrence", Form.SERIES, is_fixed=True, label="Recurrence Pattern"),
    FieldMap(TIMES, "calendar:Start", Form.SERIES, is_fixed=True, label="Appointment Time"),
    FieldMap(
        PREFIX, "calendar:ModifiedOccurrences", Form.SERIES, is_fixed=True, label="(single occurrences)"
    ),
    *OF_OCCURRENCES,
    *OF_MEETINGS,
)
"""``recurringappointmentmaster`` and the ``CalendarItem`` of a series.

``recurrencepattern`` is the group of the pattern's columns, ``starttime`` that of time of day, length, whole days and
zone; ``occurrence:`` stands for one field for each occurrence that is not as its series.
"""
SERIES_DIRECTIONS: Final = {row.logicalname: row.direction for row in SERIES}
"""The fields of a series, each with the way it goes where nobody has set another."""
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
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
_SETS: Final = {"Day": EVERY_DAY, "Weekday": WORKDAYS, "WeekendDay": WEEKEND} | {
    name: frozenset({number}) for number, name in enumerate(DAYS)
}
_ORDINALS: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": LAST}
_MOST_UNITS: Final = {Unit.DAY: 999, Unit.WEEK: 99, Unit.MONTH: 99, Unit.YEAR: 8}
"""The longest interval that Exchange takes; that of years is written in months."""


class EndType(IntEnum):
    """How a series ends; the values of ``patternendtype``."""

    NO_END_DATE = 1
    OCCURRENCES = 2
    PATTERN_END_DATE = 3


INSTANCES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: LAST}
"""What ``instance`` counts to."""
NO_COLUMNS: Final[dict[str, Any]] = {
    "interval": 1,
    "daysofweekmask": None,
    "dayofmonth": None,
    "monthofyear": None,
    "instance": None,
    "isnthmonthly": False,
    "isnthyearly": False,
    "isweekdaypattern": False,
    "firstdayofweek": 0,
    "patternenddate": None,
    "occurrences": None,
}
"""The columns of a pattern where a pattern does not use them."""


def mask_of(weekdays: frozenset[int]) -> int:
    """Return ``daysofweekmask``: Sunday is 1, Monday 2, ... Saturday 64.

    >>> mask_of(frozenset({0, 6}))
    3
    """
    return sum(1 << (day + 1) % 7 for day in weekdays)


def weekdays_of(mask: int) -> frozenset[int]:
    """Return the days of a ``daysofweekmask``; Monday is 0.

    >>> sorted(weekdays_of(62))
    [0, 1, 2, 3, 4]
    """
    return frozenset(day for day in range(7) if mask & 1 << (day + 1) % 7)


def columns_of(recurrence: Recurrence) -> dict[str, Any]:
    """Return the columns of a pattern."""
    found = recurrence.canonical()
    columns = NO_COLUMNS | {
        "recurrencepatterntype": int(found.unit),
        "interval": found.interval,
        "patternstartdate": found.start,
        "patternendtype": int(EndType.NO_END_DATE),
        "firstdayofweek": (found.week_start + 1) % 7,
    }
    if found.weekdays:
        columns["daysofweekmask"] = mask_of(found.weekdays)
    if found.nth is not None:
        columns["instance"] = 5 if found.nth == LAST else found.nth
        columns["isnthyearly" if found.unit is Unit.YEAR else "isnthmonthly"] = True
    elif found.day is not None:
        columns["dayofmonth"] = found.day
    if found.unit is Unit.YEAR:
        columns["monthofyear"] = found.month
    if found.count is not None:
        columns |= {"patternendtype": int(EndType.OCCURRENCES), "occurrences": found.count}
    elif found.end is not None:
        columns |= {"patternendtype": int(EndType.PATTERN_END_DATE), "patternenddate": found.end}
    return columns


def recurrence_of_columns(columns: Mapping[str, Any]) -> Recurrence:
    """Return the pattern that columns describe.

    Raises:
        ValueError: they describe none.
    """
    unit = Unit(columns["recurrencepatterntype"])
    given: dict[str, Any] = {"interval": columns["interval"]}
    weekdays = weekdays_of(columns["daysofweekmask"] or 0)
    is_nth = columns["isnthyearly"] if unit is Unit.YEAR else columns["isnthmonthly"]
    if unit is Unit.DAY and columns["isweekdaypattern"]:
        unit, weekdays = Unit.WEEK, WORKDAYS
    if unit is Unit.WEEK:
        given |= {"weekdays": weekdays, "week_start": (columns["firstdayofweek"] - 1) % 7}
    elif unit is not Unit.DAY and is_nth:
        given |= {"weekdays": weekdays, "nth": INSTANCES.get(columns["instance"] or 0)}
    elif unit is not Unit.DAY:
        given["day"] = columns["dayofmonth"]
    if unit is Unit.YEAR:
        given["month"] = columns["monthofyear"]
    if columns["patternendtype"] == EndType.OCCURRENCES:
        given["count"] = columns["occurrences"]
    elif columns["patternendtype"] == EndType.PATTERN_END_DATE:
        given["end"] = columns["patternenddate"]
    return Recurrence(unit, columns["patternstartdate"], **given)


class Words(Protocol):
    """A pattern in the words of EWS, as the client reads it."""

    @property
    def pattern(self) -> str: ...  # noqa: D102 - the names are those of the elements
    @property
    def interval(self) -> int | None: ...  # noqa: D102
    @property
    def days_of_week(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def day_of_week_index(self) -> str | None: ...  # noqa: D102
    @property
    def day_of_month(self) -> int | None: ...  # noqa: D102
    @property
    def month(self) -> str | None: ...  # noqa: D102
    @property
    def first_day_of_week(self) -> str | None: ...  # noqa: D102
    @property
    def start_date(self) -> date | None: ...  # noqa: D102
    @property
    def end_date(self) -> date | None: ...  # noqa: D102
    @property
    def number_of_occurrences(self) -> int | None: ...  # noqa: D102


_UNITS: Final = {
    "DailyRecurrence": Unit.DAY,
    "WeeklyRecurrence": Unit.WEEK,
    "AbsoluteMonthlyRecurrence": Unit.MONTH,
    "RelativeMonthlyRecurrence": Unit.MONTH,
    "AbsoluteYearlyRecurrence": Unit.YEAR,
    "RelativeYearlyRecurrence": Unit.YEAR,
}


def recurrence_of_words(words: Words) -> Recurrence:
    """Return the pattern that EWS describes.

    Raises:
        ValueError: the CRM has no such pattern, or it is none.
    """
    unit = _UNITS.get(words.pattern)
    if unit is None:
        raise ValueError(f"the CRM has no pattern like {words.pattern or 'one without a name'}")
    if words.start_date is None:
        raise ValueError("its pattern does not say when it begins")
    given: dict[str, Any] = {"interval": words.interval or 1}
    unknown = [name for name in words.days_of_week if name not in _SETS]
    if unknown:
        raise ValueError(f"its pattern counts {unknown[0]}, which is no day of the week")
    days = frozenset[int]().union(*(_SETS[name] for name in words.days_of_week))
    if unit is Unit.WEEK:
        first = words.first_day_of_week or "Sunday"
        given |= {
            "weekdays": days,
            "week_start": DAYS.index(first) if first in DAYS else DAYS.index("Sunday"),
        }
    elif words.pattern.startswith("Relative"):
        given |= {"weekdays": days, "nth": _ORDINALS.get(words.day_of_week_index or "")}
    elif unit is not Unit.DAY:
        given["day"] = words.day_of_month
    if unit is Unit.YEAR:
        given["month"] = MONTHS.index(words.month) + 1 if words.month in MONTHS else None
    return Recurrence(unit, words.start_date, **given, end=words.end_date, count=words.number_of_occurrences)


def words_of(recurrence: Recurrence) -> dict[str, Any]:
    """Return the pattern in the words of EWS, by the names of ``Words``.

    Raises:
        ValueError: Exchange has no such pattern.
    """
    found = recurrence.canonical()
    if found.first() is None:
        raise ValueError("no day is one of the series")
    if found.interval > _MOST_UNITS[found.unit]:
        raise ValueError(f"Exchange takes no interval of {found.interval} {found.unit.name.lower()}s")
    words: dict[str, Any] = {"start_date": found.start}
    if found.count is not None:
        words["number_of_occurrences"] = found.count
    elif found.end is not None:
        words["end_date"] = found.end
    if found.unit is Unit.DAY:
        return words | {"pattern": "DailyRecurrence", "interval": found.interval}
    if found.unit is Unit.WEEK:
        named = tuple(name for number, name in enumerate(DAYS) if number in found.weekdays)
        words |= {"pattern": "WeeklyRecurrence", "interval": found.interval, "days_of_week": named}
        return words | (
            {} if DAYS[found.week_start] == "Sunday" else {"first_day_of_week": DAYS[found.week_start]}
        )
    kind = "Absolute" if found.nth is None else "Relative"
    if found.nth is None:
        words["day_of_month"] = found.day
    else:
        words |= {"days_of_week": (_set_word(found.weekdays),), "day_of_week_index": _ordinal(found.nth)}
    if found.unit is Unit.YEAR and found.interval == 1:
        return words | {"pattern": f"{kind}YearlyRecurrence", "month": MONTHS[(found.month or 1) - 1]}
    months = found.interval * (12 if found.unit is Unit.YEAR else 1)
    return words | {"pattern": f"{kind}MonthlyRecurrence", "interval": months}


def _set_word(weekdays: frozenset[int]) -> str:
    for word, days in _SETS.items():
        if days == weekdays:
            return word
    raise ValueError(
        "Exchange counts single days of the week, all, working or weekend days, and no other ones"
    )


def _ordinal(nth: int) -> str:
    return next(word for word, number in _ORDINALS.items() if number == nth)
