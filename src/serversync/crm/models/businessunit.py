"""``businessunit``: a part of the organization; what privileges of that depth reach.

Source: Dataverse table reference, businessunit. A user without one belongs to the root, the unit without a parent.
"""

from django.db import models

from serversync.crm.models.columns import boolean, createdon, modifiedon, primarykey, required_string


class BusinessUnit(models.Model):
    """One unit; the units form a tree with one root."""

    businessunitid = primarykey()
    name = required_string(160, unique=True)
    parentbusinessunitid = models.ForeignKey(
        "self",
        models.PROTECT,
        db_column="parentbusinessunitid",
        null=True,
        blank=True,
        related_name="children",
    )
    isdisabled = boolean(default=False)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "businessunit"
        constraints = (
            models.UniqueConstraint(
                fields=["parentbusinessunitid"],
                condition=models.Q(parentbusinessunitid__isnull=True),
                nulls_distinct=False,
                name="businessunit_one_root",
            ),
        )

    def __str__(self) -> str:
        return self.name
