"""What phone calls, letters and faxes have in common: something to do for somebody, which goes to Exchange as a task.

Source: Dataverse table reference, phonecall, letter and fax, and the server-side synchronization inventory. As of a task,
start, due date and date of completion are dates without a time, which no time zone can shift; when to be reminded is a
moment of its own. State and date of completion are one thing said twice: a trigger of the database (migration
``expand_correspondence``) keeps them in step as Exchange does.
"""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from serversync.crm.models.columns import (
    boolean,
    createdon,
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


class CorrespondenceState(models.IntegerChoices):
    """Where a phone call, a letter or a fax stands."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"


Statuses = Mapping[CorrespondenceState, Collection[int]]
"""Which statuses each state can have, the usual one first."""


class Correspondence(models.Model):
    """The columns of all three; ``directioncode`` true is outgoing, false incoming."""

    activityid = primarykey()
    subject = string(200)
    description = memo()
    scheduledstart = models.DateField(null=True, blank=True)
    scheduledend = models.DateField(null=True, blank=True)
    actualstart = models.DateField(null=True, blank=True)
    actualend = models.DateField(null=True, blank=True)
    reminderon = moment()
    prioritycode = picklist(Priority, Priority.NORMAL)
    directioncode = boolean(default=True)
    statecode = picklist(CorrespondenceState, CorrespondenceState.OPEN)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("subject")

    class Meta:
        """Has no table of its own."""

        abstract = True

    def __str__(self) -> str:
        return self.subject or str(self.activityid)


def constraints(table: str, statuses: Statuses) -> tuple[models.BaseConstraint, ...]:
    """Return what the database enforces of a table."""
    return (
        models.CheckConstraint(
            condition=Q(
                *(Q(statecode=state, statuscode__in=tuple(those)) for state, those in statuses.items()),
                _connector=Q.OR,
            ),
            name=f"{table}_status_of_state",
        ),
        models.CheckConstraint(
            condition=~Q(statecode=CorrespondenceState.COMPLETED) | Q(actualend__isnull=False),
            name=f"{table}_completed_on_a_day",
        ),
        models.CheckConstraint(
            condition=Q(regardingobjectid=None, regardingobjecttypecode=None)
            | Q(regardingobjectid__isnull=False, regardingobjecttypecode__isnull=False),
            name=f"{table}_regarding_id_and_type",
        ),
    )


def indexes(table: str) -> tuple[Any, ...]:
    """Return what the database finds quickly in a table."""
    return (
        GinIndex(Words("subject"), name=f"{table}_words"),
        models.Index(fields=["-createdon", "-activityid"], name=f"{table}_newest"),
        models.Index(fields=["ownerid", "statecode", "scheduledend"], name=f"{table}_of_owner"),
        models.Index(
            fields=["regardingobjectid"],
            name=f"{table}_regarding",
            condition=Q(regardingobjectid__isnull=False),
        ),
    )
