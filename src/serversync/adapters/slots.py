"""The limit of concurrent connections, held over all workers: connections are leased from a budget in slots.

A budget is a profile's (Maximum Concurrent Connections), or a mailbox's where it has credentials of its own. Slots
are leased with an end, and prolonged while their holder lives. The holder believes in its lease a little shorter than
the database does: a worker that was stopped and comes back sends nothing over slots that others may have by now.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_leases import ACT_CHANNEL
from serversync.adapters.deliveries import SEND_CHANNEL
from serversync.core.errors import InputInvalid, LeaseLost, NoConnectionFree, ServiceError

PASSES: Final = "passes"
STREAMS: Final = "streams"
SENDING: Final = "sending"
SYNCHRONIZATION: Final = "synchronization"
BY_HAND: Final = "by hand"

WAKE_CHANNEL: Final = "serversync_due"
"""NOTIFY on this channel when a mailbox was made due by hand, or connections that mailboxes wait for are free."""

# The lock makes one of several takers after the other see what is left; it ends with the transaction.
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended(%s, 1))"
_PATIENCE: Final = "2s"
_LOOK_AGAIN: Final = 0.1
_TAKE: Final = """
    insert into connectionslot (connectionslotid, budgetid, emailserverprofileid, connections, purpose, hostid,
        leaseuntil, createdon)
    select %(id)s, %(budget)s, %(profile)s, least(%(wanted)s, free.connections), %(purpose)s, %(host)s,
        clock_timestamp() + %(lease)s, clock_timestamp()
    from (
        select least(
            p.maxconcurrentconnections - %(leave)s - coalesce(sum(s.connections), 0),
            case when %(purpose)s in ('sending', 'synchronization') then greatest(p.maxconcurrentconnections / 2, 1)
                - coalesce(sum(s.connections) filter (where s.purpose = %(purpose)s), 0) end) as connections
        from emailserverprofile p
        left join connectionslot s on s.budgetid = %(budget)s and s.leaseuntil > clock_timestamp()
        where p.emailserverprofileid = %(profile)s
        group by p.emailserverprofileid) free
    where free.connections > 0
    returning connections
"""
# Counted at once, also beyond the limit, so that nobody takes what comes free; used only when ``_FITS``.
_QUEUE: Final = """
    insert into connectionslot (connectionslotid, budgetid, emailserverprofileid, connections, purpose, hostid,
        leaseuntil, createdon)
    select %(id)s, %(budget)s, emailserverprofileid,
        greatest(least(%(wanted)s, (maxconcurrentconnections + 3) / 4, free.connections), 1), %(purpose)s::text,
        %(host)s, clock_timestamp() + %(lease)s, clock_timestamp()
    from emailserverprofile p
    cross join lateral (
        select case when %(purpose)s::text = 'by hand' then greatest(p.maxconcurrentconnections / 2, 1)
            - coalesce(sum(s.connections) filter (where s.purpose = 'by hand'), 0) end as connections
        from connectionslot s where s.budgetid = %(budget)s and s.leaseuntil > clock_timestamp()) free
    where emailserverprofileid = %(profile)s and coalesce(free.connections, 1) > 0
    returning connections
"""
_FITS: Final = """
    select sum(s.connections) <= p.maxconcurrentconnections
    from connectionslot mine
    join emailserverprofile p using (emailserverprofileid)
    join connectionslot s on s.budgetid = mine.budgetid and s.leaseuntil > clock_timestamp()
        and (s.createdon, s.connectionslotid) <= (mine.createdon, mine.connectionslotid)
    where mine.connectionslotid = %(id)s and mine.leaseuntil > clock_timestamp()
    group by p.emailserverprofileid
"""
_LIMIT: Final = (
    "select name, maxconcurrentconnections from emailserverprofile where emailserverprofileid = %s"
)
_TAKE_UP: Final = """
    update connectionslot set hostid = %(host)s, leaseuntil = clock_timestamp() + %(lease)s
    where connectionslotid = %(id)s and leaseuntil > clock_timestamp()
    returning budgetid, connections
"""
_PROLONG: Final = """
    update connectionslot s set leaseuntil = clock_timestamp() + %(lease)s
    where s.connectionslotid = any(%(ids)s) and s.leaseuntil > clock_timestamp()
    returning s.connectionslotid
"""
# Others are told only where mailboxes or e-mails wait for the connections.
_RELEASE: Final = f"""
    with gone as (
        delete from connectionslot where connectionslotid = %(id)s
            or budgetid = %(budget)s and leaseuntil < clock_timestamp() - interval '1 minute'
        returning emailserverprofileid)
    select pg_notify(told.channel, '') from (select distinct emailserverprofileid from gone) g
    cross join lateral (
        select '{WAKE_CHANNEL}' as channel
        where exists (select from mailbox m where m.emailserverprofile = g.emailserverprofileid and m.statecode = 0
                      and m.nextpasson <= now() and (m.leaseuntil is null or m.leaseuntil < now()))
        union all
        select '{SEND_CHANNEL}'
        where exists (select from emaildelivery d join mailbox m on m.mailboxid = d.mailboxid
                      where m.emailserverprofile = g.emailserverprofileid
                      and d.dueon <= now() and (d.leaseuntil is null or d.leaseuntil < now()))
        union all
        select '{ACT_CHANNEL}'
        where exists (select from exchangesyncmailbox s join mailbox m on m.mailboxid = s.mailboxid
                      where m.emailserverprofile = g.emailserverprofileid and m.enabledforact
                      and s.nextpasson <= now() and (s.leaseuntil is null or s.leaseuntil < now()))) told
