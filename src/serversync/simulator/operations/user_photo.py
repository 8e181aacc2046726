"""GetUserPhoto (2013 and later): the pictures of people, by SOAP and by a plain GET.

The picture is given in the size in which it was put in. A client that knows the current one by its ``ETag`` is
answered 304, and 404 where there is none.
"""

import base64
import hashlib

from serversync.simulator.call import Call
from serversync.simulator.exchange import Exchange
from serversync.simulator.response import MESSAGES_NS, EwsError, single

M = f"{{{MESSAGES_NS}}}"
SIZES = frozenset(f"HR{side}x{side}" for side in (48, 64, 96, 120, 240, 360, 432, 504, 648))
_NOTHING = "<m:HasChanged>false</m:HasChanged>"
_SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}


def photo_of(exchange: Exchange, address: str) -> bytes | None:
    """Return somebody's picture; ``None`` where there is no such person, or no picture of him."""
    mailbox = exchange.find_mailbox(address)
    return None if mailbox is None else mailbox.photo


def entity_tag(photo: bytes) -> str:
    """Return the ``ETag`` of a picture."""
    return f'"{hashlib.sha256(photo).hexdigest()[:16]}"'


def media_type(photo: bytes) -> str:
    """Return what kind of image the bytes are, by their beginning."""
    return next(
        (kind for start, kind in _SIGNATURES.items() if photo.startswith(start)), "application/octet-stream"
    )


def get(call: Call) -> str:
    """Return a picture, or say by the HTTP status that there is none or that it is the one that is known."""
    try:
        call.check()
    except EwsError as error:
        return single("GetUserPhotoResponse", _NOTHING, error)
    if (call.request.findtext(f"{M}SizeRequested") or "").strip() not in SIZES:
        return single("GetUserPhotoResponse", _NOTHING, EwsError("ErrorInvalidPhotoSize"))
    photo = photo_of(call.exchange, (call.request.findtext(f"{M}Email") or "").strip())
    if photo is None:
        call.status = 404
        return single("GetUserPhotoResponse", _NOTHING, EwsError("ErrorItemNotFound"))
    tag = entity_tag(photo)
    call.reply_headers["ETag"] = tag
    if call.headers.get("If-None-Match") == tag:
        call.status = 304
        return single("GetUserPhotoResponse", _NOTHING)
    data = base64.b64encode(photo).decode()
    return single(
        "GetUserPhotoResponse", f"<m:HasChanged>true</m:HasChanged><m:PictureData>{data}</m:PictureData>"
    )
