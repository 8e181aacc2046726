"""Checks of privileges, the same for the pages, the command line and whatever comes; and roles.

``require`` refuses an act; ``reach`` narrows rows to those that a privilege reaches. A row belongs to the user in its
owner column; what belongs to nobody is reached with the depth Organization only.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from serversync.administration import actor as actors
from serversync.administration.actor import Actor
from serversync.core.errors import PrivilegeMissing, RecordNotFound
from serversync.crm.models import (
    Account,
    ActivityParty,
    Appointment,
    AsyncOperation,
    Contact,
    Email,
    EmailServerProfile,
    Fax,
    Letter,
    Mailbox,
    MessageTrace,
    PhoneCall,
    Queue,
    RecurringAppointmentMaster,
    Role,
    ServiceAppointment,
    SystemUser,
    Task,
    TraceLog,
    UserQuery,
)
from serversync.crm.models.activityparty import ATTENDEES
from serversync.crm.models.keys import AmongKeys
from serversync.crm.privileges import Depth, Privilege

Row = TypeVar("Row", bound=Model)

HIDDEN: Final = "***"
"""What is shown in place of content that may not be read."""

_OWNER: Final[dict[type[Model], str]] = {
    Mailbox: "ownerid",
    EmailServerProfile: "ownerid",
    Queue: "ownerid",
    Email: "ownerid",
    Appointment: "ownerid",
    RecurringAppointmentMaster: "ownerid",
    ServiceAppointment: "ownerid",
    Task: "ownerid",
    PhoneCall: "ownerid",
    Letter: "ownerid",
    Fax: "ownerid",
    Contact: "ownerid",
    Account: "ownerid",
    AsyncOperation: "ownerid",
    UserQuery: "ownerid",
    TraceLog: "regardingobjectownerid",
}


def require(privilege: Privilege) -> Actor:
    """Return who acts, if the privilege is there at any depth.

    Raises:
        PrivilegeMissing: it is not.
    """
    actor = actors.current()
    if not actor.may(privilege):
        raise PrivilegeMissing(who=actor.name, privilege=privilege.value, extent="")
    return actor


def require_organization(privilege: Privilege) -> Actor:
    """Return who acts, if the privilege reaches the whole organization.

    Raises:
        PrivilegeMissing: it is missing, or does not reach so far.
    """
    actor = require(privilege)
    if actor.depth(privilege) != Depth.ORGANIZATION:
        raise PrivilegeMissing(
            who=actor.name, privilege=privilege.value, extent=" for the whole organization"
        )
    return actor


def require_for(privilege: Privilege, rows: Iterable[Row]) -> Actor:
    """Return who acts, if the privilege reaches every one of the rows.

    Raises:
        PrivilegeMissing: it is missing, or does not reach one of them.
    """
    actor = require(privilege)
    if actor.depth(privilege) == Depth.ORGANIZATION:
        return actor
    wanted: dict[type[Row], dict[object, Row]] = {}
    for row in rows:
        wanted.setdefault(type(row), {})[row.pk] = row
    for model, by_key in wanted.items():
        manager: QuerySet[Row] = model._default_manager.all()  # noqa: SLF001 - the documented way
        reached = set(reach(privilege, manager).filter(pk__in=list(by_key)).values_list("pk", flat=True))
        beyond = [row for key, row in by_key.items() if key not in reached]
        if beyond:
            raise PrivilegeMissing(who=actor.name, privilege=privilege.value, extent=f" for {beyond[0]}")
    return actor


def reach(privilege: Privilege, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Return those of the rows that the privilege of who acts reaches."""
    actor = actors.current()
    depth = actor.depth(privilege)
    if depth == Depth.ORGANIZATION:
        return rows
    if depth is None or actor.user is None:
        return rows.none()
    return rows.filter(_within(rows.model, actor.user, actor, depth))


def _within(model: type[Model], user: SystemUser, actor: Actor, depth: Depth) -> Q:
    if model is SystemUser:
        own = Q(pk=user.pk)
        return own if depth == Depth.USER else own | _units("businessunitid", actor, depth)
    owner = _OWNER[model]
    own = Q(**{owner: user})
    if model is Mailbox:
        own |= Q(regardingobjectid=user.pk)
    if model is TraceLog:
        of_own = Mailbox.objects.filter(regardingobjectid=user.pk)
        own |= Q(regardingobjectid__in=of_own.values("pk"))
    if depth == Depth.USER:
        return own
    return own | Q(**{f"{owner}__isnull": False}) & _units(f"{owner}__businessunitid", actor, depth)


def _units(column: str, actor: Actor, depth: Depth) -> Q:
    units = actor.units if depth == Depth.BUSINESS_UNIT else actor.units_below
    keys = [one for one in units if one is not None]
    within = Q(**{f"{column}__in": keys})
    return within | Q(**{f"{column}__isnull": True}) if None in units else within


