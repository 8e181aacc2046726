"""MoveFolder and CopyFolder: folders with everything below them; a moved folder keeps its id."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.folders import render_folder
from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape
from serversync.simulator.versions import Schema

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each folder, with its id."""
    operation = call.operation
    messages = []
    for element in call.request.iterfind(f"{M}FolderIds/*"):
        try:
            call.check()
            mailbox, folder = _carry(call, element)
            rendered = render_folder(mailbox, folder, Shape(call.schema))
            messages.append(success(operation, f"<m:Folders>{rendered}</m:Folders>"))
        except EwsError as error:
            messages.append(failure(operation, error, "<m:Folders/>"))
    return response(operation, messages)


def _carry(call: Call, element: etree._Element) -> tuple[Mailbox, Folder]:
    target = call.needed_target("ToFolderId", Right.CREATE_FOLDER)
    mailbox, folder = call.folder(element, Right.READ if call.operation == "CopyFolder" else Right.OWN)
    if mailbox is not target[0]:
        raise EwsError("ErrorCrossMailboxMoveCopy")
    if call.operation == "CopyFolder":
        if mailbox.is_public and call.exchange.version.schema >= Schema.EXCHANGE2013:
            raise EwsError("ErrorMoveCopyFailed", "Public folders cannot be copied.")
        return mailbox, _copy(mailbox, folder, target[1])
    mailbox.move_folder(folder, target[1])
    return mailbox, folder


def _copy(mailbox: Mailbox, folder: Folder, into: Folder) -> Folder:
    if folder.parent is None or folder is into or folder.number in mailbox.ancestors(into):
        raise EwsError("ErrorMoveCopyFailed")
    if mailbox.child(into, folder.display_name) is not None:
        raise EwsError("ErrorMoveCopyFailed")
    children = mailbox.children(folder)
    made = mailbox.create_folder(folder.display_name, parent=into, folder_class=folder.folder_class)
    made.extended, made.permissions, made.search = dict(folder.extended), folder.permissions, folder.search
    for number in (*folder.items, *folder.associated):
        mailbox.copy(number, made)
    for child in children:
        _copy(mailbox, child, made)
    return made
