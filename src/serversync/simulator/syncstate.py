"""What changed in a folder since the client last asked, and the opaque state that remembers it.

A state says three things: up to which change number the client knows everything about the items it has been
told of (``known``), up to which item number new items have been noticed (``top``), and which ranges of item
numbers are still to be told (``unseen``, newest first). At each call the changes of known items come first,
then unseen items from the newest down; so nothing is lost when the folder changes between two pages.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from enum import Enum

from serversync.simulator.foldertree import ChangeKind, Folder, LogEntry
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem

_HEAD = struct.Struct(">4s16sIIQQI")
_RANGE = struct.Struct(">QQ")
_MAGIC = b"SFI\x01"
_SEAL_SIZE = 16


class SyncChange(Enum):
    """The element that announces a change."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    READ_FLAG_CHANGE = "ReadFlagChange"


@dataclass(frozen=True, slots=True)
class Change:
    """One change to announce.

    Attributes:
        kind: How it is announced.
        item: Item number.
        stored: The item as it is now; ``None`` where it was deleted.
    """

    kind: SyncChange
    item: int
    stored: StoredItem | None


@dataclass(frozen=True, slots=True)
class SyncState:
    """What a client knows of a folder."""

    known: int
    top: int
    unseen: tuple[tuple[int, int], ...]

    def has_seen(self, item: int) -> bool:
        """Whether the client has been told of an item number."""
        return item <= self.top and not any(low <= item <= high for low, high in self.unseen)


def seal(state: SyncState, mailbox: Mailbox, folder: Folder, secret: bytes) -> str:
    """Return the state as the client carries it."""
    body = _HEAD.pack(
        _MAGIC,
        mailbox.guid.bytes,
        mailbox.generation,
        folder.number,
        state.known,
        state.top,
        len(state.unseen),
    ) + b"".join(_RANGE.pack(low, high) for low, high in state.unseen)
    return base64.b64encode(body + _signature(body, secret)).decode()


def _signature(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)[:_SEAL_SIZE]


def unseal(value: str, mailbox: Mailbox, folder: Folder, secret: bytes) -> SyncState:
    """Read a state back.

    Raises:
        EwsError: ``ErrorInvalidSyncStateData``: damaged, of another folder or mailbox, or no longer valid.
    """
    invalid = EwsError("ErrorInvalidSyncStateData")
    try:
        raw = base64.b64decode(value, validate=True)
        body, signature = raw[:-_SEAL_SIZE], raw[-_SEAL_SIZE:]
        if not hmac.compare_digest(signature, _signature(body, secret)):
            raise invalid
        magic, guid, generation, number, known, top, ranges = _HEAD.unpack_from(body)
        unseen = tuple(_RANGE.unpack_from(body, _HEAD.size + index * _RANGE.size) for index in range(ranges))
    except (binascii.Error, struct.error, ValueError) as problem:
        raise invalid from problem
    here = (_MAGIC, mailbox.guid.bytes, mailbox.generation, folder.number)
    if (magic, guid, generation, number) != here or known > mailbox.last_change:
        raise invalid
    return SyncState(known, top, unseen)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a client wants to be told.

    Attributes:
        with_associated: Whether hidden items as well.
        is_newest_first: The order of items that are new to the client; servers before 2010 SP2 begin with
            the oldest.
    """

    with_associated: bool = False
    is_newest_first: bool = True


def changes_since(
    state: SyncState | None, mailbox: Mailbox, folder: Folder, limit: int, scope: Scope = Scope()
) -> tuple[list[Change], SyncState, bool]:
    """Return up to ``limit`` changes, the state after them, and whether these were the last."""
    if state is None:
        state = SyncState(mailbox.last_change, 0, ())
    changes: list[Change] = []
    updated: set[int] = set()
    known = state.known
    for entry in folder.log_after(state.known):
        if len(changes) >= limit:
            return changes, SyncState(known, state.top, state.unseen), False
        known = entry.change
        if entry.is_associated and not scope.with_associated:
            continue
        if state.has_seen(entry.item) and (change := _announce(entry, mailbox, updated)):
            changes.append(change)
    unseen = list(state.unseen)
    if mailbox.last_item > state.top:
        unseen.insert(0, (state.top + 1, mailbox.last_item))
    is_done = _tell_unseen(changes, unseen, mailbox, folder, limit, scope)
    return changes, SyncState(mailbox.last_change, mailbox.last_item, tuple(unseen)), is_done


def _tell_unseen(
    changes: list[Change],
    unseen: list[tuple[int, int]],
    mailbox: Mailbox,
    folder: Folder,
    limit: int,
    scope: Scope,
) -> bool:
    """Add items that are new to the client until the limit is reached, and take them out of ``unseen``."""
    place = 0 if scope.is_newest_first else -1
    while unseen:
        low, high = unseen[place]
        walk = folder.items_descending if scope.is_newest_first else folder.items_ascending
        for item in walk(low, high, associated=scope.with_associated):
            if len(changes) >= limit:
                return False
            changes.append(Change(SyncChange.CREATE, item, mailbox.item(item)))
            unseen[place] = (low, item - 1) if scope.is_newest_first else (item + 1, high)
        unseen.pop(place)
    return True


def _announce(entry: LogEntry, mailbox: Mailbox, updated: set[int]) -> Change | None:
    if entry.kind is ChangeKind.DELETE:
        return Change(SyncChange.DELETE, entry.item, None)
    try:
        item = mailbox.item(entry.item)
    except EwsError:
        return None
    if entry.kind is ChangeKind.CONTENT:
        if item.content_change != entry.change:
            return None
        updated.add(entry.item)
        return Change(SyncChange.UPDATE, entry.item, item)
    is_stale = item.read_change != entry.change or item.content_change > entry.change
    if is_stale or entry.item in updated:
        return None
    return Change(SyncChange.READ_FLAG_CHANGE, entry.item, item)
