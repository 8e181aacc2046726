"""Claims on mailboxes whose appointments, contacts and tasks are brought into step, and what a pass leaves behind.

As for mail a claim is a lease with a fence that grows with each claim, in a row of its own (``exchangesyncmailbox``),
so that mail goes on beside it. Everything that a pass writes names its fence.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_directions, act_filters, act_settings
from serversync.adapters.noted_calls import latest_calls
from serversync.core.errors import ServiceError
from serversync.core.ids import pass_id
from serversync.engine.act_ports import IN_FLIGHT, ActRun
from serversync.engine.act_run import ActClaim, ActOutcome
from serversync.rules.guards import EACH, Answer, Shown
from serversync.rules.marker import SyncingOrganization
from serversync.rules.plan import Plan, Step

ACT_CHANNEL: Final = "serversync_act"
"""NOTIFY on this channel when appointments, contacts and tasks of a mailbox were made due by hand."""
SHOWN: Final = 1000
"""So many actions of a plan are kept to be shown; the counts are of all."""

MAY_BE_SYNCHRONIZED: Final = """
    m.statecode = 0 and m.actdeliverymethod = 1 and m.regardingobjecttypecode = 'systemuser' and p.statecode = 0
    and not exists (
        select from exchangeaccount a where a.stoppedon is not null
        and (a.exchangeaccountid = p.emailserverprofileid and a.credentialsof = p.modifiedon
             or a.exchangeaccountid = m.mailboxid and a.credentialsof = m.modifiedon))
    and (m.emailrouteraccessapproval = 1 or not o.requireapprovalforuseremail)
"""
_JOINS: Final = """
    join mailbox m on m.mailboxid = s.mailboxid
    join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
    cross join organization o
"""
_IS_DUE: Final = f"""
    s.nextpasson <= now() and (s.leaseuntil is null or s.leaseuntil < now()) and m.enabledforact
    and (m.receivingpostponeduntil is null or m.receivingpostponeduntil <= now()) and {MAY_BE_SYNCHRONIZED}
"""
# The first of each profile, then the second of each ..., so that none keeps those of another waiting.
_CANDIDATES: Final = f"""
    select mailboxid, emailserverprofileid, own, connections from (
        select s.mailboxid, s.nextpasson, p.emailserverprofileid, p.incomingcredentialretrieval = 0 as own,
            p.maxconcurrentconnections as connections,
            row_number() over (partition by p.emailserverprofileid order by s.nextpasson) as place
        from exchangesyncmailbox s {_JOINS} where {_IS_DUE}) due
    order by place, nextpasson limit %(limit)s
"""  # noqa: S608 - put together from constants
_CLAIM: Final = f"""
    with due as (
        select s.mailboxid from exchangesyncmailbox s {_JOINS}
        where s.mailboxid = %(mailbox)s and {_IS_DUE} for update of s skip locked)
    update exchangesyncmailbox s set hostid = %(host)s, leasefence = leasefence + 1, leaseuntil = now() + %(lease)s
    from due where s.mailboxid = due.mailboxid
    returning s.leasefence
"""  # noqa: S608 - put together from constants
_CLAIM_ONE: Final = """
    update exchangesyncmailbox set hostid = %(host)s, leasefence = leasefence + 1, leaseuntil = now() + %(lease)s
    where mailboxid = %(mailbox)s and (leaseuntil is null or leaseuntil < now())
    returning leasefence
"""
_NEXT_DUE: Final = f"""
    select greatest(min(greatest(s.nextpasson, s.leaseuntil, m.receivingpostponeduntil)) - now(), interval '0')
    from exchangesyncmailbox s {_JOINS}
    where s.nextpasson is not null and m.enabledforact and {MAY_BE_SYNCHRONIZED} having count(*) > 0
"""  # noqa: S608 - put together from constants
_BEGIN: Final = f"""
    with begun as (
        update exchangesyncmailbox set startedon = now(), leaseuntil = now() + %(lease)s
        where mailboxid = %(mailbox)s and leasefence = %(fence)s and hostid = %(host)s
        returning *)
    select m.emailaddress, m.ownerid, p.emailserverprofileid, p.minpollingintervalinminutes, s.failures,
        s.idlepasses, s.startedon, greatest(s.startedon - s.nextpasson, interval '0') as waited, s.isplanapproved, s.answer, s.held, s.isreplaced, p.timeoutmailboxconnectionafteramount as timeout, o.actplanfirst,
        o.organizationid, o.name as organizationname,
        o.actpollingintervalinseconds, o.maximumidlepollingintervalinseconds,
        (select c.exchangecategoryname from mailboxtrackingcategory c where c.mailboxid = m.mailboxid) as categoryname,
        {", ".join(f"o.{column}" for column in act_settings.COLUMNS)}, {act_settings.HAS_SERVICES}, {act_filters.COLUMNS}
    from begun s {_JOINS} where {MAY_BE_SYNCHRONIZED}
