"""How the records of a kind are stored: table, key, columns, what their title is, and what lets them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from serversync.adapters import act_filters, act_services
from serversync.adapters.act_appointments import BEGINS
from serversync.adapters.act_meetings import BEGINS_AS_MEETING, FILTERS
from serversync.adapters.act_references import ABOUT
from serversync.engine.act_ports import ActRun, RecordFilter
from serversync.mapping.fields import FIELDS
from serversync.mapping.values import Form
from serversync.rules.pictures import PICTURE
from serversync.rules.record import Kind
from serversync.rules.regarding import COMPANY, REGARDING


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a kind.

    Attributes:
        name: Its name.
        key: Its primary key.
        fields: The fields of the field map; each is the column of that name, or a group.
        title: What people know a record by, as an expression over the columns.
        begins: Whether a record ``r`` may begin to take part in the mailbox ``m``, with ``FILTERS`` for the filters.
        tells: Whether triggers tell of changes of the table; where they do not, each pass compares everything.
        derived: Columns that follow from the others, each with its expression.
        computed: Fields that stand in no column of the record, as expressions over a record ``r``; they are only read.
        shown: Columns that are read otherwise than they are stored, each with its expression over a record ``r``.
        groups: Fields that stand in several columns.
        references: Fields that name a record of any table, each with the columns that say which table, and which key.
        is_completed: What counts as completed or cancelled.
        defaults: What columns hold that may not be empty, where a new record says nothing.
        columns: The columns of the fields, in their order.
        written: Those, and the columns of the references.
        read: What is read of a record: the columns, then the computed fields, then the references.
    """

    name: str
    key: str
    fields: tuple[str, ...]
    title: str
    begins: str
    tells: bool = True
    derived: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    is_completed: str = "false"
    defaults: Mapping[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = field(init=False)
    written: tuple[str, ...] = field(init=False)
    read: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the columns once; they are asked for with every record."""
        stored = [name for name in self.fields if name not in self.computed and name not in self.references]
        columns = tuple(column for name in stored for column in self.groups.get(name, (name,)))
        object.__setattr__(self, "columns", columns)
        naming = (column for both in self.references.values() for column in both)
        object.__setattr__(self, "written", (*columns, *naming))
        object.__setattr__(self, "read", (*columns, *self.computed, *self.references))


_UNLINKED: Final = """not exists (select from exchangesyncidmapping k
    where k.mailboxid = m.mailboxid and k.objectid = r.{key} and k.stage <> 4)"""
_COMPANY: Final = """case r.parentcustomeridtype
    when 'account' then (select a.name from account a where a.accountid = r.parentcustomerid)
    when 'contact' then (select c.fullname from contact c where c.contactid = r.parentcustomerid) end"""


def _among_tasks(kind: Kind, defaults: Mapping[str, int]) -> Table:
    """Return the table of what is a task in Exchange."""
    return Table(
        kind.value,
        "activityid",
        # Files are rows of their own, see ``act_record_files``.
        tuple(row.logicalname for row in FIELDS[kind] if row.form is not Form.FILES),
        "coalesce(subject, '')",
        # One that is completed goes on, so that it can be opened again.
        f"r.statecode = 0 and {FILTERS} and {_UNLINKED.format(key='activityid')}",
        # What is over reminds nobody; the time is kept for the case that it is opened again.
        shown={"reminderon": "case when r.statecode = 0 then r.reminderon end"},
        groups={"statecode": ("statecode", "statuscode")},
        references={REGARDING: ABOUT},
        is_completed="r.statecode <> 0",
        defaults={"prioritycode": 1, "statecode": 0, **defaults},
    )


TABLES: Final = {
    Kind.CONTACT: Table(
        "contact",
        "contactid",
        tuple(row.logicalname for row in FIELDS[Kind.CONTACT]),
        "coalesce(nullif(concat_ws(' ', firstname, lastname), ''), emailaddress1, '')",
        f"{FILTERS} and {_UNLINKED.format(key='contactid')}",
        computed={COMPANY: _COMPANY},
        references={REGARDING: ("parentcustomeridtype", "parentcustomerid")},
        shown={PICTURE: f"r.{PICTURE}::text"},
        derived={"fullname": "nullif(left(concat_ws(' ', firstname, lastname), 160), '')"},
    ),
    # How appointments are read and written stands in ``act_appointments``.
    Kind.APPOINTMENT: Table("appointment", "activityid", (), "coalesce(r.subject, '')", BEGINS),
    Kind.TASK: _among_tasks(Kind.TASK, {"percentcomplete": 0, "statuscode": 2}),
    Kind.PHONECALL: _among_tasks(Kind.PHONECALL, {"statuscode": 1}),
    Kind.LETTER: _among_tasks(Kind.LETTER, {"statuscode": 2}),
    Kind.FAX: _among_tasks(Kind.FAX, {"statuscode": 1}),
    # How series are read and written stands in ``act_series_records``.
    Kind.SERIES: Table(
        "recurringappointmentmaster",
        "activityid",
        (),
        "coalesce(r.subject, '')",
        BEGINS_AS_MEETING,
    ),
    # How service activities are read stands in ``act_services``; they are never written.
    Kind.SERVICE: Table(
        "serviceappointment", "activityid", (), "coalesce(r.subject, '')", act_services.BEGINS
    ),
}


@lru_cache(maxsize=8)
def _default(kind: Kind) -> RecordFilter:
    return act_filters.defaults(kind)


def filter_of(run: ActRun, kind: Kind) -> RecordFilter:
    """Return the filters of the user of a run."""
    return run.filters.get(kind) or _default(kind)


def begins(kind: Kind, filters: str) -> str:
    """Return whether a record ``r`` may begin to take part in the mailbox ``m``."""
    return TABLES[kind].begins.replace(FILTERS, filters)


def in_filters(filters: str) -> str:
    """Return whether a record ``r`` is in the filters; false where there is none."""
    return f"coalesce({filters}, false)"
