"""Says in one sentence when a mailbox synchronizes next, or why it does not and what to do about it."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from serversync.administration import profile_access, profiles
from serversync.administration.sentences import Sentence
from serversync.crm.models import EmailServerProfile, ExchangeAccount, Mailbox, Organization
from serversync.crm.models.emailserverprofile import CredentialRetrieval
from serversync.crm.models.options import (
    ActDeliveryMethod,
    EmailRouterAccessApproval,
    IncomingEmailDeliveryMethod,
    OutgoingEmailDeliveryMethod,
    StateCode,
)
from serversync.rules.allow_list import allows


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a mailbox may be synchronized, and the sentence about it.

    ``code`` is stable: running, due, retrying, slowed-down, scheduled; or, where the mailbox may not run: inactive,
    address-missing, method, profile-missing, profile-inactive, profile-incomplete, not-allowed, credentials-missing, not-approved, rejected, stopped,
    not-tested, account-stopped.
    """

    may_run: bool
    code: str
    sentence: str
    remedy: str = ""


def judge(
    mailbox: Mailbox, organization: Organization, now: datetime, *, refused: ExchangeAccount | None = None
) -> Readiness:
    """Return the first reason that keeps the mailbox from running, or when it runs next.

    Args:
        mailbox: The mailbox, its profile fetched along.
        organization: The settings in force.
        now: The time to compare with.
        refused: The account that it is read with, where that is stopped because its password was refused.
    """
    return (
        blocked(mailbox, organization)
        or _stopped(mailbox)
        or (_account_stopped(mailbox, refused) if refused is not None else None)
        or _schedule(mailbox, now)
    )


def blocked(mailbox: Mailbox, organization: Organization) -> Readiness | None:
    """Return what an administrator has to set up first, or ``None`` where nothing keeps it from being tested."""
    name = mailbox.emailaddress or str(mailbox.mailboxid)
    if not _is_there(mailbox) or _uses_incoming(mailbox):
        return blocked_whatever_direction(mailbox, organization)
    return Readiness(
        may_run=False,
        code="method",
        sentence="It is not synchronized: Incoming Email is not Server-Side Synchronization.",
        remedy=f"Choose it: serversync mailbox edit {name} --incoming server-side.",
    )


def blocked_from_test(mailbox: Mailbox, organization: Organization) -> Readiness | None:
    """Return what has to be set up before Test & Enable; a mailbox that only sends, or has no mail, is tested too."""
    is_other = (
        mailbox.outgoingemaildeliverymethod == OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION
        or mailbox.actdeliverymethod == ActDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION
    )
    if is_other and not _uses_incoming(mailbox):
        return blocked_whatever_direction(mailbox, organization)
    return blocked(mailbox, organization)


def _uses_incoming(mailbox: Mailbox) -> bool:
    return mailbox.incomingemaildeliverymethod == IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION


def _is_there(mailbox: Mailbox) -> bool:
    return mailbox.statecode == StateCode.ACTIVE and bool(mailbox.emailaddress)


def blocked_whatever_direction(mailbox: Mailbox, organization: Organization) -> Readiness | None:
    """Return what has to be set up first for mail as for the rest, or ``None``."""
    name = mailbox.emailaddress or str(mailbox.mailboxid)
    if mailbox.statecode != StateCode.ACTIVE:
        return Readiness(
            may_run=False,
            code="inactive",
            sentence="It is not synchronized: the mailbox is deactivated.",
            remedy=f"Activate it: serversync mailbox edit {name} --active.",
        )
    if not mailbox.emailaddress:
        return Readiness(
            may_run=False,
            code="address-missing",
            sentence="It is not synchronized: it has no e-mail address.",
            remedy="Give the user or queue its primary e-mail address.",
        )
    return _profile(mailbox, name) or _approval(mailbox, organization, name)


def _profile(mailbox: Mailbox, name: str) -> Readiness | None:
    profile = mailbox.emailserverprofile
    if profile is None:
        return Readiness(
            may_run=False,
            code="profile-missing",
            sentence="It is not synchronized: it has no Server Profile.",
            remedy=f"Choose one: serversync mailbox apply-defaults {name}, or mailbox edit {name} --profile NAME.",
        )
    if profile.statecode != StateCode.ACTIVE:
        return Readiness(
            may_run=False,
            code="profile-inactive",
            sentence=f"It is not synchronized: its profile {profile.name} is deactivated.",
            remedy=f"Choose another profile: serversync mailbox edit {name} --profile NAME.",
        )
    if lacking := profiles.missing(profile):
        return Readiness(
            may_run=False,
            code="profile-incomplete",
            sentence=f"It is not synchronized: its profile {profile.name} has no {' and no '.join(lacking)}.",
            remedy=f"Complete it: serversync profile edit '{profile.name}'.",
        )
    if not allows(profile_access.allowed(profile), mailbox.emailaddress or ""):
        return Readiness(
            may_run=False,
            code="not-allowed",
            sentence=f"It is not synchronized: it is not among the mailboxes that its profile {profile.name} may touch.",
            remedy=f"Allow it: serversync profile edit '{profile.name}' --allow {mailbox.emailaddress}.",
        )
    return _own_credentials(mailbox, profile, name)


