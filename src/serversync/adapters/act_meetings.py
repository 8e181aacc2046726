"""What single meetings and series have in common in the CRM: who takes part, who may write, and which meeting it is.

Who is whose: the organizer is the party with that part, and where there is none, the record's owner. One mailbox speaks for a
meeting (``SPEAKS``). In the texts ``r`` is the record and ``m`` the mailbox.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg import AsyncConnection

from serversync.adapters import mail_lookups
from serversync.adapters.act_values import pack_fields, unpack_fields
from serversync.adapters.arrays import text_array
from serversync.engine.act_ports import ActRun, CrmChange, Item, Link, Settlement, Stage
from serversync.mapping.appointment import INVITED, MASKS, alone, people, people_of
from serversync.rules.answers import RESPONSES, of_the_whole
from serversync.rules.diff import Common
from serversync.rules.email.parties import resolve_sender
from serversync.rules.record import MEETINGS, Fields, Kind, Value
from serversync.rules.series.changes import changed_days, own_of

_PARTY_OF: Final = """case p.partyobjecttypecode
    when 'systemuser' then (select {user} from systemuser t where t.systemuserid = p.partyid)
    when 'contact' then (select {contact} from contact t where t.contactid = p.partyid)
    when 'account' then (select {account} from account t where t.accountid = p.partyid)
    when 'lead' then (select {lead} from lead t where t.leadid = p.partyid)
    when 'queue' then (select {queue} from queue t where t.queueid = p.partyid) end"""
ADDRESS: Final = "lower(coalesce(nullif(p.addressused, ''), {}))".format(
    _PARTY_OF.format(
        user="internalemailaddress",
        contact="emailaddress1",
        account="emailaddress1",
        lead="emailaddress1",
        queue="emailaddress",
    )
)
NAME: Final = "coalesce(nullif({}, ''), p.unresolvedpartyname)".format(
    _PARTY_OF.format(
        user="fullname",
        contact="coalesce(fullname, nullif(concat_ws(' ', firstname, lastname), ''))",
        account="name",
        lead="fullname",
        queue="name",
    )
)
_INVITED_MASKS: Final = frozenset(MASKS[name] for name in INVITED)
_HAS_ORGANIZER: Final = (
    "exists (select from activityparty p where p.activityid = r.activityid and p.participationtypemask = 7)"
)
ORGANIZES: Final = f"""(exists (select from activityparty p where p.activityid = r.activityid
        and p.participationtypemask = 7 and p.partyid = m.regardingobjectid)
    or (coalesce(r.ownerid = m.ownerid, false) and not {_HAS_ORGANIZER}))"""
FILTERS: Final = "{filters}"
"""Stands in a text for the filters of the user."""
SYNCHRONIZED: Final = """k.statecode = 0 and k.actdeliverymethod = 1 and k.enabledforact
    and k.regardingobjecttypecode = 'systemuser'
    and exists (select from emailserverprofile e where e.emailserverprofileid = k.emailserverprofile and e.statecode = 0)
    and (k.emailrouteraccessapproval = 1 or not exists (select from organization o where o.requireapprovalforuseremail))"""
"""Whether passes go over the mailbox ``k``; one that only waits out some trouble is synchronized."""
_RANK: Final = """case
    when exists (select from activityparty p where p.activityid = r.activityid
        and p.participationtypemask = 7 and p.partyid = {k}.regardingobjectid) then 0
    when {k}.regardingobjectid = r.ownerid then 1 else 2 end"""
SPEAKS: Final = f"""(case when {ORGANIZES} then true else not exists (
    select from exchangesyncidmapping l join mailbox k on k.mailboxid = l.mailboxid
    where l.objectid = r.activityid and l.stage < 3 and l.mailboxid <> m.mailboxid and {SYNCHRONIZED}
        and (not l.isparked or {_RANK.format(k="k")} = 0)
        and ({_RANK.format(k="k")}, k.mailboxid) < ({_RANK.format(k="m")}, m.mailboxid)) end)"""
"""Whether a mailbox speaks for a meeting: of those that are synchronized and have it the organizer's, then that of the owner of
the record, then the first by its id. One in which it rests does not, unless it is the organizer's.

A mailbox that is about to have the meeting counts for itself as if it had it already, so that it tells what it begins with.
"""
PARTIES: Final = f"""(select json_agg(json_build_array(p.participationtypemask, {ADDRESS}, {NAME}))
    from activityparty p where p.activityid = r.activityid and p.participationtypemask in (5, 6, 7, 10))"""  # noqa: S608 - put together from constants
"""Part, address and name of everybody who takes part in ``r``."""
BEGINS_AS_MEETING: Final = f"""(
    (r.globalobjectid is null and r.statecode in (0, 3) and {ORGANIZES} and {FILTERS}
        and not exists (select from exchangesyncidmapping k where k.mailboxid = m.mailboxid
            and k.objectid = r.activityid and k.stage <> 4))
    or (r.globalobjectid is not null and {FILTERS}
        and not exists (select from exchangesyncidmapping k where k.mailboxid = m.mailboxid
            and k.objectid = r.activityid)))"""  # noqa: S608 - put together from constants
"""Which meetings may begin to take part in a mailbox, be they single or series.

