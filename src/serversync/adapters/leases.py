"""Claims on mailboxes, so that each is run by at most one worker, and what a pass leaves behind on them.

A claim is a lease (``leaseuntil``) with a fence (``leasefence``) that grows with each claim. A worker that
was away and comes back holds an old fence: its next write finds no row and is rolled back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import mail_plan
from serversync.adapters.deliveries import MAY_SEND
from serversync.adapters.noted_calls import latest_calls
from serversync.core.errors import ServerBusy, ServiceError
from serversync.core.ids import pass_id
from serversync.engine.ports import MailboxRun, MailPlan, PassResult
from serversync.rules.email.acceptance import effective_start
from serversync.rules.polling import Trust, Watch

MAY_RUN = """
    m.statecode = 0 and m.enabledforincomingemail and m.incomingemaildeliverymethod = 2
    and p.statecode = 0
    and not exists (
        select from exchangeaccount a where a.stoppedon is not null
        and (a.exchangeaccountid = p.emailserverprofileid and a.credentialsof = p.modifiedon
             or a.exchangeaccountid = m.mailboxid and a.credentialsof = m.modifiedon))
    and (m.emailrouteraccessapproval = 1
         or not case when m.regardingobjecttypecode = 'queue'
                     then o.requireapprovalforqueueemail else o.requireapprovalforuseremail end)
"""

_IS_DUE = f"""
    m.nextpasson <= now() and (m.leaseuntil is null or m.leaseuntil < now())
    and (m.receivingpostponeduntil is null or m.receivingpostponeduntil <= now()) and {MAY_RUN}
"""

_DUE_PROFILES = f"""
    select p.emailserverprofileid, p.maxconcurrentconnections, coalesce(p.incomingcredentialretrieval = 0, false),
        exists (select from emaildelivery d join mailbox m on m.mailboxid = d.mailboxid
                where m.emailserverprofile = p.emailserverprofileid and d.dueon <= now()
                and (d.leaseuntil is null or d.leaseuntil < now()) and {MAY_SEND}),
        held.batches, held.connections
    from emailserverprofile p
    cross join organization o
    cross join lateral (
        select m.nextpasson from mailbox m where m.emailserverprofile = p.emailserverprofileid and {_IS_DUE}
        order by m.nextpasson limit 1) first
    cross join lateral (
        select count(*) filter (where s.purpose = 'passes')::int as batches,
            coalesce(sum(s.connections), 0)::int as connections
        from connectionslot s where s.budgetid = p.emailserverprofileid and s.leaseuntil > now()) held
    where p.incomingcredentialretrieval = 0 or p.maxconcurrentconnections > held.connections
    order by first.nextpasson
"""  # noqa: S608 - put together from constants

_CLAIM = f"""
    with due as (
        select m.mailboxid from mailbox m
        join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
        cross join organization o
        where m.emailserverprofile = %(profile)s and {_IS_DUE}
        order by m.nextpasson limit %(limit)s
        for update of m skip locked)
    update mailbox set hostid = %(host)s, leasefence = leasefence + 1, leaseuntil = now() + %(lease)s
    from due where mailbox.mailboxid = due.mailboxid
    returning mailbox.mailboxid, mailbox.leasefence
"""  # noqa: S608 - put together from constants

_COUNT_DUE = f"""
    select count(*) from (
        select from mailbox m
        join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
        cross join organization o
        where m.emailserverprofile = %(profile)s and {_IS_DUE}
        limit %(most)s) due
"""  # noqa: S608 - put together from constants

_NEXT_DUE = f"""
    select greatest(min(greatest(m.nextpasson, m.leaseuntil, m.receivingpostponeduntil)) - now(), interval '0') from mailbox m
    join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
    cross join organization o
    where m.nextpasson is not null and {MAY_RUN} having count(*) > 0
