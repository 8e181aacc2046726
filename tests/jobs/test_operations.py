"""Jobs: each mailbox comes to its end once, whatever happens to the workers, and what came of it is written with it."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from serversync.administration import (
    actor,
    alerts,
    audit,
    bulk,
    jobs,
    mailboxes,
    organization,
    people,
    profiles,
)
from serversync.administration.enabling import Direction, Trial
from serversync.core import clock, faults
from serversync.core.errors import ImpersonationDenied, InputInvalid, PrivilegeMissing, ServerUnreachable
from serversync.crm.models import (
    AsyncOperation,
    AsyncOperationItem,
    Audit,
    EmailServerProfile,
    Mailbox,
    SystemUser,
    TraceLog,
)
from serversync.jobs import operations
from serversync.jobs.operations import OperationRunner
from serversync.jobs.worker import open_pool
from tests.jobs.operations_process import NoServer

PROFILE: profiles.ProfileEntries = {
    "incomingserverlocation": "mail.example.org",
    "incomingusername": "svc-crm@example.org",
    "incomingpassword": "planted-Secret-4711",
}
LEASE = timedelta(seconds=30)


def found(count: int) -> list[Mailbox]:
    """A profile with so many approved mailboxes of users."""
    profiles.add("Exchange", PROFILE)
    organization.change("defaultemailserverprofileid", "Exchange")
    for number in range(1, count + 1):
        SystemUser.objects.create_user(
            f"user{number}@example.org", internalemailaddress=f"user{number}@example.org"
        )
    Mailbox.objects.update(emailrouteraccessapproval=1)
    return list(Mailbox.objects.order_by("emailaddress"))


@pytest.fixture(autouse=True)
async def _own_thread():
    """Closes the connection of the thread in which the runner asks the database."""
    yield
    await sync_to_async(connections.close_all)()


class Answers:
    """An Exchange that answers with an error, or well; it remembers who was tried."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.tried = []

    async def __call__(self, _connections, asked):
        self.tried.append(asked.address)
        error = self.errors.pop(0) if self.errors else None
        return Trial(asked.address, 1, folder="Inbox", error=error)


async def work(dsn, exchange, *, rounds=1, lease=LEASE):
    async with open_pool(dsn) as pool:
        runner = OperationRunner(
            pool, NoServer, host="w1", lease=lease, trials={Direction.INCOMING: exchange}
        )
        for _ in range(rounds):
            while await runner.step():
                await runner.settle()


def progress(job):
    (state,) = jobs.states([AsyncOperation.objects.get(pk=job.pk)])
    return state


start = sync_to_async(jobs.start)
mailboxes_of = sync_to_async(found)
state_of = sync_to_async(progress)


async def test_a_job_tests_every_mailbox_and_enables_those_that_answer(database_dsn):
    chosen = await mailboxes_of(3)
    job = await start(bulk.TEST_ENABLE, chosen)
    exchange = Answers(None, ImpersonationDenied(account="svc", mailbox="user2@example.org"))
    await work(database_dsn, exchange)
    state = await state_of(job)
    assert (state.progress.succeeded, state.progress.failed, state.job.statuscode) == (2, 1, 31)
    rows = await sync_to_async(list)(
        Mailbox.objects.order_by("emailaddress").values_list("incomingemailstatus", "enabledforincomingemail")
    )
    assert sorted(rows) == [(1, True), (1, True), (2, False)]
    assert Counter(exchange.tried) == Counter(box.emailaddress for box in chosen)


async def test_directions_without_a_trial_stay_not_run(database_dsn):
    job = await start(bulk.TEST_ENABLE, await mailboxes_of(1))
    await work(database_dsn, Answers())
    box = await sync_to_async(Mailbox.objects.get)()
    assert (box.incomingemailstatus, box.outgoingemailstatus, box.actstatus) == (1, 0, 0)
    assert (await state_of(job)).job.statuscode == 30


async def test_owners_of_mailbox_and_profile_are_told_and_it_heals(database_dsn):
    chosen = await mailboxes_of(1)
    dora = await sync_to_async(SystemUser.objects.create_user)("dora@example.org")
    await sync_to_async(EmailServerProfile.objects.update)(ownerid=dora)
    await start(bulk.TEST_ENABLE, chosen)
    await work(database_dsn, Answers(ImpersonationDenied(account="svc", mailbox="user1@example.org")))
    open_alerts = await sync_to_async(list)(
        TraceLog.objects.filter(resolvedon=None).order_by("regardingobjecttypecode")
    )
    assert [(one.regardingobjecttypecode, one.regardingobjectownerid_id) for one in open_alerts] == [
        ("emailserverprofile", dora.pk),
        ("mailbox", chosen[0].ownerid_id),
    ]
    await start(bulk.TEST_ENABLE, chosen)
    await work(database_dsn, Answers())
    (alert,) = await sync_to_async(list)(TraceLog.objects.filter(resolvedon=None))
    assert (alert.code, alert.regardingobjectownerid_id) == (alerts.TEST_SUCCEEDED, chosen[0].ownerid_id)


