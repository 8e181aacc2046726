"""ArchiveItem: refused, because no mailbox here has an archive."""

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response
from serversync.simulator.rights import Right

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return ``ErrorArchiveMailboxNotEnabled`` for each item that is there, and what is wrong with the others."""
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        error = EwsError("ErrorArchiveMailboxNotEnabled")
        try:
            call.target("ArchiveSourceFolderId", Right.SEE)
            call.item_of(element)
        except EwsError as found:
            error = found
        messages.append(failure("ArchiveItem", error, "<m:Items/>"))
    return response("ArchiveItem", messages)
