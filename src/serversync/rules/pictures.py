"""The photo of a contact among its fields: a name for what the picture is, never its bytes.

Two photos are the same where their names are. Exchange replaces a photo in two steps, of which the first takes the old
one away.
"""

from typing import Final

from serversync.rules.record import Fields

PICTURE: Final = "entityimageid"
"""The field of a contact."""
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def replaced_by_halves(sent: Fields, found: Fields) -> tuple[str, ...]:
    """Return the field of a photo that was to be replaced, and of which only the first half was done.

    >>> replaced_by_halves({PICTURE: "new"}, {"lastname": "Hopper"})
    ('entityimageid',)
    """
    return (PICTURE,) if sent.get(PICTURE) is not None and found.get(PICTURE) is None else ()


def media_type(content: bytes) -> str | None:
    """Return which kind of picture the bytes begin as; ``None`` where they are none that every browser shows.

    >>> media_type(b"GIF89a..."), media_type(b"<svg onload='x'>")
    ('image/gif', None)
    """
    return next((word for signature, word in _SIGNATURES if content.startswith(signature)), None)
