"""Folders as EWS shows them."""

from serversync.simulator import identifiers
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailbox import Folder, Mailbox
from serversync.simulator.shape import ExtendedField, Shape
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import boolean, text

_ELEMENTS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}
_WITHOUT_UNREAD_COUNT = frozenset({"CalendarFolder", "ContactsFolder"})
_LEVELS = {"IdOnly": 0, "Default": 1, "AllProperties": 2}


def folder_id(mailbox: Mailbox, folder: Folder, element: str = "FolderId") -> str:
    """Return a ``FolderId`` or ``ParentFolderId`` element."""
    found = identifiers.encode(Identifier(mailbox.guid, folder.number))
    return f'<t:{element} Id="{found}" ChangeKey="{identifiers.folder_change_key(mailbox.guid, folder.change)}"/>'


def _extended_value(folder: Folder, wanted: ExtendedField, children: int) -> str | None:
    tag = wanted.tag
    values = {
        0x3001: folder.display_name,
        0x3602: str(len(folder.items)),
        0x3603: str(folder.unread),
        0x360A: boolean(children),
        0x3613: folder.folder_class or None,
    }
    return None if tag is None else values.get(tag)


def render_folder(mailbox: Mailbox, folder: Folder, shape: Shape) -> str:
    """Return the element of a folder: ``Folder``, ``CalendarFolder``, ``ContactsFolder`` or ``TasksFolder``."""
    element = _ELEMENTS.get(folder.folder_class, "Folder")
    level = _LEVELS.get(shape.base, 1)
    children = sum(1 for other in mailbox.folders.values() if other.parent == folder.number)

    def wants(name: str, from_level: int) -> bool:
        return level >= from_level or f"folder:{name}" in shape.fields

    parts = [folder_id(mailbox, folder)]
    if wants("ParentFolderId", 2) and folder.parent is not None:
        parts.append(folder_id(mailbox, mailbox.folders[folder.parent], "ParentFolderId"))
    if wants("FolderClass", 2) and folder.folder_class:
        parts.append(f"<t:FolderClass>{folder.folder_class}</t:FolderClass>")
    if wants("DisplayName", 1):
        parts.append(f"<t:DisplayName>{text(folder.display_name)}</t:DisplayName>")
    if wants("TotalCount", 1):
        parts.append(f"<t:TotalCount>{len(folder.items)}</t:TotalCount>")
    if wants("ChildFolderCount", 1):
        parts.append(f"<t:ChildFolderCount>{children}</t:ChildFolderCount>")
    for wanted in shape.extended:
        value = _extended_value(folder, wanted, children)
        if value is not None:
            parts.append(wanted.to_xml(text(value)))
    if wants("EffectiveRights", 2):
        parts.append(_effective_rights(shape.schema))
    if wants("DistinguishedFolderId", 2) and folder.distinguished_id and shape.schema >= Schema.EXCHANGE2013:
        parts.append(f"<t:DistinguishedFolderId>{folder.distinguished_id}</t:DistinguishedFolderId>")
    if wants("UnreadCount", 1) and element not in _WITHOUT_UNREAD_COUNT:
        parts.append(f"<t:UnreadCount>{folder.unread}</t:UnreadCount>")
    return f"<t:{element}>{''.join(parts)}</t:{element}>"


def _effective_rights(schema: Schema) -> str:
    newer = "<t:ViewPrivateItems>true</t:ViewPrivateItems>" if schema >= Schema.EXCHANGE2010 else ""
    return (
        "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents>"
        "<t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
        f"<t:Read>true</t:Read>{newer}</t:EffectiveRights>"
    )
