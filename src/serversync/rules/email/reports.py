"""Reports about an e-mail that was sent: whom it did not reach, and why; and which e-mail it is about.

A report on delivery has a part for programs with a block for each recipient, and the e-mail or its headers. Some mail
servers say it in words of a known form instead, see ``bounces``; anything else is a message like any other.
Source: RFC 3464 (reports on delivery), RFC 6533 (with addresses in UTF-8).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from email import message_from_bytes, message_from_string
from email.message import Message
from enum import IntEnum
from typing import NamedTuple

from serversync.rules.email.bounces import is_mail_server, read_bounce
from serversync.rules.email.correlation import (
    CONVERSATION_BASE_BYTES,
    Book,
    Earlier,
    Keys,
    ancestors,
    conversation_base_hash,
    normalized_id,
)
from serversync.rules.email.headers import PARSER_ERRORS, decoded
from serversync.rules.email.kinds import Kind, kind_of
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.token import tokens_in

LONGEST_REASON = 2000
MOST_RECIPIENTS = 1000
"""Of a report, so many recipients are noted."""
_MOST_TEXT = 64 * 1024
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_HEADERS = frozenset({"text/rfc822-headers", "message/global-headers"})
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_STATUS_CODE = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_READ_RECEIPTS = (".IPNRN", ".IPNNRN")


class Fate(IntEnum):
    """What a report says of one recipient; the values are stored."""

    NOT_DELIVERED = 1
    DELAYED = 2
    DELIVERED = 3


_FATES = {
    "failed": Fate.NOT_DELIVERED,
    "delayed": Fate.DELAYED,
    "delivered": Fate.DELIVERED,
    "relayed": Fate.DELIVERED,
    "expanded": Fate.DELIVERED,
}


class Reported(NamedTuple):
    """One recipient of a report: address (empty where the report names none), fate, status code, reason in words."""

    address: str
    fate: Fate
    status: str = ""
    reason: str = ""


class Report(NamedTuple):
    """What a report says: of whom, and the ids and subject of the e-mail that it is about."""

    recipients: tuple[Reported, ...] = ()
    message_ids: tuple[str, ...] = ()
    subject: str = ""


def is_of_failure(item_class: str) -> bool:
    """Tell whether an item class is that of a report on mail that was not delivered.

    >>> is_of_failure("REPORT.IPM.Note.NDR"), is_of_failure("REPORT.IPM.Note.IPNRN")
    (True, False)
    """
    return item_class.upper().endswith(".NDR")


def is_report(message: ReceivedMessage) -> bool:
    """Tell whether Exchange took a message for a report on delivery."""
    return kind_of(message.item_class) is Kind.REPORT and not message.item_class.upper().endswith(
        _READ_RECEIPTS
    )


def may_be_bounce(message: ReceivedMessage) -> bool:
    """Tell whether a message that Exchange took for mail may be a report in words: a mail server wrote it."""
    return message.sender is not None and is_mail_server(message.sender.address)


def read_report(data: bytes, *, in_words_alone: bool = False) -> Report:
    """Return what a report says; nothing where it does not say it in a way that programs read.

    Args:
        data: The message as it came.
        in_words_alone: Whether it is no report by its form, so that only what a mail server says in words counts.
    """
    try:
        message = message_from_bytes(data)
        report = Report() if in_words_alone else _read(message)
        return report if report.recipients else _read_words(message, report)
    except PARSER_ERRORS:
        return Report()


def _read(message: Message) -> Report:
    recipients: list[Reported] = []
    ids: list[str] = []
    for part in _parts(message):
        if part.get_content_type() in _STATUS and not recipients:
            blocks = list(_blocks(part))
            recipients = list(_recipients(blocks))
            ids += [one for block in blocks if (one := _id(block.get("Original-Message-ID")))]
    returned = [
        _original(part) for part in _parts(message) if part.get_content_type() in _HEADERS | _MESSAGES
    ]
    return _about(returned, Report(tuple(recipients[:MOST_RECIPIENTS]), tuple(ids)))


def _read_words(message: Message, report: Report) -> Report:
    """Return what a report says in words; the given one where it says nothing that is known."""
    text = next((_text(part) for part in _parts(message) if part.get_content_type() == "text/plain"), "")
    bounce = read_bounce(text, _words(message.get("X-Failed-Recipients")))
    recipients = [
        Reported(
            address[:320],
            Fate.DELAYED if is_waiting else Fate.NOT_DELIVERED,
            found[0] if (found := _STATUS_CODE.search(reason)) else "",
            _words(reason)[:LONGEST_REASON],
        )
        for address, reason, is_waiting in bounce.unreached[:MOST_RECIPIENTS]
    ]
    if not recipients:
        return report
    returned = [
        _original(part) for part in _parts(message) if part.get_content_type() in _HEADERS | _MESSAGES
    ]
    if bounce.returned:
        returned.append(message_from_string(bounce.returned))
    return _about(returned, Report(tuple(recipients), report.message_ids, bounce.subject))


def _about(returned: Iterable[Message], report: Report) -> Report:
    """Add the ids and the subject of what came back."""
    ids, subject = list(report.message_ids), report.subject
    for original in returned:
        ids += [one for one in (_id(original.get("Message-ID")),) if one]
        subject = subject or decoded(str(original.get("Subject") or ""))
    return report._replace(message_ids=tuple(dict.fromkeys(ids)), subject=subject)


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts of the report itself, not those of the message that it carries."""
    payload = message.get_payload()
    if message.get_content_maintype() != "multipart" or not isinstance(payload, list):
        yield message
        return
    for part in payload:
        if isinstance(part, Message):
            yield from _parts(part)


