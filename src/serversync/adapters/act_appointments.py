"""Appointments of the CRM that are kept in step: rows of ``appointment`` with their parties, read and written.

Who takes part stands in ``act_meetings``. A batch goes to the server as JSON, as in ``act_records``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from serversync.adapters import act_record_files, act_references
from serversync.adapters.act_meetings import (
    BEGINS_AS_MEETING,
    FILTERS,
    ORGANIZES,
    PARTIES,
    SPEAKS,
    fields_of_parties,
    has_attendees,
    known_people,
    owner_of,
    same_meetings,
    write_parties,
)
from serversync.adapters.act_references import ABOUT
from serversync.adapters.arrays import uuid_array
from serversync.core.errors import ChangeConflict, ServiceError
from serversync.engine.act_ports import ActRun, CrmChange, Item, Record
from serversync.mapping.appointment import Times, times_of
from serversync.rules.appointment import InCrm
from serversync.rules.record import Fields, Kind, Value
from serversync.rules.regarding import REGARDING

Lengths = Mapping[str, int | None]

_FILES: Final = "{files}"
_SELECT: Final = f"""
    select r.activityid, r.xmin::text::bigint, coalesce({FILTERS}, false), coalesce(r.subject, ''), r.modifiedon,
        {ORGANIZES}, {SPEAKS}, r.subject, r.description, r.location, r.prioritycode, r.globalobjectid,
        r.ismapiprivate, r.statecode, r.statuscode, r.scheduledstart, r.scheduledend, r.isalldayevent,
        {act_references.read_of(*ABOUT)}, {PARTIES}, {_FILES}
    from appointment r join mailbox m on m.mailboxid = %s where r.activityid = any(%s::uuid[]) and r.instancetypecode = 0
"""  # noqa: S608 - put together from constants
BEGINS: Final = f"(r.instancetypecode = 0 and {BEGINS_AS_MEETING})"
"""Which appointments may."""


async def read(connection: AsyncConnection, run: ActRun, ids: Sequence[UUID], filters: str) -> list[Record]:
    """Return those of the records that exist."""
    cursor = await connection.execute(
        _select(filters, act_record_files.are_told(run, Kind.APPOINTMENT)), (run.mailboxid, uuid_array(ids))
    )
    return [_record(row) for row in await cursor.fetchall()]


@lru_cache(maxsize=64)
def _select(filters: str, files: bool) -> bytes:  # noqa: FBT001 - a key of the cache
    told = act_record_files.OF_RECORD if files else "null"
    return _SELECT.replace(FILTERS, filters).replace(_FILES, told).encode()


def _record(row: Sequence[Any]) -> Record:
    key, version, in_filters, title, modifiedon, organizes, speaks = row[:7]
    subject, description, location, priority, global_id, is_private, state, status = row[7:15]
    start, end, is_all_day, about, parties, files = row[15:]
    fields: dict[str, Value] = {
        "subject": subject or None,
        "description": description or None,
        "location": location or None,
        "prioritycode": priority,
        "globalobjectid": global_id or None,
        "ismapiprivate": is_private,
        "statecode": (state, status),
        "scheduledstart": tuple(Times(start.astimezone(UTC), end.astimezone(UTC), is_all_day)),
        REGARDING: about,
        **fields_of_parties(parties or ()),
        **act_record_files.fields_of(files or ()),
    }
    return Record(
        key,
        Kind.APPOINTMENT,
        version,
        {name: value for name, value in fields.items() if value is not None},
        in_filters,
        title,
        modifiedon,
        appointment=InCrm(
            is_organizer=organizes,
            speaks=speaks,
            has_attendees=has_attendees(fields),
            ends_on=end,
            is_known=global_id is not None,
            is_completed=state in (1, 2),
            is_cancelled=state == 2,
        ),
    )


async def twins(
    connection: AsyncConnection, run: ActRun, items: Sequence[Item], filters: str
) -> dict[str, list[Record]]:
    """Return the record that is the same meeting as an item, by the item's id, where it has no item in this mailbox.

    Of a guest's item that is an occurrence of a series of the CRM there is none, and it becomes none: the series has it.
    """
    same, wanted = await same_meetings(connection, run, items, "appointment")
    records = {r.crmid: r for r in await read(connection, run, list(same.values()), filters)} if same else {}
    cursor = await connection.execute(_OF_SERIES, (list(set(wanted.values())),))
    series = {global_id for (global_id,) in await cursor.fetchall()}
    found = {
        item.item_id: list[Record]()
        for item in items
        if wanted.get(item.item_id) in series
        and not (item.appointment is None or item.appointment.is_organizer)
    }
    return found | {
        item_id: [records[same[global_id]]]
        for item_id, global_id in wanted.items()
        if same.get(global_id) in records
    }


_OF_SERIES: Final = "select globalobjectid from recurringappointmentmaster where globalobjectid = any(%s)"
_INSERT: Final = """
    insert into appointment (activityid, ownerid, {columns})
    select x.objectid, coalesce(x.owner, m.ownerid), {values}
    from mailbox m, json_to_recordset(%(rows)s::json) x (objectid uuid, owner uuid, fields jsonb),
        lateral (select (jsonb_populate_record(null::appointment, x.fields)).*) p
    where m.mailboxid = %(mailbox)s
    on conflict do nothing returning activityid