"""  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True)
class Budget:
    """Whose limit counts: a profile's, or that of one mailbox of it."""

    profileid: UUID
    mailboxid: UUID | None = None

    @property
    def budgetid(self) -> UUID:
        """The key under which slots are counted."""
        return self.mailboxid or self.profileid


class _Place(AbstractAsyncContextManager[None]):
    """One of the connections of a lease, while a request is under way; the same object serves all of them."""

    def __init__(self, lease: "SlotLease", room: asyncio.Semaphore) -> None:
        self._lease = lease
        self._room = room

    async def __aenter__(self) -> None:
        await self._room.acquire()
        if not self._lease.is_held:
            self._room.release()
            raise LeaseLost(mailbox="the connections of this run")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.release()


class SlotLease:
    """Connections that may be used at the same time; as ``Turn`` each request takes one of them meanwhile."""

    def __init__(self, slotid: UUID, budgetid: UUID, connections: int, *, until: float) -> None:
        self.slotid = slotid
        self.budgetid = budgetid
        self.connections = connections
        self._until = until
        self._room = asyncio.Semaphore(connections)
        self._place = _Place(self, self._room)

    @property
    def is_held(self) -> bool:
        """Whether the lease has not ended, by the clock of this process."""
        return time.monotonic() < self._until

    def prolonged(self, until: float) -> None:
        """Believe in it until then; negative infinity for not at all."""
        self._until = until

    async def shrink(self, connections: int) -> None:
        """Wait until no more than so many are in use, and never use more again."""
        while self.connections > connections:
            await self._room.acquire()
            self.connections -= 1

    def request(self) -> AbstractAsyncContextManager[None]:
        """Take one of the connections for a request; see ``Turn``.

        Entering raises ``LeaseLost`` where the lease has ended, and others may have the connections.
        """
        return self._place


async def take(
    connection: AsyncConnection,
    budget: Budget,
    wanted: int,
    *,
    host: str,
    lease: timedelta,
    purpose: str = PASSES,
    leave: int = 0,
) -> tuple[UUID, int] | None:
    """Lease up to ``wanted`` connections; to be called in a transaction, and valid once it is committed.

    Args:
        connection: In a transaction, which should end soon: others wait for it.
        budget: Whose limit.
        wanted: The most that are useful; fewer may be given.
        host: Who holds them.
        lease: Until when without a sign of life.
        purpose: ``PASSES``, ``STREAMS``, ``SENDING`` or ``SYNCHRONIZATION``; the last two have at most half of a
            limit each.
        leave: So many of the limit are not taken, so that something else can run.

    Returns:
        Key and number; ``None`` where none is free.

    Raises:
        psycopg.errors.LockNotAvailable: another taker, which may be a process that was stopped, does not end.
    """
    await _lock(connection, budget)
    slotid = uuid4()
    rows = await connection.execute(
        _TAKE,
        {
            "id": slotid,
            "budget": budget.budgetid,
            "profile": budget.profileid,
            "wanted": wanted,
            "leave": leave,
            "purpose": purpose,
            "host": host,
            "lease": lease,
        },
    )
    row = await rows.fetchone()
    return (slotid, int(row[0])) if row else None


async def _lock(connection: AsyncConnection, budget: Budget) -> None:
    await connection.execute("select set_config('lock_timeout', %s, true)", (_PATIENCE,))
    await connection.execute(_LOCK, (f"slots {budget.budgetid}",))


async def reduce(connection: AsyncConnection, slotid: UUID, connections: int) -> None:
    """Keep only so many connections of a lease."""
    await connection.execute(
        "update connectionslot set connections = %s where connectionslotid = %s and connections > %s",
        (connections, slotid, connections),
    )


