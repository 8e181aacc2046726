"""``PermissionSet`` of a folder, as it is kept: each entry whole and in the order of the schema, whatever was sent.

A client may name a level alone; a real server answers with everything that the level stands for.
"""

from lxml import etree

from serversync.simulator.access import LEVELS, PUBLIC_LEVEL
from serversync.simulator.kinds.forms import fragment
from serversync.simulator.response import TYPES_NS, EwsError
from serversync.simulator.rights import Right
from serversync.simulator.shape import T
from serversync.simulator.xmltext import boolean, text

_USER = ("SID", "PrimarySmtpAddress", "DisplayName", "DistinguishedUser", "ExternalUserIdentity")
_FLAGS = {
    "CanCreateItems": Right.CREATE,
    "CanCreateSubFolders": Right.CREATE_FOLDER,
    "IsFolderOwner": Right.OWN,
    "IsFolderVisible": Right.SEE,
    "IsFolderContact": Right.OWN,
}
_SINGLE = frozenset({*_FLAGS, "EditItems", "DeleteItems", "ReadItems"})
_PLAIN = {"0": "false", "1": "true"}
_READS = {
    "FreeBusyTimeOnly": "TimeOnly",
    "FreeBusyTimeAndSubjectAndLocation": "TimeAndSubjectAndLocation",
}


def permission_set(element: etree._Element, *, is_strict: bool = False) -> str:
    """Return a ``PermissionSet`` element as the folder keeps it.

    Args:
        element: The element.
        is_strict: Whether single rights beside a level that is not ``Custom`` are refused, as 2007 and 2010 do; later
            servers let the level win.

    Raises:
        EwsError: ``ErrorMissingUserIdInformation``: an entry is for nobody; ``ErrorInvalidPermissionSettings``.
    """
    parts = []
    for group in element:
        name = etree.QName(group).localname
        if name == "UnknownEntries":
            parts.append(fragment(group))
        elif name in {"Permissions", "CalendarPermissions"}:
            entries = "".join(_permission(one, is_strict=is_strict) for one in group)
            parts.append(f"<t:{name}>{entries}</t:{name}>")
    return f"<t:PermissionSet>{''.join(parts)}</t:PermissionSet>"


def _permission(element: etree._Element, *, is_strict: bool) -> str:
    name = etree.QName(element).localname
    user = element.find(f"{T}UserId")
    if user is None or not len(user):
        raise EwsError("ErrorMissingUserIdInformation")
    who = "".join(fragment(part) for part in (user.find(f"{T}{one}") for one in _USER) if part is not None)
    level = (element.findtext(f"{T}{name}Level") or "Custom").strip()
    rights = LEVELS.get(level, Right.NONE)
    is_custom = level == "Custom"
    if is_strict and not is_custom and any(etree.QName(one).localname in _SINGLE for one in element):
        raise EwsError("ErrorInvalidPermissionSettings", "The permission settings were not valid.")

    def said(child: str, otherwise: str) -> str:
        given = element.findtext(f"{T}{child}") if is_custom else None
        value = otherwise if given is None else given.strip()
        return f"<t:{child}>{text(_PLAIN.get(value, value))}</t:{child}>"

    flags = "".join(said(child, boolean(right in rights)) for child, right in _FLAGS.items())
    edits = said("EditItems", _extent(rights, Right.EDIT, Right.EDIT_OWN))
    deletes = said("DeleteItems", _extent(rights, Right.DELETE, Right.DELETE_OWN))
    reads = said("ReadItems", _READS.get(level, "FullDetails" if Right.READ in rights else "None"))
    return (
        f"<t:{name}><t:UserId>{who}</t:UserId>{flags}{edits}{deletes}{reads}"
        f"<t:{name}Level>{text(level)}</t:{name}Level></t:{name}>"
    )


def _extent(rights: Right, everything: Right, own: Right) -> str:
    return "All" if everything in rights else "Owned" if own in rights else "None"


def usual_permissions(*, is_calendar: bool, is_public: bool = False) -> str:
    """Return who may do what as long as nobody said it.

    Only the owner, and everybody sees busy times of a calendar; in public folders everybody writes.
    """
    kind = "Calendar" if is_calendar else ""
    everybody = PUBLIC_LEVEL if is_public else "FreeBusyTimeOnly" if is_calendar else "None"
    rows = (("Default", everybody), ("Anonymous", "None"))
    entries = "".join(
        f"<t:{kind}Permission><t:UserId><t:DistinguishedUser>{user}</t:DistinguishedUser></t:UserId>"
        f"<t:{kind}PermissionLevel>{level}</t:{kind}PermissionLevel></t:{kind}Permission>"
        for user, level in rows
    )
    asked = f'<t:PermissionSet xmlns:t="{TYPES_NS}"><t:{kind}Permissions>{entries}</t:{kind}Permissions></t:PermissionSet>'
    return permission_set(etree.fromstring(asked))
