"""The steps that log on: one attempt with the password, why it was refused, and how long the password stays good."""

import time
from collections.abc import AsyncIterator
from typing import Final

from serversync.adapters.password_end import password_end
from serversync.adapters.password_watch import ends_in
from serversync.adapters.probe.target import Now, Seen, Target
from serversync.core.errors import (
    AuthenticationFailed,
    AuthenticationNotOffered,
    ConnectionLost,
    ServiceError,
)
from serversync.engine.probe import Finding, Part, failed, not_needed, ok, warning
from serversync.engine.remedies import password_over, remedy_for
from serversync.exchange.auth.diagnosis import Cause, diagnose_refusal
from serversync.exchange.client import Credentials, EwsClient
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId

_INBOX: Final = GetFolder((DistinguishedFolderId("inbox"),))
_BOUND: Final = (
    "If the password is right, a proxy in front of Exchange may end TLS with another certificate, which Extended Protection "
    "refuses: give the proxy the certificate of Exchange, or let it pass TLS through (TCP mode)."
)


class LogOnSteps:
    """Opens the client of all later steps, which gives up after a refused password."""

    def __init__(self, target: Target, seen: Seen, *, now: Now, user_agent: str) -> None:
        self._target = target
        self._seen = seen
        self._now = now
        self._user_agent = user_agent
        self._credentials = Credentials(
            username=target.username, password=target.password, scheme=target.scheme
        )

    async def logon(self) -> AsyncIterator[Part | Finding]:
        """Send the first request as the account itself; one attempt, and at most one more to tell why not."""
        target = self._target
        client = EwsClient(
            self._seen.known_endpoint(),
            self._credentials,
            connections=target.connections,
            user_agent=self._user_agent,
            guard=target.guard,
            allow_other_servers=target.allow_other_servers,
        )
        self._seen.to_close = await client.__aenter__()
        if target.turn is not None:
            client = client.lane(target.turn)
        self._seen.client = client
        began = time.monotonic()
        try:
            self._seen.first_answer = await client.call(_INBOX)
        except AuthenticationNotOffered:
            raise
        except ServiceError as error:
            if isinstance(error, AuthenticationFailed) or not client.has_logged_on:
                yield await self._why(error)
                return
            self._seen.first_answer = error
        finally:
            self._seen.first_milliseconds = round((time.monotonic() - began) * 1000)
        if isinstance(refusal := self._seen.first_error, AuthenticationFailed):
            raise refusal
        info = client.log_on.target_info
        names = (
            (("Server", f"{info.dns_computer or info.computer}, domain {info.dns_domain}"),) if info else ()
        )
        yield ok(
            f"{target.username} is accepted ({self._seen.scheme}).",
            ("Account", target.username),
            ("Authentication", self._seen.scheme),
            *names,
        )

    async def expiry(self) -> AsyncIterator[Part | Finding]:
        """Ask when the password of the account ends; only accounts with a mailbox are told."""
        account = self._target.username
        told = await password_end(self._seen.open_client(), account)
        if told.code:
            yield not_needed(f"Exchange does not tell it ({told.code}): the account has no mailbox.")
        elif told.error is not None:
            yield not_needed(f"Exchange does not tell it: {told.error}")
        elif told.when is None:
            yield ok(f"The password of {account} never expires.")
        elif (left := told.when - self._now()) < self._target.password_warning:
            yield warning(
                f"The password of {account} {ends_in(left)}, on {told.when:%Y-%m-%d}.",
                password_over(account),
            )
        else:
            yield ok(f"The password of {account} expires on {told.when:%Y-%m-%d}.")

    async def _why(self, refused: ServiceError) -> Finding:
        """Return what a refusal comes from, as far as at most one more attempt tells."""
        is_refusal = isinstance(refused, AuthenticationFailed) or (
            isinstance(refused, ConnectionLost) and "log-on" in str(refused.details.get("reason"))
        )
        if not is_refusal or not self._target.diagnoses or self._seen.refusals:
            return failed(refused)
        try:
            diagnosis = await diagnose_refusal(
                self._seen.known_endpoint(), self._credentials, refused, user_agent=self._user_agent
            )
        except ServiceError:
            return failed(refused)  # the server went away meanwhile; the refusal says more
        certain = "yes" if diagnosis.is_certain else "no, it is the most likely cause"
        seen = tuple((name.capitalize(), value) for name, value in diagnosis.evidence)
        remedy = f"{remedy_for(refused)} {_BOUND}" if diagnosis.cause is Cause.UNKNOWN else ""
        return failed(diagnosis.error, *seen, ("Certain", certain), remedy=remedy)
