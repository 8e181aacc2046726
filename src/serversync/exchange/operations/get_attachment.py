"""GetAttachment: brings the content of attachments; big ones through ``EwsClient.download`` instead."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.core.errors import ItemUnreadable
from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.attachment import Attachment, read_attachment
from serversync.exchange.types.ids import AttachmentId
from serversync.exchange.types.shapes import AttachmentShape
from serversync.exchange.version import RequestServerVersion

_ATTACHMENTS = m("Attachments")


def _read(message: _Element) -> Attachment | None:
    attachments = message.find(_ATTACHMENTS)
    return read_attachment(attachments[0]) if attachments is not None and len(attachments) else None


class GetAttachment(Struct, frozen=True, gc=False):
    """Asks for attachments; a ``FileAttachment`` with content or an ``ItemAttachment`` with MIME each."""

    attachment_ids: tuple[AttachmentId, ...]
    attachment_shape: AttachmentShape = AttachmentShape(include_mime_content=True)

    name: ClassVar[str] = "GetAttachment"
    time_zone_context: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.attachment_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = "".join([each.to_xml() for each in self.attachment_ids])
        shape = self.attachment_shape.to_xml()
        return f"<m:GetAttachment>{shape}<m:AttachmentIds>{ids}</m:AttachmentIds></m:GetAttachment>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Attachment]]:
        """Return one outcome for each attachment, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read, unknown=ItemUnreadable)
