"""How the records of a kind are stored: table, key, columns, what their title is, and what lets them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from serversync.adapters.act_appointments import BEGINS, IN_FILTERS
from serversync.mapping.fields import FIELDS
from serversync.rules.record import Kind


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a kind.

    Attributes:
        name: Its name.
        key: Its primary key.
        columns: The columns of the field map.
        title: What people know a record by, as an expression over the columns.
        in_filters: Whether a record ``r`` is in the filters of the owner of the mailbox ``m``; false where there is none.
        begins: Whether a record ``r`` may begin to take part in the mailbox ``m``.
        tells: Whether triggers tell of changes of the table; where they do not, each pass compares everything.
        derived: Columns that follow from the others, each with its expression.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    title: str
    in_filters: str
    begins: str
    tells: bool = True
    derived: Mapping[str, str] = field(default_factory=dict)


_UNLINKED: Final = """not exists (select from exchangesyncidmapping k
    where k.mailboxid = m.mailboxid and k.objectid = r.{key} and k.stage <> 4)"""
_MY_CONTACTS: Final = "coalesce(r.statecode = 0 and r.ownerid = m.ownerid, false)"
"""The default filter of the reference, "My Outlook Contacts": mine, and active."""

TABLES: Final = {
    Kind.CONTACT: Table(
        "contact",
        "contactid",
        tuple(row.logicalname for row in FIELDS[Kind.CONTACT]),
        "coalesce(nullif(concat_ws(' ', firstname, lastname), ''), emailaddress1, '')",
        _MY_CONTACTS,
        f"{_MY_CONTACTS} and {_UNLINKED.format(key='contactid')}",
        derived={"fullname": "nullif(left(concat_ws(' ', firstname, lastname), 160), '')"},
    ),
    # How appointments are read and written stands in ``act_appointments``.
    Kind.APPOINTMENT: Table(
        "appointment", "activityid", (), "coalesce(r.subject, '')", IN_FILTERS, BEGINS, tells=False
    ),
}
