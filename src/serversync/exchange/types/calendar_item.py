"""Appointments and meetings: when they are, who takes part, and what this mailbox has to do with them.

All times come in UTC, because every request asks for it; of an all-day event they are midnight in the item's own
zone, which is ``start_time_zone``. The attribute ``IsOrganizer`` is newer than Exchange 2010, so
``is_organizer`` follows from what all versions tell. Source: MS-OXOCAL for the global object ids and the bits of
``AppointmentState``.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import t
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI
from serversync.exchange.types.item import ITEM_FIELDS, FieldTable, Item, fill_item
from serversync.exchange.types.message import Mailbox, read_mailbox, recipient_of
from serversync.exchange.types.recurrence import (
    OccurrenceInfo,
    Recurrence,
    read_deleted_occurrences,
    read_modified_occurrences,
    read_occurrence_info,
    read_recurrence,
)
from serversync.exchange.types.time_zone import (
    MeetingTimeZone,
    TimeZoneDefinition,
    read_meeting_time_zone,
    read_time_zone_definition,
)
from serversync.exchange.xml_values import boolean_of, datetime_of, integer_of, text_of

CLEAN_GLOBAL_OBJECT_ID: Final = ExtendedFieldURI(
    property_type="Binary", property_set_id="6ed8da90-450b-101b-98da-00aa003f1305", property_id=0x23
)
"""The same for every occurrence of a meeting in every mailbox that it stands in."""
GLOBAL_OBJECT_ID: Final = ExtendedFieldURI(
    property_type="Binary", property_set_id="6ed8da90-450b-101b-98da-00aa003f1305", property_id=0x03
)
"""The same with the day of the occurrence, where an item is one occurrence of a series."""
RECEIVED: Final = 2
"""The bit of ``AppointmentState`` that an invitation sets which came from somebody else."""


class LegacyFreeBusyStatus(StrEnum):
    """How an appointment shows in its owner's calendar; *working elsewhere* came with Exchange 2013."""

    FREE = "Free"
    TENTATIVE = "Tentative"
    BUSY = "Busy"
    OOF = "OOF"
    WORKING_ELSEWHERE = "WorkingElsewhere"
    NO_DATA = "NoData"


class CalendarItemType(StrEnum):
    """What an item is to a series."""

    SINGLE = "Single"
    OCCURRENCE = "Occurrence"
    EXCEPTION = "Exception"
    RECURRING_MASTER = "RecurringMaster"


class ResponseType(StrEnum):
    """What somebody has answered to an invitation."""

    UNKNOWN = "Unknown"
    ORGANIZER = "Organizer"
    TENTATIVE = "Tentative"
    ACCEPT = "Accept"
    DECLINE = "Decline"
    NO_RESPONSE_RECEIVED = "NoResponseReceived"


class Attendee(Struct, frozen=True, gc=False):
    """Somebody who is invited, and the answer; answers of others are known in the organizer's mailbox alone."""

    mailbox: Mailbox
    response_type: ResponseType | None = None
    last_response_time: datetime | None = None


class CalendarItem(Item, frozen=True, gc=False, kw_only=True):
    """An appointment; what was not asked for, or not answered, is ``None`` or empty."""

    uid: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    is_all_day_event: bool | None = None
    legacy_free_busy_status: LegacyFreeBusyStatus | None = None
    location: str | None = None
    is_meeting: bool | None = None
    is_cancelled: bool | None = None
    is_recurring: bool | None = None
    meeting_request_was_sent: bool | None = None
    is_response_requested: bool | None = None
    calendar_item_type: CalendarItemType | None = None
    my_response_type: ResponseType | None = None
    organizer: Mailbox | None = None
    required_attendees: tuple[Attendee, ...] = ()
    optional_attendees: tuple[Attendee, ...] = ()
    resources: tuple[Attendee, ...] = ()
    appointment_sequence_number: int | None = None
    appointment_state: int | None = None
    recurrence: Recurrence | None = None
    first_occurrence: OccurrenceInfo | None = None
    last_occurrence: OccurrenceInfo | None = None
    modified_occurrences: tuple[OccurrenceInfo, ...] = ()
    deleted_occurrences: tuple[datetime, ...] = ()
    original_start: datetime | None = None
    meeting_time_zone: MeetingTimeZone | None = None
    start_time_zone: TimeZoneDefinition | None = None
    end_time_zone: TimeZoneDefinition | None = None
    reminder_is_set: bool | None = None
    reminder_minutes_before_start: int | None = None

    @property
    def is_organizer(self) -> bool:
        """Whether it is this mailbox's own: an appointment of its owner, or a meeting that the owner has called."""
        own = (None, ResponseType.UNKNOWN, ResponseType.ORGANIZER)
        return self.my_response_type in own and not (self.appointment_state or 0) & RECEIVED

    @property
    def clean_global_object_id(self) -> str | None:
        """What identifies the meeting in all mailboxes, in hexadecimal digits; ``None`` where it was not asked for."""
        value = self.extended_properties.get(CLEAN_GLOBAL_OBJECT_ID)
        return value.hex().upper() if isinstance(value, bytes) else None


