"""Brings the tables up to date when a process starts; where several start at once, one does it and the rest wait."""

import time
from typing import Final

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

ADVISORY_LOCK: Final = 0x5E17E5
"""Number of the PostgreSQL advisory lock that whoever migrates holds."""
_LOOK_AGAIN: Final = 0.1


def migrate() -> None:
    """Apply the migrations that are missing, holding a lock of the database meanwhile.

    The lock belongs to the session: it is free again should this process be killed. Whoever waits for it asks again
    and again: a statement that waits holds a snapshot, and an index that is built concurrently waits for that.
    """
    if not _missing():
        return
    with connection.cursor() as cursor:
        while True:
            cursor.execute("select pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            if cursor.fetchone() == (True,):
                break
            time.sleep(_LOOK_AGAIN)
        try:
            if _missing():
                call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [ADVISORY_LOCK])


def _missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
