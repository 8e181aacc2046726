"""Appointments, contacts and tasks of mailboxes: whether they are kept in step, and what a person has to decide."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from serversync.administration import audit, mailboxes, privileges, readiness
from serversync.administration.act_schedule import schedule_of, uses, wake_workers
from serversync.administration.locking import lock
from serversync.administration.readiness import Readiness
from serversync.administration.sentences import Sentence
from serversync.core import clock
from serversync.core.errors import InputInvalid
from serversync.crm.models import ExchangeSyncMailbox, Mailbox, Organization
from serversync.crm.models.exchangesyncmailbox import SyncAnswer
from serversync.crm.privileges import Privilege

_NOTED: Final = {
    SyncAnswer.DELETE: "mailbox.deletions-happen",
    SyncAnswer.KEEP: "mailbox.deletions-kept",
    SyncAnswer.FILL: "mailbox.fill",
}
"""What the audit says of each answer."""


def state_of(mailbox: Mailbox) -> Readiness:
    """Return whether and when appointments, contacts and tasks of a mailbox are synchronized, or why not."""
    return judge(mailbox, schedule_of(mailbox), Organization.objects.current(), clock.now())


def overview(mailbox: Mailbox) -> ExchangeSyncMailbox:
    """Return the schedule of a mailbox with its plan and what waits, without titles where they may not be read.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    schedule = schedule_of(mailbox)
    if not privileges.reads_content(mailbox):
        if schedule.plan is not None:
            actions = [{**one, "title": privileges.HIDDEN} for one in schedule.plan.get("actions", ())]
            schedule.plan = {**schedule.plan, "actions": actions}
        if schedule.held is not None:
            schedule.held = [{**one, "titles": []} for one in schedule.held]
    return schedule


def judge(
    mailbox: Mailbox, schedule: ExchangeSyncMailbox, organization: Organization, now: datetime
) -> Readiness:
    """Return the first reason that keeps them from being synchronized, or when that happens next."""
    return blocked(mailbox, organization) or _stopped(mailbox, schedule) or _next(schedule, now)


def blocked(mailbox: Mailbox, organization: Organization) -> Readiness | None:
    """Return what an administrator has to set up first, or ``None`` where nothing keeps it from being tested."""
    name = mailbox.emailaddress or str(mailbox.mailboxid)
    if not uses(mailbox):
        is_queue = mailbox.regardingobjecttypecode != "systemuser"
        return Readiness(
            may_run=False,
            code="act-method",
            sentence="Appointments, contacts and tasks are not synchronized: "
            + ("only mailboxes of users have any." if is_queue else "that is not chosen."),
            remedy=""
            if is_queue
            else f"Choose it: serversync mailbox edit {name} --act server-side, then mailbox test-enable {name}.",
        )
    return readiness.blocked_whatever_direction(mailbox, organization)


def _stopped(mailbox: Mailbox, schedule: ExchangeSyncMailbox) -> Readiness | None:
    if not mailbox.enabledforact:
        because = f" after {schedule.lastsyncerror.rstrip('.')}" if schedule.lastsyncerror else ""
        return Readiness(
            may_run=False,
            code="stopped",
            sentence=f"Appointments, contacts and tasks were switched off{because}.",
            remedy=f"Remove the cause, then: serversync mailbox test-enable {mailbox.emailaddress}.",
        )
    if schedule.nextpasson is None and schedule.leaseuntil is None:
        if schedule.plan is not None and not schedule.isplanapproved:
            return Readiness(
                may_run=True,
                code="plan-waiting",
                sentence="Nothing is written before somebody has looked at the plan.",
                remedy=f"Look at it and let it happen: serversync mailbox approve-plan {mailbox.emailaddress}.",
            )
        return Readiness(
            may_run=False,
            code="not-tested",
            sentence="Appointments, contacts and tasks were never tested and enabled.",
            remedy=f"Test and enable it: serversync mailbox test-enable {mailbox.emailaddress}.",
        )
    return None


