"""Series of the CRM that are kept in step: rows of ``recurringappointmentmaster`` with their changed occurrences.

A change of an occurrence touches the row of its series, by a trigger, so that the version of that row is the version of
all of it. What an occurrence has of its own is what differs from the series: its times where they are not those of the
pattern, a text where it is there and another one, and whatever ``modifiedfieldsmask`` names. Who takes part in it stands in
``act_occurrence_parties``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from serversync.adapters import act_occurrence_parties, act_references
from serversync.adapters.act_meetings import (
    FILTERS,
    ORGANIZES,
    PARTIES,
    SPEAKS,
    KnownPeople,
    fields_of_parties,
    has_attendees,
    known_people,
    owner_of,
    same_meetings,
    write_parties,
)
from serversync.adapters.act_occurrence_parties import PARTIES_OF_OCCURRENCE, own_people
from serversync.adapters.act_references import ABOUT
from serversync.core.errors import ChangeConflict, SeriesNotExpressible, ServiceError
from serversync.engine.act_ports import ActRun, CrmChange, Item, Record
from serversync.mapping.series import OF_OCCURRENCES, columns_of, recurrence_of_columns
from serversync.rules.answers import RESPONSES
from serversync.rules.appointment import InCrm
from serversync.rules.record import Fields, Kind, Value
from serversync.rules.regarding import REGARDING
from serversync.rules.series.changes import (
    DELETED,
    NEVER,
    Own,
    changed_days,
    ends_on,
    field_of,
    of_series,
    own_between,
    own_of,
    resets_occurrences,
)
from serversync.rules.series.timetable import (
    PATTERN,
    TIMES,
    Timetable,
    times_between,
    timetable_of,
    timetable_values,
)
from serversync.rules.series.zones import zone_of

Lengths = Mapping[str, int | None]
_TEXTS: Final = tuple(row.logicalname for row in OF_OCCURRENCES)
_ALL_DAY: Final = "isalldayevent"
_EXCEPTION: Final = 3
_DEFAULTS: Final = {"prioritycode": 1}
_BUSY: Final = (3, 5)
_SELECT: Final = f"""
    select r.*, r.xmin::text::bigint as version, coalesce({FILTERS}, false) as infilters,
        {ORGANIZES} as organizes, {SPEAKS} as speaks, {PARTIES} as parties,
        (select json_agg(json_build_object('originalstartdate', a.originalstartdate, 'scheduledstart', a.scheduledstart,
            'scheduledend', a.scheduledend, 'isalldayevent', a.isalldayevent, 'subject', a.subject,
            'location', a.location, 'description', a.description, 'prioritycode', a.prioritycode,
            'modifiedfieldsmask', a.modifiedfieldsmask, 'parties', {PARTIES_OF_OCCURRENCE}))
            from appointment a where a.seriesid = r.activityid and a.instancetypecode = {_EXCEPTION}) as changed
    from recurringappointmentmaster r join mailbox m on m.mailboxid = %s where r.activityid = any(%s)
"""  # noqa: S608 - put together from constants
_LOCK: Final = "select xmin::text::bigint from recurringappointmentmaster where activityid = %s for update"


async def read(connection: AsyncConnection, run: ActRun, ids: Sequence[UUID], filters: str) -> list[Record]:
    """Return those of the records that exist."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_select(filters), (run.mailboxid, list(ids)))
    return [_record(row, fields_of_row(row)) for row in await cursor.fetchall()]


def _record(row: Mapping[str, Any], fields: Fields) -> Record:
    return Record(
        row["activityid"],
        Kind.SERIES,
        row["version"],
        fields,
        row["infilters"],
        row["subject"] or "",
        row["modifiedon"],
        appointment=_says(row, fields),
    )


@lru_cache(maxsize=64)
def _select(filters: str) -> bytes:
    return _SELECT.replace(FILTERS, filters).encode()


def _says(row: Mapping[str, Any], fields: Fields) -> InCrm:
    try:
        over_on = ends_on(timetable_of(fields.get(PATTERN), fields.get(TIMES)), fields)
    except ValueError:
        over_on = NEVER
    return InCrm(
        is_organizer=row["organizes"],
        speaks=row["speaks"],
        has_attendees=has_attendees(fields),
        ends_on=over_on,
        is_known=row["globalobjectid"] is not None,
        is_completed=row["statecode"] in (1, 2),
        is_cancelled=row["statecode"] == 2,
    )


async def twins(
    connection: AsyncConnection, run: ActRun, items: Iterable[Item], filters: str
) -> dict[str, list[Record]]:
    """Return the record that is the same series as an item, by the item's id, where it has no item in this mailbox."""
    same, wanted = await same_meetings(connection, run, items, "recurringappointmentmaster")
    records = {r.crmid: r for r in await read(connection, run, list(same.values()), filters)} if same else {}
    return {
        item_id: [records[same[global_id]]]
        for item_id, global_id in wanted.items()
        if same.get(global_id) in records
    }


