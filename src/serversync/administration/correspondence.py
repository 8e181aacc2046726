"""Phone calls, letters and faxes that people enter and change: as tasks, with a direction and where they go to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import transaction

from serversync.administration import activities, audit, privileges, tasks
from serversync.administration.activities import Kind
from serversync.administration.tasks import DatedEntries
from serversync.core.errors import InputInvalid
from serversync.crm.models import Fax, Letter, PhoneCall
from serversync.crm.privileges import Privilege

Row = PhoneCall | Letter | Fax
DIRECTIONS: Final = {"outgoing": True, "incoming": False}
"""The words for ``directioncode``."""
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one goes to or comes from: its column, and what people call it."""

    column: str
    label: str


DESTINATIONS: Final[Mapping[str, Destination]] = {
    activities.PHONECALL.word: Destination("phonenumber", "Phone Number"),
    activities.LETTER.word: Destination("address", "Address"),
    activities.FAX.word: Destination("faxnumber", "Fax Number"),
}
"""By the word of the kind."""


class CorrespondenceEntries(DatedEntries, total=False):
    """What is entered; what is missing stays."""

    began: date | None
    direction: str
    destination: str


def add(kind: Kind, given: CorrespondenceEntries, *, owner: str | None = None) -> Row:
    """Add one.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make any, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    row = _row(kind.model(ownerid=user))
    if "subject" not in given:
        raise InputInvalid(field="Subject", reason="it is empty")
    _fill(kind, row, given)
    with transaction.atomic():
        row.save()
        row.refresh_from_db()
        audit.created(f"{kind.word}.add", row)
    return row


def edit(kind: Kind, row: Row, given: CorrespondenceEntries) -> Row:
    """Change one that is open.

    Raises:
        InputInvalid: a value cannot be used, or it is over.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    with transaction.atomic(), audit.changes(f"{kind.word}.edit", [row]):
        _fill(kind, row, given)
        row.save()
        row.refresh_from_db()
    return row


def entered(kind: Kind, row: Row) -> CorrespondenceEntries:
    """Return what one has, as it is entered."""
    words = {number: word for word, number in DIRECTIONS.items()}
    return CorrespondenceEntries(
        **tasks.dated(row),
        began=row.actualstart,
        direction=words[row.directioncode],
        destination=getattr(row, DESTINATIONS[kind.word].column) or "",
    )


def _row(made: object) -> Row:
    if not isinstance(made, PhoneCall | Letter | Fax):
        raise TypeError(f"{made!r} is none of correspondence")
    return made


def _fill(kind: Kind, row: Row, given: CorrespondenceEntries) -> None:
    tasks.fill(row, given)
    row.actualstart = given.get("began", row.actualstart)
    if "direction" in given:
        found = DIRECTIONS.get(given["direction"].strip().lower())
        if found is None:
            raise InputInvalid(
                field="Direction", reason=f"{given['direction']} is none of {', '.join(DIRECTIONS)}"
            )
        row.directioncode = found
    if "destination" in given:
        where = DESTINATIONS[kind.word]
        setattr(row, where.column, activities.text(given["destination"], where.label, longest=_LONGEST))
