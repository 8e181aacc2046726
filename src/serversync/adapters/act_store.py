"""The CRM side of keeping contacts in step, on PostgreSQL: records, links, and what is still to be looked at.

The version of a record is the transaction that wrote its row (``xmin``): it is another one after every change, whoever
makes it, and we know our own. Every write names the fence of the mailbox's lease.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_values import (
    pack_conflicts,
    pack_pair,
    unpack_conflicts,
    unpack_fields,
)
from serversync.core.errors import ChangeConflict, LeaseLost, ServiceError
from serversync.engine.act_ports import (
    ActRun,
    CrmChange,
    Due,
    FeedPage,
    Intent,
    Item,
    Link,
    Record,
    Stage,
)
from serversync.mapping.fields import FIELDS
from serversync.rules.diff import Common
from serversync.rules.guards import Writes
from serversync.rules.record import Fields, Kind, Value


@dataclass(frozen=True, slots=True)
class _Table:
    """How a kind is stored: its table, key, columns, what its title is, and what lets it in."""

    name: str
    key: str
    columns: tuple[str, ...]
    title: str
    in_filters: str


_TABLES: Final = {
    Kind.CONTACT: _Table(
        "contact",
        "contactid",
        tuple(row.logicalname for row in FIELDS[Kind.CONTACT]),
        "coalesce(nullif(concat_ws(' ', firstname, lastname), ''), emailaddress1, '')",
        # The default filter of the reference, "My Outlook Contacts": mine, and active.
        "coalesce(r.statecode = 0 and r.ownerid = m.ownerid, false)",
    )
}
_LINK: Final = """
    select l.objectid, l.objecttypecode, l.stage, l.itemsubject, l.exchangeentryid, l.changekey, l.base,
        l.intent, l.conflicts, l.recordversion, l.askedon, l.crmmissedon, l.exchangemissedon, l.isparked,
        l.writes, l.writessince, l.dueon, l.retries, l.lastsyncerror
    from exchangesyncidmapping l
"""
_KEEP: Final = """
    insert into exchangesyncidmapping (mailboxid, objectid, objecttypecode, stage, itemsubject, exchangeentryid,
        changekey, base, intent, conflicts, recordversion, askedon, crmmissedon, exchangemissedon, isparked, writes,
        writessince, dueon, retries, lastsyncerror, lastsyncerroroccurredon, isdeletedinexchange, isunlinkedincrm)
    values (%(mailbox)s, %(objectid)s, %(objecttypecode)s, %(stage)s, %(itemsubject)s, %(exchangeentryid)s,
        %(changekey)s, %(base)s, %(intent)s, %(conflicts)s, %(recordversion)s, %(askedon)s, %(crmmissedon)s,
        %(exchangemissedon)s, %(isparked)s, %(writes)s, %(writessince)s, %(dueon)s, %(retries)s, %(error)s,
        case when %(error)s::text is not null then now() end, %(gone)s, %(unlinked)s)
    on conflict (mailboxid, objectid) do update set stage = excluded.stage, itemsubject = excluded.itemsubject,
        exchangeentryid = excluded.exchangeentryid, changekey = excluded.changekey, base = excluded.base,
        intent = excluded.intent, conflicts = excluded.conflicts, recordversion = excluded.recordversion,
        askedon = excluded.askedon, crmmissedon = excluded.crmmissedon,
        exchangemissedon = excluded.exchangemissedon, isparked = excluded.isparked, writes = excluded.writes,
        writessince = excluded.writessince, dueon = excluded.dueon, retries = excluded.retries,
        lastsyncerror = excluded.lastsyncerror, lastsyncerroroccurredon = excluded.lastsyncerroroccurredon,
        isdeletedinexchange = excluded.isdeletedinexchange, isunlinkedincrm = excluded.isunlinkedincrm,
        modifiedon = now()
