"""Writes down what people have done, with the values before and after, and reads it back. Secrets are never in it.

``act`` is a stable word such as ``mailbox.approve``. Values are those that ``records`` shows; of a password only that
it was changed is kept. What changes nothing leaves no row.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db.models import BinaryField, Model, QuerySet

from serversync.administration import actor as actors
from serversync.administration import privileges, records, searching
from serversync.crm.models import Audit, SystemUser
from serversync.crm.models.audit import AuditOperation
from serversync.crm.privileges import Privilege

_NOISE: Final = frozenset({"modifiedon", "createdon", "last_login", "is_superuser"})
_SET: Final = "(set)"

Values = Mapping[str, Any]


@contextmanager
def changes(act: str, rows: Iterable[Model]) -> Iterator[None]:
    """Note for each row what the block changes in it; to be used inside of the transaction of the change."""
    watched = list(rows)
    before = [_values(row) for row in watched]
    yield
    noted = []
    for row, old in zip(watched, before, strict=True):
        changed = _difference(old, _values(row))
        if changed:
            noted.append(_row(act, AuditOperation.UPDATE, row, changed))
    Audit.objects.bulk_create(noted, batch_size=500)


def created(act: str, row: Model) -> None:
    """Note that a row was made, with what it holds."""
    held = {name: value for name, value in _values(row).items() if value not in (None, "", False)}
    _row(act, AuditOperation.CREATE, row, _difference({}, held)).save()


def noted(act: str, row: Model | None, values: Values | None = None) -> None:
    """Note an act that changes no column, such as asking for a test."""
    _row(act, AuditOperation.ACCESS, row, _difference({}, values or {})).save()


def changed(act: str, row: Model, before: Values, after: Values) -> None:
    """Note a change whose values are no columns of the row, such as the roles of a user."""
    difference = _difference(before, after)
    if difference:
        _row(act, AuditOperation.UPDATE, row, difference).save()


def find_all(*, search: str | None = None, limit: int = 100) -> list[Audit]:
    """Return what was done, latest first; only with ``search`` in act, actor or object where given.

    Raises:
        PrivilegeMissing: the actor may not read the audit.
    """
    return list(rows(search)[:limit])


def rows(search: str | None = None) -> QuerySet[Audit]:
    """Return the rows of ``find_all`` as a query, for lists with pages.

    Raises:
        PrivilegeMissing: the actor may not read the audit.
    """
    privileges.require_organization(Privilege.READ_AUDIT)
    found = Audit.objects.order_by("-createdon", "-pk")
    return searching.narrow(found, search)


def _values(row: Model) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: value
        for name, value in records.as_dict(row).items()
        if name not in _NOISE and not name.endswith("passwordset")
    }
    for field in row._meta.concrete_fields:  # noqa: SLF001 - the documented way to ask a model
        if isinstance(field, BinaryField) or field.column == "password":
            value = field.value_from_object(row)
            value = bytes(value) if isinstance(value, memoryview) else value
            is_none = value is None or (isinstance(value, str) and value.startswith("!"))
            shown[str(field.column)] = None if is_none else value
    return shown


def _difference(before: Values, after: Values) -> list[dict[str, Any]]:
    found = []
    for name in after:
        if name.endswith("name") and name.removesuffix("name") in after:
            continue
        old, new = before.get(name), after[name]
        if old == new:
            continue
        if name.endswith("password"):
            old, new = _SET if old else None, f"{_SET} anew" if old and new else _SET if new else None
        found.append(
            {
                "logicalName": name,
                "oldValue": before.get(f"{name}name", old),
                "newValue": after.get(f"{name}name", new),
            }
        )
    return found


def _row(act: str, operation: AuditOperation, row: Model | None, changed: list[dict[str, Any]]) -> Audit:
    actor = actors.current()
    return Audit(
        act=act,
        operation=operation,
        objectid=row.pk if row is not None else None,
        objecttypecode=row._meta.db_table if row is not None else None,  # noqa: SLF001 - the documented way
        objectname=str(row)[:200] if row is not None else None,
        userid=actor.user,
        actorname=actor.name[:200],
        channel=actor.channel,
        address=actor.address[:100] or None,
        changedata={"changedAttributes": changed},
    )


def failed_log_on(user: SystemUser | None, login: str) -> None:
    """Note a log-in that failed; a name that nobody has is not kept, it may be a password typed in the wrong place."""
    row = _row("session.log-on-failed", AuditOperation.ACCESS, user, [])
    row.actorname = login[:200] if user is not None else "(unknown name)"
    row.save()


def told(row: Audit) -> str:
    """Return what was changed, in a line."""
    changed = row.changedata.get("changedAttributes", [])
    return "; ".join(
        f"{one['logicalName']}: {_word(one['oldValue'])} → {_word(one['newValue'])}"
        if one["oldValue"] not in (None, "", [])
        else f"{one['logicalName']}: {_word(one['newValue'])}"
        for one in changed
    )


def _word(value: object) -> str:
    if value in (None, "", []):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