"""  # noqa: S608 - put together from constants

_CLAIM_ONE = """
    update mailbox set hostid = %(host)s, leasefence = leasefence + 1, leaseuntil = now() + %(lease)s,
        foldersreadon = null
    where mailboxid = %(mailbox)s and (leaseuntil is null or leaseuntil < now())
        and (receivingpostponeduntil is null or receivingpostponeduntil <= now())
    returning leasefence
"""

# Rows are locked in the order of their ids, here and wherever several are written, so that none wait in a circle.
_BEGIN = f"""
    with held as (
        select m.mailboxid from mailbox m
        join unnest(%(mailboxes)s::uuid[], %(fences)s::bigint[]) as h (id, fence)
            on m.mailboxid = h.id and m.leasefence = h.fence
        join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
        cross join organization o
        where m.leaseuntil is not null and {MAY_RUN}
        order by m.mailboxid for no key update of m)
    update mailbox m set hostid = %(host)s, leaseuntil = now() + %(lease)s,
        processinglastattemptedon = now(), lastsyncstartedon = now()
    from held, emailserverprofile p, organization o
    where m.mailboxid = held.mailboxid and p.emailserverprofileid = m.emailserverprofile
    returning m.mailboxid, m.leasefence, m.emailaddress, p.emailserverprofileid, m.ownerid, m.regardingobjecttypecode,
        p.processemailsreceivedafter, m.processemailreceivedafter, p.minpollingintervalinminutes,
        o.unresolveemailaddressifmultiplematch, o.pollingintervalinseconds, m.transientfailurecount,
        (select jsonb_build_array(syncstate, positionedon is not null) from mailboxfolder f
         where f.mailboxid = m.mailboxid and f.distinguishedfolderid = 'inbox'),
        o.maximumidlepollingintervalinseconds, o.fullpollingintervalinseconds, m.noemailcount,
        m.changemark, m.changemarkedon, m.foldersreadon, m.pollsskipped, m.changemarktrust,
        case when m.streamedon is not null and exists (
            select from notificationgroup g where g.notificationgroupid = m.notificationgroupid
            and g.livesince is not null and g.leaseuntil > now()) then o.streamedpollingintervalinseconds end,
        greatest(now() - m.nextpasson, interval '0')
"""  # noqa: S608 - put together from constants
_FINISH = """
    with told as (
        select * from jsonb_to_recordset(%s::jsonb) as t (id uuid, fence bigint, next timestamptz, processed int,
            failed int, ms int, mark text, marked timestamptz, read timestamptz, skipped int, trust int2)),
    held as (
        select m.mailboxid from mailbox m join told on m.mailboxid = told.id and m.leasefence = told.fence
        order by m.mailboxid for no key update of m)
    update mailbox m set leaseuntil = null, hostid = null,
        nextpasson = case when m.wokenon >= m.lastsyncstartedon then now() else told.next end,
        lastsuccessfulsynccompletedon = now(), itemsprocessedforlastsync = told.processed,
        itemsfailedforlastsync = told.failed, transientfailurecount = 0,
        noemailcount = case when told.processed > 0 then 0 else coalesce(m.noemailcount, 0) + 1 end,
        processedtimes = coalesce(m.processedtimes, 0) + 1, lastduration = told.ms,
        incomingemailstatus = 1, receivingpostponeduntil = null,
        mailboxstatus = case when m.actstatus = 2 and m.actdeliverymethod = 1 then 2 else 1 end,
        changemark = told.mark, changemarkedon = told.marked, foldersreadon = told.read,
        pollsskipped = told.skipped, changemarktrust = told.trust,
        lastsyncerror = null, lastsyncerrorcode = null, lastsyncerrorcount = 0
    from told join held on held.mailboxid = told.id
    where m.mailboxid = told.id and m.leasefence = told.fence
"""

_HELD = """
    with held as (
        select m.mailboxid from mailbox m
        join unnest(%s::uuid[], %s::bigint[]) as h (id, fence) on m.mailboxid = h.id and m.leasefence = h.fence
        order by m.mailboxid for no key update of m)
