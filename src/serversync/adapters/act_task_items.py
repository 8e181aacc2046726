"""What is special about tasks in Exchange: the reminder, whose a task is, and which ones are left alone.

The time of a reminder stays in an item whose reminder was dismissed; then it says nothing. Whose a task is says a MAPI property:
``DelegationState`` of EWS is shifted by one against its own documentation, which names the MAPI properties instead.

Source: Microsoft, EWS reference, TaskDelegateStateType; MS-OXOTASK 2.2.2.2.29 (PidLidTaskOwnership).
"""

from datetime import datetime
from typing import Any, Final

from serversync.core.errors import SeriesNotInCrm, ServiceError, TaskAssigned
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.task import Task
from serversync.rules.task import Ownership, reminds, why_left_alone

REMINDER_IS_SET: Final = FieldURI("item:ReminderIsSet")
OWNERSHIP: Final = ExtendedFieldURI(
    property_type="Integer", distinguished_property_set_id="Task", property_id=0x8129
)
_REMINDER_DUE_BY: Final = FieldURI("item:ReminderDueBy")


def reminds_of(item: EwsItem) -> bool:
    """Tell whether the reminder of a task is set."""
    return isinstance(item, Task) and bool(item.reminder_is_set)


def reminder_values(reminder: datetime | None, now: datetime) -> dict[AnyFieldURI, Any]:
    """Return the properties of a task that is to remind at this time, or not at all."""
    if reminder is None or not reminds(reminder, now):
        return {REMINDER_IS_SET: False}
    return {REMINDER_IS_SET: True, _REMINDER_DUE_BY: reminder}


def trouble_of(item: EwsItem, mailbox: str, *, takes_assigned: bool) -> ServiceError | None:
    """Return why a task that asks to be tracked, or is, stays as it is."""
    if not isinstance(item, Task):
        return None
    if item.is_recurring:
        return SeriesNotInCrm(subject=item.subject or "", mailbox=mailbox)
    said = item.extended_properties.get(OWNERSHIP)
    ownership = said if isinstance(said, int) else Ownership.NOT_ASSIGNED
    reason = why_left_alone(ownership, takes_assigned=takes_assigned)
    return TaskAssigned(subject=item.subject or "", mailbox=mailbox, reason=reason) if reason else None