"""
_HEAR: Final = """
    insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid)
    select %(mailbox)s, %(kind)s, heard.id
    from unnest(%(ids)s::text[], %(keys)s::text[], %(gone)s::boolean[]) heard (id, key, isgone)
    where heard.isgone or not exists (select from exchangesyncidmapping l
        where l.mailboxid = %(mailbox)s and l.exchangeentryid = heard.id and l.changekey = heard.key
            and l.stage <> 4)
    on conflict (mailboxid, exchangeentryid) do update set isheard = true, dueon = null, retries = 0
        where exchangesyncitem.copyof is null
"""
_DUE_ITEMS: Final = """
    select i.exchangeentryid, i.objecttypecode, i.retries from exchangesyncitem i
    where i.mailboxid = %s and i.isheard and i.copyof is null and (i.dueon is null or i.dueon <= %s)
        and not exists (select from exchangesyncidmapping l where l.mailboxid = i.mailboxid
            and l.exchangeentryid = i.exchangeentryid and l.stage <> 4)
    order by i.createdon, i.exchangeentryid
"""


class ActStoreOnPostgres:
    """``ActStore`` on a pool of connections in autocommit mode, for contacts."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._lengths: dict[Kind, dict[str, int | None]] = {}

    @asynccontextmanager
    async def _transaction(self, run: ActRun) -> AsyncIterator[AsyncConnection]:
        """Give a transaction in which the claim is held."""
        async with self._pool.connection() as connection, connection.transaction():
            held = await connection.execute(
                "select from mailbox where mailboxid = %s and leasefence = %s for update",
                (run.mailboxid, run.fence),
            )
            if held.rowcount != 1:
                raise LeaseLost(mailbox=run.address)
            yield connection

    async def position(self, run: ActRun, kind: Kind) -> str | None:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select syncstate from exchangesyncfolder where mailboxid = %s and objecttypecode = %s",
                (run.mailboxid, kind.value),
            )
            row = await rows.fetchone()
            return row[0] if row else None

    async def begin_listing(self, run: ActRun, kind: Kind) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            await connection.execute(
                "update exchangesyncidmapping set isunheard = true where mailboxid = %s and objecttypecode = %s"
                " and stage <> 4 and exchangeentryid is not null",
                (run.mailboxid, kind.value),
            )

    async def hear(self, run: ActRun, kind: Kind, page: FeedPage) -> None:
        """See ``ActStore``."""
        # What is said last of an item counts.
        heard = {each.item_id: each for each in page.heard}
        names = {
            "mailbox": run.mailboxid,
            "kind": kind.value,
            "ids": list(heard),
            "keys": [each.change_key for each in heard.values()],
            "gone": [each.is_gone for each in heard.values()],
        }
        async with self._transaction(run) as connection:
            await connection.execute(_HEAR, names)
            await connection.execute(
                "update exchangesyncidmapping set isunheard = false where mailboxid = %(mailbox)s"
                " and isunheard and exchangeentryid = any(%(ids)s)",
                names,
            )
            if page.is_last:
                await connection.execute(
                    "with missed as (update exchangesyncidmapping set isunheard = false"
                    " where mailboxid = %(mailbox)s and objecttypecode = %(kind)s and isunheard"
                    " returning exchangeentryid)"
                    " insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid)"
                    " select distinct %(mailbox)s::uuid, %(kind)s, exchangeentryid from missed"
                    " on conflict (mailboxid, exchangeentryid) do update set isheard = true",
                    names,
                )
            await connection.execute(
                "insert into exchangesyncfolder (mailboxid, objecttypecode, syncstate) values (%s, %s, %s)"
                " on conflict (mailboxid, objecttypecode) do update set syncstate = excluded.syncstate,"
                " modifiedon = now()",
                (run.mailboxid, kind.value, page.position),
            )

    async def due(self, run: ActRun, now: datetime) -> list[Due]:
        """See ``ActStore``."""
        due: list[Due] = []
        async with self._pool.connection() as connection:
            rows = await connection.execute(_DUE_ITEMS, (run.mailboxid, now))
            due += [
                Due(None, None, Kind(kind), item_id, retries)
                for item_id, kind, retries in await rows.fetchall()
            ]
            for kind in run.rules:
                due += await self._due_links(connection, run, kind, now)
                due += await self._due_records(connection, run, kind)
        return due

    async def _due_links(
        self, connection: AsyncConnection, run: ActRun, kind: Kind, now: datetime
    ) -> list[Due]:
        table = _TABLES[kind]
        statement = f"""
            {_LINK} join mailbox m on m.mailboxid = l.mailboxid
            left join {table.name} r on r.{table.key} = l.objectid
            where l.mailboxid = %(mailbox)s and l.objecttypecode = %(kind)s and l.stage < 3
                and (l.dueon is null or l.dueon <= %(now)s)
                and (l.stage <> 2 or l.dueon is not null
                    or coalesce(r.xmin::text::bigint, 0) <> l.recordversion
                    or {table.in_filters} = l.isparked
                    or exists (select from exchangesyncitem i where i.mailboxid = l.mailboxid
                        and i.exchangeentryid = l.exchangeentryid and i.isheard))
            order by l.createdon, l.objectid
        """
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(statement, {"mailbox": run.mailboxid, "kind": kind.value, "now": now})
        links = [_link(row) for row in await cursor.fetchall()]
        return [Due(link, link.crmid, kind, link.item_id) for link in links]

    async def _due_records(self, connection: AsyncConnection, run: ActRun, kind: Kind) -> list[Due]:
        table = _TABLES[kind]
        rows = await connection.execute(
            f"""
            select r.{table.key} from {table.name} r join mailbox m on m.mailboxid = %s
            where {table.in_filters} and not exists (select from exchangesyncidmapping l
                where l.mailboxid = m.mailboxid and l.objectid = r.{table.key} and l.stage <> 4)
            order by r.createdon, r.{table.key}
            """,  # noqa: S608 - put together from constants
            (run.mailboxid,),
        )
        return [Due(None, key, kind, None) for (key,) in await rows.fetchall()]

    async def links(self, run: ActRun, stamps: Sequence[UUID]) -> dict[UUID, Link]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(
                f"{_LINK} where mailboxid = %s and objectid = any(%s)",
                (run.mailboxid, list(stamps)),
            )
            return {link.crmid: link for link in map(_link, await cursor.fetchall())}

    async def records(self, run: ActRun, crmids: Sequence[tuple[Kind, UUID]]) -> dict[UUID, Record]:
        """See ``ActStore``."""
        found: dict[UUID, Record] = {}
        async with self._pool.connection() as connection:
            for kind in {kind for kind, _ in crmids}:
                ids = [crmid for each, crmid in crmids if each is kind]
                for record in await _records(connection, run, kind, "= any(%s)", ids):
                    found[record.crmid] = record
        return found

    async def twin(self, run: ActRun, item: Item, kind: Kind) -> Record | None:
        """See ``ActStore``; contacts are the same where their first e-mail address is."""
        address = item.fields.get("emailaddress1")
        if kind is not Kind.CONTACT or not isinstance(address, str):
            return None
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select c.contactid from contact c join mailbox m on m.mailboxid = %s"
                " where lower(c.emailaddress1) = lower(%s) and c.statecode = 0 and c.ownerid = m.ownerid"
                " and not exists (select from exchangesyncidmapping l where l.mailboxid = m.mailboxid"
                " and l.objectid = c.contactid and l.stage <> 4) order by c.createdon, c.contactid limit 1",
                (run.mailboxid, address),
            )
            row = await rows.fetchone()
            records = await _records(connection, run, kind, "= %s", row[0]) if row else []
        return records[0] if records else None

    async def linked(self, run: ActRun) -> Mapping[Kind, int]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select objecttypecode, count(*) from exchangesyncidmapping where mailboxid = %s and stage = 2"
                " group by objecttypecode",
                (run.mailboxid,),
            )
            return {Kind(kind): count for kind, count in await rows.fetchall()}

    async def keep(self, run: ActRun, links: Sequence[Link]) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            await connection.cursor().executemany(_KEEP, [_row(run, link) for link in links])

    async def settle(self, run: ActRun, link: Link, change: CrmChange | None) -> Link:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            written = link if change is None else await self._write(connection, run, link, change)
            is_new = await _is_new_to_link(connection, run, link)
            await connection.execute(_KEEP, _row(run, written))
            if link.item_id is not None:
                heard = await connection.execute(
                    "delete from exchangesyncitem where mailboxid = %s and exchangeentryid = %s and copyof is null",
                    (run.mailboxid, link.item_id),
                )
                if is_new and not heard.rowcount:
                    await connection.execute(
                        "update exchangesyncidmapping set isunheard = true where mailboxid = %s and objectid = %s",
                        (run.mailboxid, link.crmid),
                    )
            return written

    async def _write(self, connection: AsyncConnection, run: ActRun, link: Link, change: CrmChange) -> Link:
        if change.kind not in self._lengths:
            rows = await connection.execute(
                "select column_name, character_maximum_length from information_schema.columns"
                " where table_schema = current_schema() and table_name = %s",
                (_TABLES[change.kind].name,),
            )
            self._lengths[change.kind] = dict(await rows.fetchall())
        return await _write(connection, run, link, change, self._lengths[change.kind])

    async def done(self, run: ActRun, kind: Kind, item_id: str, *, copy_of: UUID | None = None) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            if copy_of is None:
                await connection.execute(
                    "delete from exchangesyncitem where mailboxid = %s and exchangeentryid = %s and copyof is null",
                    (run.mailboxid, item_id),
                )
                return
            await connection.execute(
                "insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid, isheard, copyof)"
                " values (%s, %s, %s, false, %s) on conflict (mailboxid, exchangeentryid)"
                " do update set isheard = false, copyof = excluded.copyof",
                (run.mailboxid, kind.value, item_id, copy_of),
            )

    async def defer(self, run: ActRun, due: Due, error: ServiceError, due_on: datetime) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            await connection.execute(
                "update exchangesyncitem set dueon = %s, retries = %s, lastsyncerror = left(%s, 2048)"
                " where mailboxid = %s and exchangeentryid = %s",
                (due_on, due.retries + 1, str(error), run.mailboxid, due.item_id),
            )

    async def copies(self, run: ActRun, item_ids: Sequence[str]) -> set[str]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select exchangeentryid from exchangesyncitem where mailboxid = %s and copyof is not null"
                " and exchangeentryid = any(%s)",
                (run.mailboxid, list(item_ids)),
            )
            return {item_id for (item_id,) in await rows.fetchall()}


