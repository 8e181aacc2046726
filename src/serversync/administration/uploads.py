"""Files that people send through the pages to go along with an e-mail."""

from collections.abc import Iterable
from typing import Final, Protocol

from serversync.administration.composing import NewFile
from serversync.core.errors import InputInvalid
from serversync.crm.models import Organization
from serversync.rules.email.content import is_blocked

FIELD: Final = "Files"
MOST_FILES: Final = 20
LARGEST_TOTAL: Final = 25 * 1024 * 1024
"""Bytes of all files of an e-mail together; larger ones go by the command line, which reads them from disk."""
_MEGABYTE: Final = 1024 * 1024


class Upload(Protocol):
    """A file as a form brings it."""

    name: str | None
    size: int | None
    content_type: str | None

    def read(self) -> bytes:
        """Return all of it."""
        ...


def take(files: Iterable[Upload]) -> list[NewFile]:
    """Return the files as they go along; what they are is checked before any is read.

    Raises:
        InputInvalid: a file is blocked by its name or too large, or there are too many.
    """
    sent = list(files)
    organization = Organization.objects.current()
    if len(sent) > MOST_FILES:
        raise InputInvalid(field=FIELD, reason=f"{len(sent)} files are more than the {MOST_FILES} allowed")
    for one in sent:
        name, size = one.name or "file", one.size or 0
        if is_blocked(name, organization.blockedattachments):
            raise InputInvalid(field=FIELD, reason=f"{name} is of a kind that the settings block")
        if size > organization.maxuploadfilesize:
            raise InputInvalid(
                field=FIELD,
                reason=f"{name} has {_shown(size)}; the settings allow {_shown(organization.maxuploadfilesize)}",
            )
    total = sum(one.size or 0 for one in sent)
    if total > LARGEST_TOTAL:
        raise InputInvalid(
            field=FIELD, reason=f"together they have {_shown(total)}; {_shown(LARGEST_TOTAL)} are allowed"
        )
    return [
        NewFile(one.name or "file", one.read(), one.content_type or "application/octet-stream")
        for one in sent
    ]


def _shown(size: int) -> str:
    return f"{size / _MEGABYTE:.1f} MB" if size >= _MEGABYTE // 10 else f"{size} bytes"
