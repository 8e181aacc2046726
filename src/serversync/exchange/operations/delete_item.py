"""DeleteItem: deletes items; of appointments and tasks one has to say more about what that means."""

from enum import StrEnum
from typing import ClassVar, Literal

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AnyItemId, item_ids_xml
from serversync.exchange.version import RequestServerVersion


class DeleteType(StrEnum):
    """Where a deleted item goes: nowhere, into the dumpster, or into Deleted Items."""

    HARD_DELETE = "HardDelete"
    SOFT_DELETE = "SoftDelete"
    MOVE_TO_DELETED_ITEMS = "MoveToDeletedItems"


class SendMeetingCancellations(StrEnum):
    """Whether the attendees of a deleted appointment hear of it."""

    SEND_TO_NONE = "SendToNone"
    SEND_ONLY_TO_ALL = "SendOnlyToAll"
    SEND_TO_ALL_AND_SAVE_COPY = "SendToAllAndSaveCopy"


class AffectedTaskOccurrences(StrEnum):
    """Which of a recurring task's occurrences are deleted; of any other task the words mean the same."""

    ALL_OCCURRENCES = "AllOccurrences"
    SPECIFIED_OCCURRENCE_ONLY = "SpecifiedOccurrenceOnly"


class DeleteItem(Struct, frozen=True, gc=False):
    """Deletes items; each outcome says that one is deleted.

    Attributes:
        item_ids: The items.
        delete_type: How; people can bring back what lies in Deleted Items.
        send_meeting_cancellations: Required where there is an appointment among the items.
        affected_task_occurrences: Required where there is a task among the items.
    """

    item_ids: tuple[AnyItemId, ...]
    delete_type: DeleteType = DeleteType.MOVE_TO_DELETED_ITEMS
    send_meeting_cancellations: SendMeetingCancellations | None = None
    affected_task_occurrences: AffectedTaskOccurrences | None = None

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
        attributes = f' DeleteType="{self.delete_type.value}"'
        if self.send_meeting_cancellations is not None:
            attributes += f' SendMeetingCancellations="{self.send_meeting_cancellations.value}"'
        if self.affected_task_occurrences is not None:
            attributes += f' AffectedTaskOccurrences="{self.affected_task_occurrences.value}"'
        return f"<m:DeleteItem{attributes}><m:ItemIds>{ids}</m:ItemIds></m:DeleteItem>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Literal[True]]]:
        """Return one outcome for each item, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """

        def read(_message: _Element) -> Literal[True]:
            return True

        return read_answers(self, response, context, read)
