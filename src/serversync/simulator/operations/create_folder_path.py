"""CreateFolderPath (2013 and later): folders inside one another; those that are there already are just named."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.folders import render_folder
from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.create_folder import create
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, child_text

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each folder of the path; what comes after one that failed fails as well."""
    messages, problem = [], None
    place: tuple[Mailbox, Folder] | None = None
    for element in call.request.iterfind(f"{M}RelativeFolderPath/*"):
        try:
            if problem is not None:
                raise problem
            call.check()
            mailbox, parent = place or call.needed_target("ParentFolderId", Right.CREATE_FOLDER)
            folder = _folder(call, mailbox, parent, element)
            place = mailbox, folder
            rendered = render_folder(mailbox, folder, Shape(call.schema))
            messages.append(success("CreateFolderPath", f"<m:Folders>{rendered}</m:Folders>"))
        except EwsError as error:
            problem = error
            messages.append(failure("CreateFolderPath", error, "<m:Folders/>"))
    return response("CreateFolderPath", messages)


def _folder(call: Call, mailbox: Mailbox, parent: Folder, element: etree._Element) -> Folder:
    if mailbox.is_public:
        raise EwsError("ErrorInvalidOperation", "Public folders are created one by one.")
    found = mailbox.child(parent, child_text(element, "DisplayName"))
    return found or create(call, mailbox, parent, element)
