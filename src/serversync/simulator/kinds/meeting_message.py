"""Meeting messages: requests, answers and cancellations as they lie in an Inbox."""

from serversync.simulator.compose import compose
from serversync.simulator.kinds.calendar_item import (
    CALENDAR_ITEM,
    CALENDAR_ITEM_TYPE,
    FREE_BUSY,
    RESPONSE_TYPE,
)
from serversync.simulator.kinds.forms import BOOLEAN, FRAGMENT, INTEGER, PERSON, TIME
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.message import MESSAGE_PROPERTIES
from serversync.simulator.kinds.property import DEFAULT, ItemKind, Property
from serversync.simulator.versions import Schema

_S10 = Schema.EXCHANGE2010_SP1
_S13 = Schema.EXCHANGE2013

_CALENDAR = CALENDAR_ITEM.by_uri

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
    Property("calendar:Location"),
    Property("calendar:When"),
    Property("calendar:IsMeeting", BOOLEAN),
    Property("calendar:IsCancelled", BOOLEAN),
    Property("calendar:IsRecurring", BOOLEAN),
    Property("calendar:MeetingRequestWasSent", BOOLEAN),
    Property("calendar:CalendarItemType", CALENDAR_ITEM_TYPE),
    Property("calendar:MyResponseType", RESPONSE_TYPE),
    Property("calendar:Organizer", PERSON),
    _CALENDAR["calendar:RequiredAttendees"],
    _CALENDAR["calendar:OptionalAttendees"],
    _CALENDAR["calendar:Resources"],
    Property("calendar:ConflictingMeetingCount", INTEGER),
    Property("calendar:AdjacentMeetingCount", INTEGER),
    Property("calendar:ConflictingMeetings", FRAGMENT),
    Property("calendar:AdjacentMeetings", FRAGMENT),
    Property("calendar:Duration"),
    Property("calendar:TimeZone"),
    Property("calendar:AppointmentReplyTime", TIME),
    Property("calendar:AppointmentSequenceNumber", INTEGER),
    Property("calendar:AppointmentState", INTEGER),
    Property("calendar:Recurrence", FRAGMENT),
    Property("calendar:FirstOccurrence", FRAGMENT),
    Property("calendar:LastOccurrence", FRAGMENT),
    Property("calendar:ModifiedOccurrences", FRAGMENT),
    Property("calendar:DeletedOccurrences", FRAGMENT),
    Property("calendar:MeetingTimeZone", FRAGMENT),
    Property("calendar:StartTimeZone", FRAGMENT, since=_S10),
    Property("calendar:EndTimeZone", FRAGMENT, since=_S10),
    Property("calendar:ConferenceType", INTEGER),
    Property("calendar:AllowNewTimeProposal", BOOLEAN),
    Property("calendar:IsOnlineMeeting", BOOLEAN),
    Property("calendar:MeetingWorkspaceUrl"),
    Property("calendar:NetShowUrl"),
    Property("calendar:EnhancedLocation", FRAGMENT, since=_S13),
    Property("meetingRequest:ChangeHighlights", FRAGMENT, since=_S13),
    Property("calendar:StartWallClock", TIME, since=_S13),
    Property("calendar:EndWallClock", TIME, since=_S13),
    Property("calendar:StartTimeZoneId", since=_S13),
    Property("calendar:EndTimeZoneId", since=_S13),
)

_RESPONSE: tuple[Property, ...] = (
    Property("calendar:Start", TIME, since=_S13),
    Property("calendar:End", TIME, since=_S13),
    Property("calendar:Location", since=_S13),
    Property("calendar:Recurrence", FRAGMENT, since=_S13),
    Property("calendar:CalendarItemType", since=_S13),
    Property("meeting:ProposedStart", TIME, since=_S13),
    Property("meeting:ProposedEnd", TIME, since=_S13),
    Property("calendar:EnhancedLocation", FRAGMENT, since=_S13),
)

_CANCELLATION: tuple[Property, ...] = (
    Property("calendar:Start", TIME, since=_S13),
    Property("calendar:End", TIME, since=_S13),
    Property("calendar:Location", since=_S13),
    Property("calendar:Recurrence", FRAGMENT, since=_S13),
    Property("calendar:CalendarItemType", since=_S13),
    Property("calendar:EnhancedLocation", FRAGMENT, since=_S13),
)

_SHARED = ITEM_PROPERTIES + MESSAGE_PROPERTIES + MEETING_PROPERTIES


def _kind(element: str, item_class: str, own: tuple[Property, ...], classes: tuple[str, ...]) -> ItemKind:
    return ItemKind(
        element, item_class, _SHARED + own, classes=classes, folder="inbox", mime=compose, is_message=True
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
