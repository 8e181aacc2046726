"""A request whose greater part is the content of a file, sent piece by piece in little memory."""

import base64
from collections.abc import AsyncIterator, Callable

from msgspec import Struct

PIECE_BYTES = 3 << 16
"""A multiple of three, so that the base64 of the pieces is the base64 of the whole."""
_EMPTY_CONTENT = b"<t:Content></t:Content>"
"""Escaped text cannot look like it."""
Source = Callable[[int], bytes]
"""Returns up to so many bytes at a time, ``b""`` at the end: the ``read`` of a file that is open."""


class Upload(Struct, frozen=True, gc=False):
    """A request body: ``before``, the base64 of a file, ``after``.

    Attributes:
        before: What stands before the content.
        after: What stands behind it.
        length: How many bytes the content has.
        open_source: Opens the content from its beginning; called once for each time the request is sent.
    """

    before: bytes
    after: bytes
    length: int
    open_source: Callable[[], Source]

    @property
    def size_bytes(self) -> int:
        """The size of the whole body."""
        return len(self.before) + 4 * ((self.length + 2) // 3) + len(self.after)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body from its beginning.

        Raises:
            OSError: the content cannot be read, or is shorter than announced.
        """
        yield self.before
        read, left = self.open_source(), self.length
        while left:
            piece = _full_piece(read, min(left, PIECE_BYTES))
            left -= len(piece)
            yield base64.b64encode(piece)
        yield self.after


def _full_piece(read: Source, size: int) -> bytes:
    """Return so many bytes, however few the source gives at a time."""
    parts: list[bytes] = []
    while size:
        part = read(size)
        if not part:
            raise OSError("the content is shorter than announced")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def upload(request: bytes, length: int, open_source: Callable[[], Source]) -> Upload:
    """Return the upload for an envelope with one empty ``t:Content``, which the content is to fill.

    Raises:
        ValueError: there is not exactly one.
    """
    before, *rest = request.split(_EMPTY_CONTENT)
    if len(rest) != 1:
        raise ValueError("the request has no one place for its content")
    return Upload(
        before + _EMPTY_CONTENT[: _EMPTY_CONTENT.index(b"</")], b"</t:Content>" + rest[0], length, open_source
    )
