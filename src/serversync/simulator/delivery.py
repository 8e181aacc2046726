"""Mail on its way: from a mailbox to those of the organization, and out to other servers.

Transport carries MIME. Recipients with a mailbox here get it into their Inbox, with the extended properties of
the sender's item, as between mailboxes of one organization; for all others it lands in ``Exchange.outbox``.
"""

from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from serversync.simulator.addresses import Address
from serversync.simulator.compose import compose, mailbox_header
from serversync.simulator.extended import INTERNET_HEADERS, internet_headers
from serversync.simulator.itemview import ItemView
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mimeheaders import with_headers, without_headers
from serversync.simulator.response import EwsError
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.transport import Envelope, check_sending, route

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange

_RECIPIENTS = ("message:ToRecipients", "message:CcRecipients", "message:BccRecipients")
_NOT_SENT = ("Bcc", "Keywords")


def submit(exchange: "Exchange", mailbox: Mailbox, item: StoredItem) -> StoredItem:
    """Send an item and return what is kept of it: a copy that is no draft any more, not yet in a folder.

    Args:
        exchange: The server.
        mailbox: Whose item it is; it is sent in this name unless it says ``From``.
        item: The item.

    Raises:
        EwsError: ``ErrorInvalidRecipients``, ``ErrorSendAsDenied``, ``ErrorQuotaExceeded`` or
            ``ErrorMessageSizeExceeded``; nothing was sent.
    """
    sent = item.copy()
    sent.origin, sent.number = item.origin or item.number, 0
    view = _view(exchange, mailbox, sent)
    recipients = _recipients(view)
    owner = Address(mailbox.display_name, mailbox.primary_smtp_address)
    author = view.get("message:From") or owner
    if not may_send_as(exchange, mailbox, author.address):
        raise EwsError("ErrorSendAsDenied")
    now = exchange.now()
    _complete(exchange, view, author, owner, now)
    view = _view(exchange, mailbox, sent)
    if view.own_mime is not None and view.keeps_own_mime:
        mime = without_headers(view.own_mime, _NOT_SENT)
    else:
        mime = compose(view, for_transport=True)
    check_sending(exchange, mailbox, len(mime))
    extended = {key: value for key, value in (sent.extended or {}).items() if key[0] != INTERNET_HEADERS}
    sender = mailbox.primary_smtp_address
    route(exchange, Envelope(sender, recipients, mime, _special_class(sent), extended))
    return sent


def _view(exchange: "Exchange", mailbox: Mailbox, item: StoredItem) -> ItemView:
    return exchange.view(mailbox, item, Shape(exchange.version.schema))


def _recipients(view: ItemView) -> tuple[str, ...]:
    people = [person for uri in _RECIPIENTS for person in view.get(uri) or ()]
    if not people or any(not is_address(person.address) for person in people):
        raise EwsError("ErrorInvalidRecipients")
    return tuple(dict.fromkeys(person.address for person in people))


def is_address(value: str) -> bool:
    """Whether mail can be sent to an address."""
    user, separator, domain = value.rpartition("@")
    return bool(separator and user and domain and not any(sign.isspace() for sign in value))


def may_send_as(exchange: "Exchange", mailbox: Mailbox, address: str) -> bool:
    """Whether mail of a mailbox may say that it is from an address: its own, or one that lets it act or send for it."""
    if address.lower() in mailbox.addresses():
        return True
    other = exchange.find_mailbox(address)
    return (
        other is not None and mailbox.primary_smtp_address.lower() in other.delegates | other.send_on_behalf
    )


def _complete(exchange: "Exchange", view: ItemView, author: Address, owner: Address, now: datetime) -> None:
    """Give an item what every sent message has: sender, date and Message-ID."""
    item = view.item
    message_id = view.get("message:InternetMessageId")
    if view.own_mime is not None and view.keeps_own_mime:
        item.mime = with_headers(
            view.own_mime,
            {
                **dict(internet_headers(item)),
                "Message-ID": message_id or exchange.new_message_id(view.own_mime),
                "Date": format_datetime(now),
                "From": mailbox_header(author),
            },
        )
    else:
        item.properties = {
            **(item.properties or {}),
            "message:From": author,
            "message:Sender": view.get("message:Sender") if view.own_mime else owner,
            "message:InternetMessageId": message_id
            or exchange.new_message_id(view.subject.encode("utf-8", "replace")),
            "message:ConversationTopic": view.conversation_topic,
            "message:ConversationIndex": view.conversation_index,
            "item:DateTimeSent": now,
        }
    item.is_draft, item.is_read = False, True
    item.received = now


def _special_class(item: StoredItem) -> str | None:
    given = item.item_class
    return None if given is None or given.upper() == "IPM.NOTE" else given
