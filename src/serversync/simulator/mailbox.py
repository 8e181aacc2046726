"""One mailbox: folders, messages, and the history of their changes.

Every change gets the next change number of the mailbox. A message gets a new item number whenever it enters
a folder, so its id changes with each move, as on a real server. Messages are held as MIME; those that a seed
promises exist only as numbers until somebody changes them.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Literal, Protocol
from uuid import UUID

from serversync.simulator import identifiers
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailboxevent import EventKind, MailboxEvent
from serversync.simulator.response import EwsError


class MailSource(Protocol):
    """Where the content of seeded messages comes from; must give the same answer each time."""

    def mime(self, mailbox: str, number: int) -> bytes:
        """Return the MIME of message ``number`` of the mailbox with this address."""
        ...

    def received(self, mailbox: str, number: int) -> datetime:
        """Return when that message arrived."""
        ...


class ChangeKind(Enum):
    """What happened to a message after it had entered its folder."""

    CONTENT = "content"
    READ_FLAG = "read flag"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a folder's history.

    Attributes:
        change: Change number, ascending within the log.
        item: Item number.
        kind: What happened.
    """

    change: int
    item: int
    kind: ChangeKind


@dataclass(slots=True)
class StoredMessage:
    """A message in a folder.

    Attributes:
        item: Item number, ascending with the time of entry.
        folder: Number of the folder.
        mime: The message as it came; ``None`` where a seed generates it.
        received: Time of delivery (aware).
        created_change: Change number of its entry into the folder.
        content_change: Change number of the last edit.
        read_change: Change number of the last change of the read flag.
        is_read: Whether somebody has read it.
        subject: A subject that was edited after delivery, otherwise ``None``.
        extended: Values of extended properties that were set, by (set, name).
        origin: Item number at delivery, kept across moves and copies; 0 where it is ``item`` itself.
    """

    item: int
    folder: int
    mime: bytes | None
    received: datetime
    created_change: int
    content_change: int
    read_change: int
    is_read: bool = False
    subject: str | None = None
    extended: dict[tuple[str, str], str] | None = None
    origin: int = 0

    @property
    def change(self) -> int:
        """The number of its newest change."""
        return max(self.content_change, self.read_change)


@dataclass(slots=True)
class Folder:
    """A folder and the order and history of what is in it.

    Attributes:
        number: Number in the mailbox.
        parent: Number of the parent; ``None`` for the root.
        display_name: Name as a person sees it.
        folder_class: Container class, for example ``IPF.Note``.
        distinguished_id: ``DistinguishedFolderId`` or ``None``.
        change: Change number of the folder itself.
        items: Numbers of the items that are in it, ascending.
        log: What happened to items after their entry, ascending by change number.
        unread: How many of the items are unread.
        newest: The latest time of delivery of anything that entered it.
        is_in_order: Whether everything entered it in the order of delivery.
        committed: When something in it changed last (``PR_LOCAL_COMMIT_TIME_MAX``).
        deleted_total: How many items have left it so far (``PR_DELETED_COUNT_TOTAL``).
    """

    number: int
    parent: int | None
    display_name: str
    folder_class: str
    distinguished_id: str | None
    change: int
    items: "array[int]" = field(default_factory=lambda: array("Q"))
    log: list[LogEntry] = field(default_factory=list)
    unread: int = 0
    newest: datetime | None = None
    is_in_order: bool = True
    committed: datetime | None = None
    deleted_total: int = 0

    def items_descending(self, low: int, high: int) -> Iterator[int]:
        """Yield the item numbers between ``low`` and ``high``, both included, newest first."""
        position = bisect_left(self.items, high + 1) - 1
        while position >= 0 and self.items[position] >= low:
            yield self.items[position]
            position -= 1

    def log_after(self, change: int) -> list[LogEntry]:
        """Return the history after a change number, oldest first."""
        return self.log[bisect_left(self.log, change + 1, key=lambda entry: entry.change) :]


DISTINGUISHED_FOLDERS: tuple[tuple[str, str, str, str | None], ...] = (
    ("root", "", "", None),
    ("msgfolderroot", "Top of Information Store", "IPF", "root"),
    ("recoverableitemsroot", "Recoverable Items", "IPF", "root"),
    ("searchfolders", "Finder", "IPF", "root"),
    ("inbox", "Inbox", "IPF.Note", "msgfolderroot"),
    ("outbox", "Outbox", "IPF.Note", "msgfolderroot"),
    ("sentitems", "Sent Items", "IPF.Note", "msgfolderroot"),
    ("deleteditems", "Deleted Items", "IPF.Note", "msgfolderroot"),
    ("drafts", "Drafts", "IPF.Note", "msgfolderroot"),
    ("junkemail", "Junk Email", "IPF.Note", "msgfolderroot"),
    ("calendar", "Calendar", "IPF.Appointment", "msgfolderroot"),
    ("contacts", "Contacts", "IPF.Contact", "msgfolderroot"),
    ("tasks", "Tasks", "IPF.Task", "msgfolderroot"),
    ("notes", "Notes", "IPF.StickyNote", "msgfolderroot"),
    ("journal", "Journal", "IPF.Journal", "msgfolderroot"),
    ("recoverableitemsdeletions", "Deletions", "IPF.Note", "recoverableitemsroot"),
    ("recoverableitemsversions", "Versions", "IPF.Note", "recoverableitemsroot"),
    ("recoverableitemspurges", "Purges", "IPF.Note", "recoverableitemsroot"),
)
"""Distinguished id, display name, container class and parent of the folders of a new mailbox."""


