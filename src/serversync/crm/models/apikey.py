"""``apikey``: keys with which programs ask the API for a user. A table of our own.

The key itself is shown once and kept nowhere: only its digest is here, and the first characters to recognise it by.
"""

from django.db import models

from serversync.crm.models.columns import createdon, moment, primarykey, required_string
from serversync.crm.models.systemuser import SystemUser


class ApiKey(models.Model):
    """One key of one user. A key is 256 random bits, so a plain SHA-256 of it cannot be turned back."""

    apikeyid = primarykey()
    systemuserid = models.ForeignKey(
        SystemUser, models.CASCADE, db_column="systemuserid", related_name="apikeys"
    )
    name = required_string(100)
    firstcharacters = required_string(20)
    digest = models.BinaryField(max_length=32, unique=True)
    createdon = createdon()
    expireson = models.DateTimeField()
    lastusedon = moment()

    class Meta:
        """The table, and what the database enforces."""

        db_table = "apikey"
        constraints = (models.UniqueConstraint(fields=["systemuserid", "name"], name="apikey_name_of_user"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.firstcharacters})"
