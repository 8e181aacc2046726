"""What a notification says: which items and folders something happened to.

Notifications are hints, no feed: they get lost when a server fails over, and carry neither read state nor
a change key to rely on. They only say that it is worth asking ``SyncFolderItems`` earlier.

Source: ``NotificationType`` of ``types.xsd``; Microsoft, "Notification subscriptions, mailbox events, and EWS".
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import local_name, t
from serversync.exchange.types.ids import FolderId, ItemId, read_folder_id, read_item_id
from serversync.exchange.xml_values import boolean_of, datetime_of, integer_of


class EventType(StrEnum):
    """What one can be told about."""

    COPIED = "CopiedEvent"
    CREATED = "CreatedEvent"
    DELETED = "DeletedEvent"
    MODIFIED = "ModifiedEvent"
    MOVED = "MovedEvent"
    NEW_MAIL = "NewMailEvent"
    FREE_BUSY_CHANGED = "FreeBusyChangedEvent"


class Event(Struct, frozen=True, gc=False, kw_only=True):
    """One thing that happened; ``element`` is the value of an ``EventType``, or ``StatusEvent`` for none.

    Either ``item_id`` or ``folder_id`` is there; the old ones only for what was moved or copied.
    """

    element: str
    watermark: str | None = None
    time_stamp: datetime | None = None
    item_id: ItemId | None = None
    folder_id: FolderId | None = None
    parent_folder_id: FolderId | None = None
    old_item_id: ItemId | None = None
    old_folder_id: FolderId | None = None
    old_parent_folder_id: FolderId | None = None
    unread_count: int | None = None


class Notification(Struct, frozen=True, gc=False, kw_only=True):
    """Events of one subscription; ``more_events`` says that further ones are waiting to be asked for."""

    subscription_id: str
    events: tuple[Event, ...] = ()
    previous_watermark: str | None = None
    more_events: bool = False

    @property
    def watermark(self) -> str | None:
        """The position after these events, to go on from; ``None`` in a stream, which keeps its own."""
        marks = [event.watermark for event in self.events if event.watermark]
        return marks[-1] if marks else self.previous_watermark


_SUBSCRIPTION_ID, _PREVIOUS, _MORE = t("SubscriptionId"), t("PreviousWatermark"), t("MoreEvents")
_FIELDS: dict[str, tuple[str, Callable[[_Element], Any]]] = {
    t("Watermark"): ("watermark", lambda element: element.text or None),
    t("TimeStamp"): ("time_stamp", datetime_of),
    t("ItemId"): ("item_id", read_item_id),
    t("FolderId"): ("folder_id", read_folder_id),
    t("ParentFolderId"): ("parent_folder_id", read_folder_id),
    t("OldItemId"): ("old_item_id", read_item_id),
    t("OldFolderId"): ("old_folder_id", read_folder_id),
    t("OldParentFolderId"): ("old_parent_folder_id", read_folder_id),
    t("UnreadCount"): ("unread_count", integer_of),
}


def read_notification(element: _Element) -> Notification | None:
    """Return what a ``Notification`` element says, or ``None`` where it does not even name its subscription."""
    subscription_id, previous, more = "", None, False
    events = []
    for child in element:
        tag = child.tag
        if tag == _SUBSCRIPTION_ID:
            subscription_id = (child.text or "").strip()
        elif tag == _PREVIOUS:
            previous = child.text or None
        elif tag == _MORE:
            more = boolean_of(child) is True
        elif tag.endswith("Event"):
            events.append(_read_event(child))
    if not subscription_id:
        return None
    return Notification(
        subscription_id=subscription_id, events=tuple(events), previous_watermark=previous, more_events=more
    )


def _read_event(element: _Element) -> Event:
    values: dict[str, Any] = {}
    for child in element:
        if (field := _FIELDS.get(child.tag)) is not None:
            values[field[0]] = field[1](child)
    return Event(element=local_name(element.tag), **values)
