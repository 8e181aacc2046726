"""What every item has, whatever its kind: subject, body, times, attachments, extended properties.

A property that was not asked for, that the server left out, or whose value is malformed is ``None``
(or empty); reading an item never fails.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import t
from serversync.exchange.types.attachment import Attachment, read_attachments
from serversync.exchange.types.fields import ExtendedFieldURI, ExtendedValue, read_extended_property
from serversync.exchange.types.ids import FolderId, ItemId, read_folder_id, read_item_id
from serversync.exchange.types.shapes import BodyType
from serversync.exchange.xml_values import boolean_of, bytes_of, datetime_of, integer_of, strings_of, text_of

FieldTable = dict[str, tuple[str, Callable[[_Element], Any]]]
"""Element name -> (attribute of our class, how to read its value)."""


class Importance(StrEnum):
    """How important the sender called it."""

    LOW = "Low"
    NORMAL = "Normal"
    HIGH = "High"


class Sensitivity(StrEnum):
    """How confidential the sender called it."""

    NORMAL = "Normal"
    PERSONAL = "Personal"
    PRIVATE = "Private"
    CONFIDENTIAL = "Confidential"


class Body(Struct, frozen=True, gc=False):
    """A body and its form; the text is empty where it was streamed elsewhere."""

    text: str = ""
    body_type: BodyType | None = None


class InternetMessageHeader(Struct, frozen=True, gc=False):
    """One header line of the message as it came over the internet."""

    header_name: str
    value: str


class Item(Struct, frozen=True, gc=False, kw_only=True):
    """An item of any kind; ``element`` names the kind (``CalendarItem``, ``Contact``, ``Task`` ...)."""

    element: str = "Item"
    item_id: ItemId | None = None
    parent_folder_id: FolderId | None = None
    item_class: str | None = None
    subject: str | None = None
    sensitivity: Sensitivity | None = None
    body: Body | None = None
    attachments: tuple[Attachment, ...] = ()
    date_time_received: datetime | None = None
    size: int | None = None
    categories: tuple[str, ...] = ()
    importance: Importance | None = None
    in_reply_to: str | None = None
    is_draft: bool | None = None
    is_from_me: bool | None = None
    internet_message_headers: tuple[InternetMessageHeader, ...] = ()
    date_time_sent: datetime | None = None
    date_time_created: datetime | None = None
    has_attachments: bool | None = None
    last_modified_time: datetime | None = None
    conversation_id: ItemId | None = None
    mime_content: bytes | None = None
    extended_properties: dict[ExtendedFieldURI, ExtendedValue] = {}

    @property
    def change_key(self) -> str | None:
        """The item's version, or ``None`` where the server gave none."""
        return self.item_id.change_key if self.item_id is not None else None


def _body_of(element: _Element) -> Body:
    return Body(element.text or "", _BODY_TYPES.get(element.get("BodyType") or ""))


def _headers_of(element: _Element) -> tuple[InternetMessageHeader, ...]:
    return tuple([InternetMessageHeader(each.get("HeaderName") or "", each.text or "") for each in element])


_BODY_TYPES = {each.value: each for each in BodyType}
_IMPORTANCE = {each.value: each for each in Importance}
_SENSITIVITY = {each.value: each for each in Sensitivity}

ITEM_FIELDS: FieldTable = {
    t("ItemId"): ("item_id", read_item_id),
    t("ParentFolderId"): ("parent_folder_id", read_folder_id),
    t("ItemClass"): ("item_class", text_of),
    t("Subject"): ("subject", text_of),
    t("Sensitivity"): ("sensitivity", lambda element: _SENSITIVITY.get(element.text or "")),
    t("Body"): ("body", _body_of),
    t("Attachments"): ("attachments", read_attachments),
    t("DateTimeReceived"): ("date_time_received", datetime_of),
    t("Size"): ("size", integer_of),
    t("Categories"): ("categories", strings_of),
    t("Importance"): ("importance", lambda element: _IMPORTANCE.get(element.text or "")),
    t("InReplyTo"): ("in_reply_to", text_of),
    t("IsDraft"): ("is_draft", boolean_of),
    t("IsFromMe"): ("is_from_me", boolean_of),
    t("InternetMessageHeaders"): ("internet_message_headers", _headers_of),
    t("DateTimeSent"): ("date_time_sent", datetime_of),
    t("DateTimeCreated"): ("date_time_created", datetime_of),
    t("HasAttachments"): ("has_attachments", boolean_of),
    t("LastModifiedTime"): ("last_modified_time", datetime_of),
    t("ConversationId"): ("conversation_id", read_item_id),
    t("MimeContent"): ("mime_content", bytes_of),
}
_EXTENDED = t("ExtendedProperty")

AnyItem = TypeVar("AnyItem", bound=Item)


def fill_item(kind: type[AnyItem], element: _Element, fields: FieldTable) -> AnyItem:
    """Return an item of ``kind`` with what the element holds; unknown properties are passed over."""
    tag: str = element.tag
    values: dict[str, Any] = {"element": tag.rpartition("}")[2]}
    extended: dict[ExtendedFieldURI, ExtendedValue] | None = None
    for child in element:
        child_tag = child.tag
        field = fields.get(child_tag)
        if field is not None:
            name, read = field
            values[name] = (child.text or "") if read is text_of else read(child)
        elif child_tag == _EXTENDED and (pair := read_extended_property(child)) is not None:
            if extended is None:
                values["extended_properties"] = extended = {}
            extended[pair[0]] = pair[1]
    return kind(**values)
