"""The appointments of the synchronization benchmark, under the names of columns: what a sales team has before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

_BEGINNING = timedelta(days=2)
_STATUSES = ((3, 5), (0, 2), (3, 6), (0, 1))
"""Busy, tentative, out of office, free."""


def appointment(number: int, today: datetime) -> dict[str, Any]:
    """Return the columns of one appointment; every third has two attendees, every tenth lasts a whole day."""
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + _BEGINNING + timedelta(minutes=30 * number)
    is_all_day = number % 10 == 0
    if is_all_day:
        start = start.replace(hour=0, minute=0)
    state, status = _STATUSES[number % len(_STATUSES)]
    columns: dict[str, Any] = {
        "subject": f"Offer {number}: second talk",
        "location": f"Room {number % 40}, Long street {number}",
        "description": f"Agenda\n1. Prices of line {number}\n2. Dates of delivery\nPlease bring the samples.",
        "scheduledstart": start,
        "scheduledend": start + (timedelta(days=1) if is_all_day else timedelta(minutes=45)),
        "isalldayevent": is_all_day,
        "prioritycode": 2 if number % 7 == 0 else 1,
        "statecode": state,
        "statuscode": status,
    }
    return columns


def attendees(number: int) -> list[str]:
    """Return the addresses of those who are invited to this appointment."""
    return [f"grace.{number}@contoso.example", f"ada.{number}@fabrikam.example"] if number % 3 == 0 else []
