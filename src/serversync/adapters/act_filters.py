"""The filters of a user as a condition over the records of a kind, in SQL: what is let into the mailbox.

A record ``r`` is let in by any of the user's active filters, and only as far as the user may read such records. Without
an active filter nothing of a kind is. ``m`` is the mailbox. The text names no user, so that mailboxes with the same
filters share statements.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncConnection

from serversync.crm.default_filters import DEFAULTS, SET_UP
from serversync.crm.filterable import PARTIES, PARTIES_OF_SERVICES, attributes
from serversync.crm.privileges import SYSTEM_ADMINISTRATOR, Depth, Privilege
from serversync.engine.act_ports import RecordFilter
from serversync.rules.filters import Attribute, AttributeType, Condition, Filter, Operator, Scalar, from_json
from serversync.rules.record import Kind

_PRIVILEGES: Final = {
    Kind.CONTACT: Privilege.READ_CONTACT,
    Kind.APPOINTMENT: Privilege.READ_ACTIVITY,
    Kind.SERIES: Privilege.READ_ACTIVITY,
    Kind.SERVICE: Privilege.READ_ACTIVITY,
    Kind.TASK: Privilege.READ_ACTIVITY,
    Kind.PHONECALL: Privilege.READ_ACTIVITY,
    Kind.LETTER: Privilege.READ_ACTIVITY,
    Kind.FAX: Privilege.READ_ACTIVITY,
}
"""What a user has to have to see records of a kind."""
DEPTH: Final = f"""max(case when o.roletemplateid = '{SYSTEM_ADMINISTRATOR.template}' then {int(Depth.ORGANIZATION)}
    else g.privilegedepthmask end)"""
"""How far a privilege ``g`` reaches that somebody has by roles ``o``."""
COLUMNS: Final = f"""
    (select json_agg(json_build_array(q.returnedtypecode, q.conditions, q.isany) order by q.name, q.userqueryid)
        from userquery q where q.ownerid = m.regardingobjectid and q.statecode = 0) as syncfilters,
    coalesce((select t.aresyncfiltersset from usersettings t where t.systemuserid = m.regardingobjectid), false)
        as aresyncfiltersset,
    (select t.timezone from usersettings t where t.systemuserid = m.regardingobjectid) as timezone,
    coalesce((select t.synccontactcompany from usersettings t where t.systemuserid = m.regardingobjectid), true)
        as synccontactcompany,
    (select json_object_agg(g.privilegename, g.depth) from (
        select n.privilegename, {DEPTH} as depth
        from systemuserroles s join role o on o.roleid = s.roleid
            cross join unnest(array['{Privilege.READ_CONTACT}', '{Privilege.READ_ACTIVITY}']) n (privilegename)
            left join roleprivileges g on g.roleid = o.roleid and g.privilegename = n.privilegename
        where s.systemuserid = m.regardingobjectid group by n.privilegename) g) as syncprivileges
"""  # noqa: S608 - put together from constants
"""What ``filters_of`` needs to know of the mailbox ``m``."""
_OWN: Final = "r.ownerid = m.ownerid"
_PARTY: Final = """exists (select from activityparty p where p.activityid = r.activityid
    and p.participationtypemask in ({masks}) and p.partyid = m.regardingobjectid)"""
UNIT: Final = """exists (select from systemuser o join systemuser me on me.systemuserid = m.regardingobjectid
    cross join (select b.businessunitid from businessunit b where b.parentbusinessunitid is null limit 1) root (id)
    where o.systemuserid = r.ownerid and coalesce(o.businessunitid, root.id) in ({units}))"""
"""The owner of ``r`` is of one of these business units."""
UNITS_OWN: Final = "coalesce(me.businessunitid, root.id)"
UNITS_BELOW: Final = """with recursive below (id) as (
    select coalesce(me.businessunitid, root.id)
    union select c.businessunitid from businessunit c join below on c.parentbusinessunitid = below.id)
    select id from below"""


def defaults(kind: Kind) -> RecordFilter:
    """Return the filters of the reference for a kind."""
    those = [from_json(given, is_any=False) for _, (each, _, given) in DEFAULTS.items() if each == kind.value]
    return _together(kind, those, Depth.ORGANIZATION)


async def set_up(connection: AsyncConnection, mailboxid: object) -> None:
    """Give the user of a mailbox the organization's default filters unless that was done before."""
    cursor = await connection.execute(
        "select regardingobjectid from mailbox where mailboxid = %s", (mailboxid,)
    )
    row = await cursor.fetchone()
    if row is not None:
        await connection.execute(SET_UP.encode(), {"user": row[0]})


