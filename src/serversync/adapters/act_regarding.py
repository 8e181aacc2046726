"""What records are about, where Exchange says it: written only where there is such a record."""

from collections.abc import Iterable
from typing import Final

from psycopg import AsyncConnection

from serversync.engine.act_ports import CrmChange
from serversync.rules.record import Value

REGARDING: Final = "regardingobjectid"
_KEYS: Final = {"account": "accountid", "contact": "contactid", "lead": "leadid"}
"""The tables that something from Exchange can be about, each with its key."""


async def only_known(connection: AsyncConnection, changes: Iterable[CrmChange]) -> list[CrmChange]:
    """Return the changes without references that lead nowhere; the record keeps what it is about then."""
    all_changes = list(changes)
    wanted: dict[str, set[str]] = {}
    for change in all_changes:
        table, key = _reference((change.fields or {}).get(REGARDING))
        if table in _KEYS:
            wanted.setdefault(table, set()).add(key)
    known: set[tuple[str, str]] = set()
    for table, keys in wanted.items():
        cursor = await connection.execute(
            f"select {_KEYS[table]}::text from {table} where {_KEYS[table]} = any(%s::uuid[])".encode(),  # noqa: S608 - constants
            (sorted(keys),),
        )
        known.update((table, key) for (key,) in await cursor.fetchall())
    return [_without_unknown(change, known) for change in all_changes]


def _without_unknown(change: CrmChange, known: set[tuple[str, str]]) -> CrmChange:
    fields = change.fields or {}
    if fields.get(REGARDING) is None or _reference(fields[REGARDING]) in known:
        return change
    return change._replace(fields={name: value for name, value in fields.items() if name != REGARDING})


def _reference(value: Value) -> tuple[str, str]:
    match value:
        case (str(table), str(key)):
            return table, key
    return "", ""
