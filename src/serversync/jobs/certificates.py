"""Lets a worker look at the servers' certificates twice a day."""

import asyncio
from datetime import timedelta
from typing import Final

from psycopg_pool import AsyncConnectionPool

from serversync.adapters.certificate_watch import CertificateWatch
from serversync.core import clock

FIRST_AFTER: Final = timedelta(minutes=1)
"""So that a worker that starts has more important things behind it."""
EVERY: Final = timedelta(hours=12)


async def watch_certificates(pool: AsyncConnectionPool) -> None:
    """Look now and then, until cancelled."""
    look = CertificateWatch(pool, now=clock.now)
    await asyncio.sleep(FIRST_AFTER.total_seconds())
    while True:
        await look()
        await asyncio.sleep(EVERY.total_seconds())
