"""Folders of a mailbox."""

from collections.abc import Callable
from typing import Any

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import local_name, t
from serversync.exchange.types.fields import ExtendedFieldURI, ExtendedValue, read_extended_property
from serversync.exchange.types.ids import FolderId, read_folder_id
from serversync.exchange.xml_values import integer_of, text_of


class Folder(Struct, frozen=True, gc=False, kw_only=True):
    """A folder; ``element`` names its kind (``Folder``, ``CalendarFolder``, ``ContactsFolder`` ...).

    What was not asked for, or not answered, is ``None``.
    """

    element: str = "Folder"
    folder_id: FolderId | None = None
    parent_folder_id: FolderId | None = None
    folder_class: str | None = None
    display_name: str | None = None
    total_count: int | None = None
    child_folder_count: int | None = None
    unread_count: int | None = None
    distinguished_folder_id: str | None = None
    extended_properties: dict[ExtendedFieldURI, ExtendedValue] = {}


_FIELDS: dict[str, tuple[str, Callable[[_Element], Any]]] = {
    t("FolderId"): ("folder_id", read_folder_id),
    t("ParentFolderId"): ("parent_folder_id", read_folder_id),
    t("FolderClass"): ("folder_class", text_of),
    t("DisplayName"): ("display_name", text_of),
    t("TotalCount"): ("total_count", integer_of),
    t("ChildFolderCount"): ("child_folder_count", integer_of),
    t("UnreadCount"): ("unread_count", integer_of),
    t("DistinguishedFolderId"): ("distinguished_folder_id", text_of),
}
_EXTENDED = t("ExtendedProperty")


def read_folder(element: _Element) -> Folder:
    """Return the folder that the element describes; unknown properties are passed over."""
    values: dict[str, Any] = {"element": local_name(element.tag)}
    extended: dict[ExtendedFieldURI, ExtendedValue] = {}
    for child in element:
        tag = child.tag
        if tag == _EXTENDED:
            if (pair := read_extended_property(child)) is not None:
                extended[pair[0]] = pair[1]
        elif (field := _FIELDS.get(tag)) is not None:
            values[field[0]] = field[1](child)
    if extended:
        values["extended_properties"] = extended
    return Folder(**values)
