"""The ORM's connection of a worker's thread, kept open between one piece of work and the next."""

from django.db import connection


def leave_broken_connection() -> None:
    """Close the connection if an error has broken it, so that the next query connects anew.

    Django's ``close_old_connections`` would close it each time, and connecting costs more than the work.
    """
    if connection.errors_occurred:
        connection.close()
