"""MAPI properties of an item, asked for and set by tag or by name.

A property that EWS also shows as an element has one value only: setting either is seen through both. What no
table knows is kept as it was set.
"""

import base64
import uuid
from collections.abc import Callable, Iterator

from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import BASE64, BOOLEAN, DECIMAL, TIME, read_int
from serversync.simulator.response import EwsError, SoapFault
from serversync.simulator.shape import ExtendedField
from serversync.simulator.storeditem import ExtendedValue, StoredItem
from serversync.simulator.xmltext import boolean, timestamp

INTERNET_HEADERS = "00020386-0000-0000-c000-000000000046"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _address_of(view: ItemView, uri: str) -> str | None:
    found = view.get(uri)
    return found.address if found else None


def _name_of(view: ItemView, uri: str) -> str | None:
    found = view.get(uri)
    return (found.name or found.address) if found else None


def _message_flags(view: ItemView) -> int:
    """PidTagMessageFlags: read, unsent, has attachments, associated."""
    item = view.item
    return (
        int(item.is_read)
        | (0x08 if item.is_draft else 0)
        | (0x10 if view.attachments else 0)
        | (0x40 if item.is_associated else 0)
    )


_TAGS: dict[int, Callable[[ItemView], str | None]] = {
    0x003D: lambda view: view.subject[: len(view.subject) - len(view.conversation_topic)] or None,
    0x0042: lambda view: _name_of(view, "message:From"),
    0x0064: lambda view: "SMTP" if view.get("message:From") else None,
    0x0065: lambda view: _address_of(view, "message:From"),
    0x007D: lambda view: view.content.transport_message_headers or None,
    0x0C1A: lambda view: _name_of(view, "message:Sender"),
    0x0C1E: lambda view: "SMTP" if view.get("message:Sender") else None,
    0x0C1F: lambda view: _address_of(view, "message:Sender"),
    0x0E07: lambda view: str(_message_flags(view)),
    0x0E08: lambda view: str(view.size),
    0x0E1B: lambda view: boolean(view.attachments),
    0x0E1D: lambda view: view.conversation_topic or None,
    0x0E23: lambda view: str(view.item.number),
    0x0E69: lambda view: boolean(view.item.is_read),
    0x0FF9: lambda view: _base64(view.entry_id),
    0x0FFF: lambda view: _base64(view.entry_id),
    0x1013: lambda view: _base64(view.bodies[0].encode("utf-8", "replace")) if view.bodies[0] else None,
    0x3007: lambda view: timestamp(view.item.created or view.item.received),
    0x3008: lambda view: timestamp(view.item.modified or view.item.received),
    0x300B: lambda view: _base64(view.search_key),
    0x3FFA: lambda view: view.item.modifier or view.mailbox.display_name,
    0x5D01: lambda view: _address_of(view, "message:Sender"),
    0x5D02: lambda view: _address_of(view, "message:From"),
    0x65E0: lambda view: _base64(view.mailbox.guid.bytes + view.item.number.to_bytes(6, "big")),
    0x65E3: lambda view: _base64(_predecessors(view)),
    0x65E2: lambda view: _base64(view.mailbox.guid.bytes + view.item.change.to_bytes(6, "big")),
    0x670E: lambda view: str(view.item.number),
}
"""Properties that follow from the item, by tag."""


def _predecessors(view: ItemView) -> bytes:
    """Return PidTagPredecessorChangeList: one store knows of one change, behind the length of both."""
    change = view.mailbox.guid.bytes + view.item.change.to_bytes(6, "big")
    return bytes((len(change),)) + change


