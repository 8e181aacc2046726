"""Finds the properties of items that conditions and sort orders name."""

from lxml import etree

from serversync.simulator.extended import comparable, extended_value
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.property import Property
from serversync.simulator.kinds.registry import KINDS
from serversync.simulator.response import EwsError
from serversync.simulator.restriction import Operand
from serversync.simulator.shape import ExtendedField, T, extended_field

_PROPERTIES: dict[str, Property] = {
    uri: found for kind in reversed(KINDS.values()) for uri, found in kind.by_uri.items()
}
_INDEXED: dict[str, Property] = {
    uri: found for kind in KINDS.values() for uri, found in kind.by_index.items()
}
_NEVER = frozenset(
    {
        "item:Attachments",
        "item:EffectiveRights",
        "item:MimeContent",
        "item:ResponseObjects",
        "item:UniqueBody",
        "item:NormalizedBody",
        "item:TextBody",
        "ExtendedProperty",
        "item:Culture",
        "message:ConversationIndex",
        "contacts:Photo",
        "contacts:UserSMIMECertificate",
        "contacts:MSExchangeCertificate",
        "calendar:UID",
        "calendar:IsResponseRequested",
        "calendar:StartTimeZone",
        "calendar:EndTimeZone",
        "task:Status",
    }
)
"""Nobody can search by these; exchangelib, whose own tests ask a real server, knows them as such."""


class ItemReader:
    """Reads paths of items, see ``restriction.Reader``."""

    def operand(self, path: etree._Element) -> Operand[ItemView]:
        """Return the property of a path.

        Raises:
            EwsError: ``ErrorUnsupportedPathForQuery``: nobody can search by it.
        """
        if path.tag == f"{T}ExtendedFieldURI":
            return _extended(extended_field(path))
        uri = path.get("FieldURI", "")
        if path.tag == f"{T}IndexedFieldURI":
            return _indexed(uri, path.get("FieldIndex", ""))
        found = _PROPERTIES.get(uri)
        if uri == "item:ItemId":
            return Operand(lambda view: view.mailbox.item_id(view.item), str)
        if uri == "item:ParentFolderId":
            return Operand(lambda view: view.item.folder, str)
        if found is None or uri in _NEVER:
            raise EwsError("ErrorUnsupportedPathForQuery")
        return _plain(found)


def _plain(found: Property) -> Operand[ItemView]:
    form, uri = found.form, found.uri
    return Operand(
        lambda view: form.comparable(view.get(uri)), form.constant, lambda view: form.order(view.get(uri))
    )


def _indexed(uri: str, index: str) -> Operand[ItemView]:
    if uri == "item:InternetMessageHeader":
        name = index.lower()
        return Operand(
            lambda view: next(
                (value for key, value in view.content.internet_message_headers if key.lower() == name), None
            ),
            str,
        )
    found = _INDEXED.get(uri) or _INDEXED.get(uri.rpartition(":")[0])
    if found is None:
        raise EwsError("ErrorUnsupportedPathForQuery")
    part = uri.removeprefix(found.indexed).lstrip(":")

    def value(view: ItemView) -> object:
        entry = (view.get(found.uri) or {}).get(index)
        return entry.get(part) if isinstance(entry, dict) else entry

    return Operand(value, str)


def _extended(field: ExtendedField) -> Operand[ItemView]:
    def value(view: ItemView) -> object:
        found = extended_value(view, field)
        if found is None:
            return None
        if isinstance(found.value, tuple):
            return tuple(comparable(field.kind, one) for one in found.value)
        return comparable(field.kind, found.value)

    return Operand(value, lambda text: comparable(field.kind, text))
