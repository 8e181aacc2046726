"""The ORM's connection of a worker's thread, kept open between one piece of work and the next."""

from asgiref.sync import sync_to_async
from django.db import connection, connections


def leave_broken_connection() -> None:
    """Close the connection if an error has broken it, so that the next query connects anew.

    Django's ``close_old_connections`` would close it each time, and connecting costs more than the work.
    """
    if connection.errors_occurred:
        connection.close()


async def leave_connection() -> None:
    """Wait for what is under way in the thread, then close its connection.

    A task that is cancelled does not stop the piece of work that it waits for: the thread brings it to its end.
    """
    await sync_to_async(connections.close_all)()
