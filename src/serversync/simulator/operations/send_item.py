"""SendItem: send what lies in a folder, usually in Drafts."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.delivery import submit
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, is_true

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each message; what is kept has a new id, which is not told."""
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            _send(call, element)
            messages.append(success("SendItem", ""))
        except EwsError as error:
            messages.append(failure("SendItem", error))
    return response("SendItem", messages)


def _send(call: Call, element: etree._Element) -> None:
    keeps = is_true(call.request.get("SaveItemToFolder", "false"))
    target = call.target("SavedItemFolderId")
    if target is not None and not keeps:
        raise EwsError("ErrorInvalidSendItemSaveSettings")
    if not element.get("ChangeKey"):
        raise EwsError("ErrorChangeKeyRequiredForWriteOperations")
    mailbox, item = call.item_of(element, Right.DELETE, for_writing=True)
    if not call.exchange.view(mailbox, item, Shape(call.schema)).kind.is_message:
        raise EwsError("ErrorInvalidItemForOperationSendItem")
    sent = submit(call.exchange, mailbox, item)
    mailbox.delete(item.number)
    if keeps:
        where, folder = target or (mailbox, mailbox.distinguished_folder("sentitems"))
        where.add(sent, folder)
