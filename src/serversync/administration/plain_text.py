"""Turns text that a person types into a body of an e-mail, so that nothing in it is taken for HTML."""

import re
from html import escape
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
