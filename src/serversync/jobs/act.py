"""Brings appointments, contacts and tasks into step, mailbox by mailbox, as they fall due.

Every worker has one of these. A mailbox is claimed together with a connection of its profile, so that nothing waits
half-begun; passes of several mailboxes run at the same time, over at most half of a profile's connections.
"""

import asyncio
import random
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

from serversync.adapters import act_leases, slots
from serversync.adapters.act_alerts import ActTraceAlerts
from serversync.adapters.act_leases import ACT_CHANNEL, ActCandidate, ActLeasesOnPostgres
from serversync.adapters.act_opening import ActMailboxes
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.adapters.alerts import TraceLogAlerts
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import Budget, ConnectionSlots, SlotLease
from serversync.core import clock
from serversync.core.errors import LeaseLost, ServiceError
from serversync.engine.act_run import ActClaim, ActOutcome, ActRunner
from serversync.exchange import calls
from serversync.jobs.wake import woken_by

AT_ONCE: Final = 10
"""Mailboxes that one worker brings into step at the same time."""
LONGEST_SLEEP: Final = timedelta(seconds=5)
BLOCKED_SLEEP: Final = timedelta(milliseconds=500)
"""Where something is due that cannot run now; what frees it wakes, this is for what cannot tell."""
SHORTEST_SLEEP: Final = timedelta(milliseconds=50)
GRACE: Final = timedelta(seconds=15)
PATIENCE: Final = timedelta(minutes=1)
"""How long a mailbox that is run by hand waits for a connection."""
_CANDIDATES: Final = 10 * AT_ONCE

log = structlog.get_logger(__name__)

Outcome = tuple[ActOutcome, ServiceError | None]


