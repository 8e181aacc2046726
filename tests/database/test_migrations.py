"""Whoever waits to migrate is in nobody's way."""

from collections.abc import Iterator
from threading import Thread

import psycopg
import pytest

from serversync.database import migrations

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def other(database_dsn: str) -> Iterator[psycopg.Connection]:
    """A session of another process, which migrates."""
    with psycopg.connect(database_dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [migrations.ADVISORY_LOCK])
        yield connection


def until_somebody_waits(other: psycopg.Connection) -> None:
    asks = "select count(*) from pg_stat_activity where position('advisory_lock' in query) > 0 and pid <> %s"
    asks += " and datname = current_database()"
    while other.execute(asks, [other.info.backend_pid]).fetchone() == (0,):
        pass


def test_an_index_is_built_concurrently_while_another_process_waits_to_migrate(
    other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    missing = iter([True, False])
    monkeypatch.setattr(migrations, "_missing", lambda: next(missing))
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrations.migrate()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connection.close()

    waiting = Thread(target=start)
    waiting.start()
    until_somebody_waits(other)
    try:
        other.execute("create index concurrently built_meanwhile on queue (name)")
        other.execute("drop index built_meanwhile")
    finally:
        other.execute("select pg_advisory_unlock(%s)", [migrations.ADVISORY_LOCK])
        waiting.join()
    assert errors == []
    assert next(missing, None) is None
