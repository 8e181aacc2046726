"""What has to be done now and then, by one worker at a time: clearing away, and noticing that most mailboxes fail."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from serversync.administration import alerts, followed, logon, outage, pictures, unsynchronized, work
from serversync.crm.models import Organization
from serversync.jobs.connections import leave_broken_connection

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(minutes=1)
_LOCK: Final = 0x73796E63
"""Advisory lock: who does not get it leaves the work to whoever has it."""


async def keep_house() -> None:
    """Do it now and every minute, until cancelled."""
    while True:
        done = await sync_to_async(once)()
        if done:
            log.info("housekeeping", **done)
        await asyncio.sleep(EVERY.total_seconds())


def once() -> dict[str, object]:
    """Do everything once; return what there was to do, empty where there was nothing or another worker does it."""
    leave_broken_connection()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return {}
        organization = Organization.objects.current()
        done: dict[str, object] = {
            "alerts_cleared": alerts.clear_away(organization),
            "ignored_items_cleared": unsynchronized.clear_away(organization),
            "photos_cleared": pictures.clear_away(),
            "folders_mended": alerts.close_mended_folders(),
            "hours_summed_up": work.sum_up(),
            "statistics_cleared": work.clear_away(organization),
            "log_in_counters_cleared": logon.clear_away(),
            "no_longer_followed": followed.leave(),
            "said": outage.watch(),
        }
    return {name: value for name, value in done.items() if value}
