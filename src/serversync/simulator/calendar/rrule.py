"""Patterns of recurrence as iCalendar says them (RFC 5545, 3.3.10), both ways."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from serversync.simulator.calendar.recurrence import DAYS, INDEXES, Recurrence

CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_GROUPS = {
    "Day": "MO,TU,WE,TH,FR,SA,SU",
    "Weekday": "MO,TU,WE,TH,FR",
    "WeekendDay": "SA,SU",
}
_BY_GROUP = {frozenset(codes.split(",")): name for name, codes in _GROUPS.items()}
_FREQUENCIES = {"Daily": "DAILY", "Weekly": "WEEKLY", "Monthly": "MONTHLY", "Yearly": "YEARLY"}


def _codes(weekdays: Iterable[str]) -> str:
    return ",".join(_GROUPS.get(name) or CODES[DAYS.index(name)] for name in weekdays)


def _relative(found: Recurrence) -> list[str]:
    index = INDEXES[found.index]
    if len(found.weekdays) == 1 and found.weekdays[0] in DAYS:
        return [f"BYDAY={index}{_codes(found.weekdays)}"]
    return [f"BYDAY={_codes(found.weekdays)}", f"BYSETPOS={index}"]


def _absolute(day: int) -> list[str]:
    if day <= 28:
        return [f"BYMONTHDAY={day}"]
    return [f"BYMONTHDAY={','.join(str(one) for one in range(28, day + 1))}", "BYSETPOS=-1"]


def write_rrule(found: Recurrence, until: str) -> str:
    """Return the value of ``RRULE``.

    Args:
        found: The pattern and range.
        until: When the last occurrence starts, as ``UNTIL`` says it; used where the range ends by date.
    """
    name = found.pattern
    frequency = next(word for prefix, word in _FREQUENCIES.items() if prefix in name)
    parts = [f"FREQ={frequency}"]
    if found.number is not None:
        parts.append(f"COUNT={found.number}")
    elif found.end is not None:
        parts.append(f"UNTIL={until}")
    if found.interval != 1:
        parts.append(f"INTERVAL={found.interval}")
    if name == "WeeklyRecurrence":
        parts += [f"BYDAY={_codes(found.weekdays)}", f"WKST={CODES[DAYS.index(found.first_day)]}"]
    if name.endswith("YearlyRecurrence"):
        parts.append(f"BYMONTH={found.month}")
    if name.startswith("Relative"):
        parts += _relative(found)
    elif name.startswith("Absolute"):
        parts += _absolute(found.day)
    return ";".join(parts)


def _first(rule: Mapping[str, Any], name: str) -> Any:
    found = rule.get(name)
    return found[0] if isinstance(found, list) and found else found


def _weekdays(codes: list[str], start: date) -> tuple[tuple[str, ...], int | None]:
    """Return the names of days and the number before the first of them."""
    if not codes:
        return (DAYS[start.weekday()],), None
    plain = [code[-2:].upper() for code in codes]
    number = codes[0][:-2]
    group = _BY_GROUP.get(frozenset(plain))
    names = (group,) if group and len(plain) > 1 else tuple(DAYS[CODES.index(code)] for code in plain)
    return names, int(number) if number else None


def _index(number: int | None, start: date) -> str:
    number = (start.day - 1) // 7 + 1 if number is None else number
    return next((name for name, value in INDEXES.items() if value == number), "Last")


def read_rrule(rule: Mapping[str, Any], start: date, last: date | None) -> Recurrence:
    """Return the pattern of an ``RRULE``, as far as Exchange has one like it.

    Args:
        rule: Its parts, as the icalendar library reads them.
        start: Day of the first occurrence.
        last: The day of ``UNTIL`` in the zone of the series; ``None`` without one.

    Raises:
        ValueError: Exchange has no such pattern.
    """
    frequency = str(_first(rule, "FREQ"))
    interval = int(_first(rule, "INTERVAL") or 1)
    count = _first(rule, "COUNT")
    found = Recurrence(
        "DailyRecurrence", start, interval, end=last, number=None if count is None else int(count)
    )
    codes = [str(code) for code in rule.get("BYDAY") or []]
    days = [int(day) for day in rule.get("BYMONTHDAY") or []]
    position = _first(rule, "BYSETPOS")
    if frequency == "DAILY":
        return (
            found if not codes else replace(found, pattern="WeeklyRecurrence", weekdays=_each(codes, start))
        )
    if frequency == "WEEKLY":
        week = str(_first(rule, "WKST") or "MO")
        first_day = DAYS[CODES.index(week)] if week in CODES else "Sunday"
        return replace(found, pattern="WeeklyRecurrence", weekdays=_each(codes, start), first_day=first_day)
    month = int(_first(rule, "BYMONTH") or start.month)
    kind = {"MONTHLY": "Monthly", "YEARLY": "Yearly"}.get(frequency)
    if kind is None:
        raise ValueError(frequency)
    if codes:
        names, number = _weekdays(codes, start)
        wanted = int(position) if position is not None else number
        pattern, index = f"Relative{kind}Recurrence", _index(wanted, start)
        return replace(found, pattern=pattern, weekdays=names, index=index, month=month)
    day = (31 if -1 in days else max(days)) if days else start.day
    return replace(found, pattern=f"Absolute{kind}Recurrence", day=day, month=month)


def _each(codes: list[str], start: date) -> tuple[str, ...]:
    return tuple(DAYS[CODES.index(code[-2:].upper())] for code in codes) or (DAYS[start.weekday()],)


def until_day(rule: Mapping[str, Any], start: datetime | date) -> date | None:
    """Return the day of ``UNTIL`` on the clock of the series; ``None`` without one."""
    found = _first(rule, "UNTIL")
    if isinstance(found, datetime):
        is_aware = found.tzinfo is not None and isinstance(start, datetime) and start.tzinfo is not None
        return (found.astimezone(start.tzinfo) if is_aware and isinstance(start, datetime) else found).date()
    return found if isinstance(found, date) else None
