"""The CRM store on PostgreSQL: a page is written whole or not at all, and what is written is what was read."""

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.apps import apps

from serversync.adapters import mail_lookups
from serversync.adapters.crm_store import TARGETS, CrmStore
from serversync.adapters.leases import MailboxLeases, claim_one
from serversync.adapters.spool import SpooledContent
from serversync.core.errors import ItemUnreadable, LeaseLost
from serversync.engine.incoming import IncomingPass
from serversync.engine.ports import Seen
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.correlation import conversation_base_hash
from serversync.rules.email.message import Address, Attachment
from tests.adapters.conftest import LEASE
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, a_message


async def run_for(pool, mailboxid):
    async with pool.connection() as connection:
        await connection.execute("update mailbox set leaseuntil = null where mailboxid = %s", (mailboxid,))
        fence = await claim_one(connection, mailboxid, host="test", lease=LEASE)
    return await MailboxLeases(pool, host="test", lease=LEASE).begin(mailboxid, fence)


async def sync(pool, mailboxid, *messages):
    store, run = CrmStore(pool, lease=LEASE), await run_for(pool, mailboxid)
    return await IncomingPass(run, FakeExchange(*messages), store, FakeAlerts())()


def test_every_written_column_exists_and_is_of_the_type_that_is_sent():
    types = {"uuid": "uuid", "bool": "boolean", "int2": "smallint", "int4": "integer", "int8": "bigint"}
    from django.db import connection

    for target in TARGETS:
        model = next(m for m in apps.get_app_config("crm").get_models() if m._meta.db_table == target.table)
        columns = {f.column: f.db_type(connection) for f in model._meta.concrete_fields}
        for name, kind in target.columns:
            assert name in columns, (target.table, name)
            if kind in types:
                assert columns[name] == types[kind], (target.table, name)


def test_every_column_that_addresses_are_looked_up_in_exists():
    tables = {m._meta.db_table: m for m in apps.get_app_config("crm").get_models()}
    for table, columns in mail_lookups.ADDRESS_COLUMNS:
        assert {f.column for f in tables[table]._meta.concrete_fields} >= set(columns)


async def test_a_message_is_stored_as_it_was_read(pool, world, query):
    message = a_message("m1", to=("ada@example.org", "who@where.example"))
    message.body, message.importance, message.in_reply_to = "a < b", 2, "<before@x>"
    message.conversation_index = bytes(range(27))
    message.attachments = [
        Attachment("a1", "Entwürfe.csv", "text/csv", "", 3, False, False, b"1;2"),
        Attachment("a2", "gone.bin", "application/octet-stream", "", 9, False, False, None),
        Attachment("a3", "p.png", "image/png", "p@x", 4, True, False, b"\x89PNG"),
    ]
    await sync(pool, world.mailbox, message)
    assert query(
        "select subject, description, directioncode, statecode, statuscode, sender, messageid, inreplyto, prioritycode,"
        " senton, receivedon, receivingmailboxid, ownerid, attachmentcount, notifications, baseconversationindexhash"
        " from email"
    ) == [
        (
            "Offer",
            '<div style="white-space: pre-wrap">a &lt; b</div>',
            False,
            1,
            4,
            "Grete@Harbour.example",
            "<m1@example.com>",
            "<before@x>",
            2,
            NOON,
            NOON,
            world.mailbox,
            world.ada.pk,
            3,
            1,
            conversation_base_hash(bytes(range(27))),
        )
    ]
    assert query(
        "select participationtypemask, partyid, partyobjecttypecode, addressused, unresolvedpartyname"
        " from activityparty order by participationtypemask, addressused"
    ) == [
        (1, None, None, "Grete@Harbour.example", "Grete"),
        (2, world.ada.pk, "systemuser", "ada@example.org", None),
        (2, None, None, "who@where.example", None),
    ]
    assert query(
        "select m.filename, m.mimetype, m.attachmentcontentid, m.isinline, m.filesize, a.body"
        " from activitymimeattachment m join attachment a using (attachmentid) order by attachmentnumber"
    ) == [
        ("Entwürfe.csv", "text/csv", None, False, 3, b"1;2"),
        ("p.png", "image/png", "p@x", True, 4, b"\x89PNG"),
    ]


async def test_large_contents_arrive_whole_from_their_files(pool, world, query):
    body, file = "ä€😀" * 200_000, bytes(range(256)) * 8000
    message = a_message("m1")
    message.body, message.body_is_html = SpooledContent.of([body.encode()]), True
    message.attachments = [
        Attachment(
            "a1",
            "big.bin",
            "application/octet-stream",
            "",
            1,
            False,
            False,
            SpooledContent.of([file[:999], file[999:]]),
        )
    ]
    await sync(pool, world.mailbox, message)
    assert query("select description from email") == [(body,)]
    assert query("select body, filesize from attachment") == [(file, len(file))]
    message.body.close()
    message.attachments[0].content.close()


async def test_addresses_are_found_in_every_column_whatever_their_case(pool, world):
    async with pool.connection() as connection:
        for table, also in (("contact", "lastname"), ("account", "name"), ("lead", "subject")):
            await connection.execute(
                f"insert into {table} ({also}, emailaddress2) values ('Shared', 'Shared@Example.com')"
            )
        await connection.execute(
            "insert into contact (emailaddress1, statecode, statuscode) values ('Shared@Example.com', 1, 2)"
        )
    found = await CrmStore(pool, lease=LEASE).records(
        ["shared@example.com", "ada@example.org", "nobody@example.org"]
    )
    assert sorted(r.table for r in found["shared@example.com"]) == ["account", "contact", "lead"]
    assert {r.column for r in found["shared@example.com"]} == {2}
    assert [r.recordid for r in found["ada@example.org"]] == [world.ada.pk]
    assert "nobody@example.org" not in found


