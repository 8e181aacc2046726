"""Workers and the schedule on a real database: batches, wake-ups, lost databases, dead workers."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from serversync.administration import connection_test
from serversync.core.errors import InputInvalid
from serversync.demo.mail import week_of_mail
from serversync.jobs import housekeeping
from serversync.jobs import worker as worker_module
from serversync.jobs.dispatcher import BATCH, WAKE_CHANNEL, Dispatcher
from serversync.jobs.places import Places
from serversync.jobs.single import sync_now
from serversync.jobs.worker import Worker, open_pool
from serversync.rules.email.acceptance import Outcome
from serversync.simulator import ThrottlingPolicy
from tests.e2e.place import PASSWORD, PEOPLE, SERVICE, company

LEASE = timedelta(seconds=2)


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        yield place


async def until(condition, seconds=40):
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


class Running:
    """A worker in this process, stopped in good order at the end."""

    def __init__(self, dsn):
        self.worker = Worker(dsn, lease=LEASE)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.worker.run())
        return self

    async def __aexit__(self, *_):
        self.worker.stop()
        await asyncio.wait_for(self.task, 40)


def dispatcher(pool, place, *, places=4):
    return Dispatcher(pool, place.dsn, host="w1", lease=LEASE, places=Places(places))


@asynccontextmanager
async def queue(place):
    with app.replace_connector(PsycopgConnector(conninfo=place.dsn, min_size=1, max_size=1)):
        async with app.open_async():
            yield


def more_mailboxes(place, count):
    """Add mailboxes of the company's profile that are due."""
    place.query_and_commit(
        "insert into mailbox (name, emailaddress, isforwardmailbox, emailserverprofile, nextpasson,"
        " incomingemaildeliverymethod, emailrouteraccessapproval)"
        " select 'more', 'more' || n || '@example.org', true, %s, now(), 2, 1 from generate_series(1, %s) n",
        place.profile.pk,
        count,
    )


async def test_a_batch_holds_not_too_many_mailboxes_and_its_part_of_the_connections(place):
    more_mailboxes(place, 8 * BATCH)
    async with open_pool(place.dsn) as pool, queue(place):
        assert await dispatcher(pool, place).dispatch() == 4 * BATCH
    jobs = [args for (args,) in place.query("select args from procrastinate_jobs order by id")]
    assert [len(job["claims"]) for job in jobs] == [BATCH, BATCH, BATCH, BATCH]
    assert place.query("select connections from connectionslot order by createdon") == [
        (3,),
        (3,),
        (3,),
        (1,),
    ]
    assert {job["profileid"] for job in jobs} == {str(place.profile.pk)}


async def test_few_mailboxes_are_shared_out_over_all_connections(place):
    more_mailboxes(place, 36)
    async with open_pool(place.dsn) as pool, queue(place):
        assert await dispatcher(pool, place).dispatch() == 40
    jobs = [args for (args,) in place.query("select args from procrastinate_jobs order by id")]
    assert [len(job["claims"]) for job in jobs] == [12, 12, 12, 4]
    assert place.query("select sum(connections) from connectionslot") == [(10,)]


async def test_no_more_is_claimed_than_connections_and_places_allow(place):
    more_mailboxes(place, 8 * BATCH)
    async with open_pool(place.dsn) as pool, queue(place):
        assert await dispatcher(pool, place, places=2).dispatch() == 2 * BATCH
        place.query_and_commit("update emailserverprofile set maxconcurrentconnections = 6")
        assert await dispatcher(pool, place, places=9).dispatch() == 0
        place.query_and_commit("update emailserverprofile set maxconcurrentconnections = 7")
        assert await dispatcher(pool, place, places=9).dispatch() == BATCH
    assert place.query("select sum(connections) from connectionslot") == [(7,)]


async def test_a_profile_without_free_connections_keeps_no_other_waiting(place):
    other = await asyncio.to_thread(another_profile, place)
    more_mailboxes(place, 100)
    place.query_and_commit("update mailbox set nextpasson = now() - interval '1 hour' where name = 'more'")
    async with open_pool(place.dsn) as pool, queue(place):
        await dispatcher(pool, place, places=2).dispatch()
    assert [
        profile for (profile,) in place.query("select args->>'profileid' from procrastinate_jobs order by id")
    ] == [
        str(place.profile.pk),
        str(other),
    ]


def another_profile(place):
    from django.db import connection as django_connection

    from serversync.crm.models import EmailServerProfile, Mailbox

    other = EmailServerProfile.objects.create(name="Other", incominguseimpersonation=True)
    Mailbox.objects.filter(emailaddress=PEOPLE[0]).update(emailserverprofile=other)
    django_connection.close()
    return other.pk


