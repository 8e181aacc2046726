"""Finds the server of mailboxes by autodiscover, and remembers it.

What was found stands at the mailbox (``ewsurl``, ``groupinginformation``, ``lastautodiscoveredon``) and is used for a day by all processes. A
search for one mailbox asks the same service, in one request, for others of its profile and domain that are due, so
that a thousand mailboxes cost about ten searches. Where a refresh fails, the server found before stays in use.

No storm: one search at a time for each profile and domain in a process; a search that failed is not repeated there
for a quarter of an hour, unless the profile is changed; an error at the server asks for a search at most as often.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from aiohttp.abc import AbstractResolver
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.locators import ServerLocation, endpoint
from serversync.adapters.profile_rows import MailboxRow, ProfileRow
from serversync.core import clock
from serversync.core.errors import (
    InputInvalid,
    MailboxInExchangeOnline,
    MailboxNotFound,
    ServerBusy,
    ServiceError,
)
from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.autodiscover.attempts import protocol_of
from serversync.exchange.autodiscover.discover import Discovery, Network, Question, find, find_beside
from serversync.exchange.autodiscover.names import domain_of, parse_hosts
from serversync.exchange.autodiscover.soap_settings import MOST_USERS
from serversync.exchange.autodiscover.srv import DnsSrv, SrvLookup
from serversync.exchange.autodiscover.steps import Protocol
from serversync.exchange.endpoint import Endpoint

log = structlog.get_logger(__name__)

GOOD_FOR: Final = timedelta(hours=24)
"""For so long a server that was found is used without asking again."""
PAUSE: Final = timedelta(minutes=15)
"""The shortest time between two searches because of the same trouble."""
_STEP_TIME: Final = timedelta(seconds=20)
_OF_THIS_MAILBOX: Final = (MailboxNotFound, MailboxInExchangeOnline)
"""What a search says of one mailbox, not of its domain."""

_KNOWN: Final = """
    select ewsurl from mailbox
    where mailboxid = %s and ewsurl is not null and lastautodiscoveredon > now() - %s
"""
_WRITE: Final = """
    update mailbox set ewsurl = %s, groupinginformation = %s, lastautodiscoveredon = now()
    where mailboxid = %s and emailserverprofile = %s
"""
# Mailboxes of the same domain that are due for a search, those never found first.
_BESIDE: Final = """
    select mailboxid, emailaddress from mailbox
    where emailserverprofile = %(profile)s and mailboxid <> %(mailbox)s and statecode = 0
      and lower(emailaddress) like %(pattern)s
      and (lastautodiscoveredon is null or lastautodiscoveredon < now() - %(good_for)s)
    order by lastautodiscoveredon nulls first, mailboxid
    limit %(most)s
"""
# The URL stays: it is what is used where the search finds nothing.
_FORGET: Final = """
    update mailbox set lastautodiscoveredon = null
    where mailboxid = %(mailbox)s and lastautodiscoveredon < now() - %(pause)s
      and (not %(busy)s or coalesce(lastsuccessfulsynccompletedon, '-infinity') < now() - %(pause)s)
"""


@dataclass(slots=True)
class _Domain:
    """What this process knows of a profile's domain."""

    lock: asyncio.Lock
    source: str | None = None
    failure: ServiceError | None = None
    failed: float = 0.0

    @property
    def recent_failure(self) -> ServiceError | None:
        is_recent = time.monotonic() - self.failed < PAUSE.total_seconds()
        return self.failure if is_recent else None


