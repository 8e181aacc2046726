"""Text into XML: escaping, and the characters that XML 1.0 forbids.

Exchange itself writes a forbidden character of a subject or body as a reference such as ``&#x1F;``, which no
strict parser accepts. The simulator drops such characters unless it is told to do the same.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Literal

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_PLAIN = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


IllegalCharacters = Literal["drop", "reference"]
"""What becomes of characters that XML 1.0 forbids."""


def _reference(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"&#x{code:X};" if code < 0x20 else "\ufffd"


def text(value: str, illegal: IllegalCharacters = "drop") -> str:
    """Return ``value`` as XML character data; carriage returns survive as references."""
    if _NOT_PLAIN.search(value) is None:
        return value
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    if _ILLEGAL.search(escaped):
        if illegal == "drop":
            return _ILLEGAL.sub("", escaped)
        return _ILLEGAL.sub(_reference, escaped)
    return escaped


def attribute(value: str) -> str:
    """Return ``value`` as a quoted XML attribute value."""
    return '"' + text(value).replace('"', "&quot;").replace("\n", "&#xA;").replace("\t", "&#x9;") + '"'


def timestamp(value: datetime) -> str:
    """Return a time as Exchange writes it: UTC, whole seconds, ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def zoned(value: datetime, zone: tzinfo) -> str:
    """Return a time by the clock of a zone, with its offset; ``Z`` for UTC."""
    local = value.astimezone(zone)
    if not local.utcoffset():
        return timestamp(value)
    return local.isoformat(timespec="seconds")


def boolean(value: object) -> str:
    """Return ``true`` or ``false``."""
    return "true" if value else "false"
