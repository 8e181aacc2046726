"""Transport: carries mail to mailboxes here and to other servers, and answers for mailboxes by itself.

Whoever has a mailbox here gets the message, unless it is too large or the mailbox is full. A recipient of an own
domain without a mailbox comes back to the sender as a report; mail for other domains is put into ``Exchange.outbox``,
from where it can be made to bounce. Reports and automatic replies have no sender and are never answered.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING

from serversync.simulator import reports
from serversync.simulator.identifiers import decode
from serversync.simulator.itemview import ItemView
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mime import parse_message
from serversync.simulator.mimeheaders import with_headers
from serversync.simulator.reports import Undelivered
from serversync.simulator.response import EwsError
from serversync.simulator.rules import Actions
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import ExtendedKey, ExtendedValue, StoredItem
from serversync.simulator.versions import Schema

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange

OOF_CLASS = "IPM.Note.Rules.OofTemplate.Microsoft"
REPLY_CLASS = "IPM.Note.Rules.ReplyTemplate.Microsoft"
_POLICY = SMTP.clone(max_line_length=998)
_MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """Mail that left for other servers.

    Attributes:
        sender: Address of the envelope's sender; empty for reports.
        recipients: Addresses outside, in the order of the message.
        mime: The message, without blind copies.
        sent: When.
    """

    sender: str
    recipients: tuple[str, ...]
    mime: bytes
    sent: datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message on its way.

    Attributes:
        sender: Who gets reports about it; empty for nobody.
        recipients: Whom it is for.
        mime: The message, without blind copies.
        item_class: Its class, where it is not the one that the MIME tells.
        extended: Extended properties that travel with it inside the organization.
        hops: How often a rule has sent it on.
        put: Puts it into a mailbox here, where it is no ordinary message; ``None`` for one.
    """

    sender: str
    recipients: tuple[str, ...]
    mime: bytes
    item_class: str | None = None
    extended: dict[ExtendedKey, ExtendedValue] = field(default_factory=dict)
    hops: int = 0
    put: Callable[[Mailbox], StoredItem] | None = None


class _RefusedError(Exception):
    """A mailbox does not take a message."""

    def __init__(self, failure: Undelivered) -> None:
        super().__init__(failure.status)
        self.failure = failure


def route(exchange: "Exchange", envelope: Envelope) -> list[StoredItem]:
    """Carry a message to everybody it is for; returns what arrived in mailboxes here."""
    arrived: list[StoredItem] = []
    failures: list[Undelivered] = []
    outside: list[str] = []
    reached: dict[Mailbox, str] = {}
    for address in dict.fromkeys(envelope.recipients):
        mailbox = exchange.find_mailbox(address)
        if mailbox is not None:
            reached.setdefault(mailbox, address)
        elif exchange.is_own_domain(address):
            failures.append(_unknown(exchange, address))
        else:
            outside.append(address)
    delivered = []
    for mailbox, address in reached.items():
        try:
            arrived.append(_accept(exchange, mailbox, address, envelope))
            delivered.append(address)
        except _RefusedError as refused:
            failures.append(refused.failure)
    if outside:
        mail = OutgoingMail(envelope.sender, tuple(outside), envelope.mime, exchange.now())
        exchange.outbox.append(mail)
    if failures:
        _report_failures(exchange, envelope, tuple(failures))
    elif delivered and envelope.sender and parse_message(envelope.mime).is_delivery_receipt_requested:
        _report_delivery(exchange, envelope, tuple(delivered))
    return arrived


def _unknown(exchange: "Exchange", address: str) -> Undelivered:
    if exchange.version.schema >= Schema.EXCHANGE2013:
        said = "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
        return Undelivered(address, "5.1.10", said)
    return Undelivered(address, "5.1.1", "RESOLVER.ADR.RecipNotFound; not found")


def _accept(exchange: "Exchange", mailbox: Mailbox, address: str, envelope: Envelope) -> StoredItem:
    limit = exchange.max_message_size
    if limit is not None and len(envelope.mime) > limit:
        raise _RefusedError(
            Undelivered(address, "5.2.3", "RESOLVER.RST.RecipSizeLimit; message too large for this recipient")
        )
    if not mailbox.has_room_for(len(envelope.mime)):
        raise _RefusedError(Undelivered(address, "5.2.2", "STOREDRV.Deliver; mailbox full"))
    return arrive(exchange, mailbox, envelope, exchange.now())


def arrive(exchange: "Exchange", mailbox: Mailbox, envelope: Envelope, received: datetime) -> StoredItem:
    """Put a message into a mailbox and do what the mailbox does by itself: replies and rules."""
    extended = dict(envelope.extended) or None
    if mailbox.blocked_senders and _is_blocked(mailbox, envelope):
        junk = StoredItem(0, 0, envelope.mime, received, item_class=envelope.item_class, extended=extended)
        return mailbox.add(junk, mailbox.distinguished_folder("junkemail"))
    if envelope.put is None:
        item = mailbox.receive(envelope.mime, received, item_class=envelope.item_class, extended=extended)
        item = exchange.take_meeting(mailbox, item)
    else:
        item = envelope.put(mailbox)
    if mailbox.oof.is_active(exchange.now()):
        _reply_out_of_office(exchange, mailbox, item, envelope)
    return _apply_rules(exchange, mailbox, item, envelope) if mailbox.rules else item