async def test_trouble_that_may_pass_is_tried_again_later_without_an_alert(database_dsn):
    job = await start(bulk.TEST_ENABLE, await mailboxes_of(1))
    exchange = Answers(ServerUnreachable(host="mail.example.org", reason="no answer", port=443))
    await work(database_dsn, exchange)
    state = await state_of(job)
    assert (state.progress.done, state.progress.again) == (0, 1)
    assert not await sync_to_async(TraceLog.objects.exists)()
    box = await sync_to_async(Mailbox.objects.get)()
    assert box.testemailconfigurationretrycount == 1
    assert box.postponetestemailconfigurationuntil > clock.now() + timedelta(minutes=4)
    await sync_to_async(AsyncOperationItem.objects.update)(dueon=clock.now())
    await work(database_dsn, exchange)
    assert (await state_of(job)).job.statuscode == 30


async def test_trouble_that_never_passes_counts_in_the_end(database_dsn, monkeypatch):
    monkeypatch.setattr(operations, "MOST_ATTEMPTS", 2)
    monkeypatch.setattr(operations, "RETRY_AFTER", timedelta(0))
    job = await start(bulk.TEST_ENABLE, await mailboxes_of(1))
    trouble = [ServerUnreachable(host="mail.example.org", reason="no answer", port=443) for _ in range(9)]
    exchange = Answers(*trouble)
    await work(database_dsn, exchange, rounds=3)
    assert (await state_of(job)).progress.failed == 1
    assert len(exchange.tried) == 2
    assert await sync_to_async(TraceLog.objects.filter(regardingobjecttypecode="mailbox").count)() == 1


async def test_what_has_to_be_set_up_first_fails_with_its_remedy_and_asks_nobody(database_dsn):
    chosen = await mailboxes_of(1)
    await sync_to_async(mailboxes.reject)(chosen)
    job = await start(bulk.TEST_ENABLE, chosen)
    exchange = Answers()
    await work(database_dsn, exchange)
    (item,) = await sync_to_async(lambda: list(jobs.failures(job)))()
    assert "rejected" in item.message
    assert exchange.tried == []


async def test_applying_defaults_tests_afterwards_where_it_was_ticked(database_dsn):
    chosen = await mailboxes_of(2)
    await sync_to_async(Mailbox.objects.update)(emailserverprofile=None)
    job = await start("apply-defaults", chosen, {bulk.THEN_TEST: True})
    exchange = Answers()
    await work(database_dsn, exchange)
    assert (await state_of(job)).progress.succeeded == 2
    assert len(exchange.tried) == 2
    assert await sync_to_async(Mailbox.objects.filter(emailserverprofile=None).count)() == 0


async def test_a_job_acts_with_the_privileges_its_owner_has_by_then(database_dsn):
    def begin():
        chosen = found(1)
        dora = people.add("dora", administrator=True)
        people.add("other", administrator=True)
        with actor.acting(actor.Actor(dora, channel="web")):
            job = jobs.start("reject", chosen)
        people.edit(dora, roles=["Salesperson"])
        return job

    job = await sync_to_async(begin)()
    await work(database_dsn, Answers())
    (item,) = await sync_to_async(lambda: list(jobs.failures(job)))()
    assert item.code == PrivilegeMissing.code
    assert (
        await sync_to_async(Mailbox.objects.get)(emailaddress="user1@example.org")
    ).emailrouteraccessapproval == 1


async def test_a_cancelled_job_leaves_out_what_waits(database_dsn):
    job = await start(bulk.TEST_ENABLE, await mailboxes_of(4))
    exchange = Answers()
    async with open_pool(database_dsn) as pool:
        runner = OperationRunner(pool, NoServer, host="w1", trials={Direction.INCOMING: exchange})
        await sync_to_async(jobs.cancel)(job)
        assert await runner.step() == 0
    state = await state_of(job)
    assert (state.job.statuscode, state.progress.canceled) == (32, 4)
    assert not await sync_to_async(Mailbox.objects.filter(testemailconfigurationscheduled=True).exists)()
    with pytest.raises(InputInvalid, match="over already"):
        await sync_to_async(jobs.cancel)(job)


async def test_what_was_overtaken_is_written_down_also_where_the_test_is_put_off(database_dsn):
    (box,) = await mailboxes_of(1)
    await sync_to_async(Mailbox.objects.update)(actdeliverymethod=1)
    await start(bulk.TEST_ENABLE, [box])

    async def overtakes(_connections, asked):
        return Trial(asked.address, 1, overtaken="Theirs (7)")

    silent = Answers(ServerUnreachable(host="mail.example.org", reason="no answer", port=443))
    async with open_pool(database_dsn) as pool:
        trials = {Direction.INCOMING: silent, Direction.ACT: overtakes}
        runner = OperationRunner(pool, NoServer, host="w1", trials=trials)
        await runner.step()
        await runner.settle()
    (noted,) = await sync_to_async(list)(Audit.objects.filter(act="mailbox.overtake"))
    assert noted.objectid == box.pk
    assert audit.told(noted) == "organization: Theirs (7)"


