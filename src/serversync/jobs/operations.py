"""Works off jobs that people asked for: claims their mailboxes one by one, does the act, tries out Exchange.

A claim is a lease with a fence, as for passes: a worker that was killed loses its claims when the leases end, and one
that comes back late writes nothing. What came of a mailbox, and that it is done, are one transaction.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from asgiref.sync import sync_to_async
from django.db import transaction
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.profiles import ProfileConnections
from serversync.administration import actor as actors
from serversync.administration import bulk, connection, enabling, jobs, mailboxes, readiness
from serversync.administration.connection import TRIALS, Asked, TryOut
from serversync.administration.enabling import Direction, Trial
from serversync.core import clock, faults
from serversync.core.errors import InputInvalid, ServiceError, Transient
from serversync.crm.models import AsyncOperationItem, Mailbox, Organization, SystemUser
from serversync.crm.models.asyncoperation import ItemState
from serversync.jobs.connections import leave_broken_connection
from serversync.jobs.wake import ListeningConnection

log = structlog.get_logger(__name__)

AT_ONCE: Final = 10
"""Mailboxes of jobs that one worker tries at the same time."""
CLAIMED: Final = 50
"""Mailboxes that one worker claims ahead, so that the queue is asked seldom."""
LEASE: Final = timedelta(seconds=30)
RETRY_AFTER: Final = timedelta(minutes=5)
MOST_ATTEMPTS: Final = 10
"""Trouble that may pass is tried again so often, so far apart; then it counts as lasting."""
MOST_BEGUN: Final = MOST_ATTEMPTS + 10
"""One that was begun so often and never came to its end breaks the workers; it is left alone as failed."""
_BROKEN: Final = InputInvalid(
    field="Job", reason=f"it was begun {MOST_BEGUN} times and never came to its end"
)
LOOK_AGAIN: Final = timedelta(seconds=5)

_CLAIM = """
    with due as (
        select i.asyncoperationitemid from asyncoperationitem i
        join asyncoperation o using (asyncoperationid)
        where i.itemstate in (0, 1) and i.dueon <= now() and (i.leaseuntil is null or i.leaseuntil < now())
            and o.statecode < 3
        order by i.dueon limit %(limit)s for update of i skip locked)
    update asyncoperationitem i set itemstate = 1, leaseuntil = now() + %(lease)s, leasefence = leasefence + 1,
        attempts = attempts + 1, hostid = %(host)s
    from due, asyncoperation o
    where i.asyncoperationitemid = due.asyncoperationitemid and o.asyncoperationid = i.asyncoperationid
    returning i.asyncoperationitemid, i.asyncoperationid, i.mailboxid, i.leasefence, i.attempts, o.act, o.parameters,
        o.ownerid, o.ownedbyinstallation
