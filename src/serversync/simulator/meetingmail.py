"""Meetings by mail (RFC 6047): what other servers send becomes a meeting message, as the calendar attendant wants it."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import TYPE_CHECKING, Any

from serversync.simulator import meetings
from serversync.simulator.addresses import PARSER_ERRORS
from serversync.simulator.calendar.icalendar_in import ReadCalendar, read_calendar
from serversync.simulator.calendar.meeting import MEETING, RECEIVED, RequestType, times_differ
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange

_CLASSES = {"REQUEST": "IPM.Schedule.Meeting.Request", "CANCEL": "IPM.Schedule.Meeting.Canceled"}
_ANSWERS = {
    "Accept": "IPM.Schedule.Meeting.Resp.Pos",
    "Tentative": "IPM.Schedule.Meeting.Resp.Tent",
    "Decline": "IPM.Schedule.Meeting.Resp.Neg",
}


def take(exchange: "Exchange", mailbox: Mailbox, item: StoredItem) -> StoredItem:
    """Return what a message that arrived is in the mailbox: itself, or the meeting message that its iCalendar makes it."""
    mime = mailbox.mime(item)
    if mime is None or b"text/calendar" not in mime.lower():
        return item
    found = _calendar(mime, item)
    if found is None:
        return item
    item_class = _class_of(found)
    if item_class is None:
        return item
    said = _said(mailbox, found)
    again = item.copy()
    again.item_class = item_class
    again.exceptions = found.exceptions or None
    again.properties = {
        **(item.properties or {}),
        **{uri: value for uri, value in said.items() if not uri.startswith(("item:", "message:"))},
    }
    mailbox.store(again)
    return meetings.see_to(exchange, mailbox, again)


def _calendar(mime: bytes, item: StoredItem) -> ReadCalendar | None:
    """Return the iCalendar in a message that asks for something; ``None`` where it is only attached or unreadable."""
    try:
        for part in _own_parts(message_from_bytes(mime)):
            content = part.get_payload(decode=True)
            if part.get_content_type() != "text/calendar" or part.get_content_disposition() == "attachment":
                continue
            if isinstance(content, bytes):
                return read_calendar(content, item.received)
    except (EwsError, *PARSER_ERRORS):
        return None
    return None


def _own_parts(message: Message) -> Iterator[Message]:
    """Yield the parts of a message, but not those of messages that are attached, as reports attach the original."""
    if not message.is_multipart():
        yield message
    elif message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _own_parts(part)


def _class_of(found: ReadCalendar) -> str | None:
    if found.method == "REPLY":
        return _ANSWERS.get(found.attendees[0].response) if found.attendees else None
    return _CLASSES.get(found.method)


def _said(mailbox: Mailbox, found: ReadCalendar) -> dict[str, Any]:
    said: dict[str, Any] = {**found.properties, "calendar:Organizer": found.organizer}
    if found.method == "REPLY":
        said["meeting:ResponseType"] = found.attendees[0].response
        said["meeting:Author"] = found.attendees[0].person
        return said
    known = meetings.find_meeting(mailbox, said)
    is_moved = known is None or times_differ(known.properties or {}, said)
    update = RequestType.FULL if is_moved else RequestType.INFORMATIONAL
    said |= {"calendar:IsMeeting": True, "calendar:IsOrganizer": False}
    if found.method == "REQUEST":
        busy = said.pop("calendar:LegacyFreeBusyStatus", None) or "Busy"
        said |= {
            "meetingRequest:MeetingRequestType": str(RequestType.NEW if known is None else update),
            "meetingRequest:IntendedFreeBusyStatus": busy,
            "calendar:LegacyFreeBusyStatus": "Tentative",
            "calendar:MyResponseType": "NoResponseReceived",
            "calendar:AppointmentState": MEETING | RECEIVED,
        }
    return said
