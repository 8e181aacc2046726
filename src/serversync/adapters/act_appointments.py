"""Appointments of the CRM that are kept in step: rows of ``appointment`` with their parties, read and written.

Who is whose: the organizer is the party with that part, and where there is none, the record's owner. A mailbox speaks for a
meeting that somebody else has called where neither the organizer's mailbox nor that of the record's owner has it. A
batch goes to the server as JSON, as in ``act_records``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg import AsyncConnection

from serversync.adapters import mail_lookups
from serversync.core.errors import ChangeConflict, ServiceError
from serversync.engine.act_ports import ActRun, CrmChange, Item, Link, Record, Stage
from serversync.mapping.appointment import INVITED, MASKS, Times, people, people_of, times_of
from serversync.rules.appointment import InCrm
from serversync.rules.diff import Common
from serversync.rules.email.parties import resolve_sender
from serversync.rules.record import Fields, Kind, Value

Lengths = Mapping[str, int | None]

_PARTY_OF: Final = """case p.partyobjecttypecode
    when 'systemuser' then (select {user} from systemuser t where t.systemuserid = p.partyid)
    when 'contact' then (select {contact} from contact t where t.contactid = p.partyid)
    when 'account' then (select {account} from account t where t.accountid = p.partyid)
    when 'lead' then (select {lead} from lead t where t.leadid = p.partyid)
    when 'queue' then (select {queue} from queue t where t.queueid = p.partyid) end"""
_ADDRESS: Final = "lower(coalesce(nullif(p.addressused, ''), {}))".format(
    _PARTY_OF.format(
        user="internalemailaddress",
        contact="emailaddress1",
        account="emailaddress1",
        lead="emailaddress1",
        queue="emailaddress",
    )
)
_NAME: Final = "coalesce(nullif({}, ''), p.unresolvedpartyname)".format(
    _PARTY_OF.format(
        user="fullname",
        contact="coalesce(fullname, nullif(concat_ws(' ', firstname, lastname), ''))",
        account="name",
        lead="fullname",
        queue="name",
    )
)
_HAS_ORGANIZER: Final = (
    "exists (select from activityparty p where p.activityid = r.activityid and p.participationtypemask = 7)"
)
_ORGANIZES: Final = f"""(exists (select from activityparty p where p.activityid = r.activityid
        and p.participationtypemask = 7 and p.partyid = m.regardingobjectid)
    or (coalesce(r.ownerid = m.ownerid, false) and not {_HAS_ORGANIZER}))"""
FILTERS: Final = "{filters}"
"""Stands in a text for the filters of the user."""
_SPEAKS: Final = """not exists (select from systemuser u join exchangesyncidmapping l
    on l.mailboxid = u.defaultmailbox and l.objectid = r.activityid and l.stage = 2
    where u.defaultmailbox <> m.mailboxid and (
        u.systemuserid in (select p.partyid from activityparty p
            where p.activityid = r.activityid and p.participationtypemask = 7)
        or (u.systemuserid = r.ownerid and m.ownerid is distinct from r.ownerid)))"""
_SELECT: Final = f"""
    select r.activityid, r.xmin::text::bigint, coalesce({FILTERS}, false), coalesce(r.subject, ''), r.modifiedon,
        {_ORGANIZES}, {_SPEAKS}, r.subject, r.description, r.location, r.prioritycode, r.globalobjectid,
        r.ismapiprivate, r.statecode, r.statuscode, r.scheduledstart, r.scheduledend, r.isalldayevent,
        (select json_agg(json_build_array(p.participationtypemask, {_ADDRESS}, {_NAME}))
            from activityparty p where p.activityid = r.activityid and p.participationtypemask in (5, 6, 7, 10))
    from appointment r join mailbox m on m.mailboxid = %s where r.activityid = any(%s) and r.instancetypecode = 0
"""  # noqa: S608 - put together from constants
BEGINS: Final = f"""(r.instancetypecode = 0 and (
    (r.globalobjectid is null and r.statecode in (0, 3) and {_ORGANIZES} and {FILTERS}
        and not exists (select from exchangesyncidmapping k where k.mailboxid = m.mailboxid
            and k.objectid = r.activityid and k.stage <> 4))
    or (r.globalobjectid is not null and {FILTERS}
        and not exists (select from exchangesyncidmapping k where k.mailboxid = m.mailboxid
            and k.objectid = r.activityid))))"""  # noqa: S608 - put together from constants
"""Which records may begin to take part in a mailbox.

