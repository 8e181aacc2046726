"""Meeting messages: requests, answers and cancellations as they lie in an Inbox."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from serversync.simulator.calendar.icalendar import Sender, write_calendar
from serversync.simulator.compose import compose
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.attendee import Attendee
from serversync.simulator.kinds.calendar_item import (
    CALENDAR_ITEM,
    CALENDAR_ITEM_TYPE,
    FREE_BUSY,
    MEETING_IDS,
    RESPONSE_TYPE,
)
from serversync.simulator.kinds.calendar_location import enhanced_location, location_of_request
from serversync.simulator.kinds.forms import BOOLEAN, FRAGMENT, INTEGER, PERSON, TIME
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.message import MESSAGE_PROPERTIES
from serversync.simulator.kinds.property import DEFAULT, Access, ItemKind, Property
from serversync.simulator.versions import Schema

_S10 = Schema.EXCHANGE2010_SP1
_S13 = Schema.EXCHANGE2013

_CALENDAR = CALENDAR_ITEM.by_uri


def _shown(uri: str) -> Property:
    """Return a property of calendar items that clients see here and cannot set."""
    return replace(_CALENDAR[uri], access=Access.READ)


def _method(view: ItemView) -> str:
    name = view.kind.element
    return {"MeetingResponse": "REPLY", "MeetingCancellation": "CANCEL"}.get(name, "REQUEST")


def meeting_mime(view: ItemView) -> bytes:
    """Return a meeting message with its iCalendar, as it leaves for other servers."""
    plain = compose(view)
    given = view.item.properties or {}
    if not given.get("calendar:Start"):
        return plain
    method, people = _method(view), None
    author = view.get("message:From")
    item = view.item.copy()
    if method == "REPLY" and author is not None:
        people = (Attendee(author, given.get("meeting:ResponseType") or "Unknown"),)
        item.properties = {**given, "calendar:RequiredAttendees": people}
    said = write_calendar(
        item, Sender(view.get("calendar:Organizer") or author, method, people), item.received
    )
    made = message_from_bytes(plain, policy=SMTP)
    if not isinstance(made, EmailMessage):
        return plain
    if made.get_content_type() == "multipart/mixed":
        made.add_attachment(said, maintype="text", subtype="calendar", params={"method": method})
    else:
        text = said.decode()
        made.add_alternative(text, subtype="calendar", params={"method": method}, cte="base64")
    return made.as_bytes()


MEETING_PROPERTIES: tuple[Property, ...] = (
    Property("meeting:AssociatedCalendarItemId", FRAGMENT),
    Property("meeting:IsDelegated", BOOLEAN, lambda _view: False, DEFAULT),
    Property("meeting:IsOutOfDate", BOOLEAN, lambda _view: False, DEFAULT),
    Property("meeting:HasBeenProcessed", BOOLEAN, lambda _view: False, DEFAULT),
    Property("meeting:ResponseType", RESPONSE_TYPE, lambda _view: "NoResponseReceived", DEFAULT),
    Property("calendar:UID"),
    Property("calendar:RecurrenceId", TIME),
    Property("calendar:DateTimeStamp", TIME),
    Property("calendar:IsOrganizer", BOOLEAN, since=_S13),
)
"""What MeetingMessage adds to Message, in the order of the schema."""

_REQUEST: tuple[Property, ...] = (
    Property("meetingRequest:MeetingRequestType", default=lambda _view: "NewMeetingRequest", level=DEFAULT),
    Property("meetingRequest:IntendedFreeBusyStatus", FREE_BUSY, lambda _view: "Busy", DEFAULT),
    Property("calendar:Start", TIME),
    Property("calendar:End", TIME),
    Property("calendar:OriginalStart", TIME),
    Property("calendar:IsAllDayEvent", BOOLEAN),
    Property("calendar:LegacyFreeBusyStatus", FREE_BUSY, level=DEFAULT),
    Property("calendar:Location", render=location_of_request),
    Property("calendar:When"),
    Property("calendar:IsMeeting", BOOLEAN),
    Property("calendar:IsCancelled", BOOLEAN),
    Property("calendar:IsRecurring", BOOLEAN),
    Property("calendar:MeetingRequestWasSent", BOOLEAN),
    Property("calendar:CalendarItemType", CALENDAR_ITEM_TYPE),
    Property("calendar:MyResponseType", RESPONSE_TYPE),
    Property("calendar:Organizer", PERSON),
    _shown("calendar:RequiredAttendees"),
    _shown("calendar:OptionalAttendees"),
    _shown("calendar:Resources"),
    Property("calendar:ConflictingMeetingCount", INTEGER),
    Property("calendar:AdjacentMeetingCount", INTEGER),
    Property("calendar:ConflictingMeetings", FRAGMENT),
    Property("calendar:AdjacentMeetings", FRAGMENT),
    _shown("calendar:Duration"),
    Property("calendar:TimeZone"),
    Property("calendar:AppointmentReplyTime", TIME),
    Property("calendar:AppointmentSequenceNumber", INTEGER),
    Property("calendar:AppointmentState", INTEGER),
    _shown("calendar:Recurrence"),
    Property("calendar:FirstOccurrence", FRAGMENT),
    Property("calendar:LastOccurrence", FRAGMENT),
    Property("calendar:ModifiedOccurrences", FRAGMENT),
    Property("calendar:DeletedOccurrences", FRAGMENT),
    _shown("calendar:MeetingTimeZone"),
    _shown("calendar:StartTimeZone"),
    _shown("calendar:EndTimeZone"),
    Property("calendar:ConferenceType", INTEGER),
    Property("calendar:AllowNewTimeProposal", BOOLEAN),
    Property("calendar:IsOnlineMeeting", BOOLEAN),
    Property("calendar:MeetingWorkspaceUrl"),
    Property("calendar:NetShowUrl"),
    Property("calendar:EnhancedLocation", FRAGMENT, since=_S13, render=enhanced_location),
    Property("meetingRequest:ChangeHighlights", FRAGMENT, since=_S13),
    *(
        _shown(f"calendar:{name}")
        for name in ("StartWallClock", "EndWallClock", "StartTimeZoneId", "EndTimeZoneId")
    ),
)

_RESPONSE: tuple[Property, ...] = (
    Property("calendar:Start", TIME, since=_S13),
    Property("calendar:End", TIME, since=_S13),
    Property("calendar:Location", since=_S13),
    replace(_shown("calendar:Recurrence"), since=_S13),
    Property("calendar:CalendarItemType", since=_S13),
    Property("meeting:ProposedStart", TIME, since=_S13),
    Property("meeting:ProposedEnd", TIME, since=_S13),
    Property("calendar:EnhancedLocation", FRAGMENT, since=_S13, render=enhanced_location),
)

_CANCELLATION: tuple[Property, ...] = (
    Property("calendar:Start", TIME, since=_S13),
    Property("calendar:End", TIME, since=_S13),
    Property("calendar:Location", since=_S13),
    replace(_shown("calendar:Recurrence"), since=_S13),
    Property("calendar:CalendarItemType", since=_S13),
    Property("calendar:EnhancedLocation", FRAGMENT, since=_S13, render=enhanced_location),
)

_SHARED = ITEM_PROPERTIES + MESSAGE_PROPERTIES + MEETING_PROPERTIES


def _kind(element: str, item_class: str, own: tuple[Property, ...], classes: tuple[str, ...]) -> ItemKind:
    return ItemKind(
        element,
        item_class,
        _SHARED + own,
        classes=classes,
        folder="inbox",
        mime=meeting_mime,
        is_message=True,
        derived=MEETING_IDS,
    )


MEETING_MESSAGE = _kind("MeetingMessage", "IPM.Schedule.Meeting", (), ("IPM.SCHEDULE.MEETING",))
MEETING_REQUEST = _kind(
    "MeetingRequest", "IPM.Schedule.Meeting.Request", _REQUEST, ("IPM.SCHEDULE.MEETING.REQUEST",)
)
MEETING_RESPONSE = _kind(
    "MeetingResponse", "IPM.Schedule.Meeting.Resp.Pos", _RESPONSE, ("IPM.SCHEDULE.MEETING.RESP",)
)
MEETING_CANCELLATION = _kind(
    "MeetingCancellation", "IPM.Schedule.Meeting.Canceled", _CANCELLATION, ("IPM.SCHEDULE.MEETING.CANCELED",)
)