def _own_credentials(mailbox: Mailbox, profile: EmailServerProfile, name: str) -> Readiness | None:
    own = profile.incomingcredentialretrieval == CredentialRetrieval.USER_OR_QUEUE
    has = mailbox.allowemailconnectortousecredentials and mailbox.username and mailbox.ispasswordset
    if not own or has:
        return None
    return Readiness(
        may_run=False,
        code="credentials-missing",
        sentence="It is not synchronized: it has no credentials of its own, which its profile asks for.",
        remedy=f"Give them: serversync mailbox edit {name} --username USER --password-stdin --use-credentials.",
    )


def _approval(mailbox: Mailbox, organization: Organization, name: str) -> Readiness | None:
    is_queue = mailbox.regardingobjecttypecode == "queue"
    required = (
        organization.requireapprovalforqueueemail if is_queue else organization.requireapprovalforuseremail
    )
    if not required or mailbox.emailrouteraccessapproval == EmailRouterAccessApproval.APPROVED:
        return None
    rejected = mailbox.emailrouteraccessapproval == EmailRouterAccessApproval.REJECTED
    return Readiness(
        may_run=False,
        code="rejected" if rejected else "not-approved",
        sentence=f"It is not synchronized: its e-mail address is {'rejected' if rejected else 'not approved'}.",
        remedy=f"Approve it: serversync mailbox approve {name}.",
    )


def _stopped(mailbox: Mailbox) -> Readiness | None:
    if not mailbox.enabledforincomingemail:
        because = f" after {mailbox.lastsyncerror.rstrip('.')}" if mailbox.lastsyncerror else ""
        return Readiness(
            may_run=False,
            code="stopped",
            sentence=f"It is not synchronized: incoming e-mail was switched off{because}.",
            remedy=f"Remove the cause, then: serversync mailbox test-enable {mailbox.emailaddress}.",
        )
    if mailbox.nextpasson is None:
        return Readiness(
            may_run=False,
            code="not-tested",
            sentence="It is not synchronized yet: it was never tested and enabled.",
            remedy=f"Test and enable it: serversync mailbox test-enable {mailbox.emailaddress}.",
        )
    return None


def _account_stopped(mailbox: Mailbox, account: ExchangeAccount) -> Readiness:
    own = account.exchangeaccountid == mailbox.pk
    profile = mailbox.emailserverprofile
    since = account.stoppedon or account.refusedon
    name = profile.name if profile is not None else "-"
    remedy = (
        f"Enter the right password: serversync mailbox edit {mailbox.emailaddress} --username USER --password-stdin --use-credentials."
        if own
        else f"Enter the right password: serversync profile edit '{name}' --password-stdin; or, where it is right, choose "
        "Test Connection of the profile: it is tried once, and goes on if it is accepted."
    )
    return Readiness(
        may_run=False,
        code="account-stopped",
        sentence=Sentence(
            "It is not synchronized since {since}: {host} has refused the password of {account} {times} times, and it is not "
            "tried again so that the account is not locked.",
            since=since,
            host=account.host,
            account=account.username,
            times=account.refusals,
        )
        if since is not None
        else f"It is not synchronized: {account.host} has refused the password of {account.username}.",
        remedy=remedy,
    )


def _slowed_down(mailbox: Mailbox, left: timedelta) -> Readiness:
    seconds = math.ceil(left.total_seconds())
    wait = f"{seconds} s" if seconds < 100 else f"{math.ceil(seconds / 60)} min"
    times = mailbox.transientfailurecount
    again = f" ({times} times in a row)" if times and times > 1 else ""
    whom = "" if times else " for other mailboxes of its server"
    sentence = f"Waiting {wait}: Exchange asked us to slow down{whom}{again}."
    return Readiness(may_run=True, code="slowed-down", sentence=sentence)


def _schedule(mailbox: Mailbox, now: datetime) -> Readiness:
    due = mailbox.nextpasson
    if mailbox.leaseuntil is not None and mailbox.leaseuntil > now:
        return Readiness(
            may_run=True, code="running", sentence=f"It is being synchronized now, by {mailbox.hostid}."
        )
    postponed = mailbox.receivingpostponeduntil
    if postponed is not None and postponed > now:
        return _slowed_down(mailbox, postponed - now)
    if due is None or due <= now:
        return Readiness(
            may_run=True,
            code="due",
            sentence=Sentence("It is due since {due}: the next free worker takes it.", due=due)
            if due
            else "It is due: the next free worker takes it.",
            remedy="If nothing happens, see whether a worker runs: serversync doctor.",
        )
    if mailbox.transientfailurecount:
        return Readiness(
            may_run=True,
            code="retrying",
            sentence=Sentence(
                "It is tried again at {due}, after {times} failures in a row: {error}.",
                due=due,
                times=mailbox.transientfailurecount,
                error=(mailbox.lastsyncerror or "unknown").rstrip("."),
            ),
        )
    if mailbox.streamedon is not None:
        return Readiness(
            may_run=True,
            code="scheduled",
            sentence=Sentence(
                "It synchronizes as soon as Exchange tells of a change, and is polled next at {due}.", due=due
            ),
        )
    return Readiness(
        may_run=True, code="scheduled", sentence=Sentence("It synchronizes next at {due}.", due=due)
    )
