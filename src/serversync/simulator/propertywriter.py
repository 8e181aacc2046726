"""Writes single properties of items as clients send them: elements, entries, extended properties, MIME."""

import base64
import binascii
from datetime import UTC, datetime, tzinfo
from typing import Any

from lxml import etree

from serversync.simulator.extended import canonical
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import BOOLEAN
from serversync.simulator.kinds.property import Access, ItemKind, Property
from serversync.simulator.kinds.registry import kind_of
from serversync.simulator.mime import parse_message
from serversync.simulator.response import EwsError
from serversync.simulator.shape import ExtendedField, T, extended_field, is_true
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema

_FIXED = frozenset(
    {"item:ItemClass", "message:IsRead", "item:MimeContent", "item:Attachments", "item:Culture"}
)
_PLAIN = frozenset({"Item", "Message"})
_MESSAGE_FLAGS, _READ = ("tag", "0e07"), ("tag", "0e69")
_CUT_AT = {"item:Subject": 255}
_REFUSED_BEYOND = {"contacts:GivenName": 255, "contacts:MiddleName": 255, "contacts:Surname": 255}
"""How many characters of a text are kept, and beyond how many it is refused (exchangelib's own tests, on real servers)."""


class PropertyWriter:
    """Writes properties of one item.

    Attributes:
        item: The item as it becomes; a copy of its own.
        kind: What kind of item it is.
        changed: The field URIs that were set or deleted so far; ``ExtendedProperty`` for extended ones.

    Args:
        item: The item, which must not be that of the store.
        kind: What kind of item it is.
        schema: The schema step of the request.
        now: The time.
        view: The item as it was; ``None`` for a new one.
        zone: What times without a zone are meant in, where the item does not say it.
        server: The schema step of the server; that of the request where it is not given.
    """

    def __init__(
        self,
        item: StoredItem,
        kind: ItemKind,
        schema: Schema,
        now: datetime,
        view: ItemView | None = None,
        zone: tzinfo | None = None,
        *,
        server: Schema | None = None,
    ) -> None:
        self.item = item
        self.kind = kind
        self.changed: set[str] = set()
        self._schema = schema
        self._server = schema if server is None else server
        self._now = now
        self._view = view
        self._zone = zone or UTC
        self._is_new = view is None

    def _property(self, element: str) -> Property:
        found = self.kind.by_element.get(element)
        if found is None:
            raise EwsError("ErrorInvalidPropertySet")
        return found

    def _check(self, found: Property, code: str) -> None:
        if found.since > self._schema:
            raise EwsError("ErrorInvalidPropertyRequest")
        if found.access is Access.READ or (found.access is Access.CREATE and not self._is_new):
            raise EwsError(code)
        if found.read_only_from is not None and self._server >= found.read_only_from:
            raise EwsError(code)
        if found.access is Access.DRAFT and not (self._is_new or self.item.is_draft):
            raise EwsError("ErrorInvalidPropertyUpdateSentMessage")

    def _set_class(self, item_class: str) -> None:
        found = kind_of(item_class, self._schema)
        if found is not self.kind and not {found.element, self.kind.element} <= _PLAIN:
            raise EwsError("ErrorObjectTypeChanged")
        self.item.item_class = item_class
        self.changed.add("item:ItemClass")

    def _set_mime(self, element: etree._Element) -> None:
        if self.kind.mime is None and self.kind.read_mime is None:
            raise EwsError("ErrorUnsupportedMimeConversion")
        try:
            mime = base64.b64decode("".join((element.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            raise EwsError("ErrorMimeContentInvalid") from None
        if not mime.strip():
            raise EwsError("ErrorMimeContentInvalid")
        if self.kind.read_mime is not None:
            self.changed |= self.kind.read_mime(self.item, mime)
            return
        identity = self.kind.by_uri.get("message:InternetMessageId")
        before = identity and self._before(identity)
        self.item.mime, self.item.properties, self.item.attachments = mime, None, None
        self.changed.add("item:MimeContent")
        if before and not parse_message(mime).internet_message_id:
            self._keep("message:InternetMessageId", before)

    def _set(self, found: Property, element: etree._Element) -> None:
        self._check(found, "ErrorInvalidPropertySet")
        if found.uri == "message:IsRead":
            self.item.is_read = BOOLEAN.read(element)
            self.changed.add(found.uri)
        elif found.uri == "item:ItemClass":
            self._set_class((element.text or "").strip())
        elif found.uri == "item:MimeContent":
            self._set_mime(element)
        else:
            self._keep(found.uri, found.form.read(element))

    def _keep(self, uri: str, value: Any) -> None:
        if isinstance(value, str):
            value = value[: _CUT_AT.get(uri)]
            if len(value) > _REFUSED_BEYOND.get(uri, len(value)):
                raise EwsError("ErrorItemSavePropertyError" if self._is_new else "ErrorPropertyUpdate")
        self.item.properties = {**(self.item.properties or {}), uri: value}
        self.changed.add(uri)

    def set_extended(self, element: etree._Element) -> None:
        """Set an extended property from its ``ExtendedProperty`` element.

        Raises:
            EwsError: the value does not fit the type.
        """
        path = element.find(f"{T}ExtendedFieldURI")
        if path is None:
            raise EwsError("ErrorInvalidExtendedProperty")
        field = extended_field(path)
        values = [one.text or "" for one in element.iterfind(f"{T}Value")]
        values += [one.text or "" for one in element.iterfind(f"{T}Values/{T}Value")]
        self._set_mapi(field, values)

    def _set_mapi(self, field: ExtendedField, values: list[str]) -> None:
        value = canonical(field, values)
        key, text = field.key, values[0] if values else ""
        found = self.kind.by_mapi.get(key)
        self.changed.add("ExtendedProperty")
        if key == _MESSAGE_FLAGS:
            flags = int(text)
            self.item.is_read, self.item.is_draft = bool(flags & 1), bool(flags & 8)
        elif key == _READ:
            self.item.is_read = is_true(text)
        elif key in self.kind.entries:
            uri, index, part = self.kind.entries[key]
            self._keep_entry(self.kind.by_uri[uri], index, part, text or None)
        elif found is not None and found.uri == "item:ItemClass":
            self._set_class(text)
        elif found is not None:
            self._keep(found.uri, tuple(values) if field.is_multiple else found.form.from_mapi(text))
        else:
            self.item.extended = {**(self.item.extended or {}), key: value}

    def delete(self, path: etree._Element) -> None:
        """Carry out a ``DeleteItemField``.

        Raises:
            EwsError: ``ErrorInvalidPropertyDelete``.
        """
        if path.tag == f"{T}ExtendedFieldURI":
            self._delete_mapi(extended_field(path))
            return
        uri = path.get("FieldURI", "")
        if path.tag == f"{T}IndexedFieldURI":
            found, key, part = self.entry(uri, path.get("FieldIndex", ""))
            self._check(found, "ErrorInvalidPropertyDelete")
            self._keep_entry(found, key, part, None)
            return
        plain = self.kind.by_uri.get(uri)
        if plain is None or uri in _FIXED:
            raise EwsError("ErrorInvalidPropertyDelete")
        self._check(plain, "ErrorInvalidPropertyDelete")
        self._forget(uri)

    def _forget(self, uri: str) -> None:
        properties = dict(self.item.properties or {})
        properties.pop(uri, None)
        if self.item.mime is not None or self.item.item_class is None:
            properties[uri] = None
        self.item.properties = properties
        self.changed.add(uri)

    def _delete_mapi(self, field: ExtendedField) -> None:
        self.changed.add("ExtendedProperty")
        found = self.kind.by_mapi.get(field.key)
        if found is not None:
            self._forget(found.uri)
        elif field.key in self.kind.entries:
            uri, index, part = self.kind.entries[field.key]
            self._keep_entry(self.kind.by_uri[uri], index, part, None)
        elif field.key in (self.item.extended or {}):
            self.item.extended = {
                key: value for key, value in (self.item.extended or {}).items() if key != field.key
            }

    def entry(self, uri: str, index: str) -> tuple[Property, str, str]:
        """Return the property, key and part that an ``IndexedFieldURI`` names.

        Raises:
            EwsError: ``ErrorInvalidPropertySet``: this kind of item has no such entries.
        """
        found = self.kind.by_index.get(uri) or self.kind.by_index.get(uri.rpartition(":")[0])
        if found is None:
            raise EwsError("ErrorInvalidPropertySet")
        return found, index, uri.removeprefix(found.indexed).lstrip(":")

    def _keep_entry(self, found: Property, key: str, part: str, value: Any) -> None:
        entries = dict(self._before(found) or {})
        if part:
            value = {**entries.get(key, {}), part: value}
            value = {name: text for name, text in value.items() if text} or None
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
        self._keep(found.uri, entries or None)

    def set(self, path: etree._Element, element: etree._Element, *, appends: bool) -> None:
        """Carry out a ``SetItemField`` or ``AppendToItemField``.

        Args:
            path: The property that is meant.
            element: The item element that holds the new value and nothing else.
            appends: Whether the value is added to the one there is.

        Raises:
            EwsError: it cannot be set so.
        """
        if len(element) != 1:
            raise EwsError("ErrorIncorrectUpdatePropertyCount")
        child, name = element[0], etree.QName(element[0]).localname
        if path.tag == f"{T}ExtendedFieldURI":
            self._set_by_extended_path(path, child, name, appends=appends)
            return
        uri = path.get("FieldURI", "")
        if path.tag == f"{T}IndexedFieldURI":
            self._set_by_index(uri, path.get("FieldIndex", ""), child, name)
            return
        found = self.kind.by_uri.get(uri)
        if found is None:
            raise EwsError("ErrorInvalidPropertySet")
        if found.element != name:
            raise EwsError("ErrorUpdatePropertyMismatch")
        if not appends:
            self._set(found, child)
            return
        if not found.form.is_appendable:
            raise EwsError("ErrorInvalidPropertyAppend")
        self._check(found, "ErrorInvalidPropertyAppend")
        self._keep(uri, found.form.append(self._before(found), found.form.read(child)))

    def _before(self, found: Property) -> Any:
        """Return the value of a property as it is now, for what is appended to it."""
        stored = self.item.properties
        if stored is not None and found.uri in stored:
            return stored[found.uri]
        return None if self._view is None else self._view.get(found.uri)

    def _set_by_extended_path(
        self, path: etree._Element, child: etree._Element, name: str, *, appends: bool
    ) -> None:
        if appends:
            raise EwsError("ErrorInvalidPropertyAppend")
        given = child.find(f"{T}ExtendedFieldURI")
        if name != "ExtendedProperty" or given is None:
            raise EwsError("ErrorUpdatePropertyMismatch")
        if extended_field(given).key != extended_field(path).key:
            raise EwsError("ErrorUpdatePropertyMismatch")
        self.set_extended(child)

    def _set_by_index(self, uri: str, index: str, child: etree._Element, name: str) -> None:
        found, key, part = self.entry(uri, index)
        self._check(found, "ErrorInvalidPropertySet")
        entries = list(child.iterfind(f"{T}Entry"))
        if found.element != name or len(entries) != 1 or entries[0].get("Key") != key:
            raise EwsError("ErrorUpdatePropertyMismatch")
        value = (entries[0].findtext(f"{T}{part}") if part else entries[0].text) or None
        self._keep_entry(found, key, part, value)
