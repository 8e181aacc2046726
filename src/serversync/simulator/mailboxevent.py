"""What happened in a mailbox, as its change history tells those who watch it."""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """Kinds of events, by the element that tells them."""

    COPIED = "CopiedEvent"
    CREATED = "CreatedEvent"
    DELETED = "DeletedEvent"
    FREE_BUSY_CHANGED = "FreeBusyChangedEvent"
    MODIFIED = "ModifiedEvent"
    MOVED = "MovedEvent"
    NEW_MAIL = "NewMailEvent"


@dataclass(frozen=True, slots=True)
class MailboxEvent:
    """One thing that happened to an item or a folder.

    Attributes:
        kind: What happened.
        folder: Number of the folder that it happened in; for an event of a folder, of the folder itself.
        item: Item number; 0 for an event of a folder.
        old_folder: Where a moved or copied item was before.
        old_item: Its item number there.
    """

    kind: EventKind
    folder: int
    item: int = 0
    old_folder: int = 0
    old_item: int = 0
