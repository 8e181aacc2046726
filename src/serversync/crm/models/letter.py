"""``letter``: a letter that somebody has to write, or has got.

Source: Dataverse table reference, letter; a letter begins as a draft there, too.
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


class LetterStatus(models.IntegerChoices):
    """The reason of the state of a letter."""

    OPEN = 1, "Open"
    DRAFT = 2, "Draft"
    RECEIVED = 3, "Received"
    SENT = 4, "Sent"
    CANCELED = 5, "Canceled"


STATUSES_OF_STATE: Final[Statuses] = {
    CorrespondenceState.OPEN: (
        LetterStatus.DRAFT,
        LetterStatus.OPEN,
    ),
    CorrespondenceState.COMPLETED: (LetterStatus.SENT, LetterStatus.RECEIVED),
    CorrespondenceState.CANCELED: (LetterStatus.CANCELED,),
}
"""Which statuses each state can have, the usual one first; the database enforces it."""


class Letter(Correspondence):
    """A letter of its owner."""

    address = string(200)
    statuscode = picklist(LetterStatus, LetterStatus.DRAFT)

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "letter"
        constraints = constraints("letter", STATUSES_OF_STATE)
        indexes = indexes("letter")
