"""Reads the values of single elements: times, numbers, truth values, binary data.

Tolerant on purpose: one malformed value in one message becomes ``None`` and never stops a mailbox.
"""

import binascii
from datetime import UTC, datetime

from lxml.etree import _Element

_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def text_of(element: _Element) -> str:
    """Return the element's text; empty where there is none."""
    return element.text or ""


def boolean_of(element: _Element) -> bool | None:
    """Return the value of an ``xs:boolean``, or ``None`` where it is none."""
    return _TRUTH.get((element.text or "").strip())


def integer_of(element: _Element) -> int | None:
    """Return the value of an ``xs:int`` or ``xs:long``, or ``None`` where it is none."""
    return integer(element.text or "")


def integer(text: str) -> int | None:
    """Return the whole number that the text holds, or ``None``; nothing longer than an ``xs:long``."""
    try:
        return int(text) if len(text) <= 24 else None
    except ValueError:
        return None


def datetime_of(element: _Element) -> datetime | None:
    """Return the value of an ``xs:dateTime`` in UTC, or ``None`` where it is none."""
    return parse_datetime(element.text or "")


def parse_datetime(text: str) -> datetime | None:
    """Return an ``xs:dateTime`` as an aware time in UTC, or ``None`` where the text is none.

    A time without a zone counts as UTC: that is the context that every request asks for, and what
    Exchange uses for messages anyway.
    """
    try:
        value = datetime.fromisoformat(text.strip())
        if value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def bytes_of(element: _Element) -> bytes | None:
    """Return the value of an ``xs:base64Binary``, or ``None`` where it is none."""
    return parse_base64(element.text or "")


def parse_base64(text: str) -> bytes | None:
    """Return the decoded bytes, or ``None`` where the text is not base64."""
    try:
        return binascii.a2b_base64(text)
    except ValueError:
        return None


def strings_of(element: _Element) -> tuple[str, ...]:
    """Return the texts of an ``ArrayOfStrings``."""
    return tuple([child.text or "" for child in element])
