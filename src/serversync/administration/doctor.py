"""A check-up of the whole installation: each check with its result, the evidence, and what to do."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from serversync import __version__
from serversync.administration import connection_test, mailboxes, privileges
from serversync.administration.records import iso
from serversync.core import clock
from serversync.core.errors import ServiceError
from serversync.crm import secrets
from serversync.crm.models import EmailServerProfile, Mailbox, Organization
from serversync.crm.models.options import StateCode
from serversync.crm.privileges import Privilege
from serversync.database.address import external_dsn
from serversync.engine.probe import Result as StepResult

_ALIVE: Final = timedelta(seconds=60)
_LATE: Final = timedelta(minutes=5)
_EXAMPLES: Final = 3


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``remedy`` is empty where nothing is to be done."""

    name: str
    result: Result
    evidence: str
    remedy: str = ""


def require() -> None:
    """Let only who administers the installation pass.

    Raises:
        PrivilegeMissing: the actor may not change its settings.
    """
    privileges.require_organization(Privilege.WRITE_ORGANIZATION)


def examine() -> list[Check]:
    """Run every check on a database that answers; one that fails does not keep the others from running.

    Raises:
        PrivilegeMissing: the actor may not change the settings of the installation.
    """
    return [check for part in parts() for check in part()]


Part = Callable[[], "list[Check]"]
"""One part of the check-up; it never raises."""


def parts() -> list[Part]:
    """Return the parts of the check-up in order, each to be called once.

    Raises:
        PrivilegeMissing: the actor may not change the settings of the installation.
    """
    require()
    return [
        partial(_safely, part)
        for part in (_database, _migrations, _secret_key, _organization, _profiles, _mailboxes, _worker)
    ]


def as_markdown(checks: Iterable[Check]) -> str:
    """Return checks as Markdown, for a ticket."""
    lines = [f"# Check-up, serversync {__version__}, {iso(clock.now())}", ""]
    for one in checks:
        lines.append(f"- **{one.result.value}** {one.name}: {one.evidence}")
        if one.remedy:
            lines.append(f"  What to do: {one.remedy}")
    return "\n".join(lines) + "\n"


def from_error(name: str, error: ServiceError) -> Check:
    """Return the failed check that an error amounts to."""
    return Check(name, Result.FAILED, str(error), error.remedy_text)


def _safely(part: Callable[[], list[Check]]) -> list[Check]:
    name = part.__name__.strip("_").replace("_", " ")
    try:
        return part()
    except ServiceError as error:
        return [from_error(name, error)]
    except DatabaseError as error:
        return [
            Check(name, Result.FAILED, str(error).strip(), "Check the database and its log, then try again.")
        ]


def _database() -> list[Check]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('server_version'), pg_size_pretty(pg_database_size(current_database()))"
        )
        version, size = cursor.fetchone()
    kind = "DATABASE_URL" if external_dsn() else "embedded"
    return [Check("database", Result.OK, f"PostgreSQL {version} ({kind}), {size}")]


def _migrations() -> list[Check]:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return [
            Check(
                "migrations",
                Result.FAILED,
                f"{len(waiting)} migrations are missing",
                "Start any command of serversync that uses the database: it applies them.",
            )
        ]
    return [Check("migrations", Result.OK, "all are applied")]


def _secret_key() -> list[Check]:
    secrets.ensure()
    unreadable = []
    for profile in EmailServerProfile.objects.exclude(incomingpassword=None).order_by("name"):
        place = secrets.purpose("emailserverprofile", profile.pk, "incomingpassword")
        try:
            secrets.unseal(profile.incomingpassword or b"", place)
        except ServiceError as error:
            unreadable.append(
                Check("secret key", Result.FAILED, f"{profile.name}: {error}", error.remedy_text)
            )
    return unreadable or [Check("secret key", Result.OK, "it opens every stored password")]


def _organization() -> list[Check]:
    default = Organization.objects.current().defaultemailserverprofileid
    if default is None:
        return [
            Check(
                "organization",
                Result.WARNING,
                "there is no default profile for new mailboxes",
                "Choose one: serversync settings set defaultemailserverprofileid NAME.",
            )
        ]
    return [Check("organization", Result.OK, f"the default profile is {default.name}")]


def _profiles() -> list[Check]:
    rows = list(EmailServerProfile.objects.filter(statecode=StateCode.ACTIVE).order_by("name"))
    if not rows:
        return [
            Check(
                "profiles",
                Result.FAILED,
                "there is no email server profile",
                "Add one: serversync profile add NAME --ews-url URL --username USER.",
            )
        ]
    return [check for row in rows for check in _profile(row)]


def _profile(profile: EmailServerProfile) -> list[Check]:
    """Test the connection of a profile; what is not well has a check of its own."""
    name = f"profile {profile.name}"
    test = connection_test.examine(profile.name, by_hand=False)
    checks = [
        Check(
            f"{name}: {one.step.title}", Result(one.finding.result), one.finding.sentence, one.finding.remedy
        )
        for one in test.reports
        if one.finding.result in {StepResult.WARNING, StepResult.FAILED}
    ]
    if test.failure is not None:
        return checks
    seen = {one.step.key: one.finding.sentence for one in test.reports}
    evidence = f"connected in {test.milliseconds} ms; {seen['version']}"
    return [Check(name, Result.OK, evidence), *checks]


def _mailboxes() -> list[Check]:
    states = [state for state in mailboxes.find_all() if state.mailbox.statecode == StateCode.ACTIVE]
    if not states:
        return [
            Check(
                "mailboxes",
                Result.WARNING,
                "there is none",
                "Add a user or a queue: serversync user add LOGIN.",
            )
        ]
    ready = [state for state in states if state.readiness.may_run]
    held = [state for state in states if not state.readiness.may_run]
    checks = []
    if ready:
        checks.append(Check("mailboxes", Result.OK, f"{len(ready)} of {len(states)} synchronize"))
    for code, count in Counter(state.readiness.code for state in held).most_common():
        of_code = [state for state in held if state.readiness.code == code]
        names = ", ".join(state.mailbox.emailaddress or state.mailbox.name for state in of_code[:_EXAMPLES])
        more = f" and {count - _EXAMPLES} more" if count > _EXAMPLES else ""
        checks.append(
            Check(
                f"mailboxes {code}",
                Result.FAILED if code == "stopped" else Result.WARNING,
                f"{names}{more}: {of_code[0].readiness.sentence}",
                of_code[0].readiness.remedy,
            )
        )
    return checks


def _worker() -> list[Check]:
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_workers where last_heartbeat > %s", [now - _ALIVE])
        (alive,) = cursor.fetchone()
    if alive:
        return [Check("worker", Result.OK, f"{alive} gave a sign of life within the last minute")]
    late = Mailbox.objects.filter(nextpasson__lt=now - _LATE, statecode=StateCode.ACTIVE).count()
    evidence = "none gave a sign of life within the last minute"
    if late:
        evidence += f"; {late} mailboxes have been due for more than five minutes"
    return [
        Check(
            "worker",
            Result.FAILED if late else Result.WARNING,
            evidence,
            "Start one: serversync worker (or serversync serve).",
        )
    ]