def _next(schedule: ExchangeSyncMailbox, now: datetime) -> Readiness:
    if schedule.leaseuntil is not None and schedule.leaseuntil > now:
        return Readiness(
            may_run=True, code="running", sentence=f"They are being synchronized now, by {schedule.hostid}."
        )
    due = schedule.nextpasson
    if due is None or due <= now:
        return Readiness(
            may_run=True,
            code="due",
            sentence="They are due: the next free worker takes them.",
            remedy="If nothing happens, see whether a worker runs: serversync doctor.",
        )
    if schedule.failures:
        return Readiness(
            may_run=True,
            code="retrying",
            sentence=Sentence(
                "They are tried again at {due}, after {times} failures in a row: {error}.",
                due=due,
                times=schedule.failures,
                error=(schedule.lastsyncerror or "unknown").rstrip("."),
            ),
        )
    return Readiness(
        may_run=True, code="scheduled", sentence=Sentence("They are synchronized next at {due}.", due=due)
    )


def may_be_tried(mailbox: Mailbox) -> None:
    """Let only mailboxes pass whose appointments, contacts and tasks may be synchronized, or looked at.

    Raises:
        InputInvalid: this one's may not; the sentence says why and what to do.
    """
    refusal = blocked(mailbox, Organization.objects.current())
    if refusal is not None:
        raise InputInvalid(
            field=f"Mailbox {mailbox.emailaddress or mailbox.name}",
            reason=" ".join(
                part.rstrip(".") + "." for part in (refusal.sentence, refusal.remedy) if part
            ).rstrip("."),
        )


def approve_plan(chosen: Sequence[Mailbox]) -> None:
    """Let happen what the plans of mailboxes say, from now on.

    Raises:
        InputInvalid: one of them has made no plan.
        PrivilegeMissing: one of them may not be administered.
    """
    mailboxes.require_administration(chosen)
    for one in chosen:
        if schedule_of(one).plan is None:
            raise InputInvalid(
                field=f"Mailbox {one.emailaddress or one.name}",
                reason=f"it has no plan yet; make one with 'serversync mailbox sync {one.emailaddress} --dry-run'",
            )
    with transaction.atomic():
        rows = lock(ExchangeSyncMailbox.objects.filter(pk__in=[one.pk for one in chosen]))
        rows.update(isplanapproved=True, nextpasson=clock.now())
        for one in chosen:
            audit.noted("mailbox.approve-plan", one)
    wake_workers()


def mark_of(held: Sequence[Mapping[str, Any]] | None) -> str:
    """Return what tells these deletions that wait from others, for a page that shows them."""
    those = sorted(f"{each['step']} {record}" for each in held or () for record in each.get("records", ()))
    return hashlib.sha256("\n".join(those).encode()).hexdigest()[:32]


def answer(mailbox: Mailbox, given: SyncAnswer, *, seen: str | None = None) -> None:
    """Let deletions happen that wait, keep what is left, or fill a replaced mailbox again from the CRM.

    Those that come later wait for another answer.

    Args:
        mailbox: The mailbox.
        given: The answer.
        seen: The mark of the deletions that it is about; ``None`` for those that wait now.

    Raises:
        InputInvalid: none wait, or others than those that were seen, or a mailbox that was not replaced is to be filled.
        PrivilegeMissing: the mailbox may not be administered.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, [mailbox])
    field = f"Mailbox {mailbox.emailaddress or mailbox.name}"
    with transaction.atomic():
        schedule = (
            ExchangeSyncMailbox.objects.select_for_update().filter(pk=mailbox.pk, held__isnull=False).first()
        )
        if schedule is None:
            raise InputInvalid(field=field, reason="no deletions wait for an answer")
        if seen is not None and seen != mark_of(schedule.held):
            raise InputInvalid(field=field, reason="other deletions wait by now; look at them again")
        if given == SyncAnswer.FILL and not schedule.isreplaced:
            raise InputInvalid(
                field=field,
                reason="it is filled again only where it was replaced by another mailbox; here people have deleted items",
            )
        ExchangeSyncMailbox.objects.filter(pk=mailbox.pk).update(answer=given, nextpasson=clock.now())
    audit.noted(_NOTED[given], mailbox)
    wake_workers()
