"""``mailboxstatistics``: what one pass over one mailbox did, and how long it took.

Source: Dataverse table reference, mailboxstatistics.
"""

from django.db import models

from serversync.crm.models.columns import (
    boolean,
    integer,
    moment,
    picklist,
    primarykey,
    string,
    uniqueidentifier,
)


class OperationType(models.IntegerChoices):
    """The workload of a pass."""

    INCOMING_EMAIL = 0, "Incoming Email"
    OUTGOING_EMAIL = 1, "Outgoing Email"
    ACT = 2, "Appointments, Contacts, and Tasks"


class MailboxStatistics(models.Model):
    """One row a mailbox, workload and pass; ``exchangecalls`` are the latest of its calls to Exchange, ours."""

    mailboxstatisticsid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="mailboxstatistics", db_index=False
    )
    operationtypeid = picklist(OperationType, OperationType.INCOMING_EMAIL)
    mailboxprocessscheduledon = moment()
    mailboxprocessstartedon = moment()
    mailboxprocesscompletedon = moment()
    scheduledtimeintervalinminutes = integer(-1, None, 0)
    processtimeintervalinminutes = integer(-1, None, 0)
    itemsprocessed = integer(-1, None, 0)
    itemsfailed = integer(-1, None, 0)
    crmitemsbacklog = integer(-1, None, 0)
    individualstepdurations = string(160)
    processresult = boolean(default=False)
    machinename = string(160)
    asynceventid = uniqueidentifier()
    exchangecalls = models.JSONField(null=True, blank=True)

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "mailboxstatistics"
        indexes = (
            models.Index(fields=["mailboxid", "-mailboxprocessstartedon"], name="mailboxstatistics_mailbox"),
            models.Index(fields=["mailboxprocesscompletedon"], name="mailboxstatistics_completed"),
        )

    def __str__(self) -> str:
        return f"{self.mailboxid_id} {self.mailboxprocessstartedon}"
