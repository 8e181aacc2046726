"""MarkAsJunk: block the senders of messages and put them away, or the other way round (2013 and later)."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, is_true
from serversync.simulator.xmltext import attribute

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each item, with the new id of one that was moved."""
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            messages.append(success("MarkAsJunk", _mark(call, element)))
        except EwsError as error:
            messages.append(failure("MarkAsJunk", error))
    return response("MarkAsJunk", messages)


def _mark(call: Call, element: etree._Element) -> str:
    is_junk = is_true(call.request.get("IsJunk", "false"))
    mailbox, item = call.item_of(element, Right.DELETE)
    view = call.exchange.view(mailbox, item, Shape(call.schema))
    if not view.kind.is_message:
        raise EwsError("ErrorInvalidOperation")
    author = view.get("message:From")
    if author is not None and is_junk:
        mailbox.blocked_senders.add(author.address.lower())
    elif author is not None:
        mailbox.blocked_senders.discard(author.address.lower())
    folder = mailbox.distinguished_folder("junkemail" if is_junk else "inbox")
    if not is_true(call.request.get("MoveItem", "false")) or item.folder == folder.number:
        return ""
    moved = mailbox.move(item.number, folder)
    item_id, key = attribute(mailbox.item_id(moved)), attribute(mailbox.change_key(moved))
    return f"<m:MovedItemId Id={item_id} ChangeKey={key}/>"
