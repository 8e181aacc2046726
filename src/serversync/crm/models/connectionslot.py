"""``connectionslot``: connections to Exchange that a worker has leased of a budget. A table of our own."""

from django.db import models

from serversync.crm.models.columns import createdon, integer, primarykey, required_string


class ConnectionSlot(models.Model):
    """So many connections at once, for one holder, until the lease ends.

    ``budgetid`` is whose limit they count against: an email server profile, or a mailbox with credentials of its
    own. What counts is every row whose ``leaseuntil`` is to come; the others are of workers that are gone.
    """

    connectionslotid = primarykey()
    budgetid = models.UUIDField()
    emailserverprofileid = models.UUIDField()
    connections = integer(1, 300, 1)
    purpose = required_string(20)
    hostid = required_string(256)
    leaseuntil = models.DateTimeField()
    createdon = createdon()

    class Meta:
        """The table, and what the database finds quickly."""

        db_table = "connectionslot"
        indexes = (models.Index(fields=["budgetid"], name="connectionslot_budget"),)

    def __str__(self) -> str:
        return f"{self.connections} for {self.purpose} on {self.hostid}"