def _is_blocked(mailbox: Mailbox, envelope: Envelope) -> bool:
    """Whether the owner wants nothing from the author of a message."""
    author = parse_message(envelope.mime).from_
    return author is not None and author.address.lower() in mailbox.blocked_senders


def _report_failures(exchange: "Exchange", envelope: Envelope, failures: tuple[Undelivered, ...]) -> None:
    if not envelope.sender:
        return
    message_id = exchange.new_message_id(envelope.mime)
    mime = reports.non_delivery(
        envelope.mime,
        envelope.sender,
        failures,
        domain=exchange.domain,
        message_id=message_id,
        now=exchange.now(),
    )
    route(exchange, Envelope("", (envelope.sender,), mime))


def _report_delivery(exchange: "Exchange", envelope: Envelope, delivered: tuple[str, ...]) -> None:
    mime = reports.delivery(
        envelope.mime,
        envelope.sender,
        delivered,
        domain=exchange.domain,
        message_id=exchange.new_message_id(envelope.mime),
        now=exchange.now(),
    )
    route(exchange, Envelope("", (envelope.sender,), mime))


def bounce(exchange: "Exchange", mail: OutgoingMail, *, status: str, diagnostic: str) -> None:
    """Let another server refuse mail that left: its sender gets a report."""
    failures = tuple(Undelivered(address, status, diagnostic) for address in mail.recipients)
    _report_failures(exchange, Envelope(mail.sender, mail.recipients, mail.mime), failures)


def send_read_receipt(exchange: "Exchange", mailbox: Mailbox, item: StoredItem, *, is_read: bool) -> None:
    """Tell the author of a message that it was read, or deleted unread, if the message asks for that."""
    mime = mailbox.mime(item)
    if mime is None or item.is_draft or item.is_associated:
        return
    view = _view(exchange, mailbox, item)
    author = view.get("message:Sender") or view.get("message:From")
    wanted = view.get("message:IsReadReceiptRequested")
    if not wanted or author is None or author.address.lower() in mailbox.addresses():
        return
    report = reports.read(
        mime,
        author.address,
        mailbox.primary_smtp_address,
        is_read=is_read,
        message_id=exchange.new_message_id(mime),
        now=exchange.now(),
    )
    route(exchange, Envelope("", (author.address,), report))


def _view(exchange: "Exchange", mailbox: Mailbox, item: StoredItem) -> ItemView:
    return exchange.view(mailbox, item, Shape(exchange.version.schema))


def _is_answerable(view: ItemView, envelope: Envelope) -> bool:
    """Whether an automatic reply may go to the sender: not to reports, lists and other automatic mail."""
    if not envelope.sender or view.content.is_auto_submitted or view.item_class.upper().startswith("REPORT"):
        return False
    headers = {name.lower(): value.lower() for name, value in view.content.internet_message_headers}
    if headers.get("precedence") in {"bulk", "list", "junk"} or "list-id" in headers:
        return False
    suppressed = {part.strip() for part in headers.get("x-auto-response-suppress", "").split(",")}
    return not suppressed & {"all", "oof"}


def _reply_out_of_office(
    exchange: "Exchange", mailbox: Mailbox, item: StoredItem, envelope: Envelope
) -> None:
    view, sender = _view(exchange, mailbox, item), envelope.sender.lower()
    if not _is_answerable(view, envelope) or sender in mailbox.oof.answered or sender in mailbox.addresses():
        return
    reply = mailbox.oof.reply_for(
        is_internal=exchange.is_own_domain(sender), is_known=_is_known(exchange, mailbox, sender)
    )
    if reply is None:
        return
    mailbox.oof.answered.add(sender)
    prefix = "Automatic reply" if exchange.version.schema >= Schema.EXCHANGE2010 else "Out of Office"
    message = _from_owner(exchange, mailbox, (envelope.sender,), f"{prefix}: {view.subject}")
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-MS-Exchange-Inbox-Rules-Loop"] = mailbox.primary_smtp_address
    if view.content.internet_message_id:
        message["In-Reply-To"] = message["References"] = view.content.internet_message_id
    message.set_content(reply, subtype="html")
    route(exchange, Envelope("", (envelope.sender,), message.as_bytes(), OOF_CLASS))


def _is_known(exchange: "Exchange", mailbox: Mailbox, address: str) -> bool:
    for number in mailbox.distinguished_folder("contacts").items:
        entries = _view(exchange, mailbox, mailbox.item(number)).get("contacts:EmailAddresses") or {}
        if any((value or "").lower() == address for value in entries.values()):
            return True
    return False


