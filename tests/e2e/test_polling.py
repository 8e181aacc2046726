"""Polls over the whole way: what a folder says about its changes is believed as long as it is true."""

import asyncio

import psycopg
import pytest

from tests.e2e.place import PEOPLE, company
from tests.jobs.test_worker import Running, until

ADA = PEOPLE[0]


def mail(number):
    return f"From: g@example.com\r\nTo: {ADA}\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\nHello\r\n".encode()


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        place.asked = []
        place.simulator.server.on_response.append(lambda traffic: place.asked.append(traffic.operation))
        yield place


async def trusted(place):
    """Deliver a message and wait until the mark of Ada's mailbox answers polls alone."""
    with psycopg.connect(place.dsn) as connection:
        connection.execute(
            "update organization set fullpollingintervalinseconds = 2, streamingnotificationsenabled = false"
        )
        connection.execute("update mailbox set nextpasson = null where emailaddress <> %s", (ADA,))
    state = "select changemarktrust, pollsskipped > 0 from mailbox where emailaddress = %s"
    await until(
        lambda: (
            place.query("select changemark is not null from mailbox where emailaddress = %s", ADA)
            == [(True,)]
        )
    )
    await asyncio.to_thread(place.exchange.deliver, mail(1), [ADA])
    await until(lambda: place.query(state, ADA) == [(1, True)], seconds=20)


async def test_an_idle_mailbox_is_asked_one_question_a_poll(place):
    async with Running(place.dsn):
        await trusted(place)
        await until(lambda: place.asked[-3:] == ["GetFolder"] * 3 or not place.asked.clear(), seconds=20)
    assert place.query("select count(*) from mailboxstatistics where itemsprocessed = 0") == [(0,)]


async def test_a_server_that_begins_to_lie_is_found_out_and_nothing_is_lost(place):
    async with Running(place.dsn):
        await trusted(place)
        place.exchange.mailbox(ADA).change_marks = "constant"
        frozen = "select pollsskipped > 0 and changemarkedon > now() - interval '1 min' from mailbox where emailaddress = %s"
        await until(lambda: place.query(frozen, ADA) == [(True,)], seconds=20)
        for number in range(2, 6):
            await asyncio.to_thread(place.exchange.deliver, mail(number), [ADA])
            await until(lambda n=number: place.query("select count(*) from email") == [(n,)], seconds=20)
        trust = "select changemarktrust from mailbox where emailaddress = %s"
        await until(lambda: place.query(trust, ADA) == [(3,)], seconds=20)
    assert place.query("select count(*) from tracelog where code = 'exchange.change-mark-wrong'") == [(1,)]
