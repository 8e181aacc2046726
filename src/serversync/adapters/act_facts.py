"""What an item says of its record to whoever reads it in Outlook: one text in a property of our own set.

It is written together with something else, never by itself: nobody hears of it, and it costs no request. It is read from
nowhere; what it says may be older than the record.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_tables import TABLES
from serversync.adapters.arrays import uuid_array
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI
from serversync.mapping.fields import PROPERTY_SET
from serversync.rules.record import Fields, Kind

FACTS: Final = ExtendedFieldURI(property_type="String", property_set_id=PROPERTY_SET, property_name="Facts")
"""The text."""
More = Mapping[UUID, Mapping[AnyFieldURI, Any]]
"""Properties that are written along with something else, by record."""
_NAME: Final = """case {type}
    when 'account' then (select a.name from account a where a.accountid = {id})
    when 'contact' then (select c.fullname from contact c where c.contactid = {id})
    when 'lead' then (select l.fullname from lead l where l.leadid = {id}) end"""
_REGARDING: Final = {Kind.CONTACT: ("r.parentcustomeridtype", "r.parentcustomerid")}
_ANY_REGARDING: Final = ("r.regardingobjecttypecode", "r.regardingobjectid")


class Facts(Protocol):
    """Says what items are to say of their records."""

    async def __call__(
        self, kind: Kind, crmids: Sequence[UUID], *, unnamed: frozenset[UUID]
    ) -> Mapping[UUID, str]:
        """Return the text of each record; of those ``unnamed`` without the name of what they are about."""
        ...


class FactsOfRecords:
    """``Facts`` of one mailbox, out of the CRM.

    Args:
        pool: The database.
        mailboxid: The mailbox.
    """

    def __init__(self, pool: AsyncConnectionPool, mailboxid: UUID) -> None:
        self._pool = pool
        self._mailboxid = mailboxid

    async def __call__(
        self, kind: Kind, crmids: Sequence[UUID], *, unnamed: frozenset[UUID]
    ) -> Mapping[UUID, str]:
        """See ``Facts``. A record that is about to be made has no owner yet, and is about nothing."""
        if not crmids:
            return {}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                _select(kind), {"ids": uuid_array(crmids), "mailbox": self._mailboxid}
            )
            rows = await cursor.fetchall()
        return {row[0]: _text(kind, row, is_named=not unnamed or row[0] not in unnamed) for row in rows}


@lru_cache(maxsize=8)
def _select(kind: Kind) -> bytes:
    table = TABLES[kind]
    of, about = _REGARDING.get(kind, _ANY_REGARDING)
    return f"""
        select k.id, (select u.fullname from systemuser u where u.systemuserid = r.ownerid), {of}, {about},
            {_NAME.format(type=of, id=about)}, coalesce(l.createdon, now()),
            coalesce((select u.fullname from systemuser u where u.systemuserid = m.ownerid), m.emailaddress), o.name
        from unnest(%(ids)s::uuid[]) k (id) join mailbox m on m.mailboxid = %(mailbox)s cross join organization o
            left join {table.name} r on r.{table.key} = k.id
            left join exchangesyncidmapping l on l.mailboxid = m.mailboxid and l.objectid = k.id
    """.encode()  # noqa: S608 - put together from constants


async def more(
    facts: Facts | None,
    kind: Kind,
    records: Mapping[UUID, Fields],
    is_shared: Callable[[Fields], bool] | None,
) -> More:
    """Return what is written along with these records.

    Others may get the properties of a meeting with their invitation; where it is shared it does not name what it is about.
    """
    if facts is None:
        return {key: {} for key in records}
    unnamed = frozenset(key for key, fields in records.items() if is_shared and is_shared(fields))
    said = await facts(kind, list(records), unnamed=unnamed)
    return {key: {FACTS: text} if (text := said.get(key)) is not None else {} for key in records}


def of(more: More, crmid: UUID | None) -> Mapping[AnyFieldURI, Any]:
    """Return what is written along with one record."""
    return more.get(crmid, {}) if crmid is not None else {}


def _text(kind: Kind, row: Sequence[Any], *, is_named: bool) -> str:
    crmid, owner, about, regarding, name, *tracked = row
    text = f"Record: {kind.value} {crmid}\n"
    if owner:
        text += f"Owner: {_line(owner)}\n"
    if about and regarding:
        named = f" ({_line(name)})" if name and is_named else ""
        text += f"Regarding: {about} {regarding}{named}\n"
    return text + _tracked(*tracked)


@lru_cache(maxsize=1024)
def _tracked(since: datetime, whose: str, organization: str) -> str:
    """Return the lines that many items of a mailbox have in common."""
    said = (("Tracked by", whose), ("Organization", organization))
    lines = [f"{label}: {_line(value)}" for label, value in said if value]
    return "\n".join([f"Tracked since: {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", *lines])


@lru_cache(maxsize=1024)
def _line(value: str) -> str:
    """Return a value without line ends, which would make another line of what stands after them."""
    return " ".join(value.split())
