"""Folders as EWS shows them."""

from datetime import UTC, datetime

from serversync.simulator import identifiers
from serversync.simulator.identifiers import Identifier
from serversync.simulator.mailbox import Folder, Mailbox
from serversync.simulator.shape import ExtendedField, Shape
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import boolean, text, timestamp

_ELEMENTS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}
_WITHOUT_UNREAD_COUNT = frozenset({"CalendarFolder", "ContactsFolder"})
_LEVELS = {"IdOnly": 0, "Default": 1, "AllProperties": 2}


def folder_id(mailbox: Mailbox, folder: Folder, element: str = "FolderId") -> str:
    """Return a ``FolderId`` or ``ParentFolderId`` element."""
    found = identifiers.encode(Identifier(mailbox.guid, folder.number))
    return f'<t:{element} Id="{found}" ChangeKey="{identifiers.folder_change_key(mailbox.guid, folder.change)}"/>'


_NEVER = datetime(1601, 1, 1, tzinfo=UTC)
_COMMIT_TIME_MAX, _DELETED_COUNT_TOTAL = 0x670A, 0x670B


def _change_mark(mailbox: Mailbox, folder: Folder, tag: int) -> str | None:
    """Return when a folder changed last, or how much has left it; as the mailbox is told to answer."""
    if mailbox.change_marks == "absent":
        return None
    is_honest = mailbox.change_marks == "honest"
    if tag == _DELETED_COUNT_TOTAL:
        return str(folder.deleted_total if is_honest else 0)
    return timestamp((folder.committed if is_honest else None) or _NEVER)


def _extended_value(mailbox: Mailbox, folder: Folder, wanted: ExtendedField, children: int) -> str | None:
    tag = wanted.tag
    if tag in (_COMMIT_TIME_MAX, _DELETED_COUNT_TOTAL):
        return _change_mark(mailbox, folder, tag)
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
    parent = (
        "" if folder.parent is None else folder_id(mailbox, mailbox.folders[folder.parent], "ParentFolderId")
    )
    is_named = folder.distinguished_id is not None and shape.schema >= Schema.EXCHANGE2013
    has_unread = element not in _WITHOUT_UNREAD_COUNT
    rows = (
        ("FolderId", 0, folder_id(mailbox, folder)),
        ("ParentFolderId", 2, parent),
        ("FolderClass", 2, _element("FolderClass", folder.folder_class)),
        ("DisplayName", 1, f"<t:DisplayName>{text(folder.display_name)}</t:DisplayName>"),
        ("TotalCount", 1, f"<t:TotalCount>{len(folder.items)}</t:TotalCount>"),
        ("ChildFolderCount", 1, f"<t:ChildFolderCount>{children}</t:ChildFolderCount>"),
        ("ExtendedProperty", 0, _extended(mailbox, folder, shape, children)),
        ("EffectiveRights", 2, _effective_rights(shape.schema)),
        (
            "DistinguishedFolderId",
            2,
            _element("DistinguishedFolderId", folder.distinguished_id if is_named else None),
        ),
        ("UnreadCount", 1, _element("UnreadCount", str(folder.unread) if has_unread else None)),
    )
    chosen = (
        xml for name, from_level, xml in rows if level >= from_level or f"folder:{name}" in shape.fields
    )
    return f"<t:{element}>{''.join(chosen)}</t:{element}>"


def _element(name: str, value: str | None) -> str:
    return f"<t:{name}>{text(value)}</t:{name}>" if value else ""


def _extended(mailbox: Mailbox, folder: Folder, shape: Shape, children: int) -> str:
    found = ((wanted, _extended_value(mailbox, folder, wanted, children)) for wanted in shape.extended)
    return "".join(wanted.to_xml(text(value)) for wanted, value in found if value is not None)


def _effective_rights(schema: Schema) -> str:
    newer = "<t:ViewPrivateItems>true</t:ViewPrivateItems>" if schema >= Schema.EXCHANGE2010 else ""
    return (
        "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents>"
        "<t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
        f"<t:Read>true</t:Read>{newer}</t:EffectiveRights>"
    )
