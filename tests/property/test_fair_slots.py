"""Mailboxes that share leased connections take turns: none waits longer than everybody before it takes."""

import asyncio
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from serversync.adapters.slots import SlotLease

passes = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), min_size=1, max_size=12)
"""For each mailbox its requests, by how long each takes."""


class Watched:
    """Runs passes over one lease and sees who waited for whom."""

    def __init__(self, connections: int) -> None:
        self.lease = SlotLease(uuid4(), uuid4(), connections, until=float("inf"))
        self.in_use = self.most = 0
        self.granted = 0
        self.waiting = 0
        self.overtaken: list[tuple[int, int]] = []
        self.done = 0

    async def run(self, requests: list[int]) -> None:
        for duration in requests:
            ahead, before = self.waiting, self.granted
            self.waiting += 1
            async with self.lease.request():
                self.waiting -= 1
                self.overtaken.append((self.granted - before, ahead))
                self.granted += 1
                self.in_use += 1
                self.most = max(self.most, self.in_use)
                for _ in range(duration):
                    await asyncio.sleep(0)
                self.in_use -= 1
        self.done += 1


async def run_all(watched: Watched, mailboxes: list[list[int]], fewer: int | None = None) -> None:
    running = [asyncio.create_task(watched.run(requests)) for requests in mailboxes]
    if fewer is not None:
        await asyncio.sleep(0)
        await watched.lease.shrink(fewer)
        watched.most = watched.in_use
        assert watched.in_use <= fewer
    await asyncio.gather(*running)


@given(passes, st.integers(1, 5))
def test_nobody_is_overtaken_by_a_request_that_came_later(
    mailboxes: list[list[int]], connections: int
) -> None:
    watched = Watched(connections)
    asyncio.run(run_all(watched, mailboxes))
    assert all(granted <= ahead for granted, ahead in watched.overtaken)
    assert watched.most <= connections
    assert watched.done == len(mailboxes)


@given(passes, st.integers(2, 5), st.data())
def test_with_fewer_connections_everybody_still_has_a_turn(
    mailboxes: list[list[int]], connections: int, data: st.DataObject
) -> None:
    watched = Watched(connections)
    fewer = data.draw(st.integers(1, connections - 1))
    asyncio.run(run_all(watched, mailboxes, fewer))
    assert watched.most <= fewer
    assert watched.done == len(mailboxes)
