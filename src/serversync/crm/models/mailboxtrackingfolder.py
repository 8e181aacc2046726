"""``mailboxtrackingfolder``: a sub-folder of the Inbox whose messages are tracked, whatever any filter says.

Found by its Exchange id, so that renaming and moving it within the Inbox change nothing. A user has at most 25.
Source: Dataverse table reference, mailboxtrackingfolder.
"""

from django.db import models
from django.db.models import Q

from serversync.crm.models.columns import createdon, modifiedon, primarykey, string, uniqueidentifier

MOST_FOLDERS = 25
"""Tracked folders of one mailbox."""


class FolderOnboardingStatus(models.IntegerChoices):
    """How far the folder is."""

    NEW = 0, "Not read yet"
    READ = 1, "Read"
    MISSING = 2, "No longer there"


class MailboxTrackingFolder(models.Model):
    """A tracked folder, and the record that its messages are about."""

    mailboxtrackingfolderid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox",
        models.CASCADE,
        db_column="mailboxid",
        related_name="mailboxtrackingfolders",
        db_index=False,
    )
    exchangefolderid = models.TextField()
    exchangefoldername = string(256)
    folderonboardingstatus = models.SmallIntegerField(default=0, db_default=0)
    regardingobjectid = uniqueidentifier()
    regardingobjecttypecode = string(64)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces."""

        db_table = "mailboxtrackingfolder"
        constraints = (
            models.UniqueConstraint(
                fields=["mailboxid", "exchangefolderid"], name="mailboxtrackingfolder_once"
            ),
            models.CheckConstraint(
                condition=Q(folderonboardingstatus__in=[0, 1, 2]), name="mailboxtrackingfolder_status"
            ),
            models.CheckConstraint(
                condition=Q(regardingobjectid=None, regardingobjecttypecode=None)
                | Q(regardingobjectid__isnull=False, regardingobjecttypecode__isnull=False),
                name="mailboxtrackingfolder_regarding",
            ),
        )

    def __str__(self) -> str:
        return self.exchangefoldername or str(self.mailboxtrackingfolderid)
