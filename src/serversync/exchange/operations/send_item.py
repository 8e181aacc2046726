"""SendItem: sends drafts that are in a mailbox already."""

from typing import ClassVar, Literal

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AnyFolderId, ItemId
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import boolean


class SendItem(Struct, frozen=True, gc=False, kw_only=True):
    """Sends drafts; each outcome says that Exchange took one over. The copy that is saved has another id.

    Attributes:
        item_ids: The drafts, with their current change keys.
        save_item_to_folder: Whether a copy of each is kept.
        saved_item_folder: Where; ``None`` for Sent Items.
    """

    item_ids: tuple[ItemId, ...]
    save_item_to_folder: bool = True
    saved_item_folder: AnyFolderId | None = None

    name: ClassVar[str] = "SendItem"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.item_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = "".join([each.to_xml_for_change() for each in self.item_ids])
        folder = self.saved_item_folder
        place = f"<m:SavedItemFolderId>{folder.to_xml()}</m:SavedItemFolderId>" if folder else ""
        return (
            f'<m:SendItem SaveItemToFolder="{boolean(self.save_item_to_folder)}">'
            f"<m:ItemIds>{ids}</m:ItemIds>{place}</m:SendItem>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Literal[True]]]:
        """Return one outcome for each draft, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """

        def read(_message: _Element) -> Literal[True]:
            return True

        return read_answers(self, response, context, read)