async def test_a_claim_and_its_job_come_together_or_not_at_all(place):
    async with open_pool(place.dsn) as pool, app.open_async():
        with app.replace_connector(Failing()), pytest.raises(RuntimeError):
            await dispatcher(pool, place).dispatch()
    assert place.query("select count(*) from mailbox where leasefence > 0") == [(0,)]
    assert place.query("select count(*) from connectionslot") == [(0,)]


class Failing:
    """A queue that cannot take jobs."""

    def get_sync_connector(self):
        return self

    async def execute_query_one_async_with_connection(self, *_, **__):
        raise RuntimeError("no queue")

    execute_query_all_async_with_connection = execute_query_one_async_with_connection


async def test_everything_delivered_is_tracked_once(place):
    delivered = [
        item
        for d in week_of_mail(datetime(2026, 3, 2, tzinfo=UTC))
        for item in await asyncio.to_thread(place.exchange.deliver, d.mime, d.to, d.received)
    ]
    async with Running(place.dsn):
        await until(lambda: place.query("select count(*) from messagetrace") == [(len(delivered),)])
    assert place.query("select count(*) - count(distinct messageid) from email") == [(0,)]
    assert place.query("select count(*) from procrastinate_jobs where status = 'failed'") == [(0,)]


async def test_a_mailbox_that_is_made_due_by_hand_does_not_wait_for_the_poll(place):
    with psycopg.connect(place.dsn) as connection:
        connection.execute("update organization set pollingintervalinseconds = 3600")
    async with Running(place.dsn):
        await until(
            lambda: (
                place.query("select count(*) from mailbox where nextpasson > now() + interval '50 min'")
                == [(4,)]
            )
        )
        mime = week_of_mail(datetime(2026, 3, 2, tzinfo=UTC))[0].mime
        await asyncio.to_thread(place.exchange.deliver, mime, [PEOPLE[0]])
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            connection.execute("update mailbox set nextpasson = now() where emailaddress = %s", (PEOPLE[0],))
            connection.execute(f"notify {WAKE_CHANNEL}")
        await until(lambda: place.query("select count(*) from email") == [(1,)], seconds=4)


async def test_a_worker_survives_that_the_database_drops_its_connections(place):
    started = datetime.now(UTC)
    async with Running(place.dsn):
        await until(
            lambda: (
                place.query("select count(*) from mailbox where lastsuccessfulsynccompletedon is not null")
                == [(4,)]
            )
        )
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid() and backend_start > %s",
                (started,),
            )
        mime = week_of_mail(datetime(2026, 3, 2, tzinfo=UTC))[0].mime
        await asyncio.to_thread(place.exchange.deliver, mime, [PEOPLE[0]])
        await until(lambda: place.query("select count(*) from email") == [(1,)])


async def test_jobs_of_a_dead_worker_are_finished_as_failed_and_not_retried(place, monkeypatch):
    monkeypatch.setattr(worker_module, "STALLED_AFTER", timedelta(seconds=1))
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute("update mailbox set nextpasson = null")
        (worker,) = connection.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour') returning id"
        ).fetchone()
        connection.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " values ('mailboxes', 'serversync.run_mailboxes', %s, 'doing', %s)",
            ('{"claims": []}', worker),
        )
    async with Running(place.dsn):
        await until(lambda: place.query("select count(*) from procrastinate_jobs") == [(0,)])


