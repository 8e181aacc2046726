"""The identity of a meeting in all mailboxes: UID, GlobalObjectId and CleanGlobalObjectId (MS-OXOCAL 2.2.1.27)."""

import struct
import uuid
from datetime import date

_HEAD = bytes.fromhex("040000008200E00074C5B7101A82E008")
_FOREIGN = b"vCal-Uid\x01\x00\x00\x00"


def new_uid() -> str:
    """Return the UID of a new appointment, in the form of those that Exchange makes."""
    return (_HEAD + bytes(20) + struct.pack("<I", 16) + uuid.uuid4().bytes).hex().upper()


def global_object_id(uid: str, day: date | None = None) -> bytes:
    """Return the GlobalObjectId of a UID.

    Args:
        uid: The UID; one that is not of Exchange's form is wrapped.
        day: The day on which an occurrence would have been; ``None`` gives the CleanGlobalObjectId.
    """
    try:
        found = bytes.fromhex(uid)
    except ValueError:
        found = b""
    if not found.startswith(_HEAD) or len(found) < 40:
        data = _FOREIGN + uid.encode() + b"\x00"
        found = _HEAD + bytes(20) + struct.pack("<I", len(data)) + data
    stamp = bytes(4) if day is None else struct.pack(">HBB", day.year, day.month, day.day)
    return found[:16] + stamp + found[20:]


def uid_of(global_id: bytes) -> str:
    """Return the UID that a GlobalObjectId or CleanGlobalObjectId stands for."""
    start = global_id.find(_FOREIGN)
    if start >= 0:
        return global_id[start + len(_FOREIGN) :].split(b"\x00")[0].decode("utf-8", "replace")
    return (global_id[:16] + bytes(4) + global_id[20:]).hex().upper()
