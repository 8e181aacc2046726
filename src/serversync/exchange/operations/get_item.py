"""GetItem: reads items by id, with the properties that the shape names."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct
from msgspec.structs import replace

from serversync.core.errors import ItemUnreadable
from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AnyItemId, item_ids_xml
from serversync.exchange.types.item import Item
from serversync.exchange.types.message import MESSAGE_FIELDS
from serversync.exchange.types.reading import read_any_item
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.version import RequestServerVersion

FULL_MESSAGE = ItemShape(body_type=BodyType.HTML, additional_properties=MESSAGE_FIELDS)
"""Everything of a message but its MIME content, the body as HTML."""

_ITEMS = m("Items")


def _read(message: _Element) -> Item | None:
    # The schema puts the items last; whoever does not, is searched.
    items = message[-1] if len(message) else None
    if items is None or items.tag != _ITEMS:
        items = message.find(_ITEMS)
    return read_any_item(items[0]) if items is not None and len(items) else None


class GetItem(Struct, frozen=True, gc=False):
    """Asks for items; a ``Message``, ``CalendarItem``, ``Contact`` or ``Task`` each, or an ``Item`` of another kind."""

    item_ids: tuple[AnyItemId, ...]
    item_shape: ItemShape = FULL_MESSAGE

    name: ClassVar[str] = "GetItem"
    time_zone_context: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.item_ids)

    def part(self, item_ids: tuple[AnyItemId, ...]) -> "GetItem":
        """Return the same request about these items only."""
        return replace(self, item_ids=item_ids)

    def probe(self) -> "GetItem":
        """Return a request for the ids alone, which touches no content."""
        return replace(self, item_shape=ItemShape())

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = item_ids_xml(self.item_ids)
        return f"<m:GetItem>{self.item_shape.to_xml()}<m:ItemIds>{ids}</m:ItemIds></m:GetItem>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Item]]:
        """Return one outcome for each item, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read, unknown=ItemUnreadable)
