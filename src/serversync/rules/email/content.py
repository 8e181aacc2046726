"""What of a message's content is stored, and what is left out and said so on the record.

Source: Dataverse table reference, email; the limit of a body is that of Dataverse's file store.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from serversync.rules.email.message import Attachment
from serversync.rules.email.settings import EmailSettings

LONGEST_BODY_BYTES = 128_000 * 1024
"""A body that is longer than this, in UTF-8, is cut."""

ATTACHMENTS_MISSING, BODY_TRUNCATED = 1, 2


class LeftOut(NamedTuple):
    """Something that was not stored: a file by its name, or the rest of the body; and why, as a stable code."""

    name: str
    size_bytes: int
    reason: str


LEFT_OUT: dict[str, str] = {
    "too-large": "it is larger than maxuploadfilesize allows",
    "blocked": "files of this kind are blocked",
    "unreadable": "Exchange could not hand it over",
    "body-too-long": "the body was cut at its longest allowed length",
}
"""The words for each reason."""


@lru_cache(maxsize=64)
def _blocked(setting: str) -> tuple[str, ...]:
    endings = [one.strip().lower().lstrip("*").lstrip(".") for one in setting.split(";")]
    return tuple([f".{one}" for one in endings if one])


def is_blocked(name: str, setting: str) -> bool:
    """Tell whether a file's ending is among the blocked ones; white space and dots at its end do not hide it.

    >>> is_blocked("Invoice.EXE ", "exe;*.js; .vbs"), is_blocked("notes.txt", "exe;*.js; .vbs")
    (True, False)
    """
    return name.lower().rstrip(" .").endswith(_blocked(setting)) if setting else False


def judge_attachments(
    attachments: Sequence[Attachment], settings: EmailSettings
) -> tuple[list[Attachment], list[LeftOut]]:
    """Part the attachments that are fetched and stored from those that are left out."""
    kept: list[Attachment] = []
    left_out: list[LeftOut] = []
    for one in attachments:
        if is_blocked(one.name, settings.blockedattachments):
            left_out.append(LeftOut(one.name, one.size_bytes, "blocked"))
        elif one.size_bytes > settings.maxuploadfilesize:
            left_out.append(LeftOut(one.name, one.size_bytes, "too-large"))
        else:
            kept.append(one)
    return kept, left_out


def notification(left_out: Iterable[LeftOut]) -> int:
    """Return the value of ``notifications``: a cut body says more than a missing file."""
    reasons = {one.reason for one in left_out}
    if "body-too-long" in reasons:
        return BODY_TRUNCATED
    return ATTACHMENTS_MISSING if reasons else 0


def cut_text(text: str) -> tuple[str, int]:
    """Return the text within the limit, and how many bytes were cut."""
    if len(text) * 4 <= LONGEST_BODY_BYTES:
        return text, 0
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST_BODY_BYTES:
        return text, 0
    return data[:LONGEST_BODY_BYTES].decode("utf-8", "ignore"), len(data) - LONGEST_BODY_BYTES


def cut_chunks(chunks: Iterable[bytes], limit: int = LONGEST_BODY_BYTES) -> Iterator[bytes]:
    """Yield UTF-8 in pieces up to the limit; a character that the limit would cut is left out."""
    left = limit
    for chunk in chunks:
        if len(chunk) <= left:
            left -= len(chunk)
            yield chunk
            continue
        end = left
        while end and chunk[end] & 0xC0 == 0x80:
            end -= 1
        yield chunk[:end]
        return
