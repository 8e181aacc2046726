"""One mailbox: its folders, its items, and the history of their changes.

Every change gets the next change number of the mailbox. An item gets a new number whenever it enters a folder,
so its id changes with each move, as on a real server. Messages are held as MIME; those that a seed promises
exist only as numbers until somebody changes them.
"""

import base64
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from serversync.simulator import identifiers
from serversync.simulator.calendar.busymark import BusyMark, busy_mark
from serversync.simulator.calendar.series import occurrences, with_exception, without_occurrence
from serversync.simulator.delegate import Delegate
from serversync.simulator.foldertree import ChangeKind, Folder, FolderTree, LogEntry
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailboxevent import EventKind, MailboxEvent
from serversync.simulator.mailsource import MailSource
from serversync.simulator.oof import OofSettings
from serversync.simulator.response import EwsError
from serversync.simulator.rules import InboxRule
from serversync.simulator.storeditem import ExtendedKey, ExtendedValue, StoredItem
from serversync.simulator.versions import Schema
from serversync.simulator.workinghours import WorkingHours


@dataclass(slots=True)
class Quota:
    """How many bytes a mailbox may hold; ``None`` for any number.

    Attributes:
        prohibit_send: From here on its owner cannot send.
        prohibit_send_receive: From here on nothing comes in either.
    """

    prohibit_send: int | None = None
    prohibit_send_receive: int | None = None


_FOLDER_ROW = 256
"""What a folder takes in the store by itself, in bytes, about."""


