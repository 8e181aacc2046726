"""MAPI properties of a message, asked for by tag or by name."""

import base64
from collections.abc import Callable

from serversync.simulator.itemview import ItemView
from serversync.simulator.shape import ExtendedField
from serversync.simulator.xmltext import boolean, timestamp


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _address_of(view: ItemView, *, sender: bool) -> str | None:
    found = view.content.sender if sender else view.content.from_
    return found.address if found else None


_TAGS: dict[int, Callable[[ItemView], str | None]] = {
    0x001A: lambda view: view.content.item_class,
    0x0037: lambda view: view.subject,
    0x0039: lambda view: timestamp(view.content.date_time_sent or view.message.received),
    0x0070: lambda view: view.content.conversation_topic or None,
    0x0071: lambda view: _base64(view.conversation_index),
    0x007D: lambda view: view.content.transport_message_headers,
    0x0E06: lambda view: timestamp(view.message.received),
    0x0E07: lambda view: str(int(view.message.is_read) | (0x10 if view.content.attachments else 0)),
    0x0E08: lambda view: str(len(view.mime)),
    0x0E1B: lambda view: boolean(view.content.attachments),
    0x0FFF: lambda view: _base64(view.entry_id),
    0x1035: lambda view: view.content.internet_message_id or None,
    0x1039: lambda view: view.content.references or None,
    0x1042: lambda view: view.content.in_reply_to or None,
    0x3007: lambda view: timestamp(view.message.received),
    0x3008: lambda view: timestamp(view.message.received),
    0x300B: lambda view: _base64(view.search_key),
    0x5D01: lambda view: _address_of(view, sender=True),
    0x5D02: lambda view: _address_of(view, sender=False),
}


def extended_value(view: ItemView, wanted: ExtendedField) -> str | None:
    """Return the value of an extended property as text, or ``None`` where the message has none."""
    tag = wanted.tag
    if tag is not None:
        pick = _TAGS.get(tag & 0xFFFF if tag <= 0xFFFF else tag >> 16)
        return pick(view) if pick else None
    stored = (view.message.extended or {}).get(wanted.key)
    if stored is None and wanted.is_internet_header:
        name = wanted.name.lower()
        return next(
            (value for header, value in view.content.internet_message_headers if header.lower() == name), None
        )
    return stored
