"""A message as the rules see it, whichever server it came from.

Times are aware and in UTC. Nothing here is sanitised: the original is kept, display is another matter. No text
holds a NUL character: XML has none, and PostgreSQL could not keep it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID


class Address(NamedTuple):
    """One mail address as it stood in the message.

    ``address`` is empty where the message gave only a name, and a legacy distinguished name where
    ``routing`` is ``EX`` and the server could not say more.
    """

    name: str
    address: str
    routing: str = "SMTP"


class Spooled(Protocol):
    """Content too large to be held in memory; it waits in a temporary file."""

    @property
    def size_bytes(self) -> int:
        """How much it holds."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in order, in pieces of bounded size."""
        ...


Content = bytes | Spooled
"""Bytes of an attachment."""

Text = str | Spooled
"""A body; UTF-8 where it is spooled."""


@dataclass(slots=True)
class Attachment:
    """One attachment of a message; ``content`` is filled once it was fetched."""

    attachment_id: str
    name: str
    content_type: str
    content_id: str
    size_bytes: int
    is_inline: bool
    is_item: bool
    content: Content | None = None


@dataclass(slots=True)
class ReceivedMessage:
    """One message of a mailbox, read in full."""

    item_id: str
    item_key: UUID
    item_class: str
    search_key: str | None
    message_id: str | None
    in_reply_to: str | None
    conversation_index: bytes
    subject: str
    body: Text
    body_is_html: bool
    sender: Address | None
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    sent_on: datetime | None
    received_on: datetime | None
    importance: int
    size_bytes: int
    attachments: list[Attachment] = field(default_factory=list)
    references: str | None = None
    categories: tuple[str, ...] = ()
    stamp: str | None = None
    """The activity that this program sent it as; only asked for where sent mail lies."""
