"""Appointments of one mailbox over Exchange Web Services: how an item is read, and what is written of a record.

Who hears of a change is decided in ``rules.appointment``; here it becomes the switch of a request. Only the organizer's
item is ever written with more than our own stamp, and nobody hears of that stamp.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from serversync.adapters.act_items import is_kept, stamp_of
from serversync.adapters.act_zones import zone_text_of
from serversync.adapters.stamps import RECORD_STAMP, REGARDING_URI
from serversync.core.errors import ItemUnreadable, ServiceError
from serversync.engine.act_ports import NOTHING_ASIDE, Item
from serversync.exchange.operations.create_item import SendMeetingInvitations
from serversync.exchange.operations.delete_item import SendMeetingCancellations
from serversync.exchange.operations.update_item import SendMeetingInvitationsOrCancellations
from serversync.exchange.types.calendar_item import (
    CALENDAR_ITEM_FIELDS,
    Attendee,
    CalendarItem,
    CalendarItemType,
)
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.item import Body, Sensitivity
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.message import Mailbox
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.zone_names import iana_name, windows_name
from serversync.mapping.appointment import (
    CANCELED,
    INVITED,
    MASKED_SUBJECT,
    RESPONSES,
    SHOWN_AS,
    Times,
    alone,
    pairs_of,
    people,
    people_of,
    shown_as,
    times_of,
    times_to_crm,
    times_to_exchange,
)
from serversync.mapping.identity import global_object_id, record_of
from serversync.mapping.values import Form, to_crm, to_exchange
from serversync.rules.appointment import (
    REFERENCE,
    InExchange,
    Meeting,
    Policy,
    PrivateItems,
    cancels,
    tells_attendees,
)
from serversync.rules.record import Fields, Value
from serversync.rules.regarding import REGARDING
from serversync.rules.series.zones import zone_of

SHAPE: Final = ItemShape(
    body_type=BodyType.TEXT, additional_properties=(*CALENDAR_ITEM_FIELDS, RECORD_STAMP, REGARDING_URI)
)
"""What is asked for of an appointment."""
SHAPE_WITH_FILES: Final = ItemShape(
    body_type=BodyType.TEXT,
    additional_properties=(*SHAPE.additional_properties, FieldURI("item:HasAttachments")),
)
"""The same where its files are of concern."""
UNSEEN_IN_PRIVATE: Final[dict[str, ServiceError | None]] = {REGARDING: None}
"""What a private item is about is not looked at: the CRM keeps what it has."""
_PRIVATE: Final = frozenset({Sensitivity.PERSONAL, Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL})
_NO_REMINDER_AFTER: Final = timedelta(days=7)
_ATTENDEES: Final = {
    "requiredattendees": FieldURI("calendar:RequiredAttendees"),
    "optionalattendees": FieldURI("calendar:OptionalAttendees"),
    "resources": FieldURI("calendar:Resources"),
}
_TEXTS: Final = {
    "subject": (FieldURI("item:Subject"), Form.TEXT),
    "description": (FieldURI("item:Body"), Form.NOTE),
    "location": (FieldURI("calendar:Location"), Form.TEXT),
    "prioritycode": (FieldURI("item:Importance"), Form.IMPORTANCE),
}
_KEPT: Final = {name: form for name, (_, form) in _TEXTS.items()} | {REGARDING: Form.REFERENCE}
_REMINDER: Final = FieldURI("item:ReminderIsSet")
_CATEGORIES: Final = FieldURI("item:Categories")
_UID: Final = FieldURI("calendar:UID")
_SHOWN_AS: Final = FieldURI("calendar:LegacyFreeBusyStatus")
_START: Final = FieldURI("calendar:Start")
_END: Final = FieldURI("calendar:End")
_ALL_DAY: Final = FieldURI("calendar:IsAllDayEvent")
_START_ZONE: Final = FieldURI("calendar:StartTimeZone")
_END_ZONE: Final = FieldURI("calendar:EndTimeZone")


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the appointments of a mailbox are read and written.

    Attributes:
        address: The mailbox's address.
        clock: Says the time: what is past is told to nobody.
        zone: The zone of the mailbox, by its Windows or IANA name; in it whole days are written.
        policy: The settings of meetings.
        category: Who puts it on an item asks for it to be tracked.
    """

    address: str
    clock: Callable[[], datetime]
    zone: str = "UTC"
    policy: Policy = REFERENCE
    category: str = "Tracked to Dynamics 365"

    def item(self, asked: str, item: EwsItem) -> Item | ServiceError:
        """Return an item as the rules see it; an error where it is no appointment or says not when it is."""
        if not isinstance(item, CalendarItem) or item.item_id is None or not (item.start and item.end):
            return ItemUnreadable(item=asked)
        says = self.says(item, item.end)
        try:
            fields = self._fields(item, item.start, item.end)
        except OverflowError:
            return ItemUnreadable(item=asked, response_code="its times lie outside all calendars")
        return Item(
            item.item_id.id,
            item.item_id.change_key or "",
            stamp_of(item),
            self._masked(fields) if says.is_private else fields,
            MASKED_SUBJECT if says.is_private else item.subject or "",
            takes_part=self.category in item.categories and _is_single(item),
            changed_on=item.last_modified_time,
            created_on=item.date_time_created,
            appointment=says,
            aside=UNSEEN_IN_PRIVATE if says.is_private else NOTHING_ASIDE,
            becomes=record_of(item.clean_global_object_id) if item.clean_global_object_id else None,
        )

    def says(self, item: CalendarItem, ends_on: datetime) -> InExchange:
        """Return what decides on an item; ``ends_on`` is when its last occurrence is over."""
        everybody = (*item.required_attendees, *item.optional_attendees, *item.resources)
        return InExchange(
            is_organizer=item.is_organizer,
            has_attendees=bool(self._addresses(item, everybody)),
            ends_on=ends_on,
            is_cancelled=bool(item.is_cancelled),
            is_private=item.sensitivity in _PRIVATE and self.policy.private is not PrivateItems.WHOLE,
        )

    def _fields(self, item: CalendarItem, start: datetime, end: datetime) -> dict[str, Value]:
        is_all_day = bool(item.is_all_day_event)
        zone = _zone(item, start) if is_all_day else None
        fields: dict[str, Value] = {
            "scheduledstart": tuple(times_to_crm(start, end, is_all_day=is_all_day, zone=zone)),
            "subject": to_crm(Form.TEXT, item.subject),
            "description": to_crm(Form.NOTE, item.body.text if item.body else None),
            "location": to_crm(Form.TEXT, item.location),
            "prioritycode": to_crm(Form.IMPORTANCE, item.importance),
            "ismapiprivate": item.sensitivity in _PRIVATE,
        }
        return {name: value for name, value in fields.items() if value is not None} | self.of_meeting(item)

    def of_meeting(self, item: CalendarItem) -> dict[str, Value]:
        """Return how an item shows, who takes part, what they have answered, what it is about, and which meeting it is."""
        status = SHOWN_AS.get(item.legacy_free_busy_status or "")
        fields: dict[str, Value] = {
            "statecode": CANCELED if item.is_cancelled else status,
            "organizer": self._organizer(item),
            "responsestatus": self.responses(item),
            "globalobjectid": item.clean_global_object_id,
        }
        if (about := item.extended_properties.get(REGARDING_URI)) is not None:
            fields[REGARDING] = to_crm(Form.REFERENCE, about)
        return {name: value for name, value in fields.items() if value is not None} | self.invited(item)

    def invited(self, item: CalendarItem) -> dict[str, Value]:
        """Return who is invited to an item, or to one occurrence of it; nobody is left out."""
        fields: dict[str, Value] = {
            "requiredattendees": self._addresses(item, item.required_attendees),
            "optionalattendees": self._addresses(item, item.optional_attendees),
            "resources": self._addresses(item, item.resources),
        }
        return {name: value for name, value in fields.items() if value is not None}

    @staticmethod
    def _masked(fields: dict[str, Value]) -> dict[str, Value]:
        """Return what the CRM hears of a private appointment: that there is one, when, and whose."""
        kept = ("scheduledstart", "statecode", "organizer", "ismapiprivate", "globalobjectid")
        return {"subject": MASKED_SUBJECT} | {name: fields[name] for name in kept if name in fields}

    def _organizer(self, item: CalendarItem) -> tuple[str, ...] | None:
        if item.is_organizer:
            return alone(self.address)
        return people([item.organizer.email_address]) if item.organizer else None

    def _addresses(self, item: CalendarItem, attendees: tuple[Attendee, ...]) -> tuple[str, ...] | None:
        """Return who is invited; the organizer, who is often among them in the CRM, is not."""
        if not attendees:
            return None
        own = self.address.lower() if item.is_organizer else None
        return people(
            [
                address
                for each in attendees
                if (address := each.mailbox.email_address) and address.lower() != own
            ]
        )

    def responses(self, item: CalendarItem) -> Value:
        """Return name and answer of everybody; in an attendee's mailbox nobody knows the answers of others."""
        everybody = (*item.required_attendees, *item.optional_attendees, *item.resources)
        if not everybody:
            return None
        said: dict[str, tuple[str, str | None, int | None]] = {}
        is_organizer, own = item.is_organizer, self.address.lower()
        for each in everybody:
            address = (each.mailbox.email_address or "").lower()
            answer = RESPONSES.get(each.response_type or "") if is_organizer else None
            if address == own and not is_organizer:
                answer = RESPONSES.get(item.my_response_type or "")
            if address and not (is_organizer and address == own):
                said[address] = (address, each.mailbox.name or None, answer)
        return tuple(said[address] for address in sorted(said)) or None

    # --- what is written --------------------------------------------------------------------------

    def new_values(
        self, stamp: UUID, fields: Fields, changed: frozenset[str] | None = None
    ) -> dict[AnyFieldURI, Any]:
        """Return what a new item shall have; ``changed`` is as in ``ItemToMake``."""
        values = self.values(fields, is_new=True)
        if None in values.values():
            values = {uri: value for uri, value in values.items() if value is not None}
        values[RECORD_STAMP] = str(stamp)
        values[_CATEGORIES] = (self.category,)
        uid = uid_of(fields, global_object_id(stamp), changed)
        if uid is not None:
            values[_UID] = uid
        begins_on = times_of(fields.get("scheduledstart")).start
        if shown_as(fields.get("statecode")) == "Free" or begins_on < self.clock() - _NO_REMINDER_AFTER:
            values[_REMINDER] = False
        return values

    def values(self, fields: Fields, *, is_new: bool = False) -> dict[AnyFieldURI, Any]:
        """Return properties with the values they shall have, ``None`` where they are to be taken away."""
        values: dict[AnyFieldURI, Any] = {}
        for name, (uri, form) in _TEXTS.items():
            if name in fields:
                value = fields[name]
                if form is Form.TEXT and value:
                    values[uri] = value
                    continue
                written = to_exchange(form, value)
                is_note = form is Form.NOTE and written is not None
                values[uri] = Body(written, BodyType.TEXT) if is_note else written
        if "scheduledstart" in fields:
            values |= self._times(times_of(fields["scheduledstart"]), is_new=is_new)
        return values | self.meeting_values(fields)

    def meeting_values(self, fields: Fields) -> dict[AnyFieldURI, Any]:
        """Return the same of how an item shows, what it is about, and of who is invited."""
        values: dict[AnyFieldURI, Any] = {}
        if "statecode" in fields:
            values[_SHOWN_AS] = shown = shown_as(fields["statecode"])
            if shown == "Free":
                values[_REMINDER] = False
        if REGARDING in fields:
            values[REGARDING_URI] = to_exchange(Form.REFERENCE, fields[REGARDING])
        names = pairs_of(fields.get("fullname"))
        for name, uri in _ATTENDEES.items():
            if name in fields:
                values[uri] = self._mailboxes(fields[name], names) or None
        return values

    def _times(self, times: Times, *, is_new: bool) -> dict[AnyFieldURI, Any]:
        start, end, is_all_day = times_to_exchange(times, _zone_named(self.zone))
        values: dict[AnyFieldURI, Any] = {_START: start, _END: end, _ALL_DAY: is_all_day}
        name = windows_name(self.zone) if is_new or is_all_day else None
        if name is not None:
            values[_START_ZONE] = values[_END_ZONE] = name
        return values

    def _mailboxes(self, value: Value, names: dict[str, Value]) -> tuple[Mailbox, ...]:
        return tuple(
            Mailbox(_text(names.get(address)), address, "SMTP" if "@" in address else "EX")
            for address in people_of(value)
            if address != self.address.lower()
        )

    def kept_as_sent(self, stamp: UUID, fields: Fields) -> dict[str, Value] | None:
        """Return what a new appointment says that was made with these fields; ``None`` where nobody can tell.

        What Exchange makes of people it decides with its directory, and whole days need a zone that it knows.
        """
        if self.invites(fields) or fields.get("globalobjectid") is not None:
            return None
        status = SHOWN_AS.get(shown_as(fields.get("statecode")))
        times = times_of(fields.get("scheduledstart"))
        if status is None or (times.is_all_day and windows_name(self.zone) is None):
            return None
        if any(each.second or each.microsecond for each in (times.start, times.end)):
            return None
        # What is the very same in the CRM is put into words once.
        is_in_utc = times.start.tzinfo is UTC and times.end.tzinfo is UTC
        kept: dict[str, Value] = {
            "scheduledstart": fields["scheduledstart"]
            if is_in_utc
            else (times.start.astimezone(UTC), times.end.astimezone(UTC), times.is_all_day),
            "statecode": fields["statecode"] if fields.get("statecode") == status else status,
            "organizer": alone(self.address),
            "ismapiprivate": False,
            "globalobjectid": global_object_id(stamp),
        }
        for name, form in _KEPT.items():
            value = fields.get(name)
            if value is None or value == "":
                continue
            if not is_kept(form, value):
                return None
            kept[name] = value
        return kept if "prioritycode" in kept else None

    # --- who hears of it --------------------------------------------------------------------------

    def invitations(self, fields: Fields, changed: frozenset[str] | None = None) -> SendMeetingInvitations:
        """Return whether the attendees of a new meeting hear of it; ``changed`` is as in ``ItemToMake``."""
        return self.invitations_of(fields, times_of(fields.get("scheduledstart")).end, changed)

    def invitations_of(
        self, fields: Fields, ends_on: datetime, changed: frozenset[str] | None = None
    ) -> SendMeetingInvitations:
        """Return the same of a meeting, or series, that is over at this time."""
        before = {} if changed is None else fields
        told = fields if changed is None else dict.fromkeys(changed)
        if self._tells(told, before, ends_on):
            return SendMeetingInvitations.SEND_TO_ALL_AND_SAVE_COPY
        return SendMeetingInvitations.SEND_TO_NONE

    def updates(self, fields: Fields, before: Fields) -> SendMeetingInvitationsOrCancellations:
        """Return who hears of a change: where only people were added or removed, these alone."""
        return self.updates_of(fields, before, times_of({**before, **fields}.get("scheduledstart")).end)

    def updates_of(
        self, fields: Fields, before: Fields, ends_on: datetime
    ) -> SendMeetingInvitationsOrCancellations:
        """Return the same of a meeting, or series, that is over at this time after the change."""
        if not self._tells(fields, before, ends_on):
            return SendMeetingInvitationsOrCancellations.SEND_TO_NONE
        if self._tells(
            {name: value for name, value in fields.items() if name not in INVITED}, before, ends_on
        ):
            return SendMeetingInvitationsOrCancellations.SEND_TO_ALL_AND_SAVE_COPY
        return SendMeetingInvitationsOrCancellations.SEND_TO_CHANGED_AND_SAVE_COPY

    def _tells(self, fields: Fields, before: Fields, ends_on: datetime) -> bool:
        own = alone(self.address)
        invited = [each[name] for each in (before, fields) for name in INVITED if name in each]
        meeting = Meeting(
            is_organizer=before.get("organizer", own) == own,
            has_attendees=any(map(self._others, invited)),
            is_past=ends_on < self.clock(),
        )
        return tells_attendees(
            meeting, fields, may_send=self.policy.may_send, tells_of_past=self.policy.tells_of_past
        )

    def invites(self, fields: Fields) -> bool:
        """Tell whether anybody else takes part."""
        return any(map(self._others, map(fields.get, INVITED)))

    def _others(self, value: Value) -> list[str]:
        return [each for each in people_of(value) if each != self.address.lower()] if value else []

    def cancellations(self, asked: str, item: EwsItem) -> SendMeetingCancellations:
        """Return whether the attendees of a deleted meeting hear of it."""
        seen = self.item(asked, item)
        return self.cancellations_of(seen.appointment if isinstance(seen, Item) else None)

    def cancellations_of(self, says: InExchange | None) -> SendMeetingCancellations:
        """Return the same, given what decides on the item."""
        if says is None:
            return SendMeetingCancellations.SEND_TO_NONE
        meeting = Meeting(says.is_organizer, says.has_attendees, is_past=says.ends_on < self.clock())
        if cancels(meeting, may_send=self.policy.may_send):
            return SendMeetingCancellations.SEND_TO_ALL_AND_SAVE_COPY
        return SendMeetingCancellations.SEND_TO_NONE


def heard_of(fields: Fields, changed: frozenset[str] | None) -> Fields:
    """Return those of the fields that are written of which who takes part may hear; ``changed`` is as in ``ItemToMake``."""
    return fields if changed is None else {name: fields[name] for name in fields if name in changed}


def uid_of(fields: Fields, new: str, changed: frozenset[str] | None) -> str | None:
    """Return which meeting a new item is to be: the one that it was, where its mailbox is filled again.

    Otherwise one that was there before is another meeting now, and Exchange says which.
    """
    known = fields.get("globalobjectid")
    if known is None:
        return new
    return str(known) if changed is not None else None


@lru_cache(maxsize=256)
def _zone_named(name: str) -> tzinfo:
    return zone_of(iana_name(name) or name)


def _is_single(item: CalendarItem) -> bool:
    return not item.is_recurring and item.calendar_item_type in (None, CalendarItemType.SINGLE)


def _zone(item: CalendarItem, start: datetime) -> tzinfo | None:
    """Return the zone of an item; ``None`` for one that nobody knows, neither by its name nor by its rules."""
    if item.start_time_zone is None:
        return None
    try:
        return zone_of(zone_text_of(item.start_time_zone, None, start))
    except ValueError:
        return None


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