def filters_of(row: Mapping[str, Any]) -> dict[Kind, RecordFilter]:
    """Return the filters of each kind, given the columns of ``COLUMNS``."""
    depths: Mapping[str, int | None] = row["syncprivileges"] or {}
    by_kind: dict[str, list[Filter]] = {}
    for kind, conditions, is_any in row["syncfilters"] or ():
        by_kind.setdefault(kind, []).append(from_json(conditions, is_any=is_any))
    found = {}
    for each, privilege in _PRIVILEGES.items():
        depth = depths.get(privilege.value)
        found[each] = _together(each, by_kind.get(each.value, []), Depth(depth) if depth else None)
    return found


def expression(kind: Kind, those: Sequence[Filter]) -> str:
    """Return the condition that one of these filters holds for ``r``; false where there are none."""
    known = attributes(kind)
    alternatives = []
    for each in those:
        parts = [_condition(known[one.attribute], one) for one in each.conditions]
        if parts:
            alternatives.append((" or " if each.is_any else " and ").join(f"({part})" for part in parts))
    return " or ".join(f"({each})" for each in alternatives) or "false"


def _together(kind: Kind, those: Sequence[Filter], depth: Depth | None) -> RecordFilter:
    if depth is None:
        return RecordFilter("(false)", is_confined=True)
    is_confined = all(each.is_confined for each in those)
    let_in = expression(kind, those)
    if depth == Depth.ORGANIZATION:
        return RecordFilter(f"({let_in})", is_confined)
    is_confined = is_confined or depth == Depth.USER
    return RecordFilter(f"(({let_in}) and ({_readable(kind, depth)}))", is_confined)


def _readable(kind: Kind, depth: Depth) -> str:
    """Return the condition that the user may read ``r``."""
    own = [_OWN]
    if kind in (Kind.APPOINTMENT, Kind.SERIES):
        own.append(_PARTY.format(masks="5, 6, 7"))
    if kind is Kind.SERVICE:
        own.append(_PARTY.format(masks="10"))
    if depth == Depth.BUSINESS_UNIT:
        own.append(UNIT.format(units=UNITS_OWN))
    elif depth == Depth.PARENT_CHILD:
        own.append(UNIT.format(units=UNITS_BELOW))
    return " or ".join(own)


def _condition(attribute: Attribute, condition: Condition) -> str:
    if attribute.type is AttributeType.PARTY:
        _, masks = (PARTIES | PARTIES_OF_SERVICES)[attribute.name]
        return _PARTY.format(masks=", ".join(map(str, masks)))
    column = f"r.{attribute.name}"
    is_text = attribute.type is AttributeType.TEXT
    value = condition.value
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    return _COMPARED[condition.operator].format(
        column=column,
        stored=f"lower({column})" if is_text else column,
        present=f"nullif({column}, '')" if is_text else column,
        given=", ".join(_literal(attribute, one) for one in values),
    )


_COMPARED: Final = {
    Operator.EQ: "{stored} = {given}",
    Operator.NE: "{stored} is distinct from {given}",
    Operator.LT: "{stored} < {given}",
    Operator.LE: "{stored} <= {given}",
    Operator.GT: "{stored} > {given}",
    Operator.GE: "{stored} >= {given}",
    Operator.IN: "{stored} in ({given})",
    Operator.NOT_IN: "coalesce({stored} not in ({given}), true)",
    Operator.BEGINS_WITH: "starts_with({stored}, {given})",
    Operator.CONTAINS: "position({given} in {stored}) > 0",
    Operator.NULL: "{present} is null",
    Operator.NOT_NULL: "{present} is not null",
    Operator.EQ_USERID: "{column} = m.ownerid",
    Operator.NE_USERID: "{column} is distinct from m.ownerid",
}
_CASTS: Final = {AttributeType.DATE: "::date", AttributeType.MOMENT: "::timestamptz"}


def _literal(attribute: Attribute, value: Scalar) -> str:
    """Return a value as SQL for a statement with parameters, in which a per cent sign is doubled."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    quoted = "'" + value.replace("'", "''").replace("%", "%%") + "'"
    if attribute.type is AttributeType.TEXT:
        return f"lower({quoted})"
    return quoted + _CASTS.get(attribute.type, "")
