"""Tries whether mail really leaves a mailbox and arrives: a message from the mailbox to itself, found, then removed.

The message carries a mark of this one trial and an item class of its own, by which the passes over the mailbox leave it
alone. Both its copies are deleted for good at the end, whatever came of it.
"""

import asyncio
import time
from datetime import timedelta
from typing import Final
from uuid import uuid4

from serversync.adapters.stamps import STAMP
from serversync.core.errors import AnswerUnreadable, ServiceError, TestMessageMissing
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_item import CreateItem, MessageDisposition
from serversync.exchange.operations.delete_item import DeleteItem, DeleteType
from serversync.exchange.operations.find_item import FindItem, SortOrder
from serversync.exchange.operations.send_item import SendItem
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.types.item import Body
from serversync.exchange.types.message import Mailbox
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.types.writing import NewItem
from serversync.rules.email.kinds import TEST_MESSAGE_CLASS

SUBJECT: Final = "Your mailbox is now connected to Dynamics 365"
"""The subject by which administrators know the message; it is Microsoft's."""
_BODY: Final = (
    "<p>serversync has sent this message to test the mailbox. It is deleted as soon as it has arrived.</p>"
)
PATIENCE: Final = timedelta(seconds=60)
_PAUSE: Final = 0.25
_NEWEST: Final = 20
_PLACES: Final = (
    DistinguishedFolderId("inbox"),
    DistinguishedFolderId("sentitems"),
    DistinguishedFolderId("drafts"),
)
_MARK: Final = ItemShape(additional_properties=(STAMP,))
_ORDER: Final = SortOrder(FieldURI("item:DateTimeCreated"), is_descending=True)


async def send_to_itself(
    client: EwsClient, mailbox: str | None, address: str, *, patience: timedelta | None = None
) -> int:
    """Send a message from a mailbox to itself; return the milliseconds until it was in the Inbox.

    Args:
        client: The connection.
        mailbox: The address to act as, ``None`` for the account's own mailbox.
        address: Where the message goes: the mailbox's own address.
        patience: For so long its arrival is awaited; ``PATIENCE`` unless given.

    Raises:
        TestMessageMissing: Exchange took it over, and it did not arrive in time.
        ServiceError: it could not be sent, or the mailbox not be read.
    """
    mark = f"test:{uuid4()}"
    limit = PATIENCE if patience is None else patience
    begun = time.monotonic()
    draft = await _draft(client, mailbox, address, mark)
    try:
        (sent,) = await client.call(SendItem(item_ids=(draft,)), mailbox=mailbox)
        sent.unwrap()
        while not await _find(client, mailbox, mark, _PLACES[:1]):
            if time.monotonic() - begun > limit.total_seconds():
                raise TestMessageMissing(mailbox=address, seconds=round(limit.total_seconds()))
            await asyncio.sleep(_PAUSE)
        return round((time.monotonic() - begun) * 1000)
    finally:
        await _clear(client, mailbox, mark)


async def _draft(client: EwsClient, mailbox: str | None, address: str, mark: str) -> ItemId:
    message = NewItem(
        "Message",
        {
            FieldURI("item:ItemClass"): TEST_MESSAGE_CLASS,
            FieldURI("item:Subject"): SUBJECT,
            FieldURI("item:Body"): Body(_BODY, BodyType.HTML),
            FieldURI("message:ToRecipients"): (Mailbox(None, address),),
            STAMP: mark,
        },
    )
    request = CreateItem(
        items=(message,), message_disposition=MessageDisposition.SAVE_ONLY, saved_item_folder=_PLACES[2]
    )
    (made,) = await client.call(request, mailbox=mailbox)
    found = made.unwrap().item_id
    if found is None:
        raise AnswerUnreadable(operation="CreateItem", reason="it holds no id of the new draft")
    return found


async def _find(
    client: EwsClient, mailbox: str | None, mark: str, places: tuple[DistinguishedFolderId, ...]
) -> list[ItemId]:
    """Return the items with the mark among the newest of some folders."""
    request = FindItem(folders=places, item_shape=_MARK, sort_order=_ORDER, max_entries=_NEWEST)
    found = []
    for outcome in await client.call(request, mailbox=mailbox):
        found += [
            item.item_id
            for item in outcome.unwrap().items
            if item.item_id is not None and item.extended_properties.get(STAMP) == mark
        ]
    return found


async def _clear(client: EwsClient, mailbox: str | None, mark: str) -> None:
    """Delete what is left of the message; what cannot be deleted now is harmless, and people can delete it."""
    try:
        left = await _find(client, mailbox, mark, _PLACES)
        if left:
            await client.call(DeleteItem(tuple(left), DeleteType.HARD_DELETE), mailbox=mailbox)
    except ServiceError:
        return
