"""A message on its way into an answer, with the properties that are derived rather than stored."""

import base64
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from serversync.simulator.mailbox import Mailbox, StoredMessage
from serversync.simulator.mime import MessageContent
from serversync.simulator.shape import Shape
from serversync.simulator.xmltext import IllegalCharacters, text


@dataclass(slots=True)
class ItemView:
    """A message on its way into an answer.

    Attributes:
        mailbox: Where it is.
        message: The stored message.
        content: Its MIME, taken apart.
        mime: Its MIME.
        shape: What was asked for.
        illegal: What becomes of characters that XML forbids.
        is_internal: Tells the addresses of this server's mailboxes.
        path: Where a message that is attached to another one is inside it; empty for an item of a folder.
    """

    mailbox: Mailbox
    message: StoredMessage
    content: MessageContent
    mime: bytes
    shape: Shape
    illegal: IllegalCharacters
    is_internal: Callable[[str], bool]
    path: tuple[int, ...] = ()

    def text(self, value: str) -> str:
        """Escape a value of the message."""
        return text(value, self.illegal)

    def element(self, name: str, value: str) -> str:
        """Return an element with a text, or nothing for an empty text."""
        return f"<t:{name}>{self.text(value)}</t:{name}>" if value else ""

    @property
    def subject(self) -> str:
        """The subject, edited or as delivered."""
        return self.content.subject if self.message.subject is None else self.message.subject

    @property
    def conversation_index(self) -> bytes:
        """PidTagConversationIndex: what the message carries, or one that starts a thread of its own."""
        if self.content.thread_index:
            try:
                given = base64.b64decode(self.content.thread_index)
                if len(given) >= 22:
                    return given
            except ValueError:
                given = b""
        ticks = int(self.message.received.timestamp() * 10_000_000) + 116_444_736_000_000_000
        guid = hashlib.md5(
            self.content.conversation_topic.encode("utf-8", "replace"), usedforsecurity=False
        ).digest()
        return b"\x01" + struct.pack(">Q", ticks)[1:6] + guid

    @property
    def search_key(self) -> bytes:
        """PidTagSearchKey: of its own for each delivery, kept across moves and copies."""
        origin = self.message.origin or self.message.item
        return hashlib.md5(
            self.mailbox.guid.bytes + origin.to_bytes(8, "big"), usedforsecurity=False
        ).digest()

    @property
    def entry_id(self) -> bytes:
        """PidTagEntryId: the store's own id."""
        return (
            b"\x00\x00\x00\x00"
            + self.mailbox.guid.bytes
            + struct.pack(">HQQ", 7, self.message.folder, self.message.item)
        )
