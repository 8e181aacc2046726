"""``mailbox``: one mailbox that is watched, of a user, of a queue, or free-standing for forwarded mail.

Source: Dataverse table reference, mailbox. Our own columns steer the schedule: ``nextpasson``, ``leaseuntil``,
``leasefence``. The mailbox of a user or queue is made by the database together with it (migration 0002).
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from serversync.crm import secrets
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
from serversync.crm.models.options import (
    ActDeliveryMethod,
    EmailRouterAccessApproval,
    IncomingEmailDeliveryMethod,
    OutgoingEmailDeliveryMethod,
    StateCode,
    StatusCode,
    TestResult,
)


class Mailbox(models.Model):
    """A mailbox, how it is to be synchronized, and how that went.

    ``hostid``, ``leaseuntil`` and ``leasefence`` say who works on it now: a run that finds another fence than its
    own has been taken over and writes nothing. ``nextpasson`` says when the schedule takes it next; null is never.
    ``notificationgroupid`` names the group whose stream tells of changes, ``streamedon`` says since when, ``wokenon``
    when it last did. ``changemark`` and the four after it are what ``rules.polling`` remembers between polls.
    """

    mailboxid = primarykey()
    name = required_string(200)
    emailaddress = string(100)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    isforwardmailbox = boolean(default=True)
    emailserverprofile = models.ForeignKey(
        "crm.EmailServerProfile",
        models.PROTECT,
        db_column="emailserverprofile",
        null=True,
        blank=True,
        related_name="mailboxes",
    )
    incomingemaildeliverymethod = picklist(IncomingEmailDeliveryMethod, IncomingEmailDeliveryMethod.NONE)
    outgoingemaildeliverymethod = picklist(OutgoingEmailDeliveryMethod, OutgoingEmailDeliveryMethod.NONE)
    actdeliverymethod = picklist(ActDeliveryMethod, ActDeliveryMethod.NONE)
    allowemailconnectortousecredentials = boolean(default=False)
    username = string(200)
    password = models.BinaryField(null=True, blank=True, editable=False)
    processanddeleteemails = boolean(default=False)
    processemailreceivedafter = moment()
    emailrouteraccessapproval = picklist(EmailRouterAccessApproval, EmailRouterAccessApproval.EMPTY)
    isemailaddressapprovedbyo365admin = boolean(default=False)
    enabledforincomingemail = boolean(default=True)
    enabledforoutgoingemail = boolean(default=True)
    enabledforact = boolean(default=True)
    isserviceaccount = boolean(default=False)
    verboseloggingenabled = integer(0, 100, 0)

    testemailconfigurationscheduled = boolean(default=False)
    testemailconfigurationretrycount = integer(0, None, 0)
    postponetestemailconfigurationuntil = moment()
    testmailboxaccesscompletedon = moment()
    incomingemailstatus = picklist(TestResult, TestResult.NOT_RUN)
    outgoingemailstatus = picklist(TestResult, TestResult.NOT_RUN)
    actstatus = picklist(TestResult, TestResult.NOT_RUN)
    mailboxstatus = picklist(TestResult, TestResult.NOT_RUN)
    orgmarkedasprimaryforexchangesync = boolean(default=False)
    isactsyncorgflagset = boolean(default=False)

    postponemailboxprocessinguntil = moment()
    postponesendinguntil = moment()
    receivingpostponeduntil = moment()
    receivingpostponeduntilforact = moment()
    processinglastattemptedon = moment()
    lastsyncstartedon = moment()
    lastsuccessfulsynccompletedon = moment()
    itemsprocessedforlastsync = integer(0, None, 0)
    itemsfailedforlastsync = integer(0, None, 0)
    noemailcount = integer(0, None, 0)
    noactcount = integer(0, None, 0)
    transientfailurecount = integer(0, None, 0)
    lastsyncerror = string(2048)
    lastsyncerrorcode = integer()
    lastsyncerrorcount = integer(0, None, 0)
    lastsyncerrormachinename = string(320)
    lastsyncerroroccurredon = moment()
    forcedunlockcount = integer(0, None, 0)
    lastmailboxforcedunlockoccurredon = moment()
    hostid = string(256)
    processedtimes = integer(0, None, 0)
    averagetotalduration = integer(0, None, 0)
    lastduration = integer(0, None, 0)
    ewsurl = string(2084)
    groupinginformation = string(256)
    lastautodiscoveredon = moment()
    folderhierarchy = memo()
    undeliverablefolder = string(256)
    lastactiveon = moment()

    nextpasson = moment()
    leaseuntil = moment()
    leasefence = integer(0, None, 0, big=True)
    changemark = string(64)
    changemarkedon = moment()
    changemarktrust = integer(0, 3, 0)
    foldersreadon = moment()
    pollsskipped = integer(0, None, 0)
    notificationgroupid = uniqueidentifier()
    streamedon = moment()
    streamretryon = moment()
    wokenon = moment()

    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "mailbox"
        constraints = (
            models.CheckConstraint(
                condition=Q(statuscode=F("statecode") + 1), name="mailbox_status_of_state"
            ),
            models.CheckConstraint(
                condition=Q(isforwardmailbox=True, regardingobjectid=None, regardingobjecttypecode=None)
                | Q(
                    isforwardmailbox=False,
                    regardingobjectid__isnull=False,
                    regardingobjecttypecode__in=["systemuser", "queue"],
                ),
                name="mailbox_of_user_queue_or_forward",
            ),
            models.CheckConstraint(
                condition=Q(processanddeleteemails=False)
                | Q(isforwardmailbox=True)
                | Q(regardingobjecttypecode="queue"),
                name="mailbox_delete_after_processing",
            ),
            models.UniqueConstraint(fields=["regardingobjectid"], name="mailbox_one_a_user_or_queue"),
        )
        indexes = (
            models.Index(Lower("emailaddress"), name="mailbox_emailaddress"),
            models.Index(fields=["statecode", "name", "mailboxid"], name="mailbox_list"),
            models.Index(
                fields=["-lastsyncerrorcount", "-lastsyncerroroccurredon", "mailboxid"],
                condition=Q(statecode=0, mailboxstatus=2),
                name="mailbox_failing",
            ),
            models.Index(
                fields=["nextpasson"], condition=Q(nextpasson__isnull=False), name="mailbox_nextpasson"
            ),
            models.Index(
                fields=["emailserverprofile", "nextpasson"],
                condition=Q(nextpasson__isnull=False),
                name="mailbox_profile_nextpasson",
            ),
            models.Index(
                fields=["notificationgroupid"],
                condition=Q(notificationgroupid__isnull=False),
                name="mailbox_notificationgroup",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def ispasswordset(self) -> bool:
        """Whether a password of the mailbox's own is stored."""
        return self.password is not None

    def set_password(self, password: str | None) -> None:
        """Seal a password of the mailbox's own, or forget it; saved with the row."""
        place = secrets.purpose("mailbox", self.mailboxid, "password")
        self.password = secrets.seal(password, place) if password else None
