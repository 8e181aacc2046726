"""What is special about tasks: when Exchange reminds of one.

Source: the server-side synchronization inventory, tasks.
"""

from datetime import datetime, timedelta
from typing import Final

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
