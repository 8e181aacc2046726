"""Items of guests of one occurrence alone: which occurrence of the series they are.

Their clean global object id is that of the series; the global object id holds the day as well. It is asked for only here, so
that no other appointment is read with one property more. Source: MS-OXOCAL 2.2.1.27.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from serversync.core.errors import ServiceError
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.calendar_item import GLOBAL_OBJECT_ID
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.shapes import ItemShape
from serversync.mapping.identity import day_of_occurrence

_SHAPE: Final = ItemShape(additional_properties=(GLOBAL_OBJECT_ID,))
_AT_ONCE: Final = 100


async def days_of(
    client: EwsClient, mailbox: str | None, item_ids: Sequence[str]
) -> list[date | ServiceError | None]:
    """Return, for each item, the day of the occurrence that it is, or why that cannot be read.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        item_ids: The items.
    """
    days: list[date | ServiceError | None] = []
    for start in range(0, len(item_ids), _AT_ONCE):
        part = tuple(ItemId(each) for each in item_ids[start : start + _AT_ONCE])
        for outcome in await client.call_bisecting(GetItem(part, _SHAPE), mailbox=mailbox):
            if isinstance(outcome, ews.Failure):
                days.append(outcome.error)
                continue
            value = outcome.unwrap().extended_properties.get(GLOBAL_OBJECT_ID)
            days.append(day_of_occurrence(value) if isinstance(value, bytes) else None)
    return days
