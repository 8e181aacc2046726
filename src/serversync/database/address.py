"""Which database the program uses, and where the data folder is.

``DATABASE_URL`` (``postgresql://user:password@host:5432/name``) names a PostgreSQL of yours; without it the
embedded one in the data folder is meant. ``SERVERSYNC_DATA`` names the data folder.

The address in use becomes known when a lease is taken (``serversync.bootstrap``); importing the settings never
starts a server.
"""

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import platformdirs

from serversync.core.errors import DatabaseMisconfigured

DATABASE: Final = "serversync"
"""Name of the database, and of its role, in the embedded server."""

_in_use: list[str] = []


def data_folder() -> Path:
    """Return the folder for everything the program keeps on disk, as an absolute path; it need not exist yet.

    ``SERVERSYNC_DATA``, or the place the operating system gives to a user's program data.
    """
    given = os.environ.get("SERVERSYNC_DATA")
    return Path(given).expanduser().absolute() if given else Path(platformdirs.user_data_dir("serversync"))


def external_dsn() -> str | None:
    """Return ``DATABASE_URL``, or ``None`` where the embedded database is meant.

    Raises:
        DatabaseMisconfigured: it is not a PostgreSQL address.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as reason:
        raise DatabaseMisconfigured(reason=str(reason)) from reason
    if parts.scheme not in {"postgresql", "postgres"}:
        raise DatabaseMisconfigured(reason="it does not begin with postgresql://")
    if not parts.path.strip("/"):
        raise DatabaseMisconfigured(reason="it names no database")
    return url


def socket_dsn(folder: Path | str, database: str = DATABASE) -> str:
    """Return the address of a database of the embedded server whose socket is in ``folder``."""
    return f"postgresql://{DATABASE}@/{database}?host={quote(str(folder), safe='/')}"


def use(dsn: str) -> None:
    """Make this the address that ``dsn()`` returns from now on in this process."""
    _in_use[:] = [dsn]


def dsn() -> str:
    """Return the address of the database, for psycopg, pools and Django.

    Before a lease was taken this is ``DATABASE_URL`` or where the embedded server would be found; it answers only
    while another process keeps that server up.

    Raises:
        DatabaseMisconfigured: ``DATABASE_URL`` is not a PostgreSQL address.
    """
    if _in_use:
        return _in_use[0]
    return external_dsn() or socket_dsn(data_folder() / "socket")
