"""The CRM side of keeping contacts and tasks in step, on PostgreSQL: records, links, and what is still to be looked at.

The version of a record is the transaction that wrote its row (``xmin``): it is another one after every change, whoever
makes it, and we know our own. Every write names the fence of the mailbox's lease.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace
from psycopg import AsyncConnection, DataError, IntegrityError
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import (
    act_changes,
    act_guest_answers,
    act_links,
    act_meetings,
    act_references,
    act_search_links,
)
from serversync.adapters.act_records import (
    Lengths,
    find_twins,
    read_lengths,
    read_records,
    write_records,
)
from serversync.adapters.arrays import boolean_array, text_array, uuid_array
from serversync.core.errors import LeaseLost, RecordRefused, ServiceError
from serversync.engine.act_aside import kept_aside
from serversync.engine.act_ports import (
    HEARD_WITH,
    ActRun,
    CrmChange,
    Due,
    FeedPage,
    GuestAnswer,
    Item,
    Link,
    Record,
    Settlement,
)
from serversync.rules.diff import Common
from serversync.rules.record import MEETINGS, Fields, Kind

_HEAR: Final = """
    insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid)
    select %(mailbox)s, %(kind)s, heard.id
    from unnest(%(ids)s::text[], %(keys)s::text[], %(gone)s::boolean[]) heard (id, key, isgone)
    where heard.isgone or not exists (select from exchangesyncidmapping l
        where l.mailboxid = %(mailbox)s and l.exchangeentryid = heard.id and l.changekey = heard.key
            and l.stage <> 4)
    on conflict (mailboxid, objecttypecode, exchangeentryid) do update set isheard = true, dueon = null, retries = 0
        where exchangesyncitem.copyof is null
"""
# The same where the feed tells of items of another kind too: those that a link of that kind names are of it.
_HEAR_MORE: Final = _HEAR.replace(
    "%(kind)s, heard.id",
    """coalesce((select l.objecttypecode from exchangesyncidmapping l where l.mailboxid = %(mailbox)s
            and l.exchangeentryid = heard.id and l.objecttypecode = any(%(kinds)s::varchar[]) and l.stage <> 4
        limit 1), %(kind)s), heard.id""",
)
_FORGET_FILES: Final = """
    delete from exchangesyncattachment a using unnest(%(ids)s::text[], %(gone)s::boolean[]) heard (id, gone)
    where heard.gone and a.mailboxid = %(mailbox)s and a.exchangeentryid = heard.id
