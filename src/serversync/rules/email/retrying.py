"""When a message that could not be taken is tried again, and when it is given up.

Source: Microsoft, "Use Outlook category to track appointments and emails": five times, about fifteen minutes apart; then the category *Undeliverable*.
"""

from datetime import datetime, timedelta

MOST_ATTEMPTS = 5
BETWEEN_ATTEMPTS = timedelta(minutes=15)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts (at least 1); ``None`` where it is given up."""
    if attempts < 1:
        raise ValueError("there is no wait before a first attempt")
    return now + BETWEEN_ATTEMPTS if attempts < MOST_ATTEMPTS else None
