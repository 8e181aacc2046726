"""An e-mail leaves once, whatever breaks."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from serversync.core import faults
from serversync.core.errors import (
    AuthenticationFailed,
    LeaseLost,
    MailboxFull,
    RecipientsRefused,
    SendingDenied,
    ServerBusy,
)
from serversync.engine.outgoing import DeliveryRunner, Outcome
from serversync.rules.email.sending import Place, Stage
from tests.unit.engine.sending_fakes import (
    FILE,
    IN_FLIGHT,
    Clock,
    FakeAlerts,
    FakeDeliveries,
    FakeExchange,
    Killed,
    lost_answer,
)


class World:
    """One e-mail, one mailbox, and workers that come and go."""

    def __init__(self, *, files=(FILE,), keep_copy: bool = True) -> None:
        self.clock = Clock()
        self.exchange = FakeExchange()
        self.deliveries = FakeDeliveries(self.clock, files=files, keep_copy=keep_copy)
        self.alerts = FakeAlerts()
        self.runner = DeliveryRunner(self._open, self.deliveries, self.alerts, clock=self.clock)

    @asynccontextmanager
    async def _open(self, run):
        yield self.exchange

    async def run(self) -> Outcome | None:
        """Claim and run once; ``None`` where the worker was killed."""
        try:
            outcome, _ = await self.runner(self.deliveries.claim())
        except Killed:
            return None
        return outcome

    async def run_until_quiet(self) -> None:
        """Come back whenever it is due, or a lease has ended, until nothing is left to do."""
        for _ in range(40):
            if self.deliveries.message_id or self.deliveries.status == "failed" or self.deliveries.stopped:
                return
            await self.run()
            self.clock.pass_by(timedelta(minutes=2))
            self.exchange.empty_outbox()
        raise AssertionError("it never came to an end")

    def expect_sent_once(self) -> None:
        stamp = self.deliveries.message.activityid
        names = tuple(file.name for file in self.deliveries.message.files)
        assert self.exchange.received == [(stamp, names)]
        assert self.deliveries.status == "sent"
        assert not [i for i in self.exchange.items.values() if i.place is Place.DRAFTS], "no left-overs"


async def test_an_email_is_sent_and_its_message_id_known() -> None:
    world = World()
    assert await world.run() is Outcome.SENT
    world.expect_sent_once()
    assert world.deliveries.message_id


@pytest.mark.parametrize("point", faults.OUTGOING_DELIVERY)
async def test_killed_anywhere_it_is_sent_once_in_the_end(point: str) -> None:
    world = World()

    def kill() -> None:
        raise Killed

    with faults.arm(point, kill):
        assert await world.run() is None
    await world.run_until_quiet() if point != "outgoing.finished" else None
    world.expect_sent_once()


@pytest.mark.parametrize(
    "where",
    [f"{name}-{side}" for name in ("draft", "attach", "send") for side in ("before", "after")]
    + ["find-copy"],
)
async def test_an_answer_that_is_lost_is_looked_up_and_not_asked_for_again(where: str) -> None:
    world = World()
    world.exchange.trouble = lost_answer(where)
    assert await world.run() is Outcome.POSTPONED
    await world.run_until_quiet()
    world.expect_sent_once()


async def test_a_request_to_send_that_is_still_on_its_way_is_not_overtaken() -> None:
    world = World(files=())
    world.exchange.trouble = lost_answer("send-before")
    await world.run()
    (draft,) = world.exchange.items
    world.exchange.late.append(draft)
    assert await world.run() is Outcome.WAITING, "the server may still be at work on it"
    world.exchange.deliver_late()
    world.clock.pass_by(IN_FLIGHT)
    await world.run_until_quiet()
    world.expect_sent_once()


async def test_a_worker_that_comes_back_from_the_dead_changes_nothing() -> None:
    world = World(files=())
    old = world.deliveries.claim()
    await world.run_until_quiet()
    with pytest.raises(LeaseLost):
        await world.runner(old)
    world.expect_sent_once()


async def test_a_message_in_the_outbox_is_waited_for() -> None:
    world = World(files=())
    world.exchange.waits_in_outbox = True
    assert await world.run() is Outcome.SENT
    assert world.deliveries.message_id is None
    assert await world.run() is Outcome.WAITING
    world.exchange.empty_outbox()
    await world.run_until_quiet()
    world.expect_sent_once()


async def test_a_copy_that_shall_not_stay_is_removed_after_it_was_read() -> None:
    world = World(keep_copy=False)
    await world.run_until_quiet()
    world.expect_sent_once()
    assert world.deliveries.message_id
    assert not world.exchange.items


async def test_a_draft_that_is_gone_without_a_trace_was_sent() -> None:
    world = World(files=())
    world.exchange.keeps_copies = False
    world.exchange.trouble = lost_answer("send-after")
    await world.run()
    world.clock.pass_by(IN_FLIGHT)
    assert await world.run() is Outcome.SENT
    assert len(world.exchange.received) == 1


async def test_a_draft_that_a_person_took_away_is_not_sent_behind_his_back() -> None:
    world = World(files=())
    world.exchange.trouble = lost_answer("send-before")
    await world.run()
    for item in world.exchange.items.values():
        item.place = Place.ELSEWHERE
    world.clock.pass_by(IN_FLIGHT)
    assert await world.run() is Outcome.FAILED
    assert (world.alerts.said, world.exchange.received) == (["email sending.draft-withdrawn"], [])
    assert world.deliveries.stage is Stage.PREPARING, "when it is sent again, it begins anew"


def refusal(error, where: str):
    def trouble(point: str) -> None:
        if point == where:
            raise error

    return trouble


@pytest.mark.parametrize("error", [RecipientsRefused(), SendingDenied(mailbox="x")])
async def test_a_definite_refusal_fails_the_email_and_leaves_no_draft(error) -> None:
    world = World(files=())
    world.exchange.trouble = refusal(error, "send-before")
    assert await world.run() is Outcome.FAILED
    assert (world.deliveries.status, world.deliveries.error) == ("failed", error)
    assert world.deliveries.stage is Stage.PREPARING
    assert not world.exchange.items
    assert world.alerts.said == [f"email {error.code}"]


async def test_a_full_mailbox_waits_for_room() -> None:
    world = World(files=())
    world.exchange.trouble = refusal(MailboxFull(mailbox="x"), "draft-before")
    assert await world.run() is Outcome.POSTPONED
    assert world.alerts.said == ["sender exchange.mailbox-full"]
    world.exchange.trouble = lambda _: None
    await world.run_until_quiet()
    world.expect_sent_once()


async def test_a_pause_that_exchange_asks_for_is_kept() -> None:
    world = World(files=())
    pause = timedelta(minutes=7)
    world.exchange.trouble = refusal(ServerBusy(back_off=pause), "draft-before")
    await world.run()
    assert world.deliveries.due == world.clock() + pause


async def test_what_only_a_person_can_mend_stops_the_mailbox_and_the_email_waits() -> None:
    world = World(files=())
    world.exchange.trouble = refusal(AuthenticationFailed(host="x"), "draft-before")
    assert await world.run() is Outcome.STOPPED
    assert world.deliveries.stopped
    assert world.deliveries.status == "pending"


async def test_it_is_given_up_after_enough_attempts_but_never_while_it_may_have_been_sent() -> None:
    world = World(files=())
    world.exchange.trouble = refusal(ServerBusy(), "draft-before")
    for _ in range(9):
        assert await world.run() is Outcome.POSTPONED
    assert await world.run() is Outcome.FAILED
    doubtful = World(files=())
    doubtful.exchange.trouble = lost_answer("send-after")
    doubtful.deliveries.attempts = 50
    assert await doubtful.run() is Outcome.POSTPONED
    await doubtful.run_until_quiet()
    doubtful.expect_sent_once()