def fields_of_row(row: Mapping[str, Any]) -> dict[str, Value]:
    """Return a row with its changed occurrences as the rules see it; without times where it says none that can be."""
    texts: dict[str, Value] = {name: row[name] for name in _TEXTS if row[name] not in (None, "")}
    said = {
        "statecode": (row["statecode"], row["statuscode"]),
        "globalobjectid": row["globalobjectid"] or None,
        REGARDING: act_references.joined(*(row[column] for column in ABOUT)),
    }
    said |= fields_of_parties(row["parties"] or ())
    meeting = {name: value for name, value in said.items() if value is not None}
    try:
        timetable = _timetable(row)
    except (ValueError, OverflowError):  # the latter where its first time lies outside all calendars
        return texts | meeting
    fields = texts | meeting | timetable_values(timetable)
    for text in (row["deletedexceptionslist"] or "").split(","):
        day = _day(text)
        if day is not None:
            fields[field_of(day)] = DELETED
    for each in row["changed"] or ():
        day = timetable.day_of(datetime.fromisoformat(each["originalstartdate"]))
        value = _own(timetable, day, fields, each).value()
        if value is not None:
            fields.setdefault(field_of(day), value)
    return of_series(fields)


def _timetable(row: Mapping[str, Any]) -> Timetable:
    zone_of(row["timezone"])
    _, times = times_between(row["starttime"], row["endtime"], row["timezone"], is_all_day=row[_ALL_DAY])
    return Timetable(recurrence_of_columns(row), times)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _own(timetable: Timetable, day: date, series: Fields, each: Mapping[str, Any]) -> Own:
    named = {name.strip() for name in (each["modifiedfieldsmask"] or "").split(",")}
    differs: dict[str, Value] = {}
    for name in _TEXTS:
        value = each[name] or None if name not in _DEFAULTS else each[name]
        is_own = name in named or (value is not None and name not in _DEFAULTS)
        if is_own and value != series.get(name):
            differs[name] = value
    differs |= own_people(each["parties"] or (), named, series)
    if each[_ALL_DAY] != timetable.times.is_all_day:
        differs[_ALL_DAY] = each[_ALL_DAY]
    original, start, end = (
        datetime.fromisoformat(each[name]).astimezone(UTC)
        for name in ("originalstartdate", "scheduledstart", "scheduledend")
    )
    if start == original != timetable.start(day):
        # The series takes place at another time now; what was never moved goes with it.
        start, end = timetable.start(day), timetable.end(day)
    return own_between(timetable, day, start, end, differs)


async def write(
    connection: AsyncConnection, run: ActRun, changes: Iterable[CrmChange], lengths: Lengths, filters: str
) -> dict[UUID, tuple[int, Fields] | ServiceError]:
    """Write records, each on the condition that it is as it was seen.

    Returns:
        Of each record its version and its fields afterwards, or why it was not written.
    """
    outcomes: dict[UUID, tuple[int, Fields] | ServiceError] = {}
    for change in changes:
        try:
            outcomes[change.crmid] = await _write(connection, run, change, lengths, filters)
        except ServiceError as error:
            outcomes[change.crmid] = error
    return outcomes


async def _write(
    connection: AsyncConnection, run: ActRun, change: CrmChange, lengths: Lengths, filters: str
) -> tuple[int, Fields]:
    """Write one record.

    Raises:
        ChangeConflict: it is another one by now.
        SeriesNotExpressible: what it would be is no series.
    """
    locked = await connection.execute(_LOCK, (change.crmid,))
    row = await locked.fetchone()
    if (None if row is None else row[0]) != change.version:
        raise ChangeConflict(mailbox=run.address)
    if change.fields is None:
        await connection.execute(
            "delete from recurringappointmentmaster where activityid = %s", (change.crmid,)
        )
        return 0, {}
    before = await read(connection, run, [change.crmid], filters)
    after = {**(before[0].fields if before else {}), **change.fields}
    try:
        fields = of_series({name: value for name, value in after.items() if value is not None})
        timetable = timetable_of(fields.get(PATTERN), fields.get(TIMES))
        columns = _columns(fields, timetable, lengths)
    except ValueError as reason:
        raise SeriesNotExpressible(subject=str(after.get("subject") or ""), reason=str(reason)) from reason
    known = await known_people(connection, run, [change])
    if resets_occurrences(change.fields):
        await act_occurrence_parties.forget_answers(connection, change.crmid)
    await _store(connection, run, change, columns, known)
    new = () if change.version is not None else (change.crmid,)
    await write_parties(connection, {change.crmid: change.fields}, known, new)
    await _store_occurrences(connection, change.crmid, timetable, fields, lengths)
    await act_occurrence_parties.write(connection, change.crmid, timetable, fields, known)
    (record,) = await read(connection, run, [change.crmid], filters)
    return record.version, record.fields