One that stands in Exchange already is looked for once: where it is not there it comes with its invitation, or not at all.
"""
_TABLES: Final = {
    "appointment": {"table": "appointment", "single": "r.instancetypecode = 0"},
    "recurringappointmentmaster": {"table": "recurringappointmentmaster", "single": "true"},
}
"""The tables of meetings; occurrences of a series are rows of ``appointment`` too."""
_SAME: Final = """
    select r.globalobjectid, r.activityid from {table} r where r.globalobjectid = any(%s::text[]) and {single}
        and not exists (select from exchangesyncidmapping l
            where l.mailboxid = %s and l.objectid = r.activityid and l.stage < 3)
"""


def fields_of_parties(parties: Iterable[tuple[int, str | None, str | None]]) -> dict[str, Value]:
    """Return the fields that say who takes part, given part, address and name of everybody."""
    named: dict[int, list[str]] = {}
    names: dict[str, str | None] = {}
    for mask, address, name in parties:
        if address:
            named.setdefault(mask, []).append(address)
            names[address] = name
    fields: dict[str, Value] = dict.fromkeys(MASKS)
    invited: set[str] = set()
    for name, mask in MASKS.items():
        if mask in named:
            addresses = named[mask]
            fields[name] = those = alone(addresses[0]) if len(addresses) == 1 else people(addresses)
            if name in INVITED:
                invited.update(those or ())
    fields["fullname"] = tuple([(each, names[each]) for each in sorted(invited) if names[each]]) or None
    return fields


def has_attendees(fields: Fields) -> bool:
    """Tell whether anybody but the organizer is invited."""
    invited = {address for name in INVITED if (value := fields.get(name)) for address in people_of(value)}
    return bool(invited) and not invited.issubset(people_of(fields.get("organizer")))


async def same_meetings(
    connection: AsyncConnection, run: ActRun, items: Iterable[Item], table: str
) -> tuple[dict[str, UUID], dict[str, str]]:
    """Return which records without an item in this mailbox are which meetings, and which meeting each item is."""
    wanted = {
        item.item_id: global_id
        for item in items
        if isinstance(global_id := item.fields.get("globalobjectid"), str)
    }
    cursor = await connection.execute(
        _SAME.format(**_TABLES[table]).encode(), (text_array(set(wanted.values())), run.mailboxid)
    )
    same: dict[str, UUID] = dict(await cursor.fetchall())
    return same, wanted


_MOVE: Final = f"""
    update activityparty p set participationtypemask = x.mask
    from json_to_recordset(%(people)s::json) x (objectid uuid, mask integer, addresses jsonb)
        join json_to_recordset(%(people)s::json) y (objectid uuid, mask integer, addresses jsonb)
            on y.objectid = x.objectid and y.mask <> x.mask
    where p.activityid = x.objectid and p.participationtypemask = y.mask
        and x.addresses ? {ADDRESS} and not y.addresses ? {ADDRESS}
        and not exists (select from activityparty k where k.activityid = p.activityid
            and k.participationtypemask = x.mask and k.partyid is not distinct from p.partyid
            and k.addressused is not distinct from p.addressused)
"""  # noqa: S608 - put together from constants
"""Whoever gets another part stays the same party, with what was answered."""
_STAY: Final = f"""
    delete from activityparty p
    using json_to_recordset(%(people)s::json) x (objectid uuid, mask integer, addresses jsonb)
    where p.activityid = x.objectid and p.participationtypemask = x.mask
        and {ADDRESS} is not null and not x.addresses ? {ADDRESS}
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
        and p.participationtypemask = x.mask and {ADDRESS} = a.address)
"""  # noqa: S608 - put together from constants
_ANSWER: Final = f"""
    update activityparty p set responsestatus = coalesce(x.answer, p.responsestatus),
        unresolvedpartyname = case when p.partyid is null then coalesce(left(x.name, 200), p.unresolvedpartyname) end
    from json_to_recordset(%(answers)s::json) x (objectid uuid, address text, name text, answer smallint)
    where p.activityid = x.objectid and p.participationtypemask in (5, 6, 10) and {ADDRESS} = x.address
