"""The other form of a body: text as HTML, HTML as text, and the preview line.

A client that asks for HTML gets HTML even where the message has plain text only, and the reverse; Exchange
converts, and so does the simulator, in a plain way.
"""

import html
import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "hr"}
)
_SILENT = frozenset({"script", "style", "head", "title"})
_SPACE = re.compile(r"[ \t\r\n]+")
_PREVIEW_LENGTH = 255


def text_to_html(text: str) -> str:
    """Return plain text as an HTML document, in the form that Exchange gives it."""
    lines = html.escape(text, quote=False).replace("\r\n", "\n").replace("\r", "\n").replace("  ", "&nbsp; ")
    return (
        '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
        "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style>\r\n"
        f'</head>\r\n<body>\r\n<div class="PlainText">{lines.replace(chr(10), "<br>" + chr(13) + chr(10))}</div>\r\n'
        "</body>\r\n</html>\r\n"
    )


class _TextOfHtml(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - inherited signature
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        elif tag in _BLOCKS and tag != "br":
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(_SPACE.sub(" ", data))


def html_to_text(source: str) -> str:
    """Return what an HTML body says, one line for each block, lines ending in CR LF."""
    parser = _TextOfHtml()
    try:
        parser.feed(source)
        parser.close()
    except (ValueError, AssertionError):
        return _SPACE.sub(" ", re.sub(r"<[^>]*>", " ", source)).strip()
    lines = [line.strip() for line in "".join(parser.pieces).split("\n")]
    return re.sub(r"(?:\r\n){3,}", "\r\n\r\n", "\r\n".join(lines)).strip() + "\r\n"


def preview(text: str) -> str:
    """Return the first 255 characters of a text on one line."""
    return _SPACE.sub(" ", text[: 4 * _PREVIEW_LENGTH]).strip()[:_PREVIEW_LENGTH]
