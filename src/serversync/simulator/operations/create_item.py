"""CreateItem: make items, send messages, answer messages."""

from lxml import etree

from serversync.simulator import meetings
from serversync.simulator.calendar.meeting import RequestType
from serversync.simulator.call import Call
from serversync.simulator.delivery import submit
from serversync.simulator.foldertree import Folder
from serversync.simulator.items import render_item
from serversync.simulator.itemwriter import new_item
from serversync.simulator.kinds.item import attachment_ids
from serversync.simulator.kinds.registry import KINDS
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.respond import RESPONSES, suppress_read_receipt
from serversync.simulator.operations.respond_meeting import MEETING_RESPONSES, sends
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each item; ids only of what was saved without being sent."""
    messages = []
    for element in call.request.iterfind(f"{M}Items/*"):
        try:
            call.check()
            messages.append(success("CreateItem", f"<m:Items>{_create(call, element)}</m:Items>"))
        except EwsError as error:
            messages.append(failure("CreateItem", error, "<m:Items/>"))
    return response("CreateItem", messages)


def _create(call: Call, element: etree._Element) -> str:
    name = etree.QName(element).localname
    if name == "SuppressReadReceipt":
        suppress_read_receipt(call, element)
        return ""
    target = _target(call)
    if name in MEETING_RESPONSES:
        return MEETING_RESPONSES[name](call, element, name)
    if name in RESPONSES:
        mailbox, item = RESPONSES[name](call, element)
        return _dispose(call, mailbox, item, target)
    if name == "CalendarItem" and call.request.get("SendMeetingInvitations") is None:
        raise EwsError("ErrorSendMeetingInvitationsRequired")
    mailbox = target[0] if target else call.own_mailbox
    server = call.exchange.version_of(mailbox).schema
    item = new_item(element, call.schema, call.exchange.now(), zone=call.zone, server=server)
    if KINDS[name].is_message:
        return _dispose(call, mailbox, item, target)
    folder = target[1] if target else _usual_folder(call, mailbox, item)
    if name == "CalendarItem":
        return _save_meeting(call, mailbox, item, folder)
    return save(call, mailbox, item, folder)


def _target(call: Call) -> tuple[Mailbox, Folder] | None:
    """Return ``SavedItemFolderId``, if there is one.

    Raises:
        EwsError: as ``Call.target``; ``ErrorCreateItemAccessDenied`` where nothing may be put into it.
    """
    try:
        return call.target("SavedItemFolderId")
    except EwsError as error:
        if error.response_code == "ErrorAccessDenied":
            raise EwsError("ErrorCreateItemAccessDenied") from error
        raise


def _save_meeting(call: Call, mailbox: Mailbox, item: StoredItem, folder: Folder) -> str:
    """Save an appointment and invite to it, as ``SendMeetingInvitations`` says."""
    people = meetings.everybody(item)
    tells, saves_copy = sends(call.request.get("SendMeetingInvitations"))
    if not (tells and people):
        return save(call, mailbox, item, folder)
    meetings.check_people(people)
    meetings.mark_as_meeting(item)
    saved = save(call, mailbox, item, folder)
    meetings.invite(call.exchange, mailbox, item, people, RequestType.NEW, saves_copy=saves_copy)
    return saved


def _dispose(call: Call, mailbox: Mailbox, item: StoredItem, target: tuple[Mailbox, Folder] | None) -> str:
    """Save a message, send it, or both, as ``MessageDisposition`` says."""
    disposition = call.request.get("MessageDisposition")
    if disposition is None:
        raise EwsError("ErrorMessageDispositionRequired")
    if disposition == "SaveOnly":
        folder = target[1] if target else _usual_folder(call, mailbox, item)
        return save(call, mailbox, item, folder)
    sent = submit(call.exchange, call.own_mailbox, item)
    if disposition == "SendAndSaveCopy":
        where, folder = target or (call.own_mailbox, call.own_mailbox.distinguished_folder("sentitems"))
        where.add(sent, folder)
    return ""


def _usual_folder(call: Call, mailbox: Mailbox, item: StoredItem) -> Folder:
    kind = call.exchange.view(mailbox, item, Shape(call.schema)).kind
    return mailbox.distinguished_folder(kind.folder)


def save(call: Call, mailbox: Mailbox, item: StoredItem, folder: Folder) -> str:
    """Put a new item into a folder and return its element with the ids of it and of its attachments.

    Raises:
        EwsError: the folder is not for such items, or is a search folder.
    """
    kind = call.exchange.view(mailbox, item, Shape(call.schema)).kind
    refused = kind.needs_folder.get(folder.folder_class)
    if refused and not item.is_associated:
        raise EwsError(refused)
    if folder.search is not None:
        raise EwsError("ErrorCreateItemAccessDenied")
    if mailbox.is_public and folder.parent is None:
        raise EwsError("ErrorOperationNotAllowedWithPublicFolderRoot")
    if not call.is_own(mailbox):
        item.creator = call.acting
    mailbox.check_room(item.weight)
    mailbox.add(item, folder)
    return created(call, mailbox, item)


def created(call: Call, mailbox: Mailbox, item: StoredItem) -> str:
    """Return the element that tells the ids of a new item, and of its attachments."""
    view = call.exchange.view(mailbox, item, Shape(call.schema))
    if not view.item.attachments:
        return render_item(view)
    ids = "".join(attachment_ids(view, one) for one in view.attachments)
    rendered = render_item(view)
    end = rendered.rindex("</t:")
    return f"{rendered[:end]}<t:Attachments>{ids}</t:Attachments>{rendered[end:]}"