async def _records(
    connection: AsyncConnection, run: ActRun, kind: Kind, condition: str, argument: object
) -> list[Record]:
    table = _TABLES[kind]
    columns = ", ".join(f"r.{name}" for name in table.columns)
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"""
        select r.{table.key} as crmid, r.xmin::text::bigint as version, {table.in_filters} as infilters,
            {table.title} as title, r.modifiedon, {columns}
        from {table.name} r join mailbox m on m.mailboxid = %s where r.{table.key} {condition}
        """,  # noqa: S608 - put together from constants
        (run.mailboxid, argument),
    )
    return [
        Record(
            row["crmid"],
            kind,
            row["version"],
            _fields(table, row),
            row["infilters"],
            row["title"],
            row["modifiedon"],
        )
        for row in await cursor.fetchall()
    ]


def _fields(table: _Table, row: Mapping[str, Any]) -> dict[str, Value]:
    return {name: row[name] for name in table.columns if row[name] not in (None, "")}


async def _is_new_to_link(connection: AsyncConnection, run: ActRun, link: Link) -> bool:
    rows = await connection.execute(
        "select exchangeentryid from exchangesyncidmapping where mailboxid = %s and objectid = %s",
        (run.mailboxid, link.crmid),
    )
    row = await rows.fetchone()
    return row is None or row[0] != link.item_id


