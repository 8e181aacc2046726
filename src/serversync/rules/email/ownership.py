"""Whose activity an incoming message is.

To is looked through first, then Cc, then Bcc; the first list with somebody who may own it decides. Within it the
owner of the correlated e-mail wins, then the owner of the sender's record, then the first of the list.
Source: Microsoft, "Email record owner".
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID


class Ownership(NamedTuple):
    """The owner, and why, as a stable code."""

    ownerid: UUID | None
    reason: str


def owner_of(
    lists: Sequence[Sequence[UUID]],
    *,
    correlated_owner: UUID | None,
    sender_owner: UUID | None,
    fallback: UUID | None,
) -> Ownership:
    """Return who owns the activity.

    Args:
        lists: For To, Cc and Bcc the users that may own it: enabled users, and the owners of queues.
        correlated_owner: Owner of the e-mail that it belongs to.
        sender_owner: Owner of the sender's contact, account or lead.
        fallback: Owner where no list names anybody (blind copies, distribution lists): of who accepts it.
    """
    for name, owners in zip(("to", "cc", "bcc"), lists, strict=True):
        if not owners:
            continue
        if correlated_owner is not None and correlated_owner in owners:
            return Ownership(correlated_owner, f"owner of the e-mail it belongs to, in {name}")
        if sender_owner is not None and sender_owner in owners:
            return Ownership(sender_owner, f"owner of the sender's record, in {name}")
        return Ownership(owners[0], f"first in {name}")
    return Ownership(fallback, "owner of the mailbox; nobody named may own it")