async def test_an_address_that_thousands_carry_is_not_read_to_the_end(pool, world):
    async with pool.connection() as connection:
        await connection.execute(
            "insert into contact (emailaddress1) select 'all@example.com' from generate_series(1, 500)"
        )
    found = await CrmStore(pool, lease=LEASE).records(["all@example.com"])
    assert len(found["all@example.com"]) == 101


async def test_address_resolution_uses_the_indexes(pool, world):
    async with pool.connection() as connection:
        await connection.execute(
            "insert into contact (emailaddress1, emailaddress2) select n || '@example.com', n || '@b.example' from generate_series(1, 20000) n"
        )
        await connection.execute("analyze contact")
        rows = await connection.execute(b"explain " + mail_lookups.RESOLUTION, (["7@example.com"],))
        plan = "\n".join(line for (line,) in await rows.fetchall())
    assert "Seq Scan on contact" not in plan


async def test_a_page_whose_fence_was_lost_leaves_no_trace(pool, world, query):
    run = await run_for(pool, world.mailbox)
    async with pool.connection() as connection:
        await connection.execute(
            "update mailbox set leasefence = leasefence + 1 where mailboxid = %s", (world.mailbox,)
        )
    with pytest.raises(LeaseLost):
        await IncomingPass(run, FakeExchange(a_message("m1")), CrmStore(pool, lease=LEASE), FakeAlerts())()
    assert query(
        "select (select count(*) from email), (select count(*) from messagetrace), (select count(*) from mailboxfolder)"
    ) == [(0, 0, 0)]


async def test_the_position_commits_with_the_page(pool, world, query):
    await sync(pool, world.mailbox, a_message("m1"), a_message("m2"))
    assert query("select distinguishedfolderid, syncstate, positionedon is not null from mailboxfolder") == [
        ("inbox", "2", True)
    ]
    run = await run_for(pool, world.mailbox)
    assert (run.position, run.listed_once) == ("2", True)


async def test_two_workers_that_read_copies_in_the_same_instant_write_one_activity_each(pool, world, query):
    mail = [f"<{n}@x>" for n in range(40)]
    ada = [a_message(f"a{n}", message_id=m) for n, m in enumerate(mail)]
    ben = [a_message(f"b{n}", message_id=m) for n, m in enumerate(reversed(mail))]
    await asyncio.gather(sync(pool, world.mailbox, *ada), sync(pool, world.other_mailbox, *ben))
    assert query("select count(*), count(distinct messageid) from email") == [(40, 40)]
    assert query("select outcome, count(*) from messagetrace group by 1 order by 1") == [(1, 40), (2, 40)]
    assert query("select count(*) from messagetrace where activityid is null") == [(0,)]


async def test_a_set_aside_item_is_replaced_when_it_is_read_at_last(pool, world, query):
    store, message = CrmStore(pool, lease=LEASE), a_message("m1")
    exchange = FakeExchange(message)
    exchange.broken["m1"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    await IncomingPass(await run_for(pool, world.mailbox), exchange, store, FakeAlerts())()
    assert query("select outcome, detail->>'code' from messagetrace") == [(4, "exchange.item-unreadable")]
    exchange.broken.clear()
    exchange.arrive(message)
    await IncomingPass(await run_for(pool, world.mailbox), exchange, store, FakeAlerts())()
    assert query("select outcome, reasoncode from messagetrace") == [(1, "filter-all")]


async def test_oversized_header_values_do_not_stop_the_page(pool, world, query):
    message = a_message("m1", message_id=f"<{'x' * 5000}@y>", subject="s" * 3000)
    message.in_reply_to, message.conversation_index = "r" * 5000, b"c" * 4000
    message.sender = Address("n" * 900, "a" * 2000)
    message.to = [Address("n" * 900, f"{n:0500d}@x") for n in range(50)]
    message.attachments = [Attachment("a", "f" * 900, "t" * 900, "c" * 900, 1, False, False, b"1")]
    await sync(pool, world.mailbox, message)
    assert query("select length(subject), length(messageid) from email") == [(800, 320)]


async def test_lookups_by_trace_and_identity(pool, world):
    await sync(pool, world.mailbox, a_message("m1", search_key="ab"))
    store = CrmStore(pool, lease=LEASE)
    async with pool.connection() as connection:
        rows = await connection.execute(
            "select itemkey, activityid, messageiddupcheck, contentdigest from messagetrace join email using (activityid)"
        )
        ((key, activityid, dupcheck, digest),) = await rows.fetchall()
    assert await store.traced(world.mailbox, [key, UUID(int=1)]) == {key: Seen(Outcome.TRACKED)}
    assert await store.traced(world.other_mailbox, [key]) == {}
    assert await store.known([dupcheck]) == {dupcheck: (activityid, digest)}
    assert await store.held(world.mailbox, [activityid]) == {activityid: {"ab"}}
    assert await store.held(world.other_mailbox, [activityid]) == {}


def test_short_conversation_indexes_have_no_base():
    assert conversation_base_hash(b"x" * 21) is None
    assert conversation_base_hash(b"x" * 22) == conversation_base_hash(b"x" * 22 + b"reply")


async def test_the_lease_is_prolonged_by_each_page(pool, world, query):
    run = await run_for(pool, world.mailbox)
    with psycopg.connect(world.dsn) as connection:
        connection.execute("update mailbox set leaseuntil = now() where mailboxid = %s", (world.mailbox,))
    await IncomingPass(run, FakeExchange(a_message("m1")), CrmStore(pool, lease=LEASE), FakeAlerts())()
    ((left,),) = query("select leaseuntil - now() from mailbox where mailboxid = %s", world.mailbox)
    assert left > timedelta(seconds=20)
