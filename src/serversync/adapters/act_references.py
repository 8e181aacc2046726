"""What records are about, and whose company a contact belongs to: how it is stored, and which records a user may choose.

A record may be chosen by whoever may read it, as far as the privilege of the mailbox's user reaches. Leads have no
privilege of their own: who may read contacts may read leads.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from serversync.adapters.act_filters import DEPTH, UNIT, UNITS_BELOW, UNITS_OWN
from serversync.adapters.arrays import text_array, uuid_array
from serversync.crm.privileges import Depth, Privilege
from serversync.engine.act_ports import ActRun
from serversync.rules.record import Value
from serversync.rules.regarding import parsed, reference

ABOUT: Final = ("regardingobjecttypecode", "regardingobjectid")
"""The columns of an activity that say what it is about."""
_CHOOSABLE: Final = {
    "account": ("accountid", "r.name", Privilege.READ_ACCOUNT),
    "contact": ("contactid", "coalesce(r.fullname, '')", Privilege.READ_CONTACT),
    "lead": ("leadid", "coalesce(r.fullname, r.companyname, '')", Privilege.READ_CONTACT),
}
"""The tables that can be chosen from, each with its key, what people call a row, and what one has to have to read it."""
_MOST: Final = 2
"""So many accounts of a name say that it does not tell which one is meant."""


def read_of(table: str, key: str) -> str:
    """Return the expression for what a record ``r`` names in these columns; null where it names nothing."""
    return f"lower(r.{table}) || ':' || r.{key}"


def joined(table: str | None, key: UUID | None) -> str | None:
    """Return the same of values."""
    return None if table is None or key is None else reference(table.lower(), key)


def split(value: Value) -> tuple[str | None, str | None]:
    """Return the values of the two columns.

    >>> split("account:00000000-0000-0000-0000-000000000007"), split(None)
    (('account', '00000000-0000-0000-0000-000000000007'), (None, None))
    """
    found = parsed(value) if isinstance(value, str) else None
    return (found[0], str(found[1])) if found else (None, None)


async def names_of(connection: AsyncConnection, run: ActRun, references: Sequence[str]) -> dict[str, str]:
    """Return the names of those of these records that are there and the user of the mailbox may read."""
    wanted: dict[str, list[UUID]] = {}
    for table, key in filter(None, map(parsed, references)):
        if table in _CHOOSABLE:
            wanted.setdefault(table, []).append(key)
    names: dict[str, str] = {}
    for table, keys in wanted.items():
        cursor = await connection.execute(
            _by_key(table), {"mailbox": run.mailboxid, "keys": uuid_array(keys)}
        )
        names |= {reference(table, key): name for key, name in await cursor.fetchall()}
    return names


async def accounts_called(
    connection: AsyncConnection, run: ActRun, names: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return reference and name of the active accounts of each of these names that the user may read; of many only some."""
    cursor = await connection.execute(_BY_NAME, {"mailbox": run.mailboxid, "names": text_array(names)})
    found: dict[str, list[tuple[str, str]]] = {}
    for wanted, key, name in await cursor.fetchall():
        found.setdefault(wanted, []).append((reference("account", key), name))
    return found


_DEPTH: Final = f"""(select {DEPTH}
    from systemuserroles s join role o on o.roleid = s.roleid
        left join roleprivileges g on g.roleid = o.roleid and g.privilegename = '{{privilege}}'
    where s.systemuserid = m.regardingobjectid)"""  # noqa: S608 - put together from constants


_READABLE: Final = f"""(d.depth = {int(Depth.ORGANIZATION)}
    or (d.depth is not null and r.ownerid = m.regardingobjectid)
    or (d.depth = {int(Depth.BUSINESS_UNIT)} and {UNIT.format(units=UNITS_OWN)})
    or (d.depth = {int(Depth.PARENT_CHILD)} and {UNIT.format(units=UNITS_BELOW)}))"""
"""The condition that the user of the mailbox ``m``, whose privilege reaches as far as ``d.depth``, may read ``r``."""


def _of_mailbox(privilege: Privilege) -> str:
    depth = _DEPTH.format(privilege=privilege.value)
    return f"mailbox m cross join lateral (select {depth}) d (depth)"


@lru_cache(maxsize=8)
def _by_key(table: str) -> bytes:
    key, name, privilege = _CHOOSABLE[table]
    return f"""
        select r.{key}, {name} from {_of_mailbox(privilege)}
            join {table} r on r.{key} = any(%(keys)s::uuid[])
        where m.mailboxid = %(mailbox)s and {_READABLE}
    """.encode()  # noqa: S608 - put together from constants


_BY_NAME: Final = f"""
    select n.wanted, r.accountid, r.name
    from {_of_mailbox(Privilege.READ_ACCOUNT)} cross join unnest(%(names)s::text[]) n (wanted)
        cross join lateral (select r.accountid, r.name from account r
            where lower(r.name) = lower(n.wanted) and r.statecode = 0 and {_READABLE}
            limit {_MOST}) r
    where m.mailboxid = %(mailbox)s
""".encode()  # noqa: S608 - put together from constants
