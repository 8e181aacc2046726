"""Kerberos, where the optional libraries are installed: a ticket instead of a password.

With a password the ticket is asked for with it; without one the ticket cache or keytab of this machine is used
(``KRB5CCNAME``, ``KRB5_CLIENT_KTNAME``). The log-on belongs to the connection and is bound to its certificate.
"""

import spnego
from spnego.exceptions import NegotiateOptions, SpnegoError

from serversync.core.errors import KerberosUnavailable
from serversync.exchange.auth.channel_binding import channel_binding
from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.flow import NO_LOG_ON, Account, Flow, Leg, decoded, header

NEGOTIATE = "Negotiate"


class KerberosAuthentication:
    """Negotiate with Kerberos inside, and nothing else."""

    belongs_to_connection = True

    def __init__(self, credentials: Credentials, host: str) -> None:
        self._account = Account(host, credentials.username)
        self._credentials = credentials

    def flow(self) -> Flow:
        """Start a log-on on one connection.

        Raises:
            KerberosUnavailable: the library or a ticket is missing, or the directory does not know the host.
            AuthenticationFailed: the server refused the ticket.
            AuthenticationNotOffered: the server does not offer Negotiate.
        """
        challenge = yield NO_LOG_ON
        if challenge.token(NEGOTIATE) is None:
            self._account.not_offered((NEGOTIATE,), challenge)
        try:
            context = spnego.client(
                self._credentials.username or None,
                self._credentials.password or None,
                hostname=self._account.host,
                service="http",
                protocol="kerberos",
                options=NegotiateOptions.use_gssapi,
                channel_bindings=channel_binding(challenge.peer_certificate),
            )
            token = context.step()
        except (SpnegoError, ImportError, OSError, ValueError) as error:
            raise KerberosUnavailable(
                host=self._account.host,
                account=self._account.username or "This program",
                reason=_reason(error),
            ) from error
        challenge = yield Leg(header(NEGOTIATE, token), is_last=True)
        while (again := decoded(challenge.token(NEGOTIATE))) and not context.complete:
            try:
                token = context.step(again)
            except SpnegoError as error:
                raise self._account.unreadable(NEGOTIATE) from error
            if not token:
                break
            challenge = yield Leg(header(NEGOTIATE, token), is_last=True)
        self._account.failed("Kerberos")


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:300].rstrip(".")
    return text or type(error).__name__
