"""What changed filters of a user would do: how many records they let in, and which would come, leave or come back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from serversync.adapters import act_filters, act_tables
from serversync.administration import privileges
from serversync.crm.models import Organization, SystemUser, UserQuery
from serversync.crm.models.options import StateCode
from serversync.crm.models.syncoptions import LeavingBehavior
from serversync.crm.privileges import Privilege
from serversync.rules.record import Kind

SHOWN: Final = 10
"""So many of those that would leave are named."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the filters of one kind let in.

    Attributes:
        kind: Its table.
        records: So many records are in the filters.
        would_begin: Of these, so many are not synchronized yet and would begin to be.
        would_return: So many rest now because they had left the filters, and would go on.
        would_leave: So many are synchronized now and would leave the filters.
        leaving: Titles of some of them.
        is_deleted: Whether what leaves is deleted in Exchange, by the setting ``actleavingbehavior``; otherwise it stays.
        brake: More deletions than this many wait for a person.
    """

    kind: str
    records: int
    would_begin: int
    would_return: int
    would_leave: int
    leaving: tuple[str, ...]
    is_deleted: bool
    brake: int

    @property
    def sentence(self) -> str:
        """What becomes of what leaves, in words."""
        if not self.would_leave:
            return "Nothing leaves the filters."
        if self.is_deleted:
            return (
                "What leaves the filters is deleted in Exchange, as the setting actleavingbehavior says; more than"
                f" {self.brake} at once wait for somebody."
            )
        return (
            "What leaves the filters stays in Exchange as it is and rests: nothing is deleted on either side."
        )


def preview(user: SystemUser, kind: Kind, active: Iterable[UserQuery]) -> Preview:
    """Return what the filters of a kind would let in if these were the active ones.

    Raises:
        PrivilegeMissing: the actor may not see the filters of this user.
    """
    privileges.require_for(Privilege.READ_FILTER, [user])
    given = [(one.returnedtypecode, one.conditions, one.isany) for one in active]
    organization = Organization.objects.current()
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {act_filters.COLUMNS} from mailbox m where m.mailboxid = %s",  # noqa: S608 - constants
            [user.defaultmailbox_id],
        )
        columns = [column.name for column in cursor.description]
        row = dict(zip(columns, cursor.fetchone(), strict=True)) | {"syncfilters": given}
        let_in = act_filters.filters_of(row)[kind].expression
        records, begin, back, leave, titles = _counted(cursor, user, kind, let_in)
    return Preview(
        kind.value,
        records,
        begin,
        back,
        leave,
        titles,
        is_deleted=organization.actleavingbehavior == LeavingBehavior.DELETE,
        brake=organization.actbrakecount,
    )


def changed(user: SystemUser, row: UserQuery, *, is_active: bool = True) -> Preview:
    """Return what the filters would let in with this one as it is here, stored or not.

    Raises:
        PrivilegeMissing: the actor may not see the filters of this user.
    """
    others = UserQuery.objects.filter(
        ownerid=user, returnedtypecode=row.returnedtypecode, statecode=StateCode.ACTIVE
    ).exclude(pk=row.pk)
    return preview(user, Kind(row.returnedtypecode), [*others, *([row] if is_active else [])])


def replaced(user: SystemUser, rows: Sequence[UserQuery]) -> list[Preview]:
    """Return for each kind what the filters would let in if these took the place of all.

    Raises:
        PrivilegeMissing: the actor may not see the filters of this user.
    """
    return [preview(user, kind, [one for one in rows if one.returnedtypecode == kind.value]) for kind in Kind]


def _counted(
    cursor: Any, user: SystemUser, kind: Kind, let_in: str
) -> tuple[int, int, int, int, tuple[str, ...]]:
    table = act_tables.TABLES[kind]
    single = " and r.instancetypecode = 0" if kind is Kind.APPOINTMENT else ""
    names = {"mailbox": user.defaultmailbox_id, "kind": kind.value, "shown": SHOWN}
    linked = f"""
        from exchangesyncidmapping l join mailbox m on m.mailboxid = l.mailboxid
            join {table.name} r on r.{table.key} = l.objectid
        where l.mailboxid = %(mailbox)s and l.objecttypecode = %(kind)s and l.stage = 2
    """
    is_in = act_tables.in_filters(let_in)
    # All of these are put together from constants and from conditions that ``act_filters`` has made SQL of.
    cursor.execute(
        f"""
        select (select count(*) from {table.name} r join mailbox m on m.mailboxid = %(mailbox)s
                where {let_in}{single}),
            (select count(*) from {table.name} r join mailbox m on m.mailboxid = %(mailbox)s
                where {act_tables.begins(kind, let_in)}),
            (select count(*) {linked} and l.isparked and {is_in}),
            (select count(*) {linked} and not l.isparked and not {is_in})
        """,  # noqa: S608
        names,
    )
    records, begin, back, leave = cursor.fetchone()
    cursor.execute(
        f"select coalesce(nullif(l.itemsubject, ''), 'without a name') {linked} and not l.isparked"
        f" and not {is_in} order by 1 limit %(shown)s",
        names,
    )
    return records, begin, back, leave, tuple(title for (title,) in cursor.fetchall())
