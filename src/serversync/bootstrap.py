"""The composition root: what every process of the program does first.

``start()`` leases the database (starting the embedded one where needed), sets up Django on it and brings its tables
up to date. The environment it returns gives the lease back when it is closed; at the latest when the process ends.
Signals are the caller's: whoever handles SIGTERM leaves normally, so that ``close`` runs.
"""

import atexit
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import django
from django.apps import apps
from django.db import OperationalError, connections

from serversync.core import faults
from serversync.core.errors import DatabaseUnavailable
from serversync.crm import roles, secrets
from serversync.database import address, leasing, migrations
from serversync.database.django import point_django_at


class Environment:
    """What a started process has: the database's address, and the data folder."""

    def __init__(self, lease: leasing.DatabaseLease) -> None:
        self.dsn = lease.dsn
        self._lease = lease
        atexit.register(self.close)

    def migrate(self) -> None:
        """Apply missing migrations, one process at a time, and hand out privileges that this version brings."""
        migrations.migrate()
        roles.bring_up_to_date()

    @property
    def data(self) -> Path:
        """The data folder."""
        return address.data_folder()

    def close(self) -> None:
        """Close Django's connections and give the lease back; harmless when repeated."""
        atexit.unregister(self.close)
        connections.close_all()
        self._lease.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(*, migrate: bool = True) -> Environment:
    """Lease the database, set up Django, and apply missing migrations unless told not to.

    Raises:
        DatabaseStartFailed: the embedded server cannot be started.
        DatabaseMisconfigured: ``DATABASE_URL`` is not a PostgreSQL address.
        DatabaseUnavailable: the server that it names does not answer.
        SecretKeyUnusable: the key of stored passwords can neither be read nor made.
    """
    faults.arm_from_environment()
    secrets.ensure()
    lease = leasing.take_lease()
    address.use(lease.dsn)
    environment = Environment(lease)
    try:
        _set_up_django(lease.dsn)
        if migrate:
            environment.migrate()
    except OperationalError as reason:
        environment.close()
        raise DatabaseUnavailable(reason=str(reason).strip()) from reason
    except BaseException:
        environment.close()
        raise
    return environment


def _set_up_django(dsn: str) -> None:
    """Configure Django on this address, or point it there if somebody has configured it already."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "serversync.settings")
    if not apps.ready:
        django.setup()
    point_django_at(dsn)