"""  # noqa: S608 - put together from constants
_PROLONG: Final = """
    with held as (
        select s.mailboxid from exchangesyncmailbox s
        join unnest(%s::uuid[], %s::bigint[]) as h (id, fence) on s.mailboxid = h.id and s.leasefence = h.fence
        order by s.mailboxid for no key update of s)
    update exchangesyncmailbox s set leaseuntil = now() + %s from held
    where s.mailboxid = held.mailboxid and s.hostid = %s
"""
# The row of the mailbox is locked first, as by those who make mailboxes due, so that nobody waits in a circle.
_OWN: Final = """
    with own as (select mailboxid from mailbox where mailboxid = %(mailbox)s for no key update)
"""
_FINISH: Final = f"""{_OWN}
    update exchangesyncmailbox s set leaseuntil = null, hostid = null, failures = 0, succeededon = now(),
        nextpasson = case when %(planonly)s then nextpasson
            when nextpasson > startedon then least(nextpasson, %(next)s::timestamptz) else %(next)s::timestamptz end,
        idlepasses = case when %(processed)s > 0 then 0 else idlepasses + 1 end,
        plan = case when %(plan)s::jsonb is null then plan else %(plan)s::jsonb end,
        plannedon = case when %(plan)s::jsonb is null then plannedon else now() end,
        -- An answer that was given meanwhile is about what waited then.
        held = case when %(planonly)s or answer <> %(answer)s then held else %(held)s::jsonb end,
        answer = case when %(planonly)s or answer <> %(answer)s then answer else 0 end,
        -- As long as anything is still missed, it waits for another answer.
        isreplaced = isreplaced and (%(planonly)s or %(answer)s = 0 or answer <> %(answer)s or %(held)s::jsonb is not null
            or exists (select from exchangesyncidmapping l where l.mailboxid = s.mailboxid and l.stage = 2
                and l.exchangemissedon is not null)),
        lastsyncerror = null, lastsyncerroroccurredon = null, modifiedon = now()
    from own where s.mailboxid = own.mailboxid and leasefence = %(fence)s
"""  # noqa: S608 - put together from constants
_WAIT: Final = """
    update exchangesyncmailbox set nextpasson = null
    where mailboxid = %(mailbox)s and leasefence = %(fence)s
"""
_WORKS: Final = """
    update mailbox set actstatus = 1,
        mailboxstatus = case when incomingemailstatus = 2 or outgoingemailstatus = 2 then mailboxstatus else 1 end
    where mailboxid = %(mailbox)s and actstatus <> 1
"""
_FAIL: Final = f"""{_OWN}
    update exchangesyncmailbox s set leaseuntil = null, hostid = null, failures = %(failures)s,
        nextpasson = coalesce(%(next)s, nextpasson), lastsyncerror = %(error)s, lastsyncerroroccurredon = now(),
        modifiedon = now()
    from own where s.mailboxid = own.mailboxid and leasefence = %(fence)s
"""  # noqa: S608 - put together from constants
_FAILS: Final = """
    update mailbox set actstatus = 2, mailboxstatus = 2, enabledforact = enabledforact and not %(disable)s
    where mailboxid = %(mailbox)s
