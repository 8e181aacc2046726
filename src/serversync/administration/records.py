"""A row of the CRM as others may see it: logical names, ISO times, and never a secret.

Binary columns (sealed passwords) and password hashes are left out; instead ``is<column>set`` says whether there is one.
A list of options shows its number under the column's name and its label under ``<column>name``, as Dataverse does.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.db.models import BinaryField, Model

Value = str | int | bool | None | list[Any] | dict[str, Any]

_HIDDEN = frozenset({"password"})
_WITH_CREDENTIALS = frozenset({"proxyurl"})


def as_dict(row: Model) -> dict[str, Value]:
    """Return every column of a row that may be shown, under its logical name."""
    shown: dict[str, Value] = {}
    for field in row._meta.concrete_fields:  # noqa: SLF001 - the documented way to ask a model
        name = str(field.column)
        if isinstance(field, BinaryField) or name in _HIDDEN:
            if isinstance(field, BinaryField) and name.endswith("password"):
                shown[f"is{name}set"] = field.value_from_object(row) is not None
            continue
        value = field.value_from_object(row)
        if name in _WITH_CREDENTIALS and value:
            value = without_credentials(str(value))
        shown[name] = plain(value)
        if field.choices and value is not None:
            shown[f"{name}name"] = str(dict(field.flatchoices).get(value, value))
    return shown


def plain(value: object) -> Value:
    """Return a value as JSON can hold it; times in UTC."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the second.

    >>> iso(datetime(2026, 1, 5, 10, 0, 30, 7, tzinfo=UTC))
    '2026-01-05T10:00:30Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def without_credentials(url: str) -> str:
    """Return a URL without the user name and password that it may carry.

    >>> without_credentials("http://ada:secret@proxy.example.org:3128")
    'http://proxy.example.org:3128'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
