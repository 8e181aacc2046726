"""The items of a mailbox and the history of their changes.

Every change gets the next change number of the mailbox. An item gets a new number whenever it enters a folder,
so its id changes with each move, as on a real server. Messages are held as MIME; those that a seed promises
exist only as numbers until somebody changes them.
"""

import base64
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from serversync.simulator import identifiers
from serversync.simulator.calendar.busymark import BusyMark, busy_mark
from serversync.simulator.calendar.series import occurrences, with_exception, without_occurrence
from serversync.simulator.folderplan import FolderPlan
from serversync.simulator.foldertree import ChangeKind, Folder, FolderTree, LogEntry
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailboxevent import EventKind, MailboxEvent
from serversync.simulator.mailsource import MailSource
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import SEARCH_KEY, ExtendedKey, ExtendedValue, StoredItem
from serversync.simulator.versions import Schema

_FOLDER_ROW = 256
"""What a folder takes in the store by itself, in bytes, about."""


class ItemStore(FolderTree):
    """The items of a mailbox, in its folders.

    Attributes:
        guid: Its id in the directory; the same for the same seed and address.
        primary_smtp_address: The address that identifies it.
        generation: Sync states of an earlier generation are refused.
        on_seen: Is called with this mailbox once of each message that is read, or deleted without being read.
        on_change: Is called with this mailbox and what happens in it, with the lock held.
        change_marks: What folders say about when they changed: ``honest``, ``constant`` (never changes), ``absent``.
    """

    def __init__(
        self,
        guid: UUID,
        primary_smtp_address: str,
        *,
        schema: Schema,
        now: Callable[[], datetime],
        plan: FolderPlan,
    ) -> None:
        super().__init__(schema, now, plan)
        self.guid = guid
        self.primary_smtp_address = primary_smtp_address
        self.generation = 1
        self.on_seen: Callable[[Any, StoredItem, bool], None] | None = None
        self._seen: set[int] = set()
        self.on_change: Callable[[Any, MailboxEvent], None] | None = None
        self.change_marks: Literal["honest", "constant", "absent"] = "honest"
        self._last_item = 0
        self._items: dict[int, StoredItem] = {}
        self._source: MailSource | None = None
        self._seeded: range = range(0)
        self._seeded_folder = 0
        self._deleted: set[int] = set()

    @property
    def size(self) -> int:
        """How many bytes it holds, about; messages that a seed promises count as their first."""
        stored = sum(item.weight for item in self._items.values())
        promised = sum(
            1 for number in self._seeded if number not in self._deleted and number not in self._items
        )
        if not promised or self._source is None:
            return stored
        return stored + promised * len(self._source.mime(self.primary_smtp_address, self._seeded.start))

    def folder_size(self, folder: Folder) -> int:
        """Return how many bytes a folder takes, about: its own row and everything directly in it."""
        own = _FOLDER_ROW + 2 * len(folder.display_name)
        return own + sum(self.weight_of(self.item(one)) for one in (*folder.items, *folder.associated))

    def weight_of(self, item: StoredItem) -> int:
        """Return how many bytes an item of this mailbox takes, about; also of one that a seed only promises."""
        return item.weight if item.mime is not None else item.weight + len(self.mime(item) or b"")

    def note_seen(self, item: StoredItem, *, is_read: bool) -> None:
        """Note that a message was read, or goes away without that; its author is told once if that was wanted."""
        origin = item.origin or item.number
        if self.on_seen is not None and origin not in self._seen:
            self._seen.add(origin)
            self.on_seen(self, item, is_read)

    def suppress_receipt(self, item: StoredItem) -> None:
        """Let nobody be told that a message was read or deleted."""
        self._seen.add(item.origin or item.number)

    def _tell(self, event: MailboxEvent, was: BusyMark = (), becomes: BusyMark = ()) -> None:
        """Note that something happened to an item, and tell it; the folder's own event follows, as on a real server.

        Args:
            event: What happened.
            was: When the item made its owner busy before.
            becomes: When it does now.
        """
        self.folder_ever(event.folder).committed = self.now()
        if self.on_change is None:
            return
        self.on_change(self, event)
        if event.item and was != becomes:
            self._tell_busy(self.on_change, event, is_taken=not becomes)
        if event.item:
            self.on_change(self, MailboxEvent(EventKind.MODIFIED, event.folder))

    def _tell_busy(
        self, on_change: Callable[[Any, MailboxEvent], None], event: MailboxEvent, *, is_taken: bool
    ) -> None:
        """Tell that the owner's busy times changed, if it is the calendar that an event was about."""
        found = self.find_distinguished_folder("calendar")
        if found is None:
            return
        calendar = found.number
        if event.folder == calendar:
            on_change(self, MailboxEvent(EventKind.FREE_BUSY_CHANGED, calendar, event.item))
        elif event.old_folder == calendar and is_taken:
            on_change(self, MailboxEvent(EventKind.FREE_BUSY_CHANGED, calendar, event.old_item))

    def create_folder(
        self, display_name: str, *, parent: Folder | str = "msgfolderroot", folder_class: str = "IPF.Note"
    ) -> Folder:
        """Add an ordinary folder, see ``FolderTree``."""
        folder = super().create_folder(display_name, parent=parent, folder_class=folder_class)
        self._tell(MailboxEvent(EventKind.CREATED, folder.number))
        return folder

    def touch_folder(self, folder: Folder) -> None:
        """Note that a folder itself was changed."""
        super().touch_folder(folder)
        self._tell(MailboxEvent(EventKind.MODIFIED, folder.number))

    def move_folder(self, folder: Folder, into: Folder) -> None:
        """Put a folder below another one, see ``FolderTree``."""
        before = folder.parent or 0
        super().move_folder(folder, into)
        self._tell(MailboxEvent(EventKind.MOVED, folder.number, old_folder=before))

    def remove_folder(self, folder: Folder) -> None:
        """Delete a folder, everything below it, and all items in them for good."""
        for one in (folder, *self.below(folder)):
            for number in (*one.items, *one.associated):
                self.delete(number)
        everything = [folder, *self.below(folder)]
        super().remove_folder(folder)
        for one in everything:
            self._tell(MailboxEvent(EventKind.DELETED, one.number))

    @property
    def source(self) -> MailSource | None:
        """Where the content of seeded messages comes from."""
        return self._source

    def add(self, item: StoredItem, folder: Folder) -> StoredItem:
        """Let a new item enter a folder; it gets its number and ids, and is the mailbox's from now on."""
        self._enter(item, folder)
        self._tell(MailboxEvent(EventKind.CREATED, item.folder, item.number), (), busy_mark(item))
        return item

    def _enter(self, item: StoredItem, folder: Folder) -> None:
        self._last_item += 1
        item.number, item.folder = self._last_item, folder.number
        item.created_change = item.content_change = item.read_change = self._next_change()
        self._items[item.number] = item
        (folder.associated if item.is_associated else folder.items).append(item.number)
        if not item.is_associated:
            folder.is_in_order = folder.is_in_order and (
                folder.newest is None or item.received >= folder.newest
            )
            folder.newest = item.received if folder.newest is None else max(folder.newest, item.received)
            folder.unread += not item.is_read

    def item(self, number: int) -> StoredItem:
        """Return an item by number.

        Raises:
            EwsError: ``ErrorItemNotFound``: deleted, moved away or never there.
        """
        stored = self._items.get(number)
        if stored is not None:
            return stored
        if number in self._seeded and number not in self._deleted and self._source is not None:
            received = self._source.received(self.primary_smtp_address, number)
            return StoredItem(number, self._seeded_folder, None, received)
        raise EwsError("ErrorItemNotFound")

    def find_original(self, number: int) -> StoredItem | None:
        """Return the item that was delivered with a number, wherever it was moved since; ``None`` if it is gone."""
        if number in self._items:
            return self._items[number]
        return next((one for one in self._items.values() if one.origin == number), None)

    def mime(self, item: StoredItem) -> bytes | None:
        """Return the MIME that an item came as; ``None`` where it was made of properties."""
        number = item.origin or item.number
        if item.mime is not None or self._source is None:
            return item.mime
        return self._source.mime(self.primary_smtp_address, number) if number in self._seeded else None

    def item_id(self, item: StoredItem) -> str:
        """Return the ``ItemId@Id`` of an item."""
        return identifiers.encode(Identifier(self.guid, item.folder, item.number, occurrence=item.occurrence))

    def change_key(self, item: StoredItem) -> str:
        """Return the ``ItemId@ChangeKey`` of an item."""
        return identifiers.item_change_key(self.guid, item.change)

    def mark_read(self, number: int, *, is_read: bool = True) -> None:
        """Set or clear the read flag; nothing happens where it is so already."""
        item = self.item(number)
        if item.is_read == is_read:
            return
        item.is_read = is_read
        item.read_change = self._next_change()
        self._items[number] = item
        folder = self.folders[item.folder]
        folder.unread += 0 if item.is_associated else -1 if is_read else 1
        folder.log.append(LogEntry(item.read_change, number, ChangeKind.READ_FLAG, item.is_associated))
        self._tell(MailboxEvent(EventKind.MODIFIED, item.folder, item.number))
        if is_read:
            self.note_seen(item, is_read=True)

    def edit(
        self,
        number: int,
        *,
        properties: Mapping[str, Any] | None = None,
        extended: Mapping[ExtendedKey, ExtendedValue] | None = None,
    ) -> StoredItem:
        """Set properties of an item, by field URI, and extended properties."""
        item = self.item(number).copy()
        if properties is not None:
            item.properties = {**(item.properties or {}), **properties}
        if extended is not None:
            item.extended = {**(item.extended or {}), **extended}
        return self.store(item)

    def store(self, item: StoredItem, *, modifier: str = "") -> StoredItem:
        """Put a changed copy of an item in the place of the one with its number.

        A changed occurrence becomes an exception of its series.

        Raises:
            EwsError: an occurrence cannot be where it is to be.
        """
        if item.occurrence:
            item.modified, item.modifier = self.now(), modifier
            master = self.store(with_exception(self.item(item.number), item), modifier=modifier)
            item.content_change = master.content_change
            return item
        before = self.item(item.number)
        item.content_change = self._next_change()
        item.modified = self.now()
        item.modifier = modifier
        self._items[item.number] = item
        folder = self.folders[item.folder]
        if not item.is_associated:
            folder.unread += before.is_read - item.is_read
        folder.log.append(LogEntry(item.content_change, item.number, ChangeKind.CONTENT, item.is_associated))
        self._tell(
            MailboxEvent(EventKind.MODIFIED, item.folder, item.number), busy_mark(before), busy_mark(item)
        )
        return item

    def delete_occurrence(self, number: int, occurrence: int, *, modifier: str = "") -> StoredItem:
        """Delete one occurrence of a series, and with the last one the series itself."""
        master = without_occurrence(self.item(number), occurrence)
        if next(occurrences(master), None) is None:
            self.delete(number)
            return master
        return self.store(master, modifier=modifier)

    def delete(self, number: int) -> None:
        """Remove an item for good."""
        item = self.item(number)
        self._remove(item)
        self._tell(MailboxEvent(EventKind.DELETED, item.folder, number), busy_mark(item))

    def move(self, number: int, folder: Folder) -> StoredItem:
        """Move an item; what arrives has a new number and so a new id."""
        item = self.item(number)
        self._remove(item)
        return self._again(item, folder, EventKind.MOVED)

    def copy(self, number: int, folder: Folder) -> StoredItem:
        """Copy an item; the copy has the same search key."""
        return self._again(self.item(number), folder, EventKind.COPIED)

    def _again(self, item: StoredItem, folder: Folder, kind: EventKind) -> StoredItem:
        before = (item.folder, item.number)
        again = item.copy()
        again.origin = item.origin or item.number
        again.created = item.created or item.received
        again.deleted_from = 0
        self._enter(again, folder)
        calendar, mark = self.find_distinguished_folder("calendar"), busy_mark(again)
        leaves = calendar is not None and before[0] == calendar.number and kind is EventKind.MOVED
        self._tell(
            MailboxEvent(kind, folder.number, again.number, *before),
            mark if leaves else (),
            mark if folder is calendar else (),
        )
        return again

    def bring(self, source: "ItemStore", number: int, folder: Folder) -> StoredItem:
        """Copy an item of another mailbox into a folder of this one; it keeps its search key."""
        item = source.item(number)
        again = item.copy()
        again.mime, again.origin, again.deleted_from = source.mime(item), 0, 0
        again.created = item.created or item.received
        again.extended = source.with_search_key(item)
        return self.add(again, folder)

    def with_search_key(self, item: StoredItem) -> dict[ExtendedKey, ExtendedValue]:
        """Return the extended properties of an item that is about to leave the mailbox, its search key among them."""
        kept = item.extended or {}
        if SEARCH_KEY in kept:
            return dict(kept)
        key = base64.b64encode(identifiers.search_key(self.guid, item.origin or item.number)).decode()
        return {**kept, SEARCH_KEY: ExtendedValue("Binary", key)}

    def throw_away(self, number: int) -> None:
        """Move an item to Deleted Items; where there are none, as in public folders, it is deleted for good."""
        bin_folder = self.find_distinguished_folder("deleteditems")
        if bin_folder is None:
            self.delete(number)
        else:
            self.move(number, bin_folder)

    def soft_delete(self, number: int) -> None:
        """Move an item among the recoverable ones; a mailbox without such a folder deletes it for good."""
        if not self.has_folder("recoverableitemsdeletions"):
            self.delete(number)
            return
        came_from = self.item(number).folder
        self.move(number, self.distinguished_folder("recoverableitemsdeletions")).deleted_from = came_from

    def _remove(self, item: StoredItem) -> None:
        folder = self.folders[item.folder]
        numbers = folder.associated if item.is_associated else folder.items
        numbers.pop(bisect_left(numbers, item.number))
        folder.unread -= not (item.is_read or item.is_associated)
        folder.deleted_total += 1
        folder.committed = self.now()
        self._items.pop(item.number, None)
        if item.number in self._seeded:
            self._deleted.add(item.number)
        folder.log.append(LogEntry(self._next_change(), item.number, ChangeKind.DELETE, item.is_associated))

    def items_by_arrival(self, folder: Folder) -> Sequence[int]:
        """Return the item numbers of a folder, the oldest delivery first."""
        if folder.is_in_order:
            return folder.items
        return sorted(folder.items, key=lambda number: self.item(number).received)

    @property
    def last_item(self) -> int:
        """The newest item number that was given out."""
        return self._last_item

    def invalidate_sync_states(self) -> None:
        """Refuse all sync states given out so far, as after a restore of the mailbox."""
        self.generation += 1