class Mailbox:
    """A person's or a resource's mailbox.

    Attributes:
        guid: Its id in the directory; the same for the same seed and address.
        primary_smtp_address: The address that identifies it.
        display_name: Name as others see it.
        proxy_addresses: Further addresses that deliver here.
        sid: Security identifier of its user.
        folders: All folders by number.
        last_change: The newest change number.
        generation: Sync states of an earlier generation are refused.
        delegates: Accounts with full access, by primary address.
        on_change: Is told what happens, with the lock held.
        now: The clock, for the times of changes.
        change_marks: What folders say about when they changed: ``honest``, ``constant`` (never changes), ``absent``.
    """

    def __init__(self, guid: UUID, primary_smtp_address: str, display_name: str, *, sid: str) -> None:
        self.guid = guid
        self.primary_smtp_address = primary_smtp_address
        self.display_name = display_name
        self.proxy_addresses: set[str] = set()
        self.sid = sid
        self.folders: dict[int, Folder] = {}
        self.last_change = 0
        self.generation = 1
        self.delegates: set[str] = set()
        self.on_change: Callable[[Mailbox, MailboxEvent], None] | None = None
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.change_marks: Literal["honest", "constant", "absent"] = "honest"
        self._last_item = 0
        self._messages: dict[int, StoredMessage] = {}
        self._source: MailSource | None = None
        self._seeded: range = range(0)
        self._seeded_folder = 0
        self._deleted: set[int] = set()
        self._distinguished: dict[str, Folder] = {}
        for distinguished_id, name, folder_class, parent in DISTINGUISHED_FOLDERS:
            number = self._distinguished[parent].number if parent else None
            self._distinguished[distinguished_id] = self._add_folder(
                name, folder_class, number, distinguished_id
            )

    def _next_change(self) -> int:
        self.last_change += 1
        return self.last_change

    def _tell(self, event: MailboxEvent) -> None:
        """Note that something happened to an item, and tell it; the folder's own event follows, as on a real server."""
        folder = self.folders[event.folder]
        folder.committed = self.now()
        if self.on_change is None:
            return
        self.on_change(self, event)
        if event.item:
            self.on_change(self, MailboxEvent(EventKind.MODIFIED, event.folder))

    def _add_folder(
        self, name: str, folder_class: str, parent: int | None, distinguished: str | None
    ) -> Folder:
        folder = Folder(len(self.folders) + 1, parent, name, folder_class, distinguished, self._next_change())
        self.folders[folder.number] = folder
        return folder

    def create_folder(
        self, display_name: str, *, parent: str = "msgfolderroot", folder_class: str = "IPF.Note"
    ) -> Folder:
        """Add an ordinary folder below a distinguished one."""
        folder = self._add_folder(display_name, folder_class, self.distinguished_folder(parent).number, None)
        self._tell(MailboxEvent(EventKind.CREATED, folder.number))
        return folder

    def distinguished_folder(self, distinguished_id: str) -> Folder:
        """Return a folder by its ``DistinguishedFolderId``.

        Raises:
            EwsError: ``ErrorFolderNotFound``: this mailbox has no such folder.
        """
        try:
            return self._distinguished[distinguished_id]
        except KeyError:
            raise EwsError("ErrorFolderNotFound") from None

    def folder(self, number: int) -> Folder:
        """Return a folder by number.

        Raises:
            EwsError: ``ErrorItemNotFound``, as a real server answers for a folder that is gone.
        """
        try:
            return self.folders[number]
        except KeyError:
            raise EwsError("ErrorItemNotFound") from None

    @property
    def inbox(self) -> Folder:
        """The folder that mail is delivered into."""
        return self._distinguished["inbox"]

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

    def put(
        self, mime: bytes, received: datetime, *, folder: Folder | None = None, is_read: bool = False
    ) -> StoredMessage:
        """Store a message in a folder, the Inbox if none is given."""
        message = self._store(mime, received, folder or self.inbox, is_read=is_read)
        self._tell(MailboxEvent(EventKind.CREATED, message.folder, message.item))
        return message

    def receive(self, mime: bytes, received: datetime) -> StoredMessage:
        """Store a message that was delivered."""
        message = self.put(mime, received)
        if self.on_change is not None:
            self.on_change(self, MailboxEvent(EventKind.NEW_MAIL, message.folder, message.item))
        return message

    def _store(self, mime: bytes, received: datetime, into: Folder, *, is_read: bool) -> StoredMessage:
        self._last_item += 1
        change = self._next_change()
        message = StoredMessage(self._last_item, into.number, mime, received, change, change, change, is_read)
        self._messages[message.item] = message
        into.items.append(message.item)
        into.is_in_order = into.is_in_order and (into.newest is None or received >= into.newest)
        into.newest = received if into.newest is None else max(into.newest, received)
        into.unread += not is_read
        return message

    def message(self, item: int) -> StoredMessage:
        """Return a message by item number.

        Raises:
            EwsError: ``ErrorItemNotFound``: deleted, moved away or never there.
        """
        stored = self._messages.get(item)
        if stored is not None:
            return stored
        if item in self._seeded and item not in self._deleted and self._source is not None:
            received = self._source.received(self.primary_smtp_address, item)
            return StoredMessage(item, self._seeded_folder, None, received, 0, 0, 0)
        raise EwsError("ErrorItemNotFound")

    def mime(self, message: StoredMessage) -> bytes:
        """Return the MIME of a message."""
        if message.mime is not None:
            return message.mime
        if self._source is None:
            raise LookupError(message.item)
        return self._source.mime(self.primary_smtp_address, message.item)

    def item_id(self, message: StoredMessage) -> str:
        """Return the ``ItemId@Id`` of a message."""
        return identifiers.encode(Identifier(self.guid, message.folder, message.item))

    def change_key(self, message: StoredMessage) -> str:
        """Return the ``ItemId@ChangeKey`` of a message."""
        return identifiers.item_change_key(self.guid, message.change)

    def mark_read(self, item: int, *, is_read: bool = True) -> None:
        """Set or clear the read flag; nothing happens where it is so already."""
        message = self.message(item)
        if message.is_read == is_read:
            return
        message.is_read = is_read
        message.read_change = self._next_change()
        self._messages[item] = message
        folder = self.folders[message.folder]
        folder.unread += -1 if is_read else 1
        folder.log.append(LogEntry(message.read_change, item, ChangeKind.READ_FLAG))
        self._tell(MailboxEvent(EventKind.MODIFIED, message.folder, item))

    def edit(
        self, item: int, *, subject: str | None = None, extended: dict[tuple[str, str], str] | None = None
    ) -> None:
        """Change a message in place: another subject, or values of extended properties."""
        message = self.message(item)
        if subject is not None:
            message.subject = subject
        if extended is not None:
            message.extended = {**(message.extended or {}), **extended}
        message.content_change = self._next_change()
        self._messages[item] = message
        self.folders[message.folder].log.append(LogEntry(message.content_change, item, ChangeKind.CONTENT))
        self._tell(MailboxEvent(EventKind.MODIFIED, message.folder, item))

    def delete(self, item: int) -> None:
        """Remove a message for good."""
        message = self.message(item)
        self._remove(message)
        self._tell(MailboxEvent(EventKind.DELETED, message.folder, item))

    def move(self, item: int, folder: Folder) -> StoredMessage:
        """Move a message; what arrives has a new item number and so a new id."""
        message = self.message(item)
        mime = message.mime
        if mime is None and self._source is not None:
            mime = self._source.mime(self.primary_smtp_address, item)
        self._remove(message)
        moved = self._store(mime or b"", message.received, folder, is_read=message.is_read)
        moved.subject, moved.extended = message.subject, message.extended
        moved.origin = message.origin or message.item
        self._tell(MailboxEvent(EventKind.MOVED, folder.number, moved.item, message.folder, item))
        return moved

    def _remove(self, message: StoredMessage) -> None:
        folder = self.folders[message.folder]
        folder.items.pop(bisect_left(folder.items, message.item))
        folder.unread -= not message.is_read
        folder.deleted_total += 1
        folder.committed = self.now()
        self._messages.pop(message.item, None)
        if message.item in self._seeded:
            self._deleted.add(message.item)
        folder.log.append(LogEntry(self._next_change(), message.item, ChangeKind.DELETE))

    def items_by_arrival(self, folder: Folder) -> Sequence[int]:
        """Return the item numbers of a folder, the oldest delivery first."""
        if folder.is_in_order:
            return folder.items
        return sorted(folder.items, key=lambda item: self.message(item).received)

    @property
    def last_item(self) -> int:
        """The newest item number that was given out."""
        return self._last_item

    def invalidate_sync_states(self) -> None:
        """Refuse all sync states given out so far, as after a restore of the mailbox."""
        self.generation += 1
