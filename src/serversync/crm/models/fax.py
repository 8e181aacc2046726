"""``fax``: a fax that somebody has to send, or has got.

Source: Dataverse table reference, fax.
"""

from typing import Final

from django.db import models

from serversync.crm.models.columns import picklist, string
from serversync.crm.models.correspondence import (
    Correspondence,
    CorrespondenceState,
    Statuses,
    constraints,
    indexes,
)


class FaxStatus(models.IntegerChoices):
    """The reason of the state of a fax."""

    OPEN = 1, "Open"
    COMPLETED = 2, "Completed"
    SENT = 3, "Sent"
    RECEIVED = 4, "Received"
    CANCELED = 5, "Canceled"


STATUSES_OF_STATE: Final[Statuses] = {
    CorrespondenceState.OPEN: (FaxStatus.OPEN,),
    CorrespondenceState.COMPLETED: (FaxStatus.COMPLETED, FaxStatus.SENT, FaxStatus.RECEIVED),
    CorrespondenceState.CANCELED: (FaxStatus.CANCELED,),
}
"""Which statuses each state can have, the usual one first; the database enforces it."""


class Fax(Correspondence):
    """A fax of its owner."""

    faxnumber = string(200)
    statuscode = picklist(FaxStatus, FaxStatus.OPEN)

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "fax"
        constraints = constraints("fax", STATUSES_OF_STATE)
        indexes = indexes("fax")
