"""Customers and resources of a service activity, as people enter and see them; nobody of them is invited."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import Model

from serversync.administration import addresses, audit, parties
from serversync.administration.attendees import Participant
from serversync.crm.models import Account, ActivityParty, Contact, Lead, Queue, ServiceAppointment, SystemUser
from serversync.crm.models.activityparty import ParticipationTypeMask

People = Mapping[str, Sequence[str]]
"""Addresses by part."""
PARTS: Final = {
    "customers": ParticipationTypeMask.CUSTOMER,
    "resources": ParticipationTypeMask.RESOURCE,
}
"""The parts that are entered."""
_NAMED: Final[Mapping[str, tuple[type[Model], str]]] = {
    "systemuser": (SystemUser, "fullname"),
    "contact": (Contact, "fullname"),
    "account": (Account, "name"),
    "lead": (Lead, "fullname"),
    "queue": (Queue, "name"),
}


def participants(row: ServiceAppointment) -> list[Participant]:
    """Return the customers, then the resources; nobody of them has answered anything."""
    masks = list(map(int, PARTS.values()))
    found = sorted(
        ActivityParty.objects.filter(activityid=row.pk, participationtypemask__in=masks),
        key=lambda one: (masks.index(one.participationtypemask), one.addressused or ""),
    )
    names = _names(found)
    return [
        Participant(
            part=one.get_participationtypemask_display(),
            name=names.get(one.partyid, "") or one.unresolvedpartyname or "",
            address=one.addressused or "",
            is_known=one.partyid is not None,
            answer="",
        )
        for one in found
    ]


def addresses_of(row: ServiceAppointment) -> dict[str, list[str]]:
    """Return the addresses of those who take part, by part."""
    return parties.listed(row.pk, PARTS)


def write(row: ServiceAppointment, given: People) -> None:
    """Make those who take part the ones that were entered; parts that are not given stay, and so does who is named again."""
    for name, mask in PARTS.items():
        if name in given:
            wanted = {address.lower(): shown for shown, address in map(addresses.parse, given[name])}
            parties.replace(row.pk, mask, wanted)


def note(row: ServiceAppointment, before: People) -> None:
    """Write down who takes part now and did not, and the other way round."""
    audit.changed("service.parties", row, before, addresses_of(row))


def _names(those: Sequence[ActivityParty]) -> dict[object, str]:
    found: dict[object, str] = {}
    for table, (model, column) in _NAMED.items():
        keys = [one.partyid for one in those if one.partyobjecttypecode == table]
        if keys:
            rows = model._default_manager.filter(pk__in=keys)  # noqa: SLF001 - the documented way
            found |= {key: name or "" for key, name in rows.values_list("pk", column)}
    return found