async def test_a_worker_that_ends_leaves_no_session_behind_and_its_housekeeping_done(place, monkeypatch):
    """The thread goes on with a piece of work whose task was cancelled, and keeps its connection for the next."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def watch():
        begun.set()
        may_end.wait(40)
        ended.set()

    monkeypatch.setattr(housekeeping.outage, "watch", watch)
    place.query_and_commit("update mailbox set nextpasson = null")
    started = datetime.now(UTC)
    async with Running(place.dsn) as running:
        await until(begun.is_set)
        running.worker.stop()
        may_end.set()
    assert ended.is_set()
    await until(  # the server takes a moment to notice that a client has gone
        lambda: (
            place.query(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and backend_start > %s",
                started,
            )
            == [(0,)]
        )
    )


async def test_a_pass_by_hand_says_what_it_did(place):
    mime = week_of_mail(datetime(2026, 3, 2, tzinfo=UTC))[0].mime
    await asyncio.to_thread(place.exchange.deliver, mime, [PEOPLE[0]])
    result, error = await sync_now(place.mailboxes[PEOPLE[0]])
    assert error is None
    assert result.by_outcome == {Outcome.TRACKED: 1}


async def test_a_mailbox_that_may_not_run_is_refused_with_a_reason(place):
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute("update mailbox set emailrouteraccessapproval = 2")
    with pytest.raises(InputInvalid, match="approved"):
        await sync_now(place.mailboxes[PEOPLE[0]])
    assert place.query("select count(*) from mailbox where leaseuntil is not null") == [(0,)]


REFUSED = "exchange.authentication-failed"


async def test_two_refusals_of_a_password_stop_the_profile_until_it_is_changed(place):
    place.exchange.directory.lockout_threshold = 3
    await asyncio.to_thread(set_password, place, "guessed")
    account = place.exchange.directory.find("svc-crm@example.org")
    async with Running(place.dsn):
        await until(lambda: place.query("select stoppedon is not null from exchangeaccount") == [(True,)])
        await until(lambda: place.query("select count(*) from mailbox where leaseuntil > now()") == [(0,)])
        assert (account.is_locked, account.bad_passwords) == (False, 2)
        assert place.query(
            "select regardingobjecttypecode, count(*) from tracelog where code = %s and resolvedon is null"
            " group by 1 order by 1",
            REFUSED,
        ) == [("emailserverprofile", 1), ("mailbox", 4)]
        assert place.query("select count(*) from mailbox where not enabledforincomingemail") == [(0,)]
        await asyncio.to_thread(set_password, place, PASSWORD)
        await until(
            lambda: (
                place.query("select count(*) from mailbox where lastsuccessfulsynccompletedon > createdon")
                == [(4,)]
            )
        )
    assert place.query("select count(*) from exchangeaccount") == [(0,)]
    assert place.query("select count(*) from tracelog where resolvedon is null") == [(0,)]


async def test_a_test_of_the_connection_that_succeeds_starts_a_stopped_profile_again(place):
    await asyncio.to_thread(set_password, place, "guessed")
    async with Running(place.dsn):
        await until(lambda: place.query("select stoppedon is not null from exchangeaccount") == [(True,)])
        place.exchange.directory.find("svc-crm@example.org").password = "guessed"
        tested = await asyncio.to_thread(test_connection_of, "Exchange")
        assert tested.failure is None
        await until(
            lambda: (
                place.query("select count(*) from mailbox where lastsuccessfulsynccompletedon > createdon")
                == [(4,)]
            )
        )


def test_connection_of(name):
    from django.db import connection as django_connection

    try:
        return connection_test.examine(name)
    finally:
        django_connection.close()


test_connection_of.__test__ = False


def set_password(place, password):
    from django.db import connection

    place.profile.set_incomingpassword(password)
    place.profile.save()
    connection.close()


async def test_of_fifty_mailboxes_a_throttled_one_is_left_alone_and_keeps_no_other_waiting(place):
    for number in range(1, 47):
        place.exchange.add_mailbox(f"more{number}@example.org")
    more_mailboxes(place, 46)
    place.query_and_commit("update organization set streamingnotificationsenabled = false")
    place.exchange.throttling = ThrottlingPolicy()
    throttled, others = PEOPLE[0], [f"more{number}@example.org" for number in range(1, 47)]
    place.exchange.throttle.exhaust(SERVICE, throttled, wait=timedelta(minutes=10))
    handled = place.exchange.load.handled
    async with Running(place.dsn):
        await until(lambda: all(handled[address] >= 3 for address in others))
    # One by the pass; one more where its changes were to be subscribed in the same moment.
    assert 1 <= place.exchange.throttle.refused(SERVICE, throttled) == handled[throttled] <= 2
    assert place.query(
        "select receivingpostponeduntil > lastsyncerroroccurredon + interval '9 minutes', nextpasson > now()"
        " from mailbox where emailaddress = %s",
        throttled,
    ) == [(True, True)]
    assert place.query("select count(*) from mailbox where transientfailurecount > 0") == [(1,)]


async def test_the_lines_of_a_pass_in_the_log_have_its_id_and_so_have_its_statistics(place):
    mime = week_of_mail(datetime(2026, 3, 2, tzinfo=UTC))[0].mime
    await asyncio.to_thread(place.exchange.deliver, mime, [PEOPLE[0]])
    with capture_logs(processors=[merge_contextvars]) as lines:
        await sync_now(place.mailboxes[PEOPLE[0]])
    (line,) = [one for one in lines if one["event"] == "pass done"]
    assert place.query("select asynceventid::text from mailboxstatistics") == [(line["pass_id"],)]
    ((calls,),) = place.query("select exchangecalls from mailboxstatistics")
    assert "SyncFolderItems" in {call["operation"] for call in calls}
    assert {call["status"] for call in calls} == {200}
    assert len({UUID(call["requestid"]) for call in calls}) == len(calls), "each has an id of its own"


async def test_a_pass_that_failed_keeps_the_calls_that_it_made(place):
    await sync_now(place.mailboxes[PEOPLE[0]])
    place.exchange.directory.find(SERVICE).impersonation = False
    await sync_now(place.mailboxes[PEOPLE[0]])
    ((calls,),) = place.query("select exchangecalls from mailboxstatistics where not processresult")
    assert calls
    assert calls[-1]["requestid"]
