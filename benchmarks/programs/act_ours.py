"""Passes of ours over contacts or appointments of one mailbox: a first one, or small ones beside many that are in step."""

import json
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from benchmarks.measure import peak_megabytes, spending, take_processor
from benchmarks.programs.calendar import appointment, attendees
from benchmarks.programs.company import employ
from benchmarks.programs.people import person
from serversync import bootstrap

LEASE = timedelta(minutes=30)
CHANGES = 10
"""So many records and so many items are changed before a small pass."""
TURNS = 25


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Make mailbox and records ready, run what is asked for, check that it was done, and return the figures."""
    with bootstrap.start() as environment:
        with psycopg.connect(environment.dsn) as connection:  # what an earlier run left
            connection.execute(
                "truncate contact, appointment, activityparty, exchangesyncidmapping, exchangesyncitem, exchangesyncfolder, exchangesyncrecord,"
                " exchangesyncmailbox, mailboxstatistics, tracelog cascade"
            )
        employ(environment.dsn, arguments["place"], interval=3600)
        from serversync.jobs import loop
        from serversync.jobs.tuning import tune_process

        tune_process()
        return loop.run(_run(environment.dsn, arguments))


async def _run(dsn: str, arguments: dict[str, Any]) -> dict[str, float]:
    from serversync.jobs.worker import open_pool

    async with open_pool(dsn) as pool, _opened(pool) as profiles:
        if arguments["what"] == "small":
            beside = zip(arguments["counts"], arguments["mailboxes"], strict=True)
            return await _small({n: await _Mailbox.prepare(pool, profiles, each) for n, each in beside})
        one = await _Mailbox.prepare(pool, profiles, arguments["mailbox"])
        if arguments["what"] == "to-exchange":
            add = one.add_appointments if arguments["kind"] == "appointments" else one.add_people
            await add(arguments["count"])
        await one.connect()
        with spending() as spent:
            await one.synchronize(arguments["count"])
        return {"cpu": spent.seconds, "items": await one.linked(), "peak": peak_megabytes()}


async def _small(beside: dict[int, "_Mailbox"]) -> dict[str, float]:
    """Return the median CPU of passes with a few changes on each side, and of idle ones, by the count of items beside.

    The mailboxes take turns in one process: two processes after one another differ by a third for the same work.
    """
    for count, one in beside.items():
        await one.add_people(2 * CHANGES)
        await one.synchronize(2 * CHANGES)
        await one.fill(count - 2 * CHANGES)
        await one.synchronize(0)
    small: dict[int, list[float]] = {count: [] for count in beside}
    idle: dict[int, list[float]] = {count: [] for count in beside}
    for turn in range(TURNS):
        for count, one in beside.items():
            await one.change(turn)
            with spending() as spent:
                await one.synchronize(2 * CHANGES)
            small[count].append(spent.seconds)
        for count, one in beside.items():
            with spending() as spent:
                await one.synchronize(0)
            idle[count].append(spent.seconds)
    figures = {f"cpu-{count}": statistics.median(each) for count, each in small.items()}
    return figures | {f"idle-{count}": statistics.median(each) for count, each in idle.items()}


@asynccontextmanager
async def _opened(pool: AsyncConnectionPool) -> AsyncIterator[Any]:
    from serversync.adapters.profiles import ProfileConnections

    profiles = ProfileConnections(pool, user_agent="serversync-bench")
    try:
        yield profiles
    finally:
        await profiles.close()


class _Mailbox:
    """One mailbox that passes go over, as by hand."""

    def __init__(self, pool: AsyncConnectionPool, profiles: Any, mailboxid: UUID) -> None:
        from serversync.jobs.act import Synchronization

        self._pool = pool
        self._profiles = profiles
        self._synchronization = Synchronization(pool, profiles, host="bench", lease=LEASE)
        self._mailboxid = mailboxid

    @classmethod
    async def prepare(cls, pool: AsyncConnectionPool, profiles: Any, address: str) -> "_Mailbox":
        """Let the mailbox be synchronized without anybody looking at the plan."""
        async with pool.connection() as connection:
            await connection.execute("update organization set actplanfirst = false, trackallcontacts = true")
            await connection.execute("update mailbox set actdeliverymethod = 1, enabledforact = true")
            rows = await connection.execute(
                "insert into exchangesyncmailbox (mailboxid, isplanapproved) select mailboxid, true from mailbox"
                " where emailaddress = %s returning mailboxid",
                (address,),
            )
            row = await rows.fetchone()
            # A user's filters take in what the user may read.
            await connection.execute(
                "insert into systemuserroles (systemuserid, roleid) select m.regardingobjectid, r.roleid"
                " from mailbox m, role r where m.emailaddress = %s and r.name = 'Salesperson'"
                " on conflict do nothing",
                (address,),
            )
        if row is None:
            raise SystemExit(f"there is no mailbox {address}")
        return cls(pool, profiles, row[0])

    async def connect(self) -> None:
        """Ask for a folder: exchangelib has its connection too, and knows the folder, before its time is taken."""
        from serversync.exchange.operations.get_folder import GetFolder
        from serversync.exchange.types.ids import DistinguishedFolderId

        async with self._client() as (client, acts_as):
            (outcome,) = await client.call(GetFolder((DistinguishedFolderId("calendar"),)), mailbox=acts_as)
            outcome.unwrap()

    async def synchronize(self, expected: int) -> None:
        """Run one pass, which has to do so many things."""
        from serversync.adapters import act_leases

        async with self._pool.connection() as connection:
            fence = await act_leases.claim_one(connection, self._mailboxid, host="bench", lease=LEASE)
        outcome = await self._synchronization.run_one(self._mailboxid, fence)
        if outcome is None or outcome[1] is not None or outcome[0].processed != expected:
            raise SystemExit(f"the pass was to do {expected} things: {outcome}")

    async def add_people(self, count: int) -> None:
        """Make contacts of the mailbox's user in the CRM."""
        people = [{"contactid": uuid4(), **person(number)} for number in range(count)]
        names = ", ".join(dict.fromkeys(name for each in people for name in each))
        async with self._pool.connection() as connection:
            await connection.execute(
                f"insert into contact ({names}, ownerid) select {names}, (select ownerid from mailbox"
                " where mailboxid = %s) from json_populate_recordset(null::contact, %s::json)",
                (self._mailboxid, msgspec.json.encode(people).decode()),
            )
            await connection.execute("analyze contact")

    async def add_appointments(self, count: int) -> None:
        """Make appointments of the mailbox's user in the CRM, some of them with attendees."""
        from serversync.core.clock import now

        rows = [{"activityid": uuid4(), **appointment(number, now())} for number in range(count)]
        names = ", ".join(dict.fromkeys(name for each in rows for name in each))
        invited = [
            {"activityid": row["activityid"], "addressused": address}
            for number, row in enumerate(rows)
            for address in attendees(number)
        ]
        async with self._pool.connection() as connection:
            await connection.execute(
                f"insert into appointment ({names}, ismapiprivate, instancetypecode, ownerid)"
                f" select {names}, false, 0, (select ownerid from mailbox where mailboxid = %s)"
                " from json_populate_recordset(null::appointment, %s::json)",
                (self._mailboxid, msgspec.json.encode(rows).decode()),
            )
            await connection.execute(
                "insert into activityparty (activityid, participationtypemask, addressused)"
                " select activityid, 5, addressused"
                " from json_to_recordset(%s::json) x (activityid uuid, addressused text)",
                (msgspec.json.encode(invited).decode(),),
            )
            await connection.execute(
                "insert into activityparty (activityid, participationtypemask, partyid, partyobjecttypecode)"
                " select r.activityid, 7, m.regardingobjectid, 'systemuser' from appointment r, mailbox m"
                " where m.mailboxid = %s",
                (self._mailboxid,),
            )
            await connection.execute("analyze appointment, activityparty")

    async def fill(self, count: int) -> None:
        """Let there be so many more contacts that are in step; the feed of Exchange has no reason to name their items."""
        async with self._pool.connection() as connection:
            async with connection.transaction():
                await connection.execute(
                    "select set_config('serversync.mailbox', %s, true)", (str(self._mailboxid),)
                )
                await connection.execute(
                    "insert into contact (ownerid, lastname, emailaddress1) select m.ownerid, 'Person ' || n,"
                    " 'person' || n || '@example.com' from mailbox m, generate_series(1, %s) n where m.mailboxid = %s",
                    (count, self._mailboxid),
                )
                await connection.execute(
                    "insert into exchangesyncidmapping (mailboxid, objectid, objecttypecode, stage, exchangeentryid,"
                    " changekey, recordversion, base)"
                    " select %s, contactid, 'contact', 2, repeat('item ', 20) || contactid, 'key', xmin::text::bigint,"
                    " jsonb_build_object('crm', jsonb_build_object('lastname', lastname),"
                    " 'exchange', jsonb_build_object('lastname', lastname)) from contact c"
                    " where not exists (select from exchangesyncidmapping l where l.objectid = c.contactid)",
                    (self._mailboxid,),
                )
            await connection.execute("vacuum analyze")

    async def change(self, turn: int) -> None:
        """Change a few contacts in the CRM, and as many others in Exchange."""
        from serversync.core.clock import now
        from serversync.engine.act_ports import Item, ItemToChange, Written
        from serversync.rules.record import Kind

        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select objectid, exchangeentryid from exchangesyncidmapping l join contact c on c.contactid = l.objectid"
                " where c.jobtitle is not null and l.mailboxid = %s order by c.telephone1",
                (self._mailboxid,),
            )
            found = await rows.fetchall()
            # Passes follow each other faster here than any schedule lets them: this is no game of ping-pong.
            await connection.execute("update exchangesyncidmapping set writes = 0 where writes > 0")
            await connection.execute(
                "update contact set department = %s, modifiedon = %s where contactid = any(%s)",
                (f"Department of turn {turn}", now(), [key for key, _ in found[:CHANGES]]),
            )
        async with self._opened() as mailbox:
            items = await mailbox.read(Kind.CONTACT, [item_id for _, item_id in found[CHANGES:]])
            changes = [
                ItemToChange(Written(each.item_id, each.change_key), {"jobtitle": f"Job of turn {turn}"}, {})
                for each in items
                if isinstance(each, Item)
            ]
            await mailbox.update(Kind.CONTACT, changes)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Any]:
        from serversync.adapters.act_mailbox import EwsActMailbox
        from serversync.rules.record import Kind

        async with self._client() as (client, acts_as):
            yield EwsActMailbox(client, acts_as, takes_all=frozenset({Kind.CONTACT}))

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select emailserverprofile from mailbox where mailboxid = %s", (self._mailboxid,)
            )
            (profileid,) = await rows.fetchone() or (None,)
        async with self._profiles.client(profileid, mailboxid=self._mailboxid) as known:
            yield known

    async def linked(self) -> int:
        """Return how many pairs are linked."""
        async with self._pool.connection() as connection:
            rows = await connection.execute("select count(*) from exchangesyncidmapping where stage = 2")
            row = await rows.fetchone()
        return int(row[0]) if row else 0


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
