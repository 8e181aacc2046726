"""``exchangesyncidmapping``: which record is which item, and what the two looked like when they last meant the same.

Source: Dataverse table reference, exchangesyncidmapping: ``objectid``, ``objecttypecode``, ``exchangeentryid``,
``itemsubject``, ``isdeletedinexchange``, ``isunlinkedincrm``, ``lastsyncerror``, ``lastsyncerroroccurredon``,
``retries``. The other columns are our own; see ``engine.act_ports.Link``.
"""

from django.db import models

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
)


class SyncStage(models.IntegerChoices):
    """How far a link has come; the numbers are those of ``engine.act_ports.Stage``."""

    CREATING_IN_CRM = 0, "Creating in the CRM"
    CREATING_IN_EXCHANGE = 1, "Creating in Exchange"
    LINKED = 2, "Linked"
    UNLINKED = 3, "Unlinked"
    GONE = 4, "Gone"


class ExchangeSyncIdMapping(models.Model):
    """A record and its item in one mailbox. ``isunheard`` while a new listing of the folder has not named the item."""

    exchangesyncidmappingid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="+", db_index=False
    )
    objectid = models.UUIDField()
    objecttypecode = required_string(64)
    stage = picklist(SyncStage, SyncStage.LINKED)
    itemsubject = string(2048)
    exchangeentryid = string(1024)
    changekey = string(512)
    base = models.JSONField(null=True, blank=True)
    intent = models.JSONField(null=True, blank=True)
    conflicts = models.JSONField(null=True, blank=True)
    recordversion = integer(0, None, 0, big=True)
    askedon = moment()
    crmmissedon = moment()
    exchangemissedon = moment()
    isparked = boolean(default=False)
    isunheard = boolean(default=False)
    isdeletedinexchange = boolean(default=False)
    isunlinkedincrm = boolean(default=False)
    writes = integer(0, None, 0)
    writessince = moment()
    dueon = moment()
    retries = integer(0, None, 0)
    lastsyncerror = memo()
    lastsyncerroroccurredon = moment()
    searchkey = models.UUIDField(null=True, blank=True)
    itemchangedon = moment()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "exchangesyncidmapping"
        constraints = (
            models.UniqueConstraint(fields=["mailboxid", "objectid"], name="exchangesyncidmapping_object"),
        )
        indexes = (
            models.Index(fields=["mailboxid", "exchangeentryid"], name="exchangesyncidmapping_entry"),
            models.Index(fields=["objectid"], name="exchangesyncidmapping_record"),
            models.Index(
                fields=["mailboxid", "objecttypecode", "dueon"],
                name="exchangesyncidmapping_due",
                condition=models.Q(stage__lt=2) | models.Q(dueon__isnull=False),
            ),
            models.Index(
                fields=["mailboxid", "objecttypecode"],
                name="exchangesyncidmapping_unheard",
                condition=models.Q(isunheard=True),
            ),
            models.Index(
                fields=["mailboxid", "searchkey"],
                name="exchangesyncidmapping_key",
                condition=models.Q(searchkey__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.itemsubject or str(self.objectid)
