"""Calendar items: the table of their properties; times and series are in the modules beside this one."""

import base64
from datetime import UTC, datetime
from typing import Any

from serversync.simulator.addresses import Address
from serversync.simulator.calendar.globalid import global_object_id
from serversync.simulator.calendar.icalendar import Sender, write_calendar
from serversync.simulator.calendar.icalendar_in import read_calendar
from serversync.simulator.calendar.timezones import display_name, id_of
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.attendee import ATTENDEE_FIELDS, ATTENDEES
from serversync.simulator.kinds.calendar_location import enhanced_location, settle_location
from serversync.simulator.kinds.calendar_series import (
    adjacent,
    conflicting,
    deleted_occurrences,
    final_occurrence,
    first_occurrence,
    item_zone,
    meeting_time_zone,
    modified_occurrences,
    recurrence,
    time_zone,
    wall_clock,
)
from serversync.simulator.kinds.calendar_times import localize_item, settle_times
from serversync.simulator.kinds.forms import (
    BOOLEAN,
    FRAGMENT,
    INTEGER,
    LOCAL_TIME,
    PERSON,
    TIME,
    Choice,
    Writer,
    choice,
)
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.property import ASKED, DEFAULT, Access, ItemKind, Property, Row
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import zoned

_S10 = Schema.EXCHANGE2010_SP1
_S13 = Schema.EXCHANGE2013

_MEETING = "6ed8da90-450b-101b-98da-00aa003f1305"
_APPOINTMENT = "00062002-0000-0000-c000-000000000046"
_CALENDARS_ONLY = "ErrorCannotCreateCalendarItemInNonCalendarFolder"


class FreeBusy(Choice):
    """A busy status; who works elsewhere counts as free for requests of a version that does not know that."""

    def inner(self, view: Writer, value: Any) -> str:
        """Return the word."""
        is_known = value != "WorkingElsewhere" or view.schema >= Schema.EXCHANGE2013
        return super().inner(view, value if is_known else "Free")