"""
_PROLONG = f"""{_HELD}
    update mailbox m set leaseuntil = now() + %s from held where m.mailboxid = held.mailboxid and m.hostid = %s
"""  # noqa: S608 - put together from constants
_RELEASE = f"{_HELD} update mailbox m set leaseuntil = null, hostid = null from held where m.mailboxid = held.mailboxid"  # noqa: S608 - the same

# Rows that others hold are left out: their passes find out for themselves, and nobody waits for anybody.
_PAUSE_SERVER = """
    with same as (
        select m.mailboxid, m.lastsyncerroroccurredon > now() - interval '1 minute'
            and m.lastsyncerror like 'exchange.busy:%%' and m.receivingpostponeduntil > now() as busy
        from mailbox m join mailbox me on me.mailboxid = %(mailbox)s
            and m.emailserverprofile = me.emailserverprofile and m.ewsurl is not distinct from me.ewsurl),
    paused as (
        select m.mailboxid from mailbox m where m.mailboxid in (select mailboxid from same)
            and (select count(*) from same where busy) >= %(several)s
        for update skip locked)
    update mailbox set receivingpostponeduntil = greatest(receivingpostponeduntil, %(until)s::timestamptz)
    from paused where mailbox.mailboxid = paused.mailboxid
"""
BUSY_FOR_SERVER = 3
"""Where so many mailboxes of one server were told within a minute to slow down, all of it are given a pause."""

_INCOMING_EMAIL = 0


class Claim(NamedTuple):
    """A mailbox claimed for a run that has not begun."""

    mailboxid: UUID
    fence: int


class Finished(NamedTuple):
    """A successful pass, and when the next one is due."""

    run: MailboxRun
    result: PassResult
    next_pass: datetime


class DueProfile(NamedTuple):
    """A profile with mailboxes that are due and connections that are free.

    ``has_own_accounts`` says that its mailboxes have credentials, and so limits, of their own; ``has_mail_waiting``
    that e-mails wait to be sent; ``running`` how many batches have connections at this time, ``in_use`` how many
    connections all have together.
    """

    profileid: UUID
    connections: int
    has_own_accounts: bool
    has_mail_waiting: bool
    running: int
    in_use: int

    @property
    def left_for_mail(self) -> int:
        """How many connections passes leave to e-mails that wait to be sent; never the only one."""
        return int(self.has_mail_waiting and self.connections > 1)


async def due_profiles(connection: AsyncConnection) -> list[DueProfile]:
    """Return the profiles of which something can be run now; the one whose mailbox waits longest is first."""
    rows = await connection.execute(_DUE_PROFILES)
    return [DueProfile(*row) for row in await rows.fetchall()]


async def count_due(connection: AsyncConnection, profileid: UUID, *, most: int) -> int:
    """Return how many mailboxes of a profile are due; ``most`` where there are more."""
    rows = await connection.execute(_COUNT_DUE, {"profile": profileid, "most": most})
    row = await rows.fetchone()
    return int(row[0]) if row else 0


async def claim_due(
    connection: AsyncConnection, profileid: UUID, *, host: str, lease: timedelta, limit: int
) -> list[Claim]:
    """Claim mailboxes of a profile that are due, longest waiting first; to be called in a transaction."""
    rows = await connection.execute(
        _CLAIM, {"profile": profileid, "host": host, "lease": lease, "limit": limit}
    )
    return [Claim(*row) for row in await rows.fetchall()]


async def claim_one(
    connection: AsyncConnection, mailboxid: UUID, *, host: str, lease: timedelta
) -> int | None:
    """Claim one mailbox whether it is due or not; ``None`` while another run has it."""
    rows = await connection.execute(_CLAIM_ONE, {"host": host, "lease": lease, "mailbox": mailboxid})
    row = await rows.fetchone()
    return int(row[0]) if row else None


async def next_due(connection: AsyncConnection) -> timedelta | None:
    """Return how long until the next mailbox is due; ``None`` where none ever is."""
    rows = await connection.execute(_NEXT_DUE)
    row = await rows.fetchone()
    return row[0] if row else None


def _columns(claims: Sequence[tuple[UUID, int]]) -> tuple[list[UUID], list[int]]:
    return [mailboxid for mailboxid, _ in claims], [fence for _, fence in claims]


def _told(one: Finished) -> dict[str, object]:
    watch = one.result.watch
    return {
        "id": one.run.mailboxid,
        "fence": one.run.fence,
        "next": one.next_pass,
        "processed": one.result.processed,
        "failed": one.result.failed,
        "ms": round(one.result.seconds * 1000),
        "mark": watch.mark,
        "marked": watch.marked_on,
        "read": watch.read_on,
        "skipped": watch.skipped,
        "trust": int(watch.trust),
    }


class MailboxLeases:
    """``Leases`` on a pool of connections in autocommit mode, for one worker."""

    def __init__(self, pool: AsyncConnectionPool, *, host: str, lease: timedelta) -> None:
        self._pool = pool
        self._host = host
        self._lease = lease

    async def begin(self, mailboxid: UUID, fence: int) -> MailboxRun | None:
        """Take up a claim; ``None`` where it is no longer ours, or the mailbox may not run."""
        runs = await self.begin_all([Claim(mailboxid, fence)])
        return runs[0] if runs else None

    async def begin_all(self, claims: Sequence[Claim], *, planned: bool = False) -> list[MailboxRun]:
        """Take up claims made by the dispatcher, in their order; those are left out that ``begin`` would refuse.

        Args:
            claims: What was claimed.
            planned: Read the plans of the passes too.
        """
        mailboxids, fences = _columns(claims)
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                _BEGIN,
                {"host": self._host, "lease": self._lease, "mailboxes": mailboxids, "fences": fences},
            )
            begun = await rows.fetchall()
            plans = await mail_plan.read(connection, [row[0] for row in begun]) if planned and begun else {}
            runs = {row[0]: self._run(row, plans.get(row[0])) for row in begun}
        return [runs[mailboxid] for mailboxid in mailboxids if mailboxid in runs]

    def _run(self, row: Sequence[Any], plan: MailPlan | None) -> MailboxRun:
        (
            mailboxid,
            fence,
            address,
            profileid,
            ownerid,
            regardingtable,
            profile_from,
            mailbox_from,
            floor_minutes,
            unresolve,
            polling,
            failures,
            inbox,
            idle_limit,
            full_poll,
            idle_polls,
            mark,
            marked_on,
            read_on,
            skipped,
            trust,
            streamed_poll,
            waited,
        ) = row
        position, listed_once = inbox or (None, False)
        return MailboxRun(
            mailboxid=mailboxid,
            address=address,
            hostid=self._host,
            fence=fence,
            profileid=profileid,
            ownerid=ownerid,
            regardingtable=regardingtable or "",
            process_from=effective_start(profile_from, mailbox_from),
            position=position,
            listed_once=listed_once,
            unresolve_multiple=unresolve,
            polling=timedelta(seconds=polling),
            polling_floor=timedelta(minutes=floor_minutes or 0),
            failures=failures or 0,
            idle_limit=timedelta(seconds=idle_limit),
            idle_polls=idle_polls or 0,
            streamed_poll=None if streamed_poll is None else timedelta(seconds=streamed_poll),
            full_poll=timedelta(seconds=full_poll),
            watch=Watch(mark, marked_on, read_on, skipped or 0, Trust(trust or 0)),
            plan=plan,
            waited=waited,
        )

    async def prolong(self, held: Sequence[tuple[UUID, int]]) -> None:
        """Prolong the leases of runs that are under way."""
        if not held:
            return
        async with self._pool.connection() as connection:
            await connection.execute(_PROLONG, (*_columns(held), self._lease, self._host))

    async def release(self, claims: Sequence[tuple[UUID, int]]) -> None:
        """Give claims back undone; their mailboxes stay due."""
        async with self._pool.connection() as connection:
            await connection.execute(_RELEASE, _columns(claims))

    async def finish(self, run: MailboxRun, result: PassResult, *, next_pass: datetime) -> None:
        """See ``Leases``."""
        await self.finish_all([Finished(run, result, next_pass)])

    async def finish_all(self, finished: Sequence[Finished]) -> None:
        """Release after successful passes, as ``finish`` does; claims that are no longer ours are left alone."""
        values = (msgspec.json.encode([_told(one) for one in finished]).decode(),)
        busy = [one for one in finished if one.result.processed]
        async with self._pool.connection() as connection:
            if not busy:
                await connection.execute(_FINISH, values)
                return
            async with connection.transaction():
                await connection.execute(_FINISH, values)
                for one in busy:
                    await self._record(connection, one.run, one.result, succeeded=True)

    async def fail(
        self, run: MailboxRun, result: PassResult, error: ServiceError, *, next_pass: datetime | None
    ) -> None:
        """See ``Leases``."""
        async with self._pool.connection() as connection, connection.transaction():
            is_busy = isinstance(error, ServerBusy)
            ours = await connection.execute(
                "update mailbox set leaseuntil = null, hostid = null,"
                " nextpasson = coalesce(%(next)s, nextpasson),"
                " receivingpostponeduntil = case when %(busy)s then %(next)s::timestamptz end,"
                " enabledforincomingemail = enabledforincomingemail and not %(disable)s,"
                " incomingemailstatus = 2, mailboxstatus = 2, transientfailurecount = %(failures)s,"
                " lastsyncerror = %(error)s, lastsyncerrorcount = coalesce(lastsyncerrorcount, 0) + 1,"
                " lastsyncerroroccurredon = now(), lastsyncerrormachinename = %(host)s"
                " where mailboxid = %(mailbox)s and leasefence = %(fence)s",
                {
                    "next": next_pass,
                    "busy": is_busy,
                    "disable": next_pass is None,
                    "failures": 0 if next_pass is None else run.failures + 1,
                    "error": f"{error.code}: {error}"[:2048],
                    "host": run.hostid[:320],
                    "mailbox": run.mailboxid,
                    "fence": run.fence,
                },
            )
            if is_busy and ours.rowcount:
                await connection.execute(
                    _PAUSE_SERVER, {"mailbox": run.mailboxid, "until": next_pass, "several": BUSY_FOR_SERVER}
                )
            await self._record(connection, run, result, succeeded=False)

    async def _record(
        self, connection: AsyncConnection, run: MailboxRun, result: PassResult, *, succeeded: bool
    ) -> None:
        """Write a row of statistics for a pass that did something or failed; an idle poll leaves none."""
        await connection.execute(
            "insert into mailboxstatistics (mailboxid, operationtypeid, mailboxprocessscheduledon,"
            " mailboxprocessstartedon, scheduledtimeintervalinminutes, mailboxprocesscompletedon,"
            " processtimeintervalinminutes, itemsprocessed, itemsfailed, processresult, machinename, asynceventid,"
            " exchangecalls)"
            " values (%s, %s, now() - %s - %s::interval, now() - %s, %s, now(), %s, %s, %s, %s, %s, %s, %s)",
            (
                run.mailboxid,
                _INCOMING_EMAIL,
                timedelta(seconds=result.seconds),
                run.waited,
                timedelta(seconds=result.seconds),
                int((run.waited or timedelta()).total_seconds() // 60),
                int(result.seconds // 60),
                result.processed,
                result.failed,
                succeeded,
                run.hostid[:160],
                pass_id(run.mailboxid, run.fence),
                latest_calls(),
            ),
        )
