"""What meeting messages say, and what follows from them for an appointment; items only, no mailboxes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from serversync.simulator.addresses import Address
from serversync.simulator.calendar.recurrence import Recurrence, read_recurrence
from serversync.simulator.kinds.attendee import ATTENDEE_FIELDS, Attendee
from serversync.simulator.storeditem import StoredItem

MEETING, RECEIVED, CANCELLED = 1, 2, 4
"""Bits of ``AppointmentState``."""

_TOLD = (
    "item:Subject",
    "item:Body",
    "item:Importance",
    "item:Sensitivity",
    "item:ReminderMinutesBeforeStart",
    "item:ReminderIsSet",
    "calendar:UID",
    "calendar:RecurrenceId",
    "calendar:OriginalStart",
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:Location",
    "calendar:EnhancedLocation",
    "calendar:Recurrence",
    "calendar:StartTimeZone",
    "calendar:EndTimeZone",
    "calendar:MeetingTimeZone",
    "calendar:CalendarItemType",
    "calendar:IsRecurring",
    "calendar:AppointmentSequenceNumber",
    "calendar:IsResponseRequested",
    "calendar:AllowNewTimeProposal",
    "calendar:DateTimeStamp",
    *ATTENDEE_FIELDS,
)
_TIMES = ("calendar:Start", "calendar:End", "calendar:IsAllDayEvent")
_CONTENT = ("item:Subject", "item:Body", "calendar:Location", "calendar:EnhancedLocation")


class RequestType(StrEnum):
    """Values of ``MeetingRequestType`` that are sent."""

    NEW = "NewMeetingRequest"
    FULL = "FullUpdate"
    INFORMATIONAL = "InformationalUpdate"


ANSWERS = {
    "AcceptItem": ("Accept", "IPM.Schedule.Meeting.Resp.Pos", "Accepted"),
    "TentativelyAcceptItem": ("Tentative", "IPM.Schedule.Meeting.Resp.Tent", "Tentative"),
    "DeclineItem": ("Decline", "IPM.Schedule.Meeting.Resp.Neg", "Declined"),
}
"""Response object to response type, item class of the message, and prefix of its subject."""


def attendees(properties: dict[str, Any]) -> tuple[Attendee, ...]:
    """Return everybody who is invited."""
    return tuple(one for uri in ATTENDEE_FIELDS for one in properties.get(uri) or ())


def times_differ(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a meeting is at another time, so that everybody has to answer again."""
    return any((before.get(uri) or None) != (after.get(uri) or None) for uri in _TIMES) or (
        _pattern(before) != _pattern(after)
    )


def _pattern(properties: dict[str, Any]) -> Recurrence | None:
    fragment = properties.get("calendar:Recurrence")
    return read_recurrence(fragment) if fragment else None


