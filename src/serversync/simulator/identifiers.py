"""Identifiers as Exchange gives them out: base64, opaque, case-sensitive, different after every move.

An id names its mailbox, folder and item and ends with a check sum, so that a truncated or lower-cased id is
told apart (``ErrorInvalidIdMalformed``) from one whose item is gone (``ErrorItemNotFound``).
"""

import base64
import binascii
import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from serversync.simulator.response import EwsError

_MARK = b"\x00\x03\x24\x00"
_LAYOUT = struct.Struct(">36sQQ")
_FOREIGN = (b"\x00\x2e", b"\x00\x46")
_ITEM_KEY = b"\x09\x00\x00\x00\x16\x00\x00\x00"
_FOLDER_KEY = b"\x01\x00\x00\x00\x16\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Identifier:
    """The content of an id.

    Attributes:
        mailbox: The mailbox's guid.
        folder: Number of the folder in the mailbox.
        item: Number of the item in the mailbox; 0 for the folder itself.
        attachment: Position of the attachment inside the item, one number for each level of nesting.
        occurrence: Which occurrence of the item, by the ordinal of its day; 0 for the item itself.
    """

    mailbox: UUID
    folder: int
    item: int = 0
    attachment: tuple[int, ...] = ()
    occurrence: int = 0


def encode(identifier: Identifier) -> str:
    """Return the id that a client sees."""
    return _encode(
        str(identifier.mailbox).encode(),
        identifier.folder,
        identifier.item,
        identifier.attachment,
        identifier.occurrence,
    )


def _encode(mailbox: bytes, folder: int, item: int, attachment: tuple[int, ...], occurrence: int) -> str:
    body = _MARK + _LAYOUT.pack(mailbox, folder, item) + bytes((len(attachment),))
    for position in attachment:
        body += struct.pack(">H", position)
    if occurrence:
        body += struct.pack(">I", occurrence)
    return base64.b64encode(body + struct.pack(">I", zlib.crc32(body))).decode()


@lru_cache(maxsize=4096)
def decode(value: str) -> Identifier:
    """Read an id back.

    Raises:
        EwsError: ``ErrorInvalidIdEmpty``; ``ErrorInvalidIdMalformed``: not an id; ``ErrorItemNotFound``: an id in
            the form of other servers.
    """
    if not value:
        raise EwsError("ErrorInvalidIdEmpty")
    try:
        raw = base64.b64decode(value, validate=True)
        if raw.startswith(_MARK) and raw[40:42] in _FOREIGN and len(raw) == 43 + raw[41]:
            raise EwsError("ErrorItemNotFound")
        body, (check,) = raw[:-4], struct.unpack(">I", raw[-4:])
        if not body.startswith(_MARK) or zlib.crc32(body) != check:
            raise EwsError("ErrorInvalidIdMalformed")
        mailbox, folder, item = _LAYOUT.unpack_from(body, len(_MARK))
        depth = body[len(_MARK) + _LAYOUT.size]
        positions = struct.unpack_from(f">{depth}H", body, len(_MARK) + _LAYOUT.size + 1)
        end = len(_MARK) + _LAYOUT.size + 1 + 2 * depth
        (occurrence,) = struct.unpack(">I", body[end:]) if len(body) > end else (0,)
        return Identifier(UUID(mailbox.decode()), folder, item, positions, occurrence)
    except (binascii.Error, struct.error, ValueError, IndexError) as problem:
        raise EwsError("ErrorInvalidIdMalformed") from problem


def item_change_key(mailbox: UUID, change: int) -> str:
    """Return the ChangeKey of an item in its state after change number ``change``."""
    return base64.b64encode(_ITEM_KEY + mailbox.bytes + struct.pack(">Q", change)).decode()


def folder_change_key(mailbox: UUID, change: int) -> str:
    """Return the ChangeKey of a folder in its state after change number ``change``."""
    return base64.b64encode(_FOLDER_KEY + mailbox.bytes + struct.pack(">Q", change)).decode()


def search_key(mailbox: UUID, number: int) -> bytes:
    """Return PidTagSearchKey of what was delivered into a mailbox with a number."""
    return hashlib.md5(mailbox.bytes + number.to_bytes(8, "big"), usedforsecurity=False).digest()


_ENTRY = struct.Struct(">4x16sHQQ")
_FOLDER_TYPE, _ITEM_TYPE = 1, 7


def entry_id(identifier: Identifier) -> bytes:
    """Return PidTagEntryId: the store's own id of a folder or item."""
    kind = _ITEM_TYPE if identifier.item else _FOLDER_TYPE
    return _ENTRY.pack(identifier.mailbox.bytes, kind, identifier.folder, identifier.item)


def from_entry_id(value: bytes) -> Identifier:
    """Read a PidTagEntryId back.

    Raises:
        EwsError: ``ErrorInvalidIdMalformed``.
    """
    try:
        mailbox, kind, folder, item = _ENTRY.unpack(value)
    except struct.error:
        raise EwsError("ErrorInvalidIdMalformed") from None
    if kind != (_ITEM_TYPE if item else _FOLDER_TYPE):
        raise EwsError("ErrorInvalidIdMalformed")
    return Identifier(UUID(bytes=mailbox), folder, item)


def change_of(change_key: str) -> tuple[UUID, int]:
    """Return the mailbox and the change number of a ChangeKey.

    Raises:
        EwsError: ``ErrorInvalidChangeKey``: not one of this server.
    """
    try:
        raw = base64.b64decode(change_key, validate=True)
        mailbox, change = UUID(bytes=raw[8:24]), int(struct.unpack(">Q", raw[24:])[0])
    except (binascii.Error, struct.error, ValueError):
        raise EwsError("ErrorInvalidChangeKey") from None
    if not raw.startswith((_ITEM_KEY, _FOLDER_KEY)):
        raise EwsError("ErrorInvalidChangeKey")
    return mailbox, change