"""


class ActStoreOnPostgres:
    """``ActStore`` on a pool of connections in autocommit mode."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._lengths: dict[Kind, Lengths] = {}

    @asynccontextmanager
    async def _transaction(self, run: ActRun) -> AsyncIterator[AsyncConnection]:
        """Give a transaction in which the claim is held."""
        async with self._pool.connection() as connection, connection.transaction():
            held = await connection.execute(
                # Triggers tell this mailbox nothing of what it writes itself.
                "select set_config('serversync.mailbox', mailboxid::text, true) from exchangesyncmailbox"
                " where mailboxid = %s and leasefence = %s for update",
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
                "update exchangesyncidmapping set isunheard = true where mailboxid = %s"
                " and objecttypecode = any(%s::varchar[]) and stage <> 4 and exchangeentryid is not null",
                (run.mailboxid, _heard_with(run, kind)),
            )

    async def hear(self, run: ActRun, kind: Kind, page: FeedPage) -> None:
        """See ``ActStore``."""
        # What is said last of an item counts.
        heard = {each.item_id: each for each in page.heard}
        kinds = _heard_with(run, kind)
        names = {
            "mailbox": run.mailboxid,
            "kind": kind.value,
            "kinds": kinds,
            "ids": text_array(heard),
            "keys": text_array([each.change_key for each in heard.values()]),
            "gone": boolean_array([each.is_gone for each in heard.values()]),
        }
        async with self._transaction(run) as connection:
            await connection.execute(_HEAR if len(kinds) == 1 else _HEAR_MORE, names)
            if any(each.is_gone for each in heard.values()):
                await connection.execute(_FORGET_FILES, names)
            await connection.execute(
                "update exchangesyncidmapping set isunheard = false where mailboxid = %(mailbox)s"
                " and isunheard and exchangeentryid = any(%(ids)s::text[])",
                names,
            )
            if page.is_last:
                await connection.execute(
                    "with missed as (update exchangesyncidmapping set isunheard = false"
                    " where mailboxid = %(mailbox)s and objecttypecode = any(%(kinds)s::varchar[]) and isunheard"
                    " returning objecttypecode, exchangeentryid)"
                    " insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid)"
                    " select distinct %(mailbox)s::uuid, objecttypecode, exchangeentryid from missed"
                    " on conflict (mailboxid, objecttypecode, exchangeentryid) do update set isheard = true",
                    names,
                )
            await connection.execute(
                "insert into exchangesyncfolder (mailboxid, objecttypecode, syncstate) values (%s, %s, %s)"
                " on conflict (mailboxid, objecttypecode) do update set syncstate = excluded.syncstate,"
                " modifiedon = now()",
                (run.mailboxid, kind.value, page.position),
            )

    async def hear_records(self, run: ActRun, kind: Kind) -> None:
        """See ``ActStore``."""
        kinds = [Kind(each) for each in _heard_with(run, kind)]
        async with self._pool.connection() as connection:
            loud = await act_changes.not_quiet(connection, run, [each for each in kinds if each in run.rules])
        for each in loud:
            async with self._transaction(run) as connection:
                await act_changes.follow(connection, run, each)
            async with self._pool.connection() as connection:
                first = await act_changes.first_followed(connection)
            async with self._transaction(run) as connection:
                await act_changes.take_note(connection, run, each, first)

    async def seen(self, run: ActRun, kind: Kind, crmids: Sequence[UUID]) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            await connection.execute(
                "delete from exchangesyncrecord where mailboxid = %s and objecttypecode = %s"
                " and objectid = any(%s::uuid[]) and isheard",
                (run.mailboxid, kind.value, uuid_array(crmids)),
            )

    async def due(self, run: ActRun, now: datetime) -> list[Due]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await act_changes.due(connection, run, now)

    async def links(self, run: ActRun, stamps: Sequence[UUID]) -> dict[UUID, Link]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(
                f"{act_links.SELECT} where mailboxid = %s and objectid = any(%s::uuid[])",
                (run.mailboxid, uuid_array(stamps)),
            )
            return {link.crmid: link for link in map(act_links.link_of, await cursor.fetchall())}

    async def records(self, run: ActRun, crmids: Sequence[tuple[Kind, UUID]]) -> dict[UUID, Record]:
        """See ``ActStore``."""
        found: dict[UUID, Record] = {}
        async with self._pool.connection() as connection:
            for kind in {kind for kind, _ in crmids}:
                ids = [crmid for each, crmid in crmids if each is kind]
                for record in await read_records(connection, run, kind, ids):
                    found[record.crmid] = record
        return found

    async def twins(self, run: ActRun, kind: Kind, items: Sequence[Item]) -> dict[str, list[Record]]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await find_twins(connection, run, kind, items)

    async def names_of(self, run: ActRun, references: Sequence[str]) -> dict[str, str]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await act_references.names_of(connection, run, references)

    async def accounts_called(self, run: ActRun, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await act_references.accounts_called(connection, run, names)

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
            await connection.execute(
                act_links.KEEP, {"mailbox": run.mailboxid, "links": act_links.links_json(links)}
            )

    async def settle(self, run: ActRun, settlements: Sequence[Settlement]) -> list[Link | ServiceError]:
        """See ``ActStore``."""
        try:
            return await self._settle(run, settlements)
        except (DataError, IntegrityError) as error:
            if len(settlements) == 1:
                where = error.diag.constraint_name or error.diag.column_name or ""
                return [RecordRefused(reason=f"{type(error).__name__} {where}".rstrip())]
        middle = len(settlements) // 2
        first = await self.settle(run, settlements[:middle])
        return first + await self.settle(run, settlements[middle:])

    async def _settle(self, run: ActRun, settlements: Sequence[Settlement]) -> list[Link | ServiceError]:
        changes: dict[Kind, list[CrmChange]] = {}
        written: dict[UUID, tuple[int, Fields] | ServiceError] = {}
        async with self._transaction(run) as connection:
            settlements = await act_meetings.without_old_news(connection, run, settlements)
            for _, change, _ in settlements:
                if change is not None:
                    changes.setdefault(change.kind, []).append(change)
            for kind, those in changes.items():
                lengths = await self._lengths_of(connection, kind)
                written.update(await write_records(connection, run, kind, those, lengths))
            await act_meetings.told_by_attendees(connection, run, _told(settlements, written))
            outcomes = [_as_written(each, written) for each in settlements]
            links = [each for each in outcomes if isinstance(each, Link)]
            anew = await act_meetings.note_identities(connection, run, links)
            if anew:
                links = [anew.get(each.crmid, each) for each in links]
                outcomes = [
                    anew.get(each.crmid, each) if isinstance(each, Link) else each for each in outcomes
                ]
            if links:
                await connection.execute(
                    act_links.SETTLE, {"mailbox": run.mailboxid, "links": act_links.links_json(links)}
                )
        return outcomes

    async def _lengths_of(self, connection: AsyncConnection, kind: Kind) -> Lengths:
        if kind not in self._lengths:
            self._lengths[kind] = await read_lengths(connection, kind)
        return self._lengths[kind]

    async def hear_guests(self, run: ActRun, answers: Sequence[GuestAnswer], now: datetime) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            lengths = await self._lengths_of(connection, Kind.SERIES)
            await act_guest_answers.hear(connection, run, answers, now, lengths)

    async def done(
        self, run: ActRun, kind: Kind, item_ids: Sequence[str], *, copy_of: UUID | None = None
    ) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            if copy_of is None:
                await connection.execute(
                    "delete from exchangesyncitem where mailboxid = %s and objecttypecode = %s"
                    " and exchangeentryid = any(%s::text[]) and copyof is null",
                    (run.mailboxid, kind.value, text_array(item_ids)),
                )
                return
            await connection.execute(
                "insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid, isheard, copyof)"
                " select %s, %s, id, false, %s from unnest(%s::text[]) id"
                " on conflict (mailboxid, objecttypecode, exchangeentryid)"
                " do update set isheard = false, copyof = excluded.copyof",
                (run.mailboxid, kind.value, copy_of, text_array(item_ids)),
            )

    async def recognise(self, run: ActRun, item_ids: Sequence[str], heard_as: Kind, kind: Kind) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            await connection.execute(
                "with heard as (delete from exchangesyncitem where mailboxid = %(mailbox)s"
                " and objecttypecode = %(before)s and exchangeentryid = any(%(ids)s::text[]) and copyof is null"
                " returning exchangeentryid)"
                " insert into exchangesyncitem (mailboxid, objecttypecode, exchangeentryid)"
                " select %(mailbox)s, %(kind)s, exchangeentryid from heard"
                " on conflict (mailboxid, objecttypecode, exchangeentryid)"
                " do update set isheard = true, dueon = null, retries = 0"
                " where exchangesyncitem.copyof is null",
                {
                    "mailbox": run.mailboxid,
                    "before": heard_as.value,
                    "kind": kind.value,
                    "ids": text_array(item_ids),
                },
            )

    async def defer(self, run: ActRun, due: Due, error: ServiceError, due_on: datetime) -> None:
        """See ``ActStore``."""
        async with self._transaction(run) as connection:
            await connection.execute(
                "update exchangesyncitem set dueon = %s, retries = %s, lastsyncerror = left(%s, 2048), modifiedon = now()"
                " where mailboxid = %s and objecttypecode = %s and exchangeentryid = %s",
                (
                    due_on,
                    due.retries + 1,
                    f"{error.code}: {error}",
                    run.mailboxid,
                    due.kind.value,
                    due.item_id,
                ),
            )

    async def copies(self, run: ActRun, item_ids: Sequence[str]) -> set[str]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select exchangeentryid from exchangesyncitem where mailboxid = %s and copyof is not null"
                " and exchangeentryid = any(%s::text[])",
                (run.mailboxid, text_array(item_ids)),
            )
            return {item_id for (item_id,) in await rows.fetchall()}

    async def knows_keys(self, run: ActRun, kinds: Sequence[Kind]) -> bool:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await act_search_links.knows_keys(connection, run, kinds)

    async def links_by_key(self, run: ActRun, search_keys: Sequence[UUID]) -> dict[UUID, list[Link]]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await act_search_links.links_by_key(connection, run, search_keys)

    async def linked_elsewhere(self, run: ActRun, crmids: Sequence[UUID]) -> set[UUID]:
        """See ``ActStore``."""
        async with self._pool.connection() as connection:
            return await act_search_links.linked_elsewhere(connection, run, crmids)


