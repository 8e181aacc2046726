"""Writes text into requests so that Exchange always accepts it.

XML 1.0 cannot carry most control characters at all; a single one makes Exchange refuse the whole request,
so they are left out. Everything else survives, line ends included.
"""

import re

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 forbids, also as references (production 2, ``Char``)."""

_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def strip_illegal(text: str) -> str:
    """Return the text without the characters that XML cannot carry."""
    return ILLEGAL.sub("", text) if ILLEGAL.search(text) else text


def is_plain(text: str) -> bool:
    """Tell whether a text can stand between two tags as it is, which most can."""
    return _SPECIAL.search(text) is None


def escape(text: str) -> str:
    """Return the text ready to stand between two tags.

    A carriage return becomes a reference, because a parser would turn it into a line feed.
    """
    if not _SPECIAL.search(text):
        return text
    text = strip_illegal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def attribute(text: str) -> str:
    """Return the text ready to stand between the quotes of an attribute, white space kept."""
    text = escape(text).replace('"', "&quot;")
    if "\n" in text or "\t" in text:
        text = text.replace("\n", "&#10;").replace("\t", "&#9;")
    return text


def boolean(value: object) -> str:
    """Return the text of an ``xs:boolean``."""
    return "true" if value else "false"
