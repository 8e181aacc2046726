"""Who takes part in a single occurrence of a series, as people enter and see it, with what was answered to it.

The people of an occurrence are those of its series, unless its row has a list of its own. A part that is entered as it is in
the series follows the series again; whoever stays keeps what was answered to this occurrence.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from serversync.adapters.act_meetings import ADDRESS
from serversync.adapters.act_occurrence_parties import own_people
from serversync.administration import addresses, parties
from serversync.administration.attendees import Invited, Participant, names_of_users
from serversync.crm.models import ActivityParty, Appointment, RecurringAppointmentMaster
from serversync.crm.models.activityparty import ParticipationTypeMask, ResponseStatus
from serversync.mapping.appointment import MASKS, people, people_of
from serversync.rules.record import Value

_COLUMNS: Final = {
    "required": "requiredattendees",
    "optional": "optionalattendees",
    "resources": "resources",
}
"""The column of each part that is entered."""
_ORGANIZER: Final = int(ParticipationTypeMask.ORGANIZER)
_ANSWERS: Final = frozenset({ResponseStatus.TENTATIVE, ResponseStatus.ACCEPT, ResponseStatus.DECLINE})
_PARTIES: Final = f"""
    select p.activityid, p.activitypartyid, p.participationtypemask, {ADDRESS}, p.unresolvedpartyname, p.partyid,
        p.responsestatus
    from activityparty p where p.activityid = any(%s) and p.participationtypemask in (5, 6, 7, 10)
    order by 4, 3
"""  # noqa: S608 - put together from constants
Wanted = Mapping[str, Mapping[str, str]]
"""The lists that are an occurrence's own, by column: the name of each address as it was entered."""


class _Party(NamedTuple):
    activityid: UUID
    key: UUID
    mask: int
    address: str
    name: str | None
    partyid: UUID | None
    answer: int | None


class Guests(NamedTuple):
    """Who takes part in an occurrence.

    Attributes:
        lists: The addresses of those who are invited, by part; each with its name where it is nobody's in the CRM.
        own: The columns whose list is not that of the series.
        participants: Everybody, the organizer first, with the answer to this occurrence.
    """

    lists: dict[str, list[str]]
    own: frozenset[str]
    participants: list[Participant]


def find(series: RecurringAppointmentMaster, row: Appointment | None) -> Guests:
    """Return who takes part in an occurrence, given the row of what it has of its own."""
    of_series, of_row = _parties(series, row)
    lists, own = _lists(of_series, of_row, row)
    single, whole = _by_address(of_row), _by_address(of_series)
    users = names_of_users(one.partyid for one in (*of_series, *of_row))
    shown = [_shown(one, one.mask, users, None) for one in of_series if one.mask == _ORGANIZER]
    entered: dict[str, list[str]] = {}
    for part, column in _COLUMNS.items():
        here = entered.setdefault(part, [])
        for address in lists[column]:
            one = single.get(address) or whole[address]
            here.append(addresses.written(one.name or "" if one.partyid is None else "", address))
            shown.append(_shown(one, MASKS[column], users, _answer(single.get(address), whole.get(address))))
    return Guests(entered, frozenset(own), shown)


def wanted(series: RecurringAppointmentMaster, row: Appointment | None, given: Invited) -> Wanted:
    """Return the lists that are the occurrence's own when these were entered; what is missing stays.

    Raises:
        InputInvalid: somebody's address is none.
    """
    of_series, of_row = _parties(series, row)
    now, _ = _lists(of_series, of_row, row)
    seen = {one.address for one in of_series if one.mask == _ORGANIZER}
    found: dict[str, dict[str, str]] = {}
    # Who was entered in one part leaves the others, so that nobody is invited twice.
    for part, column in sorted(_COLUMNS.items(), key=lambda each: each[0] not in given):
        entered = map(addresses.parse, given[part]) if part in given else (("", one) for one in now[column])
        here: dict[str, str] = {}
        for name, address in entered:
            if address.lower() not in seen:
                seen.add(address.lower())
                here[address.lower()] = name
        if set(here) != {one.address for one in of_series if one.mask == MASKS[column]}:
            found[column] = here
    return found


