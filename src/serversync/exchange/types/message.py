"""Messages, and everything else that lies in an inbox and looks like one.

Meeting requests, responses and cancellations, posts and items of unknown classes become a ``Message`` too;
``element`` names the kind.
"""

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import t
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.item import ITEM_FIELDS, FieldTable, Item, fill_item
from serversync.exchange.xml_values import boolean_of, bytes_of, text_of


class Mailbox(Struct, frozen=True, gc=False):
    """A sender or recipient; ``routing_type`` is ``SMTP``, or ``EX`` where the address is no mail address."""

    name: str | None = None
    email_address: str | None = None
    routing_type: str | None = None
    mailbox_type: str | None = None


class Message(Item, frozen=True, gc=False, kw_only=True):
    """A message; what was not asked for, or not answered, is ``None`` or empty."""

    sender: Mailbox | None = None
    to_recipients: tuple[Mailbox, ...] = ()
    cc_recipients: tuple[Mailbox, ...] = ()
    bcc_recipients: tuple[Mailbox, ...] = ()
    is_read_receipt_requested: bool | None = None
    is_delivery_receipt_requested: bool | None = None
    conversation_index: bytes | None = None
    conversation_topic: str | None = None
    from_: Mailbox | None = None
    internet_message_id: str | None = None
    is_read: bool | None = None
    references: str | None = None
    reply_to: tuple[Mailbox, ...] = ()


MESSAGE_FIELDS = tuple(
    FieldURI(path)
    for path in (
        "item:ParentFolderId",
        "item:ItemClass",
        "item:Subject",
        "item:Sensitivity",
        "item:Body",
        "item:Attachments",
        "item:DateTimeReceived",
        "item:Size",
        "item:Categories",
        "item:Importance",
        "item:InReplyTo",
        "item:IsDraft",
        "item:IsFromMe",
        "item:InternetMessageHeaders",
        "item:DateTimeSent",
        "item:DateTimeCreated",
        "item:HasAttachments",
        "item:ConversationId",
        "message:Sender",
        "message:ToRecipients",
        "message:CcRecipients",
        "message:BccRecipients",
        "message:ConversationIndex",
        "message:ConversationTopic",
        "message:From",
        "message:InternetMessageId",
        "message:IsRead",
        "message:References",
        "message:ReplyTo",
    )
)
"""All properties of a message but its MIME content: the additional properties of a full fetch."""


def read_mailbox(element: _Element) -> Mailbox:
    """Return the sender or recipient that an ``EmailAddressType`` describes."""
    children = list(element)
    if len(children) == 4 and children[1].tag == _EMAIL_ADDRESS and children[3].tag == _MAILBOX_TYPE:
        # As the schema orders them, and nearly always are; to ask each for its name costs as much as the rest.
        first, second, third, fourth = children
        return Mailbox(first.text, second.text, third.text, fourth.text)
    name = address = routing_type = mailbox_type = None
    for child in children:
        tag = child.tag
        if tag == _NAME:
            name = child.text
        elif tag == _EMAIL_ADDRESS:
            address = child.text
        elif tag == _ROUTING_TYPE:
            routing_type = child.text
        elif tag == _MAILBOX_TYPE:
            mailbox_type = child.text
    return Mailbox(name, address, routing_type, mailbox_type)


def recipient_of(element: _Element) -> Mailbox | None:
    """Return the one recipient that the element holds."""
    for child in element:
        return read_mailbox(child)
    return None


def _recipients_of(element: _Element) -> tuple[Mailbox, ...]:
    return tuple([read_mailbox(child) for child in element])


_NAME, _EMAIL_ADDRESS = t("Name"), t("EmailAddress")
_ROUTING_TYPE, _MAILBOX_TYPE = t("RoutingType"), t("MailboxType")

_FIELDS: FieldTable = ITEM_FIELDS | {
    t("Sender"): ("sender", recipient_of),
    t("ToRecipients"): ("to_recipients", _recipients_of),
    t("CcRecipients"): ("cc_recipients", _recipients_of),
    t("BccRecipients"): ("bcc_recipients", _recipients_of),
    t("IsReadReceiptRequested"): ("is_read_receipt_requested", boolean_of),
    t("IsDeliveryReceiptRequested"): ("is_delivery_receipt_requested", boolean_of),
    t("ConversationIndex"): ("conversation_index", bytes_of),
    t("ConversationTopic"): ("conversation_topic", text_of),
    t("From"): ("from_", recipient_of),
    t("InternetMessageId"): ("internet_message_id", text_of),
    t("IsRead"): ("is_read", boolean_of),
    t("References"): ("references", text_of),
    t("ReplyTo"): ("reply_to", _recipients_of),
}

_OTHER_KINDS = frozenset(
    map(
        t,
        (
            "CalendarItem",
            "Contact",
            "DistributionList",
            "Task",
            "RoleMember",
            "Network",
            "Person",
            "AbchPerson",
        ),
    )
)
"""Elements of ``ArrayOfRealItems`` that are no mail; all others, also unknown ones, are read as messages."""


def read_item(element: _Element) -> Item:
    """Return the item that the element describes: a ``Message`` for mail and its like, an ``Item`` otherwise."""
    if element.tag in _OTHER_KINDS:
        return fill_item(Item, element, ITEM_FIELDS)
    return fill_item(Message, element, _FIELDS)
