"""Claims mailboxes as they fall due and puts them into the queue, batch by batch, with the connections to run them.

Claim, connections and job commit together: there is no claim without a job, and no job that would have to wait for
connections. No more is claimed than workers have places for, so that nothing waits in the queue while its claim runs
out, and a profile whose connections are all in use keeps no other one waiting. Every worker runs a dispatcher; row
locks (``skip locked``) keep them out of each other's way.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import slots
from serversync.adapters.leases import DueProfile, claim_due, count_due, due_profiles, next_due
from serversync.adapters.slots import WAKE_CHANNEL, Budget
from serversync.jobs.ending import end
from serversync.jobs.places import Places
from serversync.jobs.tasks import MAILBOXES, Batch, run_mailboxes
from serversync.jobs.wake import ListeningConnection

__all__ = ["WAKE_CHANNEL", "Dispatcher", "share"]

BATCH: Final = 100
"""Mailboxes of one profile in one job: enough that the queue costs little for each."""
LANES: Final = 5
"""Mailboxes of one job that are read at the same time, each over one connection."""
SHARES: Final = 4
"""A batch takes so many parts of a profile's connections at most one of, so that several workers have some."""
LONGEST_SLEEP: Final = timedelta(seconds=5)
BLOCKED_SLEEP: Final = timedelta(milliseconds=500)
"""Where something is due that cannot run now; what frees it wakes the dispatcher, this is for what cannot tell."""
SHORTEST_SLEEP: Final = timedelta(milliseconds=50)

log = structlog.get_logger(__name__)


def share(connections: int) -> int:
    """Return how many connections one batch of a profile takes at most.

    >>> [share(limit) for limit in (1, 4, 10, 300)]
    [1, 1, 3, 5]
    """
    return min(LANES, max(1, math.ceil(connections / SHARES)))


def size(due: int, connections: int, *, free: int, running: int) -> int:
    """Return how many mailboxes one batch takes: no more than its part, so that the other connections have some too.

    Its part of what is due is that of its connections among the free ones, and not less than if the batches that may
    still begin had equal parts; many small batches would cost more than what they do.

    >>> [size(due, 3, free=10, running=0) for due in (2, 41, 5_000)]
    [6, 13, 100]
    >>> [size(due, 3, free=free, running=runs) for due, free, runs in ((41, 10, 0), (28, 7, 1), (16, 4, 2))]
    [13, 12, 12]
    >>> [size(due, 5, free=free, running=runs) for due, free, runs in ((80, 100, 0), (60, 95, 1), (80, 60, 8))]
    [20, 20, 80]

    Args:
        due: How many are due.
        connections: How many connections the batch has.
        free: How many were free before.
        running: Batches of the profile that have connections at this time.
    """
    part = max(connections / max(free, connections), 1 / max(SHARES - running, 1))
    return min(BATCH, max(math.ceil(due * part), 2 * connections))


class Dispatcher:
    """One claiming loop.

    Args:
        pool: Connections in autocommit mode.
        conninfo: For a session of its own, which listens.
        host: Who claims.
        lease: How long a claim stands without a sign of life.
        places: The batches that this worker can run.
    """

    def __init__(
        self, pool: AsyncConnectionPool, conninfo: str, *, host: str, lease: timedelta, places: Places
    ) -> None:
        self._pool = pool
        self._conninfo = conninfo
        self._host = host
        self._lease = lease
        self._places = places

    async def run(self) -> None:
        """Claim and enqueue until cancelled."""
        async with self._wake_ups() as woken:
            while True:
                woken.clear()
                if not await self.dispatch():
                    await self._sleep(woken)

    async def dispatch(self) -> int:
        """Claim and enqueue what is due and can be run now, in turns of one batch a profile.

        Returns:
            How many mailboxes that were.
        """
        total = 0
        while claimed := await self._turn():
            total += claimed
        if total:
            log.debug("mailboxes claimed", count=total, host=self._host)
        return total

    async def _turn(self) -> int:
        claimed = 0
        async with self._pool.connection() as connection:
            room = self._places.free
            if room:
                rows = await connection.execute(
                    "select count(*) from procrastinate_jobs where queue_name = %s and status = 'todo'",
                    (MAILBOXES,),
                )
                row = await rows.fetchone()
                room -= int(row[0]) if row else 0
            for profile in (await due_profiles(connection))[: max(room, 0)] if room > 0 else ():
                try:
                    claimed += await self._enqueue(connection, profile)
                except LockNotAvailable:
                    log.warning("another process does not let go of a profile's connections")
        return claimed

    async def _enqueue(self, connection: AsyncConnection, profile: DueProfile) -> int:
        """Claim one batch of a profile, with its connections and its job."""
        async with connection.transaction() as transaction:
            slotid: UUID | None = None
            most = 0
            if not profile.has_own_accounts:
                taken = await slots.take(
                    connection,
                    Budget(profile.profileid),
                    share(profile.connections),
                    host=self._host,
                    lease=self._lease,
                    leave=profile.left_for_mail,
                )
                if taken is None:
                    return 0
                slotid, most = taken
            limit = BATCH
            if slotid is not None:
                due = await count_due(connection, profile.profileid, most=BATCH * SHARES)
                free = profile.connections - profile.in_use
                limit = size(due, most, free=free, running=profile.running)
            claims = await claim_due(
                connection, profile.profileid, host=self._host, lease=self._lease, limit=limit
            )
            if not claims:
                raise psycopg.Rollback(transaction)
            if slotid is not None and most > len(claims):
                await slots.reduce(connection, slotid, len(claims))
            await self._defer(connection, Batch(profile.profileid, slotid, claims))
        return len(claims)

    async def _defer(self, connection: AsyncConnection, batch: Batch) -> None:
        await run_mailboxes.configure(connection=connection).defer_async(**batch.arguments())

    async def _sleep(self, woken: asyncio.Event) -> None:
        if not self._places.free:
            await woken.wait()
            return
        async with self._pool.connection() as connection:
            due = await next_due(connection)
        if due == timedelta():
            wait = BLOCKED_SLEEP
        else:
            wait = max(min(due if due is not None else LONGEST_SLEEP, LONGEST_SLEEP), SHORTEST_SLEEP)
        try:
            async with asyncio.timeout(wait.total_seconds()):
                await woken.wait()
        except TimeoutError:
            return

    @asynccontextmanager
    async def _wake_ups(self) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever somebody notifies the channel or a place becomes free."""
        woken = self._places.changed
        async with await ListeningConnection.connect(self._conninfo, autocommit=True) as connection:
            await connection.execute(f"listen {WAKE_CHANNEL}")

            async def listen() -> None:
                async for _ in connection.notifies():
                    woken.set()

            listener = asyncio.create_task(listen())
            try:
                yield woken
            finally:
                await end([listener])
