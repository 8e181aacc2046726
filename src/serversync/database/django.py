"""The database's address in the form that Django's settings want, and how to give it to a running Django."""

from typing import Any

from django.db import connections
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from serversync.core.errors import DatabaseMisconfigured


def database_settings(dsn: str) -> dict[str, Any]:
    """Return the entry of ``DATABASES`` for an address; what Django has no name for goes to psycopg as it is.

    Raises:
        DatabaseMisconfigured: the address cannot be read.
    """
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    except ProgrammingError as reason:
        raise DatabaseMisconfigured(reason=str(reason).strip()) from reason
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": parts,
    }


def point_django_at(dsn: str) -> None:
    """Let a Django that has read its settings already use this address from its next connection on."""
    connection = connections["default"]
    connection.close()
    connection.settings_dict.update(database_settings(dsn))
