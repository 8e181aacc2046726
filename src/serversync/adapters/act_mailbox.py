"""The appointments, contacts and tasks of one mailbox over Exchange Web Services, as the engine sees them.

What the fields are called on either side stands in ``serversync.mapping``; here it is only asked for and written.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from msgspec import structs

from serversync.adapters import act_facts
from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import SHAPE, SHAPE_WITH_FILES, Calendar
from serversync.adapters.act_facts import More, of
from serversync.adapters.act_items import fields_of, kept_as_sent, new_values, shape, stamp_of, values_of
from serversync.adapters.act_pictures import Pictures
from serversync.adapters.act_series_mailbox import EwsSeries
from serversync.adapters.act_subfolders import Subfolders
from serversync.adapters.act_task_items import trouble_of
from serversync.adapters.stamps import RECORD_STAMP
from serversync.core.clock import now
from serversync.core.errors import (
    AnswerUnreadable,
    ChangeConflict,
    ItemGone,
    ItemUnreadable,
    Permanent,
    ServiceError,
)
from serversync.engine.act_ports import FeedPage, Found, Heard, Item, ItemToChange, ItemToMake, Written
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations import sync_folder_items as sync
from serversync.exchange.operations.create_item import CreateItem, SendMeetingInvitations
from serversync.exchange.operations.delete_item import AffectedTaskOccurrences, DeleteItem, DeleteType
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.operations.find_item import FindItem
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.operation import Operation
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.operations.update_item import (
    ConflictResolution,
    ItemChange,
    SendMeetingInvitationsOrCancellations,
    UpdateItem,
)
from serversync.exchange.outcome import Outcome
from serversync.exchange.types.calendar_item import CLEAN_GLOBAL_OBJECT_ID, CalendarItem, CalendarItemType
from serversync.exchange.types.contact import Contact
from serversync.exchange.types.fields import AnyFieldURI, FieldURI, IndexedFieldURI
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId, ItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.restriction import AllOf, Exists, Not, Restriction, any_equal_to, is_equal_to
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.types.task import Task
from serversync.exchange.types.writing import NewItem
from serversync.rules.attachments import PREFIX
from serversync.rules.pictures import PICTURE
from serversync.rules.plan import Facts, Sight
from serversync.rules.record import Fields, Kind

T = TypeVar("T", ItemToMake, ItemToChange)
S = TypeVar("S")

TRACKED_CATEGORY: Final = "Tracked to Dynamics 365"
"""Who puts it on an item asks for it to be tracked; the name where no setting says otherwise."""

ELEMENTS: Final = {
    Kind.CONTACT: "Contact",
    Kind.TASK: "Task",
    Kind.APPOINTMENT: "CalendarItem",
    Kind.SERIES: "CalendarItem",
}
"""The element of an item of each kind."""
FOLDERS: Final = {
    Kind.CONTACT: DistinguishedFolderId("contacts"),
    Kind.TASK: DistinguishedFolderId("tasks"),
    Kind.APPOINTMENT: DistinguishedFolderId("calendar"),
    Kind.SERIES: DistinguishedFolderId("calendar"),
}
"""The folder that is kept in step for each kind."""
_TOLD: Final[dict[Kind, tuple[AnyFieldURI, ...]]] = {Kind.SERIES: (FieldURI("calendar:CalendarItemType"),)}
"""What the feed is asked to say of each item."""
_DELETED: Final = DistinguishedFolderId("deleteditems")
_FIRST_ADDRESS: Final = IndexedFieldURI("contacts:EmailAddress", "EmailAddress1")
_PAGE: Final = 512
_READ_AT_ONCE: Final = 100
_WRITTEN_AT_ONCE: Final = 100
_TEXT_AT_ONCE: Final = 2**21
"""So many characters of values go into one request."""
_KEYS_AT_ONCE: Final = 100
_FOLDERS_AT_ONCE: Final = 50
_MEETINGS: Final = frozenset({Kind.APPOINTMENT, Kind.SERIES})
_KEYS: Final = {
    Kind.CONTACT: "emailaddress1",
    Kind.APPOINTMENT: "globalobjectid",
    Kind.SERIES: "globalobjectid",
}


class Extent(NamedTuple):
    """What takes part by settings: tasks that were assigned to the owner, and what lies in sub-folders of the calendar."""

    assigned_tasks: bool = False
    subfolders: bool = True


REFERENCE: Final = Extent()
"""As the settings come."""


class EwsActMailbox:
    """``ActMailbox`` over an EWS client.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        takes_all: Kinds of which every item takes part; of the others those with the category.
        category: The category.
        extent: What takes part by settings.
        calendar: How appointments are read and written.
        facts: Says what items say of their records; ``None`` where they say nothing.
        pictures: How photos of contacts are; without it they are left alone.
        attachments: How files of appointments are; without it they are left alone.
    """

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        client: EwsClient,
        mailbox: str | None,
        *,
        takes_all: frozenset[Kind] = frozenset(),
        category: str = TRACKED_CATEGORY,
        extent: Extent = REFERENCE,
        calendar: Calendar | None = None,
        facts: act_facts.Facts | None = None,
        pictures: Pictures | None = None,
        attachments: Attachments | None = None,
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._takes_all = takes_all
        self._category = category
        self._takes_assigned = extent.assigned_tasks
        self._calendar = calendar or Calendar(mailbox or "", now, category=category)
        self._facts = facts
        self._pictures = pictures
        self._subfolders = Subfolders(
            client, mailbox, self._calendar.clock, are_synchronized=extent.subfolders
        )
        self._attachments = attachments
        self._series = EwsSeries(client, mailbox, self._calendar)

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        """See ``ActMailbox``."""
        if kind not in _MEETINGS:
            return await self._page(kind, FOLDERS[kind], position)
        return await self._subfolders.feed(position, partial(self._page, kind))

    async def _page(self, kind: Kind, folder: AnyFolderId, position: str | None) -> FeedPage:
        request = SyncFolderItems(
            folder=folder,
            sync_state=position,
            max_changes=_PAGE,
            additional_properties=_TOLD.get(kind, ()),
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        page = outcome.unwrap()
        heard = [
            Heard(change.item_id.id, change.item_id.change_key or "", isinstance(change, sync.Delete))
            for change in page.changes
            if not isinstance(change, sync.ReadFlagChange) and _concerns(kind, change)
        ]
        return FeedPage(heard, page.sync_state, page.includes_last)

    async def read(self, kind: Kind, item_ids: Sequence[str]) -> list[Item | ServiceError]:
        """See ``ActMailbox``; photos and files of what nobody tracks are not looked at.

        What lies in a sub-folder of the calendar that takes no part any more is not under its id.
        """
        read = await self._read(kind, item_ids, lambda item: item.takes_part or item.stamp is not None)
        away = await self._subfolders.elsewhere(item_ids) if kind in _MEETINGS else set()
        if not away:
            return read
        return [ItemGone() if key in away else each for key, each in zip(item_ids, read, strict=True)]

    async def _read(
        self, kind: Kind, item_ids: Sequence[str], shows: Callable[[Item], bool] = lambda _: True
    ) -> list[Item | ServiceError]:
        """Read items; ``shows`` says of which ones photo and files are looked at too."""
        if kind is Kind.SERIES:
            return await self._series.read(item_ids)
        read: list[Item | ServiceError] = []
        with_files: set[int] = set()
        for start in range(0, len(item_ids), _READ_AT_ONCE):
            part = tuple(ItemId(each) for each in item_ids[start : start + _READ_AT_ONCE])
            outcomes = await self._client.call_bisecting(
                GetItem(part, self._shape(kind)), mailbox=self._mailbox
            )
            for item_id, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, ews.Failure):
                    read.append(outcome.error)
                else:
                    item = outcome.unwrap()
                    if self._has_files(kind, item):
                        with_files.add(len(read))
                    read.append(self._item(kind, item_id, item))
        return await self._with_files(kind, read, with_files, shows) if with_files else read

    def _shape(self, kind: Kind) -> ItemShape:
        if kind is not Kind.APPOINTMENT:
            return shape(kind)
        return SHAPE if self._attachments is None else SHAPE_WITH_FILES

    def _has_files(self, kind: Kind, item: EwsItem) -> bool:
        """Tell whether an item has a photo, or files that are of concern."""
        if kind is Kind.CONTACT:
            return isinstance(item, Contact) and bool(item.has_picture)
        return kind is Kind.APPOINTMENT and self._attachments is not None and bool(item.has_attachments)

    async def _with_files(
        self,
        kind: Kind,
        read: list[Item | ServiceError],
        numbers: Collection[int],
        shows: Callable[[Item], bool],
    ) -> list[Item | ServiceError]:
        """Return what was read, with the photos and files of those that have some and are shown."""
        side: Pictures | Attachments | None = self._pictures if kind is Kind.CONTACT else self._attachments
        items = {n: item for n in numbers if isinstance(item := read[n], Item)}
        shown = [item for item in items.values() if shows(item) and not _is_private(item)]
        seen = {} if side is None else await side.of(shown)
        unseen: dict[str, ServiceError | None] = {PICTURE if kind is Kind.CONTACT else PREFIX: None}
        for number, item in items.items():
            read[number] = seen.get(item.item_id) or structs.replace(item, aside=unseen)
        return read

    def _item(self, kind: Kind, asked: ItemId, item: EwsItem) -> Item | ServiceError:
        if kind is Kind.APPOINTMENT:
            return ItemGone() if _is_series(item) else self._calendar.item(asked.id, item)
        if item.item_id is None or item.element != ELEMENTS[kind]:
            return ItemUnreadable(item=asked.id)
        takes_part = kind in self._takes_all or self._category in item.categories
        stamp = stamp_of(item)
        if takes_part or stamp is not None:
            trouble = trouble_of(item, self._mailbox or "", takes_assigned=self._takes_assigned)
            if trouble is not None:
                return trouble
        return Item(
            item.item_id.id,
            item.item_id.change_key or "",
            stamp,
            fields_of(kind, item),
            item.subject or "",
            takes_part=takes_part,
            changed_on=item.last_modified_time,
            facts=Facts(is_completed=isinstance(item, Task) and bool(item.is_complete)),
            created_on=item.date_time_created,
        )

    async def find(self, kind: Kind, stamp: UUID) -> list[Found]:
        """See ``ActMailbox``."""
        near: dict[AnyFolderId, Sight] = dict.fromkeys(await self._places(kind), Sight.SEEN)
        near[_DELETED] = Sight.GONE
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

    async def _places(self, kind: Kind) -> tuple[AnyFolderId, ...]:
        """Return the folders that are kept in step for a kind."""
        return (FOLDERS[kind], *(await self._subfolders.ids() if kind in _MEETINGS else ()))

    async def _search(self, kind: Kind, stamp: UUID, places: Mapping[AnyFolderId, Sight]) -> list[Found]:
        request = FindItem(folders=tuple(places), restriction=is_equal_to(RECORD_STAMP, str(stamp)))
        sights: dict[str, Sight] = {}
        outcomes = await self._client.call(request, mailbox=self._mailbox)
        for sight, outcome in zip(places.values(), outcomes, strict=True):
            if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                continue  # the folder has gone since it was listed
            for item in outcome.unwrap().items:
                if item.item_id is not None and item.element == ELEMENTS[kind]:
                    sights[item.item_id.id] = sight
        read = await self._read(kind, list(sights), lambda item: sights.get(item.item_id) is Sight.SEEN)
        found = [Found(each, sights[each.item_id]) for each in read if isinstance(each, Item)]
        unread = [each for each in read if isinstance(each, ServiceError) and not isinstance(each, ItemGone)]
        if unread and not found:
            raise unread[0]
        return found

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        """See ``ActMailbox``; contacts are the same where their first e-mail address is, meetings where their id is."""
        keys = [_key(kind, fields) for fields in records]
        wanted = list(dict.fromkeys(each for each in keys if each is not None))
        ids: dict[str, None] = {}
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            is_same = _any_with_key(kind, wanted[start : start + _KEYS_AT_ONCE])
            request = FindItem(
                folders=await self._places(kind), restriction=AllOf((Not(Exists(RECORD_STAMP)), is_same))
            )
            for outcome in await self._client.call(request, mailbox=self._mailbox):
                if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                    continue  # the folder has gone since it was looked for
                ids.update((each.item_id.id, None) for each in outcome.unwrap().items if each.item_id)
        found: dict[str, list[Item]] = {}
        for each in await self._read(kind, list(ids)):
            if isinstance(each, Item) and each.stamp is None and (key := _key(kind, each.fields)):
                found.setdefault(key, []).append(each)
        return [found[key].pop(0) if key is not None and found.get(key) else None for key in keys]

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        """See ``ActMailbox``; who tracks by category sees that it is tracked."""
        more = await self._more(kind, {each.stamp: each.fields for each in items})
        if kind is Kind.SERIES:
            return [await self._series.create(each, more[each.stamp]) for each in items]
        if kind is Kind.APPOINTMENT:
            made = await _grouped(
                items, lambda each: self._calendar.invitations(each.fields), partial(self._create, kind, more)
            )
            return await self._files(items, made)
        made = await self._create(kind, more, items, None)
        return await self._picture(items, made, is_new=True) if kind is Kind.CONTACT else made

    async def _files(
        self, items: Sequence[ItemToMake | ItemToChange], outcomes: list[Written | ServiceError]
    ) -> list[Written | ServiceError]:
        """Attach files to appointments that were written, and take away those that they are to lose."""
        for number, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
            if isinstance(outcome, Written) and any(name.startswith(PREFIX) for name in item.fields):
                if self._attachments is None:
                    outcomes[number] = outcome._replace(aside={PREFIX: None})
                else:
                    outcomes[number] = await self._attachments.write(outcome, item.fields)
        return outcomes

    async def _picture(
        self,
        items: Sequence[ItemToMake | ItemToChange],
        outcomes: list[Written | ServiceError],
        *,
        is_new: bool = False,
    ) -> list[Written | ServiceError]:
        """Write the photos of contacts that were written, where they are to get one or to lose theirs."""
        for number, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
            if PICTURE in item.fields and isinstance(outcome, Written):
                if self._pictures is None:
                    outcomes[number] = outcome._replace(aside={PICTURE: None})
                else:
                    wanted = item.fields[PICTURE]
                    outcomes[number] = await self._pictures.write(outcome, wanted, is_new=is_new)
        return outcomes

    async def _create(
        self, kind: Kind, more: More, items: Sequence[ItemToMake], invitations: SendMeetingInvitations | None
    ) -> list[Written | ServiceError]:
        def ask(part: Sequence[ItemToMake]) -> CreateItem:
            new = tuple(
                NewItem(ELEMENTS[kind], {**self._new_values(kind, each), **more[each.stamp]}) for each in part
            )
            return CreateItem(
                items=new, send_meeting_invitations=invitations, saved_item_folder=FOLDERS[kind]
            )

        async def again(item: ItemToMake) -> Written | ServiceError:
            for found in await self._search(kind, item.stamp, {FOLDERS[kind]: Sight.SEEN}):
                return Written(found.item.item_id, found.item.change_key)
            return (await self._write([item], ask, again, partial(self._kept, kind)))[0]

        return await self._write(items, ask, again, partial(self._kept, kind))

    def _kept(self, kind: Kind, item: ItemToMake) -> Fields | None:
        """Return what a new item says, where that follows from what was written."""
        if kind is Kind.APPOINTMENT:
            return self._calendar.kept_as_sent(item.stamp, item.fields)
        return kept_as_sent(kind, item.fields)

    def _new_values(self, kind: Kind, item: ItemToMake) -> dict[AnyFieldURI, Any]:
        if kind is Kind.APPOINTMENT:
            return self._calendar.new_values(item.stamp, item.fields)
        category = None if kind in self._takes_all else self._category
        return new_values(kind, item.stamp, item.fields, category)

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        """See ``ActMailbox``."""
        is_meeting = kind in _MEETINGS
        known: dict[UUID, Fields] = {
            each.crmid: {**each.before, **each.fields} if is_meeting else each.fields
            for each in items
            if each.crmid is not None
        }
        more = await self._more(kind, known)
        if kind is Kind.SERIES:
            return [await self._series.update(each, of(more, each.crmid)) for each in items]
        if kind is Kind.APPOINTMENT:
            written = await _grouped(
                items,
                lambda each: self._calendar.updates(each.fields, each.before),
                partial(self._update, kind, more),
            )
            return await self._files(items, written)
        changed = await self._update(kind, more, items, None)
        return await self._picture(items, changed) if kind is Kind.CONTACT else changed

    async def _more(self, kind: Kind, records: Mapping[UUID, Fields]) -> More:
        is_shared = self._calendar.invites if kind in _MEETINGS else None
        return await act_facts.more(self._facts, kind, records, is_shared)

    async def _update(
        self,
        kind: Kind,
        more: More,
        items: Sequence[ItemToChange],
        told: SendMeetingInvitationsOrCancellations | None,
    ) -> list[Written | ServiceError]:
        def ask(part: Sequence[ItemToChange]) -> UpdateItem:
            return UpdateItem(
                item_changes=tuple(self._item_change(kind, each, of(more, each.crmid)) for each in part),
                conflict_resolution=ConflictResolution.NEVER_OVERWRITE,
                message_disposition=None,
                send_meeting_invitations_or_cancellations=told,
            )

        async def again(item: ItemToChange) -> Written | ServiceError:
            return (await self._write([item], ask, again))[0]

        changed = [each for each in items if self._says_something(kind, each)]
        outcomes = iter(await self._write(changed, ask, again))
        # What has no property of its own, such as the names of attendees, needs no request.
        return [next(outcomes) if self._says_something(kind, each) else each.item for each in items]

    def _says_something(self, kind: Kind, item: ItemToChange) -> bool:
        return item.stamp is not None or bool(self._values(kind, item.fields))

    def _values(self, kind: Kind, fields: Fields) -> dict[AnyFieldURI, Any]:
        return self._calendar.values(fields) if kind is Kind.APPOINTMENT else values_of(kind, fields)

    def _item_change(self, kind: Kind, item: ItemToChange, more: Mapping[AnyFieldURI, Any]) -> ItemChange:
        values = self._values(kind, item.fields)
        return ItemChange(
            ItemId(item.item.item_id, item.item.change_key),
            ELEMENTS[kind],
            {uri: value for uri, value in values.items() if value is not None}
            | ({RECORD_STAMP: str(item.stamp)} if item.stamp is not None else {})
            | dict(more),
            tuple(uri for uri, value in values.items() if value is None),
        )

    async def _write(
        self,
        items: Sequence[T],
        ask: Callable[[Sequence[T]], Operation[EwsItem]],
        again: Callable[[T], Awaitable[Written | ServiceError]],
        kept: Callable[[T], Fields | None] = lambda _: None,
    ) -> list[Written | ServiceError]:
        """Write items, many with one request; where it is refused as a whole, each by itself.

        Args:
            items: What to write.
            ask: Makes the request for some of them.
            again: Writes one of them after a refusal, which does not tell whether some were written before it.
            kept: Says what one of them is afterwards, where that follows from what is written.
        """
        outcomes: list[Written | ServiceError] = []
        for part in _parts(items):
            try:
                outcomes += await self._write_part(part, ask, again, kept)
            except ServiceError as error:
                return outcomes + [error] * (len(items) - len(outcomes))
        return outcomes

    async def _write_part(
        self,
        part: Sequence[T],
        ask: Callable[[Sequence[T]], Operation[EwsItem]],
        again: Callable[[T], Awaitable[Written | ServiceError]],
        kept: Callable[[T], Fields | None],
    ) -> list[Written | ServiceError]:
        try:
            answers = await self._client.call(ask(part), mailbox=self._mailbox)
        except Permanent as error:
            return [error] if len(part) == 1 else [await again(each) for each in part]
        return [_written(answer, kept(each)) for each, answer in zip(part, answers, strict=True)]

    async def delete(self, kind: Kind, item: Written) -> None:
        """See ``ActMailbox``. DeleteItem asks for no version; the item is read once more just before."""
        if kind is Kind.SERIES:
            await self._series.delete(item)
            return
        shape = SHAPE if kind is Kind.APPOINTMENT else ItemShape()
        (outcome,) = await self._client.call(GetItem((ItemId(item.item_id),), shape), mailbox=self._mailbox)
        current = outcome.unwrap()
        if current.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "", kind=kind.value)
        cancellations = self._calendar.cancellations(item.item_id, current)
        request = DeleteItem(
            (ItemId(item.item_id),),
            DeleteType.MOVE_TO_DELETED_ITEMS,
            send_meeting_cancellations=cancellations if kind is Kind.APPOINTMENT else None,
            affected_task_occurrences=AffectedTaskOccurrences.ALL_OCCURRENCES if kind is Kind.TASK else None,
        )
        (deleted,) = await self._client.call(request, mailbox=self._mailbox)
        deleted.unwrap()


def _concerns(kind: Kind, change: sync.Change) -> bool:
    """Tell whether a change is one of the kind, as far as it says; singles and series lie in the same folder."""
    if kind is not Kind.SERIES or not isinstance(change, sync.Create | sync.Update):
        return True
    # One that is no series (any more) is only of concern where it may have been one.
    return _is_series(change.item) or isinstance(change, sync.Update)


def _is_series(item: EwsItem) -> bool:
    return isinstance(item, CalendarItem) and item.calendar_item_type is CalendarItemType.RECURRING_MASTER


def _is_private(item: Item) -> bool:
    return item.appointment is not None and item.appointment.is_private


def _key(kind: Kind, fields: Fields) -> str | None:
    """Return what items of a kind are recognised by; tasks by nothing."""
    name = _KEYS.get(kind)
    key = fields.get(name) if name is not None else None
    return key.lower() if isinstance(key, str) and key else None


def _any_with_key(kind: Kind, keys: Sequence[str]) -> Restriction:
    if kind in _MEETINGS:
        ids = tuple(b64encode(bytes.fromhex(key)).decode() for key in keys)
        return any_equal_to(CLEAN_GLOBAL_OBJECT_ID, ids)
    return any_equal_to(_FIRST_ADDRESS, tuple(keys))


async def _grouped(
    items: Sequence[T],
    switch: Callable[[T], S],
    write: Callable[[Sequence[T], S], Awaitable[list[Written | ServiceError]]],
) -> list[Written | ServiceError]:
    """Write items, those with the same switch of the request together, and return the outcomes in order."""
    groups: dict[S, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault(switch(item), []).append(number)
    outcomes: dict[int, Written | ServiceError] = {}
    for chosen, numbers in groups.items():
        outcomes.update(zip(numbers, await write([items[n] for n in numbers], chosen), strict=True))
    return [outcomes[number] for number in range(len(items))]


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield items in parts that one request can carry: so many, and not too much text in all."""
    part: list[T] = []
    size = 0
    for item in items:
        length = sum([len(value) for value in item.fields.values() if isinstance(value, str)])
        if part and (len(part) == _WRITTEN_AT_ONCE or size + length > _TEXT_AT_ONCE):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part


def _written(outcome: Outcome[EwsItem], kept: Fields | None) -> Written | ServiceError:
    if isinstance(outcome, ews.Failure):
        return outcome.error
    item = outcome.unwrap()
    if item.item_id is None:
        return AnswerUnreadable(operation="CreateItem or UpdateItem", reason="it holds no id of the item")
    return Written(item.item_id.id, item.item_id.change_key or "", kept)
