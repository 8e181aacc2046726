"""Wakes a sleeping part of a worker when somebody has said NOTIFY on a channel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")

LOOK_UP_SECONDS = 5.0


class ListeningConnection(psycopg.AsyncConnection[Any]):
    """A connection that sleeps while it waits for the database.

    psycopg wakes up ten times a second, so that threads notice Ctrl-C. A task is cancelled without that, and the
    wake-ups of a worker's listening connections were half of what it costs when there is nothing to do.
    """

    async def wait(
        self,
        gen: PQGen[T],
        interval: float = LOOK_UP_SECONDS,  # noqa: ARG002 - see above
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is psycopg's
    ) -> T:
        """Wait as psycopg does, and look up seldom."""
        return await super().wait(gen, interval=LOOK_UP_SECONDS, timeout=timeout)


@asynccontextmanager
async def woken_by(conninfo: str, channel: str) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever somebody notifies the channel; whoever waits for it clears it.

    Args:
        conninfo: Address of the database; a connection of its own is held meanwhile.
        channel: A plain name.
    """
    woken = asyncio.Event()
    async with await ListeningConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(f"listen {channel}")

        async def listen() -> None:
            async for _ in connection.notifies():
                woken.set()

        listener = asyncio.create_task(listen())
        try:
            yield woken
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
