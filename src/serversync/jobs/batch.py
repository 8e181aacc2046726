"""Runs the claimed mailboxes of a batch over its connections, each at most once, and keeps all leases alive."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool
from structlog.contextvars import bind_contextvars, reset_contextvars

from serversync.adapters.alerts import TraceLogAlerts
from serversync.adapters.batch_leases import BatchLeases
from serversync.adapters.crm_store import CrmStore
from serversync.adapters.exchange_mailbox import ExchangeMailboxes
from serversync.adapters.leases import Claim, MailboxLeases
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import PASSES, Budget, ConnectionSlots, SlotLease
from serversync.core import clock, ids
from serversync.core.errors import InputInvalid, LeaseLost, NoConnectionFree, ServiceError
from serversync.engine.ports import Leases, MailboxRun, PassResult
from serversync.engine.run import MailboxRunner
from serversync.exchange import calls
from serversync.jobs.dispatcher import LANES
from serversync.jobs.ending import end
from serversync.jobs.tasks import Batch

log = structlog.get_logger(__name__)

BEGIN_WITHIN: Final = timedelta(seconds=5)
"""After this time a batch begins no further mailbox, and gives back what it has not begun: long passes of some keep
no others waiting that could have another connection."""
PATIENCE: Final = timedelta(minutes=1)
"""How long a mailbox that is run by itself waits for a connection."""
_LOOK_AGAIN: Final = 1.0

Run = Callable[[MailboxRun], Awaitable[tuple[PassResult, ServiceError | None]]]
"""Runs one mailbox that has begun."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Mailboxes of a batch that are not begun yet, what runs one, and what becomes of the claims."""

    runs: deque[MailboxRun]
    runner: Run
    claims: BatchLeases


