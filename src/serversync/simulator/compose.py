"""An item's properties as MIME, as Exchange makes it when a client asks for MimeContent or mail leaves.

Never fails on a value that a client could set: what a header cannot hold is left out of it.
"""

import base64
import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from serversync.simulator.addresses import PARSER_ERRORS, Address
from serversync.simulator.extended import internet_headers
from serversync.simulator.itemview import ItemView
from serversync.simulator.storeditem import StoredAttachment

_BREAKS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_POLICY = SMTP.clone(max_line_length=998)
_RECIPIENTS = (
    ("To", "message:ToRecipients"),
    ("Cc", "message:CcRecipients"),
    ("Bcc", "message:BccRecipients"),
)
_TEXTS = (
    ("Message-ID", "message:InternetMessageId"),
    ("In-Reply-To", "item:InReplyTo"),
    ("References", "message:References"),
    ("Thread-Topic", "message:ConversationTopic"),
)
_SENSITIVITY = {"Personal": "Personal", "Private": "Private", "Confidential": "Company-Confidential"}


def compose(view: ItemView, *, for_transport: bool = False) -> bytes:
    """Return an item as MIME with CR LF line ends.

    Args:
        view: The item.
        for_transport: Whether it leaves the mailbox, and so does not name blind copies and categories.
    """
    message = EmailMessage(policy=_POLICY)
    _address_headers(message, view, with_bcc=not for_transport)
    for name, uri in _TEXTS:
        _set(message, name, view.get(uri))
    _set(message, "Subject", view.subject)
    sent = view.get("item:DateTimeSent")
    if sent is not None:
        message["Date"] = format_datetime(sent)
    _flags(message, view)
    categories = view.get("item:Categories")
    if categories and not for_transport:
        _set(message, "Keywords", ", ".join(categories))
    for name, value in internet_headers(view.item):
        _set(message, name, value)
    _set(message, "MIME-Version", "1.0")
    _bodies(message, view)
    for attachment in view.attachments:
        if not (attachment.is_inline and view.bodies[0] is not None):
            _attach(message, view, attachment)
    return message.as_bytes()


def _set(message: EmailMessage, name: str, value: str | None) -> None:
    clean = _BREAKS.sub(" ", value or "").strip()
    if not clean or name in message:
        return
    try:
        message[name] = clean
    except PARSER_ERRORS:
        return


def _address_headers(message: EmailMessage, view: ItemView, *, with_bcc: bool) -> None:
    author, sender = view.get("message:From"), view.get("message:Sender")
    if author is not None:
        _set(message, "From", mailbox_header(author))
    if sender is not None and author is not None and sender.address.lower() != author.address.lower():
        _set(message, "Sender", mailbox_header(sender))
    for name, uri in _RECIPIENTS:
        people = view.get(uri)
        if people and (with_bcc or name != "Bcc"):
            _set(message, name, ", ".join(mailbox_header(one) for one in people))
    reply_to = view.get("message:ReplyTo")
    if reply_to:
        _set(message, "Reply-To", ", ".join(mailbox_header(one) for one in reply_to))


def mailbox_header(address: Address) -> str:
    """Return a person as address headers name it."""
    name = _BREAKS.sub(" ", address.name)
    if not address.address:
        return formataddr((name, "undisclosed@invalid"))
    try:
        return formataddr((name, address.address))
    except UnicodeError:
        return address.address.encode("ascii", "ignore").decode()


def _flags(message: EmailMessage, view: ItemView) -> None:
    importance, sensitivity = view.get("item:Importance"), view.get("item:Sensitivity")
    if importance in {"High", "Low"}:
        _set(message, "Importance", importance.lower())
    if sensitivity in _SENSITIVITY:
        _set(message, "Sensitivity", _SENSITIVITY[sensitivity])
    author = view.get("message:From")
    if view.get("message:IsReadReceiptRequested") and author is not None:
        _set(message, "Disposition-Notification-To", mailbox_header(author))
    if view.get("message:IsDeliveryReceiptRequested") and author is not None:
        _set(message, "Return-Receipt-To", mailbox_header(author))
    index = view.get("message:ConversationIndex")
    if index:
        _set(message, "Thread-Index", base64.b64encode(index).decode())


def _bodies(message: EmailMessage, view: ItemView) -> None:
    html, plain = view.bodies
    if html is None:
        message.set_content(_clean(plain or ""), cte="base64" if not (plain or "").isascii() else None)
        return
    message.set_content(_clean(view.body("Text")[1]))
    message.add_alternative(_clean(html), subtype="html")
    alternative = message.get_payload()
    related = alternative[-1] if isinstance(alternative, list) else None
    if not isinstance(related, EmailMessage):
        return
    for attachment in view.attachments:
        if attachment.is_inline and attachment.item is None:
            maintype, subtype = _type_of(attachment)
            related.add_related(
                attachment.data,
                maintype=maintype,
                subtype=subtype,
                cid=f"<{_BREAKS.sub('', attachment.content_id or attachment.name)}>",
                filename=_BREAKS.sub(" ", attachment.name) or None,
                disposition="inline",
            )


def _clean(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def _type_of(attachment: StoredAttachment) -> tuple[str, str]:
    maintype, _, subtype = attachment.content_type.lower().partition("/")
    is_sound = re.fullmatch(r"[a-z0-9.+-]+", maintype) and re.fullmatch(r"[a-z0-9.+_-]+", subtype)
    if not is_sound or maintype in {"multipart", "message"}:
        return "application", "octet-stream"
    return maintype, subtype


def _attach(message: EmailMessage, view: ItemView, attachment: StoredAttachment) -> None:
    name = _BREAKS.sub(" ", attachment.name)
    if attachment.item is not None:
        inner = view.nested(attachment).mime
        if inner is None:
            return
        part = EmailMessage(policy=_POLICY)
        part["Content-Type"] = "message/rfc822"
        part["Content-Disposition"] = "attachment"
        part.set_payload(inner.decode("ascii", "surrogateescape"))
        if message.get_content_type() != "multipart/mixed":
            message.make_mixed()
        message.attach(part)
        return
    maintype, subtype = _type_of(attachment)
    message.add_attachment(
        attachment.data,
        maintype=maintype,
        subtype=subtype,
        filename=name or None,
        cid=f"<{_BREAKS.sub('', attachment.content_id)}>" if attachment.content_id else None,
    )
