"""The pattern of a series as people enter it: which kind, every how many, on which days, until when."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypedDict

from serversync.core.errors import InputInvalid
from serversync.mapping.series import DAYS, MONTHS, words_of
from serversync.rules.series.recurrence import (
    EVERY_DAY,
    LAST,
    MOST_OCCURRENCES,
    SUNDAY,
    WEEKEND,
    WORKDAYS,
    Recurrence,
    Unit,
)

PATTERNS: Final = {
    "daily": "Every so many days",
    "weekdays": "Every weekday, Monday to Friday",
    "weekly": "Every so many weeks, on days of the week",
    "monthly": "Every so many months, on a day of the month",
    "monthly-nth": "Every so many months, such as on the second Tuesday",
    "yearly": "Every so many years, on a date",
    "yearly-nth": "Every so many years, such as on the last Friday of March",
}
"""The kinds of patterns, and what they say."""
ENDS: Final = {"never": "Never", "after": "After so many occurrences", "on": "On a day"}
"""How a series ends, and what it says."""
NTH: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": LAST}
"""Which of the days that are counted in a month."""
WEEKDAYS: Final = {name.lower(): number for number, name in enumerate(DAYS)}
"""The days of the week by their words, Monday first."""
NTH_OF: Final[Mapping[str, frozenset[int]]] = {
    "day": EVERY_DAY,
    "weekday": WORKDAYS,
    "weekend-day": WEEKEND,
    **{word: frozenset({number}) for word, number in WEEKDAYS.items()},
}
"""The days that can be counted in a month."""
MONTH_WORDS: Final = {name.lower(): number for number, name in enumerate(MONTHS, start=1)}
"""The months by their words."""


class PatternEntries(TypedDict, total=False):
    """What is entered; what the kind of pattern has no use for is not looked at.

    ``until`` is the last day that can be one of the series. ``nth_of`` is one of ``NTH_OF``. Days of the week divided by
    commas there are what a series of another program may count; Exchange cannot, so no pattern is made with them.
    """

    pattern: str
    interval: int
    weekdays: Sequence[str]
    week_start: str
    day: int
    nth: str
    nth_of: str
    month: str
    end: str
    count: int
    until: date


def recurrence_of(given: PatternEntries, first_day: date) -> Recurrence:
    """Return the pattern that was entered, from a day on.

    Raises:
        InputInvalid: it is none, or one that Exchange cannot have.
    """
    kind = given.get("pattern", "")
    if kind not in PATTERNS:
        raise InputInvalid(field="Pattern", reason=f"{kind or 'it'} is none of {', '.join(PATTERNS)}")
    found: dict[str, Any] = {"interval": 1 if kind == "weekdays" else given.get("interval") or 0}
    if found["interval"] < 1:
        raise InputInvalid(field="Every", reason="it is no whole number from 1")
    unit = {"da": Unit.DAY, "we": Unit.WEEK, "mo": Unit.MONTH, "ye": Unit.YEAR}[kind[:2]]
    if unit is Unit.WEEK:
        found |= _of_weeks(kind, given)
    elif kind.endswith("-nth"):
        found |= {
            "nth": _word(NTH, given.get("nth", ""), "Which"),
            "weekdays": _counted(given.get("nth_of", "")),
        }
    elif unit is not Unit.DAY:
        found["day"] = given.get("day") or 0
        if not 1 <= found["day"] <= 31:
            raise InputInvalid(field="Day of the month", reason="it is not within 1 and 31")
    if unit is Unit.YEAR:
        found["month"] = _word(MONTH_WORDS, given.get("month", ""), "Month")
    found |= _end(given, first_day)
    try:
        recurrence = Recurrence(unit, first_day, **found)
        if recurrence.first() is None:
            raise InputInvalid(field="Last day", reason="the pattern has no day until then")
        words_of(recurrence)
    except ValueError as reason:
        field = "Every" if "interval" in str(reason) else "Pattern"
        raise InputInvalid(field=field, reason=str(reason)) from reason
    return recurrence


def entered(given: Recurrence) -> PatternEntries:
    """Return a pattern as it is entered."""
    nth = "" if given.nth is None else "-nth"
    kinds = {
        Unit.DAY: "daily",
        Unit.WEEK: "weekly",
        Unit.MONTH: f"monthly{nth}",
        Unit.YEAR: f"yearly{nth}",
    }
    found = PatternEntries(pattern=kinds[given.unit], interval=given.interval, end="never")
    if given.unit is Unit.WEEK:
        if given.weekdays == WORKDAYS and given.interval == 1:
            found["pattern"] = "weekdays"
        found["weekdays"] = [word for word, number in WEEKDAYS.items() if number in given.weekdays]
        found["week_start"] = DAYS[given.week_start].lower()
    if given.nth is not None:
        found["nth"] = next(word for word, number in NTH.items() if number == given.nth)
        found["nth_of"] = next(
            (word for word, days in NTH_OF.items() if days == given.weekdays),
            ",".join(word for word, number in WEEKDAYS.items() if number in given.weekdays),
        )
    if given.day is not None:
        found["day"] = given.day
    if given.month is not None:
        found["month"] = MONTHS[given.month - 1].lower()
    if given.count is not None:
        found |= PatternEntries(end="after", count=given.count)
    elif given.end is not None:
        found |= PatternEntries(end="on", until=given.end)
    return found


def _of_weeks(kind: str, given: PatternEntries) -> dict[str, Any]:
    if kind == "weekdays":
        return {"weekdays": WORKDAYS}
    days = frozenset(
        _word(WEEKDAYS, word, "Days of the week") for word in given.get("weekdays") or () if word.strip()
    )
    if not days:
        raise InputInvalid(field="Days of the week", reason="it names none; choose at least one")
    begins = given.get("week_start") or DAYS[SUNDAY]
    return {"weekdays": days, "week_start": _word(WEEKDAYS, begins, "First day of the week")}


def _counted(words: str) -> frozenset[int]:
    if words in NTH_OF:
        return NTH_OF[words]
    return frozenset(_word(WEEKDAYS, word, "Of these days") for word in words.split(","))


def _end(given: PatternEntries, first_day: date) -> dict[str, Any]:
    match given.get("end") or "never":
        case "never":
            return {}
        case "after":
            count = given.get("count") or 0
            if not 1 <= count <= MOST_OCCURRENCES:
                raise InputInvalid(
                    field="Number of occurrences", reason=f"it is not within 1 and {MOST_OCCURRENCES}"
                )
            return {"count": count}
        case "on":
            until = given.get("until")
            if until is None:
                raise InputInvalid(field="Last day", reason="it is empty")
            if until < first_day:
                raise InputInvalid(field="Last day", reason="it is before the first day")
            return {"end": until}
        case other:
            raise InputInvalid(field="Series ends", reason=f"{other} is none of {', '.join(ENDS)}")


def _word(words: Mapping[str, int], word: str, field: str) -> int:
    found = words.get(word.strip().lower())
    if found is None:
        raise InputInvalid(field=field, reason=f"{word.strip() or 'it'} is none of {', '.join(words)}")
    return found
