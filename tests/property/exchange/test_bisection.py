"""Bad items are found by halving: all good ones come through, all bad ones are told, in few requests."""

import asyncio
import math

from hypothesis import given
from hypothesis import strategies as st

from serversync.core.errors import AnswerUnreadable, ConnectionLost, ItemUnreadable
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