def _text(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
    except PARSER_ERRORS:  # a charset that is none
        payload = None
    data = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    return data[:_MOST_TEXT].decode("utf-8", "replace")


def _blocks(part: Message) -> Iterator[Message]:
    """Yield the blocks of fields: the first about the message, one for each recipient after it."""
    payload = part.get_payload()
    if isinstance(payload, list):
        # The parser takes each for a message: its headers are the fields of one block.
        text = "\n\n".join(_wire(block) for block in payload[: MOST_RECIPIENTS + 1])
    else:
        text = _text(part)
    for block in text.replace("\r\n", "\n").split("\n\n"):
        if block.strip():
            yield message_from_string(block.lstrip("\n"))


def _wire(block: object) -> str:
    return block.as_bytes().decode("utf-8", "replace").strip("\n") if isinstance(block, Message) else ""


def _original(part: Message) -> Message:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return message_from_string(_text(part).lstrip())


def _recipients(blocks: Iterable[Message]) -> Iterator[Reported]:
    for block in blocks:
        fate = _FATES.get(_words(block.get("Action")).lower())
        address = _address(block.get("Original-Recipient")) or _address(block.get("Final-Recipient"))
        if fate is None or not address:
            continue
        kind, _, said = _words(block.get("Diagnostic-Code")).partition(";")
        yield Reported(
            address,
            fate,
            _words(block.get("Status")).split(" ")[0][:20],
            (said.strip() or kind)[:LONGEST_REASON],
        )


def _words(value: object) -> str:
    """Return a field's value on one line, without what a database cannot keep."""
    text = decoded(str(value or "")).replace("\0", "")
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _address(value: object) -> str:
    """Return the address of a field such as ``rfc822; grete@harbour.example``; empty where it is none.

    >>> _address("rfc822;<grete@harbour.example>"), _address("x400; /S=GRETE/")
    ('grete@harbour.example', '')
    """
    kind, separator, address = _words(value).partition(";")
    found = (address if separator else kind).strip().strip("<>").strip()
    return found[:320] if "@" in found and " " not in found else ""


def _id(value: object) -> str:
    text = _words(value)
    return normalized_id(text) if "@" in text else ""


def keys_of_report(message: ReceivedMessage, report: Report, prefixes: Sequence[str]) -> Keys:
    """Return under what the e-mail that a report is about would be found."""
    return Keys(
        tuple(dict.fromkeys([*report.message_ids, *ancestors(message)])),
        tuple(dict.fromkeys([*tokens_in(report.subject, prefixes), *tokens_in(message.subject, prefixes)])),
        conversation_base_hash(message.conversation_index),
    )


def subject_of_report(message: ReceivedMessage, keys: Keys, book: Book) -> Earlier | None:
    """Return the e-mail that a report is about: one that was sent, by its id, its token, or its conversation."""
    for message_id in keys.message_ids:
        if found := _latest(book.by_message_id.get(message_id, ())):
            return found
    for token in keys.tokens:
        if found := _latest(book.by_token.get(token, ())):
            return found
    if keys.conversation is None:
        return None
    index = message.conversation_index
    return _latest(
        one
        for one in book.by_conversation.get(keys.conversation, ())
        if len(one.conversationindex) >= CONVERSATION_BASE_BYTES and index.startswith(one.conversationindex)
    )


def _latest(candidates: Iterable[Earlier]) -> Earlier | None:
    """Return the longest conversation's, then the latest, of those that were sent."""
    return max(
        (one for one in candidates if one.is_outgoing),
        key=lambda one: (
            len(one.conversationindex),
            one.sent_on.timestamp() if one.sent_on else 0.0,
            one.activityid.int,
        ),
        default=None,
    )