def write(series: RecurringAppointmentMaster, row: Appointment, lists: Wanted) -> None:
    """Make these lists the own ones of an occurrence; of the others stays who has answered it otherwise than the series."""
    of_series, of_row = _parties(series, row)
    whole = {(one.mask, one.address) for one in of_series}
    invited = {one.address for one in of_series if one.mask != _ORGANIZER}
    gone: list[UUID] = []
    joins: list[tuple[int, str, str]] = []
    for column in _COLUMNS.values():
        mask = MASKS[column]
        there = {one.address: one for one in of_row if one.mask == mask}
        if column in lists:
            gone += [one.key for address, one in there.items() if address not in lists[column]]
            joins += [(mask, one, name) for one, name in lists[column].items() if one not in there]
        else:
            gone += [
                one.key
                for one in there.values()
                if (mask, one.address) not in whole or one.answer not in _ANSWERS
            ]
    ActivityParty.objects.filter(pk__in=gone).delete()
    known = addresses.resolve([address for _, address, _ in joins])
    names = {one.address: one.name for one in (*of_series, *of_row) if one.name}
    ActivityParty.objects.bulk_create(
        parties.make(
            row.pk,
            mask,
            address,
            name or names.get(address) or "",
            known,
            # Who is invited to the series as well answers this occurrence with it, until it is answered otherwise.
            None if address in invited else ResponseStatus.NO_RESPONSE_RECEIVED,
        )
        for mask, address, name in joins
    )


def has_parties(row: Appointment) -> bool:
    """Tell whether somebody stands in an occurrence: a guest of it alone, or who has answered it."""
    return ActivityParty.objects.filter(activityid=row.pk).exists()


def named(row: Appointment | None) -> set[str]:
    """Return the columns of people that an occurrence says it has of its own."""
    mask = (row.modifiedfieldsmask or "") if row is not None else ""
    return {name.strip() for name in mask.split(",")}.intersection(_COLUMNS.values())


def _lists(
    of_series: Iterable[_Party], of_row: Iterable[_Party], row: Appointment | None
) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """Return who is invited to an occurrence, by column, and the columns that are not as in its series."""
    whole: dict[str, Value] = {
        column: people(one.address for one in of_series if one.mask == MASKS[column])
        for column in _COLUMNS.values()
    }
    own = own_people([(one.mask, one.address, one.answer) for one in of_row], named(row), whole)
    return {column: people_of(own.get(column, value)) for column, value in whole.items()}, set(own)


def _parties(
    series: RecurringAppointmentMaster, row: Appointment | None
) -> tuple[list[_Party], list[_Party]]:
    """Return who stands in a series, and in the row of its occurrence; who has no address is nobody's guest."""
    keys = [series.pk] if row is None else [series.pk, row.pk]
    with connection.cursor() as cursor:
        cursor.execute(_PARTIES, [keys])
        found = [_Party(*one) for one in cursor.fetchall() if one[3]]
    return [one for one in found if one.activityid == series.pk], [
        one for one in found if one.activityid != series.pk
    ]


def _by_address(those: Iterable[_Party]) -> dict[str, _Party]:
    return {one.address: one for one in those if one.mask != _ORGANIZER}


def _answer(single: _Party | None, whole: _Party | None) -> int | None:
    """Return what somebody has answered to an occurrence: to it alone, or else to its series."""
    if single is not None and single.answer is not None:
        return single.answer
    return whole.answer if whole is not None else None


def _shown(one: _Party, mask: int, users: Mapping[UUID | str, str], answer: int | None) -> Participant:
    name = (users.get(one.partyid, "") if one.partyid else "") or one.name or ""
    return Participant(
        part=ParticipationTypeMask(mask).label,
        name=name,
        address=one.address,
        is_known=one.partyid is not None,
        answer=ResponseStatus(answer).label if answer else "",
    )
