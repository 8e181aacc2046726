"""How a scheme speaks with the transport.

A flow yields one ``Leg`` after the other, all for the same connection, and receives the ``Challenge`` of
each 401 answer. The last leg carries the real request; another answer to it than 401 ends the log-on.
"""

import binascii
import re
import struct
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterator, Sequence
from typing import NoReturn, Protocol

from msgspec import Struct

from serversync.core.errors import AnswerUnreadable, AuthenticationFailed, AuthenticationNotOffered


class Leg(Struct, frozen=True, gc=False):
    """A value for the ``Authorization`` header; ``is_last`` says that the request itself may go along.

    An empty value sends no header: the server then says what it offers.
    """

    authorization: str
    is_last: bool


NO_LOG_ON = Leg("", is_last=False)
"""Asks what is offered."""

ASK_FOR_CHALLENGE = Leg(
    "NTLM " + b64encode(b"NTLMSSP\x00" + struct.pack("<II", 1, 0x00088207) + bytes(16)).decode(),
    is_last=False,
)
"""Asks for an NTLM challenge, which tells names and clock of the server; it names nobody (MS-NLMP 2.2.1.1)."""


_PARTS = re.compile(r'(?:[^,"]|"[^"]*"?)+')
"""What stands between commas, those inside of quotation marks left alone."""


class Challenge(Struct, frozen=True, gc=False):
    """A 401 answer: its ``WWW-Authenticate`` values, one each, and the server's certificate (DER)."""

    values: tuple[str, ...]
    peer_certificate: bytes | None = None

    def token(self, scheme: str) -> str | None:
        """Return what the server said to a scheme: ``""`` for a bare offer, ``None`` for no offer."""
        return next((told for name, told in self._said() if name.lower() == scheme.lower()), None)

    @property
    def offered(self) -> str:
        """The offered schemes for a person, for example ``Negotiate, NTLM``."""
        return ", ".join(dict.fromkeys(name for name, _ in self._said())) or "none"

    def _said(self) -> Iterator[tuple[str, str]]:
        """Give each scheme and what was said to it, also where a proxy has folded several headers into one."""
        for value in self.values:
            for each in _PARTS.findall(value):
                name, _, rest = each.strip().partition(" ")
                if name and "=" not in name:
                    yield name, rest.strip()


Flow = Generator[Leg, Challenge, None]


class Authentication(Protocol):
    """A scheme with its credentials, used for all connections of a client."""

    belongs_to_connection: bool
    """Whether a connection stays logged on; otherwise every request carries the header."""

    def flow(self) -> Flow:
        """Start a log-on on one connection.

        Raises:
            AuthenticationFailed: the server refused the full credentials.
            AuthenticationNotOffered: the server does not know the scheme.
        """
        ...


def header(scheme: str, token: bytes | None) -> str:
    """Return the ``Authorization`` value that carries a token."""
    return f"{scheme} {b64encode(token or b'').decode()}"


def decoded(token: str | None) -> bytes:
    """Return a token of a challenge; empty where there is none, or none that can be read."""
    try:
        return b64decode(token or "", validate=True)
    except binascii.Error:
        return b""


class Account(Struct, frozen=True, gc=False):
    """Who logs on where, for the details of errors."""

    host: str
    username: str

    def failed(self, scheme: str) -> NoReturn:
        """Say that the server refused the full credentials.

        Raises:
            AuthenticationFailed: always.
        """
        raise AuthenticationFailed(host=self.host, account=self.username, scheme=scheme)

    def not_offered(self, wanted: Sequence[str], challenge: Challenge) -> NoReturn:
        """Say that the server does not offer the scheme.

        Raises:
            AuthenticationNotOffered: always.
        """
        raise AuthenticationNotOffered(
            host=self.host, account=self.username, wanted=" or ".join(wanted), offered=challenge.offered
        )

    def unreadable(self, scheme: str) -> AnswerUnreadable:
        """Return the error for a challenge that is malformed; nothing secret was sent."""
        return AnswerUnreadable(
            host=self.host,
            account=self.username,
            operation="the log-on",
            reason=f"its {scheme} challenge is malformed",
        )
