"""Reads the appointments, contacts and tasks of one mailbox, with their photos and files."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import structs

from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import SHAPE, SHAPE_WITH_FILES
from serversync.adapters.act_items import fields_of, shape, stamp_of
from serversync.adapters.act_other_kinds import of_another_kind, with_classes
from serversync.adapters.act_pictures import Pictures
from serversync.adapters.act_search_keys import search_key_of, with_search_key
from serversync.adapters.act_side import ELEMENTS, Side, is_series
from serversync.adapters.act_task_items import trouble_of
from serversync.core.errors import ItemGone, ItemOfAnotherKind, ItemUnreadable, ServiceError
from serversync.engine.act_ports import Item
from serversync.exchange import outcome as ews
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.contact import Contact
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.types.task import Task
from serversync.rules.attachments import PREFIX
from serversync.rules.pictures import PICTURE
from serversync.rules.plan import Facts
from serversync.rules.record import Kind

_AT_ONCE: Final = 100


class Reader:
    """Reads items as the engine sees them.

    Args:
        side: The mailbox.
    """

    def __init__(self, side: Side) -> None:
        self._side = side

    async def read(
        self,
        kind: Kind,
        item_ids: Sequence[str],
        shows: Callable[[Item], bool] = lambda _: True,
        *,
        with_key: bool = False,
    ) -> list[Item | ServiceError]:
        """Read items.

        Args:
            kind: Their kind.
            item_ids: Their ids.
            shows: Says of which ones photo and files are looked at too.
            with_key: Whether their search keys are asked for too.

        Returns:
            For each the item, or why it could not be read.
        """
        read = await self._read(kind, item_ids, shows, with_key=with_key)
        if not any(isinstance(each, ItemOfAnotherKind) for each in read):
            return read
        return await with_classes(self._side.client, self._side.mailbox, item_ids, read)

    async def _read(
        self, kind: Kind, item_ids: Sequence[str], shows: Callable[[Item], bool], *, with_key: bool
    ) -> list[Item | ServiceError]:
        if kind is Kind.SERIES:
            return await self._side.series.read(item_ids, with_key=with_key)
        wanted = with_search_key(self._shape(kind)) if with_key else self._shape(kind)
        read: list[Item | ServiceError] = []
        with_files: set[int] = set()
        for start in range(0, len(item_ids), _AT_ONCE):
            part = tuple(ItemId(each) for each in item_ids[start : start + _AT_ONCE])
            outcomes = await self._side.client.call_bisecting(
                GetItem(part, wanted), mailbox=self._side.mailbox
            )
            for item_id, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, ews.Failure):
                    read.append(outcome.error)
                else:
                    item = outcome.unwrap()
                    if self._has_files(kind, item):
                        with_files.add(len(read))
                    one = self._item(kind, item_id, item)
                    if with_key and isinstance(one, Item):
                        one = structs.replace(one, search_key=search_key_of(item))
                    read.append(one)
        return await self._with_files(kind, read, with_files, shows) if with_files else read

    def _shape(self, kind: Kind) -> ItemShape:
        if kind is Kind.SERVICE:
            return SHAPE
        has_files = kind in self._side.attachments
        if kind is not Kind.APPOINTMENT:
            return shape(kind, has_files)
        return SHAPE_WITH_FILES if has_files else SHAPE

    def _has_files(self, kind: Kind, item: EwsItem) -> bool:
        """Tell whether an item has a photo, or files that are of concern."""
        if kind is Kind.CONTACT:
            return isinstance(item, Contact) and bool(item.has_picture)
        return bool(item.has_attachments) and kind in self._side.attachments

    async def _with_files(
        self,
        kind: Kind,
        read: list[Item | ServiceError],
        numbers: Collection[int],
        shows: Callable[[Item], bool],
    ) -> list[Item | ServiceError]:
        """Return what was read, with the photos and files of those that have some and are shown."""
        side: Pictures | Attachments | None = (
            self._side.pictures if kind is Kind.CONTACT else self._side.attachments.get(kind)
        )
        items = {n: item for n in numbers if isinstance(item := read[n], Item)}
        shown = [item for item in items.values() if shows(item) and not _is_private(item)]
        seen = {} if side is None else await side.of(shown)
        unseen: dict[str, ServiceError | None] = {PICTURE if kind is Kind.CONTACT else PREFIX: None}
        for number, item in items.items():
            read[number] = seen.get(item.item_id) or structs.replace(item, aside={**item.aside, **unseen})
        return read

    def _item(self, kind: Kind, asked: ItemId, item: EwsItem) -> Item | ServiceError:
        if item.element != ELEMENTS[kind]:
            return of_another_kind(kind, item, self._side.mailbox or "")
        if kind is Kind.APPOINTMENT:
            return ItemGone() if is_series(item) else self._side.calendar.item(asked.id, item)
        if kind is Kind.SERVICE:
            return self._side.copies.item(asked.id, item)
        if item.item_id is None:
            return ItemUnreadable(item=asked.id)
        takes_part = kind in self._side.takes_all or self._side.category in item.categories
        stamp = stamp_of(item)
        if takes_part or stamp is not None:
            trouble = trouble_of(item, self._side.mailbox or "", takes_assigned=self._side.takes_assigned)
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


def _is_private(item: Item) -> bool:
    return item.appointment is not None and item.appointment.is_private
