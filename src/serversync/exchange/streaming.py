"""Reads an answer while it arrives and pours one huge text in it somewhere else than into memory.

The rest of the answer becomes an ordinary tree, in which the poured element is empty; so error codes, names
and types are read by the same code as always. Document types are refused.
"""

import binascii
from collections.abc import Callable
from typing import Protocol
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element

from serversync.exchange.soap import NotAnEnvelope

_MOST_SKELETON_CHARACTERS = 1 << 22
_DEEPEST = 256


class Sink(Protocol):
    """Where the bytes go: a binary file, or what behaves like one."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...

    def tell(self) -> int:
        """Return the position."""
        ...

    def seek(self, position: int, /) -> object:
        """Go back to a position, when an attempt has failed."""
        ...

    def truncate(self) -> object:
        """Forget what is after the position."""
        ...


class Decoder(Protocol):
    """Turns pieces of an element's text into bytes."""

    def feed(self, text: str) -> None:
        """Take the next piece."""
        ...

    def close(self) -> None:
        """Take note that the element has ended.

        Raises:
            binascii.Error: the text was not complete.
        """
        ...


class TextDecoder:
    """Writes text as UTF-8."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def feed(self, text: str) -> None:
        """Write the next piece."""
        self._write(text.encode())

    def close(self) -> None:
        """Do nothing: text may end anywhere."""


class Base64Decoder:
    """Writes the bytes that base64 text stands for.

    Raises:
        binascii.Error: the text is not base64.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._held = ""
        self._padded = False

    def feed(self, text: str) -> None:
        """Write what is complete after the next piece."""
        text = self._held + "".join(text.split())
        whole = len(text) & ~3
        self._held = text[whole:]
        if not whole:
            return
        if self._padded:
            raise binascii.Error("base64 text goes on after its end")
        self._padded = text[whole - 1] == "="
        self._write(binascii.a2b_base64(text[:whole], strict_mode=True))

    def close(self) -> None:
        """Check that nothing is missing.

        Raises:
            binascii.Error: the text ended early.
        """
        if self._held:
            raise binascii.Error("base64 text ended early")


class DivertingReader:
    """Builds the tree of a document that arrives in pieces, and diverts the text of some elements.

    Args:
        tags: Qualified names of the elements to divert; only the first of them in the document is.
        decoder: Takes the text of that element.
        coding: How the document is coded, whatever it declares.
    """

    def __init__(self, tags: frozenset[str], decoder: Decoder, *, coding: str | None = None) -> None:
        self._tags = tags
        self._decoder = decoder
        self._tree = etree.TreeBuilder()
        self._depth = 0
        self._size = 0
        self._diverted_at = 0
        self._done = False
        parser = expat.ParserCreate(encoding=coding, namespace_separator="}")
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        self._parser = parser

    def feed(self, piece: bytes) -> None:
        """Read the next piece.

        Raises:
            NotAnEnvelope: the document is not well-formed, too deep or too large beside the diverted text.
            binascii.Error: the diverted text is not base64.
        """
        try:
            self._parser.Parse(piece, False)  # noqa: FBT003 - expat takes no keyword
        except expat.ExpatError as error:
            raise NotAnEnvelope(str(error)) from error

    def close(self) -> _Element:
        """Return the root of the tree.

        Raises:
            NotAnEnvelope: the document ended early.
        """
        try:
            self._parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keyword
        except expat.ExpatError as error:
            raise NotAnEnvelope(str(error)) from error
        root: _Element = self._tree.close()
        return root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._size += len(name)
        if self._depth > _DEEPEST:
            raise NotAnEnvelope("its elements are nested too deeply")
        tag = _qualified(name)
        try:
            self._tree.start(tag, {_qualified(key): value for key, value in attributes.items()})
        except ValueError as error:  # expat lets names pass that lxml refuses
            raise NotAnEnvelope(str(error)) from error
        if not self._done and not self._diverted_at and tag in self._tags:
            self._diverted_at = self._depth

    def _end(self, name: str) -> None:
        if self._depth == self._diverted_at:
            self._diverted_at, self._done = 0, True
            self._decoder.close()
        self._depth -= 1
        self._tree.end(_qualified(name))

    def _data(self, text: str) -> None:
        if self._diverted_at:
            self._decoder.feed(text)
            return
        self._size += len(text)
        if self._size > _MOST_SKELETON_CHARACTERS:
            raise NotAnEnvelope("it holds more than was asked for")
        self._tree.data(text)

    def _refuse(self, *_: object) -> None:
        raise NotAnEnvelope("it declares a document type")


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name
