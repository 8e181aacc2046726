"""What every test may rely on: a data folder of the run's own, and one PostgreSQL that starts when a test needs it.

Tests that touch the database say so (``@pytest.mark.django_db``, or the fixture ``database_dsn`` for code that
connects by itself). The first of them in a run brings the server up; each worker process has a database of its own
in it. Tests that do not ask pay nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Keep the run away from the developer's own data, then set up Django (which connects to nothing yet).

    The run's folder is made by the process that distributes the tests; its workers inherit the name.
    """
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="serversync-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ["SERVERSYNC_DATA"] = folder
        for variable in (
            "DATABASE_URL",
            "SERVERSYNC_SECRET_KEY",
            "SERVERSYNC_FAULT",
            "SERVERSYNC_HOSTS",
            "SERVERSYNC_OTHER_SERVERS",
        ):
            os.environ.pop(variable, None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "serversync.settings"
    import django
    import hypothesis

    django.setup()
    # Tests of use cases act as the installation; those of pages and privileges name somebody else, or nobody.
    from serversync.administration import actor

    acting = ExitStack()
    acting.enter_context(actor.acting(actor.INSTALLATION))
    config.add_cleanup(acting.close)
    hypothesis.settings.register_profile("serversync", deadline=None)  # speed is measured in benchmarks/
    hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=20_000)  # make fuzz
    if not config.getoption("--hypothesis-profile", None):
        hypothesis.settings.load_profile("serversync")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of the run's server, with a lease of this process on it."""
    from serversync.database.leasing import take_lease

    lease = take_lease()
    yield lease.dsn
    lease.close()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgresql: str, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let pytest-django make its test database in the run's server; nobody waits for a disk there."""
    from django.db import connection

    from serversync.database.django import point_django_at

    point_django_at(postgresql)
    connection.settings_dict["OPTIONS"]["options"] = "-c synchronous_commit=off"


@pytest.fixture
def database_dsn(postgresql: str, transactional_db: None) -> Iterator[str]:
    """The address of the test database, for code that opens its own connections; emptied after the test.

    ``serversync.database.address.dsn()`` returns it too meanwhile.
    """
    from django.db import connection
    from psycopg.conninfo import conninfo_to_dict

    from serversync.database import address

    host = str(conninfo_to_dict(postgresql)["host"])
    dsn = address.socket_dsn(Path(host), str(connection.settings_dict["NAME"]))
    address.use(dsn)
    yield dsn
    address.use(postgresql)
