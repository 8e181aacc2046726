"""The series of one mailbox over Exchange Web Services: a master, and the occurrences of it that are not as it says.

A series takes several requests: one for the master, then one for each occurrence that changes. Each is written on the
condition that it still is as it was seen, and what a request has changed is not written again, so that one may be killed
between any two of them. What was written so is not believed but read again: the outcome carries no change key.

A pattern that is written takes the changes of single occurrences away, here and in Outlook; the engine names those
that stay (``rules.series.changes.carried_along``), and they are written again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from serversync.adapters.act_calendar import UNSEEN_IN_PRIVATE, Calendar, heard_of, uid_of
from serversync.adapters.act_search_keys import search_key_of
from serversync.adapters.act_series_items import series_fields, series_values, timetable_of_item
from serversync.adapters.act_series_occurrences import ELEMENT, Occurrences, item_change, written
from serversync.adapters.stamps import RECORD_STAMP
from serversync.core import faults
from serversync.core.errors import (
    ChangeConflict,
    ItemGone,
    ItemUnreadable,
    SeriesNotExpressible,
    ServiceError,
)
from serversync.engine.act_ports import Item, ItemToChange, ItemToMake, Written
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_item import CreateItem
from serversync.exchange.operations.update_item import (
    SendMeetingInvitationsOrCancellations,
)
from serversync.exchange.types.calendar_item import CalendarItem, CalendarItemType
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.types.writing import NewItem
from serversync.mapping.appointment import INVITED, MASKED_SUBJECT
from serversync.mapping.identity import global_object_id_of_series, series_of
from serversync.rules.answers import RESPONSES, with_occurrences
from serversync.rules.record import Fields, Value
from serversync.rules.series.changes import (
    DELETED,
    NEVER,
    PREFIX,
    carried_along,
    changed_days,
    ends_on,
    field_of,
    of_series,
    resets_occurrences,
)
from serversync.rules.series.timetable import PATTERN, TIMES, Timetable, timetable_of

_CALENDAR: Final = DistinguishedFolderId("calendar")
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
        self._occurrences = Occurrences(client, mailbox, calendar)

    # --- reading ----------------------------------------------------------------------------------

    async def read(self, item_ids: Sequence[str], *, with_key: bool = False) -> list[Item | ServiceError]:
        """Return one outcome for each item; ``ItemGone`` where it is no series (any more)."""
        masters = await self._occurrences.get([ItemId(each) for each in item_ids], with_key=with_key)
        wanted = [
            info.item_id
            for master in masters
            if isinstance(master, CalendarItem)
            for info in master.modified_occurrences
            if info.item_id is not None
        ]
        found = await self._occurrences.get(wanted)
        occurrences = {item_id.id: each for item_id, each in zip(wanted, found, strict=True)}
        return [self._item(each, occurrences) for each in masters]

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
            search_key=search_key_of(master),
        )
        is_masked = self._calendar.says(master, NEVER).is_private
        meeting = self._calendar.of_meeting(master)
        try:
            fields = series_fields(master, changed, self._occurrences.says, is_masked=is_masked)
            timetable = timetable_of_item(master)
            over_on = ends_on(timetable, fields)
        except ValueError as reason:
            if stamp is None and not takes_part:  # nobody has asked for it
                return item
            return SeriesNotExpressible(subject=master.subject or "", reason=str(reason))
        if is_masked:
            meeting = {name: value for name, value in meeting.items() if name in _SHOWN_OF_PRIVATE}
        elif answers := self._answers(timetable, meeting.get(RESPONSES), changed):
            meeting[RESPONSES] = answers
        return replace(
            item,
            fields=fields | meeting,
            title=MASKED_SUBJECT if is_masked else item.title,
            appointment=self._calendar.says(master, over_on),
            aside=UNSEEN_IN_PRIVATE if is_masked else item.aside,
        )

    def _answers(self, timetable: Timetable, of_series: Value, changed: Sequence[CalendarItem]) -> Value:
        """Return who has answered the series what, and single occurrences otherwise."""
        single = {
            timetable.day_of(each.original_start): self._calendar.responses(each)
            for each in changed
            if each.original_start is not None and not each.is_cancelled
        }
        return with_occurrences(of_series, single)

    # --- writing ----------------------------------------------------------------------------------

    async def create(self, item: ItemToMake, more: Mapping[AnyFieldURI, Any]) -> Written | ServiceError:
        """Make a series with its stamp and these properties, then what is different about single occurrences."""
        try:
            timetable = timetable_of(item.fields.get(PATTERN), item.fields.get(TIMES))
            values = series_values(item.fields, timetable) | self._calendar.meeting_values(item.fields)
        except ValueError as reason:
            return _not_expressible(item.fields, reason)
        given = {uri: value for uri, value in values.items() if value is not None}
        given |= {
            RECORD_STAMP: str(item.stamp),
            FieldURI("item:Categories"): (self._calendar.category,),
            **more,
        }
        uid = uid_of(item.fields, global_object_id_of_series(item.stamp), item.changed)
        if uid is not None:
            given[FieldURI("calendar:UID")] = uid
        invitations = self._calendar.invitations_of(
            _in_columns(item.fields),
            ends_on(timetable, item.fields),
            None if item.changed is None else frozenset(_in_columns(dict.fromkeys(item.changed))),
        )
        request = CreateItem(
            items=(NewItem(ELEMENT, given),),
            send_meeting_invitations=invitations,
            saved_item_folder=_CALENDAR,
        )
        try:
            (outcome,) = await self._client.call(request, mailbox=self._mailbox)
            made = written(outcome.unwrap())
            faults.reach("act.series-written")
            changes = {
                day: value
                for day, value in changed_days(item.fields).items()
                if timetable.recurrence.falls_on(day)
            }
            if changes:
                await self._occurrences.change(
                    made.item_id,
                    changes,
                    {},
                    ends_on(timetable, item.fields),
                    quiet=_quiet(changes, item.changed),
                )
                return Written(made.item_id, "")
        except ServiceError as error:
            return error
        return made

    async def update(self, item: ItemToChange, more: Mapping[AnyFieldURI, Any]) -> Written | ServiceError:
        """Change the master, then single occurrences; each on the condition that it is as it was seen.

        ``more`` is written to the master where something else is.
        """
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
        if values:
            values |= more
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
            heard = _in_columns(heard_of(of_master, item.changed))
            told = self._calendar.updates_of(heard, item.before, over_on)
            changed = await self._change_master(item.item, values, told)
            faults.reach("act.series-written")
            follow = not is_reset and (item.follows or not of_master.keys().isdisjoint(INVITED))
            if (changes or follow) and await self._occurrences.change(
                item.item.item_id,
                changes,
                before,
                over_on,
                follow=follow,
                quiet=_quiet(changes, item.changed),
            ):
                return Written(item.item.item_id, "")
        except ServiceError as error:
            return error
        return changed

    async def delete(self, item: Written) -> None:
        """Move a series to *Deleted Items*; its attendees hear of it where occurrences lie ahead.

        Raises:
            ChangeConflict: it is another one by now.
            ItemGone: it is not there.
        """
        (master,) = await self._occurrences.get([ItemId(item.item_id)])
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
        await self._occurrences.delete(ItemId(item.item_id), self._calendar.cancellations_of(says))

    async def _change_master(
        self, item: Written, values: Mapping[AnyFieldURI, Any], told: SendMeetingInvitationsOrCancellations
    ) -> Written:
        if not values:
            return item
        change = item_change(ItemId(item.item_id, item.change_key), values)
        return await self._occurrences.update(change, told)

    async def _check(self, item: Written) -> None:
        """Look whether a series still is as it was seen.

        Raises:
            ChangeConflict: it is another one by now.
        """
        (master,) = await self._occurrences.get([ItemId(item.item_id)])
        if isinstance(master, ServiceError):
            raise master
        if master.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "")


def _in_columns(fields: Fields) -> dict[str, Value]:
    """Return fields by the names that the rules of meetings know."""
    return {
        "scheduledstart" if name.startswith(PREFIX) else _COLUMNS.get(name, name): value
        for name, value in fields.items()
    }


def _quiet(days: Iterable[date], changed: frozenset[str] | None) -> frozenset[date]:
    """Return the days of which nobody hears; ``changed`` is as in ``ItemToMake``."""
    if changed is None:
        return frozenset()
    return frozenset(day for day in days if field_of(day) not in changed)


def _not_expressible(fields: Fields, reason: ValueError) -> SeriesNotExpressible:
    return SeriesNotExpressible(subject=str(fields.get("subject") or ""), reason=str(reason))


def _stamp_of(item: CalendarItem) -> UUID | None:
    try:
        return UUID(str(item.extended_properties.get(RECORD_STAMP)))
    except ValueError:
        return None
