"""Jobs: long work on many mailboxes in the background, with progress, an estimate, and a way to stop it.

A job survives whatever happens to the workers: each mailbox of it is a row, claimed with a lease and finished once, in
the transaction that writes what came of it. ``serversync.jobs.operations`` works them off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min, Model, Q, QuerySet

from serversync.administration import actor as actors
from serversync.administration import audit, bulk, privileges
from serversync.administration.locking import lock
from serversync.core import clock
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import AsyncOperation, AsyncOperationItem, EmailServerProfile, Mailbox
from serversync.crm.models.asyncoperation import ItemState, OperationState, OperationStatus
from serversync.crm.models.options import StateCode
from serversync.crm.privileges import Privilege

WAKE_CHANNEL: Final = "serversync_jobs"
"""NOTIFY on this channel tells workers that there is a job."""
_LATEST_FAILURES: Final = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: ``done`` of ``total``, some of them failed; ``again`` wait for their next try until ``next_on``."""

    total: int
    succeeded: int
    failed: int
    canceled: int
    running: int
    again: int
    next_on: datetime | None
    seconds_left: int | None

    @property
    def done(self) -> int:
        """Mailboxes that are at their end; never fewer than before."""
        return self.succeeded + self.failed + self.canceled

    @property
    def percent(self) -> int:
        """The same of a hundred."""
        return 100 * self.done // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class JobState:
    """A job with its progress."""

    job: AsyncOperation
    progress: Progress


def start(
    word: str,
    chosen: Sequence[Mailbox],
    parameters: dict[str, Any] | None = None,
    *,
    regarding: Model | None = None,
) -> AsyncOperation:
    """Begin to do an act to mailboxes in the background.

    Args:
        word: One of ``bulk.ACTS``.
        chosen: The mailboxes; the same one twice counts once.
        parameters: What the act takes, as JSON can hold it.
        regarding: What the job is about, such as a profile.

    Raises:
        InputInvalid: there is no such act, or nothing to do it to.
        PrivilegeMissing: the actor may not do it to one of them.
    """
    act = bulk.find(word)
    unique = {mailbox.pk: mailbox for mailbox in chosen}
    if not unique:
        raise InputInvalid(field="Mailboxes", reason="there is none to do this to")
    act.require(list(unique.values()))
    actor = actors.current()
    given = parameters or {}
    tests = word == bulk.TEST_ENABLE or bool(given.get(bulk.THEN_TEST))
    with transaction.atomic():
        job = AsyncOperation.objects.create(
            name=f"{act.title}: {_of(len(unique), unique.values())}"[:200],
            act=word,
            parameters=given,
            itemcount=len(unique),
            ownerid=actor.user,
            ownedbyinstallation=actor.user is None,
            regardingobjectid=regarding.pk if regarding is not None else None,
            regardingobjecttypecode=regarding._meta.db_table if regarding is not None else None,  # noqa: SLF001
        )
        AsyncOperationItem.objects.bulk_create(
            [AsyncOperationItem(asyncoperationid=job, mailboxid_id=key) for key in unique], batch_size=2000
        )
        if tests:
            lock(Mailbox.objects.filter(pk__in=list(unique))).update(testemailconfigurationscheduled=True)
        audit.noted(f"job.{word}", job, {"mailboxes": len(unique), **given})
        with connection.cursor() as cursor:
            cursor.execute("select pg_notify(%s, '')", [WAKE_CHANNEL])
    return job


def test_profile_mailboxes(profile: EmailServerProfile) -> AsyncOperation:
    """Begin to test and enable every active mailbox of a profile that the actor may test.

    Raises:
        InputInvalid: the profile has no such mailbox.
        PrivilegeMissing: the actor may not test mailboxes.
    """
    privileges.require(Privilege.WRITE_MAILBOX)
    rows = privileges.reach(Privilege.WRITE_MAILBOX, Mailbox.objects.all())
    chosen = list(rows.filter(emailserverprofile=profile, statecode=StateCode.ACTIVE))
    return start(bulk.TEST_ENABLE, chosen, regarding=profile)


def find_all(*, open_only: bool = False, limit: int = 100) -> list[JobState]:
    """Return the jobs that the actor may see, latest first."""
    rows = privileges.jobs().select_related("ownerid").order_by("-createdon", "-pk")
    if open_only:
        rows = rows.exclude(statecode=OperationState.COMPLETED)
    return states(list(rows[:limit]))


def find(reference: str) -> AsyncOperation:
    """Return a job by its id.

    Raises:
        RecordNotFound: there is none, or the actor may not see it.
    """
    try:
        job = privileges.jobs().select_related("ownerid").filter(pk=UUID(reference.strip())).first()
    except ValueError:
        job = None
    if job is None:
        raise RecordNotFound(kind="job", name=reference)
    return job


