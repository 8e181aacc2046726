"""Appointments that people enter and change, with those who take part.

The organizer is the owner unless somebody else has called the meeting.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from django.db import transaction

from serversync.administration import activities, attendees, audit, privileges, timed
from serversync.administration.timed import TimedEntries
from serversync.core.errors import InputInvalid
from serversync.crm.models import Appointment
from serversync.crm.privileges import Privilege

SHOW_AS: Final = {"free": (0, 1), "tentative": (0, 2), "busy": (3, 5), "out-of-office": (3, 6)}
"""State and status of each way to show in a calendar, by the word for it."""
LONGEST: Final = 400


class AppointmentEntries(TimedEntries, total=False):
    """What is entered; what is missing stays."""

    required: Sequence[str]
    optional: Sequence[str]
    resources: Sequence[str]
    show_as: str


def add(given: AppointmentEntries, *, owner: str | None = None) -> Appointment:
    """Add an appointment; the next pass over its organizer's mailbox puts it into Exchange.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make appointments, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    timed.require(given)
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
    invited = attendees.invited(row)
    return AppointmentEntries(
        **timed.entered(row, zone),
        required=invited["required"],
        optional=invited["optional"],
        resources=invited["resources"],
        show_as=words.get(row.statuscode, "busy"),
    )


def _fill(row: Appointment, given: AppointmentEntries) -> None:
    timed.fill(row, given, longest=LONGEST)
    if "show_as" in given:
        if given["show_as"] not in SHOW_AS:
            raise InputInvalid(field="Show As", reason=f"{given['show_as']} is none of {', '.join(SHOW_AS)}")
        row.statecode, row.statuscode = SHOW_AS[given["show_as"]]


def _people(given: AppointmentEntries) -> attendees.Invited:
    return {name: given[name] for name in attendees.PARTS if name in given}  # type: ignore[literal-required]
