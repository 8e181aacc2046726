"""Mailboxes that are due are claimed in their order: none starves, whatever becomes of the others."""

import random
from datetime import timedelta

import psycopg
import pytest

from serversync.adapters.leases import claim_due

MAILBOXES = 40
STEPS = 40
LEASE = timedelta(seconds=30)


@pytest.fixture
def crowd(world):
    """Many mailboxes of one profile that are due, in the order in which they are."""
    with psycopg.connect(world.dsn) as connection:
        connection.execute("update mailbox set nextpasson = null")
        rows = connection.execute(
            "insert into mailbox (name, emailaddress, isforwardmailbox, emailserverprofile, nextpasson,"
            " incomingemaildeliverymethod, emailrouteraccessapproval)"
            " select 'crowd', 'crowd' || n || '@example.org', true, %s, now() - make_interval(secs => 1000 - n), 2, 1"
            " from generate_series(1, %s) n returning mailboxid, nextpasson",
            (world.profile.pk, MAILBOXES),
        )
        return [mailboxid for mailboxid, _ in sorted(rows.fetchall(), key=lambda row: row[1])]


@pytest.mark.parametrize("seed", range(5))
async def test_who_waits_longest_is_claimed_first_however_long_the_others_run(pool, world, crowd, seed):
    chance = random.Random(seed)  # noqa: S311 - it only says who runs on
    waiting, running = list(crowd), []
    for _ in range(STEPS):
        limit = chance.randint(1, 9)
        async with pool.connection() as connection:
            async with connection.transaction():
                claims = await claim_due(connection, world.profile.pk, host="w1", lease=LEASE, limit=limit)
            first, waiting = waiting[:limit], waiting[limit:]
            assert {mailboxid for mailboxid, _ in claims} == set(first)
            running += first
            for mailboxid in chance.sample(running, chance.randint(0, len(running))):
                await connection.execute(
                    "update mailbox set leaseuntil = null, hostid = null, nextpasson = clock_timestamp()"
                    " where mailboxid = %s",
                    (mailboxid,),
                )
                running.remove(mailboxid)
                waiting.append(mailboxid)
    assert len(waiting) + len(running) == MAILBOXES
