"""The address of a server, checked before anything is sent to it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from msgspec import Struct

from serversync.core.errors import AddressInvalid, InsecureAddress

EWS_PATH = "/EWS/Exchange.asmx"


class Endpoint(Struct, frozen=True, gc=False, kw_only=True):
    """Where Exchange Web Services answer, and how to get there.

    Attributes:
        url: The whole https URL. Use ``Endpoint.parse`` for what a person typed.
        ca_file: PEM file of an authority to trust beside the system's own.
        timeout: The longest time that a call may take; for downloads, the longest silence.
        proxy: URL of an outgoing HTTP proxy, with its credentials if it needs any.

    Raises:
        InsecureAddress: the URL is not https.
        AddressInvalid: the URL cannot work.
    """

    url: str
    ca_file: Path | None = None
    timeout: timedelta = timedelta(seconds=100)
    proxy: str | None = None

    def __post_init__(self) -> None:
        _split(self.url)

    def __repr__(self) -> str:
        return f"Endpoint(url={self.url!r}, ca_file={self.ca_file!s}, timeout={self.timeout})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.url), ("ca_file", self.ca_file), ("timeout", self.timeout)]

    @classmethod
    def parse(
        cls,
        address: str,
        *,
        ca_file: Path | None = None,
        timeout: timedelta = timedelta(seconds=100),
        proxy: str | None = None,
    ) -> "Endpoint":
        """Return the endpoint that a person means by a host name, a base URL or a full URL.

        Args:
            address: ``mail.example.org``, ``https://mail.example.org/``, the address of another service of the same
                server such as Outlook on the web, or the whole EWS URL.
            ca_file: See the class.
            timeout: See the class.
            proxy: See the class.

        Raises:
            InsecureAddress: the address says ``http://``.
            AddressInvalid: nothing usable.
        """
        text = address.strip()
        parts = _split(text if "://" in text else f"https://{text}")
        path = parts.path.rstrip("/")
        path = EWS_PATH if _LEADS_TO_EWS.fullmatch(path) else path
        netloc = _FINAL_DOT.sub("", parts.netloc)
        url = urlunsplit(("https", netloc, path, "", ""))
        return cls(url=url, ca_file=ca_file, timeout=timeout, proxy=proxy)

    @property
    def host(self) -> str:
        """The host name, lower case."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, 443 where the URL names none."""
        return urlsplit(self.url).port or 443


_LEADS_TO_EWS = re.compile(
    r"(?:|/ews|/ews/services\.wsdl|/(?:owa|ecp|mapi|oab|rpc|powershell|autodiscover|microsoft-server-activesync)(?:/.*)?)",
    re.IGNORECASE,
)
"""Paths of a server of Exchange that are not those of EWS, but say where EWS are."""
_FINAL_DOT = re.compile(r"\.(?=(?::\d*)?$)")
"""The end of a name that is written out to the root of DNS; no certificate has it."""
_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._:")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressInvalid(address=url, reason=str(error)) from error
    if "@" in parts.netloc:
        raise AddressInvalid(address=parts.netloc.rpartition("@")[2], reason="it contains a user name")
    if parts.scheme == "http":
        raise InsecureAddress(address=url)
    if parts.scheme != "https":
        raise AddressInvalid(address=url, reason=f"{parts.scheme}:// is not https://")
    if not host:
        raise AddressInvalid(address=url, reason="it has no host name")
    ascii_host = _ascii(host)
    if (
        ascii_host is None
        or not set(ascii_host) <= _HOST
        or ascii_host.startswith((".", "-"))
        or ".." in host
    ):
        raise AddressInvalid(address=url, reason=f"{host} is not a host name")
    if host in ("http", "https"):
        raise AddressInvalid(address=url, reason="it is not written like https://mail.example.org")
    if port == 0:
        raise AddressInvalid(address=url, reason="port 0 does not exist")
    if any(sign in url for sign in " \t\r\n\\<>\"'"):
        raise AddressInvalid(address=url, reason="it contains characters that no address has")
    return parts


def _ascii(host: str) -> str | None:
    try:
        return host.encode("ascii").decode() if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return None