"""  # noqa: S608 - put together from constants


KnownPeople = dict[str, dict[str, Any]]
"""The records that people are, by address."""


async def part_with_parties(connection: AsyncConnection, named: Sequence[Mapping[str, Any]]) -> None:
    """Remove whoever does not take part any more, given activity, part and addresses of those who do."""
    if named:
        await connection.execute(_STAY.encode(), {"people": msgspec.json.encode(named).decode()})


async def join_parties(
    connection: AsyncConnection, named: Sequence[Mapping[str, Any]], known: KnownPeople
) -> None:
    """Add whoever takes part and does not stand there yet, given activity, part and addresses."""
    if named:
        names = {
            "people": msgspec.json.encode(named).decode(),
            "known": msgspec.json.encode(list(known.values())).decode(),
        }
        await connection.execute(_JOIN.encode(), names)


async def known_people(connection: AsyncConnection, run: ActRun, changes: Iterable[CrmChange]) -> KnownPeople:
    """Return the records that the people of these changes are, by address."""
    addresses = {address for change in changes for address in _addresses(change.fields or {})}
    if not addresses:
        return {}
    found = await mail_lookups.records(connection, sorted(addresses), inactive=False)
    cursor = await connection.execute("select ownerid from mailbox where mailboxid = %s", (run.mailboxid,))
    owner = (await cursor.fetchone() or (None,))[0]
    known: KnownPeople = {}
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


def _addresses(fields: Fields) -> Iterator[str]:
    """Yield everybody who takes part in a meeting, or in an occurrence of a series."""
    everywhere = [fields, *(dict(own_of(value).fields) for value in changed_days(fields).values())]
    return (address for each in everywhere for name in MASKS for address in people_of(each.get(name)))


def owner_of(fields: Fields, known: KnownPeople) -> UUID | None:
    """Return the organizer where it is a user; otherwise whose mailbox it is owns a new record."""
    for address in people_of(fields.get("organizer")):
        party = known.get(address)
        if party is not None and party["partyobjecttypecode"] == "systemuser":
            owner: UUID = party["partyid"]
            return owner
    return None


async def write_parties(
    connection: AsyncConnection,
    changed: Mapping[UUID, Fields],
    known: KnownPeople,
    new: Collection[UUID] = (),
) -> None:
    """Write who takes part in records, and what they have answered; fields that are not given stay.

    Args:
        connection: In the transaction in which the records are written.
        changed: What is written of each record.
        known: The records that people are.
        new: Which of the records were made just now.
    """
    named = [
        {"objectid": key, "mask": mask, "addresses": people_of(fields[name])}
        for key, fields in changed.items()
        for name, mask in MASKS.items()
        if name in fields
    ]
    invited = [each for each in named if each["objectid"] not in new and each["mask"] in _INVITED_MASKS]
    if len({each["objectid"] for each in invited}) < len(invited):
        await connection.execute(_MOVE.encode(), {"people": msgspec.json.encode(invited).decode()})
    await part_with_parties(connection, named)
    await join_parties(connection, named, known)
    answers = [
        {"objectid": key, "address": each[0], "name": each[1], "answer": each[2]}
        for key, fields in changed.items()
        for each in of_the_whole(fields.get(RESPONSES))
    ]
    if answers:
        await connection.execute(_ANSWER.encode(), {"answers": msgspec.json.encode(answers).decode()})


_KNOWN_BY_ORGANIZER: Final = """
    select l.objectid, l.base -> 'exchange', coalesce(l.intent -> 'exchange', '{}') from exchangesyncidmapping l
        join activityparty p on p.activityid = l.objectid and p.participationtypemask = 7
        join mailbox k on k.regardingobjectid = p.partyid and k.mailboxid = l.mailboxid
    where l.objectid = any(%s) and l.mailboxid <> %s and l.stage < 3 and l.base is not null
"""


async def without_old_news(
    connection: AsyncConnection, run: ActRun, settlements: Sequence[Settlement]
) -> Sequence[Settlement]:
    """Leave out what an attendee's mailbox tells of a meeting that the organizer's has told before.

    Where the record says otherwise, somebody has edited it since; that waits for the organizer's mailbox. So does what that
    mailbox was about to write when it stopped: the request may take effect yet.

    Args:
        connection: In the transaction in which it is to be told.
        run: The run of the attendee's mailbox.
        settlements: What is to be written; those of the organizer's own meetings stay as they are.
    """
    keys = [
        link.crmid
        for link, change, _ in settlements
        if change is not None and change.kind in MEETINGS and _is_told_by_attendee(run, link, change)
    ]
    if not keys:
        return settlements
    cursor = await connection.execute(_KNOWN_BY_ORGANIZER, (keys, run.mailboxid))
    known = {key: (unpack_fields(base), set(intent)) for key, base, intent in await cursor.fetchall()}
    return [
        each._replace(change=each.change._replace(fields=_news(each.change.fields, *known[each.link.crmid])))
        if each.change is not None and each.change.fields and each.link.crmid in known
        else each
        for each in settlements
    ]


def _is_told_by_attendee(run: ActRun, link: Link, change: CrmChange) -> bool:
    if link.base is None or change.version is None:
        return False
    return link.base.exchange.get("organizer") != alone(run.address)


def _news(told: Fields, known: Fields, on_their_way: Collection[str]) -> Fields:
    return {
        name: value
        for name, value in told.items()
        if name == RESPONSES or (name not in on_their_way and (name not in known or known[name] != value))
    }


_ORGANIZER_KNOWS: Final = """
    update exchangesyncidmapping l
    set base = jsonb_build_object('crm', ((l.base -> 'crm') - x.names) || x.crm,
        'exchange', ((l.base -> 'exchange') - x.names) || x.exchange)
    from json_to_recordset(%(told)s::json) x (objectid uuid, names text[], crm jsonb, exchange jsonb)
        join activityparty p on p.activityid = x.objectid and p.participationtypemask = 7
        join mailbox k on k.regardingobjectid = p.partyid
    where l.objectid = x.objectid and l.mailboxid = k.mailboxid and l.mailboxid <> %(mailbox)s
        and l.stage < 3 and l.base is not null
