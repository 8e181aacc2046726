"""What somebody may do in a folder of another person: levels of delegates and the permissions of the folder itself.

A delegate without levels has full access to the mailbox, as an administrator grants it. One with levels, as
``AddDelegate`` gives them, may do in each folder what its level says, and nothing in the others. ``PermissionSet``
of a folder adds to that.
"""

from collections.abc import Iterable

from lxml import etree

from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import TYPES_NS
from serversync.simulator.rights import EVERYTHING, Right

T = f"{{{TYPES_NS}}}"


_READ = Right.SEE | Right.READ
_AUTHOR = _READ | Right.CREATE | Right.EDIT_OWN | Right.DELETE_OWN
_EDITOR = _AUTHOR | Right.EDIT | Right.DELETE
LEVELS = {
    "None": Right.NONE,
    "Contributor": Right.SEE | Right.CREATE,
    "Reviewer": _READ,
    "NoneditingAuthor": _READ | Right.CREATE | Right.DELETE_OWN,
    "Author": _AUTHOR,
    "PublishingAuthor": _AUTHOR | Right.CREATE_FOLDER,
    "Editor": _EDITOR,
    "PublishingEditor": _EDITOR | Right.CREATE_FOLDER,
    "Owner": _EDITOR | Right.CREATE_FOLDER | Right.OWN,
    "FreeBusyTimeOnly": Right.NONE,
    "FreeBusyTimeAndSubjectAndLocation": Right.NONE,
}
"""What each level of a delegate or of a permission allows."""

PUBLIC_LEVEL = "Author"
"""What everybody is in a public folder whose permissions nobody set."""

_FOLDERS = {
    "calendar": "Calendar",
    "tasks": "Tasks",
    "inbox": "Inbox",
    "contacts": "Contacts",
    "notes": "Notes",
    "journal": "Journal",
}
_FLAGS = {
    "CanCreateItems": Right.CREATE,
    "CanCreateSubFolders": Right.CREATE_FOLDER,
    "IsFolderOwner": Right.OWN,
    "IsFolderVisible": Right.SEE,
}
_CHOICES = {
    ("EditItems", "Owned"): Right.EDIT_OWN,
    ("EditItems", "All"): Right.EDIT_OWN | Right.EDIT,
    ("DeleteItems", "Owned"): Right.DELETE_OWN,
    ("DeleteItems", "All"): Right.DELETE_OWN | Right.DELETE,
    ("ReadItems", "FullDetails"): Right.READ,
}


def has_full_access(mailbox: Mailbox, people: Iterable[str]) -> bool:
    """Whether one of these addresses was given a whole mailbox."""
    return any(one in mailbox.delegates and one not in mailbox.delegate_rights for one in people)


def rights_in(
    mailbox: Mailbox, folder: Folder, people: frozenset[str], sid: str, *, contributors_read: bool
) -> Right:
    """Return what somebody may do in a folder of another person's mailbox.

    Args:
        mailbox: The other person's.
        folder: The folder.
        people: The addresses of who asks, lower case.
        sid: The security identifier of who asks; empty for none.
        contributors_read: Whether the server lets contributors read items: since 2013 SP1, and not before.
    """
    if mailbox.is_public:
        return _in_public(folder, people, sid, contributors_read=contributors_read)
    mailbox = mailbox.owner or mailbox
    if has_full_access(mailbox, people):
        return EVERYTHING
    found = Right.NONE
    for address in people & mailbox.delegates:
        given = mailbox.delegate_rights[address]
        found |= LEVELS.get(
            given.levels.get(_FOLDERS.get(folder.distinguished_id or "", ""), "None"), Right.NONE
        )
        if given.sees_private:
            found |= Right.PRIVATE
    if folder.permissions is not None:
        found |= _permitted(folder.permissions, people, sid, contributors_read=contributors_read)
    return found


def _in_public(folder: Folder, people: frozenset[str], sid: str, *, contributors_read: bool) -> Right:
    """Return what somebody may do in a public folder: everything in his own, in others what an author may."""
    if folder.owner in people:
        return EVERYTHING
    if folder.permissions is None:
        return LEVELS[PUBLIC_LEVEL]
    return _permitted(folder.permissions, people, sid, contributors_read=contributors_read)


def _permitted(permissions: str, people: frozenset[str], sid: str, *, contributors_read: bool) -> Right:
    """Return what a folder's ``PermissionSet`` gives somebody: his own entry, or else the default one."""
    element = etree.fromstring(f'<x xmlns:t="{TYPES_NS}">{permissions}</x>')[0]
    default = Right.NONE
    for one in element.iterfind(f"{T}*/*"):
        user = one.find(f"{T}UserId")
        if user is None:
            continue
        if user.findtext(f"{T}DistinguishedUser") == "Default":
            default = _allowed(one, contributors_read=contributors_read)
        address = (user.findtext(f"{T}PrimarySmtpAddress") or "").strip().lower()
        if address in people or (sid and user.findtext(f"{T}SID") == sid):
            return _allowed(one, contributors_read=contributors_read)
    return default


def _allowed(permission: etree._Element, *, contributors_read: bool) -> Right:
    level = next(
        (
            (one.text or "").strip()
            for one in permission
            if etree.QName(one).localname in {"PermissionLevel", "CalendarPermissionLevel"}
        ),
        "None",
    )
    if level == "Contributor" and contributors_read:
        return LEVELS[level] | Right.READ
    if level != "Custom":
        return LEVELS.get(level, Right.NONE)
    found = Right.NONE
    for one in permission:
        name, value = etree.QName(one).localname, (one.text or "").strip()
        if value in {"true", "1"}:
            found |= _FLAGS.get(name, Right.NONE)
        found |= _CHOICES.get((name, value), Right.NONE)
    return found
