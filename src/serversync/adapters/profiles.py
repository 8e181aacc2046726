"""The connections to Exchange for runs of mailboxes: which account, which server, and the clients kept between runs.

The account is the profile's, or the mailbox's own where the profile says so. The server is the profile's server
location, or found for the mailbox by a ``Locator``. Clients are kept for each account and server, whatever number
of mailboxes is reached through them; changed credentials get a new one, and the old one ends with its last user.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from serversync.adapters.accounts import AccountGuard, AccountKey
from serversync.adapters.discovery import AutodiscoverLocator
from serversync.adapters.locators import Locator
from serversync.adapters.profile_rows import MailboxRow, ProfileRow, read_rows
from serversync.adapters.slots import Budget, ConnectionSlots
from serversync.core.errors import (
    AuthenticationFailed,
    ConnectionRefused,
    HostUnknown,
    InputInvalid,
    MailboxNotAllowed,
    MailboxNotFound,
    MailboxUnavailable,
    NotExchange,
    ServerBusy,
    ServiceError,
)
from serversync.crm import secrets
from serversync.exchange.client import Credentials, Endpoint, EwsClient, Scheme
from serversync.exchange.lane import Turn

_SCHEMES: Final = {0: Scheme.AUTO, 1: Scheme.NEGOTIATE, 2: Scheme.NTLM, 3: Scheme.BASIC}
_MOST_CONNECTIONS: Final = 300
"""The bound of what a profile may say; how many are used is decided by the slots of the runs."""
_MOVED: Final = (
    NotExchange,
    HostUnknown,
    ConnectionRefused,
    MailboxUnavailable,
    MailboxNotFound,
    ServerBusy,
)
"""What may mean that a mailbox is served elsewhere by now."""
_GUARDS_AT_ONCE: Final = 2
_IDLE: Final = timedelta(minutes=10)
_MANY: Final = 64
"""With more clients than this, those are closed that nobody has used for a while."""


class Connected(NamedTuple):
    """A client for a run, and the address to act as; ``None`` acts as the account itself."""

    client: EwsClient
    mailbox: str | None


@dataclass(slots=True)
class _Open:
    client: EwsClient
    guard: AccountGuard
    key: AccountKey
    endpoint: Endpoint
    users: int = 0
    replaced: bool = False
    used: float = 0.0


class _Route(NamedTuple):
    """With what and to where."""

    key: AccountKey
    endpoint: Endpoint
    credentials: Credentials


class _Shared(NamedTuple):
    """The client, in the turn of a batch, that serves all mailboxes of it."""

    entry: _Open
    client: EwsClient


class _Routes:
    """What the mailboxes of one batch have in common where their profile names its server and its account."""

    __slots__ = ("route", "shared")

    def __init__(self) -> None:
        self.route: _Route | None = None
        self.shared: _Shared | None = None


class ProfileConnections:
    """Hands out clients for mailboxes of profiles.

    Args:
        pool: Connections to the database in autocommit mode.
        user_agent: Names the program to the servers.
        locator: Says where a mailbox is served; by default the profile does, or autodiscover.
        by_hand: A person asks: an account that was stopped after refusals is tried, once.
        slots: Where given, each client without a turn waits for a connection of its limit.
        patience: How long it waits.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        *,
        user_agent: str,
        locator: Locator | None = None,
        by_hand: bool = False,
        slots: ConnectionSlots | None = None,
        patience: timedelta = timedelta(minutes=1),
    ) -> None:
        self._pool = pool
        self._user_agent = user_agent
        self._locator = locator or AutodiscoverLocator(pool, user_agent=user_agent)
        self._by_hand = by_hand
        self._slots = slots
        self._patience = patience
        self._open: dict[tuple[UUID, str], _Open] = {}
        self._lock = asyncio.Lock()
        self._guards = asyncio.Semaphore(_GUARDS_AT_ONCE)

    def client(
        self,
        profileid: UUID,
        *,
        mailboxid: UUID | None = None,
        address: str | None = None,
        turn: Turn | None = None,
        sends: bool = False,
    ) -> AbstractAsyncContextManager[Connected]:
        """Give the client for one mailbox.

        Args:
            profileid: The profile.
            mailboxid: The mailbox of it.
            address: Instead, an address, which need not be that of a mailbox; with neither, the profile's account
                acts as itself.
            turn: When its requests may be sent: the lease of its connections.
            sends: E-mail is to be sent, at the Outgoing Server Location where the profile has one of its own.

        Raises:
            InputInvalid: profile or mailbox lack what a connection needs.
            MailboxNotAllowed: the mailbox is not on the allow-list of the profile; nothing is sent.
            SecretKeyUnusable: the password cannot be opened.
            AuthenticationFailed: the account is stopped, because its password was refused.
            NoConnectionFree: no connection became free, where one is waited for.
        """
        return self._for_one(profileid, mailboxid, address, turn, sends=sends)

    @asynccontextmanager
    async def _for_one(
        self,
        profileid: UUID,
        mailboxid: UUID | None,
        address: str | None,
        turn: Turn | None,
        *,
        sends: bool,
    ) -> AsyncIterator[Connected]:
        profile, mailboxes = await read_rows(
            self._pool, profileid, mailboxids=[mailboxid] if mailboxid else [], address=address
        )
        if sends and profile.outgoing:
            profile = replace(profile, location=profile.outgoing)
        if mailboxid is not None and mailboxid not in mailboxes:
            raise InputInvalid(
                field="Mailbox", reason=f"it does not have the profile {profile.name} any more"
            )
        known = next(iter(mailboxes.values()), None)
        mailbox = known or MailboxRow(None, address)
        async with AsyncExitStack() as stack:
            if turn is None and self._slots is not None:
                own = mailbox.mailboxid if profile.uses_credentials_of(mailbox) else None
                waiting = self._slots.wait_for(Budget(profileid, own), 1, patience=self._patience)
                turn = await stack.enter_async_context(waiting)
            yield await stack.enter_async_context(self._connected(profile, mailbox, turn))

    async def batch(
        self, profileid: UUID, mailboxids: Sequence[UUID], *, turn: Turn | None = None
    ) -> "BatchConnections":
        """Read the profile and its mailboxes, and give what hands out their clients.

        Args:
            profileid: The profile.
            mailboxids: Mailboxes of it.
            turn: When their requests may be sent: the lease of their connections.

        Raises:
            InputInvalid: the profile was deleted.
        """
        return BatchConnections(self, *await read_rows(self._pool, profileid, mailboxids=mailboxids), turn)

    @asynccontextmanager
    async def _connected(
        self,
        profile: ProfileRow,
        mailbox: MailboxRow,
        turn: Turn | None = None,
        routes: _Routes | None = None,
    ) -> AsyncIterator[Connected]:
        if not profile.allows(mailbox):
            raise MailboxNotAllowed(mailbox=mailbox.address, profile=profile.name)
        is_own = profile.uses_credentials_of(mailbox)
        acts_as = mailbox.address if profile.impersonate and not is_own else None
        if is_own or profile.useautodiscover:
            routes = None
        try:
            entry, client = await self._client(profile, mailbox, turn, routes)
            try:
                yield Connected(client, acts_as)
            except AuthenticationFailed as error:
                await self._refused(entry, error)
                raise
            finally:
                await self._leave(entry)
        except _MOVED as error:
            await self._forget(profile, mailbox, error)
            raise

    async def _client(
        self, profile: ProfileRow, mailbox: MailboxRow, turn: Turn | None, routes: _Routes | None
    ) -> _Shared:
        """Return the client, counted as used once more; the one of the batch as long as nothing has replaced it."""
        if routes is not None and routes.shared is not None and not routes.shared.entry.replaced:
            routes.shared.entry.users += 1
            return routes.shared
        route = routes.route if routes is not None else None
        if route is None:
            route = await self._route(profile, mailbox)
        entry = await self._entry(*route)
        shared = _Shared(entry, entry.client.lane(turn) if turn else entry.client)
        if routes is not None:
            routes.route, routes.shared = route, shared
        return shared

    async def _route(self, profile: ProfileRow, mailbox: MailboxRow) -> _Route:
        key, credentials = self._account(profile, mailbox)
        guard = AccountGuard(self._pool, self._guards, key, by_hand=self._by_hand)
        return _Route(key, await self._locator.locate(profile, mailbox, credentials, guard), credentials)

    async def _forget(self, profile: ProfileRow, mailbox: MailboxRow, error: ServiceError) -> None:
        if profile.useautodiscover:
            await self._locator.forget(profile, mailbox, error)

    def _account(self, profile: ProfileRow, mailbox: MailboxRow) -> tuple[AccountKey, Credentials]:
        """Return whose credentials are used, and the credentials."""
        if profile.protocol is not None and profile.protocol not in _SCHEMES:
            raise InputInvalid(
                field=f"Profile {profile.name}", reason="its authentication protocol is not supported"
            )
        scheme = _SCHEMES[profile.protocol or 0]
        if profile.uses_credentials_of(mailbox) and mailbox.mailboxid and mailbox.modifiedon:
            field, username, sealed = f"Mailbox {mailbox.address}", mailbox.username, mailbox.password
            place = secrets.purpose("mailbox", mailbox.mailboxid, "password")
            key = AccountKey(mailbox.mailboxid, profile.profileid, mailbox.modifiedon)
        else:
            field, username, sealed = f"Profile {profile.name}", profile.username, profile.password
            place = secrets.purpose("emailserverprofile", profile.profileid, "incomingpassword")
            key = AccountKey(profile.profileid, profile.profileid, profile.modifiedon)
        if not username or sealed is None:
            missing = "user name" if not username else "password"
            may_be_used = " that may be used" if key.accountid != profile.profileid else ""
            raise InputInvalid(field=field, reason=f"it has no {missing}{may_be_used}")
        return key, Credentials(username=username, password=secrets.unseal(sealed, place), scheme=scheme)

    async def _entry(self, key: AccountKey, endpoint: Endpoint, credentials: Credentials) -> _Open:
        place = (key.accountid, endpoint.url)
        async with self._lock:
            known = self._open.get(place)
            if known is None or known.key != key or known.endpoint != endpoint:
                if known is not None:
                    await self._replace(place, known)
                await self._close_idle()
                guard = AccountGuard(self._pool, self._guards, key, by_hand=self._by_hand)
                client = EwsClient(
                    endpoint,
                    credentials,
                    connections=_MOST_CONNECTIONS,
                    user_agent=self._user_agent,
                    guard=guard,
                    allow_other_servers=os.environ.get("SERVERSYNC_OTHER_SERVERS", "").strip() == "allow",
                )
                known = self._open[place] = _Open(await client.__aenter__(), guard, key, endpoint)
            known.users += 1
            return known

    async def _leave(self, entry: _Open) -> None:
        entry.users -= 1
        entry.used = time.monotonic()
        if entry.replaced and not entry.users:
            await entry.client.__aexit__(None, None, None)

    async def _refused(self, entry: _Open, error: AuthenticationFailed) -> None:
        """Let the next run begin with a client that knows of no refusal: the database does."""
        await entry.guard.refuse(error)
        async with self._lock:
            place = (entry.key.accountid, entry.endpoint.url)
            if not self._by_hand and self._open.get(place) is entry:
                await self._replace(place, entry)

    async def _replace(self, place: tuple[UUID, str], entry: _Open) -> None:
        entry.replaced = True
        del self._open[place]
        if not entry.users:
            await entry.client.__aexit__(None, None, None)

    async def _close_idle(self) -> None:
        if len(self._open) < _MANY:
            return
        since = time.monotonic() - _IDLE.total_seconds()
        for place, entry in list(self._open.items()):
            if not entry.users and entry.used < since:
                await self._replace(place, entry)

    async def close(self) -> None:
        """Close every client."""
        for entry in self._open.values():
            await entry.client.__aexit__(None, None, None)
        self._open.clear()


