"""Response objects of meetings: accept, tentatively accept, decline, cancel, remove."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxml import etree

from serversync.simulator import meetings
from serversync.simulator.calendar.meeting import ANSWERS, message
from serversync.simulator.call import Call
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.attendee import Attendee
from serversync.simulator.kinds.forms import BODY, read_time
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import TYPES_NS, EwsError
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem

T = f"{{{TYPES_NS}}}"
_SUFFIXES = {"AcceptItem": "Accept", "TentativelyAcceptItem": "Tentative", "DeclineItem": "Decline"}


def _referred(call: Call, element: etree._Element) -> ItemView:
    reference = element.find(f"{T}ReferenceItemId")
    if reference is None:
        raise EwsError("ErrorInvalidReferenceItem")
    mailbox, item = call.item_of(reference)
    return call.exchange.view(mailbox, item, Shape(call.schema))


def _disposition(call: Call) -> str:
    found = call.request.get("MessageDisposition")
    if found is None:
        raise EwsError("ErrorMessageDispositionRequired")
    return found


def _appointment(mailbox: Mailbox, view: ItemView) -> StoredItem | None:
    """Return the appointment that a meeting message is about, or the appointment that was named itself."""
    if view.kind.element == "CalendarItem":
        return view.item
    said = view.item.properties or {}
    found = meetings.find_meeting(mailbox, said)
    return None if found is None else meetings.occurrence_of(found, said)


def _answer(call: Call, element: etree._Element, name: str) -> str:
    """Answer a request: note it on the appointment, tell the organizer if he wants it, and put the request away."""
    view = _referred(call, element)
    mailbox = view.mailbox
    if view.kind.element not in {"MeetingRequest", "CalendarItem"}:
        raise EwsError("ErrorInvalidReferenceItem")
    disposition = _disposition(call)
    _check_answerable(view, _SUFFIXES[name])
    appointment = _appointment(mailbox, view)
    if appointment is None:
        meetings.process(call.exchange, mailbox, view.item)
        appointment = _appointment(mailbox, view)
    if appointment is None:
        raise EwsError("ErrorCalendarMeetingRequestIsOutOfDate")
    response, item_class, prefix = ANSWERS[name]
    organizer = (appointment.properties or {}).get("calendar:Organizer") or view.get("calendar:Organizer")
    said = _said(element, appointment, prefix)
    changed = _answered(call, mailbox, appointment, response)
    is_wanted = (appointment.properties or {}).get("calendar:IsResponseRequested", True)
    if disposition != "SaveOnly" and organizer is not None and is_wanted:
        message_id = call.exchange.new_message_id(said["item:Subject"].encode("utf-8", "replace"))
        author = meetings.owner(mailbox)
        made = message(item_class, author, [Attendee(organizer)], said, call.exchange.now(), message_id)
        saves = disposition == "SendAndSaveCopy"
        meetings.carry(call.exchange, mailbox, made, [organizer], saves_copy=saves)
    if view.kind.element == "MeetingRequest":
        mailbox.move(view.item.number, mailbox.distinguished_folder("deleteditems"))
    ids = f'<t:ItemId Id="{mailbox.item_id(changed)}" ChangeKey="{mailbox.change_key(changed)}"/>'
    return f"<t:CalendarItem>{ids}</t:CalendarItem>"


def _check_answerable(view: ItemView, suffix: str) -> None:
    """Refuse answers to one's own meeting, to a cancelled one, and to a request that is out of date.

    Raises:
        EwsError: which of them it is.
    """
    if view.get("calendar:IsCancelled"):
        raise EwsError(f"ErrorCalendarIsCancelledFor{suffix}")
    if view.kind.element == "CalendarItem" and meetings.is_organizer(view.item):
        raise EwsError(f"ErrorCalendarIsOrganizerFor{suffix}")
    if view.get("meeting:IsDelegated"):
        raise EwsError(f"ErrorCalendarIsDelegatedFor{suffix}")
    if view.get("meeting:IsOutOfDate"):
        raise EwsError("ErrorCalendarMeetingRequestIsOutOfDate")


def _said(element: etree._Element, appointment: StoredItem, prefix: str) -> dict[str, Any]:
    given = appointment.properties or {}
    said = {
        uri: given[uri]
        for uri in (
            "calendar:UID",
            "calendar:RecurrenceId",
            "calendar:OriginalStart",
            "calendar:Start",
            "calendar:End",
            "calendar:Location",
            "calendar:Recurrence",
            "calendar:StartTimeZone",
            "calendar:CalendarItemType",
            "calendar:AppointmentSequenceNumber",
            "calendar:Organizer",
        )
        if given.get(uri) is not None
    }
    said["item:Subject"] = f"{prefix}: {given.get('item:Subject') or ''}"
    said["meeting:ResponseType"] = {"Accepted": "Accept", "Declined": "Decline"}.get(prefix, prefix)
    body = element.find(f"{T}Body")
    if body is not None:
        said["item:Body"] = BODY.read(body)
    for name in ("ProposedStart", "ProposedEnd"):
        proposed = element.findtext(f"{T}{name}")
        if proposed:
            said[f"meeting:{name}"] = read_time(proposed)
    return said


def _answered(call: Call, mailbox: Mailbox, appointment: StoredItem, response: str) -> StoredItem:
    """Note an answer on an appointment; a declined one goes to Deleted Items."""
    now: datetime = call.exchange.now()
    again = appointment.copy()
    given = dict(again.properties or {})
    intended = given.get("meetingRequest:IntendedFreeBusyStatus") or "Busy"
    given |= {
        "calendar:MyResponseType": response,
        "calendar:AppointmentReplyTime": now,
        "calendar:LegacyFreeBusyStatus": {"Accept": intended, "Tentative": "Tentative"}.get(response, "Free"),
    }
    again.properties = given
    if response != "Decline":
        return mailbox.store(again, modifier=call.modifier)
    if again.occurrence:
        return mailbox.delete_occurrence(again.number, again.occurrence, modifier=call.modifier)
    mailbox.store(again, modifier=call.modifier)
    return mailbox.move(again.number, mailbox.distinguished_folder("deleteditems"))


def _cancel(call: Call, element: etree._Element, _name: str) -> str:
    """Tell attendees that the meeting does not take place, and put the appointment away."""
    view = _referred(call, element)
    if view.kind.element != "CalendarItem":
        raise EwsError("ErrorInvalidReferenceItem")
    disposition = _disposition(call)
    if not meetings.is_organizer(view.item):
        raise EwsError("ErrorCalendarIsNotOrganizer")
    new_body = element.find(f"{T}NewBodyContent")
    if disposition != "SaveOnly":
        meetings.cancel(
            call.exchange,
            view.mailbox,
            view.item,
            meetings.everybody(view.item),
            saves_copy=disposition == "SendAndSaveCopy",
            body=None if new_body is None else BODY.read(new_body),
        )
    _put_away(call, view.mailbox, view.item)
    return ""


def _remove(call: Call, element: etree._Element, _name: str) -> str:
    """Take a cancelled meeting out of the calendar, and its cancellation out of the Inbox."""
    view = _referred(call, element)
    if view.kind.element != "MeetingCancellation":
        raise EwsError("ErrorInvalidReferenceItem")
    found = _appointment(view.mailbox, view)
    if found is not None:
        if meetings.is_organizer(found):
            raise EwsError("ErrorCalendarIsOrganizerForRemove")
        _put_away(call, view.mailbox, found)
    view.mailbox.move(view.item.number, view.mailbox.distinguished_folder("deleteditems"))
    return ""


def _put_away(call: Call, mailbox: Mailbox, item: StoredItem) -> None:
    if item.occurrence:
        mailbox.delete_occurrence(item.number, item.occurrence, modifier=call.modifier)
    else:
        mailbox.move(item.number, mailbox.distinguished_folder("deleteditems"))


MEETING_RESPONSES: dict[str, Callable[[Call, etree._Element, str], str]] = {
    "AcceptItem": _answer,
    "TentativelyAcceptItem": _answer,
    "DeclineItem": _answer,
    "CancelCalendarItem": _cancel,
    "RemoveItem": _remove,
}
"""What carries out each response object of meetings, and returns the items that the answer names."""


def sends(value: str | None) -> tuple[bool, bool]:
    """Return whether anybody is told, and whether a copy is kept, as an attribute such as ``SendMeetingInvitations`` says."""
    return value not in {None, "SendToNone"}, bool(value and value.endswith("AndSaveCopy"))
