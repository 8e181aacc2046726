"""Tasks come to their end though a cancellation was lost."""

import asyncio
from datetime import timedelta

from serversync.jobs.ending import end


async def deaf(times):
    """Go on until cancelled once more than so many times."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def fails():
    raise ValueError("broken")


async def finishes(done):
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        done.append(True)


async def test_a_task_that_lost_a_cancellation_is_asked_again():
    task = asyncio.create_task(deaf(2))
    await asyncio.sleep(0)
    (outcome,) = await end([task], again_after=timedelta(milliseconds=1))
    assert task.cancelled()
    assert isinstance(outcome, asyncio.CancelledError)


async def test_what_is_under_way_is_finished_and_what_went_wrong_is_told():
    done = []
    tasks = [asyncio.create_task(finishes(done)), asyncio.create_task(fails())]
    await asyncio.sleep(0)
    outcomes = await end(tasks, again_after=timedelta(minutes=1))
    assert [type(one) for one in outcomes] == [asyncio.CancelledError, ValueError]
    assert done == [True]


async def test_nothing_to_end_is_no_trouble():
    assert await end([]) == []
