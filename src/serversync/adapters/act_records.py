"""Records of the CRM that are kept in step: read, recognised, and written, many with one statement.

A batch goes to the server as one JSON array, which it takes apart itself. A value for each parameter of each row would
cost the client more than all the rest of a pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from serversync.adapters import (
    act_appointments,
    act_record_files,
    act_references,
    act_series_records,
    act_services,
)
from serversync.adapters.act_tables import TABLES, Table, filter_of, in_filters
from serversync.adapters.arrays import uuid_array
from serversync.core.errors import ChangeConflict, ServiceError
from serversync.engine.act_ports import ActRun, CrmChange, Item, Record
from serversync.rules.duplicates import values_of
from serversync.rules.plan import PLAIN, Facts
from serversync.rules.record import Fields, Kind, Value

_BEFORE_COLUMNS = 6
_COMPLETED = Facts(is_completed=True)
Lengths = Mapping[str, int | None]
"""How many characters each column of a table takes."""


async def read_records(
    connection: AsyncConnection, run: ActRun, kind: Kind, ids: Sequence[UUID]
) -> list[Record]:
    """Return those of the records that exist."""
    filters = filter_of(run, kind).expression
    if kind is Kind.APPOINTMENT:
        return await act_appointments.read(connection, run, ids, filters)
    if kind is Kind.SERIES:
        return await act_series_records.read(connection, run, ids, filters)
    if kind is Kind.SERVICE:
        return await act_services.read(connection, run, ids, filters)
    table = TABLES[kind]
    files = act_record_files.are_told(run, kind)
    cursor = await connection.execute(_select(kind, filters, files), (run.mailboxid, uuid_array(ids)))
    return [
        Record(
            row[0],
            kind,
            row[1],
            _fields(table, row[_BEFORE_COLUMNS:], files=files),
            row[2],
            row[3],
            row[4],
            _COMPLETED if row[5] else PLAIN,
        )
        for row in await cursor.fetchall()
    ]


async def find_twins(
    connection: AsyncConnection, run: ActRun, kind: Kind, items: Sequence[Item]
) -> dict[str, list[Record]]:
    """Return records that are not linked and the same as an item: contacts by the keys of the run, in their order."""
    filters = filter_of(run, kind)
    if kind is Kind.APPOINTMENT:
        return await act_appointments.twins(connection, run, items, filters.expression)
    if kind is Kind.SERIES:
        return await act_series_records.twins(connection, run, items, filters.expression)
    if kind is not Kind.CONTACT:
        return {}
    found: dict[str, list[UUID]] = {}
    for key in run.duplicate_keys:
        rows = [
            {"item": item.item_id, **values}
            for item in items
            if item.item_id not in found and (values := values_of(key, item.fields)) is not None
        ]
        if rows:
            beyond = "" if filters.is_confined else filters.expression
            cursor = await connection.execute(
                _twins(tuple(key), beyond),
                {"rows": msgspec.json.encode(rows).decode(), "mailbox": run.mailboxid},
            )
            for item_id, crmid in await cursor.fetchall():
                found.setdefault(item_id, []).append(crmid)
    ids = list({key for keys in found.values() for key in keys})
    records = {r.crmid: r for r in await read_records(connection, run, kind, ids)} if ids else {}
    same = {item_id: [records[key] for key in keys if key in records] for item_id, keys in found.items()}
    return {item_id: those for item_id, those in same.items() if those}


@lru_cache(maxsize=64)
def _twins(key: tuple[str, ...], beyond: str) -> bytes:
    """Return the question which active contacts have the values of a key: the user's own, and those of wider filters."""
    types = ", ".join(f"{name} text" for name in key)
    same = " and ".join(f"lower(r.{name}) = lower(x.{name})" for name in key)
    whose = f"(r.ownerid = m.ownerid or {beyond})" if beyond else "r.ownerid = m.ownerid"
    return f"""
        select x.item, r.contactid
        from mailbox m cross join json_to_recordset(%(rows)s::json) x (item text, {types})
            join contact r on {same} and {whose} and r.statecode = 0
        where m.mailboxid = %(mailbox)s and not exists (select from exchangesyncidmapping l
            where l.mailboxid = m.mailboxid and l.objectid = r.contactid and l.stage <> 4)
        order by r.createdon, r.contactid
    """.encode()  # noqa: S608 - put together from constants and columns that were checked


