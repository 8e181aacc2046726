"""Writes what clients send into folders: name, extended properties, permissions, search parameters."""

from lxml import etree

from serversync.simulator.extended import canonical
from serversync.simulator.foldertree import Folder
from serversync.simulator.kinds.forms import fragment
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.permissions import permission_set
from serversync.simulator.response import EwsError
from serversync.simulator.shape import T, extended_field
from serversync.simulator.versions import Schema

_NAME_TAG = ("tag", "3001")
_CLASS_TAG = ("tag", "3613")


def fill_folder(mailbox: Mailbox, folder: Folder, element: etree._Element, server: Schema) -> None:
    """Set everything that the element of a new folder says, apart from its name and class.

    Args:
        mailbox: The mailbox.
        folder: The folder.
        element: What the client sent.
        server: The schema step of the server that holds the mailbox.

    Raises:
        EwsError: ``ErrorInvalidPropertySet``.
    """
    for child in element:
        name = etree.QName(child).localname
        if name not in {"DisplayName", "FolderClass"}:
            set_property(mailbox, folder, child, server)


def set_property(mailbox: Mailbox, folder: Folder, element: etree._Element, server: Schema) -> None:
    """Set one property of a folder from its element; for the arguments see ``fill_folder``.

    Raises:
        EwsError: ``ErrorInvalidPropertySet``: it cannot be set; ``ErrorFolderExists``: the name is taken;
            ``ErrorInvalidPermissionSettings``.
    """
    name = etree.QName(element).localname
    if name == "DisplayName":
        _rename(mailbox, folder, element.text or "")
    elif name == "FolderClass":
        _set_class(folder, (element.text or "").strip())
    elif name == "PermissionSet":
        folder.permissions = permission_set(element, is_strict=server < Schema.EXCHANGE2013)
    elif name == "SearchParameters":
        folder.search = fragment(element)
    elif name == "ExtendedProperty":
        _set_extended(mailbox, folder, element)
    else:
        raise EwsError("ErrorInvalidPropertySet")


def _set_class(folder: Folder, folder_class: str) -> None:
    """Give a folder another class; one that has a class keeps it, or what is below that.

    Raises:
        EwsError: ``ErrorObjectTypeChanged``.
    """
    old = folder.folder_class
    is_plain = old in {"", "IPF"} and (folder_class == "IPF.Note" or folder_class.startswith("IPF.Note."))
    if folder_class != old and not is_plain and not folder_class.startswith(f"{old}."):
        raise EwsError("ErrorObjectTypeChanged")
    folder.folder_class = folder_class


def _rename(mailbox: Mailbox, folder: Folder, name: str) -> None:
    if not name:
        raise EwsError("ErrorFolderSavePropertyError")
    if folder.distinguished_id is not None and name != folder.display_name:
        raise EwsError("ErrorFolderSavePropertyError")
    mailbox.rename_folder(folder, name)


def _set_extended(mailbox: Mailbox, folder: Folder, element: etree._Element) -> None:
    path = element.find(f"{T}ExtendedFieldURI")
    if path is None:
        raise EwsError("ErrorInvalidExtendedProperty")
    field = extended_field(path)
    values = [one.text or "" for one in element.iterfind(f"{T}Value")]
    values += [one.text or "" for one in element.iterfind(f"{T}Values/{T}Value")]
    if field.key == _NAME_TAG:
        _rename(mailbox, folder, values[0] if values else "")
    elif field.key == _CLASS_TAG:
        folder.folder_class = values[0] if values else ""
    else:
        folder.extended[field.key] = canonical(field, values)


def delete_property(folder: Folder, path: etree._Element) -> None:
    """Delete one property of a folder.

    Raises:
        EwsError: ``ErrorInvalidPropertyDelete``: it is not there to be deleted.
    """
    if path.tag == f"{T}ExtendedFieldURI":
        folder.extended.pop(extended_field(path).key, None)
    elif path.get("FieldURI") == "folder:PermissionSet":
        folder.permissions = None
    elif path.get("FieldURI") == "folder:FolderClass" and not folder.folder_class:
        return
    else:
        raise EwsError("ErrorInvalidPropertyDelete")
