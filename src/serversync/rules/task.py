"""What is special about tasks: when Exchange reminds of one, and whose it is after it was assigned in Outlook.

Source: the server-side synchronization inventory, tasks; MS-OXOTASK, PidLidTaskOwnership.
"""

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final


class Ownership(IntEnum):
    """Whose a task is; the values are those of ``PidLidTaskOwnership``."""

    NOT_ASSIGNED = 0
    GIVEN_AWAY = 1
    TAKEN_OVER = 2


REMINDED_LATE: Final = timedelta(days=1)
"""So long ago a reminder may have been due that it is still set."""


def reminds(reminder: datetime | None, now: datetime) -> bool:
    """Tell whether a reminder is set in Exchange: one of long ago would only pop up at once.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    >>> reminds(noon, noon + timedelta(hours=23)), reminds(noon, noon + timedelta(hours=25)), reminds(None, noon)
    (True, False, False)
    """
    return reminder is not None and reminder >= now - REMINDED_LATE


def why_left_alone(ownership: int, *, takes_assigned: bool) -> str | None:
    """Return why a task stays as it is; ``None`` for one that may be synchronized.

    >>> why_left_alone(Ownership.TAKEN_OVER, takes_assigned=True) is None
    True
    """
    if ownership == Ownership.GIVEN_AWAY:
        return "it was assigned to somebody else, who owns it now"
    if ownership == Ownership.TAKEN_OVER and not takes_assigned:
        return "it was assigned in Outlook"
    return None
