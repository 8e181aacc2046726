"""Images of other servers in an HTML body, which Exchange 2013, and no other version, leaves out when asked to."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serversync.simulator.itemview import ItemView

_EXCHANGE_2013 = (15, 0)
_SOURCE = re.compile(r"(<img\b[^>]*?\s)src(\s*=\s*[\"']?\s*(?:https?:)?//)", re.IGNORECASE)


def blocks_images(view: "ItemView") -> bool:
    """Whether the server of the mailbox obeys ``BlockExternalImages`` (Microsoft, Interop test suites)."""
    return view.server.build[:2] == _EXCHANGE_2013


def without_external_images(html: str) -> str:
    """Return a body whose images of other servers no browser loads; the addresses stay readable."""
    return _SOURCE.sub(r"\1blockedimagesrc\2", html)


def has_blocked_images(view: "ItemView") -> bool:
    """Whether images were left out of the body in this answer."""
    if not (view.shape.block_external_images and blocks_images(view)):
        return False
    kind, body = view.body(view.shape.body_type)
    return kind == "HTML" and _SOURCE.search(body) is not None
