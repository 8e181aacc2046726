"""Keys of records: made of digests, or random, many at a time and cheaply.

``uuid.UUID`` checks and converts its argument for longer than a digest takes to work out; a pass makes
several keys for every message.
"""

import os
from collections.abc import Iterator
from hashlib import sha1, sha256
from uuid import UUID, SafeUUID

_VARIANT_MASK, _VARIANT = 0xC000 << 48, 0x8000 << 48
_VERSION_MASK, _VERSION_4, _VERSION_5, _VERSION_8 = 0xF000 << 64, 4 << 76, 5 << 76, 8 << 76
_RANDOM_BITS = ~_VARIANT_MASK & ~_VERSION_MASK & (1 << 128) - 1
_FIXED_BITS = _VARIANT | _VERSION_4
_UNKNOWN = SafeUUID.unknown
_new = UUID.__new__
# The slots themselves: ``UUID.__setattr__`` refuses, and looking for the way around it costs as much as the rest.
_set_number = UUID.__dict__["int"].__set__
_set_safety = UUID.__dict__["is_safe"].__set__


def uuid_of(number: int) -> UUID:
    """Return the UUID with this number (0 to 2**128 - 1), unchecked.

    >>> uuid_of(258) == UUID(int=258)
    True
    """
    key = _new(UUID)
    _set_number(key, number)
    _set_safety(key, _UNKNOWN)
    return key


def random_uuids(count: int) -> Iterator[UUID]:
    """Yield ``count`` random UUIDs (version 4); one call to the operating system serves them all."""
    noise = os.urandom(16 * count)
    for start in range(0, len(noise), 16):
        number = int.from_bytes(noise[start : start + 16], "big")
        yield uuid_of(number & _RANDOM_BITS | _FIXED_BITS)


def named_uuid(namespace: UUID, name: str) -> UUID:
    """Return the UUID of version 5 of a name in a name space.

    >>> from uuid import uuid5
    >>> named_uuid(UUID(int=1), "Grace") == uuid5(UUID(int=1), "Grace")
    True
    """
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return uuid_of(int.from_bytes(digest[:16], "big") & _RANDOM_BITS | _VARIANT | _VERSION_5)


def pass_id(of: UUID, fence: int) -> UUID:
    """Return the id of one pass: of a mailbox, or of an e-mail that is sent, under the claim with this fence.

    A claim has a fence of its own, so no two passes have the same id, and every process finds the same one. It is
    the UUID of version 5 of the fence in the name space of the mailbox, as ``uuid.uuid5`` makes it.

    >>> from uuid import uuid5
    >>> pass_id(UUID(int=1), 7) == uuid5(UUID(int=1), "7") != pass_id(UUID(int=1), 8)
    True
    """
    return named_uuid(of, str(fence))


def content_id(content: bytes) -> UUID:
    """Return the id of a file that follows from its content: the first bits of its SHA-256, as a UUID of version 8.

    >>> content_id(b"a") == content_id(b"a") != content_id(b"b"), content_id(b"a").version
    (True, 8)
    """
    number = int.from_bytes(sha256(content).digest()[:16], "big")
    return uuid_of(number & _RANDOM_BITS | _VARIANT | _VERSION_8)
