"""Connections for what a person asks for: they count against the limit like those of the workers, and go first."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from psycopg_pool import AsyncConnectionPool

from serversync import __version__
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import ConnectionSlots
from serversync.database.address import dsn

PATIENCE: Final = timedelta(seconds=20)
"""How long a person waits until a connection is free."""
_LEASE: Final = timedelta(seconds=30)


@asynccontextmanager
async def database() -> AsyncIterator[AsyncConnectionPool]:
    """Give a few connections to the database, in autocommit mode."""
    async with AsyncConnectionPool(
        dsn(), min_size=1, max_size=4, open=False, kwargs={"autocommit": True}
    ) as pool:
        yield pool


@asynccontextmanager
async def connection_slots(pool: AsyncConnectionPool) -> AsyncIterator[ConnectionSlots]:
    """Give the slots that this process holds; they are prolonged meanwhile."""
    slots = ConnectionSlots(pool, host=f"{socket.gethostname()}/{os.getpid()}/by-hand", lease=_LEASE)
    async with slots.kept_alive():
        yield slots


def connections(pool: AsyncConnectionPool, slots: ConnectionSlots) -> ProfileConnections:
    """Return what hands out clients to a person: each waits for a connection, an account that stopped is tried once."""
    return ProfileConnections(
        pool,
        user_agent=f"serversync/{__version__}",
        by_hand=True,
        slots=slots,
        patience=PATIENCE,
    )
