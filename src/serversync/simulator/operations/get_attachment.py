"""GetAttachment: the content of attachments, files as bytes and messages as items."""

import base64
from dataclasses import replace

from serversync.simulator.call import Call
from serversync.simulator.identifiers import Identifier, decode, encode
from serversync.simulator.items import attachment_frame, render_message
from serversync.simulator.itemview import ItemView
from serversync.simulator.mime import Attachment, parse_message
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import Shape, parse_shape

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each attachment asked for."""
    shape = replace(parse_shape(call.request.find(f"{M}AttachmentShape"), call.schema), base="AllProperties")
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
    mailbox, message = call.item(encode(Identifier(found.mailbox, found.folder, found.item)))
    view = call.exchange.view(mailbox, message, shape)
    attachment: Attachment | None = None
    for depth, position in enumerate(found.attachment):
        if attachment is not None:
            view = _nested(view, attachment, found.attachment[:depth])
        if position >= len(view.content.attachments):
            raise EwsError("ErrorInvalidAttachmentId")
        attachment = view.content.attachments[position]
    if attachment is None:
        raise EwsError("ErrorInvalidAttachmentId")
    frame = attachment_frame(view, attachment, found.attachment)
    if not attachment.is_message:
        content = base64.b64encode(attachment.data).decode()
        return f"<t:FileAttachment>{frame}<t:Content>{content}</t:Content></t:FileAttachment>"
    item = render_message(_nested(view, attachment, found.attachment))
    return f"<t:ItemAttachment>{frame}{item}</t:ItemAttachment>"


def _nested(view: ItemView, attachment: Attachment, path: tuple[int, ...]) -> ItemView:
    content = parse_message(attachment.data)
    return replace(view, content=content, mime=attachment.data, path=path)