One that stands in Exchange already is looked for once: where it is not there it comes with its invitation, or not at all.
"""


async def read(connection: AsyncConnection, run: ActRun, ids: Sequence[UUID], filters: str) -> list[Record]:
    """Return those of the records that exist."""
    cursor = await connection.execute(_select(filters), (run.mailboxid, list(ids)))
    return [_record(row) for row in await cursor.fetchall()]


@lru_cache(maxsize=64)
def _select(filters: str) -> bytes:
    return _SELECT.replace(FILTERS, filters).encode()


def _record(row: Sequence[Any]) -> Record:
    key, version, in_filters, title, modifiedon, organizes, speaks = row[:7]
    subject, description, location, priority, global_id, is_private, state, status = row[7:15]
    start, end, is_all_day, parties = row[15:]
    named: dict[int, list[str]] = {}
    names: dict[str, str | None] = {}
    for mask, address, name in parties or ():
        if address:
            named.setdefault(mask, []).append(address)
            names[address] = name
    fields: dict[str, Value] = {
        "subject": subject or None,
        "description": description or None,
        "location": location or None,
        "prioritycode": priority,
        "globalobjectid": global_id or None,
        "ismapiprivate": is_private,
        "statecode": (state, status),
        "scheduledstart": tuple(Times(start.astimezone(UTC), end.astimezone(UTC), is_all_day)),
        **{name: people(named.get(mask, ())) for name, mask in MASKS.items()},
    }
    invited = {address for name in INVITED for address in people_of(fields[name])}
    fields["fullname"] = tuple((each, names[each]) for each in sorted(invited) if names[each]) or None
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
            has_attendees=bool(invited - set(people_of(fields["organizer"]))),
            ends_on=end,
            is_known=global_id is not None,
            is_completed=state in (1, 2),
            is_cancelled=state == 2,
        ),
    )


async def twins(
    connection: AsyncConnection, run: ActRun, items: Iterable[Item], filters: str
) -> dict[str, list[Record]]:
    """Return the record that is the same meeting as an item, by the item's id, where it has no item in this mailbox."""
    wanted = {
        item.item_id: global_id
        for item in items
        if isinstance(global_id := item.fields.get("globalobjectid"), str)
    }
    cursor = await connection.execute(
        "select r.globalobjectid, r.activityid from appointment r where r.globalobjectid = any(%s)"
        " and r.instancetypecode = 0 and not exists (select from exchangesyncidmapping l"
        " where l.mailboxid = %s and l.objectid = r.activityid and l.stage < 3)",
        (list(set(wanted.values())), run.mailboxid),
    )
    same: dict[str, UUID] = dict(await cursor.fetchall())
    records = {r.crmid: r for r in await read(connection, run, list(same.values()), filters)} if same else {}
    return {
        item_id: [records[same[global_id]]]
        for item_id, global_id in wanted.items()
        if same.get(global_id) in records
    }


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
)
_DEFAULTS: Final = {"prioritycode": 1, "statecode": 3, "statuscode": 5, "ismapiprivate": False}
_NAMES: Final = {"columns": ", ".join(_COLUMNS), "values": ", ".join(f"p.{name}" for name in _COLUMNS)}
_STAY: Final = f"""
    delete from activityparty p
    using json_to_recordset(%(people)s::json) x (objectid uuid, mask integer, addresses jsonb)
    where p.activityid = x.objectid and p.participationtypemask = x.mask
        and {_ADDRESS} is not null and not x.addresses ? {_ADDRESS}
"""  # noqa: S608 - put together from constants
_JOIN: Final = f"""
    insert into activityparty (activityid, participationtypemask, addressused, partyid, partyobjecttypecode,
        addressusedemailcolumnnumber)
    select x.objectid, x.mask, a.address, k.partyid, k.partyobjecttypecode, k.number
    from json_to_recordset(%(people)s::json) x (objectid uuid, mask integer, addresses jsonb)
        cross join jsonb_array_elements_text(x.addresses) a (address)
        left join json_to_recordset(%(known)s::json)
            k (address text, partyid uuid, partyobjecttypecode text, number integer) on k.address = a.address
    where not exists (select from activityparty p where p.activityid = x.objectid
        and p.participationtypemask = x.mask and {_ADDRESS} = a.address)
"""  # noqa: S608 - put together from constants
_ANSWER: Final = f"""
    update activityparty p set responsestatus = coalesce(x.answer, p.responsestatus),
        unresolvedpartyname = case when p.partyid is null then coalesce(left(x.name, 200), p.unresolvedpartyname) end
    from json_to_recordset(%(answers)s::json) x (objectid uuid, address text, name text, answer smallint)
    where p.activityid = x.objectid and p.participationtypemask in (5, 6, 10) and {_ADDRESS} = x.address
"""  # noqa: S608 - put together from constants


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
    known = await _known(connection, run, all_changes)
    for change in all_changes:
        outcomes[change.crmid] = ChangeConflict(mailbox=run.address)
        row: dict[str, Any] = {"objectid": change.crmid, "version": change.version}
        if change.fields is None:
            rows[_DELETE].append(row)
            continue
        changed[change.crmid] = change.fields
        row["fields"] = _columns(change.fields, lengths)
        if change.version is None:
            row["fields"] = _DEFAULTS | row["fields"]
            row["owner"] = _owner(change.fields, known)
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
    await _write_parties(connection, {key: changed[key] for key in done}, known)
    if done:
        outcomes.update({r.crmid: (r.version, r.fields) for r in await read(connection, run, done, filters)})
    return outcomes


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
        elif name in _COLUMNS:
            columns[name] = value[: lengths[name]] if isinstance(value, str) else value
            if value is None and name in _DEFAULTS:
                columns[name] = _DEFAULTS[name]
    return columns