class BatchRunner:
    """Everything that is needed to run passes, put together on one pool and one set of connections."""

    def __init__(
        self, pool: AsyncConnectionPool, profiles: ProfileConnections, *, host: str, lease: timedelta
    ) -> None:
        self._lease = lease
        self._leases = MailboxLeases(pool, host=host, lease=lease)
        self._profiles = profiles
        self._store = CrmStore(pool, lease=lease)
        self._alerts = TraceLogAlerts(pool)
        self._held: set[Claim] = set()
        self.slots = ConnectionSlots(pool, host=host, lease=lease)

    async def run_batch(self, batch: Batch) -> None:
        """Run every mailbox of the batch; one that fails does not keep the others from running."""
        if batch.slotid is None:
            await self._run_held(batch, None)
            return
        async with self.slots.take_up(batch.slotid) as slots:
            if slots is None:
                log.warning("connections were leased out again before the batch began")
                await self._leases.release(batch.claims)
                return
            await self._run_held(batch, slots)

    async def _run_held(self, batch: Batch, slots: SlotLease | None) -> None:
        claims = BatchLeases(self._leases)
        self._held.update(batch.claims)
        runs: deque[MailboxRun] = deque()
        try:
            runs.extend(await claims.begin(batch.claims))
            await self._give_back(set(batch.claims) - {Claim(run.mailboxid, run.fence) for run in runs})
            if not runs:
                return
            runner: Run = partial(self._with_a_connection, claims)
            if slots is not None:
                runner = await self._runner(batch.profileid, runs, slots, claims)
            lanes = min(slots.connections if slots else LANES, len(runs))
            await self._work_off(_Work(runs, runner, claims), lanes, slots)
        except InputInvalid as error:
            log.warning("batch given back", error=str(error))  # the profile was deleted meanwhile
        finally:
            await asyncio.shield(self._end(claims, runs))
            self._held.difference_update(batch.claims)

    async def _runner(
        self, profileid: UUID, runs: Sequence[MailboxRun], slots: SlotLease | None, leases: Leases
    ) -> MailboxRunner:
        connections = await self._profiles.batch(profileid, [run.mailboxid for run in runs], turn=slots)
        return MailboxRunner(
            ExchangeMailboxes(connections).open,
            self._store,
            self._alerts,
            leases,
            clock=clock.now,
            jitter=random.random,
        )

    async def _work_off(self, work: "_Work", lanes: int, slots: SlotLease | None) -> None:
        """Run the mailboxes, so many at the same time; connections that are of no more use are given back."""
        working = {asyncio.create_task(self._lane(work)) for _ in range(lanes)}
        try:
            failed = await self._until_done(working, work, slots)
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        if failed is not None:
            raise failed

    async def _until_done(
        self, working: set[asyncio.Task[None]], work: "_Work", slots: SlotLease | None
    ) -> BaseException | None:
        failed: BaseException | None = None
        last_call = asyncio.get_running_loop().time() + BEGIN_WITHIN.total_seconds()
        while working:
            done, _ = await asyncio.wait(working, timeout=_LOOK_AGAIN)
            working -= done
            for task in done:
                error = task.exception()  # of each, so that none is said to be lost
                failed = failed or error
            if working:
                await work.claims.write()
            if asyncio.get_running_loop().time() > last_call:
                await self._end(work.claims, work.runs)
            if slots is not None and working and len(working) < slots.connections:
                await self.slots.shrink(slots, len(working))
        return failed

    async def _lane(self, work: "_Work") -> None:
        while work.runs:
            with suppress(NoConnectionFree):  # of a mailbox with a limit of its own; it stays due
                await self._run(work.runs.popleft(), work.runner)

    async def _end(self, claims: BatchLeases, runs: deque[MailboxRun]) -> None:
        """Write what was done, and give back what was not begun."""
        left = {Claim(run.mailboxid, run.fence) for run in runs}
        runs.clear()
        try:
            await claims.write()
        finally:
            await self._give_back(left)

    async def _give_back(self, claims: Collection[Claim]) -> None:
        self._held.difference_update(claims)
        if claims:
            await self._leases.release(list(claims))

    async def run_one(self, mailboxid: UUID, fence: int) -> tuple[PassResult, ServiceError | None] | None:
        """Run one claimed mailbox as soon as a connection is free; ``None`` where it may not run.

        Raises:
            NoConnectionFree: none became free in time; the mailbox stays due.
        """
        claim = Claim(mailboxid, fence)
        self._held.add(claim)
        try:
            run = await self._leases.begin(mailboxid, fence)
            if run is None:
                await self._leases.release([claim])
                return None
            return await self._run(run, partial(self._with_a_connection, self._leases))
        finally:
            self._held.discard(claim)

    async def _with_a_connection(
        self, leases: Leases, run: MailboxRun
    ) -> tuple[PassResult, ServiceError | None]:
        """Wait for a connection of the profile, or of the mailbox where it has a limit of its own, and run it."""
        connections = await self._profiles.batch(run.profileid, [run.mailboxid])
        own = run.mailboxid if connections.has_own_account(run.mailboxid) else None
        budget = Budget(run.profileid, own)
        async with self.slots.wait_for(budget, 1, patience=PATIENCE, purpose=PASSES) as slot:
            runner = await self._runner(run.profileid, [run], slot, leases)
            return await runner(run)

    async def _run(
        self,
        run: MailboxRun,
        runner: Run,
    ) -> tuple[PassResult, ServiceError | None] | None:
        """Run one mailbox that was begun; ``None`` where the claim is no longer ours."""
        noting = calls.begin()
        bound = bind_contextvars(pass_id=str(ids.pass_id(run.mailboxid, run.fence)))
        try:
            return await self._run_traced(run, runner)
        finally:
            reset_contextvars(**bound)
            calls.end(noting)

    async def _run_traced(
        self, run: MailboxRun, runner: Run
    ) -> tuple[PassResult, ServiceError | None] | None:
        try:
            outcome = await runner(run)
        except LeaseLost:
            log.warning(
                "mailbox or connections were taken over", mailboxid=str(run.mailboxid), fence=run.fence
            )
            return None
        except BaseException:
            await asyncio.shield(self._leases.release([Claim(run.mailboxid, run.fence)]))
            raise
        if outcome[1] is not None or outcome[0].processed:
            self._held.discard(Claim(run.mailboxid, run.fence))
        _report(run, *outcome)
        return outcome

    @asynccontextmanager
    async def heartbeat(self) -> AsyncIterator[asyncio.Task[None]]:
        """Prolong the leases of all runs under way and of their connections, three times as often as they end.

        Gives the task that does it. Where it fails, no lease can be relied on any more.
        """

        async def beat() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                await self.slots.prolong()
                await self._leases.prolong(list(self._held))

        beating = asyncio.create_task(beat())
        try:
            yield beating
        finally:
            await end([beating])


def _report(run: MailboxRun, result: PassResult, error: ServiceError | None) -> None:
    if error is not None:
        log.warning("pass failed", mailbox=run.address, code=error.code, error=str(error))
    elif result.processed:
        log.info(
            "pass done",
            mailbox=run.address,
            seconds=round(result.seconds, 3),
            **{outcome.name.lower(): count for outcome, count in result.by_outcome.items()},
        )