class ConnectionSlots:
    """The slots that one process holds, and their prolongation.

    Args:
        pool: Connections in autocommit mode.
        host: Who holds them.
        lease: How long without a sign of life; ``prolong`` is to be called three times as often.
    """

    def __init__(self, pool: AsyncConnectionPool, *, host: str, lease: timedelta) -> None:
        self._pool = pool
        self._host = host
        self._lease = lease
        self._held: dict[UUID, SlotLease] = {}

    @asynccontextmanager
    async def hold(
        self, budget: Budget, wanted: int, *, purpose: str = PASSES, leave: int = 0
    ) -> AsyncIterator[SlotLease | None]:
        """Lease up to ``wanted`` connections for the block; ``None`` where none is free now."""
        until = self._end()
        taken = None
        with suppress(
            LockNotAvailable
        ):  # whoever takes connections at this moment was stopped in the middle of it
            async with self._pool.connection() as connection, connection.transaction():
                taken = await take(
                    connection,
                    budget,
                    wanted,
                    host=self._host,
                    lease=self._lease,
                    purpose=purpose,
                    leave=leave,
                )
        if taken is None:
            yield None
            return
        async with self._holding(SlotLease(taken[0], budget.budgetid, taken[1], until=until)) as lease:
            yield lease

    @asynccontextmanager
    async def wait_for(
        self, budget: Budget, wanted: int, *, patience: timedelta, purpose: str = BY_HAND
    ) -> AsyncIterator[SlotLease]:
        """Lease up to ``wanted`` connections, at most a fourth of the limit, as soon as they are free.

        Whoever waits is counted from the beginning, so that others who come later do not go first.

        Args:
            budget: Whose limit.
            wanted: The most that are useful.
            patience: How long to wait.
            purpose: For what.

        Raises:
            NoConnectionFree: they did not become free.
            InputInvalid: the profile was deleted.
        """
        end = time.monotonic() + patience.total_seconds()
        while (queued := await self._queue(budget, wanted, purpose)) is None:
            if time.monotonic() > end:
                raise await self._no_connection(budget, patience)
            await asyncio.sleep(_LOOK_AGAIN)
        async with self._holding(queued) as lease:
            while not await self._fits(lease.slotid):
                if time.monotonic() > end:
                    raise await self._no_connection(budget, patience)
                await asyncio.sleep(_LOOK_AGAIN)
            yield lease

    async def _queue(self, budget: Budget, wanted: int, purpose: str) -> SlotLease | None:
        """Be counted; ``None`` where half of the limit is taken so already, or a process that was stopped has the lock."""
        slotid, until = uuid4(), self._end()
        values = {
            "id": slotid,
            "budget": budget.budgetid,
            "profile": budget.profileid,
            "wanted": wanted,
            "purpose": purpose,
            "host": self._host,
            "lease": self._lease,
        }
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await _lock(connection, budget)
                rows = await connection.execute(_QUEUE, values)
                row = await rows.fetchone()
        except LockNotAvailable:
            return None
        if row is None:
            return None
        return SlotLease(slotid, budget.budgetid, int(row[0]), until=until)

    async def _fits(self, slotid: UUID) -> bool:
        async with self._pool.connection() as connection:
            rows = await connection.execute(_FITS, {"id": slotid})
            row = await rows.fetchone()
        return bool(row and row[0])

    async def _no_connection(self, budget: Budget, patience: timedelta) -> ServiceError:
        async with self._pool.connection() as connection:
            rows = await connection.execute(_LIMIT, (budget.profileid,))
            row = await rows.fetchone()
        if row is None:
            return InputInvalid(field="Profile", reason="it was deleted")
        return NoConnectionFree(profile=row[0], limit=row[1], seconds=round(patience.total_seconds()))

    @asynccontextmanager
    async def take_up(self, slotid: UUID) -> AsyncIterator[SlotLease | None]:
        """Hold for the block what a dispatcher has leased; ``None`` where that lease has ended."""
        until = self._end()
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                _TAKE_UP, {"id": slotid, "host": self._host, "lease": self._lease}
            )
            row = await rows.fetchone()
        if row is None:
            yield None
            return
        async with self._holding(SlotLease(slotid, row[0], row[1], until=until)) as lease:
            yield lease

    @asynccontextmanager
    async def _holding(self, lease: SlotLease) -> AsyncIterator[SlotLease]:
        self._held[lease.slotid] = lease
        try:
            yield lease
        finally:
            del self._held[lease.slotid]
            lease.prolonged(float("-inf"))
            await asyncio.shield(self._release(lease))

    async def _release(self, lease: SlotLease) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_RELEASE, {"id": lease.slotid, "budget": lease.budgetid})

    async def shrink(self, lease: SlotLease, connections: int) -> None:
        """Give back what is not needed any more; at least one is kept."""
        if connections >= lease.connections:
            return
        await lease.shrink(connections)
        async with self._pool.connection() as connection:
            await reduce(connection, lease.slotid, connections)

    async def prolong(self) -> None:
        """Prolong all that is held; what had ended meanwhile is lost."""
        held = dict(self._held)
        if not held:
            return
        until = self._end()
        async with self._pool.connection() as connection:
            rows = await connection.execute(_PROLONG, {"ids": list(held), "lease": self._lease})
            kept = {row[0] for row in await rows.fetchall()}
        for slotid, lease in held.items():
            if slotid in self._held:
                lease.prolonged(until if slotid in kept else float("-inf"))

    @asynccontextmanager
    async def kept_alive(self) -> AsyncIterator[None]:
        """Prolong what is held, three times as often as it would end, for the block."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                await self.prolong()

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    def _end(self) -> float:
        return time.monotonic() + self._lease.total_seconds()
