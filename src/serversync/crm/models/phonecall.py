"""``phonecall``: a call that somebody has to make, or has had.

Source: Dataverse table reference, phonecall.
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


class PhoneCallStatus(models.IntegerChoices):
    """The reason of the state of a phone call."""

    OPEN = 1, "Open"
    MADE = 2, "Made"
    CANCELED = 3, "Canceled"
    RECEIVED = 4, "Received"


STATUSES_OF_STATE: Final[Statuses] = {
    CorrespondenceState.OPEN: (PhoneCallStatus.OPEN,),
    CorrespondenceState.COMPLETED: (PhoneCallStatus.MADE, PhoneCallStatus.RECEIVED),
    CorrespondenceState.CANCELED: (PhoneCallStatus.CANCELED,),
}
"""Which statuses each state can have, the usual one first; the database enforces it."""


class PhoneCall(Correspondence):
    """A phone call of its owner."""

    phonenumber = string(200)
    statuscode = picklist(PhoneCallStatus, PhoneCallStatus.OPEN)

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "phonecall"
        constraints = constraints("phonecall", STATUSES_OF_STATE)
        indexes = indexes("phonecall")
