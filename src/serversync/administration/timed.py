"""What people enter of anything that stands in a calendar: what it is called, where and when it is.

Times are moments; of whole days the dates count, by the clock of the zone in which they were entered.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypedDict

from serversync.administration import activities, entries, timezones
from serversync.core.errors import InputInvalid
from serversync.crm.models import Appointment, ServiceAppointment

Timed = Appointment | ServiceAppointment
_DAY: Final = timedelta(days=1)


class TimedEntries(TypedDict, total=False):
    """What is entered; what is missing stays.

    ``end`` of whole days is the last of them; ``zone`` is whose calendar says which days they are, that of who acts
    where it is missing.
    """

    subject: str
    location: str
    description: str
    start: datetime
    end: datetime
    is_all_day: bool
    importance: str
    zone: tzinfo


def require(given: TimedEntries) -> None:
    """Refuse a new one of which something is missing.

    Raises:
        InputInvalid: it has no subject, start or end.
    """
    for name, label in (("subject", "Subject"), ("start", "Start"), ("end", "End")):
        if name not in given:
            raise InputInvalid(field=label, reason="it is empty")


def fill(row: Timed, given: TimedEntries, *, longest: int) -> None:
    """Enter what was given.

    Args:
        row: Into which row.
        given: What was entered.
        longest: How long subject and location may be.

    Raises:
        InputInvalid: a value cannot be used.
    """
    if "subject" in given:
        row.subject = entries.text(given["subject"], "Subject", longest=longest)
    if "location" in given:
        row.location = activities.text(given["location"], "Location", longest=longest)
    if "description" in given:
        row.description = given["description"].strip() or None
    if "importance" in given:
        row.prioritycode = activities.importance(given["importance"])
    if {"start", "end", "is_all_day"} & set(given):
        _fill_times(row, given)


def entered(row: Timed, zone: tzinfo | None = None) -> TimedEntries:
    """Return what one has, as it is entered; of whole days the first and the last."""
    importance = {int(number): word for word, number in activities.IMPORTANCE.items()}
    start, end = row.scheduledstart, row.scheduledend
    if row.isalldayevent:
        where = zone or timezones.of_actor()
        start, end = (_midnight(each, where) for each in days_of(row))
    return TimedEntries(
        subject=row.subject or "",
        location=row.location or "",
        description=row.description or "",
        start=start,
        end=end,
        is_all_day=row.isalldayevent,
        importance=importance[row.prioritycode],
    )


def days_of(row: Timed) -> tuple[date, date]:
    """Return the first and the last day of what lasts whole days."""
    first = row.scheduledstart.astimezone(UTC).date()
    return first, max(first, row.scheduledend.astimezone(UTC).date() - _DAY)


def _fill_times(row: Timed, given: TimedEntries) -> None:
    zone = given.get("zone") or timezones.of_actor()
    has = TimedEntries() if row._state.adding else entered(row, zone)  # noqa: SLF001 - the documented way
    start, end = given.get("start") or has.get("start"), given.get("end") or has.get("end")
    if start is None or end is None:
        raise InputInvalid(field="Start", reason="it is empty")
    start, end = entries.on_a_calendar(start, "Start"), entries.on_a_calendar(end, "End")
    if end < start:
        raise InputInvalid(field="End", reason="it is before the start")
    row.isalldayevent = given.get("is_all_day", row.isalldayevent)
    if row.isalldayevent:
        first, last = (each.astimezone(zone).date() for each in (start, end))
        start, end = _midnight(first, UTC), _midnight(last + _DAY, UTC)
    row.scheduledstart, row.scheduledend = start, end


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins in a zone."""
    return datetime.combine(day, time(), zone)
