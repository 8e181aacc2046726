"""Whoever locks several rows does it in one order: nobody holds a later one while waiting for an earlier one."""

import asyncio
import threading

import psycopg
import pytest
from django.db import connection as of_this_thread
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_leases
from serversync.adapters.act_leases import ActLeasesOnPostgres
from serversync.adapters.notification_groups import NotificationGroups
from serversync.administration import actor as actors
from serversync.administration import jobs, mailboxes, profiles, synchronization
from serversync.core.clock import now
from serversync.core.errors import ServerBusy
from serversync.crm.models import AsyncOperation, ExchangeSyncMailbox, Mailbox, Organization
from serversync.engine.act_run import ActOutcome
from tests.adapters.conftest import LEASE

PATIENCE = 60
IN_THE_ORDER_OF_THE_HEAP = """
    set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off; set enable_mergejoin = off
"""
"""So that whoever asks for no order is given the later row first, whatever the planner knows of the tables."""


@pytest.fixture
def pair(world):
    """Both mailboxes, the one with the lower id first; whoever asks for no order finds it last."""
    Organization.objects.update(defaultemailserverprofileid=world.profile)
    world.profile.incomingserverlocation = "https://mail.example.org/EWS/Exchange.asmx"
    world.profile.incomingusername = "svc@example.org"
    world.profile.set_incomingpassword("a password")
    world.profile.save()
    first, second = sorted((world.mailbox, world.other_mailbox))
    ExchangeSyncMailbox.objects.update(plan={}, nextpasson="2026-01-01T00:00:00Z")
    for one in (second, first):
        ExchangeSyncMailbox.objects.filter(pk=one).update(failures=0)
        Mailbox.objects.filter(pk=one).update(actdeliverymethod=1, enabledforact=True)
    return first, second


def both(pair):
    """As a person may have ticked them."""
    return [Mailbox.objects.get(pk=one) for one in reversed(pair)]


class Waiting:
    """Something that is done in a thread and finds a row locked."""

    def __init__(self, dsn, act):
        self._dsn = dsn
        self._act = act
        self._failures = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            with of_this_thread.cursor() as cursor:
                cursor.execute(IN_THE_ORDER_OF_THE_HEAP)
            with actors.acting(actors.INSTALLATION):
                self._act()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            self._failures.append(error)
        finally:
            of_this_thread.close()
            self._ended.set()

    def holds(self, held, wanted):
        """Whether it holds one row, a table and an id, when it has come to wait for another."""
        with (
            psycopg.connect(self._dsn) as connection,
            psycopg.connect(self._dsn, autocommit=True) as observer,
        ):
            self._lock(connection, *held)
            self._thread.start()
            try:
                while not self._is_waited_for(connection, observer):
                    assert not self._ended.wait(0.01), f"it waits for nothing: {self._failures}"
                self._lock(connection, *wanted, how="nowait")
            except psycopg.errors.LockNotAvailable:
                return True
            finally:
                connection.rollback()
                self._thread.join(PATIENCE)
        assert self._ended.is_set()
        if self._failures:
            raise self._failures[0]
        return False

    def _lock(self, connection, table, key, how=""):
        connection.execute(f"select from {table} where mailboxid = %s for no key update {how}", (key,))

    def _is_waited_for(self, connection, observer):
        (answer,) = observer.execute(
            "select exists (select from pg_stat_activity where %s = any(pg_blocking_pids(pid)))",
            (connection.info.backend_pid,),
        ).fetchone()
        return answer


