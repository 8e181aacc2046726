"""At most one run a mailbox, whoever claims, stalls or comes back."""

import asyncio
from datetime import timedelta

import pytest

from serversync.adapters.leases import MailboxLeases, claim_due, claim_one, next_due
from serversync.core.clock import now
from serversync.core.errors import AuthenticationFailed, ServerBusy
from serversync.engine.ports import PassResult
from serversync.rules.email.acceptance import Outcome
from tests.adapters.conftest import LEASE


async def claim(pool, world, host="w1", *, limit=10, lease=LEASE):
    async with pool.connection() as connection, connection.transaction():
        return await claim_due(connection, world.profile.pk, host=host, lease=lease, limit=limit)


async def set_mailbox(pool, mailboxid, assignment):
    async with pool.connection() as connection:
        await connection.execute(f"update mailbox set {assignment} where mailboxid = %s", (mailboxid,))


async def test_two_dispatchers_never_claim_the_same_mailbox(pool, world):
    claims = await asyncio.gather(*(claim(pool, world, f"w{n}", limit=1) for n in range(4)))
    ids = [c.mailboxid for each in claims for c in each]
    assert sorted(map(str, ids)) == sorted(map(str, (world.mailbox, world.other_mailbox)))


async def test_a_claimed_mailbox_is_claimed_again_only_when_its_lease_has_ended(pool, world):
    first = await claim(pool, world, lease=timedelta(milliseconds=-1))
    again = await claim(pool, world, "w2")
    assert {c.fence for c in first} == {1}
    assert {c.fence for c in again} == {2}
    assert await claim(pool, world, "w3") == []


@pytest.mark.parametrize(
    "assignment",
    [
        "nextpasson = now() + interval '1 hour'",
        "nextpasson = null",
        "statecode = 1, statuscode = 2",
        "enabledforincomingemail = false",
        "incomingemaildeliverymethod = 0",
        "emailrouteraccessapproval = 2",
        "emailserverprofile = null",
    ],
)
async def test_what_may_not_run_is_not_claimed(pool, world, assignment):
    await set_mailbox(pool, world.mailbox, assignment)
    assert [c.mailboxid for c in await claim(pool, world)] == [world.other_mailbox]


async def test_approval_counts_only_where_the_organization_asks_for_it(pool, world):
    await set_mailbox(pool, world.mailbox, "emailrouteraccessapproval = 0")
    async with pool.connection() as connection:
        await connection.execute("update organization set requireapprovalforuseremail = false")
    assert len(await claim(pool, world)) == 2


async def test_nothing_of_an_inactive_profile_runs(pool, world):
    async with pool.connection() as connection:
        await connection.execute("update emailserverprofile set statecode = 1, statuscode = 2")
    assert await claim(pool, world) == []


async def test_a_claim_is_taken_up_once_and_not_with_an_old_fence(pool, world):
    leases = MailboxLeases(pool, host="w1", lease=LEASE)
    (old, *_) = await claim(pool, world, lease=timedelta(milliseconds=-1))
    new = next(c for c in await claim(pool, world, "w2") if c.mailboxid == old.mailboxid)
    assert await leases.begin(old.mailboxid, old.fence) is None
    run = await leases.begin(new.mailboxid, new.fence)
    assert run is not None
    assert run.fence == 2
    assert run.process_from is None
    assert run.polling == timedelta(seconds=30)


async def test_a_run_knows_address_owner_and_bounds(pool, world):
    await set_mailbox(pool, world.mailbox, "processemailreceivedafter = '2026-03-01T00:00:00Z'")
    async with pool.connection() as connection:
        await connection.execute(
            "update emailserverprofile set minpollingintervalinminutes = 7, processemailsreceivedafter = '2026-02-01'"
        )
        fence = await claim_one(connection, world.mailbox, host="w1", lease=LEASE)
    run = await MailboxLeases(pool, host="w1", lease=LEASE).begin(world.mailbox, fence)
    assert (run.address, run.ownerid, run.polling_floor) == (
        "ada@example.org",
        world.ada.pk,
        timedelta(minutes=7),
    )
    assert run.process_from.isoformat() == "2026-03-01T00:00:00+00:00"


async def test_a_mailbox_under_way_cannot_be_claimed_by_hand(pool, world):
    await claim(pool, world)
    async with pool.connection() as connection:
        assert await claim_one(connection, world.mailbox, host="w2", lease=LEASE) is None


async def run_of(pool, world):
    async with pool.connection() as connection:
        fence = await claim_one(connection, world.mailbox, host="w1", lease=LEASE)
    leases = MailboxLeases(pool, host="w1", lease=LEASE)
    return leases, await leases.begin(world.mailbox, fence)


async def test_after_success_the_mailbox_waits_for_its_next_pass_and_its_figures_are_kept(pool, world, query):
    leases, run = await run_of(pool, world)
    result = PassResult(by_outcome={Outcome.TRACKED: 3, Outcome.SET_ASIDE: 1}, seconds=1.5)
    await leases.finish(run, result, next_pass=now() + timedelta(minutes=1))
    assert query(
        "select leaseuntil, hostid, itemsprocessedforlastsync, itemsfailedforlastsync, mailboxstatus,"
        " nextpasson > now(), lastduration from mailbox where mailboxid = %s",
        world.mailbox,
    ) == [(None, None, 4, 1, 1, True, 1500)]
    assert query("select itemsprocessed, itemsfailed, processresult from mailboxstatistics") == [(4, 1, True)]


