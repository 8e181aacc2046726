"""Claims mailboxes as they fall due and puts them into the queue, batch by batch.

Claim and job commit together: there is no claim without a job. Every worker runs a dispatcher; the row
locks (``skip locked``) keep them out of each other's way.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog
from procrastinate.types import JSONValue
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.leases import Claim, claim_due, next_due
from serversync.jobs.tasks import run_mailboxes

WAKE_CHANNEL = "serversync_due"
"""NOTIFY on this channel when a mailbox was made due by hand."""

BATCH = 25
"""Mailboxes of one profile in one job: enough that the queue costs little for each."""
LONGEST_SLEEP = timedelta(seconds=5)
SHORTEST_SLEEP = timedelta(milliseconds=50)

log = structlog.get_logger(__name__)


class Dispatcher:
    """One claiming loop."""

    def __init__(
        self, pool: AsyncConnectionPool, conninfo: str, *, host: str, lease: timedelta, most_claimed: int
    ) -> None:
        self._pool = pool
        self._conninfo = conninfo
        self._host = host
        self._lease = lease
        self._most_claimed = most_claimed

    async def run(self) -> None:
        """Claim and enqueue until cancelled."""
        async with self._wake_ups() as woken:
            while True:
                claimed = await self.dispatch()
                if claimed < self._most_claimed:
                    await self._sleep(woken)

    async def dispatch(self) -> int:
        """Claim what is due now and enqueue it; return how many mailboxes that were."""
        async with self._pool.connection() as connection, connection.transaction():
            claims = await claim_due(connection, host=self._host, lease=self._lease, limit=self._most_claimed)
            if claims:
                deferrer = run_mailboxes.configure(connection=connection)
                await deferrer.batch_defer_async(*batches(claims))
        if claims:
            log.debug("mailboxes claimed", count=len(claims), host=self._host)
        return len(claims)

    async def _sleep(self, woken: asyncio.Event) -> None:
        async with self._pool.connection() as connection:
            due = await next_due(connection)
        wait = max(min(due if due is not None else LONGEST_SLEEP, LONGEST_SLEEP), SHORTEST_SLEEP)
        try:
            async with asyncio.timeout(wait.total_seconds()):
                await woken.wait()
        except TimeoutError:
            return
        woken.clear()

    @asynccontextmanager
    async def _wake_ups(self) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever somebody notifies the channel."""
        woken = asyncio.Event()
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
            await connection.execute(f"listen {WAKE_CHANNEL}")

            async def listen() -> None:
                async for _ in connection.notifies():
                    woken.set()

            listener = asyncio.create_task(listen())
            try:
                yield woken
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)


def batches(claims: list[Claim]) -> list[dict[str, JSONValue]]:
    """Return the arguments of the jobs for some claims: one profile a job, at most ``BATCH`` mailboxes."""
    by_profile: dict[UUID, list[JSONValue]] = defaultdict(list)
    for claim in claims:
        by_profile[claim.profileid].append([str(claim.mailboxid), claim.fence])
    return [
        {"claims": rows[start : start + BATCH]}
        for rows in by_profile.values()
        for start in range(0, len(rows), BATCH)
    ]
