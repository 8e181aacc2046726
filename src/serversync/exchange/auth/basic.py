"""Basic authentication: user name and password with every request, protected by TLS alone.

Only taken where the administrator chose it. Sent at once, without waiting for a challenge (RFC 7617).
"""

from base64 import b64encode

from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.flow import Account, Flow, Leg


class BasicAuthentication:
    """The same header with every request."""

    belongs_to_connection = False

    def __init__(self, credentials: Credentials, host: str) -> None:
        self._account = Account(host, credentials.username)
        pair = f"{credentials.username}:{credentials.password}".encode()
        self._authorization = "Basic " + b64encode(pair).decode()

    def flow(self) -> Flow:
        """Start a log-on.

        Raises:
            AuthenticationFailed: the server refused the full credentials.
            AuthenticationNotOffered: the server does not offer Basic.
        """
        challenge = yield Leg(self._authorization, is_last=True)
        if challenge.token("Basic") is None:
            self._account.not_offered(("Basic",), challenge)
        self._account.failed("Basic")
