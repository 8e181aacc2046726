"""Notifications as EWS writes them."""

from serversync.simulator import identifiers
from serversync.simulator.folders import folder_id
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mailboxevent import EventKind
from serversync.simulator.subscriptions import Noted, Subscription, SubscriptionTable
from serversync.simulator.xmltext import boolean, text, timestamp


def render_notification(
    table: SubscriptionTable, subscription: Subscription, events: list[Noted], *, previous: int, more: bool
) -> str:
    """Return the content of a ``Notification``: the events, or a StatusEvent where there are none.

    A stream carries no watermarks: the server itself keeps its position.
    """
    mailbox, is_stream = subscription.mailbox, subscription.mode == "streaming"
    parts = [f"<t:SubscriptionId>{text(subscription.subscription_id)}</t:SubscriptionId>"]
    if not is_stream:
        parts.append(f"<t:PreviousWatermark>{table.watermark(mailbox, previous)}</t:PreviousWatermark>")
    parts.append(f"<t:MoreEvents>{boolean(more)}</t:MoreEvents>")
    for noted in events:
        mark = "" if is_stream else _watermark(table, mailbox, noted.number)
        parts.append(_event(mailbox, noted, mark))
    if not events:
        parts.append(f"<t:StatusEvent>{_watermark(table, mailbox, subscription.position)}</t:StatusEvent>")
    return "".join(parts)


def _watermark(table: SubscriptionTable, mailbox: Mailbox, number: int) -> str:
    return f"<t:Watermark>{table.watermark(mailbox, number)}</t:Watermark>"


def _event(mailbox: Mailbox, noted: Noted, mark: str) -> str:
    event = noted.event
    folder = mailbox.folder_ever(event.folder)
    parts = [mark, f"<t:TimeStamp>{timestamp(noted.at)}</t:TimeStamp>"]
    if event.item:
        parts += [_item(mailbox, event.folder, event.item), folder_id(mailbox, folder, "ParentFolderId")]
    else:
        parent = folder if folder.parent is None else mailbox.folder_ever(folder.parent)
        parts += [folder_id(mailbox, folder), folder_id(mailbox, parent, "ParentFolderId")]
    if event.kind in (EventKind.MOVED, EventKind.COPIED):
        old = mailbox.folder_ever(event.old_folder)
        if event.item:
            parts.append(_item(mailbox, event.old_folder, event.old_item, "OldItemId"))
            parts.append(folder_id(mailbox, old, "OldParentFolderId"))
        else:
            parts.append(folder_id(mailbox, folder, "OldFolderId"))
            parts.append(folder_id(mailbox, old, "OldParentFolderId"))
    elif event.kind is EventKind.MODIFIED and not event.item:
        parts.append(f"<t:UnreadCount>{noted.unread}</t:UnreadCount>")
    return f"<t:{event.kind.value}>{''.join(parts)}</t:{event.kind.value}>"


def _item(mailbox: Mailbox, folder: int, item: int, element: str = "ItemId") -> str:
    found = identifiers.encode(Identifier(mailbox.guid, folder, item))
    key = identifiers.item_change_key(mailbox.guid, mailbox.last_change)
    return f'<t:{element} Id="{found}" ChangeKey="{key}"/>'
