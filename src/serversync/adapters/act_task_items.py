"""What is special about tasks in Exchange: the reminder, which is a time and whether it is set.

The time stays in an item whose reminder was dismissed; then it says nothing.
"""

from datetime import datetime
from typing import Any, Final

from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.task import Task
from serversync.rules.task import reminds

REMINDER_IS_SET: Final = FieldURI("item:ReminderIsSet")
_REMINDER_DUE_BY: Final = FieldURI("item:ReminderDueBy")


def reminds_of(item: EwsItem) -> bool:
    """Tell whether the reminder of a task is set."""
    return isinstance(item, Task) and bool(item.reminder_is_set)


def reminder_values(reminder: datetime | None, now: datetime) -> dict[AnyFieldURI, Any]:
    """Return the properties of a task that is to remind at this time, or not at all."""
    if reminder is None or not reminds(reminder, now):
        return {REMINDER_IS_SET: False}
    return {REMINDER_IS_SET: True, _REMINDER_DUE_BY: reminder}
