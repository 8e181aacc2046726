"""Service activities of the CRM, which are copied into calendars: rows of ``serviceappointment``, which are only read.

Each mailbox whose user's filters let one in has a copy, under a link of its own. Who deletes the own copy does without it
until the record changes; that stands in the link, which has ended then.
"""

from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from serversync.adapters.act_meetings import ADDRESS, FILTERS, NAME
from serversync.adapters.arrays import uuid_array
from serversync.engine.act_ports import ActRun, Record
from serversync.mapping.appointment import Times
from serversync.mapping.service import service_shown_as, service_text
from serversync.rules.appointment import InCrm
from serversync.rules.record import Kind, Value

BEGINS: Final = f"""(r.statecode in (0, 3) and {FILTERS} and not exists (select from exchangesyncidmapping k
    where k.mailboxid = m.mailboxid and k.objectid = r.activityid and (k.stage <> 4
        or (k.exchangemissedon is not null and k.recordversion = r.xmin::text::bigint))))"""
"""Which may begin to take part in a mailbox: not one whose copy was deleted in Exchange and that has not changed since."""
_CLOSED: Final = (1, 2)
_CANCELED: Final = 2
_SELECT: Final = f"""
    select r.activityid, r.xmin::text::bigint, coalesce({FILTERS}, false), coalesce(r.subject, ''), r.modifiedon,
        r.subject, r.description, r.location, r.prioritycode, r.statecode, r.statuscode, r.scheduledstart,
        r.scheduledend, r.isalldayevent,
        (select json_agg(json_build_array(p.participationtypemask, {ADDRESS}, {NAME}))
            from activityparty p where p.activityid = r.activityid and p.participationtypemask in (10, 11)),
        case r.regardingobjecttypecode
            when 'account' then (select a.name from account a where a.accountid = r.regardingobjectid)
            when 'contact' then (select c.fullname from contact c where c.contactid = r.regardingobjectid)
            when 'lead' then (select l.fullname from lead l where l.leadid = r.regardingobjectid) end
    from serviceappointment r join mailbox m on m.mailboxid = %s where r.activityid = any(%s::uuid[])
"""  # noqa: S608 - put together from constants


async def read(connection: AsyncConnection, run: ActRun, ids: Sequence[UUID], filters: str) -> list[Record]:
    """Return those of the records that exist."""
    cursor = await connection.execute(_select(filters), (run.mailboxid, uuid_array(ids)))
    return [_record(row) for row in await cursor.fetchall()]


@lru_cache(maxsize=64)
def _select(filters: str) -> bytes:
    return _SELECT.replace(FILTERS, filters).encode()


def _record(row: Sequence[Any]) -> Record:
    key, version, in_filters, title, modifiedon = row[:5]
    subject, description, location, priority, state, status, start, end, is_all_day, parties, about = row[5:]
    fields: dict[str, Value] = {
        "subject": subject or None,
        "description": service_text(description, parties or (), about),
        "location": location or None,
        "prioritycode": priority,
        "statecode": service_shown_as(status),
        "scheduledstart": tuple(Times(start.astimezone(UTC), end.astimezone(UTC), is_all_day)),
    }
    return Record(
        key,
        Kind.SERVICE,
        version,
        {name: value for name, value in fields.items() if value is not None},
        in_filters,
        title,
        modifiedon,
        appointment=InCrm(
            is_organizer=True,
            speaks=True,
            has_attendees=False,
            ends_on=end,
            is_completed=state in _CLOSED,
            is_cancelled=state == _CANCELED,
        ),
    )
