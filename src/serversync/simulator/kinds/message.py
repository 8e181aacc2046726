"""Messages: mail, and reports, which are messages with another item class."""

from datetime import datetime

from serversync.simulator.addresses import Address
from serversync.simulator.compose import compose
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import BASE64, BOOLEAN, FRAGMENT, PEOPLE, PERSON
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.property import ALL, ASKED, DEFAULT, Access, ItemKind, Property
from serversync.simulator.mime import without_prefixes
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema

_S13 = Schema.EXCHANGE2013


def _owner(view: ItemView) -> Address:
    return Address(view.mailbox.display_name, view.mailbox.primary_smtp_address)


def _received_by(view: ItemView) -> Address | None:
    return None if view.item.is_draft else _owner(view)


def _author(view: ItemView) -> Address | None:
    if view.content.from_ is not None or view.own_mime is not None or view.item.is_draft:
        return view.content.from_
    return _owner(view)


def _sender(view: ItemView) -> Address | None:
    return view.content.sender or _author(view)


MESSAGE_PROPERTIES: tuple[Property, ...] = (
    Property("message:Sender", PERSON, _sender, access=Access.DRAFT),
    Property(
        "message:ToRecipients",
        PEOPLE,
        lambda view: view.content.to_recipients,
        DEFAULT,
        is_listed=False,
        access=Access.DRAFT,
    ),
    Property(
        "message:CcRecipients",
        PEOPLE,
        lambda view: view.content.cc_recipients,
        DEFAULT,
        is_listed=False,
        access=Access.DRAFT,
    ),
    Property(
        "message:BccRecipients",
        PEOPLE,
        lambda view: view.content.bcc_recipients,
        DEFAULT,
        is_listed=False,
        access=Access.DRAFT,
    ),
    Property(
        "message:IsReadReceiptRequested",
        BOOLEAN,
        lambda view: view.content.is_read_receipt_requested,
        DEFAULT,
        access=Access.DRAFT,
        tag=0x0029,
    ),
    Property(
        "message:IsDeliveryReceiptRequested",
        BOOLEAN,
        lambda view: view.content.is_delivery_receipt_requested,
        DEFAULT,
        access=Access.DRAFT,
        tag=0x0023,
    ),
    Property("message:ConversationIndex", BASE64, lambda view: view.conversation_index, tag=0x0071),
    Property(
        "message:ConversationTopic",
        default=lambda view: view.conversation_topic or None,
        access=Access.CREATE,
        tag=0x0070,
    ),
    Property("message:From", PERSON, _author, DEFAULT, access=Access.DRAFT),
    Property(
        "message:InternetMessageId",
        default=lambda view: view.content.internet_message_id or None,
        level=DEFAULT,
        access=Access.CREATE,
        tag=0x1035,
    ),
    Property("message:IsRead", BOOLEAN, lambda view: view.item.is_read, DEFAULT, access=Access.WRITE),
    Property(
        "message:IsResponseRequested", BOOLEAN, lambda _view: False, DEFAULT, access=Access.WRITE, tag=0x0063
    ),
    Property(
        "message:References",
        default=lambda view: view.content.references or None,
        level=DEFAULT,
        access=Access.WRITE,
        tag=0x1039,
    ),
    Property(
        "message:ReplyTo",
        PEOPLE,
        lambda view: view.content.reply_to,
        ALL,
        is_listed=False,
        access=Access.DRAFT,
    ),
    Property("message:ReceivedBy", PERSON, _received_by),
    Property("message:ReceivedRepresenting", PERSON, _received_by),
    Property("message:ApprovalRequestData", FRAGMENT, level=ASKED, since=_S13),
    Property("message:VotingInformation", FRAGMENT, level=ASKED, since=_S13),
    Property("message:ReminderMessageData", FRAGMENT, level=ASKED, since=_S13),
)
"""What Message adds to Item, in the order of the schema."""


def settle_message(item: StoredItem, changed: frozenset[str], _now: datetime) -> None:
    """A new subject starts a new conversation topic."""
    properties = item.properties
    if properties and "item:Subject" in changed and "message:ConversationTopic" not in changed:
        properties["message:ConversationTopic"] = without_prefixes(properties.get("item:Subject") or "")


MESSAGE = ItemKind(
    "Message",
    "IPM.Note",
    ITEM_PROPERTIES + MESSAGE_PROPERTIES,
    classes=(
        "IPM.NOTE",
        "REPORT",
        "IPM.OUTLOOK.RECALL",
        "IPM.RECALL.REPORT",
        "IPM.TASKREQUEST",
        "IPM.SCHEDULE.MEETING.NOTIFICATION",
    ),
    folder="drafts",
    settle=settle_message,
    mime=compose,
    is_message=True,
)

ITEM = ItemKind("Item", "IPM.Note", ITEM_PROPERTIES, mime=compose)
"""What servers before 2013 show of an item class that they do not know."""
