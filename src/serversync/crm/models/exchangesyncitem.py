"""Items that a folder of appointments, contacts or tasks has told of, and how far it was heard. Tables of our own."""

from django.db import models

from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    memo,
    modifiedon,
    moment,
    primarykey,
    required_string,
    string,
    uniqueidentifier,
)


class ExchangeSyncFolder(models.Model):
    """How far the feed of a kind of a mailbox was heard."""

    exchangesyncfolderid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="+", db_index=False
    )
    objecttypecode = required_string(64)
    syncstate = memo()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "exchangesyncfolder"
        constraints = (
            models.UniqueConstraint(fields=["mailboxid", "objecttypecode"], name="exchangesyncfolder_kind"),
        )

    def __str__(self) -> str:
        return self.objecttypecode


class ExchangeSyncItem(models.Model):
    """An item that is to be looked at (``isheard``), or that is known as a copy of a record's item (``copyof``)."""

    exchangesyncitemid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="+", db_index=False
    )
    objecttypecode = required_string(64)
    exchangeentryid = required_string(1024)
    isheard = boolean(default=True)
    copyof = uniqueidentifier()
    dueon = moment()
    retries = integer(0, None, 0)
    lastsyncerror = string(2048)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "exchangesyncitem"
        constraints = (
            models.UniqueConstraint(fields=["mailboxid", "exchangeentryid"], name="exchangesyncitem_entry"),
        )

    def __str__(self) -> str:
        return self.exchangeentryid
