"""Links between records and items as rows of ``exchangesyncidmapping``, and back; many with one statement."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from serversync.adapters.act_values import (
    pack_conflicts,
    pack_intent,
    pack_pair,
    unpack_conflicts,
    unpack_fields,
    unpack_intent,
)
from serversync.engine.act_ports import Link, Stage
from serversync.rules.diff import Common
from serversync.rules.guards import Writes
from serversync.rules.record import Kind

SELECT: Final = """
    select l.objectid, l.objecttypecode, l.stage, l.itemsubject, l.exchangeentryid, l.changekey, l.base,
        l.intent, l.conflicts, l.recordversion, l.askedon, l.crmmissedon, l.exchangemissedon, l.isparked,
        l.writes, l.writessince, l.dueon, l.retries, l.lastsyncerror, l.searchkey, l.itemchangedon
    from exchangesyncidmapping l
"""
_COLUMNS: Final = {
    "objecttypecode": "text",
    "stage": "int",
    "itemsubject": "text",
    "exchangeentryid": "text",
    "changekey": "text",
    "base": "jsonb",
    "intent": "jsonb",
    "conflicts": "jsonb",
    "recordversion": "bigint",
    "askedon": "timestamptz",
    "crmmissedon": "timestamptz",
    "exchangemissedon": "timestamptz",
    "isparked": "boolean",
    "writes": "int",
    "writessince": "timestamptz",
    "dueon": "timestamptz",
    "retries": "int",
    "lastsyncerror": "text",
    "searchkey": "uuid",
    "itemchangedon": "timestamptz",
}
_NAMES: Final = ", ".join(_COLUMNS)
_FROM_JSON: Final = (
    "json_to_recordset(%(links)s::json) x (objectid uuid, "
    + ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    + ")"
)
_STATES: Final = (
    "case when x.lastsyncerror is not null then now() end, x.stage = 4, x.stage = 3"  # when, gone, unlinked
)
_ON_CONFLICT: Final = (
    "on conflict (mailboxid, objectid) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "objecttypecode")
    + """, lastsyncerroroccurredon = excluded.lastsyncerroroccurredon,
        isdeletedinexchange = excluded.isdeletedinexchange, isunlinkedincrm = excluded.isunlinkedincrm,
        modifiedon = now()"""
)
KEEP: Final = f"""
    insert into exchangesyncidmapping (mailboxid, objectid, {_NAMES}, lastsyncerroroccurredon,
        isdeletedinexchange, isunlinkedincrm)
    select %(mailbox)s, x.objectid, {", ".join(f"x.{name}" for name in _COLUMNS)}, {_STATES}
    from {_FROM_JSON}
    {_ON_CONFLICT}
""".encode()  # noqa: S608 - put together from constants
"""Writes links; what their items or records were due for stays due."""
SETTLE: Final = f"""
    with x as (select * from {_FROM_JSON}),
    heard as (delete from exchangesyncitem i using x where i.mailboxid = %(mailbox)s
        and i.exchangeentryid = x.exchangeentryid and i.objecttypecode = x.objecttypecode and i.copyof is null
        returning i.exchangeentryid),
    seen as (delete from exchangesyncrecord s using x where s.mailboxid = %(mailbox)s
        and s.objectid = x.objectid and s.isheard)
    insert into exchangesyncidmapping (mailboxid, objectid, {_NAMES}, lastsyncerroroccurredon,
        isdeletedinexchange, isunlinkedincrm, isunheard)
    select %(mailbox)s, x.objectid, {", ".join(f"x.{name}" for name in _COLUMNS)}, {_STATES},
        x.exchangeentryid is not null and x.exchangeentryid is distinct from b.exchangeentryid
            and not exists (select from heard h where h.exchangeentryid = x.exchangeentryid)
    from x left join exchangesyncidmapping b on b.mailboxid = %(mailbox)s and b.objectid = x.objectid
    {_ON_CONFLICT}, isunheard = exchangesyncidmapping.isunheard or excluded.isunheard
""".encode()  # noqa: S608 - put together from constants
"""Writes links, and what their items and records were due for is done; an item that is new to its link, and unheard, counts so."""


class _Row(Struct, frozen=True, gc=False, omit_defaults=True):
    """A link as the statements take it apart; what is not there is null in the row."""

    objectid: UUID
    objecttypecode: Kind
    stage: Stage
    itemsubject: str
    changekey: str
    conflicts: list[dict[str, Any]]
    recordversion: int
    isparked: bool
    writes: int
    retries: int
    exchangeentryid: str | None = None
    base: dict[str, Any] | None = None
    intent: dict[str, Any] | None = None
    askedon: datetime | None = None
    crmmissedon: datetime | None = None
    exchangemissedon: datetime | None = None
    writessince: datetime | None = None
    dueon: datetime | None = None
    lastsyncerror: str | None = None
    searchkey: UUID | None = None
    itemchangedon: datetime | None = None


def links_json(links: Iterable[Link]) -> str:
    """Return links as the statements take them; of two with the same record the last one."""
    return msgspec.json.encode(list({link.crmid.int: _row(link) for link in links}.values())).decode()


def link_of(row: Mapping[str, Any]) -> Link:
    """Return the link of a row of ``SELECT``."""
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
        intent=unpack_intent(intent) if intent else None,
        asked_on=row["askedon"],
        crm_missed_on=row["crmmissedon"],
        exchange_missed_on=row["exchangemissedon"],
        is_parked=row["isparked"],
        writes=Writes(row["writes"], row["writessince"]),
        retries=row["retries"],
        due_on=row["dueon"],
        error=row["lastsyncerror"] or "",
        conflicts=unpack_conflicts(row["conflicts"]),
        search_key=row["searchkey"],
        item_changed_on=row["itemchangedon"],
    )


def _row(link: Link) -> _Row:
    return _Row(
        objectid=link.crmid,
        objecttypecode=link.kind,
        stage=link.stage,
        itemsubject=link.title[:2048],
        changekey=link.change_key,
        conflicts=pack_conflicts(link.conflicts),
        recordversion=link.crm_version,
        isparked=link.is_parked,
        writes=link.writes.count,
        retries=link.retries,
        exchangeentryid=link.item_id,
        base=pack_pair(link.base),
        intent=pack_intent(link.intent),
        askedon=link.asked_on,
        crmmissedon=link.crm_missed_on,
        exchangemissedon=link.exchange_missed_on,
        writessince=link.writes.since,
        dueon=link.due_on,
        lastsyncerror=link.error or None,
        searchkey=link.search_key,
        itemchangedon=link.item_changed_on,
    )
