"""FindFolder: list the folders below a folder."""

from serversync.simulator.call import Call
from serversync.simulator.folders import render_folder
from serversync.simulator.mailbox import Folder, Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import parse_shape, whole_number
from serversync.simulator.xmltext import boolean

M = f"{{{MESSAGES_NS}}}"
_MAX_PAGE = 1000


def folders_below(mailbox: Mailbox, folder: Folder, *, is_deep: bool) -> list[Folder]:
    """Return the children of a folder, or all its descendants, in the order of their creation."""
    parents = {folder.number}
    found = []
    for candidate in mailbox.folders.values():
        if candidate.parent in parents:
            found.append(candidate)
            if is_deep:
                parents.add(candidate.number)
    return found


def _refuse_restriction(call: Call) -> None:
    if call.request.find(f"{M}Restriction") is not None:
        raise EwsError(
            "ErrorUnsupportedQueryFilter", "This server does not support Restriction in FindFolder."
        )


def answer(call: Call) -> str:
    """Return one page of folders for each parent asked for."""
    shape = parse_shape(call.request.find(f"{M}FolderShape"), call.schema)
    view = call.request.find(f"{M}IndexedPageFolderView")
    offset = whole_number(view, "Offset", 0)
    size = whole_number(view, "MaxEntriesReturned", _MAX_PAGE)
    messages = []
    for element in call.request.iterfind(f"{M}ParentFolderIds/*"):
        try:
            call.check()
            _refuse_restriction(call)
            mailbox, parent = call.folder(element)
            traversal = call.request.get("Traversal")
            found = (
                []
                if traversal == "SoftDeleted"
                else folders_below(mailbox, parent, is_deep=traversal == "Deep")
            )
            page = found[offset : offset + min(size, _MAX_PAGE)]
            end = offset + len(page)
            rendered = "".join(render_folder(mailbox, folder, shape) for folder in page)
            messages.append(
                success(
                    "FindFolder",
                    f'<m:RootFolder IndexedPagingOffset="{end}" TotalItemsInView="{len(found)}" '
                    f'IncludesLastItemInRange="{boolean(end >= len(found))}"><t:Folders>{rendered}</t:Folders></m:RootFolder>',
                )
            )
        except EwsError as error:
            messages.append(failure("FindFolder", error))
    return response("FindFolder", messages)
