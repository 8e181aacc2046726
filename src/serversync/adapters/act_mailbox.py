"""The contacts and tasks of one mailbox over Exchange Web Services, as the engine sees them.

What the fields are called on either side stands in ``serversync.mapping``; here it is only asked for and written.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from serversync.adapters.stamps import RECORD_STAMP
from serversync.core.errors import AnswerUnreadable, ChangeConflict, ItemGone, ItemUnreadable, ServiceError
from serversync.engine.act_ports import FeedPage, Found, Heard, Item, Written
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations import sync_folder_items as sync
from serversync.exchange.operations.create_item import CreateItem
from serversync.exchange.operations.delete_item import AffectedTaskOccurrences, DeleteItem, DeleteType
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.operations.find_item import FindItem
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.operations.update_item import ConflictResolution, ItemChange, UpdateItem
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI, IndexedFieldURI
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId, ItemId
from serversync.exchange.types.item import Body
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.reading import property_of
from serversync.exchange.types.restriction import is_equal_to
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.types.task import Task
from serversync.exchange.types.writing import NewItem
from serversync.mapping.fields import FIELDS, FieldMap
from serversync.mapping.values import Form, to_crm, to_exchange
from serversync.rules.plan import Sight
from serversync.rules.record import Fields, Kind, Value

TRACKED_CATEGORY: Final = "Tracked to Dynamics 365"
"""Who puts it on a task asks for it to be tracked."""

_ELEMENTS: Final = {Kind.CONTACT: "Contact", Kind.TASK: "Task"}
_FOLDERS: Final = {
    Kind.CONTACT: DistinguishedFolderId("contacts"),
    Kind.TASK: DistinguishedFolderId("tasks"),
}
_DELETED: Final = DistinguishedFolderId("deleteditems")
_CATEGORIES: Final = FieldURI("item:Categories")
_SUBJECT: Final = FieldURI("item:Subject")
_ALSO: Final[tuple[AnyFieldURI, ...]] = (
    FieldURI("item:LastModifiedTime"),
    FieldURI("item:DateTimeCreated"),
    _CATEGORIES,
    RECORD_STAMP,
)
_OF_KIND: Final[dict[Kind, tuple[AnyFieldURI, ...]]] = {Kind.TASK: (FieldURI("task:IsRecurring"),)}
_PAGE: Final = 512
_READ_AT_ONCE: Final = 100
_FOLDERS_AT_ONCE: Final = 50
_INDEXED: Final = re.compile(r"(?P<path>[^\[]+)\[(?P<key>[^\]]+)\]")


@lru_cache(maxsize=1024)
def field_uri(prop: str) -> AnyFieldURI:
    """Return the property that a row of the field map names.

    >>> field_uri("contacts:PhoneNumber[Pager]")
    IndexedFieldURI(field_uri='contacts:PhoneNumber', field_index='Pager')
    """
    if found := _INDEXED.fullmatch(prop):
        return IndexedFieldURI(found["path"], found["key"])
    if not prop.startswith("mapi:"):
        return FieldURI(prop)
    name = prop.removeprefix("mapi:")
    if "/" in name:
        set_id, _, number = name.partition("/")
        return ExtendedFieldURI(
            property_type="String", distinguished_property_set_id=set_id, property_id=int(number, 16)
        )
    return ExtendedFieldURI(property_type="String", property_tag=int(name, 16))


class EwsActMailbox:
    """``ActMailbox`` over an EWS client, for contacts and tasks.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        takes_all: Kinds of which every item takes part; of the others those with the category.
    """

    def __init__(
        self, client: EwsClient, mailbox: str | None, *, takes_all: frozenset[Kind] = frozenset()
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._takes_all = takes_all

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        """See ``ActMailbox``."""
        request = SyncFolderItems(folder=_FOLDERS[kind], sync_state=position, max_changes=_PAGE)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        page = outcome.unwrap()
        heard = [
            Heard(change.item_id.id, change.item_id.change_key or "", isinstance(change, sync.Delete))
            for change in page.changes
            if not isinstance(change, sync.ReadFlagChange)
        ]
        return FeedPage(heard, page.sync_state, page.includes_last)

    async def read(self, kind: Kind, item_ids: Sequence[str]) -> list[Item | ServiceError]:
        """See ``ActMailbox``."""
        read: list[Item | ServiceError] = []
        for start in range(0, len(item_ids), _READ_AT_ONCE):
            part = tuple(ItemId(each) for each in item_ids[start : start + _READ_AT_ONCE])
            outcomes = await self._client.call(GetItem(part, _shape(kind)), mailbox=self._mailbox)
            for item_id, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, ews.Failure):
                    read.append(outcome.error)
                else:
                    read.append(self._item(kind, item_id, outcome.unwrap()))
        return read

    def _item(self, kind: Kind, asked: ItemId, item: EwsItem) -> Item | ServiceError:
        if item.item_id is None or item.element != _ELEMENTS[kind]:
            return ItemUnreadable(item=asked.id)
        return Item(
            item.item_id.id,
            item.item_id.change_key or "",
            _stamp_of(item),
            fields_of(kind, item),
            item.subject or "",
            takes_part=(kind in self._takes_all or TRACKED_CATEGORY in item.categories)
            # The CRM has no recurring tasks; they stay in Exchange as they are.
            and not (isinstance(item, Task) and item.is_recurring),
            changed_on=item.last_modified_time,
            created_on=item.date_time_created,
        )

    async def find(self, kind: Kind, stamp: UUID) -> list[Found]:
        """See ``ActMailbox``."""
        near: dict[AnyFolderId, Sight] = {_FOLDERS[kind]: Sight.SEEN, _DELETED: Sight.GONE}
        found = await self._search(kind, stamp, near)
        if any(each.sight is Sight.SEEN for each in found):
            return found
        known = {each.item.item_id for each in found}
        request = FindFolder(
            parent_folder=DistinguishedFolderId("msgfolderroot"), traversal=FolderTraversal.DEEP
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        others = [folder.folder_id for folder in outcome.unwrap() if folder.folder_id is not None]
        for start in range(0, len(others), _FOLDERS_AT_ONCE):
            places: dict[AnyFolderId, Sight] = dict.fromkeys(
                others[start : start + _FOLDERS_AT_ONCE], Sight.AWAY
            )
            found += [
                each for each in await self._search(kind, stamp, places) if each.item.item_id not in known
            ]
        return found

    async def _search(self, kind: Kind, stamp: UUID, places: Mapping[AnyFolderId, Sight]) -> list[Found]:
        request = FindItem(folders=tuple(places), restriction=is_equal_to(RECORD_STAMP, str(stamp)))
        sights: dict[str, Sight] = {}
        outcomes = await self._client.call(request, mailbox=self._mailbox)
        for sight, outcome in zip(places.values(), outcomes, strict=True):
            if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                continue  # the folder has gone since it was listed
            for item in outcome.unwrap().items:
                if item.item_id is not None and item.element == _ELEMENTS[kind]:
                    sights[item.item_id.id] = sight
        read = await self.read(kind, list(sights))
        return [Found(each, sights[each.item_id]) for each in read if isinstance(each, Item)]

    async def twin(self, kind: Kind, fields: Fields) -> Item | None:
        """See ``ActMailbox``; contacts are the same where their first e-mail address is."""
        address = fields.get("emailaddress1")
        if kind is not Kind.CONTACT or not isinstance(address, str) or not address:
            return None
        request = FindItem(
            folders=(_FOLDERS[kind],),
            restriction=is_equal_to(IndexedFieldURI("contacts:EmailAddress", "EmailAddress1"), address),
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        ids = [item.item_id.id for item in outcome.unwrap().items if item.item_id is not None]
        for each in await self.read(kind, ids):
            if isinstance(each, Item) and each.stamp is None:
                return each
        return None

    async def create(self, kind: Kind, stamp: UUID, fields: Fields) -> Written:
        """See ``ActMailbox``; who tracks by category sees that it is tracked."""
        values = {uri: value for uri, value in _ews_values(kind, fields).items() if value is not None}
        values[RECORD_STAMP] = str(stamp)
        if kind not in self._takes_all:
            values[_CATEGORIES] = (TRACKED_CATEGORY,)
        request = CreateItem(items=(NewItem(_ELEMENTS[kind], values),), saved_item_folder=_FOLDERS[kind])
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        return _written("CreateItem", outcome.unwrap())

    async def update(
        self,
        kind: Kind,
        item: Written,
        fields: Fields,
        *,
        before: Fields,  # noqa: ARG002 - only appointments ask what has changed
        stamp: UUID | None = None,
    ) -> Written:
        """See ``ActMailbox``."""
        values = _ews_values(kind, fields)
        change = ItemChange(
            ItemId(item.item_id, item.change_key),
            _ELEMENTS[kind],
            {uri: value for uri, value in values.items() if value is not None}
            | ({RECORD_STAMP: str(stamp)} if stamp is not None else {}),
            tuple(uri for uri, value in values.items() if value is None),
        )
        request = UpdateItem(
            item_changes=(change,),
            conflict_resolution=ConflictResolution.NEVER_OVERWRITE,
            message_disposition=None,
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        return _written("UpdateItem", outcome.unwrap())

    async def delete(self, kind: Kind, item: Written) -> None:
        """See ``ActMailbox``. DeleteItem asks for no version; the item is read once more just before."""
        (current,) = await self._client.call(
            GetItem((ItemId(item.item_id),), ItemShape()), mailbox=self._mailbox
        )
        if current.unwrap().change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "", kind=kind.value)
        request = DeleteItem(
            (ItemId(item.item_id),),
            DeleteType.MOVE_TO_DELETED_ITEMS,
            affected_task_occurrences=AffectedTaskOccurrences.ALL_OCCURRENCES if kind is Kind.TASK else None,
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        outcome.unwrap()


@lru_cache(maxsize=8)
def _shape(kind: Kind) -> ItemShape:
    wanted = (*(field_uri(row.prop) for row in FIELDS[kind]), _SUBJECT, *_ALSO, *_OF_KIND.get(kind, ()))
    return ItemShape(body_type=BodyType.TEXT, additional_properties=tuple(dict.fromkeys(wanted)))


def fields_of(kind: Kind, item: EwsItem) -> dict[str, Value]:
    """Return an item in the words of the CRM; what says nothing is left out."""
    fields: dict[str, Value] = {}
    for row in FIELDS[kind]:
        value = to_crm(row.form, _plain(property_of(item, field_uri(row.prop))))
        if value is not None:
            fields[row.logicalname] = value
    return fields


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, Body) else value


def _ews_values(kind: Kind, fields: Fields) -> dict[AnyFieldURI, Any]:
    """Return properties with the values they shall have, ``None`` where they are to be taken away."""
    return {
        field_uri(row.prop): _ews_value(row, fields[row.logicalname])
        for row in FIELDS[kind]
        if row.logicalname in fields
    }


def _ews_value(row: FieldMap, value: Value) -> Any:
    written = to_exchange(row.form, value)
    return Body(written, BodyType.TEXT) if row.form is Form.NOTE and written is not None else written


def _stamp_of(item: EwsItem) -> UUID | None:
    try:
        return UUID(str(item.extended_properties.get(RECORD_STAMP)))
    except ValueError:
        return None


def _written(operation: str, item: EwsItem) -> Written:
    if item.item_id is None:
        raise AnswerUnreadable(operation=operation, reason="it holds no id of the item")
    return Written(item.item_id.id, item.item_id.change_key or "")
