"""Checks of what people type: names, addresses and times."""

from datetime import UTC, date, datetime, tzinfo
from typing import Final
from uuid import UUID

from serversync.core.errors import InputInvalid

FIRST: Final = datetime(1602, 1, 1, tzinfo=UTC)
END: Final = datetime(4500, 1, 1, tzinfo=UTC)
"""Times of people are between these; nearer to the ends of what Exchange knows a zone might lead beyond them."""

_LONGEST_ADDRESS = 100


def text(value: str, field: str, *, longest: int) -> str:
    """Return a text without spaces around it.

    Raises:
        InputInvalid: it is empty, too long, or holds characters that cannot be seen.
    """
    stripped = value.strip()
    if not stripped:
        raise InputInvalid(field=field, reason="it is empty")
    if len(stripped) > longest:
        raise InputInvalid(field=field, reason=f"it is longer than {longest} characters")
    if not stripped.isprintable():
        raise InputInvalid(field=field, reason="it holds control characters")
    return stripped


def key(value: str) -> UUID:
    """Return the id that a listing has shown.

    Raises:
        InputInvalid: it is none.
    """
    try:
        return UUID(value.strip())
    except ValueError as error:
        raise InputInvalid(field="Id", reason=f"{value} is not an id of the list") from error


def address(value: str, field: str) -> str:
    """Return an e-mail address.

    Raises:
        InputInvalid: it is none.
    """
    stripped = text(value, field, longest=_LONGEST_ADDRESS)
    user, at, domain = stripped.rpartition("@")
    if not at or not user or not domain or "@" in user or " " in stripped or domain.startswith("."):
        raise InputInvalid(field=field, reason=f"{stripped} is not an e-mail address like ada@example.org")
    return stripped


def day(value: str, field: str) -> date:
    """Return a date that was given as ISO 8601.

    Raises:
        InputInvalid: it is none.
    """
    try:
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise InputInvalid(field=field, reason=f"{value} is not a date like 2026-01-31") from error


def moment(value: str, field: str, *, zone: tzinfo = UTC) -> datetime:
    """Return a time that was given as ISO 8601; without a zone it is in ``zone``.

    Raises:
        InputInvalid: it is no time.
    """
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise InputInvalid(
            field=field, reason=f"{value} is not a time like 2026-01-31 or 2026-01-31T08:00+01:00"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)


def on_a_calendar(value: datetime, field: str) -> datetime:
    """Return a time that calendars know: Exchange begins with 1601 and says *none* by 4501.

    Raises:
        InputInvalid: it is in a year before or after these.
    """
    if not FIRST <= value < END:
        raise InputInvalid(
            field=field, reason=f"it is not in one of the years {FIRST.year} to {END.year - 1}"
        )
    return value
