"""Mail between users: two activities (one sent, one received), or one.

Source: Microsoft, settings of the organization (OrgDbOrgSettings). What the source leaves open is in ``docs/adr/0017-internal-mail.md``.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from serversync.rules.email.settings import EmailSettings


class Opposite(NamedTuple):
    """An activity of the other direction with the same Internet message id."""

    activityid: UUID
    sender: str


class Internal(NamedTuple):
    """Whether a message is ignored as internal mail, and why, for the trace."""

    ignored: bool
    reason: str


def is_internal(sender_tables: Sequence[str], recipient_tables: Sequence[str]) -> bool:
    """Tell whether a message is between users and queues of the CRM."""
    ours = {"systemuser", "queue"}
    return bool(ours.intersection(sender_tables)) and bool(ours.intersection(recipient_tables))


def judge_internal(
    sender_tables: Sequence[str],
    recipient_tables: Sequence[str],
    sender: str,
    opposites: Sequence[Opposite],
    settings: EmailSettings,
) -> Internal:
    """Decide whether a message is left out because its other half is an activity already.

    Args:
        sender_tables: Tables of the records that carry the sender's address.
        recipient_tables: The same of all recipients.
        sender: The sender's address.
        opposites: Activities of the other direction with the same message id.
        settings: The organization's.
    """
    if not settings.ignoreinternalemail:
        return Internal(ignored=False, reason="internal mail is two activities")
    if not is_internal(sender_tables, recipient_tables):
        return Internal(ignored=False, reason="not between users")
    if "systemuser" not in sender_tables and not settings.ignoreinternalemailfromqueues:
        return Internal(ignored=False, reason="sent by a queue")
    if "queue" in recipient_tables and settings.donotignoreinternalemailtoqueues:
        return Internal(ignored=False, reason="sent to a queue")
    if settings.ignoreinternalemaildetectionenhancement:
        found = bool(opposites)
    else:
        found = any(one.sender.casefold() == sender.casefold() for one in opposites)
    if not found:
        return Internal(ignored=False, reason="its other half is not tracked")
    return Internal(ignored=True, reason="its other half is tracked")
