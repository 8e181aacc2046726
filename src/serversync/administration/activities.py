"""Activities other than e-mail as people keep them: found, completed, cancelled, opened again, deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from serversync.administration import actor as actors
from serversync.administration import audit, entries, people, privileges, searching
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import (
    Appointment,
    Fax,
    Letter,
    PhoneCall,
    RecurringAppointmentMaster,
    ServiceAppointment,
    SystemUser,
    Task,
    fax,
    letter,
    phonecall,
)
from serversync.crm.models.correspondence import CorrespondenceState, Statuses
from serversync.crm.models.options import Priority
from serversync.crm.privileges import Privilege

Activity = Appointment | RecurringAppointmentMaster | ServiceAppointment | Task | PhoneCall | Letter | Fax
IMPORTANCE: Final = {"low": Priority.LOW, "normal": Priority.NORMAL, "high": Priority.HIGH}
"""The words for the importance."""
_OF_MEETINGS: Final = {"complete": (1, 3), "cancel": (2, 4), "open": (3, 5)}
_OF_SERVICES: Final = {"complete": (1, 8), "cancel": (2, 9), "open": (3, 4)}
_OF_TASKS: Final = {"complete": (1, 5), "cancel": (2, 6), "open": (0, 2)}
COMPLETED: Final = 1
CANCELED: Final = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One of them.

    Attributes:
        word: The word for it in commands and names.
        plural: What people call many of them.
        model: Its table.
        order: What its list is ordered by.
        states: State and status of each act.
        noun: What people call one of them, where that is not ``word``.
    """

    word: str
    plural: str
    model: type[Activity]
    order: str
    states: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    noun: str = ""

    @property
    def name(self) -> str:
        """What people call one of them."""
        return self.noun or self.word

    @property
    def path(self) -> str:
        """What addresses call many of them."""
        return self.plural.replace(" ", "-")


def _usual(statuses: Statuses) -> dict[str, tuple[int, int]]:
    """Return state and status of each act, where a state has several statuses the usual one."""
    states = {
        "complete": CorrespondenceState.COMPLETED,
        "cancel": CorrespondenceState.CANCELED,
        "open": CorrespondenceState.OPEN,
    }
    return {act: (int(state), int(next(iter(statuses[state])))) for act, state in states.items()}


APPOINTMENT: Final = Kind("appointment", "appointments", Appointment, "scheduledstart", _OF_MEETINGS)
SERIES: Final = Kind("series", "series", RecurringAppointmentMaster, "createdon", _OF_MEETINGS)
SERVICE: Final = Kind(
    "service",
    "service activities",
    ServiceAppointment,
    "scheduledstart",
    _OF_SERVICES,
    noun="service activity",
)
TASK: Final = Kind("task", "tasks", Task, "createdon", _OF_TASKS)
PHONECALL: Final = Kind(
    "phonecall",
    "phone calls",
    PhoneCall,
    "createdon",
    _usual(phonecall.STATUSES_OF_STATE),
    noun="phone call",
)
LETTER: Final = Kind("letter", "letters", Letter, "createdon", _usual(letter.STATUSES_OF_STATE))
FAX: Final = Kind("fax", "faxes", Fax, "createdon", _usual(fax.STATUSES_OF_STATE))
CORRESPONDENCE: Final = (PHONECALL, LETTER, FAX)
"""What goes to Exchange as a task without being one."""
KINDS: Final = (APPOINTMENT, SERIES, SERVICE, TASK, *CORRESPONDENCE)
ACTS: Final = ("complete", "cancel", "open")


def rows(kind: Kind) -> QuerySet[Activity]:
    """Return those that may be read."""
    if kind is APPOINTMENT:
        return privileges.appointments()
    if kind is SERIES:
        return privileges.series()
    if kind is SERVICE:
        return privileges.services()
    everybody: QuerySet[Activity] = kind.model._default_manager.all()  # noqa: SLF001 - the documented way
    return privileges.reach(Privilege.READ_ACTIVITY, everybody)


def newest(kind: Kind, search: str = "", *, limit: int) -> list[Activity]:
    """Return the latest ones with these words in subject or place, at most so many.

    Raises:
        PrivilegeMissing: the actor may read none.
    """
    privileges.require(Privilege.READ_ACTIVITY)
    return list(searching.narrow(rows(kind), search).order_by(f"-{kind.order}", "-pk")[:limit])


def find(kind: Kind, key: str | UUID) -> Activity:
    """Return one by its id.

    Raises:
        RecordNotFound: there is none that may be read.
    """
    wanted = key if isinstance(key, UUID) else entries.key(key)
    found = rows(kind).filter(pk=wanted).first()
    if found is None:
        raise RecordNotFound(kind=kind.name, name=str(key))
    return found


def set_state(kind: Kind, row: Activity, act: str) -> Activity:
    """Complete, cancel or open one again.

    Raises:
        InputInvalid: there is no such act.
        PrivilegeMissing: the actor may not change it.
    """
    if act not in kind.states:
        raise InputInvalid(field="State", reason=f"{act!r} is none of {', '.join(ACTS)}")
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    with transaction.atomic(), audit.changes(f"{kind.word}.{act}", [row]):
        row.statecode, row.statuscode = kind.states[act]
        row.save(update_fields=["statecode", "statuscode", "modifiedon"])
        # A trigger keeps percentage and day of completion in step.
        row.refresh_from_db()
    return row


def delete(kind: Kind, row: Activity) -> None:
    """Delete one; whether its item in Exchange goes too says the setting for deletions in the CRM.

    Raises:
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    with transaction.atomic():
        audit.noted(f"{kind.word}.delete", row, {"subject": row.subject})
        row.delete()


def owner_of_new(login: str | None) -> SystemUser:
    """Return who shall own a new one: who acts, or whom the installation names.

    Raises:
        InputInvalid: the installation names nobody, or a user somebody else.
        PrivilegeMissing: the actor may not make any.
        RecordNotFound: nobody has the name.
    """
    actor = privileges.require(Privilege.CREATE_ACTIVITY)
    if login is None:
        if actor.user is None:
            raise InputInvalid(field="Owner", reason="say whose it is")
        return actor.user
    named = people.find(login)
    if actor.user is not None and named != actor.user:
        privileges.require_organization(Privilege.CREATE_ACTIVITY)
    return named


def refuse_closed(row: Activity) -> None:
    """Let only what is open be edited.

    Raises:
        InputInvalid: it was completed or cancelled.
    """
    if row.statecode in (COMPLETED, CANCELED):
        raise InputInvalid(field="State", reason=f"{row} is over; open it again to change it")


def may_write(row: Activity) -> bool:
    """Tell whether who acts may change one."""
    if not actors.current().may(Privilege.WRITE_ACTIVITY):
        return False
    rows_: QuerySet[Any] = type(row)._default_manager.filter(pk=row.pk)  # noqa: SLF001 - the documented way
    return privileges.reach(Privilege.WRITE_ACTIVITY, rows_).exists()


def text(value: str, field_name: str, *, longest: int) -> str | None:
    """Return what was entered into a line that may be empty.

    Raises:
        InputInvalid: it is too long, or holds what cannot be seen.
    """
    return entries.text(value, field_name, longest=longest) if value.strip() else None


def importance(word: str) -> int:
    """Return the importance that a word stands for.

    Raises:
        InputInvalid: it stands for none.
    """
    found = IMPORTANCE.get(word.strip().lower())
    if found is None:
        raise InputInvalid(field="Importance", reason=f"{word} is none of {', '.join(IMPORTANCE)}")
    return int(found)
