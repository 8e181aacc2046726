"""The mailbox through which e-mails are sent, over Exchange Web Services."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.stamps import STAMP
from serversync.core.errors import AnswerUnreadable, ItemGone
from serversync.engine.sending import DeliveryRun, Draft, OutgoingFile, OutgoingMessage
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.lane import Turn
from serversync.exchange.operations.create_attachment import NewFile
from serversync.exchange.operations.create_item import CreateItem, MessageDisposition
from serversync.exchange.operations.delete_item import DeleteItem, DeleteType
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.operations.find_item import FindItem, SortOrder
from serversync.exchange.operations.send_item import SendItem
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId, ItemId
from serversync.exchange.types.item import Body, Importance, Item
from serversync.exchange.types.message import Mailbox, Message
from serversync.exchange.types.restriction import is_equal_to
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.types.writing import NewItem
from serversync.rules.email.message import Address, Spooled
from serversync.rules.email.sending import Place, Trail

_DRAFTS: Final = DistinguishedFolderId("drafts")
_SENT_ITEMS: Final = DistinguishedFolderId("sentitems")
_PLACES: Final[dict[AnyFolderId, Place]] = {
    _DRAFTS: Place.DRAFTS,
    DistinguishedFolderId("outbox"): Place.OUTBOX,
    _SENT_ITEMS: Place.SENT_ITEMS,
}
_TRAIL: Final = ItemShape(
    additional_properties=(FieldURI("item:IsDraft"), FieldURI("message:InternetMessageId"), STAMP)
)
_NEWEST_FIRST: Final = SortOrder(FieldURI("item:DateTimeSent"), is_descending=True)
_RECENT: Final = 25
_FOLDERS_AT_ONCE: Final = 50
_IMPORTANCE: Final = {0: Importance.LOW, 1: Importance.NORMAL, 2: Importance.HIGH}
_CONVERSATION_INDEX: Final = ExtendedFieldURI(property_type="Binary", property_tag=0x0071)


class EwsOutgoingMailbox:
    """``OutgoingMailbox`` over an EWS client."""

    def __init__(self, client: EwsClient, mailbox: str | None) -> None:
        self._client = client
        self._mailbox = mailbox

    async def trails(self, stamp: UUID, *, everywhere: bool = False) -> list[Trail]:
        """See ``OutgoingMailbox``."""
        found = await self._search(stamp, _PLACES)
        if everywhere:
            known = {trail.item_id for trail in found}
            others = await self._other_folders()
            for start in range(0, len(others), _FOLDERS_AT_ONCE):
                part = dict.fromkeys(others[start : start + _FOLDERS_AT_ONCE], Place.ELSEWHERE)
                found += [trail for trail in await self._search(stamp, part) if trail.item_id not in known]
        return found

    async def _search(self, stamp: UUID, places: dict[AnyFolderId, Place]) -> list[Trail]:
        request = FindItem(
            folders=tuple(places), item_shape=_TRAIL, restriction=is_equal_to(STAMP, str(stamp))
        )
        trails = []
        outcomes = await self._client.call(request, mailbox=self._mailbox)
        for place, outcome in zip(places.values(), outcomes, strict=True):
            if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                continue  # the folder has gone since it was listed
            trails += [_trail(place, item) for item in outcome.unwrap().items if item.item_id is not None]
        return trails

    async def _other_folders(self) -> list[AnyFolderId]:
        request = FindFolder(
            parent_folder=DistinguishedFolderId("msgfolderroot"), traversal=FolderTraversal.DEEP
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        return [folder.folder_id for folder in outcome.unwrap() if folder.folder_id is not None]

    async def make_draft(self, message: OutgoingMessage) -> Draft:
        """See ``OutgoingMailbox``."""
        request = CreateItem(
            items=(_new_item(message),),
            message_disposition=MessageDisposition.SAVE_ONLY,
            saved_item_folder=_DRAFTS,
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        made = outcome.unwrap().item_id
        if made is None:
            raise AnswerUnreadable(operation="CreateItem", reason="it holds no id of the new draft")
        return Draft(made.id, made.change_key)

    async def attach(self, draft: Draft, file: OutgoingFile, content: Spooled) -> Draft:
        """See ``OutgoingMailbox``."""
        new = NewFile(
            name=file.name,
            content_type=file.content_type,
            content_id=file.content_id or None,
            is_inline=file.is_inline,
        )
        outcome = await self._client.upload(
            ItemId(draft.item_id, draft.change_key),
            new,
            content.size_bytes,
            lambda: _reader(content.chunks()),
            mailbox=self._mailbox,
        )
        attached = outcome.unwrap()
        return Draft(draft.item_id, attached.root_item_change_key or draft.change_key)

    async def send(self, draft: Draft) -> None:
        """See ``OutgoingMailbox``."""
        request = SendItem(item_ids=(ItemId(draft.item_id, draft.change_key),), saved_item_folder=_SENT_ITEMS)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        outcome.unwrap()

    async def remove(self, item_id: str) -> None:
        """See ``OutgoingMailbox``."""
        request = DeleteItem((ItemId(item_id),), DeleteType.HARD_DELETE)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        if isinstance(outcome, ews.Failure) and not isinstance(outcome.error, ItemGone):
            raise outcome.error

    async def find_copy(self, stamp: UUID) -> Trail | None:
        """See ``OutgoingMailbox``."""
        request = FindItem(
            folders=(_SENT_ITEMS,), item_shape=_TRAIL, sort_order=_NEWEST_FIRST, max_entries=_RECENT
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        for item in outcome.unwrap().items:
            if item.item_id is not None and item.extended_properties.get(STAMP) == str(stamp):
                return _trail(Place.SENT_ITEMS, item)
        return None


class OutgoingMailboxes:
    """Opens mailboxes for sending over the connections of their profiles.

    Args:
        profiles: The connections.
        turn: When requests may be sent: the lease of a connection.
    """

    def __init__(self, profiles: ProfileConnections, turn: Turn) -> None:
        self._profiles = profiles
        self._turn = turn

    @asynccontextmanager
    async def open(self, run: DeliveryRun) -> AsyncIterator[EwsOutgoingMailbox]:
        """Give the mailbox."""
        opened = self._profiles.client(run.profileid, mailboxid=run.mailboxid, turn=self._turn, sends=True)
        async with opened as (client, mailbox):
            yield EwsOutgoingMailbox(client, mailbox)


def _trail(place: Place, item: Item) -> Trail:
    identifier = item.item_id
    return Trail(
        place,
        identifier.id if identifier else "",
        identifier.change_key if identifier else None,
        is_draft=bool(item.is_draft),
        message_id=item.internet_message_id if isinstance(item, Message) else None,
    )


def _new_item(message: OutgoingMessage) -> NewItem:
    values: dict[AnyFieldURI, object] = {
        FieldURI("item:Subject"): message.subject,
        FieldURI("item:Body"): Body(message.body, BodyType.HTML),
        FieldURI("item:Importance"): _IMPORTANCE.get(message.importance, Importance.NORMAL).value,
        FieldURI("message:ToRecipients"): _mailboxes(message.to),
        STAMP: str(message.activityid),
    }
    optional: dict[AnyFieldURI, object] = {
        FieldURI("message:CcRecipients"): _mailboxes(message.cc),
        FieldURI("message:BccRecipients"): _mailboxes(message.bcc),
        FieldURI("message:From"): _mailbox(message.sender) if message.sender else None,
        FieldURI("message:IsReadReceiptRequested"): message.read_receipt,
        FieldURI("message:IsDeliveryReceiptRequested"): message.delivery_receipt,
        FieldURI("item:InReplyTo"): message.in_reply_to,
        FieldURI("message:References"): message.references,
        _CONVERSATION_INDEX: message.conversation_index,
    }
    return NewItem("Message", values | {uri: value for uri, value in optional.items() if value})


def _mailboxes(addresses: Sequence[Address]) -> tuple[Mailbox, ...]:
    return tuple([_mailbox(address) for address in addresses])


def _mailbox(address: Address) -> Mailbox:
    return Mailbox(
        address.name or None, address.address, address.routing if address.routing != "SMTP" else None
    )


def _reader(chunks: Iterator[bytes]) -> Callable[[int], bytes]:
    """Return a ``read`` over pieces of any size."""
    rest = b""

    def read(size: int) -> bytes:
        nonlocal rest
        if not rest:
            rest = next(chunks, b"")
        piece, rest = rest[:size], rest[size:]
        return piece

    return read
