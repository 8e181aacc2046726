"""What has changed in the CRM, and what a pass has to look at: found by indexes, never by comparing everything.

A trigger writes a row of ``exchangesyncrecord`` for each change that matters to a mailbox (migration 0019). A pass
takes note of those that are committed, drops those that say nothing new, and removes a row only when it has settled its
record. What is committed later stays for the next pass.

Everything is compared once when a mailbox begins to be followed, or its filters are others. A transaction that was
already running then did not know that it had to leave a row; so it is compared again until all of those have ended.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from serversync.adapters import act_links
from serversync.adapters.act_feeds import together
from serversync.adapters.act_tables import TABLES, begins, filter_of, in_filters
from serversync.engine.act_ports import ActRun, Due
from serversync.rules.record import Kind

_DIFFERS: Final = "(coalesce(r.xmin::text::bigint, 0) <> l.recordversion or {in_filters} = l.isparked)"
_DIGEST: Final = "md5(concat_ws(' ', m.ownerid, {begins}, {limit}))"
_DUE_ITEMS: Final = """
    select i.exchangeentryid, i.objecttypecode, i.retries from exchangesyncitem i
    where i.mailboxid = %(mailbox)s and i.objecttypecode = any(%(kinds)s::varchar[]) and i.isheard and i.copyof is null
        and (i.dueon is null or i.dueon <= %(now)s)
        and not exists (select from exchangesyncidmapping l where l.mailboxid = i.mailboxid
            and l.exchangeentryid = i.exchangeentryid and l.objecttypecode = i.objecttypecode and l.stage <> 4)
    order by i.createdon, i.exchangeentryid
"""
# One that a person ignored and that is not listed any more (``unsynchronized.clear_away``) is looked at when it changes.
_DUE_LINKS: Final = f"""
    with due as (
        select l.objectid from exchangesyncidmapping l
        where l.mailboxid = %(mailbox)s and l.objecttypecode = any(%(kinds)s::varchar[])
            and (l.stage < 2 or l.dueon is not null) and (l.dueon is null or l.dueon <= %(now)s)
        union select l.objectid from exchangesyncitem i join exchangesyncidmapping l
            on l.mailboxid = i.mailboxid and l.exchangeentryid = i.exchangeentryid
                and l.objecttypecode = i.objecttypecode
        where i.mailboxid = %(mailbox)s and i.objecttypecode = any(%(kinds)s::varchar[]) and i.isheard
        union select s.objectid from exchangesyncrecord s
        where s.mailboxid = %(mailbox)s and s.objecttypecode = any(%(kinds)s::varchar[]) and s.isheard)
    {act_links.SELECT} join due on due.objectid = l.objectid
    where l.mailboxid = %(mailbox)s and l.objecttypecode = any(%(kinds)s::varchar[]) and l.stage < 3
        and (l.dueon is null or l.dueon <= %(now)s or (l.dueon >= '9999-01-01' and l.lastsyncerror is null))
    order by l.createdon, l.objectid
