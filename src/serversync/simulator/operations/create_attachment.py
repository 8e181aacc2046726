"""CreateAttachment and DeleteAttachment: each changes the item, whose new change key is told."""

from dataclasses import replace

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.identifiers import decode, encode
from serversync.simulator.itemview import ItemView
from serversync.simulator.itemwriter import ItemWriter
from serversync.simulator.kinds.item import attachment_id
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.xmltext import attribute

M = f"{{{MESSAGES_NS}}}"


def create(call: Call) -> str:
    """Return one response message for each attachment."""
    parent = call.request.find(f"{M}ParentItemId")
    messages = []
    for element in call.request.iterfind(f"{M}Attachments/*"):
        try:
            found = _attach(call, parent, element)
            messages.append(success("CreateAttachment", f"<m:Attachments>{found}</m:Attachments>"))
        except EwsError as error:
            messages.append(failure("CreateAttachment", error, "<m:Attachments/>"))
    return response("CreateAttachment", messages)


def _writer(call: Call, mailbox: Mailbox, stored: StoredItem) -> ItemWriter:
    view = call.exchange.view(mailbox, stored, Shape(call.schema))
    item = stored.copy()
    item.mime = mailbox.mime(stored)
    return ItemWriter(item, view.kind, call.schema, call.exchange.now(), view, server=view.server.schema)


def _attach(call: Call, parent: etree._Element | None, element: etree._Element) -> str:
    if parent is None:
        raise EwsError("ErrorItemNotFound")
    mailbox, stored = call.item_of(parent, Right.EDIT)
    writer = _writer(call, mailbox, stored)
    made = writer.attach(element)
    mailbox.check_room(made.size)
    mailbox.store(writer.item, modifier=call.modifier)
    view: ItemView = call.exchange.view(mailbox, writer.item, Shape(call.schema))
    name = "FileAttachment" if made.item is None else "ItemAttachment"
    root = mailbox.item_id(writer.item)
    return (
        f'<t:{name}><t:AttachmentId Id="{attachment_id(view, made)}" RootItemId={attribute(root)} '
        f"RootItemChangeKey={attribute(mailbox.change_key(writer.item))}/></t:{name}>"
    )


def delete(call: Call) -> str:
    """Return one response message for each attachment."""
    messages = []
    for element in call.request.iterfind(f"{M}AttachmentIds/*"):
        try:
            messages.append(success("DeleteAttachment", _detach(call, element.get("Id", ""))))
        except EwsError as error:
            messages.append(failure("DeleteAttachment", error))
    return response("DeleteAttachment", messages)


def _detach(call: Call, wanted: str) -> str:
    try:
        found = decode(wanted)
    except EwsError:
        raise EwsError("ErrorInvalidAttachmentId") from None
    if not found.attachment:
        raise EwsError("ErrorInvalidAttachmentId")
    if len(found.attachment) > 1:
        raise EwsError("ErrorCannotDeleteObject")
    call.check(wanted)
    mailbox, stored = call.item(encode(replace(found, attachment=())), Right.EDIT)
    writer = _writer(call, mailbox, stored)
    writer.detach(found.attachment[0])
    mailbox.store(writer.item, modifier=call.modifier)
    root, change_key = mailbox.item_id(writer.item), mailbox.change_key(writer.item)
    return f"<m:RootItemId RootItemId={attribute(root)} RootItemChangeKey={attribute(change_key)}/>"
