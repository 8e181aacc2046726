"""DeleteItem: delete items for good, into the recoverable ones, or into Deleted Items."""

from lxml import etree

from serversync.simulator import meetings
from serversync.simulator.calendar.taskseries import following
from serversync.simulator.call import Call
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.respond_meeting import sends
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, is_true
from serversync.simulator.storeditem import StoredItem

M = f"{{{MESSAGES_NS}}}"
_REQUIRED = {
    "CalendarItem": ("SendMeetingCancellations", "ErrorSendMeetingCancellationsRequired"),
    "Task": ("AffectedTaskOccurrences", "ErrorAffectedTaskOccurrencesRequired"),
}


def answer(call: Call) -> str:
    """Return one response message for each item."""
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            _delete(call, element)
            messages.append(success("DeleteItem", ""))
        except EwsError as error:
            messages.append(failure("DeleteItem", error))
    return response("DeleteItem", messages)


def _delete(call: Call, element: etree._Element) -> None:
    mailbox, item = call.item_of(element, Right.DELETE)
    kind = call.exchange.view(mailbox, item, Shape(call.schema)).kind
    attribute, code = _REQUIRED.get(kind.element, ("DeleteType", "ErrorInvalidRequest"))
    if call.request.get(attribute) is None:
        raise EwsError(code)
    tells, saves_copy = sends(call.request.get("SendMeetingCancellations"))
    if kind.element == "CalendarItem" and tells and meetings.is_organizer(item):
        people = meetings.everybody(item)
        meetings.cancel(call.exchange, mailbox, item, people, saves_copy=saves_copy)
    how = call.request.get("DeleteType")
    if not item.is_read and how != "MoveToDeletedItems":
        if is_true(call.request.get("SuppressReadReceipts", "false")):
            mailbox.suppress_receipt(item)
        mailbox.note_seen(item, is_read=False)
    is_one = call.request.get("AffectedTaskOccurrences") == "SpecifiedOccurrenceOnly"
    if kind.element == "Task" and is_one and (item.properties or {}).get("task:Recurrence"):
        _skip(call, mailbox, item)
        return
    if item.occurrence:
        mailbox.delete_occurrence(item.number, item.occurrence, modifier=call.modifier)
    elif how == "HardDelete":
        mailbox.delete(item.number)
    elif how == "SoftDelete":
        mailbox.soft_delete(item.number)
    else:
        mailbox.throw_away(item.number)


def _skip(call: Call, mailbox: Mailbox, item: StoredItem) -> None:
    """Let a recurring task go on to its next occurrence.

    Raises:
        EwsError: ``ErrorCannotDeleteTaskOccurrence``: it is the last one.
    """
    going_on = following(item.properties or {}, call.exchange.now().date())
    if going_on is None:
        raise EwsError("ErrorCannotDeleteTaskOccurrence")
    again = item.copy()
    again.properties = going_on
    mailbox.store(again, modifier=call.modifier)