async def test_a_worker_that_was_away_writes_nothing(database_dsn):
    job = await start(bulk.TEST_ENABLE, await mailboxes_of(1))
    taken_over = Answers()

    def take_over():
        AsyncOperationItem.objects.update(leasefence=99)

    async def late(connections, asked):
        await sync_to_async(take_over)()
        return await taken_over(connections, asked)

    async with open_pool(database_dsn) as pool:
        runner = OperationRunner(pool, NoServer, host="w1", trials={Direction.INCOMING: late})
        await runner.step()
        await runner.settle()
    assert (await state_of(job)).progress.done == 0
    assert (await sync_to_async(Mailbox.objects.get)()).incomingemailstatus == 0


async def test_a_mailbox_that_is_deleted_meanwhile_does_not_hold_the_job_up(database_dsn):
    chosen = await mailboxes_of(2)
    job = await start(bulk.TEST_ENABLE, chosen)
    await sync_to_async(lambda: SystemUser.objects.filter(pk=chosen[0].regardingobjectid).delete())()
    await work(database_dsn, Answers())
    state = await state_of(job)
    assert (state.progress.succeeded, state.progress.canceled, state.job.statecode) == (1, 1, 3)


async def test_a_mailbox_that_breaks_the_workers_is_left_alone_in_the_end(database_dsn):
    job = await start(bulk.TEST_ENABLE, await mailboxes_of(1))
    await sync_to_async(AsyncOperationItem.objects.update)(attempts=operations.MOST_BEGUN)
    exchange = Answers()
    await work(database_dsn, exchange)
    assert exchange.tried == []
    assert (await state_of(job)).progress.failed == 1


def test_a_salesperson_starts_a_job_on_the_own_mailbox_only(database_dsn):
    ada, ben = found(2)
    user = SystemUser.objects.get(pk=ada.regardingobjectid)
    with actor.acting(actor.Actor(user, channel="web")):
        own = jobs.start(bulk.TEST_ENABLE, [ada])
        with pytest.raises(PrivilegeMissing):
            jobs.start(bulk.TEST_ENABLE, [ada, ben])
        assert jobs.find(str(own.pk)) == own
    other = SystemUser.objects.get(pk=ben.regardingobjectid)
    with actor.acting(actor.Actor(other, channel="web")):
        assert jobs.find_all() == []


@pytest.mark.timeout(900)
def test_five_thousand_mailboxes_killed_twice_are_each_tested_to_the_end_once(database_dsn, tmp_path):
    count = int(os.environ.get("SERVERSYNC_TEST_VOLUME", "5000"))
    _many(count)
    job = jobs.start(bulk.TEST_ENABLE, list(Mailbox.objects.all()))
    seen = []

    def run(fault):
        environment = os.environ | {"DATABASE_URL": database_dsn, **fault}
        return subprocess.Popen([sys.executable, "-m", "tests.jobs.operations_process"], env=environment)

    for point in faults.JOB:
        process = run({"SERVERSYNC_FAULT": f"{point}=kill@{count // 5}"})
        assert process.wait(400) == -signal.SIGKILL
        seen.append(progress(job).progress.done)
    process = run({})
    try:
        while (state := progress(job)).job.statecode != 3:
            seen.append(state.progress.done)
            assert process.poll() is None
            time.sleep(0.2)
    finally:
        process.kill()
        process.wait()
    assert seen == sorted(seen), "progress went backwards"
    assert 0 < seen[0] < seen[1] < count, "it was not killed on its way"
    assert (state.progress.succeeded, state.progress.failed) == (count - count // 10, count // 10)
    # Each mailbox came to its end once: one information or one error, told once.
    told = Counter(
        TraceLog.objects.filter(regardingobjecttypecode="mailbox").values_list("occurrences", flat=True)
    )
    assert told == {1: count}
    with psycopg.connect(database_dsn) as connection:
        again = connection.execute("select count(*) from asyncoperationitem where attempts > 1").fetchone()
    assert again is not None
    assert 0 < again[0] <= 2 * operations.CLAIMED


def _many(count):
    """So many users with their mailboxes, by plain SQL."""
    profiles.add("Exchange", PROFILE)
    organization.change("defaultemailserverprofileid", "Exchange")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "insert into systemuser (systemuserid, domainname, fullname, internalemailaddress, createdon, modifiedon)"
            " select gen_random_uuid(), 'user' || n || '@example.org', 'User ' || n, 'user' || n || '@example.org',"
            " now(), now() from generate_series(1, %s) n",
            [count],
        )
        cursor.execute("update mailbox set emailrouteraccessapproval = 1")