def extended_value(view: ItemView, wanted: ExtendedField) -> ExtendedValue | None:
    """Return the value of an extended property, or ``None`` where the item has none of this type."""
    stored = (view.item.extended or {}).get(wanted.key)
    if stored is not None:
        return stored if stored.kind == wanted.kind else None
    text = _of_kind(view, wanted)
    if text is not None:
        return ExtendedValue(wanted.kind, text)
    known = view.kind.by_mapi.get(wanted.key)
    if known is not None:
        return _of_property(view.get(known.uri), known.form.mapi, wanted)
    if wanted.tag is not None:
        pick = _TAGS.get(wanted.tag)
        found = pick(view) if pick else None
        return None if found is None else ExtendedValue(wanted.kind, found)
    if wanted.is_internet_header:
        name = wanted.name.lower()
        headers = view.content.internet_message_headers
        found = next((value for header, value in headers if header.lower() == name), None)
        return None if found is None else ExtendedValue(wanted.kind, found)
    return None


def _of_kind(view: ItemView, wanted: ExtendedField) -> str | None:
    """Return what follows from the kind of the item: a derived value, or an entry of a property."""
    derived = view.kind.derived.get(wanted.key)
    if derived is not None:
        return derived(view)
    entry = view.kind.entries.get(wanted.key)
    if entry is None:
        return None
    uri, key, part = entry
    held = (view.get(uri) or {}).get(key)
    return (held.get(part) if part and held else held) or None


def _of_property(
    value: object, mapi: Callable[[object], str | None], wanted: ExtendedField
) -> ExtendedValue | None:
    if isinstance(value, tuple):
        return ExtendedValue(wanted.kind, tuple(str(one) for one in value)) if wanted.is_multiple else None
    text = mapi(value)
    if text is None:
        return None
    return ExtendedValue(wanted.kind, (text,) if wanted.is_multiple else text)


def internet_headers(item: StoredItem) -> Iterator[tuple[str, str]]:
    """Yield the headers that were set as extended properties."""
    for (group, name), found in (item.extended or {}).items():
        if group == INTERNET_HEADERS and isinstance(found.value, str):
            yield found.name or name, found.value


def _clsid(value: str) -> str:
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise EwsError("ErrorInvalidExtendedPropertyValue") from None


def _whole(value: str) -> str:
    return str(read_int(value))


def _long(value: str) -> str:
    return str(read_int(value, bits=64))


_CANONICAL: dict[str, Callable[[str], str]] = {
    "Boolean": lambda value: boolean(BOOLEAN.parse(value)),
    "Binary": lambda value: _base64(BASE64.parse(value)),
    "SystemTime": lambda value: timestamp(TIME.parse(value)),
    "ApplicationTime": lambda value: f"{DECIMAL.parse(value):g}",
    "Double": lambda value: repr(DECIMAL.parse(value)),
    "Float": lambda value: repr(DECIMAL.parse(value)),
    "Integer": _whole,
    "Short": _whole,
    "Long": _long,
    "Currency": _long,
    "CLSID": _clsid,
    "String": str,
}


def canonical(field: ExtendedField, values: list[str]) -> ExtendedValue:
    """Return a value of an extended property in the form in which it is kept.

    Raises:
        EwsError: ``ErrorInvalidExtendedPropertyValue`` or ``ErrorUnsupportedMapiPropertyType``.
    """
    kind = field.kind
    change = _CANONICAL.get(kind.removesuffix("Array"))
    if change is None:
        raise EwsError("ErrorUnsupportedMapiPropertyType")
    try:
        found = [change(value) for value in values]
    except SoapFault as problem:
        raise EwsError("ErrorInvalidExtendedPropertyValue") from problem
    if field.is_multiple:
        return ExtendedValue(kind, tuple(found), field.name)
    return ExtendedValue(kind, found[0] if found else "", field.name)


def comparable(kind: str, text: str) -> object:
    """Return what restrictions and sort orders compare for a text of a MAPI type."""
    word = kind.removesuffix("Array")
    if word in {"Integer", "Short", "Long", "Currency"}:
        return read_int(text, bits=64)
    if word in {"Double", "Float", "ApplicationTime"}:
        return DECIMAL.parse(text)
    if word == "Boolean":
        return BOOLEAN.parse(text)
    if word == "SystemTime":
        return TIME.parse(text)
    if word == "Binary":
        return BASE64.parse(text)
    return text
