"""``syncattributemapping``: which way a field goes, where somebody has set another way than the one it comes with.

Source: Dataverse table reference, syncattributemapping, and the server-side synchronization inventory. A field without a
row goes the way that its field map says (``mapping/fields.py``).
"""

from django.db import models

from serversync.crm.models.columns import createdon, modifiedon, picklist, primarykey, required_string
from serversync.crm.models.syncoptions import SyncDirection


class SyncAttributeMapping(models.Model):
    """The direction of one field of one kind, for the whole organization."""

    syncattributemappingid = primarykey()
    entitytypecode = required_string(64)
    mappingname = required_string(100)
    attributecrmname = required_string(100)
    attributeexchangename = required_string(100)
    syncdirection = picklist(SyncDirection, SyncDirection.NONE)
    defaultsyncdirection = picklist(SyncDirection, SyncDirection.NONE)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces."""

        db_table = "syncattributemapping"
        constraints = (
            models.UniqueConstraint(
                fields=["entitytypecode", "attributecrmname"], name="syncattributemapping_field"
            ),
        )

    def __str__(self) -> str:
        return f"{self.entitytypecode}.{self.attributecrmname}"
