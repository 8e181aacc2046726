"""A message as it came over the wire, taken apart into what Exchange shows of it.

Never raises: whatever a message lacks or garbles is left empty or read as well as it can be. Bodies and
attachments are chosen as Exchange does: the first text of the message, with its HTML alternative, is the body;
every further part is an attachment, and one without a name is called ``ATT00001`` and so on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from email.policy import default as default_policy
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from serversync.simulator.addresses import PARSER_ERRORS, Address, parse_addresses

_UNFOLD = re.compile(r"\r\n|\r|\n")
_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_SUBJECT_PREFIX = re.compile(r"^\s*(?:(?:re|fw|fwd|aw|wg|sv|tr|rv)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".htm",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
}
_IMPORTANCE = {"high": "High", "urgent": "High", "1": "High", "2": "High"} | dict.fromkeys(
    ("low", "non-urgent", "4", "5"), "Low"
)
_SENSITIVITY = {"personal": "Personal", "private": "Private", "company-confidential": "Confidential"}
_REPORT_CLASSES = {
    "failed": "REPORT.IPM.Note.NDR",
    "delivered": "REPORT.IPM.Note.DR",
    "relayed": "REPORT.IPM.Note.Relayed",
    "expanded": "REPORT.IPM.Note.Expanded",
    "delayed": "REPORT.IPM.Note.Delayed",
}
_PLAIN_LEAF = "text/plain"
_BODY_TYPES = frozenset({_PLAIN_LEAF, "text/html", "text/enriched", "text/richtext"})

Part: TypeAlias = "Message[str, str]"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message that is not its body.

    Attributes:
        name: File name.
        content_type: MIME type, lower case.
        content_id: Without angle brackets; ``None`` where there is none.
        content_location: As in the part.
        is_inline: Whether the HTML body shows it.
        data: The decoded bytes; for an attached message its MIME.
        is_message: Whether it is a message of its own (``ItemAttachment``).
    """

    name: str
    content_type: str
    content_id: str | None
    content_location: str | None
    is_inline: bool
    data: bytes
    is_message: bool


@dataclass(slots=True)
class MessageContent:
    """What Exchange shows of a message; element names as in EWS."""

    item_class: str = "IPM.Note"
    subject: str = ""
    sensitivity: str = "Normal"
    importance: str = "Normal"
    body_html: str | None = None
    body_text: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    date_time_sent: datetime | None = None
    in_reply_to: str = ""
    references: str = ""
    internet_message_id: str = ""
    internet_message_headers: list[tuple[str, str]] = field(default_factory=list)
    transport_message_headers: str = ""
    sender: Address | None = None
    from_: Address | None = None
    to_recipients: tuple[Address, ...] = ()
    cc_recipients: tuple[Address, ...] = ()
    bcc_recipients: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    conversation_topic: str = ""
    thread_index: str = ""
    categories: tuple[str, ...] = ()
    is_read_receipt_requested: bool = False
    is_delivery_receipt_requested: bool = False
    is_auto_submitted: bool = False


def _repair(value: str) -> str:
    """Return a header's text with raw bytes read as UTF-8; what is none becomes U+FFFD."""
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _LenientPolicy(Compat32):
    """Headers are plain text, with raw bytes repaired, instead of ``Header`` objects; written back as they came."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the signature is the standard library's
        return value if value.isascii() else _repair(value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}".encode("utf-8", "surrogateescape") + self.linesep.encode()


_LENIENT = _LenientPolicy()
_POLICIES = {"\n": _LENIENT, "\r\n": _LENIENT.clone(linesep="\r\n")}


def without_prefixes(subject: str) -> str:
    """Return a subject without ``RE:``, ``FW:`` and their relatives: the topic of its conversation."""
    return _SUBJECT_PREFIX.sub("", subject)


def decode_text(value: str) -> str:
    """Return a header's value unfolded, with encoded words decoded."""
    unfolded = _UNFOLD.sub("", value).strip()
    if "=?" not in unfolded:
        return unfolded
    try:
        return str(default_policy.header_factory("subject", unfolded))
    except PARSER_ERRORS:
        pass_over = unfolded
    try:
        return str(make_header(decode_header(pass_over)))
    except PARSER_ERRORS:
        return unfolded


