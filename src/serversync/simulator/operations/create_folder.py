"""CreateFolder: folders of every kind, search folders too."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.folders import FOLDER_CLASSES, render_folder
from serversync.simulator.foldertree import Folder
from serversync.simulator.folderwriter import fill_folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, child_text

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each folder, with its id."""
    messages = []
    for element in call.request.iterfind(f"{M}Folders/*"):
        try:
            call.check()
            mailbox, parent = call.needed_target("ParentFolderId", Right.CREATE_FOLDER)
            made = create(call, mailbox, parent, element)
            rendered = render_folder(mailbox, made, Shape(call.schema))
            messages.append(success("CreateFolder", f"<m:Folders>{rendered}</m:Folders>"))
        except EwsError as error:
            messages.append(failure("CreateFolder", error, "<m:Folders/>"))
    return response("CreateFolder", messages)


def create(call: Call, mailbox: Mailbox, parent: Folder, element: etree._Element) -> Folder:
    """Make the folder that an element describes.

    Raises:
        EwsError: it cannot be made so.
    """
    name = child_text(element, "DisplayName")
    if not name:
        raise EwsError("ErrorFolderSavePropertyError")
    usual = FOLDER_CLASSES[etree.QName(element).localname]
    is_plain = etree.QName(element).localname == "Folder"
    folder_class = child_text(element, "FolderClass") or ("" if is_plain else usual)
    if usual not in ("IPF.Note", folder_class) and not folder_class.startswith(usual + "."):
        raise EwsError("ErrorObjectTypeChanged")
    folder = mailbox.create_folder(name, parent=parent, folder_class=folder_class)
    if mailbox.is_public:
        folder.owner = call.acting
    try:
        fill_folder(mailbox, folder, element, call.exchange.version_of(mailbox).schema)
    except EwsError:
        mailbox.remove_folder(folder)
        raise
    return folder
