"""Whatever a pass asks the database is answered along indexes, however many e-mails and records there are.

The statements are not listed here: a pass with every rule switched on runs on recorded connections, and what it
asked is explained afterwards, with the values that it asked with. ``make bench ONLY=lookups`` does the same with a
million e-mails.
"""

import os
import re
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from benchmarks.crowd import CONVERSATION, fill
from serversync.adapters.crm_store import CrmStore
from serversync.core.errors import ItemUnreadable
from serversync.engine.incoming import IncomingPass
from serversync.rules.email.message import Address
from tests.adapters.conftest import LEASE
from tests.adapters.test_crm_store import run_for
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, a_message

EMAILS = int(os.environ.get("SERVERSYNC_TEST_EMAILS", "30000"))
CONTACTS = EMAILS // 5
GROWING = ("email", "activityparty", "emailhash", "messagetrace", "contact", "queueitem")
"""Tables with a row or more for each message or customer."""
ASKED = re.compile(r"\s*(select|with|update|delete|insert)\b", re.IGNORECASE)


class Recording(AsyncConnection):
    """A connection that keeps what it was asked."""

    asked: list = []  # noqa: RUF012 - shared on purpose

    async def execute(self, query, params=None, **more):
        text = query if isinstance(query, (str, bytes)) else query.as_bytes(self)
        text = text.decode() if isinstance(text, bytes) else text
        if ASKED.match(text):
            self.asked.append((text, params))
        return await super().execute(query, params, **more)


@pytest.fixture
async def recorded(world):
    Recording.asked.clear()
    async with AsyncConnectionPool(
        world.dsn,
        connection_class=Recording,
        min_size=1,
        max_size=4,
        open=False,
        kwargs={"autocommit": True},
    ) as pool:
        yield pool


def some_messages():
    """Of each kind that there is a question for."""
    answered = [n * CONVERSATION + 1 for n in range(1, 9)]
    for number, earlier in enumerate(answered):
        message = a_message(f"m{number}", sent=NOON + timedelta(minutes=number), subject=f"Offer {earlier}")
        message.sender = Address("", f"person{number}@customer.example")
        message.cc = [Address("", f"person{number + 100}@customer.example"), Address("", "who@x.example")]
        message.in_reply_to = f"<{earlier}@customer.example>"
        message.references = f"<{earlier - 1}@customer.example> <{earlier}@customer.example>"
        yield message
    yield replace(a_message("t"), subject=f"Re: Offer CRM:{answered[0] * 5}")
    yield replace(a_message("c"), conversation_index=bytes(range(27)))
    yield replace(a_message("n"), sender=Address("New", "new@harbour.example"))
    yield a_message("k", message_id="<7@customer.example>")
    for item in ("one", "other"):
        yield a_message(item, message_id="<twice@x>", body=item)


async def test_a_pass_asks_nothing_that_reads_a_growing_table_to_its_end(recorded, pool, world, query):
    with psycopg.connect(world.dsn, autocommit=True) as connection:
        fill(connection, mailbox=world.mailbox, emails=EMAILS, contacts=CONTACTS)
        connection.execute(
            "update organization set enablesmartmatching = true, ignoreinternalemail = true,"
            " categorizetrackeditems = true, autocreatecontactonpromote = true, autotracksentfolderitems = true,"
            " resolveforinactiveentities = true"
        )
        connection.execute("update usersettings set autocreatecontactonpromote = 0")
        connection.execute(
            "insert into mailboxtrackingfolder (mailboxid, exchangefolderid, exchangefoldername, regardingobjectid,"
            " regardingobjecttypecode) values (%s, 'f1', 'Project', gen_random_uuid(), 'account')",
            (world.mailbox,),
        )
    exchange = FakeExchange(*some_messages())
    exchange.arrive(a_message("f", message_id="<m1@example.com>", body="filed"), folder="f1")
    exchange.broken["k"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    for turn in range(3):
        exchange.arrive(a_message(f"later{turn}", message_id="<twice@x>", body=f"again {turn}"))
        run = await run_for(pool, world.mailbox)
        await IncomingPass(run, exchange, CrmStore(recorded, lease=LEASE), FakeAlerts())()
        await _make_due(pool)
    asked = dict(Recording.asked)
    for part in ("from wanted", "e.messageid = any", "e.trackingtoken", "baseconversationindexhash = base"):
        assert any(part in one for one in asked), f"the pass never asked for {part}"
    for part in ("emailhash h", "searchkey is not null", "nextattempton <= now()", "update email answer"):
        assert any(part in one for one in asked), f"the pass never asked for {part}"
    wrong = []
    async with pool.connection() as connection:
        for statement, values in asked.items():
            rows = await connection.execute(f"explain {statement}".encode(), values)
            plan = "\n".join([line for (line,) in await rows.fetchall()])
            wrong += [plan for table in GROWING if f"Seq Scan on {table} " in plan]
    assert not wrong, "\n\n".join(wrong)
    assert len(asked) >= 20


async def _make_due(pool):
    """Let what was put off be tried again, and the reasons be looked at as on another day."""
    async with pool.connection() as connection:
        await connection.execute(
            "update messagetrace set nextattempton = now() where nextattempton is not null"
        )
        await connection.execute("update mailboxaction set nextattempton = now()")
        await connection.execute(
            "update mailbox set lastsuccessfulsynccompletedon = now() - interval '1 day'"
        )
