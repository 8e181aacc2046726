"""``appointment``: something that takes place at a time, with or without others; who takes part is in ``activityparty``.

Source: Dataverse table reference, appointment, and the server-side synchronization inventory. Of an all-day event the
times are dates: midnight UTC of its first day, and of the day after its last. ``seriesid``, ``originalstartdate`` and
``modifiedfieldsmask`` belong to occurrences of a series.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

from serversync.crm.models.activityparty import InstanceTypeCode
from serversync.crm.models.columns import (
    boolean,
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


class AppointmentState(models.IntegerChoices):
    """Where an appointment stands."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"
    SCHEDULED = 3, "Scheduled"


class AppointmentStatus(models.IntegerChoices):
    """The reason of ``AppointmentState``; Outlook calls it *Show As*."""

    FREE = 1, "Free"
    TENTATIVE = 2, "Tentative"
    COMPLETED = 3, "Completed"
    CANCELED = 4, "Canceled"
    BUSY = 5, "Busy"
    OUT_OF_OFFICE = 6, "Out of Office"


STATUSES_OF_STATE = {
    AppointmentState.OPEN: (AppointmentStatus.FREE, AppointmentStatus.TENTATIVE),
    AppointmentState.COMPLETED: (AppointmentStatus.COMPLETED,),
    AppointmentState.CANCELED: (AppointmentStatus.CANCELED,),
    AppointmentState.SCHEDULED: (AppointmentStatus.BUSY, AppointmentStatus.OUT_OF_OFFICE),
}
"""Which statuses each state can have; the database enforces it."""


class Appointment(models.Model):
    """An appointment activity. One meeting is one row, however many mailboxes it stands in.

    ``globalobjectid``, the clean global object id in hexadecimal digits, makes it so: it is the same in every mailbox,
    and unique among appointments that belong to no series.
    """

    activityid = primarykey()
    subject = string(400)
    description = memo()
    location = string(400)
    scheduledstart = models.DateTimeField()
    scheduledend = models.DateTimeField()
    scheduleddurationminutes = models.GeneratedField(
        expression=Func(
            F("scheduledend"),
            F("scheduledstart"),
            template="(extract(epoch from %(expressions)s) / 60)::integer",
            arg_joiner=" - ",
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    isalldayevent = boolean(default=False)
    prioritycode = picklist(Priority, Priority.NORMAL)
    statecode = picklist(AppointmentState, AppointmentState.SCHEDULED)
    statuscode = picklist(AppointmentStatus, AppointmentStatus.BUSY)
    ismapiprivate = boolean(default=False)
    globalobjectid = string(300)
    instancetypecode = picklist(InstanceTypeCode, InstanceTypeCode.NOT_RECURRING)
    seriesid = uniqueidentifier()
    originalstartdate = moment()
    modifiedfieldsmask = memo()
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    importsequencenumber = integer()
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("subject", "location")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "appointment"
        constraints = (
            models.CheckConstraint(
                condition=Q(scheduledend__gte=F("scheduledstart")), name="appointment_ends_after_its_start"
            ),
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q(statecode=state, statuscode__in=statuses)
                        for state, statuses in STATUSES_OF_STATE.items()
                    ),
                    _connector=Q.OR,
                ),
                name="appointment_status_of_state",
            ),
            models.CheckConstraint(
                condition=Q(regardingobjectid=None, regardingobjecttypecode=None)
                | Q(regardingobjectid__isnull=False, regardingobjecttypecode__isnull=False),
                name="appointment_regarding_id_and_type",
            ),
            models.UniqueConstraint(
                fields=["globalobjectid"],
                condition=Q(instancetypecode=InstanceTypeCode.NOT_RECURRING),
                name="appointment_one_a_meeting",
            ),
            models.UniqueConstraint(
                fields=["seriesid", "originalstartdate"],
                condition=Q(instancetypecode=InstanceTypeCode.RECURRING_EXCEPTION),
                name="appointment_one_an_occurrence",
            ),
            models.CheckConstraint(
                condition=~Q(instancetypecode=InstanceTypeCode.RECURRING_EXCEPTION)
                | Q(seriesid__isnull=False, originalstartdate__isnull=False),
                name="appointment_occurrence_of_a_series",
            ),
        )
        indexes = (
            GinIndex(Words("subject", "location"), name="appointment_words"),
            models.Index(fields=["-scheduledstart", "-activityid"], name="appointment_list"),
            models.Index(
                fields=["seriesid"], name="appointment_seriesid", condition=Q(seriesid__isnull=False)
            ),
            models.Index(
                fields=["regardingobjectid"],
                name="appointment_regarding",
                condition=Q(regardingobjectid__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.subject or str(self.activityid)
