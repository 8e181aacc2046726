"""Whatever breaks, in whatever order: an e-mail that is reported as sent was received once, and none twice."""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from serversync.core.errors import ConnectionLost, LeaseLost, RecipientsRefused, ServerBusy
from serversync.engine.outgoing import DeliveryRunner
from tests.unit.engine.sending_fakes import FILE, Clock, FakeAlerts, FakeDeliveries, FakeExchange, Killed

BREAKS = st.sampled_from(["ok", "ok", "ok", "lost", "lost-late", "busy", "killed", "refused"])


class Trouble:
    """What happens at each point, in the order that was drawn; afterwards all is well."""

    def __init__(self, exchange: FakeExchange, breaks: Iterator[str]) -> None:
        self._exchange = exchange
        self._breaks = breaks

    def __call__(self, point: str) -> None:
        happens = next(self._breaks, "ok")
        took_effect = point.endswith("-after")
        if happens == "lost-late" and point == "send-before":
            self._exchange.late += [i.item_id for i in self._exchange.items.values() if i.is_draft]
        if happens.startswith("lost"):
            raise ConnectionLost(host="x", reason="cut")
        if happens == "killed":
            raise Killed
        if happens == "busy" and not took_effect:
            raise ServerBusy
        if happens == "refused" and point.endswith("-before"):
            raise RecipientsRefused


async def work_until_done(
    exchange: FakeExchange, deliveries: FakeDeliveries, clock: Clock, pauses: list[int], *, overlapping: bool
) -> None:
    """Claim and run again and again; one of the workers may be one that was taken for dead."""

    @asynccontextmanager
    async def opened(run):
        yield exchange

    runner = DeliveryRunner(opened, deliveries, FakeAlerts(), clock=clock)
    stale = deliveries.claim() if overlapping else None
    # The last turns take minutes: what may still take effect is waited for, however short the pauses are.
    for turn in range(80):
        if deliveries.status == "failed" or deliveries.message_id:
            return
        run = stale if stale is not None and turn == 2 else deliveries.claim()
        try:
            await runner(run)
        except Killed:
            pass
        except LeaseLost:
            assert run.fence != deliveries.fence
        clock.pass_by(timedelta(seconds=pauses[turn % len(pauses)] if turn < 60 else 400))
        # A request whose answer was lost takes effect within the time-out of the client, or never.
        exchange.deliver_late()
        exchange.empty_outbox()


@example(["ok"] * 4 + ["lost"], [1], False, False, False)
@settings(max_examples=400, deadline=None)
@given(
    st.lists(BREAKS, max_size=25),
    st.lists(st.integers(1, 400), min_size=1, max_size=10),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
async def test_exactly_once(
    breaks: list[str], pauses: list[int], outbox: bool, keep_copy: bool, overlapping: bool
) -> None:
    clock, exchange = Clock(), FakeExchange()
    deliveries = FakeDeliveries(clock, files=(FILE,), keep_copy=keep_copy)
    exchange.waits_in_outbox = outbox
    exchange.trouble = Trouble(exchange, iter(breaks))
    await work_until_done(exchange, deliveries, clock, pauses, overlapping=overlapping)
    stamp = deliveries.message.activityid
    assert (deliveries.status, exchange.received) in (
        ("sent", [(stamp, (FILE.name,))]),
        ("failed", []),
    ), "sent is received once, failed is never received, and it comes to an end"