"""


async def told_by_attendees(
    connection: AsyncConnection, run: ActRun, told: Sequence[tuple[Link, CrmChange, Fields]]
) -> None:
    """Let the organizer's mailbox, which is not synchronized now, know what an attendee's has told in its place.

    When it comes back, what its own item says otherwise is an edit of the organizer, and the record is none: an attendee's
    copy never changes the meeting for others.

    Args:
        connection: In the transaction in which it is told.
        run: The run of the attendee's mailbox.
        told: Links, with what was written of their records and the fields of these afterwards.
    """
    rows = []
    for link, change, stored in told:
        if not _is_told_by_attendee(run, link, change):
            continue
        said = {name: value for name, value in (change.fields or {}).items() if name != RESPONSES}
        if said:
            kept = {name: stored.get(name) for name in said}
            rows.append(
                {
                    "objectid": link.crmid,
                    "names": list(said),
                    "crm": pack_fields(kept),
                    "exchange": pack_fields(said),
                }
            )
    if rows:
        names = {"told": msgspec.json.encode(rows).decode(), "mailbox": run.mailboxid}
        await connection.execute(_ORGANIZER_KNOWS.encode(), names)


_NOTE: Final = """
    update {table} r set globalobjectid = x.globalid
    from json_to_recordset(%(rows)s::json) x (objectid uuid, version bigint, globalid text)
    where r.activityid = x.objectid and r.xmin::text::bigint = x.version and not exists
        (select from {table} r where r.globalobjectid = x.globalid and {single})
    returning r.activityid, r.xmin::text::bigint
"""


async def note_identities(
    connection: AsyncConnection, run: ActRun, links: Sequence[Link]
) -> dict[UUID, Link]:
    """Write down under which id the meetings stand in Exchange that this mailbox has called; return their links anew."""
    noted: dict[UUID, Link] = {}
    for kind in (Kind.APPOINTMENT, Kind.SERIES):
        of_kind = [each for each in links if each.kind is kind]
        versions = dict(await _note(connection, run, of_kind, kind)) if of_kind else {}
        for link in of_kind if versions else ():
            if (version := versions.get(link.crmid)) is not None:
                noted[link.crmid] = _noted(link, version, _new_identity(run, link) or "")
    return noted


async def _note(
    connection: AsyncConnection, run: ActRun, links: Sequence[Link], kind: Kind
) -> list[tuple[UUID, int]]:
    """Write down the ids of meetings of a kind, and return which records are another version now."""
    rows = [
        {"objectid": link.crmid, "version": link.crm_version, "globalid": global_id}
        for link in links
        if link.stage is Stage.LINKED and (global_id := _new_identity(run, link)) is not None
    ]
    if not rows:
        return []
    statement = _NOTE.format(**_TABLES[kind.value]).encode()
    cursor = await connection.execute(statement, {"rows": msgspec.json.encode(rows).decode()})
    noted: list[tuple[UUID, int]] = await cursor.fetchall()
    return noted


def _new_identity(run: ActRun, link: Link) -> str | None:
    """Return the id of a meeting in Exchange where the record does not know it; only the organizer's item says it."""
    if link.base is None or link.base.exchange.get("organizer") != alone(run.address):
        return None
    global_id = link.base.exchange.get("globalobjectid")
    if not isinstance(global_id, str) or link.base.crm.get("globalobjectid") == global_id:
        return None
    return global_id


def _noted(link: Link, version: int, global_id: str) -> Link:
    base = link.base or Common({}, {})
    crm = {**base.crm, "globalobjectid": global_id}
    return replace(link, crm_version=version, base=Common(crm, base.exchange))