"""
_BEGIN = """
    update asyncoperation set statecode = 2, statuscode = 20, startedon = coalesce(startedon, now()), modifiedon = now()
    where asyncoperationid = any(%s) and statecode = 0 and statuscode <> 22
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One mailbox of a job, claimed for this worker."""

    itemid: UUID
    jobid: UUID
    mailboxid: UUID
    fence: int
    attempts: int
    act: str
    parameters: dict[str, Any]
    ownerid: UUID | None
    of_installation: bool


@dataclass(slots=True)
class _Shared:
    """The connections of one job, and how many of its mailboxes use them."""

    connections: ProfileConnections
    users: int = 0


class OperationRunner:
    """Works off jobs in one worker process.

    Each job has connections of its own: a person asks, so an account that was stopped after refusals is tried once
    more, and once only, however many mailboxes it stands for.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        connect: Callable[[], ProfileConnections],
        *,
        host: str,
        lease: timedelta = LEASE,
        trials: Mapping[Direction, TryOut] = TRIALS,
    ) -> None:
        self._pool = pool
        self._connect = connect
        self._connections: dict[UUID, _Shared] = {}
        self._host = host
        self._lease = lease
        self._trials = trials
        self._room = asyncio.Semaphore(AT_ONCE)
        self._held: set[tuple[UUID, int]] = set()
        self._of_job: Counter[UUID] = Counter()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, conninfo: str) -> None:
        """Work until cancelled."""
        async with await ListeningConnection.connect(conninfo, autocommit=True) as listening:
            await listening.execute(f"listen {jobs.WAKE_CHANNEL}")
            beating = asyncio.create_task(self._beat())
            try:
                while True:
                    await self.step()
                    await self._wait(listening)
            finally:
                beating.cancel()
                for task in self._running:
                    task.cancel()
                await asyncio.gather(beating, *self._running, return_exceptions=True)

    async def step(self) -> int:
        """Claim what there is room for and begin it; return how many that were."""
        if len(self._running) > CLAIMED // 2:
            return 0
        claims = await self._claim(CLAIMED - len(self._running))
        for claim in claims:
            self._held.add((claim.itemid, claim.fence))
            self._of_job[claim.jobid] += 1
            task = asyncio.create_task(self._work(claim))
            self._running.add(task)
            task.add_done_callback(self._done)
        return len(claims)

    async def settle(self) -> None:
        """Wait for everything that is under way."""
        while self._running:
            await asyncio.gather(*self._running)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a mailbox of a job failed unexpectedly", error=repr(error))

    async def _wait(self, listening: psycopg.AsyncConnection) -> None:
        """Sleep until one of the running ones is done, a job is announced, or it is time to look again."""
        if self._running:
            await asyncio.wait(
                self._running, timeout=LOOK_AGAIN.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
            return
        async for _ in listening.notifies(timeout=LOOK_AGAIN.total_seconds(), stop_after=1):
            return

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            async with self._pool.connection() as connection:
                held = list(self._held)
                await connection.execute(
                    "update asyncoperationitem i set leaseuntil = now() + %s"
                    " from unnest(%s::uuid[], %s::int[]) as h (id, fence)"
                    " where i.asyncoperationitemid = h.id and i.leasefence = h.fence",
                    (self._lease, [itemid for itemid, _ in held], [fence for _, fence in held]),
                )

    async def _claim(self, limit: int) -> list[Claimed]:
        async with self._pool.connection() as connection, connection.transaction():
            rows = await connection.execute(
                _CLAIM, {"limit": limit, "lease": self._lease, "host": self._host[:256]}
            )
            claims = [Claimed(*row) for row in await rows.fetchall()]
            if claims:
                await connection.execute(_BEGIN, [list({claim.jobid for claim in claims})])
        return claims

    async def _work(self, claim: Claimed) -> None:
        try:
            async with self._room:
                started = time.monotonic()
                trials, error = await self._attempt(claim) if claim.attempts <= MOST_BEGUN else ({}, _BROKEN)
                faults.reach(faults.JOB_BEFORE_COMMIT)
                milliseconds = round((time.monotonic() - started) * 1000)
                await sync_to_async(_finish)(claim, trials, error, milliseconds)
                faults.reach(faults.JOB_AFTER_COMMIT)
        finally:
            self._held.discard((claim.itemid, claim.fence))
            self._of_job[claim.jobid] -= 1
            if not self._of_job[claim.jobid]:
                del self._of_job[claim.jobid]
                await sync_to_async(_close)(claim.jobid)

    async def _attempt(self, claim: Claimed) -> tuple[dict[Direction, Trial], ServiceError | None]:
        """Do what is to be done before the end is written: ask Exchange; what only writes rows comes with the end."""
        tests = claim.act == bulk.TEST_ENABLE or bool(claim.parameters.get(bulk.THEN_TEST))
        if not tests:
            return {}, None
        try:
            prepared = await sync_to_async(_prepare)(claim)
        except ServiceError as error:
            return {}, error
        if prepared is None:
            return {}, None
        asked, directions = prepared
        tried = {}
        async with self._connected(claim.jobid) as connections:
            for direction in directions:
                if direction in self._trials:
                    tried[direction] = await self._trials[direction](connections, asked)
        return tried, enabling.first_error(tried)

    @asynccontextmanager
    async def _connected(self, jobid: UUID) -> AsyncIterator[ProfileConnections]:
        shared = self._connections.setdefault(jobid, _Shared(self._connect()))
        shared.users += 1
        try:
            yield shared.connections
        finally:
            shared.users -= 1
            if not shared.users:
                del self._connections[jobid]
                await shared.connections.close()


def _actor(claim: Claimed) -> actors.Actor | None:
    """Return who acts: the one who asked for the job, with the privileges that he has now."""
    if claim.of_installation:
        return actors.INSTALLATION
    user = SystemUser.objects.filter(pk=claim.ownerid).first() if claim.ownerid else None
    return actors.Actor(user, channel="job") if user is not None else None


def _prepare(claim: Claimed) -> tuple[Asked, list[Direction]] | None:
    """Do the act that comes before the test, and return what is to be tried; ``None``: the mailbox is gone.

    Raises:
        InputInvalid: something has to be set up first.
        PrivilegeMissing: the one who asked may not do this any more.
    """
    leave_broken_connection()
    mailbox = _mailbox(claim)
    if mailbox is None:
        return None
    with actors.acting(_actor(claim)):
        if claim.act != bulk.TEST_ENABLE:
            with transaction.atomic():
                bulk.perform(claim.act, [mailbox], claim.parameters)
            mailbox = _mailbox(claim)
        else:
            bulk.ACTS[bulk.TEST_ENABLE].require([mailbox])
    if mailbox is None:
        return None
    organization = Organization.objects.current()
    refusal = readiness.blocked_from_test(mailbox, organization)
    if refusal is not None or mailbox.emailserverprofile is None:
        raise InputInvalid(
            field=f"Mailbox {mailbox.emailaddress or mailbox.name}",
            reason=f"{refusal.sentence.rstrip('.')}. {refusal.remedy.rstrip('.')}"
            if refusal
            else "it has no profile",
        )
    return connection.asked_of(mailbox, organization), [
        one for one in Direction if enabling.uses(mailbox, one)
    ]


def _mailbox(claim: Claimed) -> Mailbox | None:
    return Mailbox.objects.select_related("emailserverprofile", "ownerid").filter(pk=claim.mailboxid).first()


def _finish(
    claim: Claimed, trials: dict[Direction, Trial], error: ServiceError | None, milliseconds: int
) -> None:
    """Write the end of a mailbox, or when it is tried again, together with what came of it."""
    leave_broken_connection()
    again = isinstance(error, Transient) and claim.attempts < MOST_ATTEMPTS
    mailbox = _mailbox(claim)
    if mailbox is None:
        AsyncOperationItem.objects.filter(pk=claim.itemid, leasefence=claim.fence).update(
            itemstate=ItemState.CANCELED, leaseuntil=None, completedon=clock.now()
        )
        return
    try:
        with transaction.atomic():
            if again:
                _put_off(claim, mailbox, error, milliseconds)
                with actors.acting(_actor(claim)):
                    enabling.note_marker(mailbox, trials)
                return
            if not _take(claim, error, milliseconds):
                log.warning("a mailbox of a job was taken over", mailbox=str(mailbox), fence=claim.fence)
                return
            with actors.acting(_actor(claim)):
                _write(claim, mailbox, trials, error)
    except ServiceError as refusal:
        with transaction.atomic():
            _take(claim, refusal, milliseconds)


def _close(jobid: UUID) -> None:
    """Complete the job if this was the last of it, and wake the workers for the mailboxes that are due now."""
    leave_broken_connection()
    jobs.finish_if_done(jobid)
    mailboxes.wake_workers()


def _write(
    claim: Claimed, mailbox: Mailbox, trials: dict[Direction, Trial], error: ServiceError | None
) -> None:
    tests = claim.act == bulk.TEST_ENABLE or bool(claim.parameters.get(bulk.THEN_TEST))
    if not tests:
        bulk.perform(claim.act, [mailbox], claim.parameters)
        return
    if error is not None and not trials:
        trials = {Direction.INCOMING: Trial(mailbox.emailaddress or "", 0, error=error)}
    enabling.write_down(mailbox, trials)


def _take(claim: Claimed, error: ServiceError | None, milliseconds: int) -> bool:
    """Bring the row to its end, if the claim still holds."""
    rows = AsyncOperationItem.objects.filter(
        pk=claim.itemid, leasefence=claim.fence, itemstate=ItemState.RUNNING
    )
    return bool(
        rows.update(
            itemstate=ItemState.FAILED if error else ItemState.SUCCEEDED,
            leaseuntil=None,
            code=error.code if error else None,
            message=str(error)[:2000] if error else None,
            milliseconds=milliseconds,
            completedon=clock.now(),
        )
    )


def _put_off(claim: Claimed, mailbox: Mailbox, error: ServiceError | None, milliseconds: int) -> None:
    until = clock.now() + RETRY_AFTER
    rows = AsyncOperationItem.objects.filter(
        pk=claim.itemid, leasefence=claim.fence, itemstate=ItemState.RUNNING
    )
    canceling = rows.filter(asyncoperationid__statuscode=22)
    if canceling.update(itemstate=ItemState.CANCELED, leaseuntil=None, completedon=clock.now()):
        return
    if rows.update(
        itemstate=ItemState.WAITING,
        leaseuntil=None,
        dueon=until,
        code=error.code if error else None,
        message=str(error)[:2000] if error else None,
        milliseconds=milliseconds,
    ):
        enabling.postpone(mailbox, attempts=claim.attempts, until=until)
