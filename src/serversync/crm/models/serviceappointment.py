"""``serviceappointment``: a service that somebody is given at a time; customers and resources are in ``activityparty``.

Source: Dataverse table reference, serviceappointment, and its option sets (ServiceAppointment Entity OptionSet Attribute
Metadata). The parts are 11 (customer) and 10 (resource). Of whole days the times are dates, as of an appointment.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

from serversync.crm.models.columns import (
    boolean,
    createdon,
    memo,
    modifiedon,
    picklist,
    primarykey,
    string,
    uniqueidentifier,
)
from serversync.crm.models.options import Priority
from serversync.crm.models.words import Words


class ServiceState(models.IntegerChoices):
    """Where a service activity stands."""

    OPEN = 0, "Open"
    CLOSED = 1, "Closed"
    CANCELED = 2, "Canceled"
    SCHEDULED = 3, "Scheduled"


class ServiceStatus(models.IntegerChoices):
    """The reason of ``ServiceState``."""

    REQUESTED = 1, "Requested"
    TENTATIVE = 2, "Tentative"
    PENDING = 3, "Pending"
    RESERVED = 4, "Reserved"
    IN_PROGRESS = 6, "In Progress"
    ARRIVED = 7, "Arrived"
    COMPLETED = 8, "Completed"
    CANCELED = 9, "Canceled"
    NO_SHOW = 10, "No Show"


STATUSES_OF_STATE = {
    ServiceState.OPEN: (ServiceStatus.REQUESTED, ServiceStatus.TENTATIVE),
    ServiceState.CLOSED: (ServiceStatus.COMPLETED,),
    ServiceState.CANCELED: (ServiceStatus.CANCELED, ServiceStatus.NO_SHOW),
    ServiceState.SCHEDULED: (
        ServiceStatus.PENDING,
        ServiceStatus.RESERVED,
        ServiceStatus.IN_PROGRESS,
        ServiceStatus.ARRIVED,
    ),
}
"""Which statuses each state can have; the database enforces it."""


class ServiceAppointment(models.Model):
    """A service activity. Everybody whose filters let it in has a copy of it in the calendar."""

    activityid = primarykey()
    subject = string(200)
    description = memo()
    location = string(200)
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
    statecode = picklist(ServiceState, ServiceState.SCHEDULED)
    statuscode = picklist(ServiceStatus, ServiceStatus.RESERVED)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    ownerid = models.ForeignKey(
        "crm.SystemUser",
        models.SET_NULL,
        db_column="ownerid",
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("subject", "location")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "serviceappointment"
        constraints = (
            models.CheckConstraint(
                condition=Q(scheduledend__gte=F("scheduledstart")),
                name="serviceappointment_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q(statecode=state, statuscode__in=statuses)
                        for state, statuses in STATUSES_OF_STATE.items()
                    ),
                    _connector=Q.OR,
                ),
                name="serviceappointment_status_of_state",
            ),
            models.CheckConstraint(
                condition=Q(regardingobjectid=None, regardingobjecttypecode=None)
                | Q(regardingobjectid__isnull=False, regardingobjecttypecode__isnull=False),
                name="serviceappointment_regarding_id_and_type",
            ),
        )
        indexes = (
            models.Index(fields=["ownerid", "statecode"], name="serviceappointment_of_owner"),
            models.Index(fields=["-scheduledstart", "-activityid"], name="serviceappointment_list"),
            GinIndex(Words("subject", "location"), name="serviceappointment_words"),
            models.Index(
                fields=["regardingobjectid"],
                name="serviceappointment_regarding",
                condition=Q(regardingobjectid__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.subject or str(self.activityid)
