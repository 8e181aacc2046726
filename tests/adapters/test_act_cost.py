"""What a pass costs follows what has changed: the database finds it by indexes, and nothing that changes is missed."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID

import exchangelib
from asgiref.sync import sync_to_async
from django.db import connections
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_leases
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.administration import followed
from serversync.engine.act_ports import CrmChange, Link, RecordFilter, Settlement, Stage
from serversync.rules.record import Kind
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, names
from tests.adapters.test_act_store import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

LINKS = 20_000
LARGE = ("exchangesyncidmapping", "contact")


class Explaining(AsyncCursor[Any]):
    """Asks for the plan of each statement before it runs it, and keeps what would read a large table as a whole."""

    scans: ClassVar[list[str]] = []
    explained: ClassVar[int] = 0

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        text = query if isinstance(query, bytes) else str(query).encode()
        if text.split()[0].lower() in (b"select", b"with", b"insert", b"update", b"delete"):
            async with AsyncCursor(self.connection) as other:
                await other.execute(b"explain (format json) " + text, params)
                (row,) = await other.fetchall()
            plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
            self.scans += [f"{found} in {text.decode()}" for found in _scans(plan[0]["Plan"])]
            Explaining.explained += 1
        return await super().execute(query, params, **options)


def _scans(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _scans(child)


@asynccontextmanager
async def explaining(world: SimpleNamespace) -> AsyncIterator[AsyncConnectionPool]:
    Explaining.scans.clear()
    Explaining.explained = 0

    async def configure(connection: AsyncConnection[Any]) -> None:
        connection.cursor_factory = Explaining

    async with AsyncConnectionPool(
        world.dsn, min_size=1, max_size=2, open=False, kwargs={"autocommit": True}, configure=configure
    ) as pool:
        yield pool


async def fill(company: Company) -> None:
    """Let there be many links of the mailbox, to contacts of its user, that are in step."""
    async with company.pool.connection() as connection, connection.transaction():
        await connection.execute(
            "select set_config('serversync.mailbox', %s, true)", (str(company.run.mailboxid),)
        )
        await connection.execute(
            "insert into contact (contactid, ownerid, lastname) select gen_random_uuid(), %s, 'L' || n"
            " from generate_series(1, %s) n",
            (company.owner, LINKS),
        )
        await connection.execute(
            "insert into exchangesyncidmapping (mailboxid, objectid, objecttypecode, stage, exchangeentryid,"
            " changekey, recordversion, base)"
            " select %s, contactid, 'contact', 2, 'item of ' || contactid, 'key', xmin::text::bigint,"
            ' \'{"crm": {}, "exchange": {}}\' from contact c'
            " where not exists (select from exchangesyncidmapping l where l.objectid = c.contactid)",
            (company.run.mailboxid,),
        )
    async with company.pool.connection() as connection:
        await connection.execute(
            "vacuum analyze contact, exchangesyncidmapping, exchangesyncitem, exchangesyncrecord"
        )


async def follow(company: Company, mailboxid: UUID) -> None:
    async with company.pool.connection() as connection:
        await connection.execute(
            "insert into exchangesyncfolder (mailboxid, objecttypecode, isfollowed) values (%s, 'contact', true)",
            (mailboxid,),
        )


async def test_neither_an_idle_pass_nor_a_small_one_reads_all_links_or_records(
    company: Company, world: SimpleNamespace
) -> None:
    keys = [await company.add(lastname=f"Person {n:02}") for n in range(20)]
    await company.bring_into_step()
    await fill(company)
    async with explaining(world) as pool:
        company.store = ActStoreOnPostgres(pool)
        await company.once()
        assert (Explaining.scans, Explaining.explained > 5) == ([], True)
        for key in keys[:10]:
            await company.edit(key, jobtitle="Clerk")
        await company.add(lastname="Somebody new", emailaddress1="new@example.com")

        def edit(ada: exchangelib.Account) -> None:
            for each in ada.contacts.all():
                if each.surname >= "Person 10":
                    each.department = "Sales"
                    each.save(update_fields=["department"])

        await company.outlook(edit)
        one = await company.once()
        assert len(one.plan.actions) == 21
        assert Explaining.scans == []
    assert company.query("select count(*) from contact where department = 'Sales' or jobtitle = 'Clerk'") == [
        (20,)
    ]


def _read(node: dict[str, Any]) -> Iterator[str]:
    yield from [node["Relation Name"]] if "Relation Name" in node else []
    for child in node.get("Plans", ()):
        yield from _read(child)


async def test_no_link_is_read_to_claim_a_mailbox(company: Company) -> None:
    names = {"mailbox": company.run.mailboxid, "fence": 1, "host": "w1", "lease": dt.timedelta(minutes=1)}
    async with company.pool.connection() as connection:
        rows = await connection.execute(f"explain (format json) {act_leases._BEGIN}".encode(), names)
        ((plan,),) = await rows.fetchall()
    read = set(_read(plan[0]["Plan"]))
    assert ("exchangesyncmailbox" in read, "exchangesyncidmapping" in read) == (True, False)


async def test_a_change_that_is_committed_after_a_pass_has_looked_is_seen_by_the_next_one(
    company: Company,
) -> None:
    key = await company.add(lastname="Hopper")
    await company.bring_into_step()
    async with company.pool.connection() as slow:
        async with slow.transaction():
            await slow.execute("update contact set jobtitle = 'Captain' where contactid = %s", (key,))
            await company.once()
        await company.bring_into_step()
    (found,) = await company.outlook(lambda ada: list(ada.contacts.all()))
    assert found.job_title == "Captain"


async def test_what_is_written_while_a_mailbox_begins_to_be_followed_is_not_missed(company: Company) -> None:
    async with company.pool.connection() as slow:
        async with slow.transaction():
            await slow.execute(
                "insert into contact (contactid, ownerid, lastname) values (gen_random_uuid(), %s, 'Hopper')",
                (company.owner,),
            )
            await company.once()
            assert company.query("select followedfrom > 0 from exchangesyncfolder") == [(True,)]
        await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper"]
    assert company.query("select followedfrom from exchangesyncfolder") == [(None,)]


async def test_a_pass_is_not_told_of_what_it_writes_itself_but_other_mailboxes_are(
    company: Company, world: SimpleNamespace
) -> None:
    await company.once()
    link = Link(UUID(int=7), Kind.CONTACT, Stage.LINKED, item_id="i")
    (made,) = await company.store.settle(
        company.run, [Settlement(link, CrmChange(link.crmid, link.kind, None, {"lastname": "Hopper"}))]
    )
    assert isinstance(made, Link)
    assert company.query("select count(*) from exchangesyncrecord") == [(0,)]
    async with company.pool.connection() as connection:
        await connection.execute(
            "insert into exchangesyncidmapping (mailboxid, objectid, objecttypecode) values (%s, %s, 'contact')",
            (world.other_mailbox, link.crmid),
        )
    await follow(company, world.other_mailbox)
    await company.store.settle(
        company.run,
        [Settlement(made, CrmChange(link.crmid, link.kind, made.crm_version, {"lastname": "Lovelace"}))],
    )
    assert company.query("select mailboxid, objectid from exchangesyncrecord") == [
        (world.other_mailbox, link.crmid)
    ]


async def test_a_contact_that_gets_another_owner_rests_here_and_begins_there(
    company: Company, world: SimpleNamespace
) -> None:
    key = await company.add(lastname="Hopper")
    await company.bring_into_step()
    await follow(company, world.other_mailbox)
    await company.edit(key, ownerid=world.ben.pk)
    assert sorted(company.query("select mailboxid, objectid from exchangesyncrecord")) == sorted(
        [(world.mailbox, key), (world.other_mailbox, key)]
    )
    await company.bring_into_step()
    assert company.query("select isparked from exchangesyncidmapping") == [(True,)]


async def test_where_the_filters_are_others_everything_is_compared_again(company: Company) -> None:
    await company.add(lastname="Hopper", statecode=1, statuscode=2)
    await company.bring_into_step()
    assert await company.outlook(names) == []
    company.run = replace(
        company.run, filters={Kind.CONTACT: RecordFilter("(r.ownerid = m.ownerid)", is_confined=True)}
    )
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper"]


async def test_a_mailbox_that_no_pass_has_looked_at_for_long_is_not_followed_any_more(
    company: Company,
) -> None:
    key = await company.add(lastname="Hopper")
    await company.bring_into_step()
    assert await sync_to_async(followed.leave)() == 0
    await company.edit(key, jobtitle="Captain")
    async with company.pool.connection() as connection:
        await connection.execute(
            "update exchangesyncfolder set modifiedon = %s", (company.now - dt.timedelta(days=8),)
        )
    assert await sync_to_async(followed.leave)() == 1
    await company.edit(key, department="Navy")
    assert company.query("select count(*) from exchangesyncrecord") == [(0,)]
    await company.bring_into_step()
    (found,) = await company.outlook(lambda ada: list(ada.contacts.all()))
    assert (found.job_title, found.department) == ("Captain", "Navy")
    await sync_to_async(connections.close_all)()