def mailboxes() -> QuerySet[Mailbox]:
    """Return the mailboxes that may be read."""
    return reach(Privilege.READ_MAILBOX, Mailbox.objects.all())


def emails() -> QuerySet[Email]:
    """Return the e-mails that may be read, to look for some of them by key.

    At depth User these are what the person owns and what was tracked out of a mailbox of the person's own; being
    named as a recipient is not enough, because anybody can write any name into a message.
    """
    actor = actors.current()
    depth = actor.depth(Privilege.READ_ACTIVITY)
    rows = reach(Privilege.READ_ACTIVITY, Email.objects.all())
    if depth is None or depth == Depth.ORGANIZATION or actor.user is None:
        return rows
    tracked = _tracked(actor.user, actor, depth)
    return Email.objects.filter(
        _within(Email, actor.user, actor, depth) | Exists(tracked.filter(activityid=OuterRef("pk")))
    )


def emails_in_parts() -> tuple[QuerySet[Email], QuerySet[Email] | None]:
    """Return the same e-mails for a list: what is read in its order along an index, and what keys lead to.

    No e-mail is in both. The second part is there at depth User only: mail of the person's mailboxes that somebody else
    owns. It is small, while somebody may own tens of thousands, which must not be looked up for fifty of them.
    """
    actor = actors.current()
    if actor.user is None or actor.depth(Privilege.READ_ACTIVITY) != Depth.USER:
        return emails(), None
    owned = Email.objects.filter(ownerid=actor.user)
    tracked = _tracked(actor.user, actor, Depth.USER)
    return owned, Email.objects.filter(AmongKeys(keys_apart(tracked, owned)))


def keys_apart(traces: QuerySet[MessageTrace], emails: QuerySet[Email]) -> QuerySet[MessageTrace, Any]:
    """Return the keys of the e-mails that traces lead to, without those of ``emails``."""
    return traces.order_by().values("activityid").difference(emails.order_by().values("activityid"))


def _tracked(user: SystemUser, actor: Actor, depth: Depth) -> QuerySet[MessageTrace]:
    own = Mailbox.objects.filter(_within(Mailbox, user, actor, depth))
    return MessageTrace.objects.filter(mailboxid__in=own, activityid__isnull=False)


def reads_content(mailbox: Mailbox) -> bool:
    """Tell whether subjects, names and values out of a mailbox may be shown.

    Whoever looks after somebody's mailbox need not be allowed to read somebody's mail: they see ``HIDDEN`` instead.
    """
    return reach(Privilege.READ_ACTIVITY, Mailbox.objects.filter(pk=mailbox.pk)).exists()


def appointments() -> QuerySet[Appointment]:
    """Return the single appointments that may be read: within the depth, and those that the person takes part in."""
    return _or_taking_part(Appointment.objects.filter(seriesid=None))


def series() -> QuerySet[RecurringAppointmentMaster]:
    """Return the series that may be read: within the depth, and those that the person takes part in."""
    return _or_taking_part(RecurringAppointmentMaster.objects.all())


def services() -> QuerySet[ServiceAppointment]:
    """Return the service activities that may be read: within the depth, and those whose resource the person is."""
    return _or_taking_part(ServiceAppointment.objects.all())


def _or_taking_part(rows: QuerySet[Row]) -> QuerySet[Row]:
    actor = actors.current()
    depth = actor.depth(Privilege.READ_ACTIVITY)
    if depth is None or depth == Depth.ORGANIZATION or actor.user is None:
        return reach(Privilege.READ_ACTIVITY, rows)
    invited = ActivityParty.objects.filter(partyid=actor.user.pk, participationtypemask__in=ATTENDEES)
    return rows.filter(
        _within(rows.model, actor.user, actor, depth) | Q(activityid__in=invited.values("activityid"))
    )


def alerts() -> QuerySet[TraceLog]:
    """Return the alerts that may be read, open and over."""
    return reach(Privilege.READ_ALERT, TraceLog.objects.all())


def jobs() -> QuerySet[AsyncOperation]:
    """Return the jobs that may be read."""
    return reach(Privilege.READ_JOB, AsyncOperation.objects.all())


def users() -> QuerySet[SystemUser]:
    """Return the users who may be read."""
    return reach(Privilege.READ_USER, SystemUser.objects.all())


def roles() -> list[Role]:
    """Return all roles, by name.

    Raises:
        PrivilegeMissing: the actor may not read users.
    """
    require(Privilege.READ_USER)
    return list(Role.objects.order_by("name"))


def find_roles(names: Iterable[str]) -> list[Role]:
    """Return roles by name, in any case of letters.

    Raises:
        RecordNotFound: there is none of that name.
    """
    known = {role.name.lower(): role for role in Role.objects.all()}
    found = []
    for name in names:
        role = known.get(name.strip().lower())
        if role is None:
            raise RecordNotFound(kind="role", name=name)
        found.append(role)
    return found
