"""Autodiscover as JSON: one protocol for one address, without a log-on."""

import json
from urllib.parse import parse_qs, quote, unquote, urlsplit

from serversync.simulator.autodiscover.answers import Elsewhere, Located, Unknown

_PATH = "/autodiscover/autodiscover.json"
_OLDER_PATH = "/autodiscover.json/v1.0/"
_MOST_REDIRECTS = 10


def wanted(target: str) -> tuple[str, str, int]:
    """Return address, protocol and count of redirects that a request target asks for."""
    parts = urlsplit(target)
    query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    address = query.get("email", "")
    for prefix in (f"{_PATH}/v1.0/", f"/autodiscover{_OLDER_PATH}", _OLDER_PATH):
        if parts.path.lower().startswith(prefix):
            address = unquote(parts.path[len(prefix) :])
    count = query.get("redirectcount", "0")
    return address, query.get("protocol", ""), int(count) if count.isdecimal() and len(count) < 4 else 0


def answer(
    found: Located | Elsewhere | Unknown, protocol: str, pox_url: str, redirects: int
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body.

    Args:
        found: What is known of the address.
        protocol: The protocol that was asked for.
        pox_url: The address of the XML service.
        redirects: How many redirects the client has followed.
    """
    if protocol.lower() not in {"ews", "autodiscoverv1"}:
        named = protocol[:40] or "empty"
        return _error(400, "ProtocolNotSupported", f"The given protocol value '{named}' is invalid.")
    if isinstance(found, Unknown):
        return _error(404, found.code or "UserNotFound", "The given user is not found.")
    if isinstance(found, Elsewhere):
        if redirects >= _MOST_REDIRECTS:
            return _error(400, "TooManyRedirects", "The request was redirected too often.")
        return 302, {"Location": _elsewhere(found, protocol, redirects + 1)}, b""
    if protocol.lower() == "ews":
        return _ok({"Protocol": "Ews", "Url": found.internal_url})
    return _ok({"Protocol": "AutodiscoverV1", "Url": pox_url})


def _elsewhere(found: Elsewhere, protocol: str, redirects: int) -> str:
    if found.url:
        return found.url
    address = found.address or ""
    return (
        f"https://autodiscover.{address.partition('@')[2]}{_PATH}?Email={quote(address, safe='@')}"
        f"&Protocol={quote(protocol)}&RedirectCount={redirects}"
    )


def _ok(content: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(content).encode()


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    _, headers, body = _ok({"ErrorCode": code, "ErrorMessage": message})
    return status, headers, body