ACTS = {
    "apply-defaults": lambda pair, _: mailboxes.apply_defaults(both(pair)),
    "edit": lambda pair, _: mailboxes.edit(both(pair), {"isforwardmailbox": False}),
    "approve": lambda pair, _: mailboxes.approve(both(pair)),
    "primary": lambda pair, _: mailboxes.mark_primary(both(pair), primary=True),
    "sync": lambda pair, _: mailboxes.make_due(both(pair)),
    "test": lambda pair, _: jobs.start("test-enable", both(pair)),
    "cancel": lambda *_: jobs.cancel(AsyncOperation.objects.get()),
    "location": lambda _, world: profiles.edit(world.profile.name, {"useautodiscover": True}),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_people_do_with_several_mailboxes_locks_them_in_order(world, pair, act):
    if act == "cancel":
        jobs.start("test-enable", both(pair))
    first, second = pair
    waiting = Waiting(world.dsn, lambda: ACTS[act](pair, world))
    assert not waiting.holds(("mailbox", first), ("mailbox", second))


@pytest.mark.parametrize("act", [synchronization.approve_plan, mailboxes.make_due])
def test_what_people_do_with_several_schedules_locks_them_in_order(world, pair, act):
    chosen = both(pair)
    first, second = (("exchangesyncmailbox", one) for one in pair)
    assert not Waiting(world.dsn, lambda: act(chosen)).holds(first, second)


def with_pool(world, act):
    async def perform():
        async def prepare(connection):
            await connection.execute(IN_THE_ORDER_OF_THE_HEAP)

        async with AsyncConnectionPool(
            world.dsn, min_size=1, max_size=2, open=False, kwargs={"autocommit": True}, configure=prepare
        ) as pool:
            await act(pool)

    return lambda: asyncio.run(perform())


async def claim_of_act(pool, mailboxid):
    async with pool.connection() as connection:
        fence = await act_leases.claim_one(connection, mailboxid, host="w1", lease=LEASE)
    return await ActLeasesOnPostgres(pool, host="w1", lease=LEASE).begin(mailboxid, fence)


@pytest.mark.parametrize("succeeds", [True, False])
async def test_the_end_of_a_pass_holds_no_schedule_while_it_waits_for_the_mailbox(
    world, pair, pool, succeeds
):
    first, _ = pair
    claim = await claim_of_act(pool, first)

    async def end(pool):
        leases = ActLeasesOnPostgres(pool, host="w1", lease=LEASE)
        if succeeds:
            await leases.finish(claim, ActOutcome(), next_pass=now())
        else:
            await leases.fail(
                claim, ActOutcome(), ServerBusy(response_code="ErrorServerBusy"), next_pass=now()
            )

    waiting = Waiting(world.dsn, with_pool(world, end))
    assert not await asyncio.to_thread(waiting.holds, ("mailbox", first), ("exchangesyncmailbox", first))


@pytest.mark.parametrize("act", ["drop", "give_back", "wake"])
async def test_what_is_done_for_groups_locks_their_mailboxes_in_order(world, pair, pool, act):
    groups = NotificationGroups(pool, host="w1", lease=LEASE)
    async with pool.connection() as connection:
        await connection.execute("update mailbox set ewsurl = 'https://mail.example.org/EWS/Exchange.asmx'")
        await connection.execute("update emailserverprofile set useautodiscover = true")
    joined = await groups.gather([])
    assert sum(map(len, joined.values())) == len(pair)
    for one in reversed(pair):  # whoever asks for no order finds the later one first, again
        async with pool.connection() as connection:
            await connection.execute("update mailbox set modifiedon = now() where mailboxid = %s", (one,))
    own = list(joined)

    async def perform(pool):
        groups = NotificationGroups(pool, host="w1", lease=LEASE)
        if act == "drop":
            async with pool.connection() as connection:
                await connection.execute("update emailserverprofile set statecode = 1, statuscode = 2")
            await groups.drop([group.groupid for group in own])
        elif act == "give_back":
            await groups.give_back(own)
        else:
            await groups.wake(list(reversed(pair)), list(reversed(pair)))

    first, second = pair
    waiting = Waiting(world.dsn, with_pool(world, perform))
    assert not await asyncio.to_thread(waiting.holds, ("mailbox", first), ("mailbox", second))