FREE_BUSY = FreeBusy({"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "WorkingElsewhere": 4, "NoData": 5})
RESPONSE_TYPE = choice("Unknown", "Organizer", "Tentative", "Accept", "Decline", "NoResponseReceived")
CALENDAR_ITEM_TYPE = choice("Single", "Occurrence", "Exception", "RecurringMaster")


def _is_meeting(view: ItemView) -> bool:
    return any(view.get(uri) for uri in ATTENDEE_FIELDS)


def _duration(view: ItemView) -> str | None:
    start, end = view.get("calendar:Start"), view.get("calendar:End")
    if start is None or end is None:
        return None
    minutes = int((end - start).total_seconds()) // 60
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    time = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    return f"P{days}D" * bool(days) + (
        f"T{time}" if days and time else f"PT{time or '0M'}" if not days else ""
    )


def _global_object_id(view: ItemView) -> str | None:
    uid, original = view.get("calendar:UID"), view.get("calendar:OriginalStart")
    day = original.astimezone(item_zone(view)).date() if original else None
    return base64.b64encode(global_object_id(uid, day)).decode() if uid else None


def _clean_global_object_id(view: ItemView) -> str | None:
    uid = view.get("calendar:UID")
    return base64.b64encode(global_object_id(uid)).decode() if uid else None


MEETING_IDS = {
    (_MEETING, "3"): _global_object_id,
    (_MEETING, "35"): _clean_global_object_id,
}
"""Extended properties that identify a meeting in all mailboxes."""


def _wall_clock(name: str) -> Row:
    def render(view: ItemView) -> str:
        found = wall_clock(view, name)
        return (
            ""
            if found is None
            else f"<t:{name}WallClock>{zoned(found, found.tzinfo or UTC)}</t:{name}WallClock>"
        )

    return render


def _owner(view: ItemView) -> Address:
    return Address(view.mailbox.display_name, view.mailbox.primary_smtp_address)


def _my_response(view: ItemView) -> str:
    return "Organizer" if _is_meeting(view) else "Unknown"


def _is_organizer(view: ItemView) -> bool:
    return view.get("calendar:MyResponseType") in {"Organizer", "Unknown"}


def _mime(view: ItemView) -> bytes:
    organizer = view.get("calendar:Organizer") if view.get("calendar:IsMeeting") else None
    return write_calendar(view.item, Sender(organizer), view.item.modified or view.item.received)


def _read_mime(item: StoredItem, mime: bytes) -> frozenset[str]:
    """Take over what iCalendar says: properties, exceptions and deleted occurrences."""
    found = read_calendar(mime, item.received)
    item.properties = {**(item.properties or {}), **found.properties}
    item.exceptions = found.exceptions or None
    return frozenset(found.properties)


def _settle(item: StoredItem, changed: frozenset[str], now: datetime) -> None:
    settle_location(item, changed)
    settle_times(item, changed, now)


CALENDAR_PROPERTIES: tuple[Property, ...] = (
    Property("calendar:UID", access=Access.WRITE),
    Property("calendar:RecurrenceId", TIME),
    Property("calendar:DateTimeStamp", TIME),
    Property("calendar:Start", LOCAL_TIME, level=DEFAULT, access=Access.WRITE, named=(_APPOINTMENT, "33293")),
    Property("calendar:End", LOCAL_TIME, level=DEFAULT, access=Access.WRITE, named=(_APPOINTMENT, "33294")),
    Property("calendar:OriginalStart", TIME),
    Property(
        "calendar:IsAllDayEvent",
        BOOLEAN,
        lambda _view: False,
        access=Access.WRITE,
        named=(_APPOINTMENT, "33301"),
    ),
    Property(
        "calendar:LegacyFreeBusyStatus",
        FREE_BUSY,
        lambda _view: "Busy",
        DEFAULT,
        access=Access.WRITE,
        named=(_APPOINTMENT, "33285"),
    ),
    Property("calendar:Location", level=DEFAULT, access=Access.WRITE, named=(_APPOINTMENT, "33288")),
    Property("calendar:When", access=Access.WRITE),
    Property("calendar:IsMeeting", BOOLEAN, _is_meeting),
    Property("calendar:IsCancelled", BOOLEAN, lambda _view: False),
    Property("calendar:IsRecurring", BOOLEAN, lambda view: bool(view.get("calendar:Recurrence"))),
    Property("calendar:MeetingRequestWasSent", BOOLEAN, lambda _view: False),
    Property("calendar:IsResponseRequested", BOOLEAN, lambda _view: True, access=Access.WRITE, tag=0x0063),
    Property(
        "calendar:CalendarItemType",
        CALENDAR_ITEM_TYPE,
        lambda view: "RecurringMaster" if view.get("calendar:Recurrence") else "Single",
        DEFAULT,
    ),
    Property("calendar:MyResponseType", RESPONSE_TYPE, _my_response),
    Property(
        "calendar:Organizer",
        PERSON,
        _owner,
        DEFAULT,
    ),
    Property("calendar:RequiredAttendees", ATTENDEES, level=DEFAULT, is_listed=False, access=Access.WRITE),
    Property("calendar:OptionalAttendees", ATTENDEES, level=DEFAULT, is_listed=False, access=Access.WRITE),
    Property("calendar:Resources", ATTENDEES, level=DEFAULT, is_listed=False, access=Access.WRITE),
    Property("calendar:ConflictingMeetingCount", INTEGER, conflicting, ASKED, is_listed=False),
    Property("calendar:AdjacentMeetingCount", INTEGER, adjacent, ASKED, is_listed=False),
    Property("calendar:ConflictingMeetings", FRAGMENT),
    Property("calendar:AdjacentMeetings", FRAGMENT),
    Property("calendar:Duration", default=_duration),
    Property(
        "calendar:TimeZone",
        default=lambda view: display_name(item_zone(view), view.get("calendar:Start").year),
    ),
    Property("calendar:AppointmentReplyTime", TIME),
    Property("calendar:AppointmentSequenceNumber", INTEGER, lambda _view: 0, named=(_APPOINTMENT, "33281")),
    Property(
        "calendar:AppointmentState",
        INTEGER,
        lambda view: int(_is_meeting(view)),
        named=(_APPOINTMENT, "33303"),
    ),
    Property(
        "calendar:Recurrence",
        FRAGMENT,
        level=DEFAULT,
        is_listed=False,
        access=Access.WRITE,
        render=recurrence,
    ),
    Property("calendar:FirstOccurrence", FRAGMENT, is_listed=False, render=first_occurrence),
    Property("calendar:LastOccurrence", FRAGMENT, is_listed=False, render=final_occurrence),
    Property("calendar:ModifiedOccurrences", FRAGMENT, is_listed=False, render=modified_occurrences),
    Property("calendar:DeletedOccurrences", FRAGMENT, is_listed=False, render=deleted_occurrences),
    Property(
        "calendar:MeetingTimeZone", FRAGMENT, is_listed=False, access=Access.WRITE, render=meeting_time_zone
    ),
    Property(
        "calendar:StartTimeZone",
        FRAGMENT,
        since=_S10,
        is_listed=False,
        access=Access.WRITE,
        render=lambda view: time_zone(view, "StartTimeZone"),
    ),
    Property(
        "calendar:EndTimeZone",
        FRAGMENT,
        since=_S10,
        is_listed=False,
        access=Access.WRITE,
        render=lambda view: time_zone(view, "EndTimeZone"),
    ),
    Property("calendar:ConferenceType", INTEGER, access=Access.WRITE),
    Property("calendar:AllowNewTimeProposal", BOOLEAN, lambda _view: True, access=Access.WRITE),
    Property(
        "calendar:IsOnlineMeeting",
        BOOLEAN,
        lambda _view: False,
        access=Access.WRITE,
        read_only_from=Schema.EXCHANGE2016,
    ),
    Property("calendar:MeetingWorkspaceUrl", access=Access.WRITE),
    Property("calendar:NetShowUrl", access=Access.WRITE),
    Property(
        "calendar:EnhancedLocation",
        FRAGMENT,
        level=ASKED,
        since=_S13,
        access=Access.WRITE,
        render=enhanced_location,
    ),
    Property(
        "calendar:StartWallClock",
        TIME,
        lambda view: wall_clock(view, "Start"),
        since=_S13,
        render=_wall_clock("Start"),
    ),
    Property(
        "calendar:EndWallClock",
        TIME,
        lambda view: wall_clock(view, "End"),
        since=_S13,
        render=_wall_clock("End"),
    ),
    Property(
        "calendar:StartTimeZoneId",
        default=lambda view: id_of(item_zone(view)),
        since=_S13,
        access=Access.WRITE,
    ),
    Property(
        "calendar:EndTimeZoneId",
        default=lambda view: id_of(item_zone(view, "EndTimeZone")),
        since=_S13,
        access=Access.WRITE,
    ),
    Property("meetingRequest:IntendedFreeBusyStatus", FREE_BUSY, level=ASKED, since=_S13),
    Property("calendar:JoinOnlineMeetingUrl", since=_S13),
    Property("calendar:OnlineMeetingSettings", FRAGMENT, level=ASKED, since=_S13),
    Property("calendar:IsOrganizer", BOOLEAN, _is_organizer, since=_S13),
)
"""What CalendarItem adds to Item, in the order of the schema."""

CALENDAR_ITEM = ItemKind(
    "CalendarItem",
    "IPM.Appointment",
    ITEM_PROPERTIES + CALENDAR_PROPERTIES,
    classes=("IPM.APPOINTMENT",),
    folder="calendar",
    needs_folder={
        "IPF.Note": _CALENDARS_ONLY,
        "IPF.Contact": _CALENDARS_ONLY,
        "IPF.Task": _CALENDARS_ONLY,
    },
    localize=localize_item,
    settle=_settle,
    derived=MEETING_IDS,
    read_mime=_read_mime,
    mime=_mime,
)
