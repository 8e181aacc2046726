"""Links looked for by something else than their record: by the search key of an item, or in other mailboxes."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from serversync.adapters import act_links
from serversync.adapters.arrays import text_array, uuid_array
from serversync.engine.act_ports import ActRun, Link
from serversync.rules.record import Kind

_KNOWS_KEYS: Final = """
    select exists (select from exchangesyncidmapping
        where mailboxid = %s and objecttypecode = any(%s::text[]) and searchkey is not null)
"""
_BY_KEY: Final = (
    f"{act_links.SELECT} where l.mailboxid = %s and l.searchkey = any(%s::uuid[]) order by l.objectid"
)
_ELSEWHERE: Final = """
    select distinct objectid from exchangesyncidmapping
    where objectid = any(%s::uuid[]) and mailboxid <> %s and stage = 2
"""


async def knows_keys(connection: AsyncConnection, run: ActRun, kinds: Sequence[Kind]) -> bool:
    """Tell whether any link of one of the kinds has a search key."""
    rows = await connection.execute(_KNOWS_KEYS, (run.mailboxid, text_array([kind.value for kind in kinds])))
    row = await rows.fetchone()
    return row is not None and row[0] is True


async def links_by_key(
    connection: AsyncConnection, run: ActRun, search_keys: Sequence[UUID]
) -> dict[UUID, list[Link]]:
    """Return the links with these search keys, whatever their stage."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_BY_KEY, (run.mailboxid, uuid_array(search_keys)))
    found: dict[UUID, list[Link]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["searchkey"], []).append(act_links.link_of(row))
    return found


async def linked_elsewhere(connection: AsyncConnection, run: ActRun, crmids: Sequence[UUID]) -> set[UUID]:
    """Return those of the records that are linked in another mailbox."""
    rows = await connection.execute(_ELSEWHERE, (uuid_array(crmids), run.mailboxid))
    return {crmid for (crmid,) in await rows.fetchall()}