class Mailbox(FolderTree):
    """A person's or a resource's mailbox.

    Attributes:
        guid: Its id in the directory; the same for the same seed and address.
        primary_smtp_address: The address that identifies it.
        display_name: Name as others see it.
        proxy_addresses: Further addresses that deliver here.
        sid: Security identifier of its user.
        generation: Sync states of an earlier generation are refused.
        delegates: Accounts with full access, by primary address.
        delegate_rights: What those of them may do that an owner named in EWS, by primary address.
        meeting_requests_to: Who gets meeting requests, a value of ``DeliverMeetingRequestsType``.
        send_on_behalf: Addresses whose mail may say that it is from here, sent by them.
        oof: Its automatic replies.
        rules: Its server rules.
        quota: How much it may hold.
        working_hours: When its owner works.
        blocked_senders: Addresses, lower case, whose mail goes to Junk Email.
        on_seen: Is told once of each message that is read, or deleted without being read.
        on_change: Is told what happens, with the lock held.
        change_marks: What folders say about when they changed: ``honest``, ``constant`` (never changes), ``absent``.
    """

    def __init__(
        self,
        guid: UUID,
        primary_smtp_address: str,
        display_name: str,
        *,
        sid: str,
        schema: Schema,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(schema, now)
        self.guid = guid
        self.primary_smtp_address = primary_smtp_address
        self.display_name = display_name
        self.proxy_addresses: set[str] = set()
        self.sid = sid
        self.generation = 1
        self.delegates: set[str] = set()
        self.delegate_rights: dict[str, Delegate] = {}
        self.meeting_requests_to = "DelegatesAndMe"
        self.send_on_behalf: set[str] = set()
        self.oof = OofSettings()
        self.rules: list[InboxRule] = []
        self.quota = Quota()
        self.working_hours = WorkingHours()
        self.blocked_senders: set[str] = set()
        self._last_rule = 0
        self.on_seen: Callable[[Mailbox, StoredItem, bool], None] | None = None
        self._seen: set[int] = set()
        self.on_change: Callable[[Mailbox, MailboxEvent], None] | None = None
        self.change_marks: Literal["honest", "constant", "absent"] = "honest"
        self._last_item = 0
        self._items: dict[int, StoredItem] = {}
        self._source: MailSource | None = None
        self._seeded: range = range(0)
        self._seeded_folder = 0
        self._deleted: set[int] = set()

    @property
    def legacy_dn(self) -> str:
        """Its distinguished name in the directory."""
        return f"/o=Simulator/ou=Exchange Administrative Group/cn=Recipients/cn={self.guid.hex}"

    def is_named(self, distinguished_name: str) -> bool:
        """Tell whether a distinguished name is its own, or one of its further addresses (``X500:...``)."""
        wanted = distinguished_name.lower()
        return wanted == self.legacy_dn.lower() or f"x500:{wanted}" in self.addresses()

    def addresses(self) -> set[str]:
        """Return all addresses that deliver here, lower case."""
        return {one.lower() for one in (self.primary_smtp_address, *self.proxy_addresses)}

    def new_rule_id(self) -> str:
        """Return an id for a new rule."""
        self._last_rule += 1
        return base64.b64encode(self._last_rule.to_bytes(8, "big")).decode()

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

    def has_room_for(self, weight: int) -> bool:
        """Whether so many bytes more may come in."""
        limit = self.quota.prohibit_send_receive
        return limit is None or self.size + weight <= limit

    def check_room(self, weight: int) -> None:
        """Refuse what does not fit; what takes no more room than before always does.

        Raises:
            EwsError: ``ErrorQuotaExceeded``.
        """
        if weight > 0 and not self.has_room_for(weight):
            raise EwsError("ErrorQuotaExceeded")

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
        self, on_change: Callable[["Mailbox", MailboxEvent], None], event: MailboxEvent, *, is_taken: bool
    ) -> None:
        """Tell that the owner's busy times changed, if it is the calendar that an event was about."""
        calendar = self.distinguished_folder("calendar").number
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

    def seed(self, source: MailSource, messages: int) -> None:
        """Put ``messages`` messages of ``source`` into the Inbox of a new mailbox without making them yet.

        Raises:
            ValueError: there is mail already.
        """
        if self._last_item:
            raise ValueError(f"{self.primary_smtp_address} holds mail already")
        self._source = source
        self._seeded = range(1, messages + 1)
        self._seeded_folder = self.inbox.number
        self._last_item = messages
        self.inbox.items = array("Q", self._seeded)
        self.inbox.unread = messages
        self.inbox.newest = source.received(self.primary_smtp_address, messages)
        self.inbox.committed = self.now()

    @property
    def source(self) -> MailSource | None:
        """Where the content of seeded messages comes from."""
        return self._source

    def resume(self, source: MailSource | None) -> None:
        """Go on with a state that was taken over, and so with folders that others than this mailbox made."""
        self._source = source
        self.find_distinguished()

    def put(
        self, mime: bytes, received: datetime, *, folder: Folder | None = None, is_read: bool = False
    ) -> StoredItem:
        """Store a message in a folder, the Inbox if none is given."""
        return self.add(StoredItem(0, 0, mime, received, is_read=is_read), folder or self.inbox)

    def receive(
        self,
        mime: bytes,
        received: datetime,
        *,
        item_class: str | None = None,
        extended: dict[ExtendedKey, ExtendedValue] | None = None,
    ) -> StoredItem:
        """Store a message that was delivered.

        Args:
            mime: The message.
            received: When.
            item_class: Its class, where it is not the one that the MIME tells.
            extended: Extended properties that came with it.
        """
        return self.receive_item(StoredItem(0, 0, mime, received, item_class=item_class, extended=extended))

    def receive_item(self, item: StoredItem) -> StoredItem:
        """Store an item that was delivered into the Inbox."""
        self.add(item, self.inbox)
        if self.on_change is not None:
            self.on_change(self, MailboxEvent(EventKind.NEW_MAIL, item.folder, item.number))
        return item

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
        calendar, mark = self.distinguished_folder("calendar"), busy_mark(again)
        leaves = before[0] == calendar.number and kind is EventKind.MOVED
        self._tell(
            MailboxEvent(kind, folder.number, again.number, *before),
            mark if leaves else (),
            mark if folder is calendar else (),
        )
        return again

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
