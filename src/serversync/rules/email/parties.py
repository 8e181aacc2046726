"""Who the people of a message are in the CRM.

Source: Microsoft, "Associate an email address with a row" (resolution order, own records first, more than 100 matches stay open).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

MATCH_LIMIT = 100
"""An address that more records carry than this stays unresolved."""

_ORDER = {"systemuser": 0, "contact": 1, "account": 2, "lead": 3, "queue": 4}


class Record(NamedTuple):
    """A CRM record that carries an address, and in which of its address columns (from 1).

    Inactive records are only looked for where ``resolveforinactiveentities`` says so, and never users.
    """

    table: str
    recordid: UUID
    ownerid: UUID | None
    createdon: datetime
    column: int = 1
    is_active: bool = True


def resolve_sender(
    candidates: Sequence[Record], *, owner: UUID | None, unresolve_multiple: bool = False
) -> Record | None:
    """Return the one record that is the sender, or ``None`` where nobody or too many carry the address.

    A record of ``owner`` wins over all; then users, contacts, accounts, leads, queues; then active records;
    then the oldest. With ``unresolve_multiple`` an address that several carry stays unresolved.
    """
    if not candidates or len(candidates) > MATCH_LIMIT:
        return None
    if len(candidates) == 1:
        return candidates[0]
    if unresolve_multiple:
        return None
    return min(
        candidates,
        key=lambda r: (
            r.ownerid != owner or owner is None,
            _ORDER[r.table],
            not r.is_active,
            r.createdon,
            r.recordid,
        ),
    )


def resolve_recipient(candidates: Sequence[Record], *, unresolve_multiple: bool) -> Sequence[Record]:
    """Return the records that are recipients: all that carry the address.

    With ``unresolve_multiple`` an address that several carry stays unresolved.
    """
    if len(candidates) > MATCH_LIMIT or (unresolve_multiple and len(candidates) > 1):
        return ()
    return candidates
