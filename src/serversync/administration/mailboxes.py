"""Mailboxes: listing them with the sentence about their state, and the commands of their page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from serversync.administration import act_schedule, audit, privileges, profiles, readiness, systemviews
from serversync.administration import actor as actors
from serversync.administration.locking import lock
from serversync.administration.readiness import Readiness
from serversync.administration.stopped_accounts import StoppedAccounts
from serversync.core import clock
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import EmailServerProfile, Mailbox, Organization
from serversync.crm.models.options import (
    ActDeliveryMethod,
    EmailRouterAccessApproval,
    IncomingEmailDeliveryMethod,
    OutgoingEmailDeliveryMethod,
    StateCode,
    StatusCode,
    TestResult,
)
from serversync.crm.privileges import Privilege

WAKE_CHANNEL: Final = "serversync_due"
"""NOTIFY on this channel tells sleeping workers that a mailbox was made due by hand."""

INCOMING: Final = {
    "none": IncomingEmailDeliveryMethod.NONE,
    "server-side": IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
    "forward": IncomingEmailDeliveryMethod.FORWARD_MAILBOX,
}
"""What can be chosen for Incoming Email, by the word for it."""
OUTGOING: Final = {
    "none": OutgoingEmailDeliveryMethod.NONE,
    "server-side": OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
}
"""What can be chosen for Outgoing Email, by the word for it."""
ACT: Final = {
    "none": ActDeliveryMethod.NONE,
    "server-side": ActDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
}
"""What can be chosen for Appointments, Contacts, and Tasks, by the word for it."""
APPROVAL: Final = {
    "empty": EmailRouterAccessApproval.EMPTY,
    "approved": EmailRouterAccessApproval.APPROVED,
    "pending": EmailRouterAccessApproval.PENDING_APPROVAL,
    "rejected": EmailRouterAccessApproval.REJECTED,
}
"""Email Address Status, by the word for it."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """A mailbox, and whether and when it synchronizes."""

    mailbox: Mailbox
    readiness: Readiness


class MailboxEntries(TypedDict, total=False):
    """What a person enters; a key that is missing stays as it is. Keys are logical names.

    ``emailserverprofile`` is the name of a profile or ``None``; delivery methods are words of ``INCOMING``,
    ``OUTGOING`` and ``ACT``; ``active`` is the state of the row.
    """

    emailserverprofile: str | None
    username: str
    password: str
    allowemailconnectortousecredentials: bool
    incomingemaildeliverymethod: str
    outgoingemaildeliverymethod: str
    actdeliverymethod: str
    processemailreceivedafter: datetime | None
    enabledforincomingemail: bool
    active: bool


def find_all(
    *, search: str | None = None, profile: str | None = None, approval: str | None = None
) -> list[MailboxState]:
    """Return mailboxes by name, each with its state.

    Args:
        search: Only those with this in name or address.
        profile: Only those of the profile with this name.
        approval: Only those with this Email Address Status, a word of ``APPROVAL``.

    Raises:
        RecordNotFound: there is no such profile.
        InputInvalid: there is no such status.
    """
    rows = _rows().order_by("name", "emailaddress")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(emailaddress__icontains=search))
    if profile:
        rows = rows.filter(emailserverprofile=profiles.find(profile))
    if approval:
        rows = rows.filter(emailrouteraccessapproval=_choice(approval, APPROVAL, "Email Address Status"))
    return _states(rows)


def find_page(
    *,
    view: str | None = None,
    search: str | None = None,
    profile: str | None = None,
    number: int = 1,
    size: int = 50,
) -> tuple[list[MailboxState], bool]:
    """Return one page of a view by name, each mailbox with its state, and whether there is a next page.

    Args:
        view: Word of a system view; the active ones where it is missing.
        search: Every word must occur in the name, the address or the name of the profile.
        profile: Only those of the profile with this name.
        number: Which page, from 1.
        size: Mailboxes of a page.

    Raises:
        InputInvalid: there is no such view.
        RecordNotFound: there is no such profile.
    """
    chosen = view or systemviews.DEFAULT
    if chosen not in systemviews.VIEWS:
        raise InputInvalid(field="View", reason=f"{chosen!r} is not one of {', '.join(systemviews.VIEWS)}")
    key = str(profiles.find(profile).pk) if profile else ""
    rows = systemviews.select(chosen, search=search or "", profile=key).order_by("name", "pk")
    first = (number - 1) * size
    found = list(rows.select_related("emailserverprofile", "ownerid")[first : first + size + 1])
    return _states(found[:size]), len(found) > size


def find(reference: str) -> Mailbox:
    """Return a mailbox by address or id.

    Raises:
        RecordNotFound: there is none.
        InputInvalid: several have the address; give the id.
    """
    wanted = reference.strip()
    by_id = _as_uuid(wanted)
    found = list(_rows().filter(pk=by_id) if by_id else _rows().filter(emailaddress__iexact=wanted)[:2])
    if not found:
        raise RecordNotFound(kind="mailbox", name=wanted)
    if len(found) > 1:
        raise InputInvalid(
            field="Mailbox", reason=f"several mailboxes have the address {wanted}; give the id"
        )
    return found[0]


def show(reference: str) -> MailboxState:
    """Return one mailbox with its state.

    Raises:
        RecordNotFound: there is none.
        InputInvalid: several have the address; give the id.
    """
    return state_of(find(reference))


def state_of(mailbox: Mailbox) -> MailboxState:
    """Return a mailbox with its state as it is now."""
    return _states([mailbox])[0]


def choose(references: Sequence[str], *, everything: bool) -> list[Mailbox]:
    """Return the mailboxes that are meant: those named, or all active ones.

    Raises:
        InputInvalid: neither or both were asked for.
        RecordNotFound: one that was named does not exist.
    """
    if everything == bool(references):
        raise InputInvalid(field="Mailboxes", reason="name some addresses, or give --all (not both)")
    if everything:
        return list(_rows().filter(statecode=StateCode.ACTIVE).order_by("emailaddress"))
    return [find(reference) for reference in references]


def apply_defaults(mailboxes: Iterable[Mailbox]) -> list[MailboxState]:
    """Give mailboxes the organization's profile and delivery methods.

    Raises:
        InputInvalid: the organization has no default profile.
    """
    organization = Organization.objects.select_related("defaultemailserverprofileid").get(
        pk=Organization.objects.current().pk
    )
    profile = organization.defaultemailserverprofileid
    if profile is None:
        raise InputInvalid(
            field="defaultemailserverprofileid",
            reason="there is no default profile; choose one with "
            "'serversync settings set defaultemailserverprofileid NAME'",
        )
    changed = list(mailboxes)
    require_administration(changed)
    with _changes("mailbox.apply-defaults", changed):
        for mailbox in changed:
            _save(mailbox, _change_profile(mailbox, profile) | _take_default_methods(mailbox, organization))
    return _states(changed)


def edit(mailboxes: Iterable[Mailbox], values: MailboxEntries) -> list[MailboxState]:
    """Change the same things of several mailboxes, all or none.

    Raises:
        InputInvalid: nothing was given, or a value cannot be used for one of them.
        RecordNotFound: there is no such profile.
    """
    if not values:
        raise InputInvalid(field="Change", reason="nothing to change was given")
    changed = list(mailboxes)
    if len(changed) > 1 and {"username", "password"} & set(values):
        raise InputInvalid(field="Mailboxes", reason="credentials belong to one mailbox; name one")
    require_administration(changed)
    name = values.get("emailserverprofile")
    profile = profiles.find(name) if name else None
    with _changes("mailbox.edit", changed):
        for mailbox in changed:
            columns = _enter(mailbox, values)
            if "emailserverprofile" in values:
                columns |= _change_profile(mailbox, profile)
            _save(mailbox, columns)
    return _states(changed)


def approve(mailboxes: Iterable[Mailbox]) -> list[MailboxState]:
    """Approve the addresses of mailboxes, here and at their users and queues.

    Raises:
        InputInvalid: one of them has no address to approve.
    """
    return _decide(mailboxes, EmailRouterAccessApproval.APPROVED, "mailbox.approve")


def reject(mailboxes: Iterable[Mailbox]) -> list[MailboxState]:
    """Reject the addresses of mailboxes: no mail of theirs is processed.

    Raises:
        InputInvalid: one of them has no address to reject.
    """
    return _decide(mailboxes, EmailRouterAccessApproval.REJECTED, "mailbox.reject")


def mark_primary(mailboxes: Iterable[Mailbox], *, primary: bool) -> None:
    """Keep whether this organization alone synchronizes appointments, contacts and tasks of the mailboxes.

    The next *Test & Enable* then overtakes them from whichever organization their marker names.

    Raises:
        PrivilegeMissing: one of them may not be administered.
    """
    changed = list(mailboxes)
    require_administration(changed)
    with _changes("mailbox.primary", changed):
        for mailbox in changed:
            mailbox.orgmarkedasprimaryforexchangesync = primary
            _save(mailbox, {"orgmarkedasprimaryforexchangesync"})


def make_due(mailboxes: Iterable[Mailbox]) -> list[MailboxState]:
    """Make mailboxes due now and wake the workers.

    Raises:
        InputInvalid: one of them may not run; the sentence says why and what to do.
    """
    chosen = [state_of(mailbox) for mailbox in mailboxes]
    privileges.require_for(Privilege.WRITE_MAILBOX, [state.mailbox for state in chosen])
    for state in chosen:
        if _has_mail(state.mailbox) or not act_schedule.uses(state.mailbox):
            refuse_blocked(state)
    ready = [state.mailbox.pk for state in chosen if state.readiness.may_run]
    with transaction.atomic():
        lock(Mailbox.objects.filter(pk__in=ready)).update(nextpasson=clock.now(), foldersreadon=None)
        act_schedule.make_due(state.mailbox for state in chosen)
        for state in chosen:
            audit.noted("mailbox.sync", state.mailbox)
    wake_workers()
    return [show(str(state.mailbox.pk)) for state in chosen]


def _has_mail(mailbox: Mailbox) -> bool:
    return mailbox.incomingemaildeliverymethod == IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION


def refuse_blocked(state: MailboxState) -> None:
    """Let only mailboxes pass that may run.

    Raises:
        InputInvalid: this one may not; the sentence says why and what to do.
    """
    if not state.readiness.may_run:
        raise InputInvalid(
            field=f"Mailbox {state.mailbox.emailaddress or state.mailbox.name}",
            reason=f"{state.readiness.sentence.rstrip('.')}. {state.readiness.remedy.rstrip('.')}",
        )


def wake_workers() -> None:
    """Tell sleeping workers to look for due mailboxes."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, '')", [WAKE_CHANNEL])


