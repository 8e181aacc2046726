"""Wakes a sleeping part of a worker when somebody has said NOTIFY on a channel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg


@asynccontextmanager
async def woken_by(conninfo: str, channel: str) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever somebody notifies the channel; whoever waits for it clears it.

    Args:
        conninfo: Address of the database; a connection of its own is held meanwhile.
        channel: A plain name.
    """
    woken = asyncio.Event()
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
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
