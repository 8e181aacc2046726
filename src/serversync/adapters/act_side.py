"""What reading, looking for and writing the items of one mailbox have in common: whose it is and how items are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import Facts
from serversync.adapters.act_pictures import Pictures
from serversync.adapters.act_series_mailbox import EwsSeries
from serversync.adapters.act_service_items import Copies
from serversync.adapters.act_subfolders import Subfolders
from serversync.exchange.client import EwsClient
from serversync.exchange.types.calendar_item import CalendarItem, CalendarItemType
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId
from serversync.exchange.types.item import Item
from serversync.rules.record import ON_A_CALENDAR, TASKS, Kind

ELEMENTS: Final = {
    Kind.CONTACT: "Contact",
    **dict.fromkeys(TASKS, "Task"),
    Kind.APPOINTMENT: "CalendarItem",
    Kind.SERIES: "CalendarItem",
    Kind.SERVICE: "CalendarItem",
}
"""The element of an item of each kind."""
FOLDERS: Final = {
    Kind.CONTACT: DistinguishedFolderId("contacts"),
    **dict.fromkeys(TASKS, DistinguishedFolderId("tasks")),
    Kind.APPOINTMENT: DistinguishedFolderId("calendar"),
    Kind.SERIES: DistinguishedFolderId("calendar"),
    Kind.SERVICE: DistinguishedFolderId("calendar"),
}
"""The folder that is kept in step for each kind."""


@dataclass(frozen=True, slots=True)
class Side:
    """One mailbox, and how its items are taken.

    Attributes:
        client: The client.
        mailbox: Whom to impersonate.
        takes_all: Kinds of which every item takes part; of the others those with the category.
        category: The category.
        takes_assigned: Whether tasks take part that were assigned to the owner.
        calendar: How appointments are read and written.
        series: How series are.
        copies: How copies of service activities are.
        subfolders: The folders below the calendar.
        facts: Says what items say of their records; ``None`` where they say nothing.
        pictures: How photos of contacts are; without it they are left alone.
        attachments: How files of each kind are; those of other kinds are left alone.
    """

    client: EwsClient
    mailbox: str | None
    takes_all: frozenset[Kind]
    category: str
    takes_assigned: bool
    calendar: Calendar
    series: EwsSeries
    copies: Copies
    subfolders: Subfolders
    facts: Facts | None
    pictures: Pictures | None
    attachments: Mapping[Kind, Attachments]

    async def places(self, kind: Kind) -> tuple[AnyFolderId, ...]:
        """Return the folders that are kept in step for a kind."""
        return (FOLDERS[kind], *(await self.subfolders.ids() if kind in ON_A_CALENDAR else ()))


def is_series(item: Item) -> bool:
    """Tell whether an item is a series; it lies in the same folder as appointments."""
    return isinstance(item, CalendarItem) and item.calendar_item_type is CalendarItemType.RECURRING_MASTER
