"""MarkAllItemsAsRead: the read flag of everything in a folder."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import is_true

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each folder."""
    messages = []
    for element in call.request.iterfind(f"{M}FolderIds/*"):
        try:
            call.check()
            _mark(call, element)
            messages.append(success("MarkAllItemsAsRead", ""))
        except EwsError as error:
            messages.append(failure("MarkAllItemsAsRead", error))
    return response("MarkAllItemsAsRead", messages)


def _mark(call: Call, element: etree._Element) -> None:
    mailbox, folder = call.folder(element, Right.EDIT)
    is_read = is_true((call.request.findtext(f"{M}ReadFlag") or "").strip())
    suppresses = is_true((call.request.findtext(f"{M}SuppressReadReceipts") or "").strip())
    for number in tuple(folder.items):
        if suppresses:
            mailbox.suppress_receipt(mailbox.item(number))
        mailbox.mark_read(number, is_read=is_read)
