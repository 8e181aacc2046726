"""Bodies: plain text as HTML that shows, and contains, exactly that text."""

from collections.abc import Iterable, Iterator

HEAD = '<div style="white-space: pre-wrap">'
TAIL = "</div>"


def text_to_html(text: str) -> str:
    """Return HTML whose text content is ``text``.

    >>> text_to_html("a < b")
    '<div style="white-space: pre-wrap">a &lt; b</div>'
    """
    return f"{HEAD}{text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}{TAIL}"


def text_chunks_to_html(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Do the same for UTF-8 in pieces; a piece may end within a character."""
    yield HEAD.encode()
    for chunk in chunks:
        yield chunk.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    yield TAIL.encode()
