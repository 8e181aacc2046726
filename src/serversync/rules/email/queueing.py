"""In which queues a message waits.

Source: Microsoft, settings of the organization (OrgDbOrgSettings).
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from serversync.rules.email.settings import EmailSettings


class Waiting(NamedTuple):
    """A queue in which the message waits, and why, as a stable code."""

    queueid: UUID
    reason: str


def queues_of(
    recipients: Iterable[UUID], reading: UUID | None, *, is_new: bool, settings: EmailSettings
) -> list[Waiting]:
    """Return the queues in which a message gets an item, each once.

    Args:
        recipients: Queues among its resolved recipients that are active and approved, in the order of the message.
        reading: The queue whose mailbox is read, if it is a queue's.
        is_new: Whether the activity is made now; otherwise it was there already.
        settings: The organization's.
    """
    found: dict[UUID, Waiting] = {}
    if is_new and settings.createqueueitemsforacceptingqueuerecipients:
        for queue in recipients:
            found.setdefault(queue, Waiting(queue, "recipient"))
    if reading is not None:
        if is_new and settings.createqueueitemforsynchronizingmailbox:
            found.setdefault(reading, Waiting(reading, "mailbox that was read"))
        if not is_new and settings.ssscreateadditionalqueueitemsforalreadytrackedemail:
            found.setdefault(reading, Waiting(reading, "mailbox that was read later"))
    return list(found.values())
