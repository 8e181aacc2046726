"""Refused passwords, counted over all workers: the second refusal stops the account, so that nobody locks it.

An account is that of an email server profile, or a mailbox's own. While a password is not proven, log-ons with it
go one at a time over all processes: each waits for a lock of the database, and sees what became of the one before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable
from psycopg_pool import AsyncConnectionPool

from serversync.core.errors import AuthenticationFailed, ServerUnreachable

REFUSALS: Final = 2
"""So many definite refusals stop the account until its credentials are changed or a test of them succeeds."""
_PATIENCE: Final = timedelta(seconds=120)
"""How long a log-on may take, and so how long to wait for that of another process."""

_KNOWN: Final = """
    select refusals, host, username, scheme from exchangeaccount
    where exchangeaccountid = %(account)s and credentialsof = %(credentialsof)s
"""
_COUNT: Final = """
    insert into exchangeaccount (exchangeaccountid, emailserverprofileid, credentialsof, refusals, host, username,
        scheme, refusedon)
    values (%(account)s, %(profile)s, %(credentialsof)s, 1, %(host)s, %(username)s, %(scheme)s, now())
    on conflict (exchangeaccountid) do update
    set refusals = case when exchangeaccount.credentialsof = excluded.credentialsof
                        then exchangeaccount.refusals + 1 else 1 end,
        credentialsof = excluded.credentialsof, host = excluded.host, username = excluded.username,
        scheme = excluded.scheme, refusedon = now(), modifiedon = now(),
        stoppedon = case when exchangeaccount.credentialsof = excluded.credentialsof
                              and exchangeaccount.refusals + 1 >= %(most)s
                         then coalesce(exchangeaccount.stoppedon, now()) end
    returning refusals
"""
# One alert for the owner of the profile, and one for each of its mailboxes, which may have other owners.
_TELL: Final = """
    insert into tracelog (level, text, code, collationlevel, regardingobjectid, regardingobjecttypecode,
        regardingobjectownerid, errordetails, errortypedisplay)
    select 3, left(about.name || ': ' || %(text)s, 2000), %(code)s, 0, about.id, about.kind, about.ownerid,
        %(remedy)s, about.kind
    from organization, (
        select emailserverprofileid as id, name, 'emailserverprofile' as kind, ownerid from emailserverprofile
        where emailserverprofileid = %(profile)s and %(whole)s
        union all
        select mailboxid, coalesce(emailaddress, name), 'mailbox', ownerid from mailbox
        where statecode = 0 and case when %(whole)s then emailserverprofile = %(profile)s
                                     else mailboxid = %(account)s end) about
    where organization.generatealertsforerrors
    on conflict (code, regardingobjectid) where resolvedon is null do update
    set occurrences = tracelog.occurrences + 1, laston = now(), modifiedon = now(), text = excluded.text,
        errordetails = excluded.errordetails
"""
_HEAL: Final = """
    update tracelog set resolvedon = now(), modifiedon = now()
    where resolvedon is null and code = %(code)s
      and (regardingobjectid in (%(account)s, %(profile)s) or regardingobjectid in
           (select mailboxid from mailbox where emailserverprofile = %(profile)s and %(whole)s))
"""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Whose credentials: those of a profile, or of one mailbox, as they were at ``credentialsof``."""

    accountid: UUID
    profileid: UUID
    credentialsof: datetime

    @property
    def is_of_profile(self) -> bool:
        """Whether all mailboxes of the profile are reached with them."""
        return self.accountid == self.profileid


class AccountGuard:
    """``LogOnGuard`` of one account over all processes that share the database.

    Args:
        pool: Connections in autocommit mode; one is held during each attempt.
        room: Bounds how many of them are held at the same time.
        key: The account.
        by_hand: A person asks: one attempt is made whatever was refused before, and success starts the account
            again.
    """

    def __init__(
        self, pool: AsyncConnectionPool, room: asyncio.Semaphore, key: AccountKey, *, by_hand: bool
    ) -> None:
        self._pool = pool
        self._room = room
        self._key = key
        self._by_hand = by_hand
        self._refused: AuthenticationFailed | None = None

    @property
    def _parameters(self) -> dict[str, object]:
        key = self._key
        return {
            "account": key.accountid,
            "profile": key.profileid,
            "credentialsof": key.credentialsof,
            "whole": key.is_of_profile,
            "code": AuthenticationFailed.code,
        }

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """See ``LogOnGuard``."""
        if self._by_hand and self._refused is not None:
            raise AuthenticationFailed(**self._refused.details)
        refusal: AuthenticationFailed | None = None
        async with self._room, self._pool.connection() as connection, connection.transaction():
            await self._take_turn(connection)
            rows = await connection.execute(_KNOWN, self._parameters)
            known = await rows.fetchone()
            if known is not None and known[0] >= REFUSALS and not self._by_hand:
                raise AuthenticationFailed(host=known[1], account=known[2], scheme=known[3], counted=True)
            try:
                yield
            except AuthenticationFailed as error:
                refusal = self._refused = error
                await self._count(connection, error)
            else:
                await self._clear(connection)
        if refusal is not None:
            raise refusal

    async def refuse(self, error: AuthenticationFailed) -> None:
        """Count a refusal that came another way than by a log-on, such as HTTP 456 for a blocked account.

        One that was counted already, which ``counted`` among its details says, is not counted again.
        """
        if error.details.get("counted"):
            return
        async with self._pool.connection() as connection, connection.transaction():
            await self._count(connection, error)

    async def _take_turn(self, connection: AsyncConnection) -> None:
        milliseconds = round(_PATIENCE.total_seconds() * 1000)
        await connection.execute(
            "select set_config('lock_timeout', %(time)s, true),"
            " set_config('idle_in_transaction_session_timeout', %(time)s, true)",
            {"time": str(milliseconds)},
        )
        try:
            await connection.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"log-on {self._key.accountid}",)
            )
        except LockNotAvailable as error:
            reason = "another worker's log-on to the same account does not end"
            raise ServerUnreachable(host="the server", port="-", reason=reason) from error

    async def _count(self, connection: AsyncConnection, error: AuthenticationFailed) -> None:
        error.details["counted"] = True
        details = error.details
        rows = await connection.execute(
            _COUNT,
            {
                **self._parameters,
                "most": REFUSALS,
                "host": str(details.get("host", "-"))[:320],
                "username": str(details.get("account", "-"))[:320],
                "scheme": str(details.get("scheme", "-"))[:100],
            },
        )
        row = await rows.fetchone()
        if row is not None and row[0] == REFUSALS:
            text = f"{error} It was stopped after {REFUSALS} refusals, so that the account is not locked."
            remedy = error.remedy_text[:2048]
            await connection.execute(_TELL, {**self._parameters, "text": text, "remedy": remedy})

    async def _clear(self, connection: AsyncConnection) -> None:
        """Forget what was refused: the password works."""
        rows = await connection.execute(
            "delete from exchangeaccount where exchangeaccountid = %(account)s returning stoppedon",
            self._parameters,
        )
        if await rows.fetchone() is not None:
            await connection.execute(_HEAL, self._parameters)
