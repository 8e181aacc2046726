"""Response objects: replies, forwards, and the wish not to send a read receipt."""

import struct
from collections.abc import Callable
from datetime import datetime

from lxml import etree

from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import html_to_text, text_to_html
from serversync.simulator.call import Call
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import BODY, BodyText, read_people
from serversync.simulator.kinds.message import MESSAGE
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import TYPES_NS, EwsError
from serversync.simulator.shape import Shape, is_true
from serversync.simulator.storeditem import StoredItem

T = f"{{{TYPES_NS}}}"
_RECIPIENTS = ("ToRecipients", "CcRecipients", "BccRecipients")


def _referred(call: Call, element: etree._Element) -> ItemView:
    reference = element.find(f"{T}ReferenceItemId")
    if reference is None:
        raise EwsError("ErrorInvalidReferenceItem")
    mailbox, item = call.item_of(reference)
    view = call.exchange.view(mailbox, item, Shape(call.schema))
    if not view.kind.is_message and view.kind.element not in {"PostItem", "CalendarItem"}:
        raise EwsError("ErrorInvalidReferenceItem")
    return view


def suppress_read_receipt(call: Call, element: etree._Element) -> None:
    """Let a message be read without a receipt.

    Raises:
        EwsError: ``ErrorReadReceiptNotPending``: nobody asked for one, or it was read already.
    """
    view = _referred(call, element)
    if view.item.is_read or not view.get("message:IsReadReceiptRequested"):
        raise EwsError("ErrorReadReceiptNotPending")
    view.mailbox.edit(view.item.number, properties={"message:IsReadReceiptRequested": False})


def _index_after(view: ItemView, now: datetime) -> bytes:
    """Return the conversation index of an answer: that of the message with five bytes for the time between."""
    parent = view.conversation_index
    passed = max(0, int((now - view.item.received).total_seconds() * 10_000_000)) >> 18
    return parent + struct.pack(">I", passed & 0x7FFFFFFF) + bytes((len(parent) & 0xFF,))


def _quoted(view: ItemView, body: BodyText | None) -> BodyText:
    """Return what the answer says, above the message with its head."""
    kind = body.kind if body is not None else view.body("Best")[0]
    author: Address | None = view.get("message:From")
    sent = view.get("item:DateTimeSent") or view.item.received
    head = (
        ("From", f"{author.name} <{author.address}>" if author else ""),
        ("Sent", f"{sent:%A, %B %d, %Y %H:%M}"),
        ("To", view.get("item:DisplayTo") or ""),
        ("Subject", view.subject),
    )
    text = "\r\n".join(f"{name}: {value}" for name, value in head) + "\r\n\r\n" + view.body("Text")[1]
    own = body.content if body is not None else ""
    if kind == "HTML":
        return BodyText("HTML", f"{own}<hr>{view.body('HTML')[1] if view.bodies[0] else text_to_html(text)}")
    return BodyText(
        "Text", f"{html_to_text(own) if '<' in own and body is None else own}\r\n\r\n{'_' * 32}\r\n{text}"
    )


def _answer(
    call: Call,
    element: etree._Element,
    prefix: str,
    people: Callable[[ItemView], dict[str, tuple[Address, ...]]],
) -> tuple[Mailbox, StoredItem]:
    view = _referred(call, element)
    now = call.exchange.now()
    new_body = element.find(f"{T}NewBodyContent")
    own_body = element.find(f"{T}Body")
    recipients = people(view)
    for name in _RECIPIENTS:
        given = element.find(f"{T}{name}")
        if given is not None:
            recipients[f"message:{name}"] = read_people(given)
    message_id = view.get("message:InternetMessageId")
    references = " ".join(
        part for part in (view.get("message:References") or view.get("item:InReplyTo"), message_id) if part
    )
    if own_body is not None:
        body = BODY.read(own_body)
    else:
        body = _quoted(view, None if new_body is None else BODY.read(new_body))
    properties = {
        "item:Subject": element.findtext(f"{T}Subject") or f"{prefix}: {view.conversation_topic}",
        "item:Body": body,
        "item:InReplyTo": message_id,
        "message:References": references or None,
        "message:ConversationTopic": view.conversation_topic,
        "message:ConversationIndex": _index_after(view, now),
        **recipients,
    }
    author = element.find(f"{T}From")
    if author is not None:
        properties["message:From"] = next(iter(read_people(author)), None)
    for name in ("IsReadReceiptRequested", "IsDeliveryReceiptRequested"):
        flag = element.findtext(f"{T}{name}")
        if flag:
            properties[f"message:{name}"] = is_true(flag)
    item = StoredItem(
        0, 0, None, now, item_class=MESSAGE.item_class, is_read=True, is_draft=True, properties=properties
    )
    if prefix == "FW":
        item.attachments = list(view.item.copy().attachments or view.attachments)
        item.next_attachment = 1 + max((one.number for one in item.attachments), default=-1)
    return call.own_mailbox, item


def _author(view: ItemView) -> tuple[Address, ...]:
    found = view.get("message:ReplyTo") or tuple(
        one for one in (view.get("message:From") or view.get("calendar:Organizer"),) if one
    )
    return tuple(found)


def _reply(call: Call, element: etree._Element) -> tuple[Mailbox, StoredItem]:
    """Answer whoever wrote."""
    return _answer(call, element, "RE", lambda view: {"message:ToRecipients": _author(view)})


def _reply_all(call: Call, element: etree._Element) -> tuple[Mailbox, StoredItem]:
    """Answer whoever wrote and everybody who got it, but not oneself."""

    def people(view: ItemView) -> dict[str, tuple[Address, ...]]:
        own = view.mailbox.addresses()
        author = _author(view)
        known = own | {one.address.lower() for one in author}

        def others(uri: str) -> tuple[Address, ...]:
            return tuple(one for one in view.get(uri) or () if one.address.lower() not in known)

        return {
            "message:ToRecipients": (*author, *others("message:ToRecipients")),
            "message:CcRecipients": others("message:CcRecipients"),
        }

    return _answer(call, element, "RE", people)


def _forward(call: Call, element: etree._Element) -> tuple[Mailbox, StoredItem]:
    """Pass a message on, with its attachments."""
    return _answer(call, element, "FW", lambda _view: {})


RESPONSES: dict[str, Callable[[Call, etree._Element], tuple[Mailbox, StoredItem]]] = {
    "ReplyToItem": _reply,
    "ReplyAllToItem": _reply_all,
    "ForwardItem": _forward,
}
"""What makes the message of each response object: the mailbox that answers, and the message."""
