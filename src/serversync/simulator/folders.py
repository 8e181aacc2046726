"""Folders as EWS shows them, and their properties as conditions see them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from serversync.simulator import identifiers
from serversync.simulator.extended import comparable
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import Identifier
from serversync.simulator.kinds.forms import BASE64
from serversync.simulator.kinds.item import effective_rights
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.permissions import usual_permissions
from serversync.simulator.response import EwsError
from serversync.simulator.restriction import Operand
from serversync.simulator.shape import ExtendedField, Shape, T, extended_field
from serversync.simulator.storeditem import ExtendedValue
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import boolean, text, timestamp

_ELEMENTS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}
_WITHOUT_UNREAD_COUNT = frozenset({"CalendarFolder", "ContactsFolder"})
_LEVELS = {"IdOnly": 0, "Default": 1, "AllProperties": 2}
_ASKED = 3
FOLDER_CLASSES = {
    "Folder": "IPF.Note",
    "CalendarFolder": "IPF.Appointment",
    "ContactsFolder": "IPF.Contact",
    "TasksFolder": "IPF.Task",
    "SearchFolder": "IPF.Note",
}
"""The container class that a new folder of each element has."""

FolderRow = tuple[Mailbox, Folder]


def folder_id(mailbox: Mailbox, folder: Folder, element: str = "FolderId") -> str:
    """Return a ``FolderId`` or ``ParentFolderId`` element."""
    found = identifiers.encode(Identifier(mailbox.guid, folder.number))
    return f'<t:{element} Id="{found}" ChangeKey="{identifiers.folder_change_key(mailbox.guid, folder.change)}"/>'


def element_of(folder: Folder) -> str:
    """Return the name of a folder's element; the container class decides, with everything below it."""
    if folder.search is not None:
        return "SearchFolder"
    for folder_class, element in _ELEMENTS.items():
        if folder.folder_class == folder_class or folder.folder_class.startswith(folder_class + "."):
            return element
    return "Folder"


def _path(mailbox: Mailbox, folder: Folder) -> str:
    names = []
    parent: Folder | None = folder
    while parent is not None and parent.parent is not None:
        names.append(parent.display_name)
        parent = mailbox.folders[parent.parent]
    return "/" + "/".join(reversed(names[:-1] or names))


_NEVER = datetime(1601, 1, 1, tzinfo=UTC)


def _change_mark(mailbox: Mailbox, honest: str, constant: str) -> str | None:
    """Return when a folder changed last, or how much has left it; as the mailbox is told to answer."""
    if mailbox.change_marks == "absent":
        return None
    return honest if mailbox.change_marks == "honest" else constant


def _binary(value: bytes) -> str | None:
    return BASE64.mapi(value)


_TAGS: dict[int, Callable[[Mailbox, Folder], str | None]] = {
    0x0E08: lambda mailbox, folder: str(mailbox.folder_size(folder)),
    0x0E07: lambda _mailbox, _folder: "0",
    0x0E23: lambda _mailbox, folder: str(folder.number),
    0x0FF4: lambda _mailbox, _folder: "63",
    0x0FFF: lambda mailbox, folder: _binary(identifiers.entry_id(Identifier(mailbox.guid, folder.number))),
    0x10F3: _path,
    0x3001: lambda _mailbox, folder: folder.display_name,
    0x3007: lambda _mailbox, folder: timestamp(folder.created),
    0x3008: lambda _mailbox, folder: timestamp(folder.modified),
    0x3601: lambda _mailbox, folder: (
        "2" if folder.search is not None else "0" if folder.parent is None else "1"
    ),
    0x3602: lambda _mailbox, folder: str(len(folder.items)),
    0x3603: lambda _mailbox, folder: str(folder.unread),
    0x360A: lambda mailbox, folder: boolean(mailbox.children(folder)),
    0x3613: lambda _mailbox, folder: folder.folder_class or None,
    0x3617: lambda _mailbox, folder: str(len(folder.associated)),
    0x65E0: lambda mailbox, folder: _binary(mailbox.guid.bytes + folder.number.to_bytes(6, "big")),
    0x670A: lambda mailbox, folder: _change_mark(
        mailbox, timestamp(folder.committed or _NEVER), timestamp(_NEVER)
    ),
    0x670B: lambda mailbox, folder: _change_mark(mailbox, str(folder.deleted_total), "0"),
    0x6751: lambda mailbox, _folder: str(mailbox.last_item + 1),
    0x6752: lambda mailbox, _folder: str(mailbox.last_item),
}
"""MAPI properties that follow from the folder: size, name, times, counts, LocalCommitTimeMax, the next IMAP number."""


def extended_value(mailbox: Mailbox, folder: Folder, wanted: ExtendedField) -> ExtendedValue | None:
    """Return the value of an extended property of a folder; ``None`` where it has none of this type."""
    stored = folder.extended.get(wanted.key)
    if stored is not None:
        return stored if stored.kind == wanted.kind else None
    pick = None if wanted.tag is None else _TAGS.get(wanted.tag)
    found = None if pick is None else pick(mailbox, folder)
    return None if found is None else ExtendedValue(wanted.kind, found)


