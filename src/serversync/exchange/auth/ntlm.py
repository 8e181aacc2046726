"""Windows authentication by NTLM, or by Negotiate with NTLM or a ticket inside: NTLMv2, always channel-bound.

The log-on belongs to the connection: it is done once, and every later request on it is logged on.
"""

import struct
from base64 import b64decode
from importlib.util import find_spec

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from serversync.exchange.auth.channel_binding import channel_binding
from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.flow import NO_LOG_ON, Account, Challenge, Flow, Leg, header

NTLM = "NTLM"
NEGOTIATE = "Negotiate"

_MALFORMED = (SpnegoError, struct.error, ValueError, LookupError, TypeError)
"""What pyspnego raises for a challenge that is none; it unpacks without looking first."""


_MAY_BE_KERBEROS = find_spec("gssapi") is not None
"""Whether the libraries are there by which Negotiate tries Kerberos before NTLM."""


class WindowsAuthentication:
    """NTLM and Negotiate in the order of ``schemes``; what worked comes first from then on.

    Args:
        credentials: The account.
        host: The server.
        schemes: What is tried, in this order.
        binds_channel: Only a diagnosis leaves the channel binding out.
    """

    belongs_to_connection = True

    def __init__(
        self,
        credentials: Credentials,
        host: str,
        schemes: tuple[str, ...] = (NTLM, NEGOTIATE),
        *,
        binds_channel: bool = True,
    ) -> None:
        self._account = Account(host, credentials.username)
        self._credentials = credentials
        self._schemes = schemes
        self._binds_channel = binds_channel

    def flow(self) -> Flow:
        """Start a log-on on one connection.

        Raises:
            AuthenticationFailed: the server refused the full credentials.
            AuthenticationNotOffered: the server offers none of the schemes.
            AnswerUnreadable: the server's challenge is malformed; the password was not used.
        """
        challenge: Challenge | None = None
        for scheme in self._schemes:
            if challenge is not None and challenge.token(scheme) is None:
                continue
            context = self._context(scheme)
            if scheme == NEGOTIATE and _MAY_BE_KERBEROS:
                # A ticket is the whole log-on: it is bound to the certificate, and the request goes along with it.
                challenge = challenge or (yield NO_LOG_ON)
                if challenge.token(scheme) is None:
                    continue
                token = context.step(channel_bindings=self._binding(challenge))
                challenge = yield Leg(header(scheme, token), is_last=True)
            else:
                challenge = yield Leg(header(scheme, context.step()), is_last=False)
            if not challenge.token(scheme):
                continue
            self._schemes = (scheme, *[each for each in self._schemes if each != scheme])
            yield from self._answer(scheme, context, challenge)
        if challenge is not None:
            self._account.not_offered(self._schemes, challenge)

    def _answer(self, scheme: str, context: "spnego.ContextProxy", challenge: Challenge) -> Flow:
        """Answer the server's challenges until it accepts or refuses."""
        while token := challenge.token(scheme):
            if context.complete:
                break
            try:
                reply = context.step(
                    b64decode(token, validate=True),
                    channel_bindings=self._binding(challenge),
                )
            except _MALFORMED as error:
                raise self._account.unreadable(scheme) from error
            if not reply:
                break
            challenge = yield Leg(header(scheme, reply), is_last=True)
        self._account.failed(scheme)

    def _binding(self, challenge: Challenge) -> GssChannelBindings | None:
        return channel_binding(challenge.peer_certificate) if self._binds_channel else None

    def _context(self, scheme: str) -> "spnego.ContextProxy":
        ntlm = scheme == NTLM
        return spnego.client(
            self._credentials.username,
            self._credentials.password,
            hostname=self._account.host,
            service="http",
            protocol="ntlm" if ntlm else "negotiate",
            options=NegotiateOptions.use_ntlm if ntlm else NegotiateOptions.use_negotiate,
        )