"""
_ACT: Final = 2


class ActCandidate(NamedTuple):
    """A mailbox that is due; ``has_own_account`` says that the limit of connections is its own."""

    mailboxid: UUID
    profileid: UUID
    has_own_account: bool
    connections: int


async def due_mailboxes(connection: AsyncConnection, *, limit: int) -> list[ActCandidate]:
    """Return mailboxes that could be claimed, the profiles in turns, longest waiting first."""
    rows = await connection.execute(_CANDIDATES, {"limit": limit})
    return [ActCandidate(*row) for row in await rows.fetchall()]


async def claim_due(
    connection: AsyncConnection, mailboxid: UUID, *, host: str, lease: timedelta
) -> int | None:
    """Claim a mailbox that is due; ``None`` where somebody else has it or it is not due any more."""
    rows = await connection.execute(_CLAIM, {"mailbox": mailboxid, "host": host, "lease": lease})
    row = await rows.fetchone()
    return int(row[0]) if row else None


async def claim_one(
    connection: AsyncConnection, mailboxid: UUID, *, host: str, lease: timedelta
) -> int | None:
    """Claim a mailbox whether it is due or not; ``None`` while another run has it."""
    await connection.execute(
        "insert into exchangesyncmailbox (mailboxid) values (%s) on conflict (mailboxid) do nothing",
        (mailboxid,),
    )
    rows = await connection.execute(_CLAIM_ONE, {"mailbox": mailboxid, "host": host, "lease": lease})
    row = await rows.fetchone()
    return int(row[0]) if row else None


async def next_due(connection: AsyncConnection) -> timedelta | None:
    """Return how long until the next mailbox is due; ``None`` where none ever is."""
    rows = await connection.execute(_NEXT_DUE)
    row = await rows.fetchone()
    return row[0] if row else None


class ActLeasesOnPostgres:
    """``ActLeases`` on a pool of connections in autocommit mode, for one worker."""

    def __init__(self, pool: AsyncConnectionPool, *, host: str, lease: timedelta) -> None:
        self._pool = pool
        self._host = host
        self._lease = lease

    async def begin(self, mailboxid: UUID, fence: int, *, may_write: bool = True) -> ActClaim | None:
        """Take up a claim; ``None`` where it is no longer ours, or the mailbox may not be synchronized.

        Args:
            mailboxid: The mailbox.
            fence: What the claim has returned.
            may_write: ``False`` for a pass that only plans; so is the first one where the organization wants it.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            names = {"mailbox": mailboxid, "fence": fence, "host": self._host, "lease": self._lease}
            row = await (await cursor.execute(_BEGIN, names)).fetchone()
            if row is not None and not row["aresyncfiltersset"]:
                await act_filters.set_up(connection, mailboxid)
                row = await (await cursor.execute(_BEGIN, names)).fetchone()
            if row is None:
                return None
            rules = await act_directions.set_by_hand(connection, act_settings.rules(row))
        if not row["synccontactcompany"]:
            rules = act_settings.without_companies(rules)
        is_agreed = row["isplanapproved"] or not row["actplanfirst"]
        timeout = timedelta(milliseconds=row["timeout"]) if row["timeout"] else IN_FLIGHT
        run = ActRun(
            mailboxid,
            row["emailaddress"] or "",
            fence,
            rules,
            brake=EACH if row["isreplaced"] else act_settings.brake(row),
            is_replaced=row["isreplaced"],
            answer=Answer(row["answer"]),
            shown=shown_of(row["held"]),
            may_write=may_write and is_agreed,
            appointments=act_settings.appointments(row, row["startedon"]),
            filters=act_filters.filters_of(row),
            duplicate_keys=act_settings.duplicate_keys(row),
            takes_companies=act_settings.takes_companies(row, rules),
            in_flight=timeout,
        )
        return ActClaim(
            run,
            self._host,
            row["emailserverprofileid"],
            SyncingOrganization(row["organizationid"], row["organizationname"]),
            ownerid=row["ownerid"],
            polling=timedelta(seconds=row["actpollingintervalinseconds"]),
            polling_floor=timedelta(minutes=row["minpollingintervalinminutes"] or 0),
            idle_limit=timedelta(seconds=row["maximumidlepollingintervalinseconds"]),
            idle_passes=row["idlepasses"],
            failures=row["failures"],
            takes_all=act_settings.takes_all(row),
            takes_assigned=row["syncassignedtasks"],
            subfolders=row["synccalendarsubfolders"],
            category=row["categoryname"] or row["trackingcategoryname"],
            zone=row["timezone"] or row["defaulttimezone"],
            largest_file=row["maxuploadfilesize"],
            blocked_files=row["blockedattachments"],
            is_agreed=is_agreed,
            waited=row["waited"],
        )

    async def prolong(self, held: Sequence[tuple[UUID, int]]) -> None:
        """Prolong the leases of passes that are under way."""
        if not held:
            return
        ids, fences = [one for one, _ in held], [fence for _, fence in held]
        async with self._pool.connection() as connection:
            await connection.execute(_PROLONG, (ids, fences, self._lease, self._host))

    async def release(self, mailboxid: UUID, fence: int) -> None:
        """Give a claim back undone; the mailbox stays due."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update exchangesyncmailbox set leaseuntil = null, hostid = null"
                " where mailboxid = %s and leasefence = %s",
                (mailboxid, fence),
            )

    async def finish(self, claim: ActClaim, outcome: ActOutcome, *, next_pass: datetime | None) -> None:
        """See ``ActLeases``."""
        names = {
            "mailbox": claim.mailboxid,
            "fence": claim.run.fence,
            "next": next_pass,
            "planonly": outcome.is_plan_only,
            "processed": outcome.processed,
            "plan": _plan_json(outcome),
            "held": Jsonb(held_rows(outcome)) if outcome.held else None,
            "answer": int(claim.run.answer),
        }
        async with self._pool.connection() as connection, connection.transaction():
            finished = await connection.execute(_FINISH, names)
            if not finished.rowcount:
                return
            if not claim.is_agreed:
                await connection.execute(_WAIT, names)
            await connection.execute(_WORKS, names)
            if outcome.processed and not outcome.is_plan_only:
                await self._record(connection, claim, outcome, succeeded=True)

    async def fail(
        self, claim: ActClaim, outcome: ActOutcome, error: ServiceError, *, next_pass: datetime | None
    ) -> None:
        """See ``ActLeases``."""
        names = {
            "mailbox": claim.mailboxid,
            "fence": claim.run.fence,
            "failures": 0 if next_pass is None else claim.failures + 1,
            "next": next_pass,
            "error": f"{error.code}: {error}"[:2048],
            "disable": next_pass is None,
        }
        async with self._pool.connection() as connection, connection.transaction():
            failed = await connection.execute(_FAIL, names)
            if not failed.rowcount:
                return
            await connection.execute(_FAILS, names)
            await self._record(connection, claim, outcome, succeeded=False)

    async def _record(
        self, connection: AsyncConnection, claim: ActClaim, outcome: ActOutcome, *, succeeded: bool
    ) -> None:
        """Write a row of statistics for a pass that did something or failed."""
        await connection.execute(
            "insert into mailboxstatistics (mailboxid, operationtypeid, mailboxprocessscheduledon,"
            " mailboxprocessstartedon, scheduledtimeintervalinminutes, mailboxprocesscompletedon,"
            " processtimeintervalinminutes, itemsprocessed, itemsfailed, processresult, machinename, asynceventid,"
            " exchangecalls)"
            " values (%s, %s, now() - %s - %s::interval, now() - %s, %s, now(), %s, %s, %s, %s, %s, %s, %s)",
            (
                claim.mailboxid,
                _ACT,
                timedelta(seconds=outcome.seconds),
                claim.waited,
                timedelta(seconds=outcome.seconds),
                int((claim.waited or timedelta()).total_seconds() // 60),
                int(outcome.seconds // 60),
                outcome.processed,
                outcome.failed,
                succeeded,
                self._host[:160],
                id_of_pass(claim),
                latest_calls(),
            ),
        )


def id_of_pass(claim: ActClaim) -> UUID:
    """Return the id of the pass under a claim; claims for mail count their fences by themselves, from 1 on too."""
    return pass_id(claim.mailboxid, -claim.run.fence)


def _plan_json(outcome: ActOutcome) -> Jsonb | None:
    """Return the plan as it is kept; ``None`` for one that would change nothing, which replaces no other."""
    if not outcome.is_plan_only and not outcome.processed and not outcome.held:
        return None
    return Jsonb(plan_rows(outcome.plan, is_done=not outcome.is_plan_only))


def plan_rows(plan: Plan, *, is_done: bool) -> dict[str, Any]:
    """Return a plan as data: counts by kind and step, and each action with its reason."""
    counts = Counter([(each.pair.kind, each.step) for each in plan.actions if each.step is not Step.NOTHING])
    told = plan.told
    return {
        "isdone": is_done,
        "counts": [
            {"kind": kind, "step": step, "count": count}
            for kind, step, count in sorted(
                (kind.value, step.value, count) for (kind, step), count in counts.items()
            )
        ],
        "actions": [
            {
                "kind": action.pair.kind.value,
                "step": action.step.value,
                "title": action.pair.title,
                "reason": action.reason,
                "crmid": str(action.pair.crmid),
                "line": action.line(),
            }
            for action in told[:SHOWN]
        ],
        "left_out": max(len(told) - SHOWN, 0),
    }


def shown_of(held: Sequence[Mapping[str, Any]] | None) -> Shown:
    """Return the deletions that wait, given the data of ``held_rows``."""
    return frozenset(
        (Step(each["step"]), UUID(record)) for each in held or () for record in each.get("records", ())
    )


def held_rows(outcome: ActOutcome) -> list[Mapping[str, Any]]:
    """Return the deletions that wait as data."""
    return [
        {
            "kind": each.kind.value,
            "step": each.step.value,
            "deletions": each.deletions,
            "linked": each.linked,
            "titles": list(each.titles),
            "records": sorted(map(str, each.records)),
        }
        for each in outcome.held
    ]
