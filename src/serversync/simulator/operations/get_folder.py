"""GetFolder: look at folders; the cheapest proof that log-in, right and mailbox are in order."""

from serversync.simulator.call import Call
from serversync.simulator.folders import render_folder
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import parse_shape

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each folder asked for."""
    shape = parse_shape(call.request.find(f"{M}FolderShape"), call.schema)
    messages = []
    for element in call.request.iterfind(f"{M}FolderIds/*"):
        try:
            call.check()
            mailbox, folder = call.folder(element)
            rendered = render_folder(mailbox, folder, call.seen(shape, mailbox, folder))
            messages.append(success("GetFolder", f"<m:Folders>{rendered}</m:Folders>"))
        except EwsError as error:
            messages.append(failure("GetFolder", error, "<m:Folders/>"))
    return response("GetFolder", messages)
