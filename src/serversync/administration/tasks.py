"""Tasks that people enter and change; start, due date and completion are days without a time, a reminder is a moment."""

from datetime import date, datetime
from typing import Final, TypedDict

from django.db import transaction

from serversync.administration import activities, audit, entries, privileges
from serversync.core.errors import InputInvalid
from serversync.crm.models import Fax, Letter, PhoneCall, Task
from serversync.crm.models.task import TaskStatus
from serversync.crm.privileges import Privilege

STATUSES: Final = {
    "not-started": TaskStatus.NOT_STARTED,
    "in-progress": TaskStatus.IN_PROGRESS,
    "waiting": TaskStatus.WAITING,
    "deferred": TaskStatus.DEFERRED,
}
"""The words for the statuses of an open task."""
_LONGEST: Final = 200


class DatedEntries(TypedDict, total=False):
    """What is entered of anything that has a due date; what is missing stays."""

    subject: str
    description: str
    start: date | None
    due: date | None
    reminder: datetime | None
    importance: str


class TaskEntries(DatedEntries, total=False):
    """What is entered of a task; what is missing stays."""

    percent: int
    status: str


def add(given: TaskEntries, *, owner: str | None = None) -> Task:
    """Add a task.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make tasks, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    row = Task(ownerid=user)
    if "subject" not in given:
        raise InputInvalid(field="Subject", reason="it is empty")
    _fill(row, given)
    with transaction.atomic():
        row.save()
        row.refresh_from_db()
        audit.created("task.add", row)
    return row


def edit(row: Task, given: TaskEntries) -> Task:
    """Change a task that is open.

    Raises:
        InputInvalid: a value cannot be used, or the task is over.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [row])
    activities.refuse_closed(row)
    with transaction.atomic(), audit.changes("task.edit", [row]):
        _fill(row, given)
        row.save()
        row.refresh_from_db()
    return row


def entered(row: Task) -> TaskEntries:
    """Return what a task has, as it is entered."""
    words = {int(number): word for word, number in STATUSES.items()}
    return TaskEntries(
        **dated(row), percent=row.percentcomplete, status=words.get(row.statuscode, "not-started")
    )


def fill(row: Task | PhoneCall | Letter | Fax, given: DatedEntries) -> None:
    """Enter what tasks, phone calls, letters and faxes have in common.

    Raises:
        InputInvalid: a value cannot be used.
    """
    if "subject" in given:
        row.subject = entries.text(given["subject"], "Subject", longest=_LONGEST)
    if "description" in given:
        row.description = given["description"].strip() or None
    row.scheduledstart = given.get("start", row.scheduledstart)
    row.scheduledend = given.get("due", row.scheduledend)
    reminder = given.get("reminder")
    if reminder is not None:
        entries.on_a_calendar(reminder, "Reminder")
    row.reminderon = given.get("reminder", row.reminderon)
    if row.scheduledstart and row.scheduledend and row.scheduledend < row.scheduledstart:
        raise InputInvalid(field="Due Date", reason="it is before the start date")
    if "importance" in given:
        row.prioritycode = activities.importance(given["importance"])


def dated(row: Task | PhoneCall | Letter | Fax) -> DatedEntries:
    """Return what one of them has of that, as it is entered."""
    importance = {int(number): word for word, number in activities.IMPORTANCE.items()}
    return DatedEntries(
        subject=row.subject or "",
        description=row.description or "",
        start=row.scheduledstart,
        due=row.scheduledend,
        reminder=row.reminderon,
        importance=importance[row.prioritycode],
    )


def _fill(row: Task, given: TaskEntries) -> None:
    fill(row, given)
    if "percent" in given:
        if not 0 <= given["percent"] <= 100:
            raise InputInvalid(field="% Complete", reason="it is not within 0 and 100")
        row.percentcomplete = given["percent"]
    if "status" in given:
        found = STATUSES.get(given["status"])
        if found is None:
            raise InputInvalid(field="Status", reason=f"{given['status']} is none of {', '.join(STATUSES)}")
        row.statuscode = found
