"""Says what an HTTP answer means that carries no SOAP envelope, by its status.

Exchange, IIS and proxies use statuses for their own purposes: 302 and 503 shed load, 440 is a log-on page,
456 a blocked account. Source: Microsoft's EWS documentation; behaviour seen by other EWS clients.
"""

import html
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from serversync.core.clock import now
from serversync.core.errors import (
    AccessForbidden,
    AuthenticationFailed,
    ItemTooLarge,
    NotExchange,
    RequestRefused,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.xml_values import integer

_TITLE = re.compile(rb"<title[^>]{0,200}>(.{0,300}?)</title", re.IGNORECASE | re.DOTALL)
_LONGEST_PAUSE = timedelta(days=1)


def page_title(body: bytes) -> str | None:
    """Return the title of an HTML page, or ``None`` where the body is none; ``""`` for a page without."""
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith((b"<!doctype html", b"<html", b"<head", b"<!-- html")):
        return None
    found = _TITLE.search(body[:65536])
    text = found[1].decode("utf-8", "replace") if found else ""
    return " ".join(html.unescape(text).split())


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the pause that ``Retry-After`` asks for, as seconds or as a date, at most a day."""
    value = headers.get("Retry-After", "").strip()
    seconds = integer(value)
    if seconds is not None:
        return min(max(timedelta(), timedelta(seconds=min(seconds, 86400))), _LONGEST_PAUSE)
    try:
        pause = parsedate_to_datetime(value) - now()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(timedelta(), pause), _LONGEST_PAUSE)


def not_exchange(context: AnswerContext, url: str, body: bytes, reason: str) -> NotExchange:
    """Return the error for an answer that is no SOAP; a page's title says most about whose it is."""
    title = page_title(body)
    if title is not None:
        reason = f'a web page answered, "{title}"' if title else "a web page without a title answered"
    return NotExchange(**context.details(), address=url, reason=reason, title=title)


def status_error(
    status: int, headers: Mapping[str, str], body: bytes, context: AnswerContext, url: str
) -> ServiceError | None:
    """Return the error that a status stands for; ``None`` for 200 and for 500 that may hold a SOAP fault.

    Args:
        status: The HTTP status.
        headers: The answer's headers; names in any case.
        body: The body, or its beginning.
        context: Where the answer came from.
        url: The address that answered.
    """
    details = context.details() | {
        "status": status,
        "response_code": f"HTTP {status}",
        "cas_error_code": headers.get("X-CasErrorCode"),
        "back_off": retry_after(headers),
    }
    if status == 200 or (status == 500 and b"Envelope" in body[:4096]):
        return None
    if status in _REDIRECTS:
        return _redirect(headers.get("Location", ""), details, url)
    if (reason := _NOTHING_THERE.get(status)) is not None:
        return NotExchange(**details, address=url, reason=reason)
    if (kind := _CLASSES.get(status)) is not None:
        return kind(**details, message="the server calls it malformed", scheme=f"HTTP {status}")
    if status >= 500:
        return ServerUnreachable(**details, reason=f"HTTP {status} without an explanation")
    return not_exchange(context, url, body, f"HTTP {status}")


_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOTHING_THERE = {
    404: "nothing is there (HTTP 404)",
    405: "nothing there takes requests (HTTP 405)",
    410: "nothing is there any more (HTTP 410)",
    440: "a log-on form of a proxy answered (HTTP 440)",
}
_CLASSES: dict[int, type[ServiceError]] = {
    400: RequestRefused,
    401: AuthenticationFailed,
    403: AccessForbidden,
    413: ItemTooLarge,
    429: ServerBusy,
    449: ServerBusy,
    456: AuthenticationFailed,
    503: ServerBusy,
}


def _redirect(location: str, details: dict[str, object], url: str) -> ServiceError:
    if "genericerrorpage" in location.lower():
        return ServerBusy(**details | {"response_code": "redirect to an error page"})
    parts = urlsplit(location) if location.isprintable() else None
    target = (
        f"{parts.scheme}://{parts.netloc}{parts.path}" if parts and parts.netloc else (parts and parts.path)
    )
    return NotExchange(**details, address=url, reason=f"it redirects to {target or 'nowhere'}")
