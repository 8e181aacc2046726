"""The series of one mailbox over Exchange Web Services: a master, and the occurrences of it that are not as it says.

A series takes several requests: one for the master, then one for each occurrence that changes. Each is written on the
condition that it still is as it was seen, and what a request has changed is not written again, so that one may be killed
between any two of them. What was written so is not believed but read again: the outcome carries no change key.

A pattern that is written takes the changes of single occurrences away, here and in Outlook; the engine names those
that stay (``rules.series.changes.carried_along``), and they are written again.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_series_items import (
    occurrence_value,
    occurrence_values,
    series_fields,
    series_values,
    texts_of,
    timetable_of_item,
)
from serversync.adapters.stamps import RECORD_STAMP
from serversync.core.errors import (
    AnswerUnreadable,
    ChangeConflict,
    ItemGone,
    ItemUnreadable,
    SeriesNotExpressible,
    ServiceError,
)
from serversync.engine.act_ports import Item, ItemToChange, ItemToMake, Written
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_item import CreateItem, SendMeetingInvitations
from serversync.exchange.operations.delete_item import DeleteItem, DeleteType, SendMeetingCancellations
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.update_item import (
    ConflictResolution,
    ItemChange,
    SendMeetingInvitationsOrCancellations,
    UpdateItem,
)
from serversync.exchange.types.calendar_item import SERIES_FIELDS, CalendarItem, CalendarItemType
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.ids import AnyItemId, DistinguishedFolderId, ItemId, OccurrenceItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.types.writing import NewItem
from serversync.mapping.appointment import MASKED_SUBJECT
from serversync.mapping.identity import global_object_id_of_series, series_of
from serversync.rules.record import Fields, Value
from serversync.rules.series.changes import (
    DELETED,
    NEVER,
    PREFIX,
    carried_along,
    changed_days,
    ends_on,
    of_series,
    own_of,
    resets_occurrences,
)
from serversync.rules.series.timetable import PATTERN, TIMES, Timetable, timetable_of

SHAPE: Final = ItemShape(body_type=BodyType.TEXT, additional_properties=(*SERIES_FIELDS, RECORD_STAMP))
"""What is asked for of a master and of its changed occurrences."""
_ELEMENT: Final = "CalendarItem"
_CALENDAR: Final = DistinguishedFolderId("calendar")
_READ_AT_ONCE: Final = 100
_COLUMNS: Final = {PATTERN: "recurrencepattern", TIMES: "scheduledstart"}
"""What the rules of meetings call the fields of a series; a single occurrence changes when the meeting is."""


_SHOWN_OF_PRIVATE: Final = frozenset({"statecode", "organizer", "globalobjectid"})
"""What the CRM hears of a private series besides when it is."""


class EwsSeries:
    """Reads and writes the series of a mailbox.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        calendar: How meetings are read and written, and who hears of a change.
    """

    def __init__(self, client: EwsClient, mailbox: str | None, calendar: Calendar) -> None:
        self._client = client
        self._mailbox = mailbox
        self._calendar = calendar

    # --- reading ----------------------------------------------------------------------------------

    async def read(self, item_ids: Sequence[str]) -> list[Item | ServiceError]:
        """Return one outcome for each item; ``ItemGone`` where it is no series (any more)."""
        masters = await self._get([ItemId(each) for each in item_ids])
        wanted = [
            info.item_id
            for master in masters
            if isinstance(master, CalendarItem)
            for info in master.modified_occurrences
            if info.item_id is not None
        ]
        found = await self._get(wanted)
        occurrences = {item_id.id: each for item_id, each in zip(wanted, found, strict=True)}
        return [self._item(each, occurrences) for each in masters]

    async def _get(self, item_ids: Sequence[AnyItemId]) -> list[CalendarItem | ServiceError]:
        items: list[CalendarItem | ServiceError] = []
        for start in range(0, len(item_ids), _READ_AT_ONCE):
            part = tuple(item_ids[start : start + _READ_AT_ONCE])
            outcomes = await self._client.call_bisecting(GetItem(part, SHAPE), mailbox=self._mailbox)
            items += [
                each.error if isinstance(each, ews.Failure) else _calendar_item(each.unwrap())
                for each in outcomes
            ]
        return items

    def _item(
        self, master: CalendarItem | ServiceError, occurrences: Mapping[str, CalendarItem | ServiceError]
    ) -> Item | ServiceError:
        if isinstance(master, ServiceError):
            return master
        if master.item_id is None or master.calendar_item_type is not CalendarItemType.RECURRING_MASTER:
            return ItemGone()
        changed: list[CalendarItem] = []
        for info in master.modified_occurrences:
            one = occurrences.get(info.item_id.id) if info.item_id is not None else None
            if isinstance(one, CalendarItem):
                changed.append(one)
            elif one is None or not isinstance(one, ItemGone):
                return one or ItemUnreadable(response_code="an occurrence without an id")
        stamp, takes_part = _stamp_of(master), self._calendar.category in master.categories
        global_id = master.clean_global_object_id
        item = Item(
            master.item_id.id,
            master.item_id.change_key or "",
            stamp,
            {},
            master.subject or "",
            takes_part=takes_part,
            changed_on=master.last_modified_time,
            created_on=master.date_time_created,
            becomes=series_of(global_id) if global_id else None,
        )
        is_masked = self._calendar.says(master, NEVER).is_private
        meeting = self._calendar.of_meeting(master)
        try:
            fields = series_fields(master, changed, is_masked=is_masked)
            over_on = ends_on(timetable_of_item(master), fields)
        except ValueError as reason:
            if stamp is None and not takes_part:  # nobody has asked for it
                return item
            return SeriesNotExpressible(subject=master.subject or "", reason=str(reason))
        if is_masked:
            meeting = {name: value for name, value in meeting.items() if name in _SHOWN_OF_PRIVATE}
        return replace(
            item,
            fields=fields | meeting,
            title=MASKED_SUBJECT if is_masked else item.title,
            appointment=self._calendar.says(master, over_on),
        )

    # --- writing ----------------------------------------------------------------------------------

    async def create(self, item: ItemToMake) -> Written | ServiceError:
        """Make a series with its stamp, then what is different about single occurrences."""
        try:
            timetable = timetable_of(item.fields.get(PATTERN), item.fields.get(TIMES))
            values = series_values(item.fields, timetable) | self._calendar.meeting_values(item.fields)
        except ValueError as reason:
            return _not_expressible(item.fields, reason)
        given = {uri: value for uri, value in values.items() if value is not None}
        given |= {RECORD_STAMP: str(item.stamp), FieldURI("item:Categories"): (self._calendar.category,)}
        if (
            item.fields.get("globalobjectid") is None
        ):  # otherwise it was there before, and is another meeting now
            given[FieldURI("calendar:UID")] = global_object_id_of_series(item.stamp)
        invitations = self._calendar.invitations_of(_in_columns(item.fields), ends_on(timetable, item.fields))
        request = CreateItem(
            items=(NewItem(_ELEMENT, given),),
            send_meeting_invitations=invitations,
            saved_item_folder=_CALENDAR,
        )
        try:
            (outcome,) = await self._client.call(request, mailbox=self._mailbox)
            written = _written(outcome.unwrap())
            changes = {
                day: value
                for day, value in changed_days(item.fields).items()
                if timetable.recurrence.falls_on(day)
            }
            if changes:
                tells = invitations is not SendMeetingInvitations.SEND_TO_NONE
                await self._change_occurrences(written.item_id, changes, {}, tells=tells)
                return Written(written.item_id, "")
        except ServiceError as error:
            return error
        return written

    async def update(self, item: ItemToChange) -> Written | ServiceError:
        """Change the master, then single occurrences; each on the condition that it is as it was seen."""
        fields = carried_along(item.fields, item.before)
        after = {**item.before, **fields}
        is_reset = resets_occurrences(fields)
        try:
            timetable = timetable_of(after.get(PATTERN), after.get(TIMES))
            values = series_values(fields, timetable if is_reset else None)
            values |= self._calendar.meeting_values(fields)
        except ValueError as reason:
            return _not_expressible(after, reason)
        if item.stamp is not None:
            values[RECORD_STAMP] = str(item.stamp)
        before = {} if is_reset else changed_days(item.before)
        wanted = {name: value for name, value in fields.items() if name.startswith(PREFIX)}
        changes = {
            date.fromisoformat(name.removeprefix(PREFIX)): value
            for name, value in wanted.items()
            if value is not None or not is_reset
        }
        if any(before.get(day) == DELETED and value != DELETED for day, value in changes.items()):
            return _not_expressible(after, ValueError("Exchange brings no deleted occurrence back"))
        try:
            await self._check(item.item)
            over_on = ends_on(timetable, of_series(after))
            of_master = {name: value for name, value in fields.items() if name not in wanted}
            told = self._calendar.updates_of(_in_columns(of_master), item.before, over_on)
            written = await self._change_master(item.item, values, told)
            if changes:
                single = self._calendar.updates_of(_in_columns(wanted), after, over_on)
                tells = single is not SendMeetingInvitationsOrCancellations.SEND_TO_NONE
                await self._change_occurrences(item.item.item_id, changes, before, tells=tells)
                return Written(item.item.item_id, "")
        except ServiceError as error:
            return error
        return written

    async def delete(self, item: Written) -> None:
        """Move a series to *Deleted Items*; its attendees hear of it where occurrences lie ahead.

        Raises:
            ChangeConflict: it is another one by now.
            ItemGone: it is not there.
        """
        (master,) = await self._get([ItemId(item.item_id)])
        if isinstance(master, ServiceError):
            raise master
        if master.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "")
        try:
            timetable = timetable_of_item(master)
        except ValueError as reason:
            raise SeriesNotExpressible(subject=master.subject or "", reason=str(reason)) from reason
        last = timetable.recurrence.last()
        says = self._calendar.says(master, NEVER if last is None else timetable.end(last))
        await self._delete(ItemId(item.item_id), self._calendar.cancellations_of(says))

    async def _change_master(
        self, item: Written, values: Mapping[AnyFieldURI, Any], told: SendMeetingInvitationsOrCancellations
    ) -> Written:
        if not values:
            return item
        change = _item_change(ItemId(item.item_id, item.change_key), values)
        return await self._update(change, told)

    async def _check(self, item: Written) -> None:
        """Look whether a series still is as it was seen.

        Raises:
            ChangeConflict: it is another one by now.
        """
        (master,) = await self._get([ItemId(item.item_id)])
        if isinstance(master, ServiceError):
            raise master
        if master.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "")

    async def _change_occurrences(
        self, master_id: str, changes: Mapping[date, Value], before: Mapping[date, Value], *, tells: bool
    ) -> None:
        """Change single occurrences, as far as the series has them."""
        (master,) = await self._get([ItemId(master_id)])
        if isinstance(master, ServiceError):
            raise master
        timetable, texts = timetable_of_item(master), texts_of(master)
        for day, value in changes.items():
            index = timetable.recurrence.index_of(day)
            if index is not None and value != before.get(day):
                change = _Change(OccurrenceItemId(master_id, index), day, value, before.get(day))
                await self._change_occurrence(change, timetable, texts, tells=tells)

    async def _change_occurrence(
        self, change: "_Change", timetable: Timetable, texts: Fields, *, tells: bool
    ) -> None:
        """Change one occurrence, unless it is that way already.

        Raises:
            ChangeConflict: somebody has changed it meanwhile.
        """
        day, value, before = change.day, change.value, change.before
        (seen,) = await self._get([change.occurrence])
        if isinstance(seen, ServiceError):
            if isinstance(seen, ItemGone) and value == DELETED:
                return
            raise ChangeConflict(mailbox=self._mailbox or "") if isinstance(seen, ItemGone) else seen
        if seen.item_id is None:
            raise AnswerUnreadable(operation="GetItem", reason="it holds no id of the occurrence")
        is_now = occurrence_value(timetable, texts, day, seen)
        if is_now == value:
            return
        if is_now != before:
            raise ChangeConflict(mailbox=self._mailbox or "")
        if value == DELETED:
            cancellations = SendMeetingCancellations
            await self._delete(
                seen.item_id,
                cancellations.SEND_TO_ALL_AND_SAVE_COPY if tells else cancellations.SEND_TO_NONE,
            )
            return
        values = occurrence_values(timetable, texts, day, now=own_of(value), before=own_of(before))
        if values:
            updates = SendMeetingInvitationsOrCancellations
            await self._update(
                _item_change(seen.item_id, values),
                updates.SEND_TO_ALL_AND_SAVE_COPY if tells else updates.SEND_TO_NONE,
            )

    async def _update(self, change: ItemChange, told: SendMeetingInvitationsOrCancellations) -> Written:
        request = UpdateItem(
            item_changes=(change,),
            conflict_resolution=ConflictResolution.NEVER_OVERWRITE,
            message_disposition=None,
            send_meeting_invitations_or_cancellations=told,
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        return _written(outcome.unwrap())

    async def _delete(self, item_id: ItemId, told: SendMeetingCancellations) -> None:
        request = DeleteItem((item_id,), DeleteType.MOVE_TO_DELETED_ITEMS, send_meeting_cancellations=told)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        outcome.unwrap()


class _Change(NamedTuple):
    """What is to become of one occurrence: from what it is believed to be to what it shall be."""

    occurrence: OccurrenceItemId
    day: date
    value: Value
    before: Value


def _calendar_item(item: EwsItem) -> CalendarItem | ServiceError:
    return item if isinstance(item, CalendarItem) else ItemGone()


def _item_change(item_id: ItemId, values: Mapping[AnyFieldURI, Any]) -> ItemChange:
    return ItemChange(
        item_id,
        _ELEMENT,
        {uri: value for uri, value in values.items() if value is not None},
        tuple(uri for uri, value in values.items() if value is None),
    )


def _in_columns(fields: Fields) -> dict[str, Value]:
    """Return fields by the names that the rules of meetings know."""
    return {
        "scheduledstart" if name.startswith(PREFIX) else _COLUMNS.get(name, name): value
        for name, value in fields.items()
    }


def _not_expressible(fields: Fields, reason: ValueError) -> SeriesNotExpressible:
    return SeriesNotExpressible(subject=str(fields.get("subject") or ""), reason=str(reason))


def _stamp_of(item: CalendarItem) -> UUID | None:
    try:
        return UUID(str(item.extended_properties.get(RECORD_STAMP)))
    except ValueError:
        return None


def _written(item: EwsItem) -> Written:
    if item.item_id is None:
        raise AnswerUnreadable(operation="CreateItem or UpdateItem", reason="it holds no id of the item")
    return Written(item.item_id.id, item.item_id.change_key or "")
