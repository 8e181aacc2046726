"""``task``: something that somebody has to do.

Source: Dataverse table reference, task, and the server-side synchronization inventory. Start, due date and date of
completion are dates without a time, which no time zone can shift; when to be reminded is a moment of its own. State, percentage and date of completion are one
thing said three ways: a trigger of the database (migration ``expand_task``) keeps them in step as Exchange does.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from serversync.crm.models.columns import (
    createdon,
    integer,
    memo,
    modifiedon,
    moment,
    picklist,
    primarykey,
    string,
    uniqueidentifier,
)
from serversync.crm.models.options import Priority
from serversync.crm.models.words import Words


class TaskState(models.IntegerChoices):
    """Where a task stands."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"


class TaskStatus(models.IntegerChoices):
    """The reason of ``TaskState``."""

    NOT_STARTED = 2, "Not Started"
    IN_PROGRESS = 3, "In Progress"
    WAITING = 4, "Waiting on someone else"
    COMPLETED = 5, "Completed"
    CANCELED = 6, "Canceled"
    DEFERRED = 7, "Deferred"


STATUSES_OF_STATE = {
    TaskState.OPEN: (
        TaskStatus.NOT_STARTED,
        TaskStatus.IN_PROGRESS,
        TaskStatus.WAITING,
        TaskStatus.DEFERRED,
    ),
    TaskState.COMPLETED: (TaskStatus.COMPLETED,),
    TaskState.CANCELED: (TaskStatus.CANCELED,),
}
"""Which statuses each state can have; the database enforces it."""


class Task(models.Model):
    """A task activity of its owner."""

    activityid = primarykey()
    subject = string(200)
    description = memo()
    scheduledstart = models.DateField(null=True, blank=True)
    scheduledend = models.DateField(null=True, blank=True)
    actualend = models.DateField(null=True, blank=True)
    reminderon = moment()
    percentcomplete = integer(0, 100, 0)
    prioritycode = picklist(Priority, Priority.NORMAL)
    statecode = picklist(TaskState, TaskState.OPEN)
    statuscode = picklist(TaskStatus, TaskStatus.NOT_STARTED)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("subject")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "task"
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q(statecode=state, statuscode__in=statuses)
                        for state, statuses in STATUSES_OF_STATE.items()
                    ),
                    _connector=Q.OR,
                ),
                name="task_status_of_state",
            ),
            models.CheckConstraint(
                condition=~Q(statecode=TaskState.COMPLETED) | Q(percentcomplete=100, actualend__isnull=False),
                name="task_completed_whole_and_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(regardingobjectid=None, regardingobjecttypecode=None)
                | Q(regardingobjectid__isnull=False, regardingobjecttypecode__isnull=False),
                name="task_regarding_id_and_type",
            ),
        )
        indexes = (
            GinIndex(Words("subject"), name="task_words"),
            models.Index(fields=["-createdon", "-activityid"], name="task_newest"),
            models.Index(fields=["ownerid", "statecode", "scheduledend"], name="task_of_owner"),
            models.Index(
                fields=["regardingobjectid"],
                name="task_regarding",
                condition=Q(regardingobjectid__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.subject or str(self.activityid)