async def read_lengths(connection: AsyncConnection, kind: Kind) -> Lengths:
    """Return how long the values of the kind's columns may be."""
    cursor = await connection.execute(
        "select column_name, character_maximum_length from information_schema.columns"
        " where table_schema = current_schema() and table_name = %s",
        (TABLES[kind].name,),
    )
    return dict(await cursor.fetchall())


async def write_records(
    connection: AsyncConnection, run: ActRun, kind: Kind, changes: Iterable[CrmChange], lengths: Lengths
) -> dict[UUID, tuple[int, Fields] | ServiceError]:
    """Write records of a kind, each on the condition that it is as it was seen.

    Returns:
        Of each record its version and its fields afterwards, or why it was not written.
    """
    if kind is Kind.APPOINTMENT:
        return await act_appointments.write(
            connection, run, changes, lengths, filter_of(run, kind).expression
        )
    if kind is Kind.SERIES:
        return await act_series_records.write(
            connection, run, changes, lengths, filter_of(run, kind).expression
        )
    table = TABLES[kind]
    files = act_record_files.are_told(run, kind)
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    deleted: list[dict[str, Any]] = []
    written: dict[UUID, tuple[int, Fields] | ServiceError] = {}
    all_changes = list(changes)
    for change in all_changes:
        row: dict[str, Any] = {"objectid": change.crmid, "version": change.version}
        if change.fields is None:
            deleted.append(row)
            continue
        row["fields"] = _cut(_columns(table, change.fields), lengths)
        (new if change.version is None else old).append(row)
    for rows, statement in (
        (new, _insert(kind, files)),
        (old, _update(kind, files)),
        (deleted, _delete(kind)),
    ):
        if rows:
            cursor = await connection.execute(
                statement, {"rows": msgspec.json.encode(rows).decode(), "mailbox": run.mailboxid}
            )
            for key, version, *values in await cursor.fetchall():
                written[key] = version, _fields(table, values, files=files) if values else {}
    if files:
        written |= await _write_files(connection, run, kind, all_changes, written)
    refused = [] if len(written) == len(all_changes) else [c for c in all_changes if c.crmid not in written]
    return written | {change.crmid: ChangeConflict(mailbox=run.address) for change in refused}


async def _write_files(
    connection: AsyncConnection,
    run: ActRun,
    kind: Kind,
    changes: Sequence[CrmChange],
    written: Mapping[UUID, tuple[int, Fields] | ServiceError],
) -> dict[UUID, tuple[int, Fields]]:
    """Write the files of records that were written; return version and fields of those that have some to write."""
    done = {
        change.crmid: change.fields
        for change in changes
        if change.fields is not None and change.crmid in written
    }
    keys = await act_record_files.write(connection, kind, done)
    records = await read_records(connection, run, kind, keys) if keys else ()
    return {each.crmid: (each.version, each.fields) for each in records}


def _fields(table: Table, values: Sequence[Any], *, files: bool) -> dict[str, Value]:
    """Return the fields of a record, given what ``_read`` names."""
    if files:
        return _stored_fields(table, values[:-1]) | act_record_files.fields_of(values[-1] or ())
    return _stored_fields(table, values)


def _stored_fields(table: Table, values: Sequence[Any]) -> dict[str, Value]:
    if not table.groups:
        return {
            name: value
            for name, value in zip(table.read, values, strict=True)
            if value is not None and value != ""
        }
    stored = dict(zip(table.read, values, strict=True))
    fields: dict[str, Value] = {}
    for name in table.fields:
        if name in table.groups:
            fields[name] = tuple(stored[column] for column in table.groups[name])
        elif stored[name] is not None and stored[name] != "":
            fields[name] = stored[name]
    return fields


