"""Writes the appointments, contacts and tasks of one mailbox, many with one request."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from serversync.adapters import act_facts
from serversync.adapters.act_calendar import SHAPE, heard_of
from serversync.adapters.act_facts import More, of
from serversync.adapters.act_items import kept_as_sent, new_values, values_of
from serversync.adapters.act_search import Search
from serversync.adapters.act_shown_names import follow
from serversync.adapters.act_side import ELEMENTS, FOLDERS, Side
from serversync.adapters.stamps import RECORD_STAMP
from serversync.core.errors import AnswerUnreadable, ChangeConflict, Permanent, ServiceError, ValueRefused
from serversync.engine.act_ports import ItemToChange, ItemToMake, Written
from serversync.exchange import outcome as ews
from serversync.exchange.operations.create_item import CreateItem, SendMeetingInvitations
from serversync.exchange.operations.delete_item import (
    AffectedTaskOccurrences,
    DeleteItem,
    DeleteType,
    SendMeetingCancellations,
)
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.operation import Operation
from serversync.exchange.operations.update_item import (
    ConflictResolution,
    ItemChange,
    SendMeetingInvitationsOrCancellations,
    UpdateItem,
)
from serversync.exchange.outcome import Outcome
from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.types.writing import NewItem
from serversync.rules.attachments import PREFIX
from serversync.rules.pictures import PICTURE
from serversync.rules.plan import Sight
from serversync.rules.record import MEETINGS, TASKS, Fields, Kind

T = TypeVar("T", ItemToMake, ItemToChange)
S = TypeVar("S")

_AT_ONCE: Final = 100
_TEXT_AT_ONCE: Final = 2**21
"""So many characters of values go into one request."""
_BEYOND: Final = "(a time of it lies outside all calendars)"


class Writer:
    """Writes items.

    Args:
        side: The mailbox.
        search: Looks for what may have been written before a refusal.
    """

    def __init__(self, side: Side, search: Search) -> None:
        self._side = side
        self._search = search

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        """See ``ActMailbox``; who tracks by category sees that it is tracked."""
        more = await self._more(kind, {each.stamp: each.fields for each in items})
        if kind is Kind.SERIES:
            return [await self._side.series.create(each, more[each.stamp]) for each in items]
        if kind is Kind.APPOINTMENT:
            made = await _grouped(
                items,
                lambda each: self._side.calendar.invitations(each.fields, each.changed),
                partial(self._create, kind, more),
            )
            return await self._files(kind, items, made)
        silent = SendMeetingInvitations.SEND_TO_NONE if kind is Kind.SERVICE else None
        made = await self._create(kind, more, items, silent)
        if kind is Kind.CONTACT:
            return await self._picture(items, made, is_new=True)
        return await self._files(kind, items, made)

    async def _files(
        self,
        kind: Kind,
        items: Sequence[ItemToMake | ItemToChange],
        outcomes: list[Written | ServiceError],
    ) -> list[Written | ServiceError]:
        """Attach files to items that were written, and take away those that they are to lose."""
        side = self._side.attachments.get(kind)
        for number, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
            if isinstance(outcome, Written) and any(name.startswith(PREFIX) for name in item.fields):
                if side is None:
                    outcomes[number] = outcome._replace(aside={PREFIX: None})
                else:
                    outcomes[number] = await side.write(outcome, item.fields)
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
                if self._side.pictures is None:
                    outcomes[number] = outcome._replace(aside={PICTURE: None})
                else:
                    wanted = item.fields[PICTURE]
                    outcomes[number] = await self._side.pictures.write(outcome, wanted, is_new=is_new)
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
            for found in await self._search.stamped(kind, item.stamp, {FOLDERS[kind]: Sight.SEEN}):
                return Written(found.item.item_id, found.item.change_key)
            return (await self._write([item], ask, again, partial(self._kept, kind)))[0]

        return await self._write(items, ask, again, partial(self._kept, kind))

    def _kept(self, kind: Kind, item: ItemToMake) -> Fields | None:
        """Return what a new item says, where that follows from what was written."""
        if kind is Kind.APPOINTMENT:
            return self._side.calendar.kept_as_sent(item.stamp, item.fields)
        if kind is Kind.SERVICE:
            return self._side.copies.kept_as_sent(item.stamp, item.fields)
        return kept_as_sent(kind, item.fields)

    def _new_values(self, kind: Kind, item: ItemToMake) -> dict[AnyFieldURI, Any]:
        if kind is Kind.APPOINTMENT:
            return self._side.calendar.new_values(item.stamp, item.fields, item.changed)
        if kind is Kind.SERVICE:
            return self._side.copies.new_values(item.stamp, item.fields)
        category = None if kind in self._side.takes_all else self._side.category
        return new_values(kind, item.stamp, item.fields, category)

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        """See ``ActMailbox``."""
        is_meeting = kind in MEETINGS
        known: dict[UUID, Fields] = {
            each.crmid: {**each.before, **each.fields} if is_meeting else each.fields
            for each in items
            if each.crmid is not None
        }
        more = await self._more(kind, known)
        if kind is Kind.SERIES:
            return [await self._side.series.update(each, of(more, each.crmid)) for each in items]
        if kind is Kind.APPOINTMENT:
            written = await _grouped(
                items,
                lambda each: self._side.calendar.updates(heard_of(each.fields, each.changed), each.before),
                partial(self._update, kind, more),
            )
            return await self._files(kind, items, written)
        if kind is Kind.CONTACT:
            shown = await follow(self._side.client, self._side.mailbox, items)
            more = {**more, **{key: {**of(more, key), **values} for key, values in shown.items()}}
        silent = SendMeetingInvitationsOrCancellations.SEND_TO_NONE if kind is Kind.SERVICE else None
        changed = await self._update(kind, more, items, silent)
        if kind is Kind.CONTACT:
            return await self._picture(items, changed)
        return await self._files(kind, items, changed)

    async def _more(self, kind: Kind, records: Mapping[UUID, Fields]) -> More:
        is_shared = self._side.calendar.invites if kind in MEETINGS else None
        return await act_facts.more(self._side.facts, kind, records, is_shared)

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
        try:
            return item.stamp is not None or bool(self._values(kind, item.fields))
        except OverflowError:
            return True  # whoever writes it says why it cannot be

    def _values(self, kind: Kind, fields: Fields) -> dict[AnyFieldURI, Any]:
        if kind is Kind.SERVICE:
            return self._side.copies.values(fields)
        return self._side.calendar.values(fields) if kind is Kind.APPOINTMENT else values_of(kind, fields)

    def _item_change(self, kind: Kind, item: ItemToChange, more: Mapping[AnyFieldURI, Any]) -> ItemChange:
        values = self._values(kind, item.fields) if item.fields else {}  # most get their stamp alone
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
            answers = await self._side.client.call(ask(part), mailbox=self._side.mailbox)
        except Permanent as error:
            return [error] if len(part) == 1 else [await again(each) for each in part]
        except OverflowError:  # the request could not even be made
            if len(part) == 1:
                return [ValueRefused(response_code="ErrorCalendarOutOfRange", message=_BEYOND)]
            return [await again(each) for each in part]
        return [_written(answer, kept(each)) for each, answer in zip(part, answers, strict=True)]

    async def delete(self, kind: Kind, item: Written) -> None:
        """See ``ActMailbox``. DeleteItem asks for no version; the item is read once more just before."""
        if kind is Kind.SERIES:
            await self._side.series.delete(item)
            return
        shape = SHAPE if kind is Kind.APPOINTMENT else ItemShape()
        (outcome,) = await self._side.client.call(
            GetItem((ItemId(item.item_id),), shape), mailbox=self._side.mailbox
        )
        current = outcome.unwrap()
        if current.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._side.mailbox or "", kind=kind.value)
        cancellations = None
        if kind is Kind.APPOINTMENT:
            cancellations = self._side.calendar.cancellations(item.item_id, current)
        elif kind is Kind.SERVICE:
            cancellations = SendMeetingCancellations.SEND_TO_NONE
        request = DeleteItem(
            (ItemId(item.item_id),),
            DeleteType.MOVE_TO_DELETED_ITEMS,
            send_meeting_cancellations=cancellations,
            affected_task_occurrences=AffectedTaskOccurrences.ALL_OCCURRENCES if kind in TASKS else None,
        )
        (deleted,) = await self._side.client.call(request, mailbox=self._side.mailbox)
        deleted.unwrap()


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
        if part and (len(part) == _AT_ONCE or size + length > _TEXT_AT_ONCE):
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
