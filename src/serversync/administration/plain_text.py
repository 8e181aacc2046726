"""Turns text that a person types into a body of an e-mail, so that nothing in it is taken for HTML."""

import re
from html import escape, unescape
from typing import Final

_GAP: Final = re.compile(r"\n[ \t]*\n\s*")


def as_html(text: str) -> str:
    r"""Return text as HTML: empty lines divide paragraphs, other ends of lines stay.

    >>> as_html("Dear Grete,\nis 5 < 6?\n\nAda")
    '<p>Dear Grete,<br>is 5 &lt; 6?</p><p>Ada</p>'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    parts = [part.rstrip() for part in _GAP.split(lines)]
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in parts if part)


def from_html(html: str) -> str | None:
    r"""Return the text of which ``as_html`` made this, or ``None`` where it was something else.

    >>> from_html("<p>Dear Grete,<br>is 5 &lt; 6?</p><p>Ada</p>")
    'Dear Grete,\nis 5 < 6?\n\nAda'
    >>> from_html("<p><b>bold</b></p>") is None
    True
    """
    inner = html.removeprefix("<p>").removesuffix("</p>").replace("</p><p>", "\n\n").replace("<br>", "\n")
    text = unescape(inner)
    return text if as_html(text) == html else None
