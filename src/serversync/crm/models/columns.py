"""Dataverse's column types as Django fields, with their limits enforced by the database.

One function a type, named as Dataverse names it. Each default is a default of the column too, so that COPY and
plain SQL may leave columns out; each range and each list of option values is a CHECK of the column.
"""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, overload

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now

if TYPE_CHECKING:
    _SmallInteger = models.SmallIntegerField[Any, Any]
    _Integer = models.IntegerField[Any, Any]
    _BigInteger = models.BigIntegerField[Any, Any]
else:
    _SmallInteger, _Integer, _BigInteger = (
        models.SmallIntegerField,
        models.IntegerField,
        models.BigIntegerField,
    )


class PicklistField(_SmallInteger):
    """A small whole number out of a fixed list of options; the database refuses any other."""

    non_db_attrs = tuple(name for name in models.Field.non_db_attrs if name != "choices")

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the condition that makes the column accept its options only."""
        column = connection.ops.quote_name(str(self.column))
        return f"{column} in ({', '.join(str(int(value)) for value, _ in self.flatchoices)})"


class _Ranged(models.Field):  # type: ignore[type-arg]  # mixed into three number types
    """A whole number within bounds, both inclusive; either may be missing."""

    def __init__(
        self, *args: Any, lowest: int | None = None, highest: int | None = None, **kwargs: Any
    ) -> None:
        self.lowest, self.highest = lowest, highest
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Let migrations know the bounds."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"lowest": self.lowest, "highest": self.highest}

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the condition that keeps the column within its bounds."""
        column = connection.ops.quote_name(str(self.column))
        bounds = [(">=", self.lowest), ("<=", self.highest)]
        return " and ".join(f"{column} {sign} {bound}" for sign, bound in bounds if bound is not None) or None


class WholeNumberField(_Ranged, _Integer):
    """A 32-bit whole number within bounds."""


class BigWholeNumberField(_Ranged, _BigInteger):
    """A 64-bit whole number within bounds."""


def primarykey() -> "models.UUIDField[uuid.UUID | str, uuid.UUID]":
    """Return the key of a table: a random uuid, given by us or by the database."""
    return models.UUIDField(primary_key=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)


def uniqueidentifier(**options: Any) -> "models.UUIDField[uuid.UUID | str | None, uuid.UUID | None]":
    """Return a uuid column without a foreign key, such as one end of a polymorphic lookup."""
    return models.UUIDField(null=True, blank=True, **options)


def string(length: int, **options: Any) -> "models.CharField[str | None, str | None]":
    """Return a text of at most ``length`` characters that may be missing."""
    return models.CharField(max_length=length, null=True, blank=True, **options)


def required_string(length: int, default: str | None = None, **options: Any) -> "models.CharField[str, str]":
    """Return a text of at most ``length`` characters that must be there."""
    if default is not None:
        options |= {"default": default, "db_default": default}
    return models.CharField(max_length=length, **options)


def memo(**options: Any) -> "models.TextField[str | None, str | None]":
    """Return a text of any length that may be missing."""
    return models.TextField(null=True, blank=True, **options)


def jsonobject() -> "models.JSONField[dict[str, Any], dict[str, Any]]":
    """Return a JSON object; empty where nothing is given."""
    return models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))


def boolean(*, default: bool, **options: Any) -> "models.BooleanField[bool, bool]":
    """Return a yes or no."""
    return models.BooleanField(default=default, db_default=default, **options)


def moment(**options: Any) -> "models.DateTimeField[datetime | None, datetime | None]":
    """Return a point in time that may be missing."""
    return models.DateTimeField(null=True, blank=True, **options)


def createdon() -> "models.DateTimeField[datetime, datetime]":
    """Return when the row was made."""
    return models.DateTimeField(auto_now_add=True, db_default=Now())


def modifiedon() -> "models.DateTimeField[datetime, datetime]":
    """Return when the row was last changed through the models; plain SQL sets it itself."""
    return models.DateTimeField(auto_now=True, db_default=Now())


@overload
def picklist(
    options: type[models.IntegerChoices], default: int, **more: Any
) -> "models.SmallIntegerField[int, int]": ...
@overload
def picklist(
    options: type[models.IntegerChoices], default: None = None, **more: Any
) -> "models.SmallIntegerField[int | None, int | None]": ...
def picklist(options: type[models.IntegerChoices], default: int | None = None, **more: Any) -> Any:
    """Return a choice out of ``options``; without a default it may be missing."""
    return PicklistField(choices=options, **_default(default), **more)


@overload
def integer(
    lowest: int | None, highest: int | None, default: int, *, big: bool = False, **more: Any
) -> "models.IntegerField[int, int]": ...
@overload
def integer(
    lowest: int | None = None,
    highest: int | None = None,
    default: None = None,
    *,
    big: bool = False,
    **more: Any,
) -> "models.IntegerField[int | None, int | None]": ...
def integer(
    lowest: int | None = None,
    highest: int | None = None,
    default: int | None = None,
    *,
    big: bool = False,
    **more: Any,
) -> Any:
    """Return a whole number within inclusive bounds, 64 bits wide if ``big``; without a default it may be missing."""
    kind = BigWholeNumberField if big else WholeNumberField
    return kind(lowest=lowest, highest=highest, **_default(default), **more)


def _default(value: int | None) -> dict[str, Any]:
    if value is None:
        return {"null": True, "blank": True}
    return {"default": int(value), "db_default": int(value)}
