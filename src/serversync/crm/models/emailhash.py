"""``emailhash``: under which hashes an e-mail is found by smart matching.

One row for each subject key of an e-mail, see ``rules.email.smart``; looked up by ``hash``, newest first. Source of
the name: Dataverse's ``EmailHash``; its columns are not published, these are our own.
"""

from django.db import models
from django.db.models import F
from django.db.models.functions import Now


class EmailHash(models.Model):
    """One subject key of one e-mail."""

    emailhashid = models.BigAutoField(primary_key=True)
    activityid = models.ForeignKey(
        "crm.Email", models.CASCADE, db_column="activityid", related_name="emailhashes"
    )
    hash = models.BigIntegerField()
    createdon = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        """The table, and what the database finds quickly."""

        db_table = "emailhash"
        indexes = (models.Index(F("hash"), F("createdon").desc(), name="emailhash_hash"),)

    def __str__(self) -> str:
        return str(self.hash)
