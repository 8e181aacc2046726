"""Passes, sending, streams, Test Connection and Test & Enable at once: their sum keeps within the limit."""

import asyncio
from datetime import timedelta

import pytest

from serversync.adapters.slots import SENDING, Budget, ConnectionSlots, take
from serversync.administration import (
    by_hand,
    composing,
    connection,
    connection_test,
    mailboxes,
    organization,
    sending,
)
from serversync.crm.models import Mailbox
from serversync.engine.probe import Result
from serversync.jobs.worker import open_pool
from serversync.simulator import Fault
from tests.e2e.place import PASSWORD, PEOPLE, QUEUE, SERVICE, company
from tests.jobs.test_worker import Running, dispatcher, more_mailboxes, queue, until

EMAILS = 12


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        organization.change("allowunresolvedpartiesonemailsend", "yes")
        for number in range(1, 31):
            place.exchange.add_mailbox(f"more{number}@example.org")
        more_mailboxes(place, 30)
        Mailbox.objects.filter(emailaddress__in=PEOPLE).update(outgoingemaildeliverymethod=2)
        yield place


def limit(place, connections):
    place.query_and_commit("update emailserverprofile set maxconcurrentconnections = %s", connections)


def write_emails():
    for number in range(EMAILS):
        sender = PEOPLE[number % len(PEOPLE)]
        email = composing.compose({"sender": sender, "subject": f"{number}", "to": ["x@harbour.example"]})
        sending.send(email)


def in_a_thread(work, *arguments):
    from django.db import connection as database

    try:
        return work(*arguments)
    finally:
        database.close()


def enable_everybody():
    return connection.enable([mailboxes.find(address) for address in (*PEOPLE, QUEUE)])


@pytest.mark.parametrize("most", [1, 2, 5])
async def test_together_they_never_send_more_requests_at_once_than_the_limit(place, most):
    limit(place, most)
    load = place.exchange.load
    for operation in ("SyncFolderItems", "GetFolder", "CreateItem", "FindItem"):
        place.exchange.faults.add(Fault(operation=operation, times=None, delay=0.03))
    async with Running(place.dsn):
        if most == 5:
            await until(lambda: place.query("select count(livesince) from notificationgroup") != [(0,)])
        await until(lambda: load.most_requests[SERVICE] == most)
        _, tested, enabled = await asyncio.gather(
            asyncio.to_thread(in_a_thread, write_emails),
            asyncio.to_thread(in_a_thread, connection_test.examine, "Exchange"),
            asyncio.to_thread(in_a_thread, enable_everybody),
        )
        await until(lambda: place.query("select count(*) from email where statuscode = 3") == [(EMAILS,)], 90)
    assert tested.result is not Result.FAILED, tested.failure
    assert [one.trial.error for one in enabled] == [None] * 4
    assert load.most_requests[SERVICE] == most
    assert len(place.exchange.outbox) == EMAILS


def taken_up(place, connections):
    place.query_and_commit(
        "insert into connectionslot (budgetid, emailserverprofileid, connections, purpose, hostid, leaseuntil)"
        " values (%s, %s, %s, 'passes', 'elsewhere', now() + interval '1 hour')",
        place.profile.pk,
        place.profile.pk,
        connections,
    )


def test_where_no_connection_becomes_free_a_test_says_so_and_sends_nothing(place, monkeypatch):
    monkeypatch.setattr(by_hand, "PATIENCE", timedelta(milliseconds=300))
    taken_up(place, 10)
    tested = connection_test.examine("Exchange")
    assert "None of the 10 connections of the profile Exchange became free" in tested.failure.finding.sentence
    assert "--max-connections" in tested.failure.finding.remedy
    (enabled,) = connection.enable([mailboxes.find(PEOPLE[0])])
    assert enabled.trial.error.code == "worker.no-connection-free"
    assert place.exchange.load.most_requests[SERVICE] == 0
    assert place.query("select connections from connectionslot") == [(10,)]
    assert Mailbox.objects.get(emailaddress=PEOPLE[0]).enabledforincomingemail, (
        "it says nothing about the mailbox"
    )


async def test_who_waits_goes_before_those_who_come_later_and_never_beyond_the_limit(place):
    limit(place, 2)
    budget = Budget(place.profile.pk)
    async with open_pool(place.dsn) as pool:
        slots = ConnectionSlots(pool, host="w1", lease=timedelta(seconds=30))
        order = []

        async def wait(name):
            async with slots.wait_for(budget, 5, patience=timedelta(seconds=20), purpose="sync") as lease:
                order.append((name, lease.connections))
                ((used,),) = place.query(
                    "select sum(connections) from connectionslot where purpose = 'passes'"
                )
                assert (used or 0) + 1 <= 2

        async with slots.hold(budget, 1) as first:
            async with slots.hold(budget, 1):
                waiting = [asyncio.create_task(wait("one"))]
                await until(lambda: place.query("select count(*) from connectionslot") == [(3,)])
                waiting.append(asyncio.create_task(wait("two")))
                await until(lambda: place.query("select count(*) from connectionslot") == [(4,)])
                async with slots.hold(budget, 1) as late:
                    assert late is None
                assert order == []
            async with slots.hold(budget, 1) as late:
                assert late is None, "it is for those who wait"
            await asyncio.gather(*waiting)
            assert first.is_held
        assert order == [("one", 1), ("two", 1)]
    assert place.query("select count(*) from connectionslot") == [(0,)]


async def test_passes_leave_one_connection_to_mail_that_waits_and_mail_takes_half_at_most(place):
    limit(place, 2)
    await asyncio.to_thread(in_a_thread, write_emails)
    async with open_pool(place.dsn) as pool, queue(place):
        while await dispatcher(pool, place, places=9).dispatch():
            pass
        assert place.query("select sum(connections) from connectionslot") == [(1,)], "there is a second batch"
        place.query_and_commit("delete from connectionslot")
        limit(place, 4)
        async with pool.connection() as connection:
            taken = []
            for _ in range(3):
                async with connection.transaction():
                    taken.append(
                        await take(
                            connection,
                            Budget(place.profile.pk),
                            1,
                            host="w1",
                            lease=timedelta(seconds=9),
                            purpose=SENDING,
                        )
                    )
        assert [each is not None for each in taken] == [True, True, False]


async def test_a_mailbox_with_an_account_of_its_own_keeps_within_its_own_limit(place):
    limit(place, 1)
    await asyncio.to_thread(in_a_thread, own_accounts, place)
    load = place.exchange.load
    for operation in ("SyncFolderItems", "GetFolder", "CreateItem", "FindItem"):
        place.exchange.faults.add(Fault(operation=operation, times=None, delay=0.03))
    await asyncio.to_thread(in_a_thread, write_emails)
    async with Running(place.dsn):
        await asyncio.to_thread(in_a_thread, enable_everybody)
        await until(lambda: place.query("select count(*) from email where statuscode = 3") == [(EMAILS,)], 90)
    assert {load.most_requests[address] for address in PEOPLE} == {1}
    assert load.most_requests[SERVICE] == 0


def own_accounts(place):
    place.query_and_commit(
        "update emailserverprofile set incomingcredentialretrieval = 0, incominguseimpersonation = false"
    )
    place.query_and_commit("update mailbox set nextpasson = null where name = 'more'")
    for mailbox in Mailbox.objects.exclude(name="more"):
        place.exchange.add_account(mailbox.emailaddress, password=PASSWORD)
        mailbox.username = mailbox.emailaddress
        mailbox.allowemailconnectortousecredentials = True
        mailbox.set_password(PASSWORD)
        mailbox.save()
