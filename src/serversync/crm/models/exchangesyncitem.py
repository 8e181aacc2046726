"""Items that a folder of appointments, contacts or tasks has told of, changed records, and how far either was heard.

Tables of our own.
"""

from django.db import models

from serversync.crm.models.activityparty import ResponseStatus
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


class ExchangeSyncFolder(models.Model):
    """How far the feed of a kind of a mailbox was heard, and what the CRM tells of its records.

    While ``isfollowed``, triggers write a row of ``exchangesyncrecord`` for each change that matters to the mailbox.
    ``followedfrom`` is set until all records that matter have been looked at once: 0, or the first transaction of which
    it is certain that its triggers knew. ``filters`` is a digest of what this was begun with. With ``tellsall`` every
    change of a record of the kind matters, because the filters reach beyond what is the user's own.
    """

    exchangesyncfolderid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="+", db_index=False
    )
    objecttypecode = required_string(64)
    syncstate = memo()
    isfollowed = boolean(default=False)
    followedfrom = integer(0, None, big=True)
    filters = string(32)
    tellsall = boolean(default=False)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "exchangesyncfolder"
        constraints = (
            models.UniqueConstraint(fields=["mailboxid", "objecttypecode"], name="exchangesyncfolder_kind"),
        )
        indexes = (
            models.Index(
                fields=["objecttypecode"],
                name="exchangesyncfolder_tellsall",
                condition=models.Q(isfollowed=True, tellsall=True),
            ),
        )

    def __str__(self) -> str:
        return self.objecttypecode


class ExchangeSyncItem(models.Model):
    """An item that is to be looked at (``isheard``), or of which something is known.

    It is a copy of a record's item (``copyof``), or a guest's single occurrence of a series, whose answer was told (``answer``).
    """

    exchangesyncitemid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="+", db_index=False
    )
    objecttypecode = required_string(64)
    exchangeentryid = required_string(1024)
    isheard = boolean(default=True)
    copyof = uniqueidentifier()
    answer = picklist(ResponseStatus)
    dueon = moment()
    retries = integer(0, None, 0)
    lastsyncerror = string(2048)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "exchangesyncitem"
        constraints = (
            models.UniqueConstraint(
                fields=["mailboxid", "objecttypecode", "exchangeentryid"], name="exchangesyncitem_kind_entry"
            ),
        )
        indexes = (
            models.Index(
                fields=["mailboxid", "objecttypecode"],
                name="exchangesyncitem_heard",
                condition=models.Q(isheard=True),
            ),
        )

    def __str__(self) -> str:
        return self.exchangeentryid


class ExchangeSyncRecord(models.Model):
    """A change of a record that matters to a mailbox, written by a trigger in the transaction of the change.

    ``isheard`` since a pass has taken note of it. A pass removes only what it has heard, so that a change that is
    committed later than it looked stays. There is no constraint to the mailbox: whoever changes a record would wait for
    its pass.
    """

    exchangesyncrecordid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox",
        models.DO_NOTHING,
        db_column="mailboxid",
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    objecttypecode = required_string(64)
    objectid = models.UUIDField()
    isheard = boolean(default=False)
    createdon = createdon()

    class Meta:
        """The table, and what the database finds quickly."""

        db_table = "exchangesyncrecord"
        indexes = (
            models.Index(fields=["mailboxid", "objecttypecode", "isheard"], name="exchangesyncrecord_heard"),
            models.Index(fields=["mailboxid", "objectid"], name="exchangesyncrecord_object"),
        )

    def __str__(self) -> str:
        return str(self.objectid)


class ExchangeSyncAttachment(models.Model):
    """What the attachments of an item were when their content was last known, so that it is not asked for again.

    ``files`` is a list of [id of the attachment, id of the file, size, time of its last change, change key of the item].
    """

    exchangesyncattachmentid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="+", db_index=False
    )
    exchangeentryid = required_string(1024)
    files = models.JSONField()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "exchangesyncattachment"
        constraints = (
            models.UniqueConstraint(
                fields=["mailboxid", "exchangeentryid"], name="exchangesyncattachment_entry"
            ),
        )

    def __str__(self) -> str:
        return self.exchangeentryid
