"""CreateAttachment: adds files to an item.

Each file changes the item, so its change key is another one afterwards: ``AttachmentId`` of the answer tells it.
"""

import base64
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.attachment import read_attachments
from serversync.exchange.types.ids import AttachmentId, ItemId
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import boolean, escape


class NewFile(Struct, frozen=True, gc=False, kw_only=True):
    """A file to attach; without ``content`` this is what ``EwsClient.upload`` fills while it sends.

    ``content_id`` is what the body names an inline image by; ``is_contact_photo`` makes it the picture of a contact.
    """

    name: str
    content: bytes = b""
    content_type: str | None = None
    content_id: str | None = None
    is_inline: bool | None = None
    is_contact_photo: bool | None = None

    def to_xml(self) -> str:
        """Return the element."""
        parts = [f"<t:FileAttachment><t:Name>{escape(self.name)}</t:Name>"]
        if self.content_type is not None:
            parts.append(f"<t:ContentType>{escape(self.content_type)}</t:ContentType>")
        if self.content_id is not None:
            parts.append(f"<t:ContentId>{escape(self.content_id)}</t:ContentId>")
        if self.is_inline is not None:
            parts.append(f"<t:IsInline>{boolean(self.is_inline)}</t:IsInline>")
        if self.is_contact_photo is not None:
            parts.append(f"<t:IsContactPhoto>{boolean(self.is_contact_photo)}</t:IsContactPhoto>")
        parts.append(f"<t:Content>{base64.b64encode(self.content).decode()}</t:Content></t:FileAttachment>")
        return "".join(parts)


_ATTACHMENTS = m("Attachments")


def _read(message: _Element) -> AttachmentId | None:
    found = message.find(_ATTACHMENTS)
    attachments = () if found is None else read_attachments(found)
    return attachments[0].attachment_id if attachments else None


class CreateAttachment(Struct, frozen=True, gc=False):
    """Adds files to one item; each outcome is the id of one, with the item's new change key."""

    parent_item_id: ItemId
    attachments: tuple[NewFile, ...]

    name: ClassVar[str] = "CreateAttachment"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.attachments)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        parent = self.parent_item_id.to_xml_for_change("m:ParentItemId")
        files = "".join([each.to_xml() for each in self.attachments])
        return f"<m:CreateAttachment>{parent}<m:Attachments>{files}</m:Attachments></m:CreateAttachment>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[AttachmentId]]:
        """Return one outcome for each file, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