class BatchConnections:
    """Clients for the mailboxes of a batch, by one reading of their profile."""

    def __init__(
        self,
        connections: ProfileConnections,
        profile: ProfileRow,
        mailboxes: dict[UUID, MailboxRow],
        turn: Turn | None,
    ) -> None:
        self._connections = connections
        self._turn = turn
        self._routes = _Routes()
        self._mailboxes = mailboxes
        self.profile = profile

    def has_own_account(self, mailboxid: UUID) -> bool:
        """Whether a mailbox is reached with its own credentials, and so has a limit of its own."""
        mailbox = self._mailboxes.get(mailboxid)
        return mailbox is not None and self.profile.uses_credentials_of(mailbox)

    def client(self, profileid: UUID, *, mailboxid: UUID) -> AbstractAsyncContextManager[Connected]:
        """Give the client for a mailbox; one that has changed its profile since is read again.

        Raises:
            InputInvalid: profile or mailbox lack what a connection needs.
            MailboxNotAllowed: the mailbox is not on the allow-list of the profile; nothing is sent.
            SecretKeyUnusable: the password cannot be opened.
            AuthenticationFailed: the account is stopped, because its password was refused.
        """
        mailbox = self._mailboxes.get(mailboxid)
        if mailbox is None or profileid != self.profile.profileid:
            return self._connections.client(profileid, mailboxid=mailboxid, turn=self._turn)
        connected = self._connections._connected  # noqa: SLF001 - the other half of one thing
        return connected(self.profile, mailbox, self._turn, self._routes)
