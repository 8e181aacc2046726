"""Which way fields go, as administrators have set it (``syncattributemapping``)."""

from collections.abc import Mapping
from dataclasses import replace

from psycopg import AsyncConnection

from serversync.mapping.maps import MAPS
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind


async def set_by_hand(connection: AsyncConnection, rules: Mapping[Kind, KindRules]) -> dict[Kind, KindRules]:
    """Return the rules with the directions that somebody has set; one that cannot be set stays as it comes."""
    rows = await connection.execute(
        "select entitytypecode, attributecrmname, syncdirection from syncattributemapping"
    )
    given: dict[str, dict[str, Direction]] = {}
    for kind, column, direction in await rows.fetchall():
        given.setdefault(kind, {})[column] = Direction(direction)
    changed = {}
    for each, rule in rules.items():
        may_be_set = {row.logicalname: row.limit for row in MAPS.get(each, ()) if not row.is_fixed}
        set_of_kind = {
            column: direction.within(may_be_set[column])
            for column, direction in given.get(each.value, {}).items()
            if column in may_be_set
        }
        changed[each] = replace(rule, directions={**rule.directions, **set_of_kind})
    return changed
