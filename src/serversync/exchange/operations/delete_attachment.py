"""DeleteAttachment: takes files from an item.

Each one changes the item, whose new change key the answer tells. The operation asks for no version of the item: whoever
must not take away what somebody has just attached reads the item before.
"""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AttachmentId, ItemId
from serversync.exchange.version import RequestServerVersion

_ROOT = m("RootItemId")


def _read(message: _Element) -> ItemId | None:
    root = message.find(_ROOT)
    found = None if root is None else root.get("RootItemId")
    return None if root is None or found is None else ItemId(found, root.get("RootItemChangeKey"))


class DeleteAttachment(Struct, frozen=True, gc=False):
    """Takes attachments away; each outcome is the item with its new change key."""

    attachment_ids: tuple[AttachmentId, ...]

    name: ClassVar[str] = "DeleteAttachment"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.attachment_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = "".join([each.to_xml() for each in self.attachment_ids])
        return f"<m:DeleteAttachment><m:AttachmentIds>{ids}</m:AttachmentIds></m:DeleteAttachment>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[ItemId]]:
        """Return one outcome for each attachment, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
