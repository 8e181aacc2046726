"""Reads a stream of notifications: many complete envelopes in one answer that stays open.

``EnvelopeSplitter`` cuts the bytes into documents wherever the network cuts them into pieces. ``EventStream``
reads the documents, watches for the server's signs of life, and ends when the server closes the stream or
with the error that says why it broke.

Source: the wire form is that of recorded traffic; Microsoft's own client waits for twice the 45 seconds after
which a server gives a sign of life (EWS Managed API, ``GetStreamingEventsRequest``).
"""

import codecs
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from datetime import timedelta

from serversync.core.errors import AnswerUnreadable, ConnectionLost
from serversync.exchange.operations.get_streaming_events import ConnectionStatus, StreamedAnswer

SILENCE = timedelta(seconds=90)
"""A stream that is silent for so long is dead."""
MOST_BYTES = 8 << 20
"""One envelope of a stream may have so many bytes."""

_BETWEEN = b"\xef\xbb\xbf \t\r\n\x00"
_ROOT = re.compile(rb"<(?![?!/])([^\s/>]+)")
_INSTRUCTION = re.compile(rb"<\?.*?\?>|<!--.*?-->", re.DOTALL)
_CLOSERS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}


class NotADocument(ValueError):
    """The bytes do not begin an envelope; the text says why. Never leaves this package."""


class EnvelopeSplitter:
    """Cuts a stream of bytes into complete documents.

    The result does not depend on how the stream was cut into pieces. Illegal characters stay where they are:
    they are the business of whoever parses the document.

    Args:
        most_bytes: The size that a document may have.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()
        self._looked = 0
        self._end: re.Pattern[bytes] | None = None
        self._decode: Callable[[bytes], str] | None = None
        self._begun = False

    @property
    def is_between_documents(self) -> bool:
        """Whether nothing of a further document has come yet."""
        return not bytes(self._buffer).strip(_BETWEEN)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the documents that are complete after the next piece, as UTF-8 without a byte order mark.

        Raises:
            NotADocument: what comes is no XML, declares a document type, or is larger than allowed; the
                documents before it have been given.
        """
        self._buffer += self._utf8(piece)
        if not self._begun:
            return
        while (document := self._next()) is not None:
            yield document
        if len(self._buffer) > self._most_bytes:
            raise NotADocument(f"an envelope is larger than {self._most_bytes} bytes")

    def _utf8(self, piece: bytes) -> bytes:
        """Return the piece in UTF-8, whatever the byte order mark at the start of the stream says."""
        if not self._begun:
            start = bytes(self._buffer) + piece
            if len(start) < 2:
                return piece
            self._begun = True
            if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                self._decode = codecs.getincrementaldecoder("utf-16")("replace").decode
                self._buffer.clear()
                piece = start
        return piece if self._decode is None else self._decode(piece).encode("utf-8", "replace")

    def _next(self) -> bytes | None:
        """Cut off the first document if it is complete."""
        buffer = self._buffer
        if self._end is None:
            start = len(buffer) - len(buffer.lstrip(_BETWEEN))
            del buffer[:start]
            if not self._find_root():
                return None
        while self._end is not None and (found := self._end.search(buffer, self._looked)) is not None:
            closer = _CLOSERS.get(found.group())
            if closer is None:
                document = bytes(buffer[: found.end()])
                del buffer[: found.end()]
                self._looked, self._end = 0, None
                return document
            position = buffer.find(closer, found.end())
            if position < 0:
                self._looked = found.start()
                return None
            self._looked = position + len(closer)
        # Whatever is looked for begins with "<" and has no other inside, so only the last one may be cut off.
        self._looked = max(self._looked, buffer.rfind(b"<"))
        return None

    def _find_root(self) -> bool:
        """Find the name of the root element, and with it what ends the document."""
        buffer = self._buffer
        if buffer and not buffer.startswith(b"<"):
            raise NotADocument("it is not XML")
        position = 0
        while (found := _INSTRUCTION.match(buffer, position)) is not None:
            position = found.end()
            position += len(buffer[position:]) - len(buffer[position:].lstrip(_BETWEEN))
        if buffer.startswith(b"<!D", position):
            raise NotADocument("it declares a document type")
        root = _ROOT.match(buffer, position)
        if root is None or (end := buffer.find(b">", root.end())) < 0:
            return False
        if buffer.startswith(b"/>", end - 1):
            raise NotADocument("it is empty")
        self._end = re.compile(rb"<!\[CDATA\[|<!--|</" + re.escape(root[1]) + rb"\s*>")
        self._looked = root.end()
        return True


class EventStream:
    """The envelopes of an open stream, as ``async for``.

    Ends when the server closes the stream, which keeps events until it is opened again. Everything else that
    ends it is raised:

    ``SubscriptionLost``: subscriptions are gone, named by ``subscription_ids`` of the details where the server
    says which; ``ConnectionLost``: it broke, or ended unannounced; ``ServerUnreachable``: no sign of life;
    ``ServerBusy``, ``MailboxUnavailable`` and others by the server's answer. After each of them events may be
    missing: read the mailboxes once.

    Args:
        pieces: Gives the bytes.
        read: Reads one document.
        host: The server, for errors.
    """

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], read: Callable[[bytes], StreamedAnswer], *, host: str
    ) -> None:
        self._pieces = pieces
        self._read = read
        self._host = host
        self._splitter = EnvelopeSplitter()

    async def __aiter__(self) -> AsyncIterator[StreamedAnswer]:
        """Give each envelope as it arrives."""
        async for piece in self._pieces:
            try:
                for document in self._splitter.feed(piece):
                    answer = self._read(document)
                    yield answer
                    if answer.connection_status is ConnectionStatus.CLOSED:
                        return
            except NotADocument as error:
                raise AnswerUnreadable(
                    host=self._host, operation="GetStreamingEvents", reason=str(error)
                ) from error
        reason = "the stream ended without being closed"
        if not self._splitter.is_between_documents:
            reason = "the stream ended in the middle of a notification"
        raise ConnectionLost(host=self._host, reason=reason)
