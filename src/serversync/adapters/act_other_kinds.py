"""Items in a synchronized folder that are of another kind: a distribution list among contacts, a message among tasks.

Exchange makes the element of an item of its item class: a class and everything below it, in any case of letters, is one
element (``IPM.Contact`` and ``IPM.Contact.Custom`` are a ``Contact``), and what it does not know is a ``Message``, before 2013 an
``Item``. So the element decides what takes part, which costs nothing, and the class is asked for only of what does not.

Source: Microsoft, MS-OXWSCORE (Item and its kinds), MS-OXCMSG 2.2.1.3 (PidTagMessageClass).
"""

from collections.abc import Sequence
from typing import Final

from serversync.core.errors import ItemGone, ItemOfAnotherKind, ServiceError
from serversync.engine.act_ports import Item
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import ItemShape
from serversync.rules.record import Kind

MEETING_MESSAGES: Final = frozenset(
    {"MeetingMessage", "MeetingRequest", "MeetingResponse", "MeetingCancellation"}
)
"""What stands for a meeting and is none; it may say of itself what the meeting says."""
_CLASS: Final = ItemShape(additional_properties=(FieldURI("item:ItemClass"),))
_AT_ONCE: Final = 100
_WORDS: Final = {
    "CalendarItem": "an appointment",
    "Contact": "a contact",
    "DistributionList": "a distribution list",
    "MeetingCancellation": "the cancellation of a meeting",
    "MeetingMessage": "a message about a meeting",
    "MeetingRequest": "an invitation to a meeting",
    "MeetingResponse": "an answer to an invitation",
    "Message": "a message, or what Exchange tells as one",
    "PostItem": "a post",
    "Task": "a task",
}


def of_another_kind(kind: Kind, item: EwsItem, mailbox: str) -> ItemOfAnotherKind:
    """Return the error of an item that is not of a kind."""
    what = _WORDS.get(item.element, "something that Exchange does not know")
    return ItemOfAnotherKind(subject=item.subject or "", mailbox=mailbox, kind=kind.noun, what=what)


async def with_classes(
    client: EwsClient, mailbox: str | None, item_ids: Sequence[str], outcomes: Sequence[Item | ServiceError]
) -> list[Item | ServiceError]:
    """Return outcomes of items, where those that are of another kind name their item class."""
    told = list(outcomes)
    numbers = [n for n, each in enumerate(told) if isinstance(each, ItemOfAnotherKind)]
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        request = GetItem(tuple([ItemId(item_ids[n]) for n in part]), _CLASS)
        for number, answer in zip(part, await client.call(request, mailbox=mailbox), strict=True):
            error = told[number]
            if isinstance(answer, ews.Failure):
                told[number] = answer.error if isinstance(answer.error, ItemGone) else error
            elif isinstance(error, ItemOfAnotherKind) and (name := answer.unwrap().item_class):
                details = {**error.details, "what": f"{error.details['what']} ({name[:255]})"}
                told[number] = ItemOfAnotherKind(**details)
    return told