class Synchronization:
    """The part of a worker that brings appointments, contacts and tasks into step."""

    def __init__(
        self, pool: AsyncConnectionPool, profiles: ProfileConnections, *, host: str, lease: timedelta
    ) -> None:
        self._pool = pool
        self._host = host
        self._lease = lease
        self._profiles = profiles
        self._leases = ActLeasesOnPostgres(pool, host=host, lease=lease)
        self._store = ActStoreOnPostgres(pool)
        self._slots = ConnectionSlots(pool, host=host, lease=lease)
        self._held: set[tuple[UUID, int]] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()

    async def run(self, conninfo: str) -> None:
        """Claim and run until cancelled; what is under way then has a while to come to its end, and goes on elsewhere."""
        async with woken_by(conninfo, ACT_CHANNEL) as woken, self.heartbeat():
            try:
                while True:
                    if not await self.step():
                        await self._sleep(woken)
            finally:
                tasks = list(self._running)
                if tasks:
                    await asyncio.wait(tasks, timeout=GRACE.total_seconds())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def step(self) -> int:
        """Begin what is due, as far as connections and places are free; return how many mailboxes."""
        count = 0
        full: set[UUID] = set()
        if len(self._running) >= AT_ONCE:
            return 0
        async with self._pool.connection() as connection:
            for candidate in await act_leases.due_mailboxes(connection, limit=_CANDIDATES):
                if len(self._running) >= AT_ONCE:
                    break
                budget = Budget(
                    candidate.profileid, candidate.mailboxid if candidate.has_own_account else None
                )
                if budget.budgetid in full:
                    continue
                taken = await self._claim(connection, candidate, budget)
                if taken is None:
                    full.add(budget.budgetid)
                    continue
                slotid, fence = taken
                self._held.add((candidate.mailboxid, fence))
                task = asyncio.create_task(self._over(slotid, candidate.mailboxid, fence))
                self._running.add(task)
                task.add_done_callback(self._done)
                count += 1
        return count

    async def settle(self) -> None:
        """Wait for everything that is under way."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def _claim(
        self, connection: AsyncConnection, candidate: ActCandidate, budget: Budget
    ) -> tuple[UUID, int] | None:
        """Claim a mailbox (its fence) together with a connection (its slot); ``None`` where none is free or somebody else was quicker."""
        try:
            async with connection.transaction() as transaction:
                slot = await slots.take(
                    connection,
                    budget,
                    1,
                    host=self._host,
                    lease=self._lease,
                    purpose=slots.SYNCHRONIZATION,
                    leave=int(candidate.connections > 1),
                )
                if slot is None:
                    return None
                fence = await act_leases.claim_due(
                    connection, candidate.mailboxid, host=self._host, lease=self._lease
                )
                if fence is None:
                    raise psycopg.Rollback(transaction)
                return slot[0], fence
        except LockNotAvailable:
            log.warning("another process does not let go of a profile's connections")
        return None

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._freed.set()
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("a pass broke off", exc_info=failure)

    async def _over(self, slotid: UUID, mailboxid: UUID, fence: int) -> None:
        try:
            async with self._slots.take_up(slotid) as turn:
                claim = await self._leases.begin(mailboxid, fence) if turn is not None else None
                if turn is None or claim is None:
                    await self._leases.release(mailboxid, fence)
                    return
                await self._run(claim, turn)
        finally:
            self._held.discard((mailboxid, fence))

    async def run_one(self, mailboxid: UUID, fence: int, *, may_write: bool = True) -> Outcome | None:
        """Run one claimed mailbox as soon as a connection is free; ``None`` where it may not be synchronized.

        Args:
            mailboxid: The mailbox.
            fence: What the claim has returned.
            may_write: ``False`` to plan only.

        Raises:
            NoConnectionFree: none became free in time.
        """
        self._held.add((mailboxid, fence))
        try:
            claim = await self._leases.begin(mailboxid, fence, may_write=may_write)
            if claim is None:
                return None
            connections = await self._profiles.batch(claim.profileid, [mailboxid])
            own = mailboxid if connections.has_own_account(mailboxid) else None
            async with self._slots.wait_for(Budget(claim.profileid, own), 1, patience=PATIENCE) as turn:
                return await self._run(claim, turn)
        finally:
            self._held.discard((mailboxid, fence))
            await asyncio.shield(self._leases.release(mailboxid, fence))

    async def _run(self, claim: ActClaim, turn: SlotLease) -> Outcome | None:
        """Run a mailbox that was begun; ``None`` where the claim is no longer ours."""
        noting = calls.begin()
        try:
            with bound_contextvars(pass_id=str(act_leases.id_of_pass(claim))):
                return await self._run_traced(claim, turn)
        finally:
            calls.end(noting)

    async def _run_traced(self, claim: ActClaim, turn: SlotLease) -> Outcome | None:
        tracelog = TraceLogAlerts(self._pool)
        runner = ActRunner(
            ActMailboxes(self._profiles, turn, self._pool).open,
            self._store,
            lambda of: ActTraceAlerts(tracelog, of),
            self._leases,
            clock=clock.now,
            jitter=random.random,
        )
        try:
            outcome, error = await runner(claim)
        except LeaseLost:
            log.warning("mailbox or connection was taken over", mailbox=claim.address, fence=claim.run.fence)
            return None
        except BaseException:
            await asyncio.shield(self._leases.release(claim.mailboxid, claim.run.fence))
            raise
        _report(claim, outcome, error)
        return outcome, error

    async def _sleep(self, woken: asyncio.Event) -> None:
        async with self._pool.connection() as connection:
            due = await act_leases.next_due(connection)
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

    @asynccontextmanager
    async def heartbeat(self) -> AsyncIterator[asyncio.Task[None]]:
        """Prolong the leases of what is under way, three times as often as they would end."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                await self._slots.prolong()
                await self._leases.prolong(list(self._held))

        beating = asyncio.create_task(beat())
        try:
            yield beating
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


def _report(claim: ActClaim, outcome: ActOutcome, error: ServiceError | None) -> None:
    if error is not None:
        log.warning(
            "contacts and tasks: pass failed", mailbox=claim.address, code=error.code, error=str(error)
        )
    elif outcome.processed:
        log.info(
            "contacts and tasks: pass done",
            mailbox=claim.address,
            seconds=round(outcome.seconds, 3),
            planonly=outcome.is_plan_only,
            **{step.name.lower(): count for step, count in outcome.plan.counts.items()},
        )
