"""Takes e-mails that are to be sent, within moments of *Send*, and sends them.

Every worker has one of these. It is woken by a NOTIFY that commits together with the hand-over of an e-mail; a timed
look finds what falls due again after trouble, and what a killed worker has left behind. E-mails of one mailbox leave
one after the other, those of different mailboxes at the same time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.alerts import TraceLogAlerts
from serversync.adapters.deliveries import (
    SEND_CHANNEL,
    DeliveryClaim,
    DeliveryStore,
    claim_deliveries,
    next_delivery_due,
)
from serversync.adapters.outgoing_mailbox import OutgoingMailboxes
from serversync.adapters.profiles import ProfileConnections
from serversync.core import clock
from serversync.core.errors import LeaseLost
from serversync.engine.outgoing import DeliveryRunner
from serversync.jobs.wake import woken_by

AT_ONCE: Final = 20
"""E-mails that one worker sends at the same time."""
LONGEST_SLEEP: Final = timedelta(seconds=5)
GRACE: Final = timedelta(seconds=15)
SHORTEST_SLEEP: Final = timedelta(milliseconds=50)

log = structlog.get_logger(__name__)


class OutgoingMail:
    """The sending part of a worker."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        profiles: ProfileConnections,
        *,
        conninfo: str,
        host: str,
        lease: timedelta,
    ) -> None:
        self._pool = pool
        self._conninfo = conninfo
        self._host = host
        self._lease = lease
        self._profiles = profiles
        self._store = DeliveryStore(pool, host=host, lease=lease)
        self._running: dict[asyncio.Task[None], DeliveryClaim] = {}
        self._freed = asyncio.Event()

    async def run(self) -> None:
        """Claim and send until cancelled; what is under way then is given back."""
        async with woken_by(self._conninfo, SEND_CHANNEL) as woken, self._heartbeat():
            try:
                while True:
                    if not await self._take_whole():
                        await self._sleep(woken)
            finally:
                await self._stop()

    async def _take_whole(self) -> int:
        """Take what is due; when cancelled, not half-way: a claim that nobody works on would wait for its lease's end."""
        taking = asyncio.ensure_future(self._take())
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.gather(taking, return_exceptions=True)
            raise

    async def _take(self) -> int:
        """Claim what is due and begin to send it; return how many that are."""
        room = AT_ONCE - len(self._running)
        if room <= 0:
            return 0
        async with self._pool.connection() as connection:
            claims = await claim_deliveries(connection, host=self._host, lease=self._lease, limit=room)
        for claim in claims:
            task = asyncio.create_task(self._send(claim))
            self._running[task] = claim
            task.add_done_callback(self._done)
        return len(claims)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._freed.set()

    async def _send(self, claim: DeliveryClaim) -> None:
        store = DeliveryStore(self._pool, host=self._host, lease=self._lease)
        run = await store.begin(claim)
        if run is None:
            return
        runner = DeliveryRunner(
            OutgoingMailboxes(self._profiles).open, store, TraceLogAlerts(self._pool), clock=clock.now
        )
        try:
            outcome, error = await runner(run)
        except LeaseLost:
            log.warning("e-mail was taken over", email=str(claim.activityid), fence=claim.fence)
            return
        except BaseException:
            await asyncio.shield(store.release(claim))
            raise
        log.info(
            "e-mail handled",
            outcome=outcome.value,
            email=str(claim.activityid),
            mailbox=run.address,
            **({"code": error.code, "error": str(error)} if error else {}),
        )

    async def _sleep(self, woken: asyncio.Event) -> None:
        async with self._pool.connection() as connection:
            due = await next_delivery_due(connection)
        wait = max(min(due if due is not None else LONGEST_SLEEP, LONGEST_SLEEP), SHORTEST_SLEEP)
        self._freed.clear()
        waiting = [asyncio.create_task(event.wait()) for event in (woken, self._freed)]
        try:
            await asyncio.wait(waiting, timeout=wait.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        woken.clear()

    async def _stop(self) -> None:
        """Let what is under way come to its end, for a while; what is cut off then is looked up by the next worker."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=GRACE.total_seconds())
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def _heartbeat(self) -> AsyncIterator[None]:
        """Prolong the leases of what is under way, three times as often as they would end."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                await self._store.prolong([(c.activityid, c.fence) for c in self._running.values()])

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