def _heard_with(run: ActRun, kind: Kind) -> list[str]:
    """Return the kinds that the feed of a kind tells of."""
    return [kind.value, *(each.value for each, by in HEARD_WITH.items() if by is kind and each in run.rules)]


def _told(
    settlements: Sequence[Settlement], written: Mapping[UUID, tuple[int, Fields] | ServiceError]
) -> list[tuple[Link, CrmChange, Fields]]:
    """Return what was written of meetings, with the fields of their records afterwards."""
    return [
        (link, change, outcome[1])
        for link, change, _ in settlements
        if change is not None
        and change.kind in MEETINGS
        and not isinstance(outcome := written[change.crmid], ServiceError)
    ]


def _as_written(
    settlement: Settlement, written: Mapping[UUID, tuple[int, Fields] | ServiceError]
) -> Link | ServiceError:
    """Return a link with the version and the values of its record as they were stored."""
    link, change, aside = settlement
    if change is None:
        return link
    outcome = written[change.crmid]
    if isinstance(outcome, ServiceError):
        return outcome
    if change.fields is None:
        return link
    version, fields = outcome
    exchange = link.base.exchange if link.base is not None else {}
    if fields == exchange:
        fields = exchange  # the very same is put into words once
    if aside:
        fields = kept_aside(aside, link.base.crm if link.base is not None else {}, fields)
    if link.crm_version == 0 and change.version is not None:
        version = 0  # it must be read again all the same
    return replace(link, crm_version=version, base=Common(fields, exchange))
