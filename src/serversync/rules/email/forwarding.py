"""Takes a forwarded message out of its wrapper.

A rule in a user's mailbox forwards mail *as an attachment* to a forward mailbox; what counts is the message inside.
Only a wrapper with exactly one message attached can be told from a message that merely has one. Source:
Microsoft, "Forward mailbox vs. individual mailboxes".
"""

import codecs
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime

from serversync.rules.email.headers import PARSER_ERRORS
from serversync.rules.email.message import Address, Attachment, Content, ReceivedMessage

_PRIORITY = {"1": 2, "2": 2, "4": 0, "5": 0}
_IMPORTANCE = {"high": 2, "low": 0}
_MESSAGE_TYPES = ("message/rfc822", "message/global")


def attached_message(wrapper: ReceivedMessage) -> Attachment | None:
    """Return the one message that is attached, or ``None`` where there is none or more than one."""
    found = [one for one in wrapper.attachments if one.is_item or one.content_type.lower() in _MESSAGE_TYPES]
    return found[0] if len(found) == 1 else None


def unpack(wrapper: ReceivedMessage) -> ReceivedMessage | None:
    """Return the forwarded message in the place of its wrapper, or ``None`` where it cannot be read.

    Item, search key and time of receipt stay the wrapper's, which is what lies in the mailbox.
    """
    attached = attached_message(wrapper)
    if attached is None or attached.content is None:
        return None
    try:
        return _unpacked(wrapper, _whole(attached.content))
    except PARSER_ERRORS:
        return None


def _unpacked(wrapper: ReceivedMessage, data: bytes) -> ReceivedMessage | None:
    parsed = BytesParser(policy=policy.default).parsebytes(data)
    if not _header(parsed, "From"):
        return None
    body, is_html = _body(parsed)
    sender = _addresses(parsed, "From") or _addresses(parsed, "Sender")
    return replace(
        wrapper,
        message_id=_header(parsed, "Message-ID") or None,
        in_reply_to=_header(parsed, "In-Reply-To") or None,
        references=_header(parsed, "References") or None,
        conversation_index=_binary(_header(parsed, "Thread-Index")),
        subject=_header(parsed, "Subject"),
        body=body,
        body_is_html=is_html,
        sender=sender[0] if sender else None,
        to=_addresses(parsed, "To"),
        cc=_addresses(parsed, "Cc"),
        bcc=[],
        sent_on=_date(_header(parsed, "Date")),
        importance=_importance(parsed),
        size_bytes=len(data),
        attachments=_attachments(parsed),
    )


def _whole(content: Content) -> bytes:
    return content if isinstance(content, bytes) else b"".join(content.chunks())


def _clean(text: str) -> str:
    """Return text that PostgreSQL can keep: no NUL, no halves of characters that broken headers leave."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _header(message: EmailMessage, name: str) -> str:
    """Return a header's text; one that is broken beyond reading counts as missing."""
    try:
        value = message[name]
        return _clean(str(value)).strip() if value is not None else ""
    except PARSER_ERRORS:
        return ""


def _addresses(message: EmailMessage, name: str) -> list[Address]:
    pairs = getaddresses([_header(message, name)])
    return [Address(label, address) for label, address in pairs if label or address]


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except PARSER_ERRORS:
        return None


def _binary(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (Base64Error, ValueError):
        return b""


def _importance(message: EmailMessage) -> int:
    told = _IMPORTANCE.get(_header(message, "Importance").lower())
    return _PRIORITY.get(_header(message, "X-Priority")[:1], 1) if told is None else told


def _text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        if codecs.lookup(charset).name not in _NO_CHARSETS:
            return _clean(data.decode(charset, "replace"))
    except (LookupError, ValueError):  # no such charset, or one whose decoder does not take "replace"
        pass
    return _clean(data.decode("utf-8", "replace"))


_NO_CHARSETS = frozenset(
    {"unicode-escape", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "idna", "punycode"}
)
"""Python knows these by name, but they are ways to write text, and a message that names one is lying."""


def _body(message: EmailMessage) -> tuple[str, bool]:
    try:
        part = message.get_body(("html", "plain"))
    except (KeyError, AttributeError):
        part = None
    if part is None:
        return "", False
    return _text(part), part.get_content_type() == "text/html"


def _wire(message: EmailMessage) -> bytes:
    """Return a message as it goes over the wire; headers that cannot, as text in UTF-8."""
    try:
        return message.as_bytes()
    except PARSER_ERRORS:
        return message.as_string(policy=policy.compat32).encode("utf-8", "replace")


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts that hold something; an attached message is one part, whatever it holds itself."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.iter_parts():
            if isinstance(child, MIMEPart):
                yield from _leaves(child)
    else:
        yield part


def _is_other_body(part: MIMEPart) -> bool:
    """Tell whether a part is another form of the body, such as the plain text beside the HTML."""
    return (
        part.get_content_maintype() == "text"
        and part.get_content_disposition() != "attachment"
        and not part.get_filename()
    )


def _attachments(message: EmailMessage) -> list[Attachment]:
    try:
        body = message.get_body(("html", "plain"))
    except (KeyError, AttributeError):
        body = None
    found: list[Attachment] = []
    for part in _leaves(message):
        if part is body or _is_other_body(part):
            continue
        if part.get_content_type() in _MESSAGE_TYPES:
            inner = part.get_payload(0) if part.is_multipart() else part
            data = _wire(inner) if isinstance(inner, EmailMessage) else b""
        else:
            payload = part.get_payload(decode=True)
            if not isinstance(payload, bytes):
                continue
            data = payload
        number = len(found) + 1
        found.append(
            Attachment(
                attachment_id="",
                name=_clean(part.get_filename() or f"ATT{number:05d}"),
                content_type=_clean(part.get_content_type()),
                content_id=_clean(str(part.get("Content-ID", ""))).strip().strip("<>"),
                size_bytes=len(data),
                is_inline=part.get_content_disposition() == "inline",
                is_item=part.get_content_type() in _MESSAGE_TYPES,
                content=data,
            )
        )
    return found
