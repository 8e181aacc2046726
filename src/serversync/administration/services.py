"""Service activities that people enter and change, with the customers and the resources.

Everybody whose filters let one in has a copy of it in the calendar; nobody is invited. Times are as of an appointment.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, TypedDict

from django.db import transaction

from serversync.administration import activities, audit, entries, privileges, service_parties, timezones
from serversync.administration.appointments import days_of, midnight
from serversync.core.errors import InputInvalid
from serversync.crm.models import ServiceAppointment
from serversync.crm.models.serviceappointment import STATUSES_OF_STATE, ServiceState, ServiceStatus
from serversync.crm.privileges import Privilege

STATUSES: Final = {
    status.label.lower().replace(" ", "-"): (state, status)
    for state in (ServiceState.OPEN, ServiceState.SCHEDULED)
    for status in STATUSES_OF_STATE[state]
}
"""State and status of one that is not over, by the word for it."""
LONGEST: Final = 200
_DAY: Final = timedelta(days=1)


class ServiceEntries(TypedDict, total=False):
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
    customers: Sequence[str]
    resources: Sequence[str]
    importance: str
    status: str
    zone: tzinfo


def add(given: ServiceEntries, *, owner: str | None = None) -> ServiceAppointment:
    """Add a service activity; the next pass over each mailbox that it belongs into puts a copy there.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make any, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    for name, label in (("subject", "Subject"), ("start", "Start"), ("end", "End")):
        if name not in given:
            raise InputInvalid(field=label, reason="it is empty")
    row = ServiceAppointment(ownerid=user)
    with transaction.atomic():
        _fill(row, given)
        row.save()
        service_parties.write(row, _people(given))
        row.refresh_from_db()
        audit.created("service.add", row)
        service_parties.note(row, {})
    return row


def edit(row: ServiceAppointment, given: ServiceEntries) -> ServiceAppointment:
    """Change a service activity that is not over.

    Raises:
        InputInvalid: a value cannot be used, or it is over.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    with transaction.atomic():
        before = service_parties.addresses_of(row)
        with audit.changes("service.edit", [row]):
            _fill(row, given)
            row.save()
            service_parties.write(row, _people(given))
            row.refresh_from_db()
        service_parties.note(row, before)
    return row


def entered(row: ServiceAppointment, zone: tzinfo | None = None) -> ServiceEntries:
    """Return what one has, as it is entered; of whole days the first and the last."""
    words = {int(status): word for word, (_, status) in STATUSES.items()}
    importance = {int(number): word for word, number in activities.IMPORTANCE.items()}
    start, end = row.scheduledstart, row.scheduledend
    if row.isalldayevent:
        where = zone or timezones.of_actor()
        start, end = (midnight(each, where) for each in days_of(row))
    people = service_parties.addresses_of(row)
    return ServiceEntries(
        subject=row.subject or "",
        location=row.location or "",
        description=row.description or "",
        start=start,
        end=end,
        is_all_day=row.isalldayevent,
        customers=people["customers"],
        resources=people["resources"],
        importance=importance[row.prioritycode],
        status=words.get(row.statuscode, ServiceStatus.RESERVED.label.lower()),
    )


def _fill(row: ServiceAppointment, given: ServiceEntries) -> None:
    if "subject" in given:
        row.subject = entries.text(given["subject"], "Subject", longest=LONGEST)
    if "location" in given:
        row.location = activities.text(given["location"], "Location", longest=LONGEST)
    if "description" in given:
        row.description = given["description"].strip() or None
    if "importance" in given:
        row.prioritycode = activities.importance(given["importance"])
    if "status" in given:
        if given["status"] not in STATUSES:
            raise InputInvalid(field="Status", reason=f"{given['status']} is none of {', '.join(STATUSES)}")
        row.statecode, row.statuscode = STATUSES[given["status"]]
    if {"start", "end", "is_all_day"} & set(given):
        _fill_times(row, given)


def _fill_times(row: ServiceAppointment, given: ServiceEntries) -> None:
    zone = given.get("zone") or timezones.of_actor()
    has = ServiceEntries() if row._state.adding else entered(row, zone)  # noqa: SLF001 - the documented way
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


def _people(given: ServiceEntries) -> service_parties.People:
    return {name: given[name] for name in service_parties.PARTS if name in given}  # type: ignore[literal-required]
