"""ArchiveItem: items into the archive of their mailbox, into the folder of the same path there, which is made if needed."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.create_item import created
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right

M = f"{{{MESSAGES_NS}}}"
_STAY = ("IPF.Appointment", "IPF.Contact", "IPF.Task")


def answer(call: Call) -> str:
    """Return one response message for each item, with its id in the archive."""
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            mailbox, source = call.needed_target("ArchiveSourceFolderId", Right.SEE)
            archived = _archive(call, element, mailbox, source)
            messages.append(success("ArchiveItem", f"<m:Items>{archived}</m:Items>"))
        except EwsError as error:
            messages.append(failure("ArchiveItem", error, "<m:Items/>"))
    return response("ArchiveItem", messages)


def _archive(call: Call, element: etree._Element, mailbox: Mailbox, source: Folder) -> str:
    if mailbox.is_public:
        raise EwsError("ErrorCannotArchiveItemsInPublicFolders")
    if mailbox.owner is not None:
        raise EwsError("ErrorCannotArchiveItemsInArchiveMailbox")
    where, item = call.item_of(element, Right.DELETE)
    if mailbox.archive is None:
        raise EwsError("ErrorArchiveMailboxNotEnabled")
    if where is not mailbox or item.occurrence or item.is_associated:
        raise EwsError("ErrorInvalidItemForOperationArchiveItem")
    top = mailbox.distinguished_folder("msgfolderroot")
    is_kept = source.distinguished_id == "junkemail" or source.folder_class.startswith(_STAY)
    if is_kept or top.number not in mailbox.ancestors(source):
        raise EwsError(
            "ErrorCannotArchiveCalendarContactTaskFolderException",
            "Items in the Calendar, Contacts, Tasks, Junk Email, or non-IPM tree folder can't be archived.",
        )
    mailbox.archive.check_room(mailbox.weight_of(item))
    again = mailbox.archive.bring(mailbox, item.number, _same_path(mailbox, source, mailbox.archive))
    mailbox.delete(item.number)
    return created(call, mailbox.archive, again)


def _same_path(mailbox: Mailbox, source: Folder, archive: Mailbox) -> Folder:
    """Return the folder of the archive at the path of one of the mailbox."""
    if source.distinguished_id == "msgfolderroot" or source.parent is None:
        return archive.distinguished_folder("msgfolderroot")
    above = _same_path(mailbox, mailbox.folders[source.parent], archive)
    found = archive.child(above, source.display_name)
    return found or archive.create_folder(source.display_name, parent=above, folder_class=source.folder_class)