async def _write(
    connection: AsyncConnection,
    run: ActRun,
    link: Link,
    change: CrmChange,
    lengths: Mapping[str, int | None],
) -> Link:
    """Write a record on the condition that it is as it was seen, and return the link with what was stored."""
    table = _TABLES[change.kind]
    names = {"table": sql.Identifier(table.name), "key": sql.Identifier(table.key)}
    if change.fields is None:
        removed = await connection.execute(
            sql.SQL("delete from {table} where {key} = %s and xmin::text::bigint = %s").format(**names),
            (change.crmid, change.version),
        )
        if removed.rowcount != 1:
            raise ChangeConflict(mailbox=run.address)
        return link
    values = _cut(change.fields, lengths)
    columns = [sql.Identifier(name) for name in values]
    if change.version is None:
        statement = sql.SQL(
            "insert into {table} ({key}, ownerid, {columns}) select %s, ownerid, {values} from mailbox"
            " where mailboxid = %s"
        ).format(
            **names,
            columns=sql.SQL(", ").join(columns),
            values=sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        )
        try:
            await connection.execute(statement, (change.crmid, *values.values(), run.mailboxid))
        except UniqueViolation as error:
            raise ChangeConflict(mailbox=run.address) from error
    else:
        assignments = sql.SQL(", ").join([sql.SQL("{} = %s").format(name) for name in columns])
        written = await connection.execute(
            sql.SQL(
                "update {table} set {assignments}, modifiedon = now()"
                " where {key} = %s and xmin::text::bigint = %s"
            ).format(**names, assignments=assignments),
            (*values.values(), change.crmid, change.version),
        )
        if written.rowcount != 1:
            raise ChangeConflict(mailbox=run.address)
    if change.kind is Kind.CONTACT:
        await connection.execute(
            "update contact set fullname = nullif(left(concat_ws(' ', firstname, lastname), 160), '')"
            " where contactid = %s",
            (change.crmid,),
        )
    (record,) = await _records(connection, run, change.kind, "= %s", change.crmid)
    exchange = link.base.exchange if link.base is not None else {}
    return replace(link, crm_version=record.version, base=Common(record.fields, exchange))


