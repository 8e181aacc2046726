"""Service activities that people enter and change, with the customers and the resources.

Everybody whose filters let one in has a copy of it in the calendar; nobody is invited. Times are as of an appointment.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from django.db import transaction

from serversync.administration import activities, audit, privileges, service_parties, timed
from serversync.administration.timed import TimedEntries
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


class ServiceEntries(TimedEntries, total=False):
    """What is entered; what is missing stays."""

    customers: Sequence[str]
    resources: Sequence[str]
    status: str


def add(given: ServiceEntries, *, owner: str | None = None) -> ServiceAppointment:
    """Add a service activity; the next pass over each mailbox that it belongs into puts a copy there.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make any, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    timed.require(given)
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
    people = service_parties.addresses_of(row)
    return ServiceEntries(
        **timed.entered(row, zone),
        customers=people["customers"],
        resources=people["resources"],
        status=words.get(row.statuscode, ServiceStatus.RESERVED.label.lower()),
    )


def _fill(row: ServiceAppointment, given: ServiceEntries) -> None:
    timed.fill(row, given, longest=LONGEST)
    if "status" in given:
        if given["status"] not in STATUSES:
            raise InputInvalid(field="Status", reason=f"{given['status']} is none of {', '.join(STATUSES)}")
        row.statecode, row.statuscode = STATUSES[given["status"]]


def _people(given: ServiceEntries) -> service_parties.People:
    return {name: given[name] for name in service_parties.PARTS if name in given}  # type: ignore[literal-required]
