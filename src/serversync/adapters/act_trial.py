"""Tries whether the folders of a mailbox can be kept in step: each is opened, an item written and removed.

The item carries a mark of this one trial and no category, so that no pass takes it for something to be tracked. It is
deleted for good at the end, whatever came of it.
"""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from serversync.adapters.act_settings import KINDS
from serversync.adapters.act_side import ELEMENTS, FOLDERS
from serversync.adapters.stamps import STAMP
from serversync.core.errors import ItemUnreadable, ServiceError
from serversync.engine.act_ports import HEARD_WITH
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_item import CreateItem, SendMeetingInvitations
from serversync.exchange.operations.delete_item import (
    AffectedTaskOccurrences,
    DeleteItem,
    DeleteType,
    SendMeetingCancellations,
)
from serversync.exchange.operations.find_item import FindItem
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.types.restriction import is_equal_to
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.types.writing import NewItem
from serversync.rules.record import Kind

SUBJECT: Final = "serversync tests this folder"
_NAMED: Final[Mapping[Kind, AnyFieldURI]] = {Kind.CONTACT: FieldURI("contacts:FileAs")}
"""What people know an item of a kind by, where it is not the subject."""


async def write_and_remove(client: EwsClient, mailbox: str | None) -> str:
    """Write an item into the folder of each kind, read it, and remove it; return the names of the folders.

    Args:
        client: The connection.
        mailbox: The address to act as, ``None`` for the account's own mailbox.

    Raises:
        ServiceError: a folder could not be opened, or an item not be written, read or removed.
    """
    names = []
    for kind in KINDS:
        if kind is Kind.SERIES or kind in HEARD_WITH:
            continue  # they lie where appointments or tasks do
        (found,) = await client.call(GetFolder((FOLDERS[kind],)), mailbox=mailbox)
        names.append(found.unwrap().display_name or kind.value)
        await _try(client, mailbox, kind)
    return ", ".join(names)


async def _try(client: EwsClient, mailbox: str | None, kind: Kind) -> None:
    mark = f"test:{uuid4()}"
    new = NewItem(
        ELEMENTS[kind], {_NAMED.get(kind, FieldURI("item:Subject")): f"{SUBJECT} ({mark[-8:]})", STAMP: mark}
    )
    made = None
    try:
        request = CreateItem(
            items=(new,),
            send_meeting_invitations=(
                SendMeetingInvitations.SEND_TO_NONE if kind is Kind.APPOINTMENT else None
            ),
            saved_item_folder=FOLDERS[kind],
        )
        (outcome,) = await client.call(request, mailbox=mailbox)
        made = outcome.unwrap().item_id
        if made is None:
            raise ItemUnreadable(item="the one of the test")
        (seen,) = await client.call(
            GetItem((ItemId(made.id),), ItemShape(additional_properties=(STAMP,))), mailbox=mailbox
        )
        if seen.unwrap().extended_properties.get(STAMP) != mark:
            raise ItemUnreadable(item=made.id)
    except ServiceError:
        await _clear(client, mailbox, kind, mark)
        raise
    (removed,) = await client.call(_removal(kind, made), mailbox=mailbox)
    removed.unwrap()


async def _clear(client: EwsClient, mailbox: str | None, kind: Kind, mark: str) -> None:
    """Delete what a trial that failed may have left; what cannot be deleted is harmless, and people can delete it."""
    folders: tuple[DistinguishedFolderId, ...] = (FOLDERS[kind],)
    try:
        (outcome,) = await client.call(
            FindItem(folders=folders, restriction=is_equal_to(STAMP, mark)), mailbox=mailbox
        )
        for item in outcome.unwrap().items:
            if item.item_id is not None:
                await client.call(_removal(kind, item.item_id), mailbox=mailbox)
    except ServiceError:
        return


def _removal(kind: Kind, item_id: ItemId) -> DeleteItem:
    return DeleteItem(
        (ItemId(item_id.id),),
        DeleteType.HARD_DELETE,
        send_meeting_cancellations=(
            SendMeetingCancellations.SEND_TO_NONE if kind is Kind.APPOINTMENT else None
        ),
        affected_task_occurrences=AffectedTaskOccurrences.ALL_OCCURRENCES if kind is Kind.TASK else None,
    )
