"""Who takes part in an appointment or a series, as people enter and see it.

Whoever stays invited keeps the answer; nobody who stays is touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypedDict
from uuid import UUID

from serversync.administration import addresses, audit, parties
from serversync.crm.models import ActivityParty, Appointment, RecurringAppointmentMaster, SystemUser
from serversync.crm.models.activityparty import ParticipationTypeMask, ResponseStatus

Meeting = Appointment | RecurringAppointmentMaster
Invited = Mapping[str, Sequence[str]]
"""The addresses of those who are invited, by part."""
PARTS: Final = {
    "required": ParticipationTypeMask.REQUIRED_ATTENDEE,
    "optional": ParticipationTypeMask.OPTIONAL_ATTENDEE,
    "resources": ParticipationTypeMask.RESOURCE,
}
"""The parts that are entered."""


class Participant(TypedDict):
    """Somebody who takes part, as a page shows it."""

    part: str
    name: str
    address: str
    is_known: bool
    answer: str


def call(row: Meeting, organizer: SystemUser) -> None:
    """Make somebody the organizer of a new one."""
    ActivityParty.objects.create(
        activityid_id=row.pk,
        participationtypemask=ParticipationTypeMask.ORGANIZER,
        partyid=organizer.pk,
        partyobjecttypecode="systemuser",
        addressused=organizer.internalemailaddress,
    )


def participants(row: Meeting) -> list[Participant]:
    """Return who takes part, the organizer first, with what each has answered."""
    masks = [7, 5, 6, 10]
    found = ActivityParty.objects.filter(activityid=row.pk, participationtypemask__in=masks)
    users = names_of_users(one.partyid for one in found)
    return [
        Participant(
            part=one.get_participationtypemask_display(),
            name=(users.get(one.partyid, "") if one.partyid else "") or one.unresolvedpartyname or "",
            address=one.addressused or "",
            is_known=one.partyid is not None,
            answer=ResponseStatus(one.responsestatus).label if one.responsestatus else "",
        )
        for one in sorted(
            found, key=lambda one: (masks.index(one.participationtypemask), one.addressused or "")
        )
    ]


def names_of_users(keys: Iterable[UUID | str | None]) -> dict[UUID | str, str]:
    """Return the full names of those of these records that are users."""
    wanted = [key for key in keys if key]
    found = SystemUser.objects.filter(pk__in=wanted).values_list("pk", "fullname")
    return {key: name or "" for key, name in found}


def caller(row: Meeting) -> str | None:
    """Return the organizer's address where that is no user: such a meeting is changed by its organizer only."""
    organizer = ActivityParty.objects.filter(
        activityid=row.pk, participationtypemask=ParticipationTypeMask.ORGANIZER
    ).first()
    if organizer is None or organizer.partyobjecttypecode == "systemuser":
        return None
    return organizer.addressused or organizer.unresolvedpartyname


def invited(row: Meeting) -> dict[str, list[str]]:
    """Return the addresses of those who are invited, by part."""
    return parties.listed(row.pk, PARTS)


def invite(row: Meeting, given: Invited) -> None:
    """Make those who are invited the ones that were entered; nobody who stays is touched."""
    organizer = {
        (one or "").lower()
        for one in ActivityParty.objects.filter(
            activityid=row.pk, participationtypemask=ParticipationTypeMask.ORGANIZER
        ).values_list("addressused", flat=True)
    }
    seen: set[str] = set(organizer)
    for name, mask in PARTS.items():
        if name not in given:
            continue
        wanted: dict[str, str] = {}
        for one in given[name]:
            shown, address = addresses.parse(one)
            if address.lower() not in seen:
                seen.add(address.lower())
                wanted[address.lower()] = shown
        parties.replace(row.pk, mask, wanted, ResponseStatus.NO_RESPONSE_RECEIVED)


def note(act: str, row: Meeting, before: Invited) -> None:
    """Write down who is invited now and was not, and the other way round."""
    audit.changed(act, row, before, invited(row))
