"""``tracelog``: an alert on somebody's wall.

Source: Dataverse table reference, tracelog. Our own columns: ``code`` is the stable code of the error class,
``occurrences``, ``firston``, ``laston`` and ``resolvedon`` say it once when it breaks and once when it heals;
``mutedlevel`` and ``mutedoccurrences`` are how bad it was when somebody muted it, ``dismissedby`` who closed it by hand.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    memo,
    modifiedon,
    moment,
    picklist,
    primarykey,
    required_string,
    string,
    uniqueidentifier,
)


class TraceLevel(models.IntegerChoices):
    """How serious an alert is."""

    INFORMATION = 1, "Information"
    WARNING = 2, "Warning"
    ERROR = 3, "Error"


class TraceLog(models.Model):
    """One trouble (or one success) of one mailbox or profile; there is at most one open row for each.

    ``regardingobjectid`` is missing where the whole program is concerned.
    """

    tracelogid = primarykey()
    level = picklist(TraceLevel, TraceLevel.INFORMATION)
    text = string(2000)
    tracecode = integer(0, 1_000_000_000, 0)
    tracestatus = boolean(default=False)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    regardingobjectownerid = models.ForeignKey(
        "crm.SystemUser",
        models.SET_NULL,
        db_column="regardingobjectownerid",
        null=True,
        blank=True,
        related_name="+",
    )
    parenttracelogid = models.ForeignKey(
        "self", models.SET_NULL, db_column="parenttracelogid", null=True, blank=True, related_name="+"
    )
    collationlevel = integer(0, None, 0)
    isunique = boolean(default=False)
    canbedeleted = boolean(default=True)
    traceactionxml = memo()
    traceparameterxml = memo()
    tracedetailxml = memo()
    errortypedisplay = string(320)
    errordetails = string(2048)
    machinename = string(320)
    code = required_string(100, "")
    occurrences = integer(1, None, 1)
    firston = models.DateTimeField(auto_now_add=True, db_default=Now())
    laston = models.DateTimeField(auto_now_add=True, db_default=Now())
    resolvedon = moment()
    mutedlevel = picklist(TraceLevel)
    mutedoccurrences = integer(0)
    dismissedby = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="dismissedby", null=True, blank=True, related_name="+"
    )
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "tracelog"
        constraints = (
            models.UniqueConstraint(
                fields=["code", "regardingobjectid"],
                condition=Q(resolvedon__isnull=True),
                nulls_distinct=False,
                name="tracelog_one_open",
            ),
        )
        indexes = (
            models.Index(fields=["regardingobjectid", "-laston"], name="tracelog_regarding"),
            models.Index(fields=["-laston"], name="tracelog_laston"),
            models.Index(
                fields=["-laston", "-tracelogid"], condition=Q(resolvedon__isnull=True), name="tracelog_open"
            ),
        )

    def __str__(self) -> str:
        return self.text or self.code
