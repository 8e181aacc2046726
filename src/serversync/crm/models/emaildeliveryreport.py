"""``emaildeliveryreport``: what reports say of the recipients of an e-mail that was sent. A table of our own.

One row for each recipient of whom a report said that he was not reached, or not yet; the e-mail stays *Sent*, because
others have it. See ``docs/adr/0032-a-report-marks-the-recipient.md``.
"""

from django.db import models

from serversync.crm.models.columns import (
    createdon,
    modifiedon,
    moment,
    picklist,
    primarykey,
    required_string,
    string,
)


class DeliveryFate(models.IntegerChoices):
    """What a report says of a recipient; the numbers are those of ``rules.email.reports.Fate``."""

    NOT_DELIVERED = 1, "Not delivered"
    DELAYED = 2, "Delayed"


class EmailDeliveryReport(models.Model):
    """One recipient of one e-mail; ``address`` is in lower case, empty where the report names nobody."""

    emaildeliveryreportid = primarykey()
    activityid = models.ForeignKey(
        "crm.Email", models.CASCADE, db_column="activityid", related_name="deliveryreports", db_index=False
    )
    address = required_string(320, "")
    fate = picklist(DeliveryFate, DeliveryFate.NOT_DELIVERED)
    status = string(20)
    reason = string(2048)
    reportedon = moment()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "emaildeliveryreport"
        constraints = (
            models.UniqueConstraint(fields=["activityid", "address"], name="emaildeliveryreport_recipient"),
        )

    def __str__(self) -> str:
        return self.address or str(self.activityid)