def _decode_bytes(data: bytes, charset: str | None) -> str:
    for candidate in (charset, "utf-8"):
        try:
            if candidate:
                return data.decode(candidate, "replace" if candidate == charset else "strict")
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _bytes_of(part: Part, newline: str = "\r\n") -> bytes:
    """Return the decoded bytes of a part; an attached message as its MIME, with these ends of lines."""
    try:
        if part.is_multipart():
            nested = part.get_payload()
            messages = (inner for inner in nested if isinstance(inner, Message))
            return newline.encode().join(inner.as_bytes(policy=_POLICIES[newline]) for inner in messages)
        payload = part.get_payload(decode=True)
    except PARSER_ERRORS:
        return str(part.get_payload()).encode("utf-8", "surrogateescape")
    return payload if isinstance(payload, bytes) else b""


def _param(part: Part, name: str, header: str) -> str | None:
    try:
        value = part.get_param(name, header=header)
        if isinstance(value, tuple):
            charset, _, encoded = value
            return _decode_bytes(encoded.encode("latin-1", "replace"), charset or "utf-8")
    except PARSER_ERRORS:
        return None
    return _repair(value) if isinstance(value, str) else None


def _file_name(part: Part) -> str:
    for name, header in (("filename", "content-disposition"), ("name", "content-type")):
        value = _param(part, name, header)
        if value and (clean := decode_text(value.strip('"'))):
            return clean
    return ""


def _disposition(part: Part) -> str:
    try:
        return (part.get_content_disposition() or "").lower()
    except PARSER_ERRORS:
        return ""


def _content_type(part: Part) -> str:
    try:
        return part.get_content_type().lower()
    except PARSER_ERRORS:
        return "application/octet-stream"


class _Collector:
    """Chooses the body and lines up the attachments while walking through the parts."""

    def __init__(self, content: MessageContent, newline: str) -> None:
        self.content = content
        self._newline = newline
        self._unnamed = 0

    def walk(self, part: Part, *, is_root: bool = False, in_related: bool = False) -> None:
        """Place a part and everything inside it."""
        kind = _content_type(part)
        children = part.get_payload() if part.is_multipart() else None
        if kind.startswith("multipart/") and isinstance(children, list):
            self._walk_children(kind, [child for child in children if isinstance(child, Message)])
        elif kind.startswith("multipart/") and is_root:
            self._take_body(part, _PLAIN_LEAF)
        elif self._is_body(part, kind, is_root=is_root):
            self._take_body(part, kind)
        else:
            self._attach(part, kind, in_related=in_related)

    def _walk_children(self, kind: str, children: list[Part]) -> None:
        if kind == "multipart/alternative":
            for child in children:
                self._walk_alternative(child)
            return
        for index, child in enumerate(children):
            self.walk(child, in_related=kind == "multipart/related" and index > 0)

    def _walk_alternative(self, part: Part) -> None:
        kind = _content_type(part)
        if part.is_multipart() and kind.startswith("multipart/"):
            text = self.content.body_text
            self.content.body_text = None
            self.walk(part)
            self.content.body_text = text if text is not None else self.content.body_text
        elif (
            kind in {_PLAIN_LEAF, "text/html"} and _disposition(part) != "attachment" and self._is_open(kind)
        ):
            self._take_body(part, kind)
        else:
            self._attach(part, kind, in_related=False)

    def _is_open(self, kind: str) -> bool:
        return (self.content.body_html if kind == "text/html" else self.content.body_text) is None

    def _is_body(self, part: Part, kind: str, *, is_root: bool) -> bool:
        if self.content.body_html is not None or self.content.body_text is not None:
            return False
        if _disposition(part) == "attachment" or kind not in _BODY_TYPES:
            return False
        return is_root or not _param(part, "filename", "content-disposition")

    def _take_body(self, part: Part, kind: str) -> None:
        data = _bytes_of(part)
        charset = _param(part, "charset", "content-type")
        if kind == "text/html":
            if not charset and (meta := _META_CHARSET.search(data[:4096])):
                charset = meta.group(1).decode("ascii", "replace")
            self.content.body_html = _decode_bytes(data, charset)
        else:
            self.content.body_text = _decode_bytes(data, charset)

    def _attach(self, part: Part, kind: str, *, in_related: bool) -> None:
        nested = part.get_payload() if kind == "message/rfc822" and part.is_multipart() else None
        is_message = isinstance(nested, list) and bool(nested) and isinstance(nested[0], Message)
        name = _file_name(part)
        if not name and isinstance(nested, list) and isinstance(nested[0], Message):
            name = decode_text(str(nested[0].get("subject", "")))
        if not name:
            self._unnamed += 1
            name = f"ATT{self._unnamed:05d}{_EXTENSIONS.get(kind, '.bin')}"
        content_id = str(part.get("content-id", "")).strip().strip("<>") or None
        location = decode_text(str(part.get("content-location", ""))) or None
        is_inline = content_id is not None and (in_related or _disposition(part) == "inline")
        self.content.attachments.append(
            Attachment(
                name, kind, content_id, location, is_inline, _bytes_of(part, self._newline), is_message
            )
        )


