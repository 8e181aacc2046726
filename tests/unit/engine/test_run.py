"""What follows from the success or failure of a pass."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from serversync.core.errors import ConnectionRefused, LeaseLost, MailboxNotFound, ServerBusy
from serversync.engine.run import FAILURES_BEFORE_ALERT, MailboxRunner
from serversync.rules.schedule import RETRY_FLOOR
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, FakeLeases, FakeStore, a_message, a_run


class Bench:
    def __init__(self, error=None):
        self.exchange, self.store = FakeExchange(a_message("m1")), FakeStore()
        self.alerts, self.leases, self.error = FakeAlerts(), FakeLeases(), error

    @asynccontextmanager
    async def open(self, run):
        if self.error:
            raise self.error
        yield self.exchange

    async def run(self, run=None):
        runner = MailboxRunner(self.open, self.store, self.alerts, self.leases, clock=lambda: NOON)
        return await runner(run or a_run())


async def test_after_success_the_next_pass_is_due_by_the_polling_interval():
    bench = Bench()
    result, error = await bench.run(a_run(polling_floor=timedelta(minutes=5)))
    assert error is None
    assert bench.leases.finished == [(result, NOON + timedelta(minutes=5))]
    assert bench.alerts.healed == 0


async def test_a_mailbox_that_works_again_closes_its_alerts():
    bench = Bench()
    await bench.run(a_run(failures=2))
    assert bench.alerts.healed == 1


async def test_trouble_that_passes_is_silent_at_first_and_told_later():
    bench = Bench(ServerBusy(response_code="ErrorServerBusy", back_off=timedelta(seconds=77)))
    await bench.run()
    assert bench.leases.failed[0][1] == NOON + timedelta(seconds=77)
    assert bench.alerts.mailboxes == []
    await bench.run(a_run(failures=FAILURES_BEFORE_ALERT - 1))
    assert bench.alerts.mailboxes == ["exchange.busy"]


async def test_what_a_person_must_mend_about_the_mailbox_stops_it_at_once():
    bench = Bench(MailboxNotFound(mailbox="ada@example.org"))
    _, error = await bench.run()
    assert error is bench.error
    assert bench.leases.failed == [(bench.error, None)]
    assert bench.alerts.mailboxes == ["exchange.mailbox-not-found"]


async def test_what_a_person_must_mend_about_the_server_is_told_and_tried_again():
    bench = Bench(ConnectionRefused(host="mail.example.org", port=443))
    await bench.run()
    assert bench.leases.failed == [(bench.error, NOON + RETRY_FLOOR)]
    assert bench.alerts.mailboxes == ["exchange.connection-refused"]


async def test_whoever_lost_the_lease_says_nothing_about_the_mailbox():
    bench = Bench()
    bench.store.lost = True
    with pytest.raises(LeaseLost):
        await bench.run()
    assert bench.leases.failed == bench.leases.finished == bench.alerts.mailboxes == []
