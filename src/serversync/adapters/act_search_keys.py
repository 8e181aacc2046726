"""The search key of an item (PidTagSearchKey): kept when it is moved or restored, and shared with its copies.

It is 16 bytes in Exchange, as many as an id; where it is something else, its digest stands for it. Asking for it costs as
much as for any other property, and so it is asked for only where it may say something (``engine.act_identity``).
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from serversync.adapters.stamps import RECORD_STAMP
from serversync.exchange.types.fields import ExtendedFieldURI
from serversync.exchange.types.item import Item
from serversync.exchange.types.restriction import AllOf, Exists, Not, Restriction, is_equal_to
from serversync.exchange.types.shapes import ItemShape

SEARCH_KEY: Final = ExtendedFieldURI(property_type="Binary", property_tag=0x300B)
_LENGTH: Final = 16


@lru_cache(maxsize=16)
def with_search_key(shape: ItemShape) -> ItemShape:
    """Return the shape that asks for the search key too."""
    return replace(shape, additional_properties=(*shape.additional_properties, SEARCH_KEY))


def search_key_of(item: Item) -> UUID | None:
    """Return the search key of an item, or its digest; ``None`` where the item says none."""
    key = item.extended_properties.get(SEARCH_KEY)
    return _compact(key) if isinstance(key, bytes) and key else None


def _compact(key: bytes) -> UUID:
    """Return a key as an id.

    >>> _compact(bytes(range(16)))
    UUID('00010203-0405-0607-0809-0a0b0c0d0e0f')
    >>> _compact(b"SMTP:ADA@EXAMPLE.ORG")
    UUID('fe2d5c73-6385-ae29-f00c-dd127091858d')
    """
    return UUID(bytes=key if len(key) == _LENGTH else sha256(key).digest()[:_LENGTH])


def has_key_and_no_stamp(search_key: UUID) -> Restriction:
    """Return the condition that an item has a search key and says of no record that it is this one."""
    return AllOf((Not(Exists(RECORD_STAMP)), is_equal_to(SEARCH_KEY, search_key.bytes)))
