"""UpdateFolder: rename folders and set their properties."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.folders import FOLDER_CLASSES, element_of, render_folder
from serversync.simulator.folderwriter import delete_property, set_property
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each folder, with its new change key."""
    messages = []
    for change in call.request.iterfind(f"{M}FolderChanges/{T}FolderChange"):
        try:
            call.check()
            messages.append(success("UpdateFolder", f"<m:Folders>{_update(call, change)}</m:Folders>"))
        except EwsError as error:
            messages.append(failure("UpdateFolder", error, "<m:Folders/>"))
    return response("UpdateFolder", messages)


def _update(call: Call, change: etree._Element) -> str:
    mailbox, folder = call.folder(change[0], Right.OWN)
    updates = change.find(f"{T}Updates")
    if updates is None or not len(updates):
        raise EwsError("ErrorIncorrectUpdatePropertyCount")
    for update in updates:
        name = etree.QName(update).localname
        if name == "DeleteFolderField":
            delete_property(folder, update[0])
        elif name == "AppendToFolderField":
            raise EwsError("ErrorInvalidPropertyAppend")
        elif len(update) != 2 or len(update[1]) != 1:
            raise EwsError("ErrorIncorrectUpdatePropertyCount")
        else:
            _check(update[0], update[1], element_of(folder))
            set_property(mailbox, folder, update[1][0], call.exchange.version_of(mailbox).schema)
    mailbox.touch_folder(folder)
    return render_folder(mailbox, folder, Shape(call.schema))


def _check(path: etree._Element, element: etree._Element, own: str) -> None:
    given = etree.QName(element).localname
    if given not in FOLDER_CLASSES or given not in {own, "Folder"}:
        raise EwsError("ErrorObjectTypeChanged")
    name = etree.QName(element[0]).localname
    wanted = path.get("FieldURI", "").partition(":")[2] or "ExtendedProperty"
    if name != wanted:
        raise EwsError("ErrorUpdatePropertyMismatch")
