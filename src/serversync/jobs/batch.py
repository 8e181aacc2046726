"""Runs the claimed mailboxes of a batch, each at most once, and keeps their leases alive meanwhile."""

import asyncio
import gc
import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import aiohttp
import structlog
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.alerts import TraceLogAlerts
from serversync.adapters.crm_store import CrmStore
from serversync.adapters.exchange_mailbox import ExchangeMailboxes
from serversync.adapters.leases import MailboxLeases
from serversync.adapters.profiles import ProfileConnections
from serversync.core import clock
from serversync.core.errors import LeaseLost, ServiceError
from serversync.engine.ports import MailboxRun, PassResult
from serversync.engine.run import MailboxRunner

log = structlog.get_logger(__name__)

AT_ONCE = 20
"""Passes that one worker runs at the same time; each profile's connections limit them further."""


def tune_process() -> None:
    """Set up a process for passes: fewer looks for reference cycles, and a faster unpacking of answers.

    A pass makes many objects and few cycles; what exists at this point (imported modules) is never looked at
    again. ISA-L unpacks in a seventh of zlib's time (9.6 and 1.4 µs a message of 7 KB).
    """
    if importlib.util.find_spec("isal") is not None:
        aiohttp.set_zlib_backend(importlib.import_module("isal.isal_zlib"))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class BatchRunner:
    """Everything that is needed to run passes, put together on one pool and one set of connections."""

    def __init__(
        self, pool: AsyncConnectionPool, profiles: ProfileConnections, *, host: str, lease: timedelta
    ) -> None:
        self._lease = lease
        self._leases = MailboxLeases(pool, host=host, lease=lease)
        self._runner = MailboxRunner(
            ExchangeMailboxes(profiles).open,
            CrmStore(pool, lease=lease),
            TraceLogAlerts(pool),
            self._leases,
            clock=clock.now,
        )
        self._held: dict[UUID, int] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run_claims(self, claims: list[tuple[UUID, int]]) -> None:
        """Run every mailbox of the batch; one that fails does not keep the others from running."""
        results = await asyncio.gather(*(self._run(*claim) for claim in claims), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _run(self, mailboxid: UUID, fence: int) -> None:
        async with self._room:
            await self.run_one(mailboxid, fence)

    async def run_one(self, mailboxid: UUID, fence: int) -> tuple[PassResult, ServiceError | None] | None:
        """Run one claimed mailbox; ``None`` where the claim is no longer ours or the mailbox may not run."""
        run = await self._leases.begin(mailboxid, fence)
        if run is None:
            await self._leases.release(mailboxid, fence)
            return None
        self._held[mailboxid] = fence
        try:
            outcome = await self._runner(run)
        except LeaseLost:
            log.warning("mailbox was taken over", mailbox=run.address, fence=fence)
            return None
        except BaseException:
            await asyncio.shield(self._leases.release(mailboxid, fence))
            raise
        finally:
            self._held.pop(mailboxid, None)
        _report(run, *outcome)
        return outcome

    @asynccontextmanager
    async def heartbeat(self) -> AsyncIterator[None]:
        """Prolong the leases of all runs under way, three times as often as they would end."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                await self._leases.prolong(list(self._held.items()))

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


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