CALENDAR_ITEM_FIELDS: tuple[AnyFieldURI, ...] = (
    *(
        FieldURI(path)
        for path in (
            "item:Subject",
            "item:Sensitivity",
            "item:Body",
            "item:Categories",
            "item:Importance",
            "item:DateTimeCreated",
            "item:LastModifiedTime",
            "item:ReminderIsSet",
            "item:ReminderMinutesBeforeStart",
            "calendar:Start",
            "calendar:End",
            "calendar:IsAllDayEvent",
            "calendar:LegacyFreeBusyStatus",
            "calendar:Location",
            "calendar:IsMeeting",
            "calendar:IsCancelled",
            "calendar:IsRecurring",
            "calendar:MeetingRequestWasSent",
            "calendar:CalendarItemType",
            "calendar:MyResponseType",
            "calendar:Organizer",
            "calendar:RequiredAttendees",
            "calendar:OptionalAttendees",
            "calendar:Resources",
            "calendar:AppointmentState",
            "calendar:StartTimeZone",
        )
    ),
    CLEAN_GLOBAL_OBJECT_ID,
)
"""The properties of an appointment that Exchange 2010 and later tell; ``StartTimeZone`` is what 2007 lacks."""


SERIES_FIELDS: tuple[AnyFieldURI, ...] = (
    *CALENDAR_ITEM_FIELDS,
    *(
        FieldURI(path)
        for path in (
            "calendar:EndTimeZone",
            "calendar:MeetingTimeZone",
            "calendar:Recurrence",
            "calendar:ModifiedOccurrences",
            "calendar:DeletedOccurrences",
            "calendar:OriginalStart",
        )
    ),
)
"""The same of a series and of an occurrence that was changed."""


def _attendee(element: _Element) -> Attendee | None:
    mailbox = response = responded = None
    for child in element:
        if child.tag == _MAILBOX:
            mailbox = read_mailbox(child)
        elif child.tag == _RESPONSE_TYPE:
            response = _RESPONSES.get(child.text or "")
        elif child.tag == _LAST_RESPONSE_TIME:
            responded = datetime_of(child)
    return None if mailbox is None else Attendee(mailbox, response, responded)


def _attendees_of(element: _Element) -> tuple[Attendee, ...]:
    return tuple([found for each in element if (found := _attendee(each)) is not None])


_MAILBOX, _RESPONSE_TYPE, _LAST_RESPONSE_TIME = t("Mailbox"), t("ResponseType"), t("LastResponseTime")
_RESPONSES = {each.value: each for each in ResponseType}
_SHOWN_AS = {each.value: each for each in LegacyFreeBusyStatus}
_TYPES = {each.value: each for each in CalendarItemType}

_FIELDS: FieldTable = ITEM_FIELDS | {
    t("UID"): ("uid", text_of),
    t("Start"): ("start", datetime_of),
    t("End"): ("end", datetime_of),
    t("IsAllDayEvent"): ("is_all_day_event", boolean_of),
    t("LegacyFreeBusyStatus"): ("legacy_free_busy_status", lambda each: _SHOWN_AS.get(each.text or "")),
    t("Location"): ("location", text_of),
    t("IsMeeting"): ("is_meeting", boolean_of),
    t("IsCancelled"): ("is_cancelled", boolean_of),
    t("IsRecurring"): ("is_recurring", boolean_of),
    t("MeetingRequestWasSent"): ("meeting_request_was_sent", boolean_of),
    t("IsResponseRequested"): ("is_response_requested", boolean_of),
    t("CalendarItemType"): ("calendar_item_type", lambda each: _TYPES.get(each.text or "")),
    t("MyResponseType"): ("my_response_type", lambda each: _RESPONSES.get(each.text or "")),
    t("Organizer"): ("organizer", recipient_of),
    t("RequiredAttendees"): ("required_attendees", _attendees_of),
    t("OptionalAttendees"): ("optional_attendees", _attendees_of),
    t("Resources"): ("resources", _attendees_of),
    t("AppointmentSequenceNumber"): ("appointment_sequence_number", integer_of),
    t("AppointmentState"): ("appointment_state", integer_of),
    t("Recurrence"): ("recurrence", read_recurrence),
    t("FirstOccurrence"): ("first_occurrence", read_occurrence_info),
    t("LastOccurrence"): ("last_occurrence", read_occurrence_info),
    t("ModifiedOccurrences"): ("modified_occurrences", read_modified_occurrences),
    t("DeletedOccurrences"): ("deleted_occurrences", read_deleted_occurrences),
    t("OriginalStart"): ("original_start", datetime_of),
    t("MeetingTimeZone"): ("meeting_time_zone", read_meeting_time_zone),
    t("StartTimeZone"): ("start_time_zone", read_time_zone_definition),
    t("EndTimeZone"): ("end_time_zone", read_time_zone_definition),
    t("ReminderIsSet"): ("reminder_is_set", boolean_of),
    t("ReminderMinutesBeforeStart"): ("reminder_minutes_before_start", integer_of),
}


def read_calendar_item(element: _Element) -> CalendarItem:
    """Return the appointment that the element describes."""
    return fill_item(CalendarItem, element, _FIELDS)
