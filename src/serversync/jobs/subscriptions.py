"""What a mailbox is subscribed to, and what is due when Exchange tells of it: mail, or appointments, contacts and tasks.

One subscription tells of all folders of a mailbox; an event names its folder by id, and the ids of folders that are not of
mail are asked for beforehand.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.subscribe import StreamingSubscriptionRequest, Subscribe
from serversync.exchange.outcome import Failure, Outcome
from serversync.exchange.types.events import Event, EventType, Notification
from serversync.exchange.types.folder import Folder
from serversync.exchange.types.ids import DistinguishedFolderId, FolderId
from serversync.exchange.types.shapes import BaseShape, FolderShape

_OF_MAIL: Final = (EventType.NEW_MAIL, EventType.CREATED, EventType.MOVED, EventType.COPIED)
"""What may bring mail into a folder."""
_OF_ACT: Final = (*_OF_MAIL, EventType.MODIFIED, EventType.DELETED)
"""What changes appointments, contacts and tasks."""
_ACT_FOLDERS: Final = frozenset({"calendar", "contacts", "tasks"})
OF_EVERYBODY: Final = frozenset({"inbox", "sentitems"}) | _ACT_FOLDERS
"""Folders that every mailbox has, by their names."""


def subscription(folders: Sequence[str]) -> Subscribe:
    """Return the request that subscribes folders, given by name or id."""
    ids = [DistinguishedFolderId(each) if each in OF_EVERYBODY else FolderId(each) for each in folders]
    events = _OF_MAIL if _ACT_FOLDERS.isdisjoint(folders) else _OF_ACT
    return Subscribe(StreamingSubscriptionRequest(folder_ids=tuple(ids), event_types=events))


def act_folders(folders: Iterable[str]) -> GetFolder | None:
    """Return the request for the ids of those folders that are not of mail; ``None`` where there are none."""
    asked = tuple(DistinguishedFolderId(each) for each in folders if each in _ACT_FOLDERS)
    return GetFolder(asked, FolderShape(base_shape=BaseShape.ID_ONLY)) if asked else None


def ids_of(found: Iterable[Outcome[Folder]]) -> frozenset[str]:
    """Return the ids of folders as events name them; of a folder that is not there nothing is told."""
    ids = [each.value.folder_id for each in found if not isinstance(each, Failure)]
    return frozenset(each.id for each in ids if each is not None)


def what_is_due(notification: Notification, act: frozenset[str]) -> tuple[bool, bool]:
    """Tell whether mail is due, and whether appointments, contacts and tasks are.

    Args:
        notification: What was told of a mailbox.
        act: The ids of its folders that are not of mail.
    """
    is_mail = is_act = False
    for event in notification.events:
        places = _places(event)
        is_act = is_act or not act.isdisjoint(places)
        is_mail = is_mail or (event.element in _OF_MAIL and not (places and act.issuperset(places)))
    return is_mail, is_act


def _places(event: Event) -> set[str]:
    """Return the folders that an event is about."""
    places = (event.parent_folder_id, event.old_parent_folder_id)
    return {each.id for each in places if each is not None}