async def test_how_long_a_mailbox_was_due_is_kept_with_what_its_pass_did(pool, world, query):
    async with pool.connection() as connection:
        await connection.execute("update mailbox set nextpasson = now() - interval '7 minutes'")
    leases, run = await run_of(pool, world)
    await leases.finish(run, PassResult(by_outcome={Outcome.TRACKED: 1}), next_pass=now())
    assert query(
        "select scheduledtimeintervalinminutes, mailboxprocessstartedon - mailboxprocessscheduledon"
        " between interval '7 minutes' and interval '8 minutes' from mailboxstatistics"
    ) == [(7, True)]


async def test_an_idle_poll_leaves_no_statistics_behind(pool, world, query):
    leases, run = await run_of(pool, world)
    await leases.finish(run, PassResult(), next_pass=now())
    assert query("select count(*) from mailboxstatistics") == [(0,)]
    assert query("select noemailcount from mailbox where mailboxid = %s", world.mailbox) == [(1,)]


async def test_transient_trouble_postpones_and_counts(pool, world, query):
    leases, run = await run_of(pool, world)
    error = ServerBusy(response_code="ErrorServerBusy")
    await leases.fail(run, PassResult(), error, next_pass=now() + timedelta(minutes=1))
    ((enabled, failures, text, later),) = query(
        "select enabledforincomingemail, transientfailurecount, lastsyncerror, nextpasson > now()"
        " from mailbox where mailboxid = %s",
        world.mailbox,
    )
    assert (enabled, failures, later) == (True, 1, True)
    assert text.startswith("exchange.busy: ")


async def test_a_wrong_password_disables_the_direction(pool, world, query):
    leases, run = await run_of(pool, world)
    error = AuthenticationFailed(host="h", account="svc", scheme="NTLM")
    await leases.fail(run, PassResult(), error, next_pass=None)
    assert query(
        "select enabledforincomingemail, incomingemailstatus from mailbox where mailboxid = %s", world.mailbox
    ) == [(False, 2)]


async def test_somebody_who_lost_the_mailbox_changes_nothing_about_it(pool, world, query):
    leases, run = await run_of(pool, world)
    await set_mailbox(
        pool, world.mailbox, "leasefence = leasefence + 1, leaseuntil = now() + interval '1 minute'"
    )
    await leases.finish(run, PassResult(), next_pass=now())
    await leases.release([(run.mailboxid, run.fence)])
    await leases.prolong([(run.mailboxid, run.fence)])
    ((left,),) = query("select leaseuntil - now() from mailbox where mailboxid = %s", world.mailbox)
    assert timedelta(seconds=31) < left <= timedelta(minutes=1)


async def test_the_dispatcher_knows_how_long_it_may_sleep(pool, world):
    async with pool.connection() as connection:
        assert await next_due(connection) == timedelta(0)
        await connection.execute("update mailbox set nextpasson = now() + interval '10 seconds'")
        due = await next_due(connection)
        await connection.execute("update mailbox set nextpasson = null")
        never = await next_due(connection)
    assert timedelta(seconds=9) < due <= timedelta(seconds=10)
    assert never is None, "not a time that has come already"


async def busy(pool, world, mailboxid, minutes=4):
    async with pool.connection() as connection:
        fence = await claim_one(connection, mailboxid, host="w1", lease=LEASE)
    leases = MailboxLeases(pool, host="w1", lease=LEASE)
    run = await leases.begin(mailboxid, fence)
    error = ServerBusy(response_code="ErrorServerBusy")
    await leases.fail(run, PassResult(), error, next_pass=now() + timedelta(minutes=minutes))
    return leases


async def test_a_mailbox_that_is_to_slow_down_is_not_claimed_by_anybody_even_when_made_due_by_hand(
    pool, world
):
    await busy(pool, world, world.mailbox)
    await set_mailbox(pool, world.mailbox, "nextpasson = now()")
    assert [c.mailboxid for c in await claim(pool, world)] == [world.other_mailbox]
    async with pool.connection() as connection:
        assert await claim_one(connection, world.mailbox, host="w2", lease=LEASE) is None


@pytest.mark.parametrize(("throttled", "paused"), [(2, 0), (3, 1)])
async def test_three_slowed_mailboxes_within_a_minute_give_their_whole_server_a_pause(
    pool, world, query, throttled, paused
):
    async with pool.connection() as connection:
        rows = await connection.execute(
            "insert into mailbox (name, emailaddress, isforwardmailbox, emailserverprofile, nextpasson,"
            " incomingemaildeliverymethod, emailrouteraccessapproval)"
            " select 'more', n || '@example.org', true, %s, now(), 2, 1 from generate_series(1, 3) n"
            " returning mailboxid",
            (world.profile.pk,),
        )
        more = [mailboxid for (mailboxid,) in await rows.fetchall()]
        await connection.execute(
            "update mailbox set ewsurl = 'https://b.example.org' where emailaddress = 'ben@example.org'"
        )
    for mailboxid in more[:throttled]:
        await busy(pool, world, mailboxid)
    waiting = "select count(*) from mailbox where receivingpostponeduntil > now() and mailboxid <> all(%s)"
    assert query(waiting, more[:throttled]) == [(paused,)]
    assert query("select receivingpostponeduntil from mailbox where mailboxid = %s", world.other_mailbox) == [
        (None,)
    ]
