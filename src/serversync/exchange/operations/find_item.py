"""FindItem: searches folders by conditions, a page at a time.

No substitute for ``SyncFolderItems``: it has no memory of what was found before. It never returns bodies or the
content of attachments, and a page may be short: the next one starts at the offset that the answer names.
"""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m, t
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.types.item import Item
from serversync.exchange.types.reading import read_any_item
from serversync.exchange.types.restriction import Restriction
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import boolean
from serversync.exchange.xml_values import integer


class FoundItems(Struct, frozen=True, gc=False):
    """A page of one folder; ``next_offset`` is where the next one starts, ``None`` after the last."""

    items: tuple[Item, ...]
    total: int | None
    next_offset: int | None


class SortOrder(Struct, frozen=True, gc=False):
    """By which property, and which way."""

    field_uri: AnyFieldURI
    is_descending: bool = False

    def to_xml(self) -> str:
        """Return the ``m:SortOrder``."""
        order = "Descending" if self.is_descending else "Ascending"
        return f'<m:SortOrder><t:FieldOrder Order="{order}">{self.field_uri.to_xml()}</t:FieldOrder></m:SortOrder>'


_ROOT, _ITEMS = m("RootFolder"), t("Items")


def _read(message: _Element) -> FoundItems | None:
    root = message.find(_ROOT)
    if root is None:
        return None
    items = root.find(_ITEMS)
    includes_last = root.get("IncludesLastItemInRange") != boolean(False)  # noqa: FBT003 - one word of XML
    return FoundItems(
        tuple([read_any_item(each) for each in (() if items is None else items)]),
        integer(root.get("TotalItemsInView") or ""),
        None if includes_last else integer(root.get("IndexedPagingOffset") or ""),
    )


class FindItem(Struct, frozen=True, gc=False, kw_only=True):
    """Asks for a page of items of each folder; one ``FoundItems`` a folder.

    Attributes:
        folders: Where to look; not below them.
        item_shape: What to return of each item.
        restriction: What the items must be like.
        sort_order: In which order.
        offset: How many of them to pass over.
        max_entries: At most so many in a page; the server may have a lower limit.
        is_associated: Whether hidden items are meant instead of those that people see.
    """

    folders: tuple[AnyFolderId, ...]
    item_shape: ItemShape = ItemShape()
    restriction: Restriction | None = None
    sort_order: SortOrder | None = None
    offset: int = 0
    max_entries: int = 100
    is_associated: bool = False

    name: ClassVar[str] = "FindItem"
    time_zone_context: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have: one a folder."""
        return len(self.folders)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        traversal = "Associated" if self.is_associated else "Shallow"
        view = (
            f'<m:IndexedPageItemView MaxEntriesReturned="{self.max_entries}" Offset="{self.offset}"'
            ' BasePoint="Beginning"/>'
        )
        condition = f"<m:Restriction>{self.restriction.to_xml()}</m:Restriction>" if self.restriction else ""
        order = self.sort_order.to_xml() if self.sort_order else ""
        folders = "".join([each.to_xml() for each in self.folders])
        return (
            f'<m:FindItem Traversal="{traversal}">{self.item_shape.to_xml()}{view}{condition}{order}'
            f"<m:ParentFolderIds>{folders}</m:ParentFolderIds></m:FindItem>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[FoundItems]]:
        """Return one outcome for each folder, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
