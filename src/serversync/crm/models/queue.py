"""``queue`` and ``queueitem``: a shared address, and the mail that waits there for somebody to work on it.

Source: Dataverse table reference, queue and queueitem.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from serversync.crm.models.columns import (
    boolean,
    createdon,
    memo,
    modifiedon,
    picklist,
    primarykey,
    required_string,
    string,
    uniqueidentifier,
)
from serversync.crm.models.options import (
    EmailRouterAccessApproval,
    IncomingEmailFilteringMethod,
    QueueIncomingEmailDeliveryMethod,
    QueueOutgoingEmailDeliveryMethod,
    StateCode,
    StatusCode,
)
from serversync.crm.models.owned import MailboxOwner
from serversync.crm.models.words import Words


class QueueViewType(models.IntegerChoices):
    """Who sees the queue."""

    PUBLIC = 0, "Public"
    PRIVATE = 1, "Private"


class Queue(MailboxOwner):
    """A shared address, such as support; its mailbox is ``defaultmailbox``, the addresses are always equal."""

    queueid = primarykey()
    name = required_string(200)
    description = memo()
    emailaddress = string(100)
    emailrouteraccessapproval = picklist(EmailRouterAccessApproval, EmailRouterAccessApproval.EMPTY)
    incomingemaildeliverymethod = picklist(QueueIncomingEmailDeliveryMethod)
    outgoingemaildeliverymethod = picklist(QueueOutgoingEmailDeliveryMethod)
    incomingemailfilteringmethod = picklist(IncomingEmailFilteringMethod, IncomingEmailFilteringMethod.ALL)
    ignoreunsolicitedemail = boolean(default=False)
    defaultmailbox = models.OneToOneField(
        "crm.Mailbox",
        models.PROTECT,
        db_column="defaultmailbox",
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    isemailaddressapprovedbyo365admin = boolean(default=False)
    queueviewtype = picklist(QueueViewType, QueueViewType.PUBLIC)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("name", "emailaddress")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "queue"
        constraints = (
            models.CheckConstraint(condition=Q(statuscode=F("statecode") + 1), name="queue_status_of_state"),
        )
        indexes = (
            models.Index(Lower("emailaddress"), name="queue_emailaddress"),
            GinIndex(Words("name", "emailaddress"), name="queue_words"),
            models.Index(fields=["-createdon", "-queueid"], name="queue_newest"),
        )

    def __str__(self) -> str:
        return self.name


class QueueItem(models.Model):
    """A record that waits in a queue."""

    queueitemid = primarykey()
    queueid = models.ForeignKey(Queue, models.CASCADE, db_column="queueid", related_name="queueitems")
    objectid = uniqueidentifier(db_index=True)
    objecttypecode = required_string(64, "email")
    title = string(800)
    enteredon = models.DateTimeField(auto_now_add=True, db_default=Now())
    workerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="workerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "queueitem"
        constraints = (
            models.CheckConstraint(
                condition=Q(statuscode=F("statecode") + 1), name="queueitem_status_of_state"
            ),
            models.UniqueConstraint(fields=["queueid", "objectid"], name="queueitem_once_a_queue"),
        )

    def __str__(self) -> str:
        return self.title or str(self.queueitemid)
