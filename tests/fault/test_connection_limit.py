"""The limit of concurrent connections holds exactly over worker processes: under load, changed, killed, stalled.

Without streams, which have a connection of their own and may ask for a mailbox while it is read: what they and all
others use together is in ``tests/jobs/test_shared_limit.py``.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from serversync.simulator import Fault
from tests.e2e.place import SERVICE, company

ROOT = Path(__file__).parents[2]
MAILBOXES = 40
LEASE = 3.0
REQUESTS_A_SECOND = 10


@contextmanager
def workers(dsn, count):
    """Give worker processes by id."""
    environment = {**os.environ, "DATABASE_URL": dsn, "WORKER_LEASE": str(LEASE)}
    command = [sys.executable, "-m", "tests.fault.worker_process"]
    started = [subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(count)]
    try:
        yield {process.pid: process for process in started}
    finally:
        for process in started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in started:
            process.wait(timeout=60)


def until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def place(database_dsn):
    """A company with many mailboxes, whose server takes its time, so that connections are what is scarce."""
    with company(database_dsn) as place:
        for number in range(MAILBOXES):
            place.exchange.add_mailbox(f"more{number}@example.org")
        place.query_and_commit(
            "insert into mailbox (name, emailaddress, isforwardmailbox, emailserverprofile, nextpasson,"
            " incomingemaildeliverymethod, emailrouteraccessapproval)"
            " select 'more', 'more' || n || '@example.org', true, %s, now(), 2, 1 from generate_series(0, %s) n",
            place.profile.pk,
            MAILBOXES - 1,
        )
        place.query_and_commit("update organization set streamingnotificationsenabled = false")
        place.slow = Fault(operation="SyncFolderItems", times=None)
        place.exchange.faults.add(place.slow)
        yield place


class Watch:
    """What the server sees of the profile's account."""

    def __init__(self, place):
        self.place, self.load = place, place.exchange.load

    def limit(self, connections):
        """Set the limit; the server takes the longer for an answer, so that workers can use all connections at once."""
        self.place.slow.delay = connections / REQUESTS_A_SECOND
        self.place.query_and_commit(
            "update emailserverprofile set maxconcurrentconnections = %s", connections
        )

    @property
    def now(self):
        return self.load.requests[SERVICE]

    @property
    def most(self):
        return self.load.most_requests[SERVICE]

    @property
    def leased(self):
        ((count,),) = self.place.query(
            "select coalesce(sum(connections), 0) from connectionslot where leaseuntil > now()"
        )
        return count

    def until_all_were_handled_again(self):
        before = dict(self.load.handled)
        addresses = [f"more{number}@example.org" for number in range(MAILBOXES)]
        until(lambda: all(self.load.handled[one] > before.get(one, 0) for one in addresses))

    def reaches_exactly(self, connections):
        """Wait until so many are used at once, and go on for a while: it is never more."""
        self.load.forget_peaks()
        until(lambda: self.most >= connections)
        self.until_all_were_handled_again()
        assert self.most == connections


def pid_of_a_busy_worker(place):
    def busy():
        return place.query("select hostid from connectionslot where leaseuntil > now() and connections > 0")

    until(busy)
    return int(busy()[0][0].rpartition("/")[2])


def stop_one_that_is_asking(watch, processes, connections):
    """Stop a worker whose requests have all reached the server, and return its id; ``None`` where that is not certain.

    Where every connection is in use, none of them is about to be.
    """
    pid = pid_of_a_busy_worker(watch.place)
    processes[pid].send_signal(signal.SIGSTOP)
    if watch.now < connections:
        processes[pid].send_signal(signal.SIGCONT)
        return None
    return pid


def kill_one_that_is_asking(watch, processes, connections):
    """Kill a worker with a request under way; ``False`` where it has none."""
    pid = stop_one_that_is_asking(watch, processes, connections)
    if pid is None:
        return False
    processes[pid].kill()
    processes[pid].wait()
    return True


def test_four_workers_hold_the_limit_also_while_it_changes_and_one_is_killed(place):
    watch = Watch(place)
    watch.limit(10)
    with workers(place.dsn, 4) as processes:
        until(lambda: place.query("select count(*) from procrastinate_workers") == [(4,)])
        watch.reaches_exactly(10)
        watch.limit(4)
        until(lambda: watch.leased <= 4)
        watch.reaches_exactly(4)
        cut_off = watch.load.cut_off[SERVICE]
        until(lambda: kill_one_that_is_asking(watch, processes, 4))
        until(lambda: watch.load.cut_off[SERVICE] > cut_off)
        watch.until_all_were_handled_again()
        assert watch.most == 4
        watch.limit(20)
        watch.reaches_exactly(20)
    assert set(watch.load.most_by_mailbox.values()) == {1}, "no mailbox is read twice at the same time"


def test_a_stalled_worker_that_comes_back_does_not_exceed_the_limit(place):
    watch = Watch(place)
    watch.limit(4)
    with workers(place.dsn, 2) as processes:
        until(lambda: place.query("select count(*) from procrastinate_workers") == [(2,)])
        watch.reaches_exactly(4)
        stopped = []
        until(lambda: stopped.append(stop_one_that_is_asking(watch, processes, 4)) or stopped[-1])
        stalled = stopped[-1]
        of_the_stalled = f"%/{stalled}"
        until(
            lambda: (
                place.query(
                    "select count(*) from connectionslot where hostid like %s and leaseuntil > now()",
                    of_the_stalled,
                )
                == [(0,)]
            )
        )
        watch.reaches_exactly(4)
        processes[stalled].send_signal(signal.SIGCONT)
        watch.until_all_were_handled_again()
        assert watch.most == 4
