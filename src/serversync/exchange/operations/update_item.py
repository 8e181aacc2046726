"""UpdateItem: changes properties of items that are there."""

from enum import StrEnum
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.create_item import MessageDisposition
from serversync.exchange.operations.operation import child_of, read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.types.ids import ItemId, OccurrenceItemId
from serversync.exchange.types.item import Item
from serversync.exchange.types.message import read_item
from serversync.exchange.types.writing import Values, set_field_xml
from serversync.exchange.version import RequestServerVersion


class ConflictResolution(StrEnum):
    """What happens where somebody else has changed the item since its change key was read."""

    NEVER_OVERWRITE = "NeverOverwrite"
    AUTO_RESOLVE = "AutoResolve"
    ALWAYS_OVERWRITE = "AlwaysOverwrite"


class SendMeetingInvitationsOrCancellations(StrEnum):
    """Whether the attendees of a changed appointment hear of it; ``CHANGED`` are those who were added or removed."""

    SEND_TO_NONE = "SendToNone"
    SEND_ONLY_TO_ALL = "SendOnlyToAll"
    SEND_ONLY_TO_CHANGED = "SendOnlyToChanged"
    SEND_TO_ALL_AND_SAVE_COPY = "SendToAllAndSaveCopy"
    SEND_TO_CHANGED_AND_SAVE_COPY = "SendToChangedAndSaveCopy"


class ItemChange(Struct, frozen=True, gc=False):
    """What changes about one item.

    Attributes:
        item_id: The item, with its current change key.
        element: Its kind, for example ``Message``.
        values: Properties that get a value.
        deleted: Properties that are taken away.
    """

    item_id: ItemId | OccurrenceItemId
    element: str
    values: Values
    deleted: tuple[AnyFieldURI, ...] = ()

    def to_xml(self) -> str:
        """Return the ``t:ItemChange``.

        Raises:
            ValueError: a property cannot be set of this kind of item.
        """
        updates = [set_field_xml(self.element, uri, value) for uri, value in self.values.items()]
        updates += [f"<t:DeleteItemField>{uri.to_xml()}</t:DeleteItemField>" for uri in self.deleted]
        return (
            f"<t:ItemChange>{self.item_id.to_xml_for_change()}"
            f"<t:Updates>{''.join(updates)}</t:Updates></t:ItemChange>"
        )


_ITEMS = m("Items")


def _read(message: _Element) -> Item:
    items = child_of(message, _ITEMS)
    return read_item(items[0]) if items is not None and len(items) else Item()


class UpdateItem(Struct, frozen=True, gc=False, kw_only=True):
    """Changes items; each outcome is the item with its new change key.

    Attributes:
        item_changes: What to change.
        conflict_resolution: Whether another's change may be overwritten.
        message_disposition: Required where there is a message among the items.
        send_meeting_invitations_or_cancellations: Required where there is an appointment among the items.
    """

    item_changes: tuple[ItemChange, ...]
    conflict_resolution: ConflictResolution = ConflictResolution.AUTO_RESOLVE
    message_disposition: MessageDisposition | None = MessageDisposition.SAVE_ONLY
    send_meeting_invitations_or_cancellations: SendMeetingInvitationsOrCancellations | None = None

    name: ClassVar[str] = "UpdateItem"
    time_zone_context: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.item_changes)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        attributes = f' ConflictResolution="{self.conflict_resolution.value}"'
        if self.message_disposition is not None:
            attributes += f' MessageDisposition="{self.message_disposition.value}"'
        if self.send_meeting_invitations_or_cancellations is not None:
            told = self.send_meeting_invitations_or_cancellations.value
            attributes += f' SendMeetingInvitationsOrCancellations="{told}"'
        changes = "".join([each.to_xml() for each in self.item_changes])
        return f"<m:UpdateItem{attributes}><m:ItemChanges>{changes}</m:ItemChanges></m:UpdateItem>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Item]]:
        """Return one outcome for each item, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
