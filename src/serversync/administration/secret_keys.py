"""Changing the key that seals passwords: every secret is sealed anew in one transaction, then the key is put in its place.

Killed at any point, everything can still be opened, and the next call takes the change up where it stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction
from django.db.models import BinaryField, Model

from serversync.administration import audit, privileges
from serversync.core import faults
from serversync.core.errors import SecretKeyUnusable
from serversync.crm import secrets
from serversync.crm.privileges import Privilege


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What became of a change of the key.

    ``resealed`` counts the secrets that were sealed anew. Where ``is_finished`` is not set, the next key has to be put
    into the place of the old one by whoever gives it to the processes.
    """

    resealed: int
    is_finished: bool


@dataclass(frozen=True, slots=True)
class KeyState:
    """Where the key is, how many secrets there are, and how many the newest key does not open."""

    source: str
    is_changing: bool
    secrets: int
    under_other_keys: int


@dataclass(frozen=True, slots=True)
class _Stored:
    model: type[Model]
    key: object
    column: str
    sealed: bytes

    @property
    def place(self) -> str:
        return secrets.purpose(self.model._meta.db_table, str(self.key), self.column)  # noqa: SLF001

    def __str__(self) -> str:
        return f"{self.column} of {self.model._meta.db_table} {self.key}"  # noqa: SLF001


def rotate() -> KeyChange:
    """Change the key; take a change up again that was stopped.

    Raises:
        PrivilegeMissing: the person may not write the settings of the organization.
        InputInvalid: the key comes from the environment, and the next one was not given there.
        SecretKeyUnusable: a secret can be opened with neither key; nothing was changed then.
    """
    privileges.require_organization(Privilege.WRITE_ORGANIZATION)
    secrets.begin_change()
    faults.reach("secrets.next-made")
    resealed = _reseal()
    faults.reach("secrets.committed")
    resealed += (
        _reseal()
    )  # what was sealed before the next key was there, and written while the tables were held
    is_finished = secrets.end_change()
    faults.reach("secrets.switched")
    return KeyChange(resealed, is_finished)


def state() -> KeyState:
    """Return where the key is, and what it opens.

    Raises:
        PrivilegeMissing: the person may not read the settings of the organization.
    """
    privileges.require(Privilege.READ_ORGANIZATION)
    secrets.ensure()
    stored = list(_stored())
    others = sum(not secrets.is_under_newest(one.sealed, one.place) for one in stored)
    if secrets.is_from_environment():
        return KeyState(secrets.VARIABLE, secrets.has_next(), len(stored), others)
    return KeyState(str(secrets.key_file()), secrets.has_next(), len(stored), others)


def _reseal() -> int:
    """Seal everything with the next key, all or nothing; nobody writes a secret meanwhile."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for table in sorted({model._meta.db_table for model, _ in _columns()}):  # noqa: SLF001
                cursor.execute(f"lock table {connection.ops.quote_name(table)} in share row exclusive mode")
        resealed = 0
        for one in _stored():
            if secrets.is_under_newest(one.sealed, one.place):
                continue
            try:
                secret = secrets.unseal(one.sealed, one.place)
            except SecretKeyUnusable as error:
                raise SecretKeyUnusable(source=error.details.get("source"), secret=str(one)) from error
            rows = one.model._default_manager.filter(pk=one.key)  # noqa: SLF001
            rows.update(**{one.column: secrets.seal(secret, one.place)})
            resealed += 1
        if resealed:
            audit.noted("secrets.rotate", None, {"resealed": resealed})
        faults.reach("secrets.resealed")
    return resealed


def _columns() -> Iterator[tuple[type[Model], str]]:
    """Give every column that holds sealed passwords."""
    for model in apps.get_app_config("crm").get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 - the documented way to ask a model
            if isinstance(field, BinaryField) and field.name.endswith("password"):
                yield model, field.name


def _stored() -> Iterator[_Stored]:
    for model, column in _columns():
        rows = model._default_manager.exclude(**{column: None})  # noqa: SLF001
        for key, sealed in rows.values_list("pk", column).iterator():
            yield _Stored(model, key, column, bytes(sealed))
