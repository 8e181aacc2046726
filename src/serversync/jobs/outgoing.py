"""Takes e-mails that are to be sent, within moments of *Send*, and sends them.

Every worker has one of these. It is woken by a NOTIFY that commits together with the hand-over of an e-mail; a timed
look finds what falls due again after trouble, and what a killed worker has left behind. E-mails of one mailbox leave
one after the other, those of different mailboxes at the same time, each over a connection that counts against the limit
of its profile: it is claimed once there is one.
"""

import asyncio
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
from structlog.contextvars import bound_contextvars

from serversync.adapters import slots
from serversync.adapters.alerts import TraceLogAlerts
from serversync.adapters.deliveries import (
    SEND_CHANNEL,
    DeliveryCandidate,
    DeliveryClaim,
    DeliveryStore,
    claim_deliveries,
    due_deliveries,
    next_delivery_due,
)
from serversync.adapters.outgoing_mailbox import OutgoingMailboxes
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import Budget, ConnectionSlots, SlotLease
from serversync.core import clock, ids
from serversync.core.errors import LeaseLost
from serversync.engine.outgoing import DeliveryRunner
from serversync.exchange import calls
from serversync.jobs.ending import end
from serversync.jobs.wake import woken_by

AT_ONCE: Final = 20
"""E-mails that one worker sends at the same time."""
LONGEST_SLEEP: Final = timedelta(seconds=5)
BLOCKED_SLEEP: Final = timedelta(milliseconds=500)
"""Where something is due that cannot leave now; what frees it wakes, this is for what cannot tell."""
GRACE: Final = timedelta(seconds=15)
SHORTEST_SLEEP: Final = timedelta(milliseconds=50)
_CANDIDATES: Final = 10 * AT_ONCE

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
        self._slots = ConnectionSlots(pool, host=host, lease=lease)
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
        """Begin to send what is due, as far as connections and places are free; return how many e-mails."""
        count = 0
        full: set[UUID] = set()
        if len(self._running) >= AT_ONCE:
            return 0
        async with self._pool.connection() as connection:
            for candidate in await due_deliveries(connection, limit=_CANDIDATES):
                if len(self._running) >= AT_ONCE:
                    break
                budget = Budget(candidate.profileid, candidate.mailboxid)
                if budget.budgetid in full:
                    continue
                try:
                    taken = await self._claim(connection, candidate, budget)
                except LockNotAvailable:
                    log.warning("another process does not let go of a profile's connections")
                    taken = None
                if taken is None:
                    full.add(budget.budgetid)
                    continue
                for claim, slotid in taken:
                    task = asyncio.create_task(self._send(claim, slotid))
                    self._running[task] = claim
                    task.add_done_callback(self._done)
                    count += 1
        return count

    async def _claim(
        self, connection: AsyncConnection, candidate: DeliveryCandidate, budget: Budget
    ) -> list[tuple[DeliveryClaim, UUID]] | None:
        """Claim an e-mail together with a connection; ``None`` where none is free, nothing where it is taken."""
        async with connection.transaction() as transaction:
            slot = await slots.take(
                connection, budget, 1, host=self._host, lease=self._lease, purpose=slots.SENDING
            )
            if slot is None:
                return None
            claims = await claim_deliveries(
                connection, host=self._host, lease=self._lease, limit=1, only=candidate.activityid
            )
            if not claims:
                raise psycopg.Rollback(transaction)
            return [(claims[0], slot[0])]
        return []

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._freed.set()

    async def _send(self, claim: DeliveryClaim, slotid: UUID) -> None:
        async with self._slots.take_up(slotid) as turn:
            if turn is None:
                await self._store.release(claim)
                return
            await self._send_over(turn, claim)

    async def _send_over(self, turn: SlotLease, claim: DeliveryClaim) -> None:
        noting = calls.begin()
        try:
            with bound_contextvars(pass_id=str(ids.pass_id(claim.activityid, claim.fence))):
                await self._send_traced(turn, claim)
        finally:
            calls.end(noting)

    async def _send_traced(self, turn: SlotLease, claim: DeliveryClaim) -> None:
        store = DeliveryStore(self._pool, host=self._host, lease=self._lease)
        run = await store.begin(claim)
        if run is None:
            return
        runner = DeliveryRunner(
            OutgoingMailboxes(self._profiles, turn).open, store, TraceLogAlerts(self._pool), clock=clock.now
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
        if due == timedelta():
            wait = BLOCKED_SLEEP
        else:
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
                await self._slots.prolong()
                await self._store.prolong([(c.activityid, c.fence) for c in self._running.values()])

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            await end([beating])
