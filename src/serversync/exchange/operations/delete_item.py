"""DeleteItem: deletes items of mail; appointments and tasks need more and are not for it."""

from enum import StrEnum
from typing import ClassVar, Literal

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import ItemId, item_ids_xml
from serversync.exchange.version import RequestServerVersion


class DeleteType(StrEnum):
    """Where a deleted item goes: nowhere, into the dumpster, or into Deleted Items."""

    HARD_DELETE = "HardDelete"
    SOFT_DELETE = "SoftDelete"
    MOVE_TO_DELETED_ITEMS = "MoveToDeletedItems"


class DeleteItem(Struct, frozen=True, gc=False):
    """Deletes items; each outcome says that one is deleted.

    Attributes:
        item_ids: The items.
        delete_type: How; people can bring back what lies in Deleted Items.
    """

    item_ids: tuple[ItemId, ...]
    delete_type: DeleteType = DeleteType.MOVE_TO_DELETED_ITEMS

    name: ClassVar[str] = "DeleteItem"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.item_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = item_ids_xml(self.item_ids)
        return (
            f'<m:DeleteItem DeleteType="{self.delete_type.value}"><m:ItemIds>{ids}</m:ItemIds></m:DeleteItem>'
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Literal[True]]]:
        """Return one outcome for each item, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """

        def read(_message: _Element) -> Literal[True]:
            return True

        return read_answers(self, response, context, read)
