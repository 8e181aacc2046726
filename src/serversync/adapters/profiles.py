"""The connections of each email server profile, shared by all its mailboxes and kept open between passes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from serversync.core.errors import AuthenticationFailed, InputInvalid
from serversync.crm import secrets
from serversync.exchange.client import Credentials, Endpoint, EwsClient, Scheme

_SCHEMES: Final = {0: Scheme.AUTO, 2: Scheme.NTLM, 3: Scheme.BASIC}
REFUSAL_HOLDS: Final = timedelta(minutes=15)
"""A client whose log-on was refused refuses by itself from then on, so that its many mailboxes do not lock the
account; after this time, or once the profile was changed, the account is tried again."""
_DEFAULT_TIMEOUT: Final = timedelta(seconds=100)


@dataclass(slots=True)
class _Open:
    client: EwsClient
    modifiedon: datetime
    impersonate: bool
    users: int = 0
    replaced: bool = False
    refused: float | None = None


def _may_log_on_again(entry: _Open) -> bool:
    return entry.refused is not None and time.monotonic() - entry.refused > REFUSAL_HOLDS.total_seconds()


class ProfileConnections:
    """Hands out the client of a profile; a changed profile gets a new one, the old one ends with its last user."""

    def __init__(self, pool: AsyncConnectionPool, *, user_agent: str) -> None:
        self._pool = pool
        self._user_agent = user_agent
        self._open: dict[UUID, _Open] = {}
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def client(self, profileid: UUID) -> AsyncIterator[tuple[EwsClient, bool]]:
        """Give the client and whether it impersonates.

        Raises:
            InputInvalid: the profile lacks what a connection needs.
            SecretKeyUnusable: its password cannot be opened.
        """
        entry = await self._entry(profileid)
        entry.users += 1
        try:
            yield entry.client, entry.impersonate
        except AuthenticationFailed:
            if entry.refused is None:
                entry.refused = time.monotonic()
            raise
        finally:
            entry.users -= 1
            if entry.replaced and not entry.users:
                await entry.client.__aexit__(None, None, None)

    async def _entry(self, profileid: UUID) -> _Open:
        async with self._lock:
            async with self._pool.connection() as connection:
                rows = await connection.execute(
                    "select modifiedon, name, incomingserverlocation, incomingusername, incomingpassword,"
                    " incomingauthenticationprotocol, incominguseimpersonation, maxconcurrentconnections, cafile,"
                    " proxyurl, timeoutmailboxconnectionafteramount"
                    " from emailserverprofile where emailserverprofileid = %s",
                    (profileid,),
                )
                row = await rows.fetchone()
            if row is None:
                raise InputInvalid(field="Server Profile", reason="the profile was deleted")
            known = self._open.get(profileid)
            if known and known.modifiedon == row[0] and not _may_log_on_again(known):
                return known
            if known:
                known.replaced = True
                if not known.users:
                    await known.client.__aexit__(None, None, None)
            entry = _Open(await self._connect(profileid, row), row[0], impersonate=bool(row[6]))
            self._open[profileid] = entry
            return entry

    async def _connect(self, profileid: UUID, row: tuple[object, ...]) -> EwsClient:
        _, name, location, username, sealed, protocol, _, connections, ca_file, proxy, timeout_ms = row
        if not location or not username or sealed is None:
            missing = "server location" if not location else "user name" if not username else "password"
            raise InputInvalid(field=f"Profile {name}", reason=f"it has no {missing}")
        if protocol is not None and protocol not in _SCHEMES:
            raise InputInvalid(field=f"Profile {name}", reason="its authentication protocol is not supported")
        timeout = timedelta(milliseconds=int(str(timeout_ms))) if timeout_ms else _DEFAULT_TIMEOUT
        endpoint = Endpoint.parse(
            str(location),
            ca_file=Path(str(ca_file)) if ca_file else None,
            timeout=timeout,
            proxy=str(proxy) if proxy else None,
        )
        place = secrets.purpose("emailserverprofile", profileid, "incomingpassword")
        password = secrets.unseal(sealed, place)  # type: ignore[arg-type]  # a bytea column
        scheme = _SCHEMES[int(str(protocol)) if protocol is not None else 0]
        credentials = Credentials(username=str(username), password=password, scheme=scheme)
        client = EwsClient(
            endpoint, credentials, connections=int(str(connections)), user_agent=self._user_agent
        )
        return await client.__aenter__()

    async def close(self) -> None:
        """Close every client."""
        for entry in self._open.values():
            await entry.client.__aexit__(None, None, None)
        self._open.clear()