class AutodiscoverLocator:
    """``Locator``: what the profile says, or what autodiscover finds.

    Args:
        pool: Connections to the database in autocommit mode.
        user_agent: Names the program to the servers.
        resolver: Turns names into addresses; ``None`` for the system's own.
        srv: Asks for SRV records; ``None`` for the system's name servers.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        *,
        user_agent: str,
        resolver: AbstractResolver | None = None,
        srv: SrvLookup | None = None,
    ) -> None:
        self._pool = pool
        self._user_agent = user_agent
        self._resolver = resolver
        self._srv = srv or DnsSrv()
        self._said = ServerLocation()
        self._domains: dict[tuple[UUID, str], tuple[object, _Domain]] = {}

    async def locate(
        self, profile: ProfileRow, mailbox: MailboxRow, credentials: Credentials, guard: LogOnGuard
    ) -> Endpoint:
        """See ``Locator``.

        Raises:
            InputInvalid: the profile has no server location, or there is no address to search for.
        """
        if not profile.useautodiscover:
            return await self._said.locate(profile, mailbox, credentials, guard)
        if mailbox.ewsurl and _is_fresh(mailbox):
            return endpoint(profile, mailbox.ewsurl)
        address = mailbox.address or credentials.username
        if "@" not in address:
            reason = "autodiscover needs an e-mail address; name a mailbox"
            raise InputInvalid(field=f"Profile {profile.name}", reason=reason)
        domain = domain_of(address)
        known = self._domain(profile, domain)
        async with known.lock:
            url = await self._found_meanwhile(mailbox)
            if url is None:
                url = await self._search(profile, mailbox, address, known, (credentials, guard))
        return endpoint(profile, url)

    def _domain(self, profile: ProfileRow, domain: str) -> _Domain:
        """Return what is known of a domain; nothing where the profile was changed since."""
        key = (profile.profileid, domain)
        of, known = self._domains.get(key, (None, None))
        if known is None or of != profile.modifiedon:
            known = _Domain(asyncio.Lock())
            self._domains[key] = (profile.modifiedon, known)
        return known

    async def _found_meanwhile(self, mailbox: MailboxRow) -> str | None:
        """Return what another search has found for this mailbox since it was read."""
        if mailbox.mailboxid is None:
            return None
        async with self._pool.connection() as connection:
            rows = await connection.execute(_KNOWN, (mailbox.mailboxid, GOOD_FOR))
            row = await rows.fetchone()
        return str(row[0]) if row else None

    async def _search(
        self,
        profile: ProfileRow,
        mailbox: MailboxRow,
        address: str,
        known: _Domain,
        account: tuple[Credentials, LogOnGuard],
    ) -> str:
        """Search, write down what was found, and return the URL; the one found before where nothing is."""
        credentials, guard = account
        try:
            if known.recent_failure is not None:
                raise type(known.recent_failure)(**known.recent_failure.details)
            question = Question(
                address=address,
                given_url=profile.autodiscoverurl or known.source,
                allowed_hosts=parse_hosts(profile.autodiscoverhosts or ""),
            )
            found = await find(question, credentials, self._network(profile), guard=guard)
        except _OF_THIS_MAILBOX:
            raise
        except ServiceError as error:
            if known.recent_failure is None:
                known.failure, known.failed = error, time.monotonic()
                log.warning("autodiscover failed", mailbox=address, code=error.code, error=str(error))
            if mailbox.ewsurl is None:
                raise
            return mailbox.ewsurl
        known.failure = None
        known.source = found.source if protocol_of(found.source) is not Protocol.JSON else None
        log.info("autodiscover found", mailbox=address, url=found.ews_url, source=found.source)
        if mailbox.mailboxid is not None:
            await self._write(profile, {mailbox.mailboxid: found})
            if not profile.uses_credentials_of(mailbox):
                await self._search_beside(profile, mailbox.mailboxid, found, account)
        return found.ews_url

    async def _search_beside(
        self,
        profile: ProfileRow,
        mailboxid: UUID,
        found: Discovery,
        account: tuple[Credentials, LogOnGuard],
    ) -> None:
        """Ask for other mailboxes of the domain that are due, and write down what is found."""
        domain = domain_of(found.address)
        parameters = {
            "profile": profile.profileid,
            "mailbox": mailboxid,
            "pattern": "%@" + domain.replace("_", "\\_"),
            "good_for": GOOD_FOR,
            "most": MOST_USERS,
        }
        async with self._pool.connection() as connection:
            rows = await connection.execute(_BESIDE, parameters)
            others = {str(address): mailbox for mailbox, address in await rows.fetchall()}
        credentials, guard = account
        network = self._network(profile)
        places = await find_beside(found.source, list(others), credentials, network, guard=guard)
        await self._write(profile, {others[address]: place for address, place in places.items()})

    def _network(self, profile: ProfileRow) -> Network:
        timeout = timedelta(milliseconds=profile.timeout_ms) if profile.timeout_ms else _STEP_TIME
        return Network(
            ca_file=Path(profile.cafile) if profile.cafile else None,
            timeout=min(timeout, _STEP_TIME),
            proxy=profile.proxyurl,
            user_agent=self._user_agent,
            resolver=self._resolver,
            srv=self._srv,
        )

    async def _write(self, profile: ProfileRow, places: dict[UUID, Discovery]) -> None:
        if not places:
            return
        rows = [
            (found.ews_url, (found.grouping_information or "")[:256] or None, mailbox, profile.profileid)
            for mailbox, found in sorted(places.items())
        ]
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.executemany(_WRITE, rows)

    async def forget(self, profile: ProfileRow, mailbox: MailboxRow, error: ServiceError) -> None:
        """See ``Locator``.

        A busy server counts only for HTTP 503 where nothing has succeeded for a quarter of an hour.
        """
        busy = isinstance(error, ServerBusy)
        if mailbox.mailboxid is None or not profile.useautodiscover:
            return
        if busy and error.details.get("response_code") != "HTTP 503":
            return
        async with self._pool.connection() as connection:
            await connection.execute(_FORGET, {"mailbox": mailbox.mailboxid, "pause": PAUSE, "busy": busy})


def _is_fresh(mailbox: MailboxRow) -> bool:
    when = mailbox.lastautodiscoveredon
    return when is not None and clock.now() - when < GOOD_FOR
