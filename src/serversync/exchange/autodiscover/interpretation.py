"""Says what a reply means: settings, a redirect, or the error that stands for it."""

from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from serversync.core.errors import (
    AutodiscoverNotHere,
    AutodiscoverRefused,
    MailboxNotFound,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.autodiscover import json_v2, pox, soap_settings
from serversync.exchange.autodiscover.documents import Unreadable
from serversync.exchange.autodiscover.names import host_of
from serversync.exchange.autodiscover.result import (
    Answer,
    ErrorAnswer,
    RedirectAddress,
    RedirectUrl,
    Settings,
)
from serversync.exchange.autodiscover.steps import Protocol, Reply
from serversync.exchange.http_status import page_title, retry_after

_READERS: Final = {
    Protocol.SOAP: soap_settings.read,
    Protocol.POX: pox.read,
    Protocol.JSON: json_v2.read,
}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({429, 503})
_UNKNOWN_MAILBOX: Final = frozenset({"InvalidUser", "500", "UserNotFound"})
"""``InvalidUser`` is SOAP's; 500 is POX's "the e-mail address cannot be found"; ``UserNotFound`` is JSON's."""


class Location(Struct, frozen=True):
    """A redirect in the header of an HTTP answer."""

    url: str


def interpret(
    protocol: Protocol, url: str, address: str, reply: Reply
) -> Settings | RedirectAddress | RedirectUrl | Location | ServiceError:
    """Return what a reply means.

    Args:
        protocol: How it was asked.
        url: What was asked.
        address: The mail address that was asked for.
        reply: What came back.
    """
    if reply.error is not None:
        return reply.error
    status = reply.status or 0
    location = reply.headers.get("location", "")
    if status in _REDIRECTS and location and protocol is not Protocol.HTTP:
        return Location(joined(url, location))
    if status in _BUSY:
        return ServerBusy(
            host=host_of(url), response_code=f"HTTP {status}", back_off=retry_after(reply.headers)
        )
    reader = _READERS.get(protocol)
    if reader is None or not _may_hold_answer(protocol, status, reply.body):
        return _no_answer(url, status, reply.body)
    try:
        answer = reader(reply.body)
    except Unreadable as reason:
        return _not_here(url, reply.body, str(reason))
    return _meaning(answer, url, address)


def joined(url: str, location: str) -> str:
    """Return the absolute URL of a Location header; the header itself where it is no URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _may_hold_answer(protocol: Protocol, status: int, body: bytes) -> bool:
    """200 does; so do the faults of SOAP with 500, and the errors of JSON with 4xx."""
    if status == 200:
        return True
    if protocol is Protocol.SOAP:
        return status == 500 and b"Envelope" in body[:4096]
    return protocol is Protocol.JSON and 400 <= status < 500 and body.lstrip()[:1] == b"{"


def _meaning(
    answer: Answer, url: str, address: str
) -> Settings | RedirectAddress | RedirectUrl | ServiceError:
    if not isinstance(answer, ErrorAnswer):
        return answer
    host = host_of(url)
    if answer.code in _UNKNOWN_MAILBOX:
        return MailboxNotFound(
            mailbox=address, host=host, error_code=answer.code, message=answer.message[:200]
        )
    if answer.code == "ServerBusy":
        return ServerBusy(host=host, response_code="ServerBusy", error_code=answer.code)
    return AutodiscoverRefused(
        mailbox=address,
        host=host,
        address=url,
        error_code=answer.code[:60] or "an error",
        message=answer.message.strip().rstrip(".")[:200] or "no explanation",
    )


def _no_answer(url: str, status: int, body: bytes) -> ServiceError:
    if status >= 500:
        port = urlsplit(url).port or 443
        return ServerUnreachable(
            host=host_of(url),
            port=port,
            reason=f"HTTP {status} without an explanation",
            title=page_title(body),
        )
    return _not_here(url, body, f"HTTP {status}")


def _not_here(url: str, body: bytes, reason: str) -> AutodiscoverNotHere:
    title = page_title(body)
    if title is not None:
        page = f'a web page, "{title}"' if title else "a web page without a title"
        reason = f"{page} ({reason})" if reason.startswith("HTTP") else page
    return AutodiscoverNotHere(address=url, host=host_of(url), reason=reason, title=title)
