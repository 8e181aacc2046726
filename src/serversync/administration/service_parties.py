"""Customers and resources of a service activity, as people enter and see them; nobody of them is invited."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import Model

from serversync.administration import addresses, audit
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
    parties = sorted(
        _parties(row), key=lambda one: (masks.index(one.participationtypemask), one.addressused or "")
    )
    names = _names(parties)
    return [
        Participant(
            part=one.get_participationtypemask_display(),
            name=names.get(one.partyid, "") or one.unresolvedpartyname or "",
            address=one.addressused or "",
            is_known=one.partyid is not None,
            answer="",
        )
        for one in parties
    ]


def addresses_of(row: ServiceAppointment) -> dict[str, list[str]]:
    """Return the addresses of those who take part, by part."""
    words = {int(mask): name for name, mask in PARTS.items()}
    found: dict[str, list[str]] = {name: [] for name in PARTS}
    for one in sorted(_parties(row), key=lambda one: one.addressused or ""):
        if one.addressused:
            name = one.unresolvedpartyname or "" if one.partyid is None else ""
            found[words[one.participationtypemask]].append(addresses.written(name, one.addressused))
    return found


def write(row: ServiceAppointment, given: People) -> None:
    """Make those who take part the ones that were entered; parts that are not given stay, and so does who is named again."""
    for name, mask in PARTS.items():
        if name not in given:
            continue
        wanted = {address.lower(): shown for shown, address in map(addresses.parse, given[name])}
        kept = set()
        for party in ActivityParty.objects.filter(activityid=row.pk, participationtypemask=mask):
            address = (party.addressused or "").lower()
            if address in wanted:
                kept.add(address)
            else:
                party.delete()
        known = addresses.resolve(wanted.keys() - kept)
        ActivityParty.objects.bulk_create(
            ActivityParty(
                activityid_id=row.pk,
                participationtypemask=mask,
                addressused=address,
                partyid=known[address].recordid if address in known else None,
                partyobjecttypecode=known[address].table if address in known else None,
                unresolvedpartyname=None if address in known else shown[:200] or None,
            )
            for address, shown in sorted(wanted.items())
            if address not in kept
        )


def note(row: ServiceAppointment, before: People) -> None:
    """Write down who takes part now and did not, and the other way round."""
    audit.changed("service.parties", row, before, addresses_of(row))


def _parties(row: ServiceAppointment) -> list[ActivityParty]:
    return list(
        ActivityParty.objects.filter(activityid=row.pk, participationtypemask__in=list(PARTS.values()))
    )


def _names(parties: Sequence[ActivityParty]) -> dict[object, str]:
    found: dict[object, str] = {}
    for table, (model, column) in _NAMED.items():
        keys = [one.partyid for one in parties if one.partyobjecttypecode == table]
        if keys:
            rows = model._default_manager.filter(pk__in=keys)  # noqa: SLF001 - the documented way
            found |= {key: name or "" for key, name in rows.values_list("pk", column)}
    return found
