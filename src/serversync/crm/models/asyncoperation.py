"""``asyncoperation`` and ``asyncoperationitem``: long work in the background, one row of it for each mailbox.

Source: Dataverse table reference, asyncoperation (states and their numbers). ``act``, ``parameters``, the counts and
the table of items are our own. An item is written to its end exactly once, in the transaction that writes what came
of it; the counts of an operation are the counts of its finished items, so progress never goes backwards. They are
written into its row when it is completed, so that a list of jobs need not read the items of those that are over.
"""

from django.db import models
from django.db.models.functions import Now

from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    jsonobject,
    modifiedon,
    moment,
    picklist,
    primarykey,
    required_string,
    string,
    uniqueidentifier,
)


class OperationState(models.IntegerChoices):
    """Whether an operation is still to be worked on."""

    READY = 0, "Ready"
    SUSPENDED = 1, "Suspended"
    LOCKED = 2, "Locked"
    COMPLETED = 3, "Completed"


class OperationStatus(models.IntegerChoices):
    """How an operation stands."""

    WAITING_FOR_RESOURCES = 0, "Waiting For Resources"
    WAITING = 10, "Waiting"
    IN_PROGRESS = 20, "In Progress"
    CANCELING = 22, "Canceling"
    SUCCEEDED = 30, "Succeeded"
    FAILED = 31, "Failed"
    CANCELED = 32, "Canceled"


class ItemState(models.IntegerChoices):
    """How one mailbox of an operation stands."""

    WAITING = 0, "Waiting"
    RUNNING = 1, "Running"
    SUCCEEDED = 2, "Succeeded"
    FAILED = 3, "Failed"
    CANCELED = 4, "Canceled"


class AsyncOperation(models.Model):
    """One job that somebody asked for; it runs with that person's privileges (none: the installation's)."""

    asyncoperationid = primarykey()
    name = required_string(200)
    act = required_string(100)
    parameters = jsonobject()
    statecode = picklist(OperationState, OperationState.READY)
    statuscode = picklist(OperationStatus, OperationStatus.WAITING_FOR_RESOURCES)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    itemcount = integer(0, None, 0)
    succeededcount = integer(0, None, 0)
    failedcount = integer(0, None, 0)
    canceledcount = integer(0, None, 0)
    message = string(2000)
    startedon = moment()
    completedon = moment()
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    ownedbyinstallation = boolean(default=False)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "asyncoperation"
        indexes = (
            models.Index(fields=["-createdon", "-asyncoperationid"], name="asyncoperation_newest"),
            models.Index(
                fields=["createdon"], condition=models.Q(statecode__lt=3), name="asyncoperation_open"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AsyncOperationItem(models.Model):
    """One mailbox of an operation.

    ``leaseuntil`` and ``leasefence`` say who tries it now: a worker that was away and finds another fence writes
    nothing. ``dueon`` puts a transient failure off. A mailbox may go at any time; its row here does not hold it.
    """

    asyncoperationitemid = primarykey()
    asyncoperationid = models.ForeignKey(
        AsyncOperation, models.CASCADE, db_column="asyncoperationid", related_name="items", db_index=False
    )
    mailboxid = models.ForeignKey(
        "crm.Mailbox",
        models.DO_NOTHING,
        db_column="mailboxid",
        db_constraint=False,
        related_name="asyncoperationitems",
    )
    itemstate = picklist(ItemState, ItemState.WAITING)
    attempts = integer(0, None, 0)
    dueon = models.DateTimeField(auto_now_add=True, db_default=Now())
    leaseuntil = moment()
    leasefence = integer(0, None, 0)
    hostid = string(256)
    code = string(100)
    message = string(2000)
    milliseconds = integer(0, None)
    completedon = moment()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "asyncoperationitem"
        constraints = (
            models.UniqueConstraint(fields=["asyncoperationid", "mailboxid"], name="asyncoperationitem_one"),
        )
        indexes = (
            models.Index(fields=["asyncoperationid", "itemstate"], name="asyncoperationitem_state"),
            models.Index(
                fields=["dueon"], condition=models.Q(itemstate__in=[0, 1]), name="asyncoperationitem_due"
            ),
        )

    def __str__(self) -> str:
        return f"{self.asyncoperationid_id} {self.mailboxid_id}"