""".encode()  # noqa: S608 - put together from constants
_HEARD: Final = (
    "update exchangesyncrecord set isheard = true"
    " where mailboxid = %(mailbox)s and objecttypecode = %(kind)s::varchar and not isheard"
)


async def not_quiet(connection: AsyncConnection, run: ActRun, kinds: Sequence[Kind]) -> list[Kind]:
    """Return those of the kinds that are not followed, or of which something has changed since a pass took note last."""
    if not kinds:
        return []
    asked = tuple((kind, filter_of(run, kind).expression) for kind in kinds)
    names: dict[str, object] = {"mailbox": run.mailboxid}
    names |= {f"limit{number}": int(run.rules[kind].limit) for number, kind in enumerate(kinds)}
    cursor = await connection.execute(_quiet(asked), names)
    quiet = {Kind(kind) for kind, is_quiet in await cursor.fetchall() if is_quiet}
    return [kind for kind in kinds if kind not in quiet]


async def follow(connection: AsyncConnection, run: ActRun, kind: Kind) -> None:
    """Let the triggers tell of the kind from the end of this transaction on; begin anew where the filters are others."""
    filters = filter_of(run, kind).expression
    await connection.execute(_follow(kind, filters), _names(run, kind))


async def first_followed(connection: AsyncConnection) -> int:
    """Return a transaction such that it and all later ones know what was followed before this call."""
    cursor = await connection.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - one row always
    first: int = row[0]
    return first


async def take_note(connection: AsyncConnection, run: ActRun, kind: Kind, first: int) -> None:
    """Note what has changed: all that matters where it is followed only now, otherwise what the triggers tell."""
    names, filters = _names(run, kind), filter_of(run, kind).expression
    cursor = await connection.execute(
        "select f.followedfrom, pg_snapshot_xmin(s)::text::bigint from exchangesyncfolder f,"
        " pg_current_snapshot() s where f.mailboxid = %(mailbox)s and f.objecttypecode = %(kind)s::varchar",
        names,
    )
    row = await cursor.fetchone()
    followed_from, oldest = row if row is not None else (None, 0)
    if followed_from is not None:
        followed_from = followed_from or first
        await connection.execute(
            "delete from exchangesyncrecord where mailboxid = %(mailbox)s and objecttypecode = %(kind)s::varchar and isheard",
            names,
        )
        await connection.execute(_list(kind, filters), names)
        is_complete = TABLES[kind].tells and oldest >= followed_from
        await connection.execute(
            "update exchangesyncfolder set followedfrom = %(followed)s"
            " where mailboxid = %(mailbox)s and objecttypecode = %(kind)s::varchar",
            {**names, "followed": None if is_complete else followed_from},
        )
    heard = await connection.execute(_HEARD, names)
    if heard.rowcount:
        await connection.execute(_prune(kind, filters), names)


async def due(connection: AsyncConnection, run: ActRun, now: datetime) -> list[Due]:
    """Return what is to be looked at now: items that no link names, then the links and records of each kind."""
    names = {"mailbox": run.mailboxid, "kinds": [kind.value for kind in run.rules], "now": now}
    items = await connection.execute(_DUE_ITEMS, names)
    found = [
        Due(None, None, Kind(kind), item_id, retries) for item_id, kind, retries in await items.fetchall()
    ]
    for kinds in together(run.rules):
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(_DUE_LINKS, {**names, "kinds": [kind.value for kind in kinds]})
        links = [act_links.link_of(row) for row in await cursor.fetchall()]
        found += [Due(link, link.crmid, link.kind, link.item_id) for link in links]
        asked = tuple((kind, filter_of(run, kind).expression) for kind in kinds)
        records = await connection.execute(_due_records(asked), {"mailbox": run.mailboxid})
        found += [Due(None, key, Kind(kind), None) for key, kind in await records.fetchall()]
    return found


def _names(run: ActRun, kind: Kind) -> dict[str, object]:
    return {
        "mailbox": run.mailboxid,
        "kind": kind.value,
        "limit": int(run.rules[kind].limit),
        "tellsall": not filter_of(run, kind).is_confined,
    }


def _differs(filters: str) -> str:
    return _DIFFERS.replace("{in_filters}", in_filters(filters))


def _digest(kind: Kind, filters: str, limit: str = "limit") -> str:
    """Return the expression for what a mailbox was begun to be followed with."""
    quoted = "'" + begins(kind, filters).replace("'", "''") + "'"
    return _DIGEST.format(begins=quoted, limit=f"%({limit})s::int")


# All of these are put together from constants.


@lru_cache(maxsize=64)
def _quiet(asked: tuple[tuple[Kind, str], ...]) -> bytes:
    return " union all ".join(
        f"""
        select '{kind.value}', coalesce(
                f.isfollowed and f.followedfrom is null and f.filters = {_digest(kind, filters, f"limit{number}")}, false)
            and not exists (select from exchangesyncrecord s
                where s.mailboxid = m.mailboxid and s.objecttypecode = '{kind.value}' and not s.isheard)
        from mailbox m left join exchangesyncfolder f
            on f.mailboxid = m.mailboxid and f.objecttypecode = '{kind.value}'
        where m.mailboxid = %(mailbox)s
        """  # noqa: S608 - put together from constants
        for number, (kind, filters) in enumerate(asked)
    ).encode()


@lru_cache(maxsize=64)
def _follow(kind: Kind, filters: str) -> bytes:
    return f"""
        insert into exchangesyncfolder (mailboxid, objecttypecode, isfollowed, followedfrom, filters, tellsall)
        select m.mailboxid, %(kind)s::varchar, true, 0, {_digest(kind, filters)}, %(tellsall)s from mailbox m
        where m.mailboxid = %(mailbox)s
        on conflict (mailboxid, objecttypecode) do update
            set isfollowed = true, followedfrom = 0, filters = excluded.filters, tellsall = excluded.tellsall,
                modifiedon = now()
            where not exchangesyncfolder.isfollowed
                or exchangesyncfolder.filters is distinct from excluded.filters
    """.encode()  # noqa: S608 - put together from constants


@lru_cache(maxsize=64)
def _list(kind: Kind, filters: str) -> bytes:
    table = TABLES[kind]
    return f"""
        insert into exchangesyncrecord (mailboxid, objecttypecode, objectid, isheard)
        select m.mailboxid, %(kind)s::varchar, r.{table.key}, true
        from {table.name} r join mailbox m on m.mailboxid = %(mailbox)s where {begins(kind, filters)}
        union all
        select l.mailboxid, l.objecttypecode, l.objectid, true
        from exchangesyncidmapping l join mailbox m on m.mailboxid = l.mailboxid
            left join {table.name} r on r.{table.key} = l.objectid
        where l.mailboxid = %(mailbox)s and l.objecttypecode = %(kind)s::varchar and l.stage < 3
            and {_differs(filters)}
    """.encode()  # noqa: S608 - put together from constants


@lru_cache(maxsize=64)
def _prune(kind: Kind, filters: str) -> bytes:
    table = TABLES[kind]
    return f"""
        delete from exchangesyncrecord s using mailbox m
        where s.mailboxid = %(mailbox)s and s.objecttypecode = %(kind)s::varchar and s.isheard
            and m.mailboxid = %(mailbox)s
            and not exists (select from {table.name} r where r.{table.key} = s.objectid and {begins(kind, filters)})
            and not exists (select from exchangesyncidmapping l
                left join {table.name} r on r.{table.key} = l.objectid
                where l.mailboxid = %(mailbox)s and l.objectid = s.objectid and l.stage < 3
                    and {_differs(filters)})
    """.encode()  # noqa: S608 - put together from constants


@lru_cache(maxsize=64)
def _due_records(asked: tuple[tuple[Kind, str], ...]) -> bytes:
    each = " union all ".join(
        f"""
        select r.{(table := TABLES[kind]).key} as key, '{kind.value}' as kind, r.createdon
        from (select distinct objectid from exchangesyncrecord
                where mailboxid = %(mailbox)s and objecttypecode = '{kind.value}' and isheard) s
            join {table.name} r on r.{table.key} = s.objectid
            join mailbox m on m.mailboxid = %(mailbox)s
        where {begins(kind, filters)}
        """  # noqa: S608 - put together from constants
        for kind, filters in asked
    )
    return f"select key, kind from ({each}) d order by createdon, key".encode()  # noqa: S608 - put together from constants
