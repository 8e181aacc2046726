"""Opens the database for this process: yours, or the embedded one in the way that this system allows."""

import sys
from dataclasses import dataclass
from typing import Protocol

from serversync.database.address import data_folder, external_dsn


class DatabaseLease(Protocol):
    """The right to use a database until ``close``."""

    @property
    def dsn(self) -> str:
        """The address for psycopg."""

    def close(self) -> None:
        """Give the right back; harmless when repeated."""


@dataclass(frozen=True, slots=True)
class ExternalLease:
    """A PostgreSQL of yours needs nothing from us."""

    dsn: str

    def close(self) -> None:
        """Do nothing: whoever runs the server looks after it."""


def take_lease() -> DatabaseLease:
    """Return a lease on ``DATABASE_URL``, or on the embedded server, started if it does not run yet.

    Raises:
        DatabaseMisconfigured: ``DATABASE_URL`` is not a PostgreSQL address.
        DatabaseStartFailed: the embedded server cannot be started.
    """
    if external := external_dsn():
        return ExternalLease(external)
    if sys.platform == "linux":
        from serversync.database.embedded import Lease

        return Lease(data_folder())
    from serversync.database.portable import PortableLease

    return PortableLease(data_folder())
