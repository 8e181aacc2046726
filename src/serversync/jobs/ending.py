"""Ends tasks for certain.

A cancellation can be lost on its way into a task: ``asyncio.wait_for`` of Python 3.11 drops one that comes in the
moment in which what it waits for is there, and the pool of connections waits that way. The task then goes on as if
nobody had asked, and whoever waits for its end waits for ever. So it is asked again.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

SOON = timedelta(seconds=1)
"""For tasks that have nothing to finish."""


async def end(tasks: "Iterable[asyncio.Task[Any]]", *, again_after: timedelta = SOON) -> list[object]:
    """Cancel tasks until all of them have ended.

    Args:
        tasks: Those that have ended already are left alone.
        again_after: How long a task may take to finish what it has begun, before it is asked again.

    Returns:
        For each, in order, what it returned or the exception that ended it.
    """
    ending = list(tasks)
    while pending := [task for task in ending if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=again_after.total_seconds())
    outcomes: list[object] = await asyncio.gather(*ending, return_exceptions=True)
    return outcomes
