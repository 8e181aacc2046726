"""``recurringappointmentmaster``: a series of appointments, one row whatever its length; nothing is expanded in advance.

Source: Dataverse table reference, recurringappointmentmaster and recurrencerule. ``starttime`` and ``endtime`` are those of
the first occurrence; ``deletedexceptionslist`` holds the days of deleted occurrences as ISO dates, separated by commas.
``timezone``, the zone whose clock the series follows, is our own: an IANA name, or rules in the notation of POSIX.
Occurrences that were changed are rows of ``appointment`` with ``seriesid``, ``originalstartdate`` and
``instancetypecode`` 3; ``modifiedfieldsmask`` names, separated by commas, what they have of their own.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from serversync.crm.models.activityparty import InstanceTypeCode
from serversync.crm.models.appointment import STATUSES_OF_STATE, AppointmentState, AppointmentStatus
from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    memo,
    modifiedon,
    picklist,
    primarykey,
    required_string,
    string,
    uniqueidentifier,
)
from serversync.crm.models.options import Priority
from serversync.crm.models.words import Words


class RecurrencePatternType(models.IntegerChoices):
    """What the interval of a pattern counts."""

    DAILY = 0, "Daily"
    WEEKLY = 1, "Weekly"
    MONTHLY = 2, "Monthly"
    YEARLY = 3, "Yearly"


class PatternEndType(models.IntegerChoices):
    """How a series ends."""

    NO_END_DATE = 1, "No End Date"
    OCCURRENCES = 2, "Occurrences"
    PATTERN_END_DATE = 3, "Pattern End Date"


class Instance(models.IntegerChoices):
    """Which of the days that are counted in a month."""

    FIRST = 1, "First"
    SECOND = 2, "Second"
    THIRD = 3, "Third"
    FOURTH = 4, "Fourth"
    LAST = 5, "Last"


_NAMES_A_DAY = Q(isnthmonthly=False, isnthyearly=False, dayofmonth__isnull=False)


class RecurringAppointmentMaster(models.Model):
    """A series: what all of its occurrences share, its pattern and its time of day."""

    activityid = primarykey()
    subject = string(400)
    description = memo()
    location = string(400)
    prioritycode = picklist(Priority, Priority.NORMAL)
    statecode = picklist(AppointmentState, AppointmentState.SCHEDULED)
    statuscode = picklist(AppointmentStatus, AppointmentStatus.BUSY)
    instancetypecode = picklist(InstanceTypeCode, InstanceTypeCode.RECURRING_MASTER)
    starttime = models.DateTimeField()
    endtime = models.DateTimeField()
    isalldayevent = boolean(default=False)
    timezone = required_string(400)
    recurrencepatterntype = picklist(RecurrencePatternType, RecurrencePatternType.WEEKLY)
    interval = integer(1, 999, 1)
    daysofweekmask = integer(1, 127)
    dayofmonth = integer(1, 31)
    monthofyear = integer(1, 12)
    instance = picklist(Instance)
    isnthmonthly = boolean(default=False)
    isnthyearly = boolean(default=False)
    isweekdaypattern = boolean(default=False)
    firstdayofweek = integer(0, 6, 0)
    patternstartdate = models.DateField()
    patternenddate = models.DateField(null=True, blank=True)
    patternendtype = picklist(PatternEndType, PatternEndType.NO_END_DATE)
    occurrences = integer(1, 999)
    deletedexceptionslist = memo()
    globalobjectid = string(300)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("subject", "location")

    class Meta:
        """The table, and what the database enforces."""

        db_table = "recurringappointmentmaster"
        constraints = (
            models.CheckConstraint(
                condition=Q(endtime__gte=F("starttime")),
                name="recurringappointmentmaster_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q(statecode=state, statuscode__in=statuses)
                        for state, statuses in STATUSES_OF_STATE.items()
                    ),
                    _connector=Q.OR,
                ),
                name="recurringappointmentmaster_status_of_state",
            ),
            models.CheckConstraint(
                condition=Q(patternendtype=PatternEndType.NO_END_DATE, patternenddate=None, occurrences=None)
                | Q(patternendtype=PatternEndType.OCCURRENCES, patternenddate=None, occurrences__isnull=False)
                | Q(
                    patternendtype=PatternEndType.PATTERN_END_DATE,
                    patternenddate__gte=F("patternstartdate"),
                    occurrences=None,
                ),
                name="recurringappointmentmaster_end",
            ),
            models.CheckConstraint(
                condition=Q(recurrencepatterntype=RecurrencePatternType.DAILY)
                | Q(recurrencepatterntype=RecurrencePatternType.WEEKLY, daysofweekmask__isnull=False)
                | Q(recurrencepatterntype=RecurrencePatternType.MONTHLY)
                & (_NAMES_A_DAY | Q(isnthmonthly=True, instance__isnull=False, daysofweekmask__isnull=False))
                | Q(recurrencepatterntype=RecurrencePatternType.YEARLY, monthofyear__isnull=False)
                & (_NAMES_A_DAY | Q(isnthyearly=True, instance__isnull=False, daysofweekmask__isnull=False)),
                name="recurringappointmentmaster_pattern",
            ),
            models.CheckConstraint(
                condition=Q(regardingobjectid=None, regardingobjecttypecode=None)
                | Q(regardingobjectid__isnull=False, regardingobjecttypecode__isnull=False),
                name="recurringappointmentmaster_regarding_id_and_type",
            ),
            models.UniqueConstraint(
                fields=["globalobjectid"], name="recurringappointmentmaster_one_a_meeting"
            ),
        )
        indexes = (
            models.Index(fields=["ownerid"], name="recurringappointment_ownerid"),
            models.Index(fields=["-createdon", "-activityid"], name="recurringappointment_newest"),
            GinIndex(Words("subject", "location"), name="recurringappointment_words"),
        )

    def __str__(self) -> str:
        return self.subject or str(self.activityid)
