"""Recurring tasks: one item at a time, which goes on to its next occurrence when it is completed or skipped."""

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from serversync.simulator.calendar.recurrence import Recurrence, read_recurrence, write_recurrence

_OWN = ("task:CompleteDate", "task:ActualWork")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def begin(properties: dict[str, Any]) -> None:
    """Give a recurring task the dates of its first occurrence, where it has none.

    Raises:
        EwsError: the recurrence cannot be, or has no occurrence.
    """
    fragment = properties.get("task:Recurrence")
    if not fragment:
        return
    first = _midnight(read_recurrence(fragment).first())
    if properties.get("task:DueDate") is None:
        properties["task:DueDate"] = properties.get("task:StartDate") or first
    if properties.get("task:StartDate") is None:
        properties["task:StartDate"] = properties["task:DueDate"]


def _after(found: Recurrence, due: date, completed: date) -> tuple[date, Recurrence] | None:
    """Return the next due day, with what is left of the recurrence; ``None`` after the last."""
    if not found.regenerates:
        following = next((day for day in found.dates() if day > due), None)
        return None if following is None else (following, found)
    if found.number is not None and found.number <= 1:
        return None
    unit = found.pattern.removesuffix("Regeneration")
    if unit in {"Daily", "Weekly"}:
        following = completed + timedelta(found.interval * (7 if unit == "Weekly" else 1))
    else:
        months = completed.year * 12 + completed.month - 1 + found.interval * (12 if unit == "Yearly" else 1)
        year, month = divmod(months, 12)
        days = calendar.monthrange(year, month + 1)[1]
        following = date(year, month + 1, min(completed.day, days))
    if found.end is not None and following > found.end:
        return None
    left = None if found.number is None else found.number - 1
    return following, replace(found, start=following, number=left)


def following(properties: dict[str, Any], completed: date) -> dict[str, Any] | None:
    """Return the properties of a recurring task at its next occurrence; ``None`` after the last.

    Args:
        properties: The task at its present occurrence.
        completed: When that is completed or skipped; regenerating tasks count from it.
    """
    fragment = properties.get("task:Recurrence")
    if not fragment:
        return None
    due = properties.get("task:DueDate") or _midnight(read_recurrence(fragment).first())
    found = _after(read_recurrence(fragment), due.date(), completed)
    if found is None:
        return None
    day, left = found
    shift = _midnight(day) - due
    after = {uri: value for uri, value in properties.items() if uri not in _OWN}
    after |= {
        "task:DueDate": due + shift,
        "task:StartDate": (properties.get("task:StartDate") or due) + shift,
        "task:Status": "NotStarted",
        "task:PercentComplete": 0.0,
        "task:Recurrence": write_recurrence(left),
    }
    for uri in ("item:ReminderDueBy", "item:ReminderNextTime"):
        if properties.get(uri) is not None:
            after[uri] = properties[uri] + shift
    return after


def completed_copy(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the task that stays behind for a completed occurrence: it recurs no more."""
    found = {uri: value for uri, value in properties.items() if uri != "task:Recurrence"}
    return {**found, "item:ReminderIsSet": False}
