"""Who is it: Basic, NTLM, and Negotiate with NTLM inside, as IIS does them.

NTLM authenticates the TCP connection, not the request: after the handshake further requests on the same
connection need no header. Extended Protection looks at the channel binding of NTLM only.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from serversync.simulator.accounts import Account, Directory
from serversync.simulator.negotiate import unwrap, wrap_challenge
from serversync.simulator.ntlm import SIGNATURE, Binding, Handshake, channel_binding_hash, is_negotiate

ExtendedProtection = Literal["off", "allow", "require"]
"""Extended Protection of the virtual directory: ignored; a wrong binding is refused; a right one is required."""

Scheme = Literal["NTLM", "Negotiate", "Basic", "Bearer"]
_OFFERS = {
    "Basic": 'Basic realm="localhost"',
    "Bearer": 'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", '
    'trusted_issuers="00000001-0000-0000-c000-000000000000@*", '
    'token_types="app_asserted_user_v1 service_asserted_app_v1", '
    'authorization_uri="https://login.windows.net/common/oauth2/authorize"',
}
"""What the headers say beside the name of the scheme; tokens are offered, and none is ever accepted."""


@dataclass(slots=True)
class Connection:
    """What is known of a TCP connection.

    Attributes:
        account: Who has authenticated it.
        handshake: A handshake that waits for its last message.
    """

    account: Account | None = None
    handshake: Handshake | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either somebody is known, or the client is told how to go on.

    Attributes:
        account: Who it is; ``None`` answers 401.
        challenges: ``WWW-Authenticate`` headers of a 401.
        failed: A Windows log-on came to its end with this refusal.
        persists: This request logged the connection on (``Persistent-Auth``).
    """

    account: Account | None
    challenges: tuple[str, ...] = ()
    failed: bool = False
    persists: bool = False


class Authenticator:
    """Decides for each request who sent it.

    Args:
        directory: Who may log in.
        schemes: What is offered, in this order.
        extended_protection: See ``ExtendedProtection``.
        channel_binding: ``tls-server-end-point`` data of the server's certificate.
        domain: NetBIOS name of the domain.
        dns_domain: Its DNS name.
        now: The clock that its challenges tell.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        schemes: tuple[Scheme, ...],
        extended_protection: ExtendedProtection,
        channel_binding: bytes,
        domain: str,
        dns_domain: str,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._directory = directory
        self._schemes = schemes
        self._protection = extended_protection
        self._binding = channel_binding_hash(channel_binding)
        self._domain = domain
        self._dns_domain = dns_domain

    @property
    def offers(self) -> tuple[str, ...]:
        """The ``WWW-Authenticate`` headers of a fresh 401, one for each scheme."""
        return tuple(_OFFERS.get(scheme, scheme) for scheme in self._schemes)

    def authenticate(self, header: str | None, connection: Connection) -> Outcome:
        """Judge the ``Authorization`` header of a request on a connection."""
        if not header:
            return Outcome(connection.account, () if connection.account else self.offers)
        scheme, _, token = header.partition(" ")
        name = next((offered for offered in self._schemes if offered.lower() == scheme.lower()), None)
        try:
            raw = base64.b64decode(token.strip(), validate=True)
        except binascii.Error:
            return self._refuse(connection)
        if name is None or name == "Bearer":
            return self._refuse(connection)
        if name == "Basic":
            return self._basic(raw, connection)
        return self._ntlm(name, raw, connection)

    def _refuse(self, connection: Connection, *, failed: bool = False) -> Outcome:
        connection.account = connection.handshake = None
        return Outcome(None, self.offers, failed=failed)

    def _basic(self, raw: bytes, connection: Connection) -> Outcome:
        name, _, password = raw.decode("utf-8", "replace").partition(":")
        account = self._directory.check_password(name, password)
        return Outcome(account) if account else self._refuse(connection)

    def _ntlm(self, scheme: str, raw: bytes, connection: Connection) -> Outcome:
        token = raw if raw.startswith(SIGNATURE) else unwrap(raw)
        if is_negotiate(token):
            connection.account = None
            connection.handshake = Handshake(
                token, domain=self._domain, dns_domain=self._dns_domain, host="EXCH01", now=self._now()
            )
            challenge = connection.handshake.challenge
            reply = challenge if raw is token else wrap_challenge(challenge)
            return Outcome(None, (f"{scheme} {base64.b64encode(reply).decode()}",))
        handshake, connection.handshake = connection.handshake, None
        if handshake is None:
            return self._refuse(connection, failed=True)
        verdict = handshake.verify(token, self._directory, self._binding)
        if verdict.account is None or not self._is_protected(verdict.binding):
            return self._refuse(connection, failed=True)
        connection.account = verdict.account
        return Outcome(verdict.account, persists=True)

    def _is_protected(self, binding: Binding) -> bool:
        if self._protection == "require":
            return binding is Binding.RIGHT
        return self._protection == "off" or binding is not Binding.WRONG
