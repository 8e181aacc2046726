"""GetItem: read items in full."""

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import parse_shape

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each item asked for, in the same order."""
    shape = parse_shape(call.request.find(f"{M}ItemShape"), call.schema)
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            mailbox, item = call.item_of(element)
            rendered = call.exchange.render(mailbox, item, shape)
            messages.append(success("GetItem", f"<m:Items>{rendered}</m:Items>"))
        except EwsError as error:
            messages.append(failure("GetItem", error, "<m:Items/>"))
    return response("GetItem", messages)
