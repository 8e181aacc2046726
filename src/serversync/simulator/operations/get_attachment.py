"""GetAttachment: the content of attachments, files as bytes and items as items."""

import base64
from dataclasses import replace

from serversync.simulator.call import Call
from serversync.simulator.identifiers import decode, encode
from serversync.simulator.items import render_item
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.item import attachment_frame
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import Shape, parse_shape
from serversync.simulator.storeditem import StoredAttachment

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each attachment asked for."""
    shape = replace(
        parse_shape(call.request.find(f"{M}AttachmentShape"), call.schema, zone=call.zone),
        base="AllProperties",
    )
    messages = []
    for wanted in call.request.iterfind(f"{M}AttachmentIds/*"):
        try:
            call.check()
            rendered = _attachment(call, wanted.get("Id", ""), shape)
            messages.append(success("GetAttachment", f"<m:Attachments>{rendered}</m:Attachments>"))
        except EwsError as error:
            messages.append(failure("GetAttachment", error, "<m:Attachments/>"))
    return response("GetAttachment", messages)


def _attachment(call: Call, attachment_id: str, shape: Shape) -> str:
    try:
        found = decode(attachment_id)
    except EwsError:
        raise EwsError("ErrorInvalidAttachmentId") from None
    if not found.attachment:
        raise EwsError("ErrorInvalidAttachmentId")
    call.check(attachment_id)
    mailbox, item = call.item(encode(replace(found, attachment=())))
    view = call.exchange.view(mailbox, item, shape)
    for number in found.attachment[:-1]:
        outer = _numbered(view, number)
        if outer.item is None:
            raise EwsError("ErrorInvalidAttachmentId")
        view = view.nested(outer)
    attachment = _numbered(view, found.attachment[-1])
    frame = attachment_frame(view, attachment)
    if attachment.item is None:
        content = base64.b64encode(attachment.data).decode()
        return f"<t:FileAttachment>{frame}<t:Content>{content}</t:Content></t:FileAttachment>"
    return f"<t:ItemAttachment>{frame}{render_item(view.nested(attachment))}</t:ItemAttachment>"


def _numbered(view: ItemView, number: int) -> StoredAttachment:
    found = next((one for one in view.attachments if one.number == number), None)
    if found is None:
        raise EwsError("ErrorInvalidAttachmentId")
    return found
