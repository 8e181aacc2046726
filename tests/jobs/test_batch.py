"""Leases of the mailboxes of a batch: prolonged as long as the batch has them, whatever becomes of other claims."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from serversync.adapters.leases import Claim, claim_one
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import Budget, ConnectionSlots
from serversync.jobs.batch import BatchRunner
from serversync.jobs.tasks import Batch
from serversync.jobs.worker import USER_AGENT, open_pool
from tests.e2e.place import PEOPLE, company
from tests.jobs.test_worker import until

LEASE = timedelta(seconds=2)
ADA = PEOPLE[0]


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        place.query_and_commit("update emailserverprofile set maxconcurrentconnections = 1")
        yield place


@asynccontextmanager
async def runner_on(place, pool):
    profiles = ProfileConnections(pool, user_agent=USER_AGENT)
    runner = BatchRunner(pool, profiles, host="w1", lease=LEASE)
    try:
        async with runner.heartbeat():
            yield runner
    finally:
        await profiles.close()


async def claim(pool, place):
    """Claim Ada's mailbox, whoever has it."""
    mailboxid = place.mailboxes[ADA]
    place.query_and_commit("update mailbox set leaseuntil = null where mailboxid = %s", mailboxid)
    async with pool.connection() as connection:
        fence = await claim_one(connection, mailboxid, host="w1", lease=LEASE)
    assert fence is not None
    return Batch(place.profile.pk, None, [Claim(mailboxid, fence)])


async def test_a_batch_that_ends_leaves_the_newer_claim_of_its_worker_on_the_same_mailbox_alive(place):
    """Else the mailbox would be read by another worker beside this one."""
    async with open_pool(place.dsn) as pool, runner_on(place, pool) as runner:
        old, new = await claim(pool, place), await claim(pool, place)
        others = ConnectionSlots(pool, host="w2", lease=timedelta(hours=1))
        async with others.hold(Budget(place.profile.pk), 1):
            running = asyncio.create_task(runner.run_batch(new))
            await until(lambda: place.query("select count(*) from connectionslot") == [(2,)])
            await runner.run_batch(old)
            place.query_and_commit("update mailbox set leaseuntil = now() where emailaddress = %s", ADA)
            is_held = "select leaseuntil > now() from mailbox where emailaddress = %s"
            await until(lambda: place.query(is_held, ADA) == [(True,)])
        await running
    assert place.query(
        "select lastsuccessfulsynccompletedon is not null, leaseuntil from mailbox where emailaddress = %s",
        ADA,
    ) == [(True, None)]
