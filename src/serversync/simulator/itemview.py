"""An item on its way into an answer, with the properties that are derived rather than stored."""

import base64
import hashlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from serversync.simulator import identifiers
from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import html_to_text, text_to_html
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mime import MessageContent, parse_message, without_prefixes
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import SEARCH_KEY, StoredAttachment, StoredItem
from serversync.simulator.versions import Schema, ServerVersion
from serversync.simulator.xmltext import IllegalCharacters, text, timestamp, zoned

if TYPE_CHECKING:
    from serversync.simulator.kinds.property import ItemKind

_EMPTY = MessageContent()
_IN_MIME = frozenset(
    {
        "item:Body",
        "item:Categories",
        "item:DateTimeSent",
        "item:Importance",
        "item:InReplyTo",
        "item:Sensitivity",
        "item:Subject",
        "message:BccRecipients",
        "message:CcRecipients",
        "message:From",
        "message:InternetMessageId",
        "message:IsDeliveryReceiptRequested",
        "message:IsReadReceiptRequested",
        "message:References",
        "message:ReplyTo",
        "message:Sender",
        "message:ToRecipients",
    }
)
"""Properties that a message's MIME says."""


@dataclass
class ItemView:
    """An item on its way into an answer.

    Attributes:
        mailbox: Where it is.
        item: The stored item.
        content: Its MIME, taken apart; empty for an item that was made of properties.
        own_mime: Its MIME as it came; ``None`` for an item that was made of properties.
        shape: What was asked for.
        illegal: What becomes of characters that XML forbids.
        is_internal: Tells the addresses of this server's mailboxes.
        named_by_directory: Addresses (lower case) of people whom the server names by the directory, and these names.
        kind_of: Finds the kind of an item class.
        server: The product of the server that holds the mailbox.
        path: Where an item that is attached to another one is inside it; empty for an item of a folder.
        root: Folder, number and occurrence of the item of a folder that this one is, or is attached to.
    """

    mailbox: Mailbox
    item: StoredItem
    content: MessageContent
    own_mime: bytes | None
    shape: Shape
    illegal: IllegalCharacters
    is_internal: Callable[[str], bool]
    kind_of: "Callable[[str, Schema], ItemKind]"
    server: ServerVersion
    path: tuple[int, ...] = ()
    root: tuple[int, int, int] = (0, 0, 0)
    named_by_directory: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path:
            self.root = (self.item.folder, self.item.number, self.item.occurrence)

    @property
    def schema(self) -> Schema:
        """The schema step of the request."""
        return self.shape.schema

    def text(self, value: str) -> str:
        """Escape a value of the item."""
        return text(value, self.illegal)

    def time(self, value: datetime) -> str:
        """Return a time on the clock that the client asked for."""
        return timestamp(value) if self.shape.zone is None else zoned(value, self.shape.zone)

    def element(self, name: str, value: str) -> str:
        """Return an element with a text, or nothing for an empty text."""
        return f"<t:{name}>{self.text(value)}</t:{name}>" if value else ""

    def mailbox_element(self, address: Address) -> str:
        """Return a ``t:Mailbox`` element."""
        kind = ""
        if self.shape.schema >= Schema.EXCHANGE2010:
            is_internal = self.is_internal(address.address)
            kind = f"<t:MailboxType>{'Mailbox' if is_internal else 'OneOff'}</t:MailboxType>"
        known = self.named_by_directory.get(address.address.lower()) if self.named_by_directory else None
        email, route = self.text(known or address.address), "SMTP" if known is None else "EX"
        routing = (
            f"<t:EmailAddress>{email}</t:EmailAddress><t:RoutingType>{route}</t:RoutingType>" if email else ""
        )
        name = self.text(address.name or address.address)
        return f"<t:Mailbox><t:Name>{name}</t:Name>{routing}{kind}</t:Mailbox>"

    @cached_property
    def item_class(self) -> str:
        """Its item class."""
        return self.item.item_class or self.content.item_class

    @cached_property
    def kind(self) -> "ItemKind":
        """What kind of item it is for the schema that the client speaks."""
        return self.kind_of(self.item_class, self.shape.schema)

    def get(self, uri: str) -> Any:
        """Return the value of a property by its field URI; ``None`` for none."""
        stored = self.item.properties
        if stored is not None and uri in stored:
            return stored[uri]
        found = self.kind.by_uri.get(uri)
        return None if found is None else found.default(self)

    @property
    def subject(self) -> str:
        """The subject, set or as delivered."""
        return self.get("item:Subject") or ""

    @cached_property
    def bodies(self) -> tuple[str | None, str | None]:
        """The HTML body and the text body; ``None`` for one that it does not have."""
        stored = self.item.properties
        if stored is None or "item:Body" not in stored:
            return self.content.body_html, self.content.body_text
        body = stored["item:Body"]
        if body is None:
            return None, None
        return (body.content, None) if body.kind == "HTML" else (None, body.content)

    def body(self, wanted: str) -> tuple[str, str]:
        """Return BodyType and body; Best gives what there is, HTML first."""
        html, plain = self.bodies
        if wanted == "Text" or (wanted == "Best" and html is None):
            return "Text", plain if plain is not None else html_to_text(html) if html is not None else ""
        return "HTML", html if html is not None else text_to_html(plain or "")

    @cached_property
    def attachments(self) -> list[StoredAttachment]:
        """What is attached to it."""
        return attachments_of(self.item, self.content)

    def nested(self, attachment: StoredAttachment) -> "ItemView":
        """Return the view of an attached item."""
        item = attachment.item
        if item is None:
            raise LookupError(attachment.number)
        content = _EMPTY if item.mime is None else parse_message(item.mime)
        path = (*self.path, attachment.number)
        return replace(self, item=item, content=content, own_mime=item.mime, path=path)

    @property
    def mime(self) -> bytes | None:
        """The item as MIME; ``None`` where its kind has none."""
        if self.keeps_own_mime:
            return self.own_mime
        make = self.kind.mime
        return None if make is None else make(self)

    @cached_property
    def keeps_own_mime(self) -> bool:
        """Whether its MIME still says what its properties and attachments say."""
        if self.own_mime is None or self.item.attachments is not None:
            return False
        by_uri = self.kind.by_uri
        return all(
            value == by_uri[uri].default(self)
            for uri, value in (self.item.properties or {}).items()
            if uri in _IN_MIME and uri in by_uri
        )

    @property
    def size(self) -> int:
        """Its size in bytes."""
        if self.item.is_own_mime:
            return len(self.own_mime or b"")
        return self.item.weight + (len(self.own_mime or b"") if self.item.mime is None else 0)

    @property
    def conversation_topic(self) -> str:
        """The subject without its prefixes, or what the message says it is."""
        stored = (self.item.properties or {}).get("message:ConversationTopic")
        return stored or self.content.conversation_topic or without_prefixes(self.subject)

    @property
    def conversation_index(self) -> bytes:
        """PidTagConversationIndex: what the message carries, or one that starts a thread of its own."""
        stored = (self.item.properties or {}).get("message:ConversationIndex")
        if stored:
            return bytes(stored)
        if self.content.thread_index:
            try:
                given = base64.b64decode(self.content.thread_index)
                if len(given) >= 22:
                    return given
            except ValueError:
                given = b""
        ticks = int(self.item.received.timestamp() * 10_000_000) + 116_444_736_000_000_000
        guid = hashlib.md5(self.conversation_topic.encode("utf-8", "replace"), usedforsecurity=False).digest()
        return b"\x01" + struct.pack(">Q", ticks)[1:6] + guid

    @property
    def search_key(self) -> bytes:
        """PidTagSearchKey: of its own for each delivery, kept across moves and copies."""
        kept = self.item.extended.get(SEARCH_KEY) if self.item.extended else None
        if kept is not None:
            return base64.b64decode(str(kept.value))
        return identifiers.search_key(self.mailbox.guid, self.item.origin or self.item.number)

    @property
    def entry_id(self) -> bytes:
        """PidTagEntryId: the store's own id."""
        return identifiers.entry_id(Identifier(self.mailbox.guid, self.item.folder, self.item.number))


def attachments_of(item: StoredItem, content: MessageContent) -> list[StoredAttachment]:
    """Return what is attached to an item: what was stored with it, else what its MIME holds."""
    if item.attachments is not None:
        return item.attachments
    return [
        StoredAttachment(
            number,
            one.name,
            one.content_type,
            one.content_id,
            one.content_location,
            one.is_inline,
            b"" if one.is_message else one.data,
            item.received,
            StoredItem(0, 0, one.data, item.received) if one.is_message else None,
        )
        for number, one in enumerate(content.attachments)
    ]