def _columns(fields: Fields, timetable: Timetable, lengths: Lengths) -> dict[str, Any]:
    first = timetable.recurrence.first()
    if first is None:
        raise ValueError("no day is one of the series")
    gone = [day.isoformat() for day, value in changed_days(fields).items() if value == DELETED]
    texts = {name: _cut(name, fields.get(name, _DEFAULTS.get(name)), lengths) for name in _TEXTS}
    state, status = _status(fields.get("statecode"))
    return {
        **texts,
        **columns_of(timetable.recurrence),
        "statecode": state,
        "statuscode": status,
        "globalobjectid": fields.get("globalobjectid"),
        "starttime": timetable.start(first),
        "endtime": timetable.end(first),
        _ALL_DAY: timetable.times.is_all_day,
        "timezone": timetable.times.zone,
        "deletedexceptionslist": ",".join(gone) or None,
        **dict(zip(ABOUT, act_references.split(fields.get(REGARDING)), strict=True)),
    }


def _status(value: Value) -> tuple[Value, Value]:
    """Return state and status; where nothing is said, it takes place."""
    return (value[0], value[1]) if isinstance(value, tuple) else _BUSY


def _cut(name: str, value: Value, lengths: Lengths) -> Value:
    """Return a value that fits its column; Exchange keeps what does not."""
    return value[: lengths[name]] if isinstance(value, str) else value


async def _store(
    connection: AsyncConnection,
    run: ActRun,
    change: CrmChange,
    columns: Mapping[str, Any],
    known: KnownPeople,
) -> None:
    names = [sql.Identifier(name) for name in columns]
    if change.version is None:
        statement = sql.SQL(
            "insert into recurringappointmentmaster (activityid, ownerid, {names})"
            " select %s, coalesce(%s, ownerid), {values} from mailbox where mailboxid = %s on conflict do nothing"
        ).format(names=sql.SQL(", ").join(names), values=sql.SQL(", ").join([sql.Placeholder()] * len(names)))
        made = await connection.execute(
            statement, (change.crmid, owner_of(change.fields or {}, known), *columns.values(), run.mailboxid)
        )
        if made.rowcount != 1:
            raise ChangeConflict(mailbox=run.address)
        return
    assignments = sql.SQL(", ").join(sql.SQL("{} = %s").format(name) for name in names)
    await connection.execute(
        sql.SQL(
            "update recurringappointmentmaster set {assignments}, modifiedon = now() where activityid = %s"
        ).format(assignments=assignments),
        (*columns.values(), change.crmid),
    )


async def _store_occurrences(
    connection: AsyncConnection, key: UUID, timetable: Timetable, fields: Fields, lengths: Lengths
) -> None:
    """Make the rows of occurrences that are changed or answered those of the record, and touch no other ones."""
    said = fields.get(RESPONSES)
    answered = await act_occurrence_parties.answered_days(connection, key, timetable, said)
    days = dict.fromkeys(sorted(answered)) | changed_days(fields)
    rows = [
        _occurrence(timetable, day, own_of(value), lengths) for day, value in days.items() if value != DELETED
    ]
    await connection.execute(
        "delete from appointment where seriesid = %s and instancetypecode = %s and not originalstartdate = any(%s)",
        (key, _EXCEPTION, [row["originalstartdate"] for row in rows]),
    )
    if rows:
        await connection.execute(_OCCURRENCES, {"key": key, "rows": Jsonb([_as_json(row) for row in rows])})


def _occurrence(timetable: Timetable, day: date, own: Own, lengths: Lengths) -> dict[str, Any]:
    has = dict(own.fields)
    row: dict[str, Any] = {
        "originalstartdate": timetable.start(day),
        "scheduledstart": own.start or timetable.start(day),
        "scheduledend": own.end or timetable.end(day),
        _ALL_DAY: has.get(_ALL_DAY, timetable.times.is_all_day),
        "modifiedfieldsmask": ",".join(sorted({*has, *(("scheduledstart",) if own.start else ())})),
    }
    return row | {name: _cut(name, has.get(name, _DEFAULTS.get(name)), lengths) for name in _TEXTS}


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


_WRITTEN: Final = (*_TEXTS, "scheduledstart", "scheduledend", _ALL_DAY, "modifiedfieldsmask")
_OCCURRENCES: Final = f"""
    insert into appointment as a (activityid, seriesid, instancetypecode, ownerid, originalstartdate, {", ".join(_WRITTEN)})
    select gen_random_uuid(), r.activityid, {_EXCEPTION}, r.ownerid, p.originalstartdate,
        {", ".join(f"p.{name}" for name in _WRITTEN)}
    from recurringappointmentmaster r,
        jsonb_array_elements(%(rows)s) x, lateral jsonb_populate_record(null::appointment, x) p
    where r.activityid = %(key)s
    on conflict (seriesid, originalstartdate) where instancetypecode = {_EXCEPTION}
    do update set {", ".join(f"{name} = excluded.{name}" for name in _WRITTEN)}, modifiedon = now()
    where ({", ".join(f"a.{name}" for name in _WRITTEN)}) is distinct from ({", ".join(f"excluded.{name}" for name in _WRITTEN)})
""".encode()  # noqa: S608 - put together from constants