def parse_message(mime: bytes) -> MessageContent:
    """Take a message apart; see the module for what is promised."""
    content = MessageContent()
    try:
        message: Part = message_from_bytes(mime, policy=_LENIENT)
    except PARSER_ERRORS:
        content.body_text = mime.decode("utf-8", "replace")
        return content
    headers: dict[str, str] = {}
    for name, value in message.items():
        decoded = decode_text(value)
        content.internet_message_headers.append((name, decoded))
        headers.setdefault(name.lower(), value)
    _read_headers(content, headers)
    content.transport_message_headers = _header_section(mime)
    content.item_class = _item_class(message)
    _Collector(content, "\r\n" if b"\r\n" in mime[:4096] else "\n").walk(message, is_root=True)
    return content


def _header_section(mime: bytes) -> str:
    section = re.split(rb"\r?\n\r?\n", mime, maxsplit=1)[0]
    return section.decode("utf-8", "replace")


def _read_headers(content: MessageContent, headers: dict[str, str]) -> None:
    def text(name: str) -> str:
        return decode_text(headers.get(name, ""))

    def people(name: str) -> tuple[Address, ...]:
        return parse_addresses(_UNFOLD.sub("", headers.get(name, "")))

    content.subject = text("subject")
    content.sensitivity = _SENSITIVITY.get(text("sensitivity").lower(), "Normal")
    content.importance = _importance(text(name) for name in ("importance", "priority", "x-priority"))
    content.internet_message_id = text("message-id")
    content.in_reply_to = text("in-reply-to")
    content.references = " ".join(text("references").split())
    content.date_time_sent = parse_date(text("date"))
    content.from_ = next(iter(people("from")), None)
    content.sender = next(iter(people("sender")), None) or content.from_
    content.to_recipients = people("to")
    content.cc_recipients = people("cc")
    content.bcc_recipients = people("bcc")
    content.reply_to = people("reply-to")
    content.conversation_topic = text("thread-topic") or without_prefixes(content.subject)
    content.thread_index = text("thread-index")
    content.categories = tuple(word.strip() for word in text("keywords").split(",") if word.strip())
    content.is_read_receipt_requested = "disposition-notification-to" in headers
    content.is_delivery_receipt_requested = "return-receipt-to" in headers
    content.is_auto_submitted = text("auto-submitted").lower() not in {"", "no"}


def _importance(values: Iterable[str]) -> str:
    for value in values:
        word = value.strip().lower().split(" ", maxsplit=1)[0]
        if word in _IMPORTANCE:
            return _IMPORTANCE[word]
        if word in {"normal", "3"}:
            return "Normal"
    return "Normal"


def parse_date(value: str) -> datetime | None:
    """Return the time of a Date header in UTC, or ``None`` where it says none that MAPI could hold."""
    if not value:
        return None
    try:
        parsed = parsedate_to_datetime(value)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        in_utc = aware.astimezone(UTC)
    except (*PARSER_ERRORS, OverflowError):
        return None
    return in_utc if 1601 < in_utc.year < 4501 else None


def _item_class(message: Part) -> str:
    kind = _content_type(message)
    if kind == "multipart/report":
        return _report_class(message)
    if kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return "IPM.Note.SMIME"
    if kind == "multipart/signed" and "pkcs7" in (_param(message, "protocol", "content-type") or ""):
        return "IPM.Note.SMIME.MultipartSigned"
    return "IPM.Note"


def _report_class(message: Part) -> str:
    parts = message.get_payload() if message.is_multipart() else None
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, Message):
            continue
        kind, data = _content_type(part), _bytes_of(part)
        if kind == "message/delivery-status":
            action = re.search(rb"^action:\s*([a-z]+)", data, re.IGNORECASE | re.MULTILINE)
            word = action.group(1).decode().lower() if action else "failed"
            return _REPORT_CLASSES.get(word, "REPORT.IPM.Note.NDR")
        if kind == "message/disposition-notification":
            return "REPORT.IPM.Note.IPNRN" if b"displayed" in data.lower() else "REPORT.IPM.Note.IPNNRN"
    return "IPM.Note"
