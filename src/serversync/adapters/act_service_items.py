"""Copies of service activities in a calendar: an item of the user's own, without attendees, of which nobody ever hears.

They are appointments of one person alone, and are read and written as such (``act_calendar``); what only meetings have is
left out. What the user has marked as private is written all the same: nothing of it goes to the CRM.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from serversync.adapters.act_calendar import Calendar
from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.act_ports import Item
from serversync.exchange.types.calendar_item import CalendarItem, CalendarItemType
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.item import Item as EwsItem
from serversync.mapping.appointment import SHOWN_AS
from serversync.mapping.service import FREE
from serversync.rules.appointment import PrivateItems
from serversync.rules.record import Fields, Value

_COMMON: Final = ("scheduledstart", "subject", "description", "location", "prioritycode")
"""The fields that are the same as of an appointment."""
_UID: Final = FieldURI("calendar:UID")


class Copies:
    """How copies of service activities are read and written.

    Args:
        calendar: How appointments of the mailbox are.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = replace(calendar, policy=replace(calendar.policy, private=PrivateItems.WHOLE))

    def item(self, asked: str, item: EwsItem) -> Item | ServiceError:
        """Return an item as the rules see it; one that its user has made a series is none any more."""
        if isinstance(item, CalendarItem) and item.calendar_item_type is CalendarItemType.RECURRING_MASTER:
            return ItemGone()
        seen = self._calendar.item(asked, item)
        if isinstance(seen, ServiceError) or not isinstance(item, CalendarItem):
            return seen
        fields: dict[str, Value] = {name: seen.fields[name] for name in _COMMON if name in seen.fields}
        if item.legacy_free_busy_status:
            fields["statecode"] = item.legacy_free_busy_status
        return structs.replace(seen, fields=fields, takes_part=False, becomes=None)

    def new_values(self, stamp: UUID, fields: Fields) -> dict[AnyFieldURI, Any]:
        """Return what a new item shall have; which meeting it is says Exchange, so that no two copies are the same one."""
        values = self._calendar.new_values(stamp, _as_appointment(fields))
        values.pop(_UID, None)
        return values

    def values(self, fields: Fields) -> dict[AnyFieldURI, Any]:
        """Return properties with the values they shall have, ``None`` where they are to be taken away."""
        return self._calendar.values(_as_appointment(fields))

    def kept_as_sent(self, stamp: UUID, fields: Fields) -> dict[str, Value] | None:
        """Return what a new item says that was made with these fields; ``None`` where nobody can tell."""
        kept = self._calendar.kept_as_sent(stamp, _as_appointment(fields))
        if kept is None:
            return None
        return {name: kept[name] for name in _COMMON if name in kept} | {"statecode": fields.get("statecode")}


def _as_appointment(fields: Fields) -> Mapping[str, Value]:
    """Return the same in the words of appointments."""
    found: dict[str, Value] = {name: fields[name] for name in _COMMON if name in fields}
    if "statecode" in fields:
        found["statecode"] = SHOWN_AS[str(fields["statecode"] or FREE)]
    return found
