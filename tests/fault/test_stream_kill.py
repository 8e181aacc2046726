"""A worker that is killed while its streams are open: another takes them over, and nothing is lost."""

import signal

import psycopg

from serversync.demo.mail import week_of_mail
from tests.e2e.place import company
from tests.fault.test_incoming_kill import UNTIL, assert_each_is_tracked_once, until, worker


def test_another_worker_takes_the_streams_of_a_killed_one_over(database_dsn):
    with company(database_dsn) as place:
        with psycopg.connect(database_dsn) as connection:
            connection.execute(
                "update organization set pollingintervalinseconds = 3600, maximumidlepollingintervalinseconds = 3600"
            )
        live = "select count(*) from mailbox where streamedon is not null and nextpasson > now() + interval '50 min'"
        with worker(database_dsn) as killed:
            until(lambda: place.query(live) == [(4,)])
            (holder,) = place.query("select hostid from notificationgroup")
            with worker(database_dsn):
                until(lambda: place.query("select count(*) from procrastinate_workers") == [(2,)])
                assert place.query("select hostid from notificationgroup") == [holder]
                killed.send_signal(signal.SIGKILL)
                killed.wait(timeout=60)
                week = week_of_mail(UNTIL)
                delivered = [i for d in week for i in place.exchange.deliver(d.mime, d.to, d.received)]
                until(lambda: place.query("select count(*) from messagetrace") == [(len(delivered),)])
                assert place.query("select hostid from notificationgroup") != [holder]
        assert_each_is_tracked_once(place, sorted(delivered))
