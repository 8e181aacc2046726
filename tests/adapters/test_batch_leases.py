"""Claims of a batch are begun and given back together, each under its own fence."""

import asyncio
from datetime import timedelta

import pytest

from serversync.adapters.batch_leases import MOST_WAITING, BatchLeases
from serversync.adapters.crm_store import CrmStore
from serversync.adapters.leases import MailboxLeases
from serversync.core.clock import now
from serversync.engine.ports import PassResult
from serversync.rules.email.acceptance import Outcome
from serversync.rules.polling import Trust, Watch
from tests.adapters.conftest import LEASE
from tests.adapters.test_leases import claim, set_mailbox

SOON = timedelta(minutes=1)


@pytest.fixture
def batch(pool):
    return BatchLeases(MailboxLeases(pool, host="w1", lease=LEASE))


async def test_runs_come_in_the_order_of_their_claims_and_know_their_plans(pool, world, batch):
    claims = await claim(pool, world)
    for order in (claims, claims[::-1]):
        runs = await batch.begin(order)
        assert [run.mailboxid for run in runs] == [each.mailboxid for each in order]
        for run in runs:
            assert run.plan is not None
            assert run.plan == await CrmStore(pool, lease=LEASE).plan(run)


async def test_what_was_claimed_by_another_or_may_not_run_any_more_is_left_out(pool, world, batch):
    ours = await claim(pool, world, lease=timedelta(milliseconds=-1))
    await claim(pool, world, "w2", limit=1)
    begun = await batch.begin(ours)
    assert len(begun) == 1
    await set_mailbox(pool, begun[0].mailboxid, "enabledforincomingemail = false")
    assert await batch.begin(ours) == []


async def test_idle_polls_are_written_together_at_the_end(pool, world, batch, query):
    runs = await batch.begin(await claim(pool, world))
    moment = now()
    watch = Watch("mark", moment, moment, 3, Trust.PROVEN)
    for run in runs:
        await batch.finish(run, PassResult(watch=watch), next_pass=moment + SOON)
    state = (
        "select count(*) from mailbox where leaseuntil is null and hostid is null and nextpasson > now()"
        " and noemailcount = 1 and processedtimes = 1 and (changemark, changemarkedon, foldersreadon, pollsskipped,"
        " changemarktrust) = ('mark', %s, %s, 3, 1)"
    )
    assert query(state, moment, moment) == [(0,)]
    await batch.write()
    assert query(state, moment, moment) == [(2,)]


async def test_what_was_read_is_written_at_once_with_its_figures(pool, world, batch, query):
    run, _ = await batch.begin(await claim(pool, world))
    await batch.finish(run, PassResult(by_outcome={Outcome.TRACKED: 2}), next_pass=now() + SOON)
    assert query("select itemsprocessed from mailboxstatistics") == [(2,)]


async def test_so_many_idle_polls_do_not_wait_for_the_end(pool, world, batch, query):
    run, _ = await batch.begin(await claim(pool, world))
    for _ in range(MOST_WAITING):
        await batch.finish(run, PassResult(), next_pass=now() + SOON)
    assert query("select leaseuntil from mailbox where mailboxid = %s", run.mailboxid) == [(None,)]


async def test_an_idle_poll_of_somebody_who_was_overtaken_leaves_nothing_behind(pool, world, batch, query):
    runs = await batch.begin(await claim(pool, world))
    for run in runs:
        await batch.finish(run, PassResult(), next_pass=now() + SOON)
    await set_mailbox(pool, runs[0].mailboxid, "leasefence = leasefence + 1, hostid = 'w2'")
    await batch.write()
    assert query("select hostid, processedtimes from mailbox where mailboxid = %s", runs[0].mailboxid) == [
        ("w2", 0)
    ]
    assert query("select hostid, processedtimes from mailbox where mailboxid = %s", runs[1].mailboxid) == [
        (None, 1)
    ]


async def test_many_writers_of_the_same_mailboxes_never_wait_in_a_circle(pool, world, query):
    leases = MailboxLeases(pool, host="w1", lease=LEASE)
    claims = await claim(pool, world)
    orders = [claims, claims[::-1]] * 10
    await asyncio.gather(
        *(leases.prolong(order) for order in orders), *(leases.begin_all(order) for order in orders)
    )
    assert query("select count(*) from mailbox where hostid = 'w1' and leaseuntil > now()") == [(2,)]