def _columns(table: Table, fields: Fields) -> dict[str, Value]:
    """Return the columns of fields; a group stands in several. Files are none, and nobody asks for what is called like them."""
    columns: dict[str, Value] = {}
    for name, value in fields.items():
        if name in table.computed:
            continue
        if name in table.references:
            columns |= zip(table.references[name], act_references.split(value), strict=True)
        elif name not in table.groups:
            columns[name] = value
        elif isinstance(value, tuple):
            columns |= dict(zip(table.groups[name], value, strict=True))
    return columns


def _value(table: Table, column: str) -> str:
    """Return what is stored in a column of a row ``p`` that was put together from JSON."""
    return f"coalesce(p.{column}, {table.defaults[column]})" if column in table.defaults else f"p.{column}"


def _cut(fields: Fields, lengths: Lengths) -> dict[str, Any]:
    """Return values as JSON that fit their columns; Exchange keeps what does not."""
    cut: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, str):
            cut[name] = value[: lengths[name]]
        else:
            cut[name] = value.isoformat() if isinstance(value, date | datetime) else value
    return cut


def _read(table: Table, files: bool) -> str:  # noqa: FBT001 - of the keys of the caches below
    """Return what is read of a record ``r``; its files last, where they are of concern."""
    stored = (table.shown.get(name, f"r.{name}") for name in table.columns)
    naming = (act_references.read_of(*both) for both in table.references.values())
    told = (act_record_files.OF_RECORD,) if files else ()
    return ", ".join((*stored, *table.computed.values(), *naming, *told))


@lru_cache(maxsize=64)
def _select(kind: Kind, filters: str, files: bool) -> bytes:  # noqa: FBT001 - a key of the cache
    table = TABLES[kind]
    return f"""
        select r.{table.key}, r.xmin::text::bigint, {in_filters(filters)}, {table.title}, r.modifiedon,
            {table.is_completed}, {_read(table, files)}
        from {table.name} r join mailbox m on m.mailboxid = %s where r.{table.key} = any(%s::uuid[])
    """.encode()  # noqa: S608 - put together from constants


@lru_cache(maxsize=8)
def _insert(kind: Kind, files: bool) -> bytes:  # noqa: FBT001 - a key of the cache
    table = TABLES[kind]
    names = ", ".join((*table.written, *table.derived))
    values = ", ".join((*(_value(table, name) for name in table.written), *table.derived.values()))
    return f"""
        insert into {table.name} as r ({table.key}, ownerid, {names})
        select x.objectid, m.ownerid, {values}
        from mailbox m, json_to_recordset(%(rows)s::json) x (objectid uuid, fields jsonb),
            lateral (select (jsonb_populate_record(null::{table.name}, x.fields)).*) p
        where m.mailboxid = %(mailbox)s
        on conflict ({table.key}) do nothing
        returning r.{table.key}, r.xmin::text::bigint, {_read(table, files)}
    """.encode()  # noqa: S608 - put together from constants


@lru_cache(maxsize=8)
def _update(kind: Kind, files: bool) -> bytes:  # noqa: FBT001 - a key of the cache
    table = TABLES[kind]
    names = ", ".join((*table.written, *table.derived))
    values = ", ".join((*(_value(table, name) for name in table.written), *table.derived.values()))
    return f"""
        update {table.name} r set ({names}, modifiedon) =
            (select {values}, now() from jsonb_populate_record(r, x.fields) p)
        from json_to_recordset(%(rows)s::json) x (objectid uuid, version bigint, fields jsonb)
        where r.{table.key} = x.objectid and r.xmin::text::bigint = x.version
        returning r.{table.key}, r.xmin::text::bigint, {_read(table, files)}
    """.encode()  # noqa: S608 - put together from constants


@lru_cache(maxsize=8)
def _delete(kind: Kind) -> bytes:
    table = TABLES[kind]
    return f"""
        delete from {table.name} r
        using json_to_recordset(%(rows)s::json) x (objectid uuid, version bigint)
        where r.{table.key} = x.objectid and r.xmin::text::bigint = x.version returning r.{table.key}, 0
    """.encode()  # noqa: S608 - put together from constants
