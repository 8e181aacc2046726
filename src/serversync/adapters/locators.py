"""Where the server of a mailbox is: from the profile, or found."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from serversync.adapters.profile_rows import MailboxRow, ProfileRow
from serversync.core.errors import InputInvalid, ServiceError
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.client import Credentials, Endpoint

_DEFAULT_TIMEOUT: Final = timedelta(seconds=100)


class Locator(Protocol):
    """Finds the server of mailboxes."""

    async def locate(
        self, profile: ProfileRow, mailbox: MailboxRow, credentials: Credentials, guard: LogOnGuard
    ) -> Endpoint:
        """Return where the mailbox is served.

        Args:
            profile: Its profile, with CA file, proxy and time-out; see ``endpoint``.
            mailbox: The mailbox; ``ewsurl`` is what was found last.
            credentials: The account that will be used there.
            guard: Counts refusals of this account.

        Raises:
            ServiceError: it cannot be found; the class says why.
        """
        ...

    async def forget(self, profile: ProfileRow, mailbox: MailboxRow, error: ServiceError) -> None:
        """Look again next time: what was found answered with an error that may mean another place."""
        ...


class ServerLocation:
    """``Locator`` for profiles that say their server."""

    async def locate(
        self,
        profile: ProfileRow,
        mailbox: MailboxRow,  # noqa: ARG002 - all mailboxes are served there
        credentials: Credentials,  # noqa: ARG002 - the port's
        guard: LogOnGuard,  # noqa: ARG002 - the port's
    ) -> Endpoint:
        """See ``Locator``.

        Raises:
            InputInvalid: the profile has no server location.
        """
        if not profile.location:
            raise InputInvalid(field=f"Profile {profile.name}", reason="it has no server location")
        return endpoint(profile, profile.location)

    async def forget(self, profile: ProfileRow, mailbox: MailboxRow, error: ServiceError) -> None:
        """See ``Locator``; there is nothing to forget."""


def endpoint(profile: ProfileRow, location: str) -> Endpoint:
    """Return a server as a profile reaches it: with its CA file, proxy and time-out."""
    timeout_ms = profile.timeout_ms
    return Endpoint.parse(
        location,
        ca_file=Path(profile.cafile) if profile.cafile else None,
        timeout=timedelta(milliseconds=timeout_ms) if timeout_ms else _DEFAULT_TIMEOUT,
        proxy=profile.proxyurl,
    )
