"""What people see of a series: its pattern in words, and its next occurrences, changed ones as they are."""

from datetime import UTC, datetime, time
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
    elif given.weekdays:
        words += f" on {days}"
    if given.unit is Unit.YEAR and given.month is not None:
        words += f" of {MONTHS[given.month - 1]}"
    words += f", from {given.start}"
    if given.count is not None:
        return f"{words}, {given.count} times"
    return f"{words} to {given.end}" if given.end is not None else words


def upcoming(row: RecurringAppointmentMaster, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the next occurrences from now on in order: when each is, and whether it was changed; deleted ones are left out."""
    try:
        _, times = times_between(row.starttime, row.endtime, row.timezone, is_all_day=row.isalldayevent)
        timetable = Timetable(recurrence_of_columns(vars(row)), times)
    except ValueError:
        return []
    since = now or clock.now()
    deleted = {day.strip() for day in (row.deletedexceptionslist or "").split(",")}
    changed = {
        timetable.day_of(one.originalstartdate): one
        for one in Appointment.objects.filter(
            seriesid=row.pk, instancetypecode=InstanceTypeCode.RECURRING_EXCEPTION
        )
        if one.originalstartdate is not None
    }
    days = (
        day for day in timetable.between(since, _END) if day.isoformat() not in deleted and day not in changed
    )
    plain: list[dict[str, Any]] = [
        {"start": timetable.start(day), "end": timetable.end(day), "subject": row.subject, "changed": False}
        for day in islice(days, SHOWN)
    ]
    own: list[dict[str, Any]] = [
        {
            "start": one.scheduledstart,
            "end": one.scheduledend,
            "subject": one.subject or row.subject,
            "changed": True,
        }
        for day, one in changed.items()
        if one.scheduledend > since and day.isoformat() not in deleted
    ]
    return sorted([*plain, *own], key=lambda one: one["start"])[:SHOWN]
