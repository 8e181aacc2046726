"""What was made of items lately and can be used again: messages taken apart, and elements in a shape."""

from collections import OrderedDict
from uuid import UUID

from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mime import MessageContent, parse_message
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem

_RENDERED_BYTES = 64 * 1024 * 1024
_CONTENTS = 512

RenderingKey = tuple[UUID, int, int, int, str, Shape]
"""Mailbox, item, occurrence and change, how illegal characters are written, and the shape."""


class Renderings:
    """The latest messages and elements, until there are too many of them."""

    def __init__(self) -> None:
        self._contents: OrderedDict[tuple[UUID, int, int], MessageContent] = OrderedDict()
        self._rendered: OrderedDict[RenderingKey, str] = OrderedDict()
        self._bytes = 0

    def content(self, mailbox: Mailbox, item: StoredItem, mime: bytes | None) -> MessageContent:
        """Return a message taken apart; the latest ones are kept."""
        if mime is None:
            return MessageContent()
        key = (mailbox.guid, item.number, item.content_change)
        found = self._contents.get(key)
        if found is None or not item.number:
            found = parse_message(mime)
            self._contents[key] = found
            if len(self._contents) > _CONTENTS:
                self._contents.popitem(last=False)
        return found

    def rendered(self, key: RenderingKey) -> str | None:
        """Return an element that was kept."""
        found = self._rendered.get(key)
        if found is not None:
            self._rendered.move_to_end(key)
        return found

    def keep(self, key: RenderingKey, element: str) -> str:
        """Keep an element, up to 64 MB of them, and return it."""
        self._rendered[key] = element
        self._bytes += len(element)
        while self._bytes > _RENDERED_BYTES:
            self._bytes -= len(self._rendered.popitem(last=False)[1])
        return element
