"""The header section of a message: what transport adds to it and takes out of it, byte for byte otherwise."""

import re
from collections.abc import Iterable, Mapping
from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import compat32

_END = re.compile(rb"\r?\n\r?\n")


def with_headers(mime: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a message with those headers that it has not yet, in front of the others.

    A message whose headers cannot be read is returned as it is.
    """
    try:
        found = BytesHeaderParser(policy=compat32).parsebytes(mime)
        missing = [name for name in headers if not str(found.get(name, "")).strip()]
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        return mime
    newline = b"\r\n" if b"\r\n" in mime[:4096] else b"\n"
    lines = b"".join(f"{name}: {headers[name]}".encode() + newline for name in missing)
    if mime.startswith(b"From "):
        first, separator, rest = mime.partition(b"\n")
        return first + separator + lines + rest
    return lines + mime


def without_headers(mime: bytes, names: Iterable[str]) -> bytes:
    """Return a message without some of its headers."""
    end = _END.search(mime)
    head, rest = (mime, b"") if end is None else (mime[: end.start()], mime[end.start() :])
    for name in names:
        head = re.sub(
            rb"(?im)^" + re.escape(name.encode()) + rb"[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)", b"", head
        )
    return head + rest
