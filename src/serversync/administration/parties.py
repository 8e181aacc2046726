"""Lists of those who take part in an activity, one for each part, as people enter and see them."""

from collections.abc import Mapping
from uuid import UUID

from serversync.administration import addresses
from serversync.crm.models import ActivityParty
from serversync.crm.models.activityparty import ParticipationTypeMask, ResponseStatus

Parts = Mapping[str, ParticipationTypeMask]
"""The parts that are entered, by the words for them."""


def listed(activityid: UUID, parts: Parts) -> dict[str, list[str]]:
    """Return the addresses of those who take part, by part; with the name where it is nobody's in the CRM."""
    found: dict[str, list[str]] = {name: [] for name in parts}
    words = {int(mask): name for name, mask in parts.items()}
    rows = ActivityParty.objects.filter(activityid=activityid, participationtypemask__in=list(words))
    for one in rows.order_by("addressused"):
        if one.addressused:
            name = one.unresolvedpartyname or "" if one.partyid is None else ""
            found[words[one.participationtypemask]].append(addresses.written(name, one.addressused))
    return found


def make(
    activityid: UUID,
    mask: int,
    address: str,
    name: str,
    known: Mapping[str, addresses.Found],
    answer: ResponseStatus | None = None,
) -> ActivityParty:
    """Return somebody who takes part, not saved yet; a name is kept where the address is nobody's in the CRM."""
    found = known.get(address)
    return ActivityParty(
        activityid_id=activityid,
        participationtypemask=mask,
        addressused=address,
        partyid=found.recordid if found else None,
        partyobjecttypecode=found.table if found else None,
        unresolvedpartyname=None if found else name[:200] or None,
        responsestatus=answer,
    )


def replace(
    activityid: UUID, mask: int, wanted: Mapping[str, str], answer: ResponseStatus | None = None
) -> None:
    """Make a part the one that was entered; nobody who stays is touched.

    Args:
        activityid: The activity.
        mask: The part.
        wanted: The name of each address, which is in lower case.
        answer: What somebody who is new has answered.
    """
    kept = set()
    for party in ActivityParty.objects.filter(activityid=activityid, participationtypemask=mask):
        address = (party.addressused or "").lower()
        if address in wanted:
            kept.add(address)
        else:
            party.delete()
    new = {address: name for address, name in wanted.items() if address not in kept}
    known = addresses.resolve(new)
    ActivityParty.objects.bulk_create(
        make(activityid, mask, address, name, known, answer) for address, name in new.items()
    )