def _from_owner(exchange: "Exchange", mailbox: Mailbox, to: Iterable[str], subject: str) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"] = formataddr((mailbox.display_name, mailbox.primary_smtp_address))
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(exchange.now())
    message["Message-ID"] = exchange.new_message_id(subject.encode("utf-8", "replace"))
    return message


def _apply_rules(exchange: "Exchange", mailbox: Mailbox, item: StoredItem, envelope: Envelope) -> StoredItem:
    for rule in sorted(mailbox.rules, key=lambda one: one.priority):
        if not rule.applies(_view(exchange, mailbox, item)):
            continue
        if envelope.hops < _MOST_HOPS:
            _send_on(exchange, mailbox, item, envelope, rule.actions)
        found = _file(mailbox, item, rule.actions)
        if found is None:
            return item
        item = found
        if rule.actions.stop:
            break
    return item


def _send_on(
    exchange: "Exchange", mailbox: Mailbox, item: StoredItem, envelope: Envelope, actions: Actions
) -> None:
    """Forward and redirect a message as a rule says; a message that a rule sends on in circles stops."""
    view, hops, owner = _view(exchange, mailbox, item), envelope.hops + 1, mailbox.primary_smtp_address
    mime = mailbox.mime(item) or envelope.mime
    if actions.reply_with:
        _reply_with(exchange, mailbox, view, envelope, actions.reply_with)
    if actions.redirect:
        again = with_headers(mime, {"Resent-From": owner})
        route(exchange, Envelope(envelope.sender, actions.redirect, again, envelope.item_class, hops=hops))
    for people, attached in ((actions.forward_as_attachment, True), (actions.forward, False)):
        if not people:
            continue
        message = _from_owner(exchange, mailbox, people, f"FW: {view.subject}")
        message["X-MS-Exchange-Inbox-Rules-Loop"] = owner
        message.set_content("" if attached else view.body("Text")[1])
        if attached:
            part = EmailMessage(policy=_POLICY)
            part["Content-Type"] = "message/rfc822"
            part["Content-Disposition"] = "attachment"
            part.set_payload(mime.decode("ascii", "surrogateescape"))
            message.make_mixed()
            message.attach(part)
        else:
            for one in view.content.attachments:
                maintype, _, subtype = one.content_type.partition("/")
                is_file = maintype not in {"message", "multipart", ""} and subtype
                kind = (maintype, subtype) if is_file else ("application", "octet-stream")
                message.add_attachment(one.data, maintype=kind[0], subtype=kind[1], filename=one.name)
        route(exchange, Envelope(owner, people, message.as_bytes(), hops=hops))


def _reply_with(
    exchange: "Exchange", mailbox: Mailbox, view: ItemView, envelope: Envelope, template_id: str
) -> None:
    """Answer the sender of a message with one that the owner keeps for that."""
    template = mailbox.find_original(decode(template_id).item)
    if template is None or not _is_answerable(view, envelope):
        return
    kept = _view(exchange, mailbox, template)
    message = _from_owner(exchange, mailbox, (envelope.sender,), kept.subject or f"RE: {view.subject}")
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    kind, content = kept.body("Best")
    message.set_content(content, subtype=kind.lower() if kind == "HTML" else "plain")
    route(exchange, Envelope("", (envelope.sender,), message.as_bytes(), REPLY_CLASS))


def _file(mailbox: Mailbox, item: StoredItem, actions: Actions) -> StoredItem | None:
    """Do with the item of the mailbox what a rule says; ``None`` where it is gone afterwards."""
    if actions.categories:
        item = mailbox.edit(item.number, properties={"item:Categories": actions.categories})
    if actions.importance:
        item = mailbox.edit(item.number, properties={"item:Importance": actions.importance})
    if actions.mark_as_read:
        mailbox.mark_read(item.number)
        item = mailbox.item(item.number)
    if actions.copy_to and (folder := mailbox.folders.get(decode(actions.copy_to).folder)):
        mailbox.copy(item.number, folder)
    if actions.permanent_delete:
        mailbox.delete(item.number)
        return None
    if actions.delete:
        return mailbox.move(item.number, mailbox.distinguished_folder("deleteditems"))
    if actions.move_to and (folder := mailbox.folders.get(decode(actions.move_to).folder)):
        return mailbox.move(item.number, folder)
    return item


def check_sending(exchange: "Exchange", mailbox: Mailbox, size: int) -> None:
    """Refuse what its sender may not send.

    Raises:
        EwsError: ``ErrorQuotaExceeded`` or ``ErrorMessageSizeExceeded``.
    """
    limit = mailbox.quota.prohibit_send
    if limit is not None and mailbox.size > limit:
        raise EwsError("ErrorQuotaExceeded")
    if exchange.max_message_size is not None and size > exchange.max_message_size:
        raise EwsError("ErrorMessageSizeExceeded")
