"""FindFolder: list the folders below a folder, with conditions, page by page."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.folders import FolderReader, render_folder
from serversync.simulator.operations.paging import page_of
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.restriction import compile_restriction
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, parse_shape

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one page for each parent folder asked for."""
    shape = parse_shape(call.request.find(f"{M}FolderShape"), call.schema)
    messages = []
    for element in call.request.iterfind(f"{M}ParentFolderIds/*"):
        try:
            call.check()
            messages.append(success("FindFolder", _page(call, element, shape)))
        except EwsError as error:
            messages.append(failure("FindFolder", error))
    return response("FindFolder", messages)


def _page(call: Call, element: etree._Element, shape: Shape) -> str:
    mailbox, root = call.folder(element)
    traversal = call.request.get("Traversal", "Shallow")
    if traversal == "Deep" and mailbox.is_public:
        raise EwsError("ErrorInvalidOperation", "Public folders cannot be traversed deeply.")
    found = {"Shallow": mailbox.children, "Deep": mailbox.below}.get(traversal, lambda _root: [])(root)
    if not call.owns(mailbox):
        found = [one for one in found if Right.SEE in call.rights(mailbox, one)]
    test = compile_restriction(call.request.find(f"{M}Restriction"), FolderReader())
    if test is not None:
        found = [folder for folder in found if test((mailbox, folder))]
    page = page_of(call.request, len(found), "Folder")
    rendered = "".join(
        render_folder(mailbox, folder, call.seen(shape, mailbox, folder))
        for folder in found[page.first : page.last]
    )
    return f"<m:RootFolder {page.attributes}><t:Folders>{rendered}</t:Folders></m:RootFolder>"