"""
_UPDATE: Final = """
    update appointment r set ({columns}, modifiedon) =
        (select {values}, now() from jsonb_populate_record(r, x.fields) p)
    from json_to_recordset(%(rows)s::json) x (objectid uuid, version bigint, fields jsonb)
    where r.activityid = x.objectid and r.xmin::text::bigint = x.version returning r.activityid
"""
_DELETE: Final = """
    delete from appointment r using json_to_recordset(%(rows)s::json) x (objectid uuid, version bigint)
    where r.activityid = x.objectid and r.xmin::text::bigint = x.version returning r.activityid
"""
_COLUMNS: Final = (
    "subject",
    "description",
    "location",
    "scheduledstart",
    "scheduledend",
    "isalldayevent",
    "prioritycode",
    "statecode",
    "statuscode",
    "ismapiprivate",
    "globalobjectid",
    *ABOUT,
)
_DEFAULTS: Final = {"prioritycode": 1, "statecode": 3, "statuscode": 5, "ismapiprivate": False}
_NAMES: Final = {"columns": ", ".join(_COLUMNS), "values": ", ".join(f"p.{name}" for name in _COLUMNS)}


async def write(
    connection: AsyncConnection, run: ActRun, changes: Iterable[CrmChange], lengths: Lengths, filters: str
) -> dict[UUID, tuple[int, Fields] | ServiceError]:
    """Write records, each on the condition that it is as it was seen.

    Returns:
        Of each record its version and its fields afterwards, or ``ChangeConflict``.
    """
    outcomes: dict[UUID, tuple[int, Fields] | ServiceError] = {}
    rows: dict[str, list[dict[str, Any]]] = {_INSERT: [], _UPDATE: [], _DELETE: []}
    changed: dict[UUID, Fields] = {}
    all_changes = list(changes)
    known = await known_people(connection, run, all_changes)
    for change in all_changes:
        row: dict[str, Any] = {"objectid": change.crmid, "version": change.version}
        if change.fields is None:
            rows[_DELETE].append(row)
            continue
        changed[change.crmid] = change.fields
        row["fields"] = _columns(change.fields, lengths)
        if change.version is None:
            row["fields"] = _DEFAULTS | row["fields"]
            row["owner"] = owner_of(change.fields, known)
        rows[_INSERT if change.version is None else _UPDATE].append(row)
    done: list[UUID] = []
    for statement, those in rows.items():
        if those:
            names = {"rows": msgspec.json.encode(those).decode(), "mailbox": run.mailboxid}
            cursor = await connection.execute(statement.format(**_NAMES).encode(), names)
            keys = [key for (key,) in await cursor.fetchall()]
            if statement is _DELETE:
                outcomes.update(dict.fromkeys(keys, (0, {})))
            else:
                done += keys
    new = {change.crmid for change in all_changes if change.version is None}
    await write_parties(connection, {key: changed[key] for key in done}, known, new)
    await act_record_files.write(connection, Kind.APPOINTMENT, {key: changed[key] for key in done})
    if done:
        outcomes.update({r.crmid: (r.version, r.fields) for r in await read(connection, run, done, filters)})
    refused = [] if len(outcomes) == len(all_changes) else [c for c in all_changes if c.crmid not in outcomes]
    return outcomes | {change.crmid: ChangeConflict(mailbox=run.address) for change in refused}


def _columns(fields: Fields, lengths: Lengths) -> dict[str, Any]:
    """Return columns with values that fit them, as JSON; Exchange keeps what does not."""
    columns: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "scheduledstart":
            times = times_of(value)
            columns |= {
                "scheduledstart": times.start.isoformat(),
                "scheduledend": times.end.isoformat(),
                "isalldayevent": times.is_all_day,
            }
        elif name == "statecode" and isinstance(value, tuple):
            columns["statecode"], columns["statuscode"] = value
        elif name == REGARDING:
            columns |= zip(ABOUT, act_references.split(value), strict=True)
        elif name in _COLUMNS:
            columns[name] = value[: lengths[name]] if isinstance(value, str) else value
            if value is None and name in _DEFAULTS:
                columns[name] = _DEFAULTS[name]
    return columns
