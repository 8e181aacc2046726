"""What people see of a series: its pattern in words, and its next occurrences, changed ones as they are."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from serversync.core import clock
from serversync.crm.models import Appointment, RecurringAppointmentMaster
from serversync.crm.models.activityparty import InstanceTypeCode
from serversync.mapping.series import DAYS, MONTHS, recurrence_of_columns
from serversync.rules.series.recurrence import EVERY_DAY, LAST, LAST_DATE, WEEKEND, WORKDAYS, Recurrence, Unit
from serversync.rules.series.timetable import Timetable, times_between

SHOWN: Final = 10
"""So many occurrences are shown."""
_END: Final = datetime.combine(LAST_DATE, time(), UTC)
_UNITS: Final = {Unit.DAY: "day", Unit.WEEK: "week", Unit.MONTH: "month", Unit.YEAR: "year"}
_ORDINALS: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", LAST: "last"}
_SETS: Final = {EVERY_DAY: "day", WORKDAYS: "weekday", WEEKEND: "weekend day"}


def pattern(row: RecurringAppointmentMaster) -> str:
    """Return on which days a series is, in words; why not, where its columns say no pattern."""
    try:
        return described(recurrence_of_columns(vars(row)))
    except ValueError as reason:
        return f"no pattern: {reason}"


def sentence(row: RecurringAppointmentMaster) -> str:
    """Return in a sentence on which days a series is, when, and by whose clock."""
    try:
        found = _timetable(row)
    except ValueError as reason:
        return f"It has no pattern: {reason}."
    days = described(found.recurrence)
    return f"{days[:1].upper()}{days[1:]}; {_hours(found)}, by the clock of {found.times.zone}."


def _hours(given: Timetable) -> str:
    day, times = given.recurrence.start, given.times
    end = datetime.combine(day, times.begins) + times.lasts
    later = (end.date() - day).days
    if times.is_all_day:
        return "the whole day" if later == 1 else f"{later} whole days"
    words = {0: "", 1: " of the next day"}.get(later, f", {later} days later")
    return f"from {times.begins:%H:%M} to {end:%H:%M}{words}"


def described(given: Recurrence) -> str:
    """Return a pattern in words.

    >>> from datetime import date
    >>> described(Recurrence(Unit.WEEK, date(2026, 1, 5), 2, frozenset({0, 2}), count=10))
    'every 2 weeks on Monday, Wednesday, from 2026-01-05, 10 times'
    """
    unit = _UNITS[given.unit]
    words = f"every {unit}" if given.interval == 1 else f"every {given.interval} {unit}s"
    days = _SETS.get(given.weekdays) or ", ".join(DAYS[day] for day in sorted(given.weekdays))
    if given.nth is not None:
        words += f" on the {_ORDINALS[given.nth]} {days}"
    elif given.day is not None:
        words += f" on day {given.day}"
    elif given.weekdays == WORKDAYS and given.interval == 1:
        words = "every weekday"
    elif given.weekdays:
        words += f" on {f'{days}s' if given.weekdays in _SETS else days}"
    if given.unit is Unit.YEAR and given.month is not None:
        words += f" of {MONTHS[given.month - 1]}"
    words += f", from {given.start}"
    if given.count is not None:
        return f"{words}, {given.count} times"
    return f"{words} to {given.end}" if given.end is not None else words


def timetable(row: RecurringAppointmentMaster) -> Timetable | None:
    """Return when the occurrences of a series are; ``None`` where its columns say no pattern."""
    try:
        return _timetable(row)
    except ValueError:
        return None


def _timetable(row: RecurringAppointmentMaster) -> Timetable:
    _, times = times_between(row.starttime, row.endtime, row.timezone, is_all_day=row.isalldayevent)
    return Timetable(recurrence_of_columns(vars(row)), times)


def cancelled_days(row: RecurringAppointmentMaster) -> set[date]:
    """Return the days of occurrences that were cancelled."""
    found = set()
    for text in (row.deletedexceptionslist or "").split(","):
        with suppress(ValueError):  # nothing, or what another program has written there
            found.add(date.fromisoformat(text.strip()))
    return found


def as_list(days: Iterable[date]) -> str | None:
    """Return days as ``deletedexceptionslist`` holds them."""
    return ",".join(day.isoformat() for day in sorted(set(days))) or None


def changed(row: RecurringAppointmentMaster, given: Timetable) -> dict[date, Appointment]:
    """Return the rows of changed occurrences by their days."""
    rows = Appointment.objects.filter(
        seriesid=row.pk, instancetypecode=InstanceTypeCode.RECURRING_EXCEPTION
    ).order_by("pk")
    return {given.day_of(one.originalstartdate): one for one in rows if one.originalstartdate is not None}


def is_moved(one: Appointment, given: Timetable, day: date) -> bool:
    """Tell whether a changed occurrence has times of its own; who was never moved goes with the series."""
    if one.scheduledstart == one.originalstartdate != given.start(day):
        return False
    return (one.scheduledstart, one.scheduledend) != (given.start(day), given.end(day))


def has_own(one: Appointment, given: Timetable, day: date) -> bool:
    """Tell whether an occurrence is in anything not as its series; there may be a row for its answers alone."""
    texts = (one.modifiedfieldsmask, one.subject, one.location, one.description)
    return any(texts) or one.isalldayevent != given.times.is_all_day or is_moved(one, given, day)


def _whole_days(given: Timetable, start: datetime, end: datetime, *, is_all_day: bool) -> dict[str, Any]:
    """Return the first and the last day of what lasts whole days, by the calendar of its series."""
    if not is_all_day:
        return {"all_day": False}
    zone = given.times.tzinfo
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date() - timedelta(1)
    return {"all_day": True, "first": first, "last": max(first, last)}


def upcoming(
    row: RecurringAppointmentMaster, *, now: datetime | None = None, with_cancelled: bool = False
) -> list[dict[str, Any]]:
    """Return the next occurrences from now on in order: when each is, and whether it was changed, or cancelled.

    Args:
        row: The series.
        now: From when on; otherwise from this moment.
        with_cancelled: Whether those are among them that were cancelled.
    """
    pattern_ = timetable(row)
    if pattern_ is None:
        return []
    since = now or clock.now()
    cancelled, own = cancelled_days(row), changed(row, pattern_)

    def shown(day: date, start: datetime, end: datetime, one: Appointment | None) -> dict[str, Any]:
        return {
            "day": day,
            "start": start,
            "end": end,
            "subject": (one.subject if one else None) or row.subject,
            "changed": one is not None and has_own(one, pattern_, day),
            "cancelled": day in cancelled,
            **_whole_days(pattern_, start, end, is_all_day=(one or row).isalldayevent),
        }

    days = (
        day
        for day in pattern_.between(since, _END)
        if (with_cancelled or day not in cancelled) and (day in cancelled or day not in own)
    )
    found = [shown(day, pattern_.start(day), pattern_.end(day), None) for day in islice(days, SHOWN)]
    for day, one in own.items():
        if day in cancelled or not pattern_.recurrence.falls_on(day):
            continue
        if is_moved(one, pattern_, day):
            start, end = one.scheduledstart, one.scheduledend
        else:
            start, end = pattern_.start(day), pattern_.end(day)
        if end > since:
            found.append(shown(day, start, end, one))
    return sorted(found, key=lambda one: one["start"])[:SHOWN]
