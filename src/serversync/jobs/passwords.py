"""Lets the workers ask when the passwords of the accounts end."""

import asyncio
from datetime import timedelta
from typing import Final

from psycopg_pool import AsyncConnectionPool

from serversync.adapters.password_watch import PasswordWatch
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import ConnectionSlots
from serversync.core import clock

EVERY: Final = timedelta(minutes=1)
"""How often is looked what is due, which costs one statement; each account is asked about twice a day."""


async def watch_passwords(
    pool: AsyncConnectionPool, profiles: ProfileConnections, slots: ConnectionSlots
) -> None:
    """Ask now and then, until cancelled."""
    ask = PasswordWatch(pool, profiles, slots, now=clock.now)
    while True:
        await asyncio.sleep(EVERY.total_seconds())
        await ask()
