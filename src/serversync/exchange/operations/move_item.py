"""MoveItem: moves items into another folder of the same mailbox; they get new ids there."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AnyFolderId, ItemId, item_ids_xml
from serversync.exchange.types.item import Item
from serversync.exchange.types.message import read_item
from serversync.exchange.version import RequestServerVersion

_ITEMS = m("Items")


def _read(message: _Element) -> Item:
    items = message.find(_ITEMS)
    return read_item(items[0]) if items is not None and len(items) else Item()


class MoveItem(Struct, frozen=True, gc=False):
    """Moves items; each outcome is the item with its new id, or without one where the server does not tell.

    Attributes:
        to_folder: Where to.
        item_ids: The items.
    """

    to_folder: AnyFolderId
    item_ids: tuple[ItemId, ...]

    name: ClassVar[str] = "MoveItem"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.item_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        return (
            f"<m:MoveItem><m:ToFolderId>{self.to_folder.to_xml()}</m:ToFolderId>"
            f"<m:ItemIds>{item_ids_xml(self.item_ids)}</m:ItemIds></m:MoveItem>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Item]]:
        """Return one outcome for each item, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