_Known = dict[str, dict[str, Any]]


async def _known(connection: AsyncConnection, run: ActRun, changes: Iterable[CrmChange]) -> _Known:
    """Return the records that the people of these changes are, by address."""
    addresses = {
        address
        for change in changes
        for name in MASKS
        for address in people_of((change.fields or {}).get(name))
    }
    if not addresses:
        return {}
    found = await mail_lookups.records(connection, sorted(addresses), inactive=False)
    cursor = await connection.execute("select ownerid from mailbox where mailboxid = %s", (run.mailboxid,))
    owner = (await cursor.fetchone() or (None,))[0]
    known: _Known = {}
    for address, candidates in found.items():
        one = resolve_sender(candidates, owner=owner)
        if one is not None:
            known[address] = {
                "address": address,
                "partyid": one.recordid,
                "partyobjecttypecode": one.table,
                "number": one.column,
            }
    return known


def _owner(fields: Fields, known: _Known) -> UUID | None:
    """Return the organizer where it is a user; otherwise whose mailbox it is owns a new record."""
    for address in people_of(fields.get("organizer")):
        party = known.get(address)
        if party is not None and party["partyobjecttypecode"] == "systemuser":
            owner: UUID = party["partyid"]
            return owner
    return None


async def _write_parties(connection: AsyncConnection, changed: Mapping[UUID, Fields], known: _Known) -> None:
    named = [
        {"objectid": key, "mask": mask, "addresses": people_of(fields[name])}
        for key, fields in changed.items()
        for name, mask in MASKS.items()
        if name in fields
    ]
    if named:
        names = {
            "people": msgspec.json.encode(named).decode(),
            "known": msgspec.json.encode(list(known.values())).decode(),
        }
        await connection.execute(_STAY.encode(), names)
        await connection.execute(_JOIN.encode(), names)
    answers = [
        {"objectid": key, "address": each[0], "name": each[1], "answer": each[2]}
        for key, fields in changed.items()
        for each in _said(fields.get("responsestatus"))
    ]
    if answers:
        await connection.execute(_ANSWER.encode(), {"answers": msgspec.json.encode(answers).decode()})


def _said(value: Value) -> list[tuple[Value, ...]]:
    return [each for each in value if isinstance(each, tuple)] if isinstance(value, tuple) else []


_NOTE: Final = """
    update appointment r set globalobjectid = x.globalid
    from json_to_recordset(%(rows)s::json) x (objectid uuid, version bigint, globalid text)
    where r.activityid = x.objectid and r.xmin::text::bigint = x.version and not exists
        (select from appointment o where o.globalobjectid = x.globalid and o.instancetypecode = 0)
    returning r.activityid, r.xmin::text::bigint
"""


async def note_identities(connection: AsyncConnection, run: ActRun, links: Sequence[Link]) -> list[Link]:
    """Write down under which id the meetings stand in Exchange that this mailbox has called, and return the links anew."""
    new = {
        link.crmid: global_id
        for link in links
        if link.kind is Kind.APPOINTMENT
        and link.stage is Stage.LINKED
        and (global_id := _new_identity(run, link)) is not None
    }
    if not new:
        return list(links)
    rows = [
        {"objectid": link.crmid, "version": link.crm_version, "globalid": new[link.crmid]}
        for link in links
        if link.crmid in new
    ]
    cursor = await connection.execute(_NOTE.encode(), {"rows": msgspec.json.encode(rows).decode()})
    noted: dict[UUID, int] = dict(await cursor.fetchall())
    return [
        _noted(link, noted[link.crmid], new[link.crmid]) if link.crmid in noted else link for link in links
    ]


def _new_identity(run: ActRun, link: Link) -> str | None:
    """Return the id of a meeting in Exchange where the record does not know it; only the organizer's item says it."""
    if link.base is None or link.base.exchange.get("organizer") != people([run.address]):
        return None
    global_id = link.base.exchange.get("globalobjectid")
    if not isinstance(global_id, str) or link.base.crm.get("globalobjectid") == global_id:
        return None
    return global_id


def _noted(link: Link, version: int, global_id: str) -> Link:
    base = link.base or Common({}, {})
    crm = {**base.crm, "globalobjectid": global_id}
    return replace(link, crm_version=version, base=Common(crm, base.exchange))
