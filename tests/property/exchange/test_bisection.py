"""Bad items are found by halving: all good ones come through, all bad ones are told, in few requests."""

import asyncio
import math

from hypothesis import given
from hypothesis import strategies as st

from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    ItemGone,
    ItemUnreadable,
    MailboxUnavailable,
    ServerBusy,
    ServiceError,
)
from serversync.exchange.bisection import call_bisecting
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.outcome import Failure, Outcome, Success
from serversync.exchange.types.ids import ItemId


class Server:
    """Answers batches of ids; one that holds a bad id spoils its whole answer."""

    def __init__(self, bad: frozenset[int], *, breaks: bool) -> None:
        self.bad = bad
        self.error = ConnectionLost if breaks else AnswerUnreadable
        self.requests = 0

    async def call(self, operation: GetItem) -> list[Outcome[str]]:
        self.requests += 1
        numbers = [int(one.id) for one in operation.item_ids]
        if not self.bad.isdisjoint(numbers):
            raise self.error(operation="GetItem", host="mail.example.org", reason="so it is")
        return [Success(f"item {number}") for number in numbers]

    async def probe(self, operation: GetItem) -> None:
        self.requests += 1


@given(st.integers(1, 130), st.data(), st.booleans())
def test_every_good_item_comes_through_and_every_bad_one_is_told(
    size: int, data: st.DataObject, breaks: bool
) -> None:
    bad = data.draw(st.frozensets(st.integers(0, size - 1), max_size=8))
    server = Server(bad, breaks=breaks)
    batch = GetItem(tuple(ItemId(str(number)) for number in range(size)))
    outcomes = asyncio.run(call_bisecting(server.call, server.probe, batch))
    assert len(outcomes) == size
    for number, outcome in enumerate(outcomes):
        if number in bad:
            assert isinstance(outcome, Failure)
            assert isinstance(outcome.error, ItemUnreadable)
        else:
            assert outcome == Success(f"item {number}")
    depth = math.ceil(math.log2(size)) if size > 1 else 0
    tries = 2 if breaks else 1
    # The whole batch, the probe, and for each bad item two halves on each level; a break is tried twice.
    assert server.requests <= tries + 1 + len(bad) * depth * (tries + 1) if bad else server.requests == 1


STOPPED = "ErrorBatchProcessingStopped"


class Stopping:
    """Comes to so many items of each batch; the last one it comes to may have a fault."""

    def __init__(self, steps: list[int], fault: ServiceError | None) -> None:
        self.steps, self.fault = steps, fault
        self.asked: list[int] = []

    async def call(self, operation: GetItem) -> list[Outcome[str]]:
        self.asked.append(len(operation.item_ids))
        reached = self.steps.pop(0) if self.steps else len(operation.item_ids)
        answers: list[Outcome[str]] = [Success(f"item {one.id}") for one in operation.item_ids[:reached]]
        left = len(operation.item_ids) - reached
        if left and answers and self.fault is not None:
            answers[-1] = Failure(self.fault, "Fault")
        return [*answers, *[Failure(ServerBusy(response_code=STOPPED), STOPPED) for _ in range(left)]]

    async def probe(self, operation: GetItem) -> None:
        raise AssertionError("nothing was unreadable")


def read_all(server: Stopping, size: int) -> list[Outcome[str]]:
    batch = GetItem(tuple(ItemId(str(number)) for number in range(size)))
    return asyncio.run(call_bisecting(server.call, server.probe, batch))


@given(st.integers(1, 60), st.lists(st.integers(1, 20), max_size=12), st.booleans())
def test_the_rest_of_a_stopped_batch_is_asked_for_again_and_nothing_is_lost(
    size: int, steps: list[int], with_fault: bool
) -> None:
    fault = ItemGone(mailbox="ada@example.org") if with_fault else None
    server = Stopping([*steps], fault)
    for number, outcome in enumerate(read_all(server, size)):
        if isinstance(outcome, Failure):
            assert outcome.error is fault
        else:
            assert outcome == Success(f"item {number}")
    assert server.asked == sorted(server.asked, reverse=True)
    assert len(server.asked) <= len(steps) + 1


def test_a_server_that_comes_to_nothing_is_not_asked_again_and_again() -> None:
    server = Stopping([3, 0, 0, 0], None)
    outcomes = read_all(server, 10)
    assert server.asked == [10, 7]
    assert [isinstance(one, Failure) for one in outcomes] == [False] * 3 + [True] * 7


def test_a_server_that_wants_to_be_left_alone_is() -> None:
    server = Stopping(
        [3], MailboxUnavailable(mailbox="ada@example.org", response_code="ErrorMailboxFailover")
    )
    read_all(server, 10)
    assert server.asked == [10]
