"""Single occurrences of the series of one mailbox over Exchange Web Services, read, changed and deleted one by one.

Each is read just before it is written: one that is that way already is not written again, and one that is not as it was
seen was changed by somebody, and is decided anew.

A changed occurrence keeps the list of people that it had when the list of its series is changed. So it gets the new one
as well, and nobody hears of that: whoever is new was invited to the whole series with its occurrences as they are.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_other_kinds import of_another_kind
from serversync.adapters.act_search_keys import with_search_key
from serversync.adapters.act_series_items import (
    occurrence_changes,
    occurrence_times,
    occurrence_value,
    text_values,
    texts_of,
    timetable_of_item,
)
from serversync.adapters.stamps import RECORD_STAMP, REGARDING_URI
from serversync.core import faults
from serversync.core.errors import AnswerUnreadable, ChangeConflict, ItemGone, ServiceError
from serversync.engine.act_ports import Written
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.delete_item import DeleteItem, DeleteType, SendMeetingCancellations
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.update_item import (
    ConflictResolution,
    ItemChange,
    SendMeetingInvitationsOrCancellations,
    UpdateItem,
)
from serversync.exchange.types.calendar_item import SERIES_FIELDS, CalendarItem
from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.types.ids import AnyItemId, ItemId, OccurrenceItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.mapping.appointment import INVITED
from serversync.rules.record import Fields, Kind, Value
from serversync.rules.series.changes import DELETED, Own, own_of, without
from serversync.rules.series.timetable import Timetable

SHAPE: Final = ItemShape(
    body_type=BodyType.TEXT, additional_properties=(*SERIES_FIELDS, RECORD_STAMP, REGARDING_URI)
)
"""What is asked for of a master and of its changed occurrences."""
ELEMENT: Final = "CalendarItem"
_READ_AT_ONCE: Final = 100
_Told = SendMeetingInvitationsOrCancellations


class Occurrences:
    """Reads and writes single occurrences, and masters one by one.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        calendar: How meetings are read and written, and who hears of a change.
    """

    def __init__(self, client: EwsClient, mailbox: str | None, calendar: Calendar) -> None:
        self._client = client
        self._mailbox = mailbox
        self._calendar = calendar

    def says(self, item: CalendarItem) -> dict[str, Value]:
        """Return what a master or an occurrence says but for its times: its texts, and who is invited."""
        return texts_of(item) | self._calendar.invited(item)

    async def get(
        self, item_ids: Sequence[AnyItemId], *, with_key: bool = False
    ) -> list[CalendarItem | ServiceError]:
        """Return one outcome for each item; with its search key where that is asked for."""
        shape = with_search_key(SHAPE) if with_key else SHAPE
        items: list[CalendarItem | ServiceError] = []
        for start in range(0, len(item_ids), _READ_AT_ONCE):
            part = tuple(item_ids[start : start + _READ_AT_ONCE])
            outcomes = await self._client.call_bisecting(GetItem(part, shape), mailbox=self._mailbox)
            items += [
                each.error if isinstance(each, ews.Failure) else self._calendar_item(each.unwrap())
                for each in outcomes
            ]
        return items

    def _calendar_item(self, item: EwsItem) -> CalendarItem | ServiceError:
        if isinstance(item, CalendarItem):
            return item
        return of_another_kind(Kind.SERIES, item, self._mailbox or "")

    async def change(
        self,
        master_id: str,
        wanted: Mapping[date, Value],
        before: Mapping[date, Value],
        over_on: datetime,
        *,
        follow: bool = False,
        quiet: frozenset[date] = frozenset(),
    ) -> bool:
        """Change single occurrences, as far as the series has them; return whether there were any to change.

        Args:
            master_id: The series.
            wanted: What is to become of occurrences, by their days.
            before: What each is believed to be.
            over_on: When the series is over.
            follow: Whether the people of the series were changed, so that its changed occurrences get them too.
            quiet: The days of which nobody hears, because everybody knows them already.

        Raises:
            ChangeConflict: somebody has changed one of them meanwhile.
            ServiceError: Exchange cannot be written now.
        """
        (master,) = await self.get([ItemId(master_id)])
        if isinstance(master, ServiceError):
            raise master
        timetable = timetable_of_item(master)
        changes = {day: value for day, value in wanted.items() if value != before.get(day)}
        followers = await self._followers(master, timetable, before, changes) if follow else []
        # What is changed as well follows first, so that nobody hears of the change who was told with the series.
        steps = [_Change(day, before.get(day), before.get(day), follows=True) for day in followers]
        steps += [_Change(day, value, before.get(day), follows=False) for day, value in changes.items()]
        for change in steps:
            index = timetable.recurrence.index_of(change.day)
            if index is not None:
                is_quiet = change.day in quiet
                item = OccurrenceItemId(master_id, index)
                await self._change(item, change, master, timetable, over_on, is_quiet=is_quiet)
                faults.reach("act.occurrence-written")
        return bool(steps)

    async def _followers(
        self,
        master: CalendarItem,
        timetable: Timetable,
        before: Mapping[date, Value],
        changes: Mapping[date, Value],
    ) -> list[date]:
        """Return changed occurrences that do not have the people of their series as they had before."""
        known = [each for each in master.modified_occurrences if each.item_id and each.original_start]
        found = await self.get([each.item_id for each in known if each.item_id is not None])
        shared = self.says(master)
        followers: list[date] = []
        for info, seen in zip(known, found, strict=True):
            if isinstance(seen, ServiceError) or info.original_start is None:
                continue  # one that is gone meanwhile follows nobody
            day = timetable.day_of(info.original_start)
            is_now = occurrence_value(timetable, shared, day, seen, self.says(seen))
            if is_now not in (DELETED, before.get(day), changes.get(day, before.get(day))):
                followers.append(day)
        return followers

    async def _change(
        self,
        occurrence: OccurrenceItemId,
        change: "_Change",
        master: CalendarItem,
        timetable: Timetable,
        over_on: datetime,
        *,
        is_quiet: bool,
    ) -> None:
        """Change one occurrence, unless it is that way already.

        Raises:
            ChangeConflict: somebody has changed it meanwhile.
        """
        day, value, before = change.day, change.value, change.before
        (seen,) = await self.get([occurrence])
        if isinstance(seen, ServiceError):
            if isinstance(seen, ItemGone) and value == DELETED:
                return
            raise ChangeConflict(mailbox=self._mailbox or "") if isinstance(seen, ItemGone) else seen
        if seen.item_id is None:
            raise AnswerUnreadable(operation="GetItem", reason="it holds no id of the occurrence")
        shared = self.says(master)
        is_now = occurrence_value(timetable, shared, day, seen, self.says(seen))
        if is_now == value:
            return
        is_as_seen = is_now == before or (
            change.follows and without(is_now, INVITED) == without(before, INVITED)
        )
        if not is_as_seen:
            raise ChangeConflict(mailbox=self._mailbox or "")
        told = _Told.SEND_TO_NONE
        if not (change.follows or is_quiet):
            told = self._told(master, shared, now=value, before=is_now, over_on=over_on)
        if value == DELETED:
            cancellations = SendMeetingCancellations
            is_told = told is not _Told.SEND_TO_NONE
            await self.delete(
                seen.item_id,
                cancellations.SEND_TO_ALL_AND_SAVE_COPY if is_told else cancellations.SEND_TO_NONE,
            )
            return
        values = self._values(timetable, shared, day, now=own_of(value), before=own_of(is_now))
        if values:
            await self.update(item_change(seen.item_id, values), told)

    def _values(
        self, timetable: Timetable, shared: Fields, day: date, *, now: Own, before: Own
    ) -> dict[AnyFieldURI, Any]:
        fields = occurrence_changes(shared, now=now, before=before)
        people = {name: value for name, value in fields.items() if name in INVITED}
        return (
            text_values(fields)
            | self._calendar.meeting_values(people)
            | occurrence_times(timetable, day, now=now, before=before)
        )

    def _told(
        self, master: CalendarItem, shared: Fields, *, now: Value, before: Value, over_on: datetime
    ) -> SendMeetingInvitationsOrCancellations:
        """Return who hears of a change of one occurrence: where only people were added or removed, these alone."""
        own, was = own_of(now), own_of(before)
        changed = occurrence_changes(shared, now=own, before=was)
        if now == DELETED or own.start != was.start or own.end != was.end or _others(own) != _others(was):
            changed["scheduledstart"] = own.start
        people = {name: dict(was.fields).get(name, shared.get(name)) for name in INVITED}
        organizer = self._calendar.of_meeting(master).get("organizer")
        seen = people if organizer is None else {**people, "organizer": organizer}
        return self._calendar.updates_of(changed, seen, over_on)

    async def update(self, change: ItemChange, told: SendMeetingInvitationsOrCancellations) -> Written:
        """Change a master or an occurrence on the condition that it still is as it was seen."""
        request = UpdateItem(
            item_changes=(change,),
            conflict_resolution=ConflictResolution.NEVER_OVERWRITE,
            message_disposition=None,
            send_meeting_invitations_or_cancellations=told,
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        return written(outcome.unwrap())

    async def delete(self, item_id: ItemId, told: SendMeetingCancellations) -> None:
        """Move a master to *Deleted Items*, or take an occurrence out of its series."""
        request = DeleteItem((item_id,), DeleteType.MOVE_TO_DELETED_ITEMS, send_meeting_cancellations=told)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        outcome.unwrap()


class _Change(NamedTuple):
    """What is to become of one occurrence: from what it is believed to be to what it shall be.

    Attributes:
        follows: It is to have the people of its series, which were changed, and nothing else; that it has others than it
            had is no edit, and nobody hears of it.
    """

    day: date
    value: Value
    before: Value
    follows: bool


def _others(own: Own) -> list[tuple[str, Value]]:
    """Return what an occurrence has of its own that is neither a text nor people."""
    return [each for each in own.fields if each[0] == "isalldayevent"]


def item_change(item_id: ItemId, values: Mapping[AnyFieldURI, Any]) -> ItemChange:
    """Return a change that sets properties, and takes those away that shall have no value."""
    return ItemChange(
        item_id,
        ELEMENT,
        {uri: value for uri, value in values.items() if value is not None},
        tuple(uri for uri, value in values.items() if value is None),
    )


def written(item: EwsItem) -> Written:
    """Return an item after a write.

    Raises:
        AnswerUnreadable: the answer does not say which item it was.
    """
    if item.item_id is None:
        raise AnswerUnreadable(operation="CreateItem or UpdateItem", reason="it holds no id of the item")
    return Written(item.item_id.id, item.item_id.change_key or "")
