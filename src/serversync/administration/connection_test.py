"""Test Connection: every step of a profile's connection, told as it happens, and kept in ``lasttest...``.

The same test serves the command line, the check-up and the pages. Its log-on is counted together with those of the
workers, so that no test locks an account; one that succeeds starts an account again that was stopped.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from psycopg_pool import AsyncConnectionPool

from serversync import __version__
from serversync.adapters.accounts import AccountGuard, AccountKey
from serversync.adapters.probe.examiner import ConnectionExaminer
from serversync.adapters.probe.target import Target
from serversync.adapters.profile_rows import proxy_with_credentials
from serversync.adapters.slots import Budget
from serversync.administration import audit, connection_report, privileges, profile_access, profiles
from serversync.administration import by_hand as waiting
from serversync.core import clock
from serversync.core.errors import InputInvalid, NoConnectionFree, ServiceError
from serversync.crm import secrets
from serversync.crm.models import EmailServerProfile, Mailbox, Organization, PasswordExpiry
from serversync.crm.models.emailserverprofile import (
    AuthenticationProtocol,
    CredentialRetrieval,
    ExecutionStatus,
    Outcome,
)
from serversync.crm.models.options import StateCode
from serversync.crm.privileges import Privilege
from serversync.engine.probe import Event, Finished, Report, Result, first_failure, overall, run
from serversync.exchange.auth.credentials import Scheme
from serversync.exchange.autodiscover.names import parse_hosts
from serversync.rules.allow_list import allows

_SCHEMES: Final = {
    None: Scheme.AUTO,
    AuthenticationProtocol.AUTO_DETECT: Scheme.AUTO,
    AuthenticationProtocol.NEGOTIATE: Scheme.NEGOTIATE,
    AuthenticationProtocol.NTLM: Scheme.NTLM,
    AuthenticationProtocol.BASIC: Scheme.BASIC,
}
_STATUS: Final = {
    Result.OK: ExecutionStatus.SUCCESS,
    Result.WARNING: ExecutionStatus.WARNING,
    Result.FAILED: ExecutionStatus.FAILURE,
}
_TIMEOUT: Final = timedelta(seconds=100)
_LONGEST_MESSAGE: Final = 2000
_AT_ONCE: Final = 3
"""Requests that a test sends at the same time, where the limit allows it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be tested: the profile, the target of the steps, and whose credentials they use."""

    profile: EmailServerProfile
    target: Target
    account: AccountKey


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """A test that is over."""

    profile: str
    mailbox: str | None
    outside: str | None
    startedon: datetime
    milliseconds: int
    reports: tuple[Report, ...]

    @property
    def result(self) -> Result:
        """How it ended as a whole."""
        return overall(self.reports)

    @property
    def failure(self) -> Report | None:
        """The first step that failed: the one to repair first."""
        return first_failure(self.reports)


def plan(name: str, *, sample: str | None = None, outside: str | None = None) -> Plan:
    """Return what a test of a profile would look at.

    Args:
        name: The profile.
        sample: Address of the mailbox to act as; the first one of the profile where it is missing.
        outside: Address of a mailbox that Exchange has to deny; that of the profile where it is missing.

    Raises:
        RecordNotFound: there is no such profile.
        PrivilegeMissing: the person may not write this profile.
    """
    profile = profiles.find(name)
    privileges.require_for(Privilege.WRITE_PROFILE, [profile])
    audit.noted("profile.test", profile, {"mailbox": sample, "outside": outside})
    mailbox = _mailbox(profile, sample)
    address = sample or (mailbox.emailaddress if mailbox else None)
    own = profile.incomingcredentialretrieval == CredentialRetrieval.USER_OR_QUEUE
    username, password, account, problem = _account(profile, mailbox if own else None, own=own)
    proxy = None
    try:
        proxy = proxy_with_credentials(
            profile.proxyurl, profile.proxyusername, profile.proxypassword, profileid=profile.pk
        )
    except ServiceError as error:
        problem = error
    milliseconds = profile.timeoutmailboxconnectionafteramount
    protocol = profile.incomingauthenticationprotocol
    target = Target(
        profile=profile.name,
        location=None if profile.useautodiscover else profile.incomingserverlocation,
        outgoing=None
        if profile.useautodiscover or profile.usesamesettingsforoutgoingconnections
        else profile.outgoingserverlocation,
        autodiscover=profile.useautodiscover,
        autodiscover_url=profile.autodiscoverurl,
        autodiscover_hosts=parse_hosts(profile.autodiscoverhosts or ""),
        username=username,
        password=password,
        problem=problem,
        scheme=_SCHEMES[AuthenticationProtocol(protocol) if protocol is not None else None],
        ca_file=Path(profile.cafile) if profile.cafile else None,
        proxy=proxy,
        timeout=timedelta(milliseconds=milliseconds) if milliseconds else _TIMEOUT,
        connections=profile.maxconcurrentconnections,
        impersonate=profile.incominguseimpersonation,
        own_credentials=own,
        allow_other_servers=os.environ.get("SERVERSYNC_OTHER_SERVERS", "").strip() == "allow",
        sample=address,
        outside=outside or profile.outsidemailbox,
        allowed=profile_access.allowed(profile),
        password_warning=timedelta(days=Organization.objects.current().passwordwarningindays),
    )
    return Plan(profile, target, account)


async def events(what: Plan, *, by_hand: bool = True) -> AsyncIterator[Event]:
    """Take the steps and tell each as it starts and ends.

    Args:
        what: See ``plan``.
        by_hand: A person asks: the password of an account that was stopped after refusals is tried, once.
    """
    async with waiting.database() as pool, _connections(pool, what) as allowed:
        guard = AccountGuard(pool, asyncio.Semaphore(1), what.account, by_hand=by_hand)
        target = replace(allowed, guard=guard, diagnoses=by_hand)
        async with ConnectionExaminer(
            target, now=clock.now, user_agent=f"serversync/{__version__}"
        ) as examiner:
            async for event in run(examiner, monotonic=time.monotonic, profile=target.profile):
                yield event


@asynccontextmanager
async def _connections(pool: AsyncConnectionPool, what: Plan) -> AsyncIterator[Target]:
    """Let the test have some of the connections of the limit; where none becomes free, that is what it finds."""
    target = what.target
    own = None if what.account.is_of_profile else what.account.accountid
    async with waiting.connection_slots(pool) as slots, AsyncExitStack() as stack:
        hold = slots.wait_for(Budget(what.profile.pk, own), _AT_ONCE, patience=waiting.PATIENCE)
        try:
            lease = await stack.enter_async_context(hold)
        except NoConnectionFree as error:
            target = replace(target, problem=target.problem or error)
        else:
            target = replace(target, turn=lease, connections=lease.connections)
        yield target


def examine(
    name: str,
    *,
    sample: str | None = None,
    outside: str | None = None,
    tell: Callable[[Event], None] | None = None,
    by_hand: bool = True,
) -> ConnectionTest:
    """Test a profile, tell each event as it happens, and keep the outcome.

    Raises:
        RecordNotFound: there is no such profile.
    """
    what = plan(name, sample=sample, outside=outside)
    started, began = clock.now(), time.monotonic()

    async def take() -> list[Report]:
        reports = []
        async for event in events(what, by_hand=by_hand):
            if tell is not None:
                tell(event)
            if isinstance(event, Finished):
                reports.append(event.report)
        return reports

    reports = asyncio.run(take())
    return keep(what, reports, startedon=started, milliseconds=round((time.monotonic() - began) * 1000))


def keep(what: Plan, reports: Sequence[Report], *, startedon: datetime, milliseconds: int) -> ConnectionTest:
    """Write the outcome of a test into ``lasttest...`` of its profile; none of it is secret."""
    target = what.target
    done = ConnectionTest(
        target.profile, target.sample, target.outside, startedon, milliseconds, tuple(reports)
    )
    failure = done.failure
    message = f"{failure.finding.sentence} {failure.finding.remedy}" if failure else None
    EmailServerProfile.objects.filter(pk=what.profile.pk).update(
        lastteststarttime=startedon,
        lasttesttotalexecutiontime=milliseconds,
        lasttestvalidationstatus=_outcome(reports, "profile"),
        lastauthorizationstatus=_outcome(reports, "logon"),
        lasttestexecutionstatus=_STATUS[done.result],
        lasttestrequest=connection_report.request(done),
        lasttestresponse=connection_report.as_json(done),
        lastcrmmessage=message[:_LONGEST_MESSAGE] if message else None,
    )
    # Whoever repaired a password sees its alert close soon.
    PasswordExpiry.objects.filter(pk=what.account.accountid).update(dueon=startedon)
    return done


def _outcome(reports: Sequence[Report], key: str) -> int | None:
    """Return how a step ended; ``None`` where it did not come to it."""
    result = next((one.finding.result for one in reports if one.step.key == key), Result.SKIPPED)
    if result is Result.SKIPPED:
        return None
    return int(Outcome.FAILURE if result is Result.FAILED else Outcome.SUCCESS)


def _mailbox(profile: EmailServerProfile, sample: str | None) -> Mailbox | None:
    rows = Mailbox.objects.filter(
        statecode=StateCode.ACTIVE, emailaddress__isnull=False, emailserverprofile=profile
    )
    if sample is not None:
        return rows.filter(emailaddress__iexact=sample).first()
    own = profile.incomingcredentialretrieval == CredentialRetrieval.USER_OR_QUEUE
    listed = profile_access.allowed(profile)
    usable = [one for one in rows.order_by("emailaddress") if not own or one.ispasswordset]
    return next((one for one in usable if allows(listed, one.emailaddress or "")), next(iter(usable), None))


def _account(
    profile: EmailServerProfile, mailbox: Mailbox | None, *, own: bool
) -> tuple[str, str, AccountKey, ServiceError | None]:
    """Return user name, password and key of the account, or what is wrong with it."""
    row: EmailServerProfile | Mailbox = profile
    username, sealed, place = profile.incomingusername, profile.incomingpassword, "incomingpassword"
    problem: ServiceError | None = None
    if lacking := profiles.missing(profile):
        problem = InputInvalid(
            field=f"Profile {profile.name}", reason=f"it has no {' and no '.join(lacking)}"
        )
    if own and mailbox is None:
        problem = InputInvalid(
            field=f"Profile {profile.name}",
            reason="each mailbox logs on by itself, so a mailbox of the profile has to be named (--mailbox ADDRESS)",
        )
    elif own and mailbox is not None:
        row, username, sealed, place = mailbox, mailbox.username, mailbox.password, "password"
        if not (mailbox.allowemailconnectortousecredentials and username and sealed):
            problem = InputInvalid(
                field=f"Mailbox {mailbox.emailaddress}",
                reason="it has no user name and password that may be used (serversync mailbox edit --username)",
            )
    password = ""
    if sealed is not None and problem is None:
        try:
            password = secrets.unseal(sealed, secrets.purpose(row._meta.db_table, row.pk, place))  # noqa: SLF001
        except ServiceError as error:
            problem = error
    return username or "", password, AccountKey(row.pk, profile.pk, row.modifiedon), problem
