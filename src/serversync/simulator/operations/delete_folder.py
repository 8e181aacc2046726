"""DeleteFolder and EmptyFolder: with everything that is in them."""

from collections.abc import Callable

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import is_true
from serversync.simulator.versions import Schema

M = f"{{{MESSAGES_NS}}}"


def delete(call: Call) -> str:
    """Return one response message for each folder."""
    return _each(call, _delete)


def empty(call: Call) -> str:
    """Return one response message for each folder."""
    return _each(call, _empty)


def _each(call: Call, carry_out: Callable[[Call, etree._Element], None]) -> str:
    messages = []
    for element in call.request.iterfind(f"{M}FolderIds/*"):
        try:
            call.check()
            carry_out(call, element)
            messages.append(success(call.operation, ""))
        except EwsError as error:
            messages.append(failure(call.operation, error))
    return response(call.operation, messages)


def _delete(call: Call, element: etree._Element) -> None:
    mailbox, folder = call.folder(element, Right.OWN)
    if folder.distinguished_id is not None:
        raise EwsError("ErrorDeleteDistinguishedFolder")
    if folder.is_system:
        raise EwsError("ErrorCannotDeleteObject")
    remove(mailbox, folder, call.request.get("DeleteType", ""))


def remove(mailbox: Mailbox, folder: Folder, how: str) -> None:
    """Delete a folder in one of the three ways.

    Soft-deleted, its items go among the recoverable ones; moved to Deleted Items, it gets a number behind its
    name where the name is taken there.
    """
    bin_folder = mailbox.find_distinguished_folder("deleteditems")
    if how == "MoveToDeletedItems" and bin_folder is not None:
        name, number = folder.display_name, 0
        while (other := mailbox.child(bin_folder, folder.display_name)) is not None and other is not folder:
            number += 1
            folder.display_name = f"{name}{number}"
        mailbox.move_folder(folder, bin_folder)
        return
    if how == "SoftDelete":
        for one in (folder, *mailbox.below(folder)):
            for number in (*one.items, *one.associated):
                mailbox.soft_delete(number)
    mailbox.remove_folder(folder)


def _empty(call: Call, element: etree._Element) -> None:
    mailbox, folder = call.folder(element, Right.OWN)
    if folder.search is not None or folder.folder_class == "IPF.Appointment" or folder.parent is None:
        raise EwsError("ErrorCannotEmptyFolder")
    if mailbox.is_public and call.exchange.version.schema >= Schema.EXCHANGE2013:
        raise EwsError("ErrorCannotEmptyFolder")
    how = call.request.get("DeleteType", "")
    for number in tuple(folder.items):
        if how == "HardDelete":
            mailbox.delete(number)
        elif how == "SoftDelete":
            mailbox.soft_delete(number)
        else:
            mailbox.throw_away(number)
    if is_true(call.request.get("DeleteSubFolders", "false")):
        for child in mailbox.children(folder):
            if child.distinguished_id is None and not child.is_system:
                remove(mailbox, child, how)