def content_differs(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether something was changed that attendees are told without having to answer again."""
    return any((before.get(uri) or None) != (after.get(uri) or None) for uri in _CONTENT)


def keep_answers(before: dict[str, Any], after: dict[str, Any], *, forget: bool = False) -> None:
    """Let attendees who stay invited keep what they answered, unless it is to be forgotten."""
    known = {one.person.address.lower(): one for one in attendees(before)}
    for uri in ATTENDEE_FIELDS:
        if after.get(uri):
            after[uri] = tuple(
                Attendee(one.person)
                if forget
                else replace(known.get(one.person.address.lower(), one), person=one.person)
                for one in after[uri]
            )


def message(
    item_class: str,
    author: Address,
    people: Iterable[Attendee],
    properties: dict[str, Any],
    now: datetime,
    message_id: str,
) -> StoredItem:
    """Return a meeting message that lies in nobody's mailbox yet.

    Args:
        item_class: Its class.
        author: Who sends it.
        people: Who gets it.
        properties: What it says, by field URI.
        now: The time.
        message_id: Its Message-ID.
    """
    given = {
        **properties,
        "message:From": author,
        "message:Sender": author,
        "message:ToRecipients": tuple(one.person for one in people),
        "message:InternetMessageId": message_id,
        "item:DateTimeSent": now,
        "calendar:DateTimeStamp": now,
    }
    return StoredItem(0, 0, None, now, item_class=item_class, properties=given)


def told(item: StoredItem) -> dict[str, Any]:
    """Return what attendees are told of an appointment; never what others answered."""
    given = item.properties or {}
    found = {uri: given[uri] for uri in _TOLD if given.get(uri) is not None}
    for uri in ATTENDEE_FIELDS:
        if uri in found:
            found[uri] = tuple(Attendee(one.person) for one in found[uri])
    return found


def request(item: StoredItem, organizer: Address, kind: RequestType) -> dict[str, Any]:
    """Return what a meeting request says."""
    given = item.properties or {}
    busy = given.get("calendar:LegacyFreeBusyStatus") or "Busy"
    return {
        **told(item),
        "meetingRequest:MeetingRequestType": str(kind),
        "meetingRequest:IntendedFreeBusyStatus": busy,
        "calendar:LegacyFreeBusyStatus": "Tentative",
        "calendar:Organizer": organizer,
        "calendar:MyResponseType": "NoResponseReceived",
        "calendar:IsMeeting": True,
        "calendar:IsCancelled": False,
        "calendar:MeetingRequestWasSent": True,
        "calendar:AppointmentState": MEETING | RECEIVED,
        "calendar:IsOrganizer": False,
    }


def attendee_copy(said: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Return the properties of an attendee's appointment after a request; an informational one keeps the answer.

    Args:
        said: What the request says.
        before: The appointment as it was; ``None`` for a new one.
    """
    kept = dict(before or {})
    found = {uri: said[uri] for uri in (*_TOLD, "calendar:Organizer") if uri in said}
    for uri in _TOLD:
        if uri not in said:
            kept.pop(uri, None)
    found |= {
        "calendar:IsMeeting": True,
        "calendar:IsCancelled": False,
        "calendar:MeetingRequestWasSent": True,
        "calendar:AppointmentState": MEETING | RECEIVED,
        "meetingRequest:IntendedFreeBusyStatus": said.get("meetingRequest:IntendedFreeBusyStatus") or "Busy",
    }
    is_informational = said.get("meetingRequest:MeetingRequestType") == RequestType.INFORMATIONAL
    if before is None or not is_informational:
        found |= {
            "calendar:MyResponseType": "NoResponseReceived",
            "calendar:LegacyFreeBusyStatus": "Tentative",
        }
    if before is not None:
        for uri in ("item:ReminderIsSet", "item:ReminderMinutesBeforeStart", "item:Sensitivity"):
            found.pop(uri, None)
    start, minutes = found["calendar:Start"], {**kept, **found}.get("item:ReminderMinutesBeforeStart") or 0
    found |= {"item:ReminderDueBy": start, "item:ReminderNextTime": start}
    return {**kept, **found, "item:ReminderMinutesBeforeStart": minutes}


def cancelled_copy(before: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of an attendee's appointment after a cancellation."""
    subject = before.get("item:Subject") or ""
    state = before.get("calendar:AppointmentState") or MEETING | RECEIVED
    return {
        **before,
        "item:Subject": subject if subject.startswith("Canceled: ") else f"Canceled: {subject}",
        "calendar:IsCancelled": True,
        "calendar:AppointmentState": state | CANCELLED,
        "calendar:LegacyFreeBusyStatus": "Free",
        "item:ReminderIsSet": False,
    }


def tracked(
    properties: dict[str, Any],
    address: str,
    response: str,
    now: datetime,
    proposed: tuple[datetime, datetime] | None,
) -> dict[str, Any]:
    """Return what the organizer's appointment says after somebody answered; nothing for a stranger."""
    changed: dict[str, Any] = {}
    for uri in ATTENDEE_FIELDS:
        people = properties.get(uri) or ()
        if any(one.person.address.lower() == address.lower() for one in people):
            changed[uri] = tuple(
                replace(one, response=response, responded=now, proposed=proposed)
                if one.person.address.lower() == address.lower()
                else one
                for one in people
            )
    return changed


def without(people: Iterable[Attendee], others: Iterable[Attendee]) -> Iterator[Attendee]:
    """Yield people who are not among others, by address."""
    known = {one.person.address.lower() for one in others}
    return (one for one in people if one.person.address.lower() not in known)
