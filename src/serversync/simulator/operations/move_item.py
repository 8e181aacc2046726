"""MoveItem and CopyItem: items into another folder, always with new ids; a copy takes room.

They stay in their mailbox, or cross between a mailbox, its archive and the public folders.
"""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.create_item import created
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each item, with its new id unless the client does not want it."""
    operation = call.operation
    wants_ids = (call.request.findtext(f"{M}ReturnNewItemIds") or "true").strip() in {"true", "1"}
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            found = _carry(call, element, *call.needed_target("ToFolderId"), is_copy=operation == "CopyItem")
            messages.append(success(operation, f"<m:Items>{found if wants_ids else ''}</m:Items>"))
        except EwsError as error:
            messages.append(failure(operation, error, "<m:Items/>"))
    return response(operation, messages)


def _carry(call: Call, element: etree._Element, into: Mailbox, folder: Folder, *, is_copy: bool) -> str:
    mailbox, item = call.item_of(element, Right.READ if is_copy else Right.DELETE)
    is_near = (mailbox.owner or mailbox) is (into.owner or into)
    if not (is_near or mailbox.is_public or into.is_public):
        raise EwsError("ErrorCrossMailboxMoveCopy")
    if item.occurrence:
        raise EwsError("ErrorCalendarCannotMoveOrCopyOccurrence")
    if folder.search is not None:
        raise EwsError("ErrorMoveCopyFailed")
    if into.is_public and folder.parent is None:
        raise EwsError("ErrorOperationNotAllowedWithPublicFolderRoot")
    if mailbox is not into:
        into.check_room(mailbox.weight_of(item))
        brought = into.bring(mailbox, item.number, folder)
        if not is_copy:
            mailbox.delete(item.number)
        return created(call, into, brought)
    if is_copy:
        mailbox.check_room(mailbox.weight_of(item))
    again = mailbox.copy(item.number, folder) if is_copy else mailbox.move(item.number, folder)
    return created(call, mailbox, again)
