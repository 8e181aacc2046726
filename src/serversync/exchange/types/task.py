"""Tasks: what somebody has to do, from when, until when, and how far it is."""

from datetime import datetime

from lxml.etree import _Element

from serversync.exchange.namespaces import t
from serversync.exchange.types.item import ITEM_FIELDS, FieldTable, Item, fill_item
from serversync.exchange.xml_values import boolean_of, datetime_of, text_of


class Task(Item, frozen=True, gc=False, kw_only=True):
    """A task; ``percent_complete`` 0 to 100, ``status`` a word of ``TaskStatusType``.

    Whether it ``is_complete`` follows from status and percentage; it cannot be set.
    """

    complete_date: datetime | None = None
    due_date: datetime | None = None
    is_complete: bool | None = None
    is_recurring: bool | None = None
    owner: str | None = None
    percent_complete: float | None = None
    reminder_due_by: datetime | None = None
    reminder_is_set: bool | None = None
    start_date: datetime | None = None
    status: str | None = None


def _percent_of(element: _Element) -> float | None:
    try:
        return float(element.text or "")
    except ValueError:
        return None


_FIELDS: FieldTable = ITEM_FIELDS | {
    t("CompleteDate"): ("complete_date", datetime_of),
    t("DueDate"): ("due_date", datetime_of),
    t("IsComplete"): ("is_complete", boolean_of),
    t("IsRecurring"): ("is_recurring", boolean_of),
    t("Owner"): ("owner", text_of),
    t("PercentComplete"): ("percent_complete", _percent_of),
    t("ReminderDueBy"): ("reminder_due_by", datetime_of),
    t("ReminderIsSet"): ("reminder_is_set", boolean_of),
    t("StartDate"): ("start_date", datetime_of),
    t("Status"): ("status", text_of),
}


def read_task(element: _Element) -> Task:
    """Return the task that the element describes."""
    return fill_item(Task, element, _FIELDS)
