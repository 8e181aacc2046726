"""Test & Enable: what is tried for each direction of a mailbox, and what is written down about the outcome.

A direction whose trial is not there yet, or that the mailbox does not use, stays *Not Run*. Success enables the
direction; trouble that a person has to repair disables it; trouble that passes is tried again by the job, and counts
like the former when it does not pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from serversync.administration import act_schedule, alerts, audit
from serversync.core import clock
from serversync.core.errors import InputInvalid, Misconfigured, Permanent, ServiceError, Transient
from serversync.crm.models import Mailbox, MailboxTrackingCategory
from serversync.crm.models.options import (
    ActDeliveryMethod,
    IncomingEmailDeliveryMethod,
    OutgoingEmailDeliveryMethod,
    TestResult,
)


class Direction(StrEnum):
    """What is enabled on its own."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    ACT = "act"


class _Columns(NamedTuple):
    status: str
    enabled: str
    method: str
    server_side: int
    name: str


COLUMNS: Final = {
    Direction.INCOMING: _Columns(
        "incomingemailstatus",
        "enabledforincomingemail",
        "incomingemaildeliverymethod",
        IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
        "incoming e-mail",
    ),
    Direction.OUTGOING: _Columns(
        "outgoingemailstatus",
        "enabledforoutgoingemail",
        "outgoingemaildeliverymethod",
        OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
        "outgoing e-mail",
    ),
    Direction.ACT: _Columns(
        "actstatus",
        "enabledforact",
        "actdeliverymethod",
        ActDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
        "appointments, contacts and tasks",
    ),
}
"""Where the outcome of each direction is kept, and when a mailbox uses it."""


ANEW: Final = {"changemark": None, "changemarktrust": 0, "foldersreadon": None}
"""Columns after which the next pass lists the folders instead of trusting a mark of an earlier one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying one direction, such as opening an Inbox.

    ``mailbox`` is the address that was acted as, empty for the account's own; ``server`` the version that answered;
    ``total_count`` the messages in the folder; ``overtaken`` the organization that kept the mailbox in step until now;
    ``is_new`` says that no organization had marked the mailbox.
    ``error`` says what stopped it; the rest is empty then.
    """

    mailbox: str
    milliseconds: int
    folder: str = ""
    total_count: int | None = None
    server: str = ""
    overtaken: str = ""
    is_new: bool = False
    error: ServiceError | None = None


def uses(mailbox: Mailbox, direction: Direction) -> bool:
    """Tell whether the mailbox synchronizes this direction from the server's side."""
    columns = COLUMNS[direction]
    return bool(getattr(mailbox, columns.method) == columns.server_side)


def first_error(trials: Mapping[Direction, Trial]) -> ServiceError | None:
    """Return what stopped the test: what a person has to repair before what may pass by itself."""
    errors = [trial.error for trial in trials.values() if trial.error is not None]
    return next(
        (error for error in errors if not isinstance(error, Transient)), errors[0] if errors else None
    )


def write_down(mailbox: Mailbox, trials: Mapping[Direction, Trial]) -> None:
    """Write the statuses, enable or disable directions, and tell the owners; to be used in a transaction."""
    now = clock.now()
    error = first_error(trials)
    columns: dict[str, Any] = {
        "mailboxstatus": TestResult.FAILURE if error else TestResult.SUCCESS,
        "testmailboxaccesscompletedon": now,
        "testemailconfigurationscheduled": False,
        "testemailconfigurationretrycount": 0,
        "postponetestemailconfigurationuntil": None,
        "modifiedon": now,
    }
    for direction, trial in trials.items():
        columns |= _of_direction(direction, trial, now)
    Mailbox.objects.filter(pk=mailbox.pk).update(**columns)
    note_marker(mailbox, trials)
    if any(trial.error is None for way, trial in trials.items() if way is not Direction.OUTGOING):
        # The next pass looks at the list of categories in the mailbox, and adds the one that marks what is tracked.
        MailboxTrackingCategory.objects.bulk_create(
            [MailboxTrackingCategory(mailboxid=mailbox)],
            update_conflicts=True,
            unique_fields=["mailboxid"],
            update_fields=["checkedon"],
        )
    act = trials.get(Direction.ACT)
    if act is not None and act.error is None:
        act_schedule.enable(mailbox)
    if error is not None:
        alerts.tell_failure(mailbox, error)
        return
    names = " and ".join(COLUMNS[direction].name for direction in trials)
    alerts.tell_success(mailbox, f"The mailbox {mailbox.emailaddress} answered: {names} is enabled.")


def note_marker(mailbox: Mailbox, trials: Mapping[Direction, Trial]) -> None:
    """Note which organization a test has overtaken the mailbox from, or that nobody had marked it, whatever else came."""
    for trial in trials.values():
        if trial.is_new:
            act_schedule.note_replaced(mailbox)
        if trial.overtaken:
            audit.noted("mailbox.overtake", mailbox, {"organization": trial.overtaken})


def postpone(mailbox: Mailbox, *, attempts: int, until: datetime) -> None:
    """Note that a test was stopped by trouble that may pass, and when it is tried again."""
    Mailbox.objects.filter(pk=mailbox.pk).update(
        testemailconfigurationretrycount=attempts,
        postponetestemailconfigurationuntil=until,
        modifiedon=clock.now(),
    )


def _of_direction(direction: Direction, trial: Trial, now: datetime) -> dict[str, Any]:
    columns = COLUMNS[direction]
    if trial.error is None:
        done: dict[str, Any] = {columns.status: TestResult.SUCCESS, columns.enabled: True}
        if direction == Direction.INCOMING:
            done |= {"transientfailurecount": 0, "nextpasson": now, **ANEW}
        return done
    failed: dict[str, Any] = {columns.status: TestResult.FAILURE}
    is_entry = isinstance(trial.error, InputInvalid)
    if isinstance(trial.error, Misconfigured | Permanent) and not is_entry:
        failed |= {
            columns.enabled: False,
            "lastsyncerror": f"{trial.error.code}: {trial.error}"[:2048],
            "lastsyncerroroccurredon": now,
        }
    return failed