def render_folder(mailbox: Mailbox, folder: Folder, shape: Shape) -> str:
    """Return the element of a folder: ``Folder``, ``CalendarFolder``, ``ContactsFolder`` and so on."""
    element = element_of(folder)
    level = _LEVELS.get(shape.base, 1)
    parent = (
        "" if folder.parent is None else folder_id(mailbox, mailbox.folders[folder.parent], "ParentFolderId")
    )
    is_constant = mailbox.change_marks == "constant"
    is_named = folder.distinguished_id is not None and shape.schema >= Schema.EXCHANGE2013
    unread = str(folder.unread) if element not in _WITHOUT_UNREAD_COUNT else None
    rows: tuple[tuple[str, int, Callable[[], str]], ...] = (
        ("FolderId", 0, lambda: folder_id(mailbox, folder)),
        ("ParentFolderId", 2, lambda: parent),
        ("FolderClass", 2, lambda: _element("FolderClass", folder.folder_class)),
        ("DisplayName", 1, lambda: f"<t:DisplayName>{text(folder.display_name)}</t:DisplayName>"),
        ("TotalCount", 1, lambda: f"<t:TotalCount>{0 if is_constant else len(folder.items)}</t:TotalCount>"),
        (
            "ChildFolderCount",
            1,
            lambda: f"<t:ChildFolderCount>{len(mailbox.children(folder))}</t:ChildFolderCount>",
        ),
        ("ExtendedProperty", 0, lambda: _extended(mailbox, folder, shape)),
        ("EffectiveRights", 2, lambda: effective_rights(shape, is_folder=True)),
        (
            "DistinguishedFolderId",
            2,
            lambda: _element("DistinguishedFolderId", folder.distinguished_id if is_named else None),
        ),
        ("PermissionSet", _ASKED, lambda: _permissions(mailbox, folder, element)),
        ("UnreadCount", 1, lambda: _element("UnreadCount", unread)),
        ("SearchParameters", 2, lambda: folder.search or ""),
    )
    chosen = (
        write() for name, from_level, write in rows if level >= from_level or f"folder:{name}" in shape.fields
    )
    return f"<t:{element}>{''.join(chosen)}</t:{element}>"


def _element(name: str, value: str | None) -> str:
    return f"<t:{name}>{text(value)}</t:{name}>" if value else ""


def _extended(mailbox: Mailbox, folder: Folder, shape: Shape) -> str:
    found = ((wanted, extended_value(mailbox, folder, wanted)) for wanted in shape.extended)
    return "".join(wanted.to_xml(value, text) for wanted, value in found if value is not None)


def _permissions(mailbox: Mailbox, folder: Folder, element: str) -> str:
    """Return who may do what; by default nobody but the owner, and in a calendar everybody sees busy times."""
    if element in {"SearchFolder", "TasksFolder"}:
        return ""
    if folder.permissions is not None:
        return folder.permissions
    return _USUAL[element == "CalendarFolder", mailbox.is_public]


_USUAL = {
    (is_calendar, is_public): usual_permissions(is_calendar=is_calendar, is_public=is_public)
    for is_calendar in (True, False)
    for is_public in (True, False)
}


_VALUES: dict[str, tuple[Callable[[Mailbox, Folder], Any], Callable[[str], Any]]] = {
    "folder:DisplayName": (lambda _mailbox, folder: folder.display_name, str),
    "folder:FolderClass": (lambda _mailbox, folder: folder.folder_class or None, str),
    "folder:TotalCount": (lambda _mailbox, folder: len(folder.items), int),
    "folder:UnreadCount": (lambda _mailbox, folder: folder.unread, int),
    "folder:ChildFolderCount": (lambda mailbox, folder: len(mailbox.children(folder)), int),
    "folder:FolderId": (
        lambda mailbox, folder: identifiers.encode(Identifier(mailbox.guid, folder.number)),
        str,
    ),
    "folder:ParentFolderId": (
        lambda mailbox, folder: identifiers.encode(Identifier(mailbox.guid, folder.parent or 0)),
        str,
    ),
}


class FolderReader:
    """Reads paths of folders, see ``restriction.Reader``."""

    def operand(self, path: etree._Element) -> Operand[FolderRow]:
        """Return the property of a path.

        Raises:
            EwsError: ``ErrorUnsupportedPathForQuery``: nobody can search by it.
        """
        if path.tag == f"{T}ExtendedFieldURI":
            return _extended_operand(extended_field(path))
        found = _VALUES.get(path.get("FieldURI", ""))
        if found is None:
            raise EwsError("ErrorUnsupportedPathForQuery")
        pick, parse = found
        return Operand(lambda row: pick(*row), _parser(parse))


def _parser(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(value: str) -> Any:
        try:
            return parse(value)
        except ValueError:
            raise EwsError("ErrorInvalidRestriction") from None

    return read


def _extended_operand(field: ExtendedField) -> Operand[FolderRow]:
    def value(row: FolderRow) -> object:
        found = extended_value(*row, field)
        if found is None:
            return None
        if isinstance(found.value, tuple):
            return tuple(comparable(field.kind, one) for one in found.value)
        return comparable(field.kind, found.value)

    return Operand(value, lambda given: comparable(field.kind, given))
