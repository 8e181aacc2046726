"""Polls that ask first whether anything has changed."""

from datetime import timedelta

from serversync.engine.polling import Poll
from serversync.rules.polling import MOST_SKIPPED, Trust
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, FakeStore, a_message, a_run


class Bench:
    """One mailbox that is polled every 30 seconds."""

    def __init__(self):
        self.exchange, self.store, self.alerts = FakeExchange(), FakeStore(), FakeAlerts()
        self.run, self.now = a_run(), NOON

    async def poll(self):
        self.now += timedelta(seconds=30)
        self.listings = len(self.exchange.asked_limits)
        poll = Poll(self.run, self.exchange, self.store, self.alerts, clock=lambda: self.now)
        result = await poll()
        position = self.store.positions.get(self.run.mailboxid)
        self.run = a_run(
            mailboxid=self.run.mailboxid, position=position, listed_once=True, watch=result.watch
        )
        self.listings = len(self.exchange.asked_limits) - self.listings
        return result

    async def prove(self):
        """Poll until the mark is believed."""
        await self.poll()
        self.exchange.arrive(a_message("m0"))
        await self.poll()
        await self.poll()
        assert self.run.watch.trust is Trust.PROVEN


async def test_an_idle_poll_is_one_question():
    bench = Bench()
    await bench.prove()
    asked = bench.exchange.marks_asked
    await bench.poll()
    assert (bench.listings, bench.exchange.marks_asked - asked) == (0, 1)


async def test_what_arrives_is_read_by_the_next_poll():
    bench = Bench()
    await bench.prove()
    await bench.poll()
    bench.exchange.arrive(a_message("m1"))
    result = await bench.poll()
    assert (result.processed, bench.store.count()) == (1, 2)
    await bench.poll()
    assert bench.listings == 1, "the mark is not settled yet"
    await bench.poll()
    assert bench.listings == 0


async def test_a_mailbox_without_a_proven_mark_is_listed_and_not_asked():
    bench = Bench()
    bench.exchange.mark = lambda: "constant"
    for number in range(5):
        bench.exchange.arrive(a_message(f"m{number}"))
        await bench.poll()
        asked = bench.exchange.marks_asked
        await bench.poll()
        assert (bench.listings, bench.exchange.marks_asked) == (1, asked)
    assert bench.store.count() == 5


async def test_a_server_without_marks_is_asked_once():
    bench = Bench()
    bench.exchange.mark = lambda: None
    for _ in range(3):
        await bench.poll()
    assert (bench.exchange.marks_asked, bench.listings) == (1, 1)


async def test_a_server_that_starts_to_lie_is_found_out_and_nothing_is_lost():
    bench = Bench()
    await bench.prove()
    frozen = bench.exchange.mark()
    bench.exchange.mark = lambda: frozen
    bench.exchange.arrive(a_message("m1"))
    polls = 0
    while bench.store.count() < 2:
        await bench.poll()
        polls += 1
    assert polls == MOST_SKIPPED + 1
    assert bench.run.watch.trust is Trust.REFUTED
    assert bench.alerts.mailboxes == ["exchange.change-mark-wrong"]
    bench.exchange.arrive(a_message("m2"))
    await bench.poll()
    assert bench.store.count() == 3


async def test_what_arrives_between_question_and_listing_is_no_lie():
    bench = Bench()
    await bench.prove()
    for _ in range(MOST_SKIPPED):
        await bench.poll()
    honest = bench.exchange.mark
    told = [honest()]
    bench.exchange.mark = lambda: told.pop() if told else honest()
    bench.exchange.arrive(a_message("m1"))
    await bench.poll()
    assert bench.store.count() == 2
    assert bench.run.watch.trust is Trust.PROVEN
    assert bench.alerts.mailboxes == []