def require_synchronization(chosen: Sequence[Mailbox], *, shows_content: bool = False) -> None:
    """Let only who may synchronize mailboxes pass, and read what is in them where that is to be shown.

    Raises:
        PrivilegeMissing: one of them may not be synchronized, or not be read.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, chosen)
    if shows_content:
        privileges.require_for(Privilege.READ_ACTIVITY, chosen)


def require_administration(mailboxes: Sequence[Mailbox]) -> None:
    """Let only those pass who may change profile, delivery methods and state: administrators with Read and Write.

    Raises:
        PrivilegeMissing: one of the three privileges is missing, or does not reach one of the mailboxes.
    """
    for privilege in (Privilege.READ_MAILBOX, Privilege.WRITE_MAILBOX, Privilege.ADMINISTER_MAILBOX):
        privileges.require_for(privilege, mailboxes)


def require_approval(mailboxes: Sequence[Mailbox]) -> None:
    """Let pass who may approve addresses; the own one too, unless the organization asks for the privilege there."""
    actor = actors.current()
    own_is_free = not Organization.objects.current().requireprivilegetoselfapproveemailaddress
    strange = [
        one
        for one in mailboxes
        if not (own_is_free and actor.user is not None and one.regardingobjectid == actor.user.pk)
    ]
    privileges.require_for(Privilege.WRITE_MAILBOX, mailboxes)
    if strange:
        privileges.require_for(Privilege.APPROVE_ADDRESS, strange)


def _rows() -> QuerySet[Mailbox]:
    return privileges.mailboxes().select_related("emailserverprofile", "ownerid")


def _states(rows: Iterable[Mailbox]) -> list[MailboxState]:
    organization = Organization.objects.current()
    now = clock.now()
    refused = StoppedAccounts.now()
    return [
        MailboxState(row, readiness.judge(row, organization, now, refused=refused.of(row))) for row in rows
    ]


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _take_default_methods(mailbox: Mailbox, organization: Organization) -> set[str]:
    is_queue = mailbox.regardingobjecttypecode == "queue"
    outlook = IncomingEmailDeliveryMethod.OUTLOOK

    def usable(method: int | None) -> int:
        return 0 if method is None or (is_queue and method == outlook) else method

    mailbox.incomingemaildeliverymethod = usable(organization.defaultincomingemaildeliverymethod)
    mailbox.outgoingemaildeliverymethod = usable(organization.defaultoutgoingemaildeliverymethod)
    mailbox.actdeliverymethod = ActDeliveryMethod.NONE if is_queue else organization.defaultactdeliverymethod
    return {"incomingemaildeliverymethod", "outgoingemaildeliverymethod", "actdeliverymethod"}


def _change_profile(mailbox: Mailbox, profile: EmailServerProfile | None) -> set[str]:
    """Another profile is another server: what was tested before says nothing there."""
    if mailbox.emailserverprofile == profile:
        return set()
    mailbox.emailserverprofile = profile
    mailbox.incomingemailstatus = mailbox.mailboxstatus = mailbox.actstatus = TestResult.NOT_RUN
    mailbox.ewsurl = mailbox.groupinginformation = mailbox.lastautodiscoveredon = None
    found = {"ewsurl", "groupinginformation", "lastautodiscoveredon"}
    return {"emailserverprofile", "incomingemailstatus", "mailboxstatus", "actstatus"} | found


def _enter(mailbox: Mailbox, values: MailboxEntries) -> set[str]:
    """Put values in and return the columns that were touched."""
    columns = set(values) - {"active", "emailserverprofile"}
    _enter_credentials(mailbox, values)
    if "incomingemaildeliverymethod" in values:
        mailbox.incomingemaildeliverymethod = _choice(
            values["incomingemaildeliverymethod"], INCOMING, "Incoming Email"
        )
    if "outgoingemaildeliverymethod" in values:
        mailbox.outgoingemaildeliverymethod = _choice(
            values["outgoingemaildeliverymethod"], OUTGOING, "Outgoing Email"
        )
    if "actdeliverymethod" in values:
        method = _choice(values["actdeliverymethod"], ACT, "Appointments, Contacts, and Tasks")
        if mailbox.regardingobjecttypecode == "queue" and method != ActDeliveryMethod.NONE:
            raise InputInvalid(field="Appointments, Contacts, and Tasks", reason="a queue has none")
        mailbox.actdeliverymethod = method
    if "processemailreceivedafter" in values:
        mailbox.processemailreceivedafter = values["processemailreceivedafter"]
    if "enabledforincomingemail" in values:
        mailbox.enabledforincomingemail = values["enabledforincomingemail"]
        if mailbox.enabledforincomingemail:
            mailbox.nextpasson = clock.now()
            columns.add("nextpasson")
    if "active" in values:
        active = values["active"]
        mailbox.statecode = StateCode.ACTIVE if active else StateCode.INACTIVE
        mailbox.statuscode = StatusCode.ACTIVE if active else StatusCode.INACTIVE
        columns |= {"statecode", "statuscode"}
    return columns


def _enter_credentials(mailbox: Mailbox, values: MailboxEntries) -> None:
    """Enter with which account the mailbox is reached, where its profile asks for that."""
    if "username" in values:
        mailbox.username = profiles.username(values["username"])
    if "password" in values:
        mailbox.set_password(values["password"])
    if "allowemailconnectortousecredentials" in values:
        mailbox.allowemailconnectortousecredentials = values["allowemailconnectortousecredentials"]


def _choice(word: str, options: Mapping[str, int], field: str) -> int:
    found = options.get(word.strip().lower())
    if found is None:
        raise InputInvalid(field=field, reason=f"{word!r} is not one of {', '.join(options)}")
    return int(found)


def _decide(
    mailboxes: Iterable[Mailbox], approval: EmailRouterAccessApproval, act: str
) -> list[MailboxState]:
    changed = list(mailboxes)
    require_approval(changed)
    with _changes(act, changed):
        for mailbox in changed:
            if not mailbox.emailaddress:
                raise InputInvalid(field=f"Mailbox {mailbox.name}", reason="it has no e-mail address")
            mailbox.emailrouteraccessapproval = approval
            mailbox.save(update_fields=["emailrouteraccessapproval", "modifiedon"])
    return _states(changed)


@contextmanager
def _changes(act: str, changed: Sequence[Mailbox]) -> Iterator[None]:
    """Give a transaction in which the mailboxes are held and what is changed of them is written down."""
    with transaction.atomic():
        lock(Mailbox.objects.filter(pk__in=[one.pk for one in changed]))
        with audit.changes(act, changed):
            yield


def _save(mailbox: Mailbox, columns: set[str]) -> None:
    """Write only what was touched; what workers write meanwhile stays theirs."""
    mailbox.save(update_fields=[*columns, "modifiedon"])
