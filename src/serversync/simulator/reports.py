"""Reports as Exchange writes them: mail that could not be delivered, was delivered, was read, or was not."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from serversync.simulator.mime import parse_message

_POSTMASTER = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e"
_POLICY = SMTP.clone(max_line_length=998)
_SAID = {
    "5.1.1": "The email address you entered couldn't be found.",
    "5.1.10": "The email address you entered couldn't be found.",
    "5.2.2": "The recipient's mailbox is full and can't accept messages now.",
    "5.2.3": "The message is larger than the size limit for messages.",
    "5.7.1": "You don't have permission to send to this recipient.",
}


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Why somebody did not get a message.

    Attributes:
        address: Whom it was for.
        status: Enhanced status code, for example ``5.1.10``.
        diagnostic: What the server said, without the codes.
    """

    address: str
    status: str
    diagnostic: str


def postmaster(domain: str) -> str:
    """Return the address that reports come from."""
    return f"{_POSTMASTER}@{domain}"


def _start(
    original: bytes, *, subject: str, sender: str, to: str, message_id: str, now: datetime
) -> EmailMessage:
    content = parse_message(original)
    report = EmailMessage(policy=_POLICY)
    report["From"] = f'"Microsoft Outlook" <{sender}>'
    report["To"] = to
    report["Subject"] = f"{subject}: {content.subject}".replace("\n", " ").replace("\r", " ")
    report["Date"] = format_datetime(now)
    report["Message-ID"] = message_id
    if content.internet_message_id:
        report["In-Reply-To"] = content.internet_message_id
        report["References"] = " ".join(filter(None, (content.references, content.internet_message_id)))
    if content.thread_index:
        report["Thread-Topic"] = content.conversation_topic.replace("\n", " ").replace("\r", " ")
        report["Thread-Index"] = content.thread_index
    report["Auto-Submitted"] = "auto-replied"
    report["X-Auto-Response-Suppress"] = "All"
    report["MIME-Version"] = "1.0"
    return report


def _assemble(
    report: EmailMessage, kind: str, text: str, machine: str, machine_kind: str, original: bytes
) -> bytes:
    """Return the report with its parts: for people, for programs, and the message or its head, byte for byte."""
    boundary = "_report_" + hashlib.sha256(str(report["Message-ID"]).encode()).hexdigest()[:24]
    report["Content-Type"] = f'multipart/report; report-type={kind}; boundary="{boundary}"'
    head = report.as_bytes().partition(b"\r\n\r\n")[0]
    people = EmailMessage(policy=_POLICY)
    people.set_content(text)
    shown = escape(text).replace("\n", "<br>")
    people.add_alternative(f"<html><body><p>{shown}</p></body></html>", subtype="html")
    is_whole = kind == "delivery-status"
    kept = original if is_whole else original.partition(b"\r\n\r\n")[0] + b"\r\n"
    whole_kind = "message/rfc822" if is_whole else "text/rfc822-headers"
    parts = (
        people.as_bytes(),
        f"Content-Type: {machine_kind}\r\n\r\n{machine}".encode(),
        f"Content-Type: {whole_kind}\r\n\r\n".encode() + kept,
    )
    mark = f"\r\n--{boundary}".encode()
    return head + b"\r\n" + b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"


def non_delivery(
    original: bytes,
    to: str,
    failures: tuple[Undelivered, ...],
    *,
    domain: str,
    message_id: str,
    now: datetime,
) -> bytes:
    """Return the report that a message could not be delivered (``REPORT.IPM.Note.NDR``)."""
    host = f"EXCH01.{domain}"
    report = _start(
        original, subject="Undeliverable", sender=postmaster(domain), to=to, message_id=message_id, now=now
    )
    report["X-MS-Exchange-Message-Is-Ndr"] = ""
    said = "\n".join(
        f"{one.address}\n{_SAID.get(one.status, 'The message could not be delivered.')}" for one in failures
    )
    details = "\n".join(
        f"{one.address}\nRemote Server returned '550 {one.status} {one.diagnostic}'" for one in failures
    )
    text = (
        f"Delivery has failed to these recipients or groups:\n\n{said}\n\n"
        f"Diagnostic information for administrators:\n\nGenerating server: {host}\n\n{details}\n"
    )
    blocks = "".join(
        f"\r\nOriginal-Recipient: rfc822;{one.address}\r\nFinal-Recipient: rfc822;{one.address}\r\nAction: failed\r\n"
        f"Status: {one.status}\r\nDiagnostic-Code: smtp;550 {one.status} {one.diagnostic}\r\n"
        for one in failures
    )
    machine = f"Reporting-MTA: dns;{host}\r\n{blocks}"
    return _assemble(report, "delivery-status", text, machine, "message/delivery-status", original)


def delivery(
    original: bytes, to: str, recipients: tuple[str, ...], *, domain: str, message_id: str, now: datetime
) -> bytes:
    """Return the report that a message was delivered (``REPORT.IPM.Note.DR``)."""
    host = f"EXCH01.{domain}"
    report = _start(
        original, subject="Delivered", sender=postmaster(domain), to=to, message_id=message_id, now=now
    )
    text = "Your message has been delivered to the following recipients:\n\n" + "\n".join(recipients) + "\n"
    blocks = "".join(
        f"\r\nFinal-Recipient: rfc822;{one}\r\nAction: delivered\r\nStatus: 2.0.0\r\n" for one in recipients
    )
    machine = f"Reporting-MTA: dns;{host}\r\n{blocks}"
    return _assemble(report, "delivery-status", text, machine, "message/delivery-status", original)


def read(original: bytes, to: str, reader: str, *, is_read: bool, message_id: str, now: datetime) -> bytes:
    """Return the report that a message was read (``…IPNRN``), or deleted without being read (``…IPNNRN``)."""
    content = parse_message(original)
    word = "Read" if is_read else "Not read"
    report = _start(original, subject=word, sender=reader, to=to, message_id=message_id, now=now)
    report.replace_header("From", reader)
    what = "was read" if is_read else "was deleted without being read"
    text = f"Your message\n\n   To: {reader}\n   Subject: {content.subject}\n\n{what} on {now:%A, %B %d, %Y %H:%M:%S} (UTC).\n"
    disposition = "displayed" if is_read else "deleted"
    machine = (
        f"Final-recipient: RFC822; {reader}\r\n"
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}\r\n"
        f"Original-Message-ID: {content.internet_message_id}\r\n"
    )
    return _assemble(
        report, "disposition-notification", text, machine, "message/disposition-notification", original
    )
