"""``email``: one tracked message, received or to be sent.

Source: Dataverse table reference, email. ``contentdigest`` (a digest of what was tracked)
``receivedon`` (when the mailbox that was read first received it) and ``leftout`` (what was not stored of it: name,
bytes and reason each) are our own.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

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


class EmailState(models.IntegerChoices):
    """Where an e-mail activity stands."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"


class EmailStatus(models.IntegerChoices):
    """The reason of ``EmailState``."""

    DRAFT = 1, "Draft"
    COMPLETED = 2, "Completed"
    SENT = 3, "Sent"
    RECEIVED = 4, "Received"
    CANCELED = 5, "Canceled"
    PENDING_SEND = 6, "Pending Send"
    SENDING = 7, "Sending"
    FAILED = 8, "Failed"


STATUSES_OF_STATE = {
    EmailState.OPEN: (EmailStatus.DRAFT, EmailStatus.FAILED),
    EmailState.COMPLETED: (
        EmailStatus.COMPLETED,
        EmailStatus.SENT,
        EmailStatus.RECEIVED,
        EmailStatus.PENDING_SEND,
        EmailStatus.SENDING,
    ),
    EmailState.CANCELED: (EmailStatus.CANCELED,),
}
"""Which statuses each state can have; the database enforces it."""


UNSENT = (EmailStatus.DRAFT, EmailStatus.PENDING_SEND, EmailStatus.SENDING, EmailStatus.FAILED)
"""Statuses of what people have written and what has not left."""


class CorrelationMethod(models.IntegerChoices):
    """How the message was found to belong to an earlier one."""

    NONE = 0, "None"
    SKIPPED = 1, "Skipped"
    X_HEADER = 2, "XHeader"
    IN_REPLY_TO = 3, "InReplyTo"
    TRACKING_TOKEN = 4, "TrackingToken"
    CONVERSATION_INDEX = 5, "ConversationIndex"
    SMART_MATCHING = 6, "SmartMatching"
    CUSTOM_CORRELATION = 7, "CustomCorrelation"


class Notifications(models.IntegerChoices):
    """What had to be left out of the record."""

    NONE = 0, "None"
    ATTACHMENTS_MISSING = 1, "Not all attachments could be saved"
    BODY_TRUNCATED = 2, "Truncated body"


class Email(models.Model):
    """An e-mail activity. One Internet message is one row, however many mailboxes it reached.

    ``messageiddupcheck`` makes it so: it is unique, and derived from message id, sender, time sent and subject (see
    ``rules.email.identity``). ``directioncode`` false is incoming, true is outgoing.
    """

    activityid = primarykey()
    subject = string(800)
    description = memo()
    mimetype = string(256)
    directioncode = boolean(default=True)
    statecode = picklist(EmailState, EmailState.OPEN)
    statuscode = picklist(EmailStatus, EmailStatus.DRAFT)
    sender = string(250)
    torecipients = string(500)
    emailsender = uniqueidentifier()
    emailsenderobjecttypecode = string(64)
    submittedby = string(250)
    messageid = string(320)
    messageiddupcheck = uniqueidentifier(unique=True)
    inreplyto = string(320)
    conversationindex = string(2048)
    baseconversationindexhash = integer()
    conversationtrackingid = uniqueidentifier()
    emailtrackingid = uniqueidentifier()
    trackingtoken = string(50)
    internetmessageheaders = string(500)
    correlationmethod = picklist(CorrelationMethod, CorrelationMethod.NONE)
    correlatedactivityid = models.ForeignKey(
        "self", models.SET_NULL, db_column="correlatedactivityid", null=True, blank=True, related_name="+"
    )
    parentactivityid = models.ForeignKey(
        "self", models.SET_NULL, db_column="parentactivityid", null=True, blank=True, related_name="+"
    )
    correlatedsubjectchanged = boolean(default=False)
    acceptingentityid = uniqueidentifier()
    acceptingentitytypecode = string(64)
    receivingmailboxid = models.ForeignKey(
        "crm.Mailbox",
        models.SET_NULL,
        db_column="receivingmailboxid",
        null=True,
        blank=True,
        related_name="+",
    )
    sendermailboxid = models.ForeignKey(
        "crm.Mailbox", models.SET_NULL, db_column="sendermailboxid", null=True, blank=True, related_name="+"
    )
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    isduplicatesenderunresolved = boolean(default=False)
    deliveryattempts = integer(0, 1_000_000_000, 0)
    deliveryprioritycode = picklist(Priority, Priority.NORMAL)
    prioritycode = picklist(Priority, Priority.NORMAL)
    deliveryreceiptrequested = boolean(default=False)
    readreceiptrequested = boolean(default=False)
    delayedemailsendtime = moment()
    postponeemailprocessinguntil = moment()
    notifications = picklist(Notifications, Notifications.NONE)
    leftout = models.JSONField(null=True, blank=True)
    attachmentcount = integer(0, None, 0)
    senton = moment()
    receivedon = moment()
    actualend = moment()
    isworkflowcreated = boolean(default=False)
    contentdigest = uniqueidentifier()
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

    WORDS: ClassVar[Words] = Words("subject", "sender", "torecipients")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "email"
        constraints = (
            models.CheckConstraint(
                condition=Q(statecode=EmailState.OPEN, statuscode__in=STATUSES_OF_STATE[EmailState.OPEN])
                | Q(statecode=EmailState.COMPLETED, statuscode__in=STATUSES_OF_STATE[EmailState.COMPLETED])
                | Q(statecode=EmailState.CANCELED, statuscode__in=STATUSES_OF_STATE[EmailState.CANCELED]),
                name="email_status_of_state",
            ),
            models.UniqueConstraint(
                fields=["trackingtoken"],
                condition=Q(trackingtoken__isnull=False),
                name="email_trackingtoken_once",
            ),
        )
        indexes = (
            GinIndex(Words("subject", "sender", "torecipients"), name="email_words"),
            models.Index(
                Coalesce("receivedon", "senton", "createdon").desc(),
                F("activityid").desc(),
                name="email_unsent",
                condition=Q(directioncode=True, statuscode__in=UNSENT),
            ),
            models.Index(fields=["messageid"], name="email_messageid"),
            models.Index(fields=["inreplyto"], name="email_inreplyto", condition=Q(inreplyto__isnull=False)),
            models.Index(
                F("baseconversationindexhash"),
                F("createdon").desc(),
                name="email_conversation",
                condition=Q(baseconversationindexhash__isnull=False),
            ),
            models.Index(fields=["-createdon"], name="email_createdon"),
            models.Index(
                Coalesce("receivedon", "senton", "createdon").desc(),
                F("activityid").desc(),
                name="email_newest",
            ),
            models.Index(
                F("ownerid"),
                Coalesce("receivedon", "senton", "createdon").desc(),
                F("activityid").desc(),
                name="email_owner_newest",
            ),
        )

    def __str__(self) -> str:
        return self.subject or "(no subject)"
