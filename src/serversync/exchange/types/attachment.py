"""Attachments: files, and items attached to items.

A message lists its attachments without their content; ``GetAttachment`` or a download brings it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import t
from serversync.exchange.types.ids import AttachmentId, read_attachment_id
from serversync.exchange.xml_values import boolean_of, bytes_of, datetime_of, integer_of, text_of


class Attachment(Struct, frozen=True, gc=False, kw_only=True):
    """What all attachments have; ``size`` is the server's estimate in bytes.

    ``element`` names the kind. Of a kind that has no class here this is all.
    """

    element: str = "Attachment"
    attachment_id: AttachmentId | None = None
    name: str | None = None
    content_type: str | None = None
    content_id: str | None = None
    content_location: str | None = None
    size: int | None = None
    last_modified_time: datetime | None = None
    is_inline: bool | None = None


class FileAttachment(Attachment, frozen=True, gc=False, kw_only=True):
    """A file; ``content`` only in answers to ``GetAttachment``."""

    is_contact_photo: bool | None = None
    content: bytes | None = None


class ItemAttachment(Attachment, frozen=True, gc=False, kw_only=True):
    """An attached item, for example a forwarded message; ``mime_content`` where it was asked for."""

    item_class: str | None = None
    subject: str | None = None
    mime_content: bytes | None = None


class ReferenceAttachment(Attachment, frozen=True, gc=False, kw_only=True):
    """A link to a file that lies elsewhere; known since 2013 SP1."""

    attach_long_path_name: str | None = None


_FIELDS: dict[str, tuple[str, Callable[[_Element], Any]]] = {
    t("AttachmentId"): ("attachment_id", read_attachment_id),
    t("Name"): ("name", text_of),
    t("ContentType"): ("content_type", text_of),
    t("ContentId"): ("content_id", text_of),
    t("ContentLocation"): ("content_location", text_of),
    t("Size"): ("size", integer_of),
    t("LastModifiedTime"): ("last_modified_time", datetime_of),
    t("IsInline"): ("is_inline", boolean_of),
}
_FILE_FIELDS = _FIELDS | {
    t("IsContactPhoto"): ("is_contact_photo", boolean_of),
    t("Content"): ("content", bytes_of),
}
_LINK_FIELDS = _FIELDS | {t("AttachLongPathName"): ("attach_long_path_name", text_of)}
_NESTED_FIELDS: dict[str, tuple[str, Callable[[_Element], Any]]] = {
    t("ItemClass"): ("item_class", text_of),
    t("Subject"): ("subject", text_of),
    t("MimeContent"): ("mime_content", bytes_of),
}
_FILE, _ITEM, _LINK = t("FileAttachment"), t("ItemAttachment"), t("ReferenceAttachment")


def read_attachment(element: _Element) -> Attachment:
    """Return the attachment that the element describes."""
    tag = element.tag
    fields = _FILE_FIELDS if tag == _FILE else _LINK_FIELDS if tag == _LINK else _FIELDS
    values: dict[str, Any] = {"element": tag.rpartition("}")[2]}
    for child in element:
        if (field := fields.get(child.tag)) is not None:
            values[field[0]] = field[1](child)
        elif tag == _ITEM:
            for part in child:
                if (field := _NESTED_FIELDS.get(part.tag)) is not None:
                    values[field[0]] = field[1](part)
    if tag == _FILE:
        return FileAttachment(**values)
    if tag == _LINK:
        return ReferenceAttachment(**values)
    return ItemAttachment(**values) if tag == _ITEM else Attachment(**values)


def read_attachments(element: _Element) -> tuple[Attachment, ...]:
    """Return all attachments of an array of them."""
    return tuple([read_attachment(child) for child in element])
