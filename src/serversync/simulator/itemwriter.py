"""Writes what clients send into items: new items, updates of single properties, attachments."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from lxml import etree

from serversync.simulator.itemview import attachments_of
from serversync.simulator.kinds.forms import BASE64
from serversync.simulator.kinds.registry import KINDS
from serversync.simulator.mime import MessageContent, parse_message
from serversync.simulator.propertywriter import PropertyWriter
from serversync.simulator.response import EwsError
from serversync.simulator.shape import T, child_text, is_true
from serversync.simulator.storeditem import StoredAttachment, StoredItem
from serversync.simulator.versions import Schema

_MAX_DEPTH = 8


class ItemWriter(PropertyWriter):
    """Writes one item with its attachments; for the arguments see ``PropertyWriter``."""

    def settle(self) -> None:
        """Check what belongs together and set what follows; call it once, after everything was written.

        Raises:
            EwsError: the values do not go together.
        """
        self.kind.localize(self.item, frozenset(self.changed), self._zone)
        self.kind.settle(self.item, frozenset(self.changed), self._now)

    def fill(self, element: etree._Element, depth: int = 0) -> None:
        """Set everything that the element of a new item says.

        Raises:
            EwsError: something cannot be set.
        """
        item_class = child_text(element, "ItemClass")
        if item_class:
            self._set_class(item_class)
        mime = element.find(f"{T}MimeContent")
        if mime is not None:
            self._set_mime(mime)
        for child in element:
            name = etree.QName(child).localname
            if name in {"ItemClass", "MimeContent"}:
                continue
            if name == "ExtendedProperty":
                self.set_extended(child)
            elif name == "Attachments":
                for one in child:
                    self.attach(one, depth)
            else:
                self._set(self._property(name), child)

    def attach(self, element: etree._Element, depth: int = 0) -> StoredAttachment:
        """Attach what a ``FileAttachment`` or ``ItemAttachment`` element holds, and return it.

        Raises:
            EwsError: it holds nothing, or is nested too deep.
        """
        name = etree.QName(element).localname
        if depth >= _MAX_DEPTH:
            is_known = self._schema >= Schema.EXCHANGE2010_SP2
            raise EwsError(
                "ErrorAttachmentNestLevelLimitExceeded" if is_known else "ErrorAttachmentSizeLimitExceeded"
            )
        attachments = self._attachments()
        made = StoredAttachment(
            self.item.next_attachment,
            child_text(element, "Name"),
            child_text(element, "ContentType"),
            child_text(element, "ContentId").strip("<>") or None,
            child_text(element, "ContentLocation") or None,
            is_true(child_text(element, "IsInline")),
            b"",
            self._now,
            is_contact_photo=is_true(child_text(element, "IsContactPhoto")),
        )
        if name == "FileAttachment":
            made.data = BASE64.parse(element.findtext(f"{T}Content") or "")
        elif name == "ItemAttachment":
            made.item = self._inner(element, depth)
            made.name = made.name or (made.item.properties or {}).get("item:Subject") or ""
        else:
            raise EwsError("ErrorInvalidAttachmentId")
        self.item.next_attachment += 1
        self.item.attachments = [*attachments, made]
        self.changed.add("item:Attachments")
        return made

    def detach(self, number: int) -> None:
        """Remove an attachment.

        Raises:
            EwsError: ``ErrorInvalidAttachmentId``: there is none of this number.
        """
        attachments = self._attachments()
        left = [one for one in attachments if one.number != number]
        if len(left) == len(attachments):
            raise EwsError("ErrorInvalidAttachmentId")
        self.item.attachments = left
        self.changed.add("item:Attachments")

    def _attachments(self) -> list[StoredAttachment]:
        if self.item.attachments is None:
            content = MessageContent() if self.item.mime is None else parse_message(self.item.mime)
            self.item.attachments = attachments_of(self.item, content)
            self.item.next_attachment = len(self.item.attachments)
        return self.item.attachments

    def _inner(self, element: etree._Element, depth: int) -> StoredItem:
        for child in element:
            kind = KINDS.get(etree.QName(child).localname)
            if kind is not None:
                inner = new_item(
                    child, self._schema, self._now, depth + 1, zone=self._zone, server=self._server
                )
                inner.is_draft, inner.is_read = False, True
                return inner
        raise EwsError("ErrorMissingItemForCreateItemAttachment")


def new_item(
    element: etree._Element,
    schema: Schema,
    now: datetime,
    depth: int = 0,
    *,
    zone: tzinfo | None = None,
    server: Schema | None = None,
) -> StoredItem:
    """Return the item that an item element describes; for the arguments see ``ItemWriter``.

    Raises:
        EwsError: it cannot be made so.
    """
    kind = KINDS.get(etree.QName(element).localname)
    if kind is None:
        raise EwsError("ErrorInvalidItemForOperationCreateItem")
    item = StoredItem(0, 0, None, now, item_class=kind.item_class, is_read=True, is_draft=kind.is_message)
    writer = ItemWriter(item, kind, schema, now, zone=zone, server=server)
    writer.fill(element, depth)
    if item.mime is not None and "item:ItemClass" not in writer.changed:
        item.item_class = None
    if item.mime is None and item.properties is None:
        item.properties = {}
    writer.settle()
    return item


def changes_of(updates: etree._Element) -> Iterator[tuple[str, etree._Element, etree._Element | None]]:
    """Yield the name, path and item element of each update.

    Raises:
        EwsError: an update names no property.
    """
    for update in updates:
        if not len(update):
            raise EwsError("ErrorIncorrectUpdatePropertyCount")
        yield etree.QName(update).localname, update[0], update[1] if len(update) > 1 else None
