"""UpdateItem: set, delete and append to single properties; conflicts are found by change key."""

from lxml import etree

from serversync.simulator import meetings
from serversync.simulator.calendar.meeting import times_differ
from serversync.simulator.calendar.series import series_of
from serversync.simulator.calendar.taskseries import completed_copy, following
from serversync.simulator.call import Call
from serversync.simulator.delivery import submit
from serversync.simulator.identifiers import change_of
from serversync.simulator.itemwriter import ItemWriter, changes_of
from serversync.simulator.kinds.property import ItemKind
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.meetingupdate import Update, prepare_update, tell_update
from serversync.simulator.operations.respond_meeting import sends
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, is_true
from serversync.simulator.storeditem import StoredItem

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each item, with its new change key."""
    messages = []
    for change in call.request.iterfind(f"{M}ItemChanges/{T}ItemChange"):
        try:
            call.check()
            items = _update(call, change)
            messages.append(
                success(
                    "UpdateItem",
                    f"<m:Items>{items}</m:Items><m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>",
                )
            )
        except EwsError as error:
            messages.append(failure("UpdateItem", error, "<m:Items/>"))
    return response("UpdateItem", messages)


def _update(call: Call, change: etree._Element) -> str:
    updates = change.find(f"{T}Updates")
    if updates is None or not len(updates):
        raise EwsError("ErrorIncorrectUpdatePropertyCount")
    mailbox, stored = call.item_of(change[0], Right.EDIT)
    view = call.exchange.view(mailbox, stored, Shape(call.schema))
    _check_conflict(call, change[0], stored)
    _check_disposition(call, view.kind)
    item = stored.copy()
    item.mime = mailbox.mime(stored)
    writer = ItemWriter(
        item, view.kind, call.schema, call.exchange.now(), view, call.zone, server=view.server.schema
    )
    for name, path, element in changes_of(updates):
        if name == "DeleteItemField":
            writer.delete(path)
        elif element is None:
            raise EwsError("ErrorIncorrectUpdatePropertyCount")
        else:
            writer.set(path, element, appends=name == "AppendToItemField")
    return _store(call, mailbox, stored, writer)


def _check_conflict(call: Call, element: etree._Element, stored: StoredItem) -> None:
    """Refuse what was based on an older state, as far as the client wants that.

    Raises:
        EwsError: ``ErrorChangeKeyRequiredForWriteOperations`` or ``ErrorIrresolvableConflict``.
    """
    mode = call.request.get("ConflictResolution", "AutoResolve")
    change_key = element.get("ChangeKey")
    if not change_key:
        if mode != "AlwaysOverwrite":
            raise EwsError("ErrorChangeKeyRequiredForWriteOperations")
        return
    _, change = change_of(change_key)
    is_stale = change < (stored.change if mode == "NeverOverwrite" else stored.content_change)
    if is_stale and mode != "AlwaysOverwrite":
        raise EwsError("ErrorIrresolvableConflict")


def _check_disposition(call: Call, kind: ItemKind) -> None:
    if kind.is_message and call.request.get("MessageDisposition") is None:
        raise EwsError("ErrorMessageDispositionRequired")
    wanted = "SendMeetingInvitationsOrCancellations"
    if kind.element == "CalendarItem" and call.request.get(wanted) is None:
        raise EwsError(f"Error{wanted}Required")


def _store(call: Call, mailbox: Mailbox, stored: StoredItem, writer: ItemWriter) -> str:
    item, kind = writer.item, writer.kind
    if writer.changed <= {"message:IsRead"}:
        if is_true(call.request.get("SuppressReadReceipts", "false")):
            mailbox.suppress_receipt(stored)
        mailbox.mark_read(stored.number, is_read=item.is_read)
        item = mailbox.item(stored.number)
    else:
        writer.settle()
        mailbox.check_room(mailbox.weight_of(item) - mailbox.weight_of(stored))
        if series_of(stored) != series_of(item):
            item.exceptions = None
        if kind.element == "Task":
            _complete(mailbox, stored, item)
        update = _check_meeting(call, mailbox, stored, item) if kind.element == "CalendarItem" else None
        mailbox.store(item, modifier=call.modifier)
        if update is not None:
            _tell(call, mailbox, stored, item, update)
    if kind.is_message and call.request.get("MessageDisposition") in {"SendOnly", "SendAndSaveCopy"}:
        _send(call, mailbox, item)
        return ""
    return f'<t:{kind.element}><t:ItemId Id="{mailbox.item_id(item)}" ChangeKey="{mailbox.change_key(item)}"/></t:{kind.element}>'


def _complete(mailbox: Mailbox, stored: StoredItem, item: StoredItem) -> None:
    """Let a recurring task that was completed go on; the completed occurrence stays behind as a task of its own."""
    before, after = stored.properties or {}, item.properties or {}
    if after.get("task:Status") != "Completed" or before.get("task:Status") == "Completed":
        return
    going_on = following(after, after["task:CompleteDate"].date())
    if going_on is None:
        return
    done = item.copy()
    done.number, done.properties = 0, completed_copy(after)
    mailbox.add(done, mailbox.folders[stored.folder])
    item.properties = going_on


def _check_meeting(call: Call, mailbox: Mailbox, stored: StoredItem, item: StoredItem) -> Update | None:
    """Bring answers and sequence number in order; return what to tell whom, or ``None`` for nobody.

    Raises:
        EwsError: ``ErrorCalendarIsNotOrganizer``: the meeting is somebody else's; ``ErrorInvalidRecipients``;
            ``ErrorCalendarCannotUpdateDeletedItem``.
    """
    tells, _ = sends(call.request.get("SendMeetingInvitationsOrCancellations"))
    before, after = stored.properties or {}, item.properties or {}
    if not meetings.is_organizer(stored):
        if times_differ(before, after) or (tells and meetings.everybody(item)):
            raise EwsError("ErrorCalendarIsNotOrganizer")
        return None
    if tells:
        bin_folder = mailbox.find_distinguished_folder("deleteditems")
        if bin_folder is not None and stored.folder == bin_folder.number and meetings.everybody(item):
            raise EwsError("ErrorCalendarCannotUpdateDeletedItem")
        meetings.check_people(meetings.everybody(item))
    update = prepare_update(stored, item, sends=tells)
    return update if tells else None


def _tell(call: Call, mailbox: Mailbox, stored: StoredItem, item: StoredItem, update: Update) -> None:
    wanted = call.request.get("SendMeetingInvitationsOrCancellations") or ""
    tell_update(
        call.exchange,
        mailbox,
        stored,
        item,
        update,
        only_changed="ToChanged" in wanted,
        saves_copy=sends(wanted)[1],
    )


def _send(call: Call, mailbox: Mailbox, item: StoredItem) -> None:
    target = call.target("SavedItemFolderId")
    sent = submit(call.exchange, mailbox, item)
    mailbox.delete(item.number)
    if call.request.get("MessageDisposition") == "SendAndSaveCopy":
        where, folder = target or (mailbox, mailbox.distinguished_folder("sentitems"))
        where.add(sent, folder)
