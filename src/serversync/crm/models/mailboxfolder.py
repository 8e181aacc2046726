"""``mailboxfolder``: how far a folder of a mailbox has been read. A table of our own.

The sync state is Exchange's opaque bookmark; it moves in the transaction that stores what was read.
"""

from django.db import models

from serversync.crm.models.columns import createdon, memo, modifiedon, moment, primarykey, string


class MailboxFolder(models.Model):
    """A folder of a mailbox and the position in it: one that every mailbox has, or a tracked one.

    ``positionedon`` is when it was first listed to its end: until then *Process Email From* is held against the time
    of receipt.
    """

    mailboxfolderid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="mailboxfolders", db_index=False
    )
    distinguishedfolderid = string(64)
    mailboxtrackingfolderid = models.OneToOneField(
        "crm.MailboxTrackingFolder",
        models.CASCADE,
        db_column="mailboxtrackingfolderid",
        null=True,
        blank=True,
        related_name="mailboxfolder",
    )
    exchangefolderid = memo()
    displayname = string(256)
    syncstate = memo()
    positionedon = moment()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "mailboxfolder"
        constraints = (
            models.UniqueConstraint(
                fields=["mailboxid", "distinguishedfolderid"], name="mailboxfolder_distinguishedfolder"
            ),
        )

    def __str__(self) -> str:
        return self.displayname or self.distinguishedfolderid or str(self.mailboxfolderid)
