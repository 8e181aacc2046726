"""Appointments that people enter and change, with those who take part.

Times are moments; of whole days the dates count, by the clock of the zone in which they were entered. The organizer is the
owner unless somebody else has called the meeting.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypedDict

from django.db import transaction

from serversync.administration import activities, attendees, audit, entries, privileges, timezones
from serversync.core.errors import InputInvalid
from serversync.crm.models import Appointment, ServiceAppointment
from serversync.crm.privileges import Privilege

SHOW_AS: Final = {"free": (0, 1), "tentative": (0, 2), "busy": (3, 5), "out-of-office": (3, 6)}
"""State and status of each way to show in a calendar, by the word for it."""
LONGEST: Final = 400
_DAY: Final = timedelta(days=1)


class AppointmentEntries(TypedDict, total=False):
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
    required: Sequence[str]
    optional: Sequence[str]
    resources: Sequence[str]
    importance: str
    show_as: str
    zone: tzinfo


def add(given: AppointmentEntries, *, owner: str | None = None) -> Appointment:
    """Add an appointment; the next pass over its organizer's mailbox puts it into Exchange.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make appointments, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    for name, label in (("subject", "Subject"), ("start", "Start"), ("end", "End")):
        if name not in given:
            raise InputInvalid(field=label, reason="it is empty")
    row = Appointment(ownerid=user)
    with transaction.atomic():
        _fill(row, given)
        row.save()
        attendees.call(row, user)
        attendees.invite(row, _people(given))
        row.refresh_from_db()
        audit.created("appointment.add", row)
        attendees.note("appointment.attendees", row, {})
    return row


def edit(row: Appointment, given: AppointmentEntries) -> Appointment:
    """Change an appointment that is open; whoever stays invited keeps the answer.

    Raises:
        InputInvalid: a value cannot be used, or the appointment is over.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    with transaction.atomic():
        before = attendees.invited(row)
        with audit.changes("appointment.edit", [row]):
            _fill(row, given)
            row.save()
            attendees.invite(row, _people(given))
            row.refresh_from_db()
        attendees.note("appointment.attendees", row, before)
    return row


def entered(row: Appointment, zone: tzinfo | None = None) -> AppointmentEntries:
    """Return what an appointment has, as it is entered; of whole days the first and the last."""
    words = {status: word for word, (_, status) in SHOW_AS.items()}
    importance = {int(number): word for word, number in activities.IMPORTANCE.items()}
    start, end = row.scheduledstart, row.scheduledend
    if row.isalldayevent:
        where = zone or timezones.of_actor()
        start, end = (midnight(each, where) for each in days_of(row))
    invited = attendees.invited(row)
    return AppointmentEntries(
        subject=row.subject or "",
        location=row.location or "",
        description=row.description or "",
        start=start,
        end=end,
        is_all_day=row.isalldayevent,
        required=invited["required"],
        optional=invited["optional"],
        resources=invited["resources"],
        importance=importance[row.prioritycode],
        show_as=words.get(row.statuscode, "busy"),
    )


def days_of(row: Appointment | ServiceAppointment) -> tuple[date, date]:
    """Return the first and the last day of what lasts whole days."""
    first = row.scheduledstart.astimezone(UTC).date()
    return first, max(first, row.scheduledend.astimezone(UTC).date() - _DAY)


def _fill(row: Appointment, given: AppointmentEntries) -> None:
    if "subject" in given:
        row.subject = entries.text(given["subject"], "Subject", longest=LONGEST)
    if "location" in given:
        row.location = activities.text(given["location"], "Location", longest=LONGEST)
    if "description" in given:
        row.description = given["description"].strip() or None
    if "importance" in given:
        row.prioritycode = activities.importance(given["importance"])
    if "show_as" in given:
        if given["show_as"] not in SHOW_AS:
            raise InputInvalid(field="Show As", reason=f"{given['show_as']} is none of {', '.join(SHOW_AS)}")
        row.statecode, row.statuscode = SHOW_AS[given["show_as"]]
    if {"start", "end", "is_all_day"} & set(given):
        _fill_times(row, given)


def _fill_times(row: Appointment, given: AppointmentEntries) -> None:
    zone = given.get("zone") or timezones.of_actor()
    has = AppointmentEntries() if row._state.adding else entered(row, zone)  # noqa: SLF001 - the documented way
    start, end = given.get("start") or has.get("start"), given.get("end") or has.get("end")
    if start is None or end is None:
        raise InputInvalid(field="Start", reason="it is empty")
    if end < start:
        raise InputInvalid(field="End", reason="it is before the start")
    row.isalldayevent = given.get("is_all_day", row.isalldayevent)
    if row.isalldayevent:
        first, last = (each.astimezone(zone).date() for each in (start, end))
        start, end = midnight(first, UTC), midnight(last + _DAY, UTC)
    row.scheduledstart, row.scheduledend = start, end


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins in a zone."""
    return datetime.combine(day, time(), zone)


def _people(given: AppointmentEntries) -> attendees.Invited:
    return {name: given[name] for name in attendees.PARTS if name in given}  # type: ignore[literal-required]