def _cut(fields: Fields, lengths: Mapping[str, int | None]) -> dict[str, Value]:
    """Return values that fit their columns; Exchange keeps what does not."""
    return {
        name: value[: lengths[name]] if isinstance(value, str) else value for name, value in fields.items()
    }


def _link(row: Mapping[str, Any]) -> Link:
    base, intent = row["base"], row["intent"]
    return Link(
        crmid=row["objectid"],
        kind=Kind(row["objecttypecode"]),
        stage=Stage(row["stage"]),
        title=row["itemsubject"] or "",
        item_id=row["exchangeentryid"],
        change_key=row["changekey"] or "",
        base=Common(unpack_fields(base["crm"]), unpack_fields(base["exchange"])) if base else None,
        crm_version=row["recordversion"],
        intent=Intent(unpack_fields(intent["crm"]), unpack_fields(intent["exchange"])) if intent else None,
        asked_on=row["askedon"],
        crm_missed_on=row["crmmissedon"],
        exchange_missed_on=row["exchangemissedon"],
        is_parked=row["isparked"],
        writes=Writes(row["writes"], row["writessince"]),
        retries=row["retries"],
        due_on=row["dueon"],
        error=row["lastsyncerror"] or "",
        conflicts=unpack_conflicts(row["conflicts"]),
    )


def _row(run: ActRun, link: Link) -> dict[str, Any]:
    base, intent = pack_pair(link.base), pack_pair(link.intent)
    return {
        "mailbox": run.mailboxid,
        "objectid": link.crmid,
        "objecttypecode": link.kind.value,
        "stage": int(link.stage),
        "itemsubject": link.title[:2048],
        "exchangeentryid": link.item_id,
        "changekey": link.change_key,
        "base": None if base is None else Jsonb(base),
        "intent": None if intent is None else Jsonb(intent),
        "conflicts": Jsonb(pack_conflicts(link.conflicts)),
        "recordversion": link.crm_version,
        "askedon": link.asked_on,
        "crmmissedon": link.crm_missed_on,
        "exchangemissedon": link.exchange_missed_on,
        "isparked": link.is_parked,
        "writes": link.writes.count,
        "writessince": link.writes.since,
        "dueon": link.due_on,
        "retries": link.retries,
        "error": link.error or None,
        "gone": link.stage is Stage.GONE,
        "unlinked": link.stage is Stage.UNLINKED,
    }
