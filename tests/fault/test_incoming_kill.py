"""A worker that is killed at any named point of the incoming pass loses nothing and doubles nothing."""

import signal
from datetime import UTC, datetime

import pytest

from serversync.core.faults import INCOMING_PASS
from serversync.demo.mail import week_of_mail
from tests.e2e.place import company
from tests.fault.workers import until, worker

UNTIL = datetime(2026, 3, 2, tzinfo=UTC)


def deliver_a_week(place):
    delivered = []
    for delivery in week_of_mail(UNTIL):
        delivered += place.exchange.deliver(delivery.mime, delivery.to, delivery.received)
    return sorted(delivered)


def assert_each_is_tracked_once(place, delivered):
    assert sorted(i for (i,) in place.query("select exchangeentryid from messagetrace")) == delivered
    assert place.query(
        "select count(*) from messagetrace where outcome not in (1, 2) or activityid is null"
    ) == [(0,)]
    assert place.query("select count(*) - count(distinct messageid) from email") == [(0,)]
    expected = len({d.mime for d in week_of_mail(UNTIL)})
    assert place.query("select count(*) from email") == [(expected,)]
    assert place.query(
        "select count(*) from email where not exists (select from activityparty p where p.activityid = email.activityid)"
    ) == [(0,)]
    counted = "select count(*) from email e where attachmentcount <> (select count(*) from activitymimeattachment a where a.activityid = e.activityid)"
    assert place.query(counted) == [(0,)]


@pytest.mark.parametrize("point", INCOMING_PASS)
def test_killed_anywhere_and_run_again_each_message_is_tracked_exactly_once(database_dsn, point):
    with company(database_dsn) as place:
        delivered = deliver_a_week(place)
        with worker(database_dsn, f"{point}=kill") as process:
            until(lambda: process.poll() is not None)
            assert process.returncode == -signal.SIGKILL
        with worker(database_dsn):
            until(lambda: place.query("select count(*) from messagetrace") == [(len(delivered),)])
        assert_each_is_tracked_once(place, delivered)


def test_a_stalled_worker_that_comes_back_writes_nothing_more(database_dsn):
    with company(database_dsn) as place:
        with worker(database_dsn) as stalled, worker(database_dsn):
            until(lambda: place.query("select count(*) from procrastinate_workers") == [(2,)])
            stalled.send_signal(signal.SIGSTOP)
            delivered = deliver_a_week(place)
            until(lambda: place.query("select count(*) from messagetrace") == [(len(delivered),)])
            stalled.send_signal(signal.SIGCONT)
            more = place.exchange.deliver(
                week_of_mail(UNTIL)[0].mime.replace(b"Message-ID: <", b"Message-ID: <again"),
                ["ada@example.org"],
            )
            until(lambda: place.query("select count(*) from messagetrace") == [(len(delivered) + 1,)])
        assert place.query("select count(*) - count(distinct (mailboxid, itemkey)) from messagetrace") == [
            (0,)
        ]
        assert len(more) == 1


def test_a_worker_that_is_terminated_gives_its_mailboxes_back(database_dsn):
    with company(database_dsn) as place:
        delivered = deliver_a_week(place)
        with worker(database_dsn) as process:
            until(lambda: place.query("select count(*) from messagetrace") == [(len(delivered),)])
        assert process.returncode == 0
        assert place.query("select count(*) from mailbox where leaseuntil > now()") == [(0,)]
