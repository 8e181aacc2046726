"""The master list of categories of a mailbox: which names people may choose, with their colours.

It is the XML of the user configuration ``CategoryList`` in the calendar. Everything in it that is not asked to change
stays as it was. Source: [MS-OXOCFG], section 2.2.5.
"""

from typing import Final
from uuid import UUID

from lxml import etree
from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.soap import NotAnEnvelope, parse

_NAMESPACE: Final = "CategoryList.xsd"
_CATEGORY: Final = f"{{{_NAMESPACE}}}category"
_EMPTY: Final = f'<categories default="" xmlns="{_NAMESPACE}"/>'.encode()
_NEVER: Final = "1601-01-01T00:00:00.000"
_TIMES: Final = tuple(
    f"lastTimeUsed{kind}" for kind in ("Notes", "Journal", "Contacts", "Tasks", "Calendar", "Mail", "")
)


class CategoryListUnreadable(Exception):
    """What is kept under the name of the list is none."""


class Category(Struct, frozen=True, gc=False):
    """One category: its name, the number of its colour (-1 is none), and the id that stays when it is renamed."""

    name: str
    color: int
    guid: str


class CategoryList:
    """A list that can be changed and written back.

    Args:
        document: The XML; ``None`` for a list without categories, as a new mailbox has it.

    Raises:
        CategoryListUnreadable: it is no list.
    """

    def __init__(self, document: bytes | None) -> None:
        try:
            self._root = parse(_EMPTY if document is None else document)
        except NotAnEnvelope as error:
            raise CategoryListUnreadable(str(error)) from error
        if self._root.tag != f"{{{_NAMESPACE}}}categories":
            raise CategoryListUnreadable(str(self._root.tag))

    @property
    def categories(self) -> list[Category]:
        """All of them, in order; an id is in lower case without braces."""
        return [
            Category(each.get("name") or "", _number(each.get("color")), _guid(each.get("guid")))
            for each in self._root.iter(_CATEGORY)
        ]

    def add(self, category: Category) -> None:
        """Add a category at the end."""
        element = etree.SubElement(self._root, _CATEGORY)
        element.set("name", category.name)
        element.set("color", str(category.color))
        element.set("keyboardShortcut", "0")
        element.set("usageCount", "0")
        for each in _TIMES:
            element.set(each, _NEVER)
        element.set("lastSessionUsed", "0")
        element.set("guid", f"{{{category.guid.upper()}}}")
        element.set("renameOnFirstUse", "0")

    def rename(self, guid: str, name: str) -> None:
        """Give a category another name."""
        for element in self._with(guid):
            element.set("name", name)

    def remove(self, guid: str) -> None:
        """Take a category out of the list; items that carry it keep it."""
        for element in self._with(guid):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)

    def to_xml(self) -> bytes:
        """Return the document."""
        return etree.tostring(self._root, xml_declaration=True, encoding="utf-8")

    def _with(self, guid: str) -> list[_Element]:
        return [each for each in self._root.iter(_CATEGORY) if _guid(each.get("guid")) == guid]


def _number(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        return -1


def _guid(text: str | None) -> str:
    try:
        return str(UUID(text or ""))
    except ValueError:
        return (text or "").strip("{}").lower()