def cancel(job: AsyncOperation) -> AsyncOperation:
    """Stop a job: mailboxes that wait are left out, those under way come to their end.

    Raises:
        InputInvalid: it is over.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_JOB, [job])
    with transaction.atomic():
        held = AsyncOperation.objects.select_for_update().get(pk=job.pk)
        if held.statecode == OperationState.COMPLETED:
            raise InputInvalid(field="Job", reason="it is over already")
        with audit.changes("job.cancel", [held]):
            held.statuscode = OperationStatus.CANCELING
            held.save(update_fields=["statuscode", "modifiedon"])
        waiting = AsyncOperationItem.objects.filter(asyncoperationid=held, itemstate=ItemState.WAITING)
        lock(Mailbox.objects.filter(pk__in=waiting.values("mailboxid"))).update(
            testemailconfigurationscheduled=False, postponetestemailconfigurationuntil=None
        )
        waiting.update(itemstate=ItemState.CANCELED, completedon=clock.now())
        finish_if_done(held.pk)
    held.refresh_from_db()
    return held


def states(rows: Iterable[AsyncOperation]) -> list[JobState]:
    """Return jobs with their progress: counted in one query for those under way, as they ended for those that are over."""
    listed = list(rows)
    counts: dict[UUID, dict[int, int]] = {job.pk: _counts_at_the_end(job) for job in listed}
    again: dict[UUID, tuple[int, datetime]] = {}
    under_way = [job.pk for job in listed if job.statecode != OperationState.COMPLETED]
    items = AsyncOperationItem.objects.filter(asyncoperationid__in=under_way)
    tried = Q(attempts__gt=0)
    for key, state, count, retried, first in items.values_list("asyncoperationid", "itemstate").annotate(
        count=Count("pk"), again=Count("pk", filter=tried), first=Min("dueon", filter=tried)
    ):
        counts[key][state] = count
        if state == ItemState.WAITING and first is not None:
            again[key] = retried, first
    now = clock.now()
    return [JobState(job, _progress(job, counts[job.pk], again.get(job.pk), now)) for job in listed]


def _counts_at_the_end(job: AsyncOperation) -> dict[int, int]:
    if job.statecode != OperationState.COMPLETED:
        return {}
    return {
        ItemState.SUCCEEDED: job.succeededcount,
        ItemState.FAILED: job.failedcount,
        ItemState.CANCELED: job.canceledcount,
    }


def failures(job: AsyncOperation) -> QuerySet[AsyncOperationItem]:
    """Return the latest mailboxes of a job that failed or wait for another try, with what was said."""
    rows = AsyncOperationItem.objects.filter(asyncoperationid=job, code__isnull=False)
    return rows.select_related("mailboxid").order_by("-completedon", "-dueon")[:_LATEST_FAILURES]


def finish_if_done(jobid: UUID) -> bool:
    """Complete a job whose mailboxes are all at their end; tell whether it was this call that did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update asyncoperation o set statecode = 3, completedon = now(), modifiedon = now(),"
            " (succeededcount, failedcount, canceledcount, statuscode) = (select count(*) filter (where itemstate = 2),"
            "   count(*) filter (where itemstate = 3), count(*) filter (where itemstate = 4),"
            "   case when o.statuscode = 22 then 32 when bool_or(itemstate = 3) then 31 else 30 end"
            "   from asyncoperationitem i where i.asyncoperationid = o.asyncoperationid)"
            " where asyncoperationid = %s and statecode < 3 and not exists ("
            "   select from asyncoperationitem i where i.asyncoperationid = o.asyncoperationid"
            "   and i.itemstate in (0, 1))",
            [jobid],
        )
        return bool(cursor.rowcount)


def _of(count: int, chosen: Iterable[Mailbox]) -> str:
    if count == 1:
        return str(next(iter(chosen)))
    return f"{count} mailboxes"


def _progress(
    job: AsyncOperation, counts: dict[int, int], again: tuple[int, datetime] | None, now: datetime
) -> Progress:
    total = job.itemcount
    succeeded, failed = counts.get(ItemState.SUCCEEDED, 0), counts.get(ItemState.FAILED, 0)
    canceled = counts.get(ItemState.CANCELED, 0)
    waiting = counts.get(ItemState.WAITING, 0)
    tried = succeeded + failed
    left: int | None = None
    if job.startedon is not None and tried and job.statecode != OperationState.COMPLETED:
        fresh = waiting - (again[0] if again else 0) + counts.get(ItemState.RUNNING, 0)
        each = (now - job.startedon) / tried
        left = max(0, round((each * fresh).total_seconds()))
        if again:
            left = max(left, round(max(timedelta(0), again[1] - now).total_seconds()))
    return Progress(
        total=total,
        succeeded=succeeded,
        failed=failed,
        canceled=canceled,
        running=counts.get(ItemState.RUNNING, 0),
        again=again[0] if again else 0,
        next_on=again[1] if again else None,
        seconds_left=left,
    )
