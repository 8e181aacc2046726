"""``mailboxtrackingcategory``: the category by which people mark mail to be tracked, as it stands in one mailbox.

Known by its id in the mailbox's list of categories, so that people may rename it. ``wantedname``, ``formernames``,
``othernames``, ``checkedon`` and ``lasterror`` are our own. Source of the names: Dataverse table mailboxtrackingcategory.
"""

from django.db import models
from django.db.models import Q

from serversync.crm.models.columns import createdon, modifiedon, moment, picklist, primarykey, string


class CategoryOnboardingStatus(models.IntegerChoices):
    """How far the category is."""

    NEW = 0, "Not there yet"
    KEPT = 1, "In the mailbox"
    REMOVED = 2, "Removed, because categories do not count"
    FAILED = 3, "The list of categories cannot be kept"


class MailboxTrackingCategory(models.Model):
    """The category in one mailbox; every mailbox that was tested and enabled has a row."""

    mailboxtrackingcategoryid = primarykey()
    mailboxid = models.OneToOneField(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="mailboxtrackingcategory"
    )
    exchangecategoryid = string(100)
    exchangecategoryname = string(256)
    exchangecategorycolor = models.IntegerField(null=True, blank=True)
    categoryonboardingstatus = picklist(CategoryOnboardingStatus, CategoryOnboardingStatus.NEW)
    wantedname = string(256)
    formernames = models.JSONField(default=list, db_default=[])
    othernames = models.JSONField(default=list, db_default=[])
    checkedon = moment()
    lasterror = string(2048)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces."""

        db_table = "mailboxtrackingcategory"
        constraints = (
            models.CheckConstraint(
                condition=~Q(categoryonboardingstatus=CategoryOnboardingStatus.KEPT)
                | Q(exchangecategoryid__isnull=False, exchangecategoryname__isnull=False),
                name="mailboxtrackingcategory_kept",
            ),
        )

    def __str__(self) -> str:
        return self.exchangecategoryname or str(self.mailboxtrackingcategoryid)
