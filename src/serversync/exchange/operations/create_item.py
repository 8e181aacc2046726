"""CreateItem: makes items, and sends them where that is asked for.

An answer to an item that is sent at once carries no id (Microsoft, "CreateItem operation"): whoever has to
know what became of it saves a draft that carries a mark, sends this with ``SendItem``, and looks for the mark.
"""

from enum import StrEnum
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import child_of, read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.types.item import Item
from serversync.exchange.types.message import read_item
from serversync.exchange.types.writing import NewItem
from serversync.exchange.version import RequestServerVersion


class MessageDisposition(StrEnum):
    """What becomes of a new or changed message."""

    SAVE_ONLY = "SaveOnly"
    SEND_ONLY = "SendOnly"
    SEND_AND_SAVE_COPY = "SendAndSaveCopy"


class SendMeetingInvitations(StrEnum):
    """Whether the attendees of a new appointment hear of it."""

    SEND_TO_NONE = "SendToNone"
    SEND_ONLY_TO_ALL = "SendOnlyToAll"
    SEND_TO_ALL_AND_SAVE_COPY = "SendToAllAndSaveCopy"


_ITEMS = m("Items")


def _read(message: _Element) -> Item:
    items = child_of(message, _ITEMS)
    return read_item(items[0]) if items is not None and len(items) else Item()


class CreateItem(Struct, frozen=True, gc=False, kw_only=True):
    """Makes items; each outcome is the new item with its id, or without one where it was sent at once.

    Attributes:
        items: What to make.
        message_disposition: Required where there is a message among the items.
        send_meeting_invitations: Required where there is an appointment among the items.
        saved_item_folder: Where they are kept; ``None`` for the default folder of their kind.
    """

    items: tuple[NewItem, ...]
    message_disposition: MessageDisposition | None = None
    send_meeting_invitations: SendMeetingInvitations | None = None
    saved_item_folder: AnyFolderId | None = None

    name: ClassVar[str] = "CreateItem"
    time_zone_context: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.items)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        attributes = ""
        if self.message_disposition is not None:
            attributes += f' MessageDisposition="{self.message_disposition.value}"'
        if self.send_meeting_invitations is not None:
            attributes += f' SendMeetingInvitations="{self.send_meeting_invitations.value}"'
        folder = self.saved_item_folder
        place = f"<m:SavedItemFolderId>{folder.to_xml()}</m:SavedItemFolderId>" if folder else ""
        items = "".join([each.to_xml() for each in self.items])
        return f"<m:CreateItem{attributes}>{place}<m:Items>{items}</m:Items></m:CreateItem>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Item]]:
        """Return one outcome for each item, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
