"""Says what an HTTP answer means that carries no SOAP envelope, by its status: ONE table.

Exchange, IIS and proxies use statuses for their own purposes: 302 and 503 shed load, 440 is a log-on page,
456 a blocked account. A status that is not in the table is judged by its hundred.
Source: Microsoft's EWS documentation; behaviour seen by other EWS clients.
"""

import html
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from msgspec import Struct

from serversync.core.clock import now
from serversync.core.errors import (
    AccessForbidden,
    AccountBlocked,
    AuthenticationFailed,
    ItemTooLarge,
    NotExchange,
    RequestRefused,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.codes.rule import Retry
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.xml_values import integer

_TITLE = re.compile(rb"<title[^>]{0,200}>(.{0,300}?)</title", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(
    rb"[\xef\xbb\xbf\s]*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)*<(?:!doctype\s+html|html|head)\b",
    re.IGNORECASE | re.DOTALL,
)
"""How web pages begin, those of XHTML and those that begin with a comment too."""
_LONGEST_PAUSE = timedelta(days=1)


def page_title(body: bytes) -> str | None:
    """Return the title of an HTML page, or ``None`` where the body is none; ``""`` for a page without."""
    if not _PAGE.match(body[:4096]):
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


class StatusRule(Struct, frozen=True, gc=False):
    """What a status means; ``reason`` fills that word of the error's sentence."""

    error: type[ServiceError]
    retry: Retry = Retry.NEVER
    reason: str = ""
    remedy: str = ""


_WRONG_ADDRESS = Retry.REDISCOVER
_PRE_AUTHENTICATION = "Publish EWS without pre-authentication (pass-through) on the proxy, or give the profile an address that goes around it."
_TOO_LONG = "Shorten the way: a proxy or IIS refuses the request line or headers (a large Kerberos ticket does that); raise maxFieldLength, or choose NTLM."

STATUS_RULES: dict[int, StatusRule] = {
    400: StatusRule(RequestRefused, reason="the server calls it malformed"),
    401: StatusRule(AuthenticationFailed),
    403: StatusRule(AccessForbidden),
    404: StatusRule(NotExchange, _WRONG_ADDRESS, "nothing is there (HTTP 404)"),
    405: StatusRule(NotExchange, _WRONG_ADDRESS, "nothing there takes requests (HTTP 405)"),
    407: StatusRule(NotExchange, reason="a proxy wants a log-on of its own (HTTP 407)"),
    408: StatusRule(ServerBusy, Retry.LATER),
    410: StatusRule(NotExchange, _WRONG_ADDRESS, "nothing is there any more (HTTP 410)"),
    411: StatusRule(RequestRefused, reason="a proxy does not take requests in pieces"),
    413: StatusRule(ItemTooLarge),
    414: StatusRule(RequestRefused, reason="the address is too long", remedy=_TOO_LONG),
    415: StatusRule(NotExchange, reason="it does not take SOAP (HTTP 415)"),
    421: StatusRule(ServerUnreachable, Retry.LATER, "a proxy sent the request to another site (HTTP 421)"),
    429: StatusRule(ServerBusy, Retry.LATER),
    431: StatusRule(RequestRefused, reason="the headers are too long", remedy=_TOO_LONG),
    440: StatusRule(
        NotExchange, reason="a log-on form of a proxy answered (HTTP 440)", remedy=_PRE_AUTHENTICATION
    ),
    449: StatusRule(ServerBusy, Retry.LATER),
    451: StatusRule(NotExchange, _WRONG_ADDRESS, "the mailbox has another address (HTTP 451)"),
    456: StatusRule(AccountBlocked, reason="the server answered HTTP 456"),
    500: StatusRule(ServerUnreachable, Retry.LATER, "HTTP 500 without an explanation"),
    501: StatusRule(NotExchange, reason="it does not know the request (HTTP 501)"),
    502: StatusRule(
        ServerUnreachable, Retry.LATER, "the proxy in front of it got no usable answer (HTTP 502)"
    ),
    503: StatusRule(ServerBusy, Retry.LATER),
    504: StatusRule(ServerUnreachable, Retry.LATER, "the proxy in front of it waited in vain (HTTP 504)"),
    509: StatusRule(ServerBusy, Retry.LATER),
}
"""Each status with a meaning of its own. A redirect is judged by where it leads, see ``REDIRECT_RULES``."""

REDIRECT_RULES: tuple[tuple[str, StatusRule], ...] = (
    (r"genericerrorpage", StatusRule(ServerBusy, Retry.LATER)),
    (
        r"/owa/auth|/CookieAuth\.dll|/my\.policy|/adfs/|/vpn/|logon|login|signin",
        StatusRule(NotExchange, reason="it redirects to a log-on page, {target}", remedy=_PRE_AUTHENTICATION),
    ),
    (r"", StatusRule(NotExchange, _WRONG_ADDRESS, "it redirects to {target}")),
)
"""Redirects (301, 302, 303, 307, 308) by what stands in their address, in this order; none is ever followed."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def rule_for_status(status: int, location: str = "") -> StatusRule | None:
    """Return what a status means; ``None`` where only the body can say it."""
    if status in _REDIRECTS:
        return next(rule for part, rule in REDIRECT_RULES if re.search(part, location, re.IGNORECASE))
    rule = STATUS_RULES.get(status)
    if rule is None and status >= 500:
        return StatusRule(ServerUnreachable, Retry.LATER, f"HTTP {status} without an explanation")
    return rule


def status_error(
    status: int, headers: Mapping[str, str], body: bytes, context: AnswerContext, url: str
) -> ServiceError | None:
    """Return the error that a status stands for; ``None`` for 200 and for what may hold a SOAP fault: 500, or 503 of a busy server.

    Args:
        status: The HTTP status.
        headers: The answer's headers; names in any case.
        body: The body, or its beginning.
        context: Where the answer came from.
        url: The address that answered.
    """
    if status == 200 or (status >= 500 and b"Envelope" in body[:4096] and page_title(body) is None):
        return None
    location = headers.get("Location", "")
    rule = rule_for_status(status, location)
    if rule is None:
        return not_exchange(context, url, body, f"HTTP {status}")
    details = context.details() | {
        "status": status,
        "response_code": f"HTTP {status}" if rule.error is not ServerBusy or not location else _ERROR_PAGE,
        "cas_error_code": headers.get("X-CasErrorCode"),
        "back_off": retry_after(headers),
        "reason": rule.reason.format(target=_target(location)),
        "message": rule.reason,
        "scheme": f"HTTP {status}",
        "address": url,
        "retry": rule.retry.value,
    }
    if rule.remedy:
        details["remedy"] = rule.remedy
    if (title := page_title(body)) is not None:
        details["title"] = title
    return rule.error(**details)


_ERROR_PAGE = "redirect to an error page"


def _target(location: str) -> str:
    """Return where a redirect leads, without its query, which may hold secrets."""
    try:
        parts = urlsplit(location if location.isprintable() else "")
    except ValueError:
        return "an address that is none"
    return (f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path) or "nowhere"
