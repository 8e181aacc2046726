"""SyncFolderItems: what changed in a folder since a saved position; the only feed without gaps.

The sync state is opaque, belongs to one folder of one mailbox, and must be saved only after all changes of
its page are. A page can name an item twice, and a lost state replays the whole folder as ``Create``.
"""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.core.errors import AnswerUnreadable
from serversync.exchange.namespaces import local_name, m, t
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.types.ids import AnyFolderId, ItemId, read_item_id
from serversync.exchange.types.item import Item
from serversync.exchange.types.reading import read_any_item
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape
from serversync.exchange.xml_values import boolean_of


class Create(Struct, frozen=True, gc=False):
    """An item is new in the folder, or was moved there."""

    item_id: ItemId
    item: Item


class Update(Struct, frozen=True, gc=False):
    """An item was changed."""

    item_id: ItemId
    item: Item


class Delete(Struct, frozen=True, gc=False):
    """An item is no longer in the folder: deleted or moved away."""

    item_id: ItemId


class ReadFlagChange(Struct, frozen=True, gc=False):
    """An item was marked read or unread, and nothing else about it changed."""

    item_id: ItemId
    is_read: bool


Change = Create | Update | Delete | ReadFlagChange


class SyncPage(Struct, frozen=True, gc=False):
    """Some changes, and the position after them; ``includes_last`` says that no more are waiting."""

    sync_state: str
    includes_last: bool
    changes: tuple[Change, ...]


_SYNC_STATE, _LAST, _CHANGES = m("SyncState"), m("IncludesLastItemInRange"), m("Changes")
_ITEM_ID, _IS_READ = t("ItemId"), t("IsRead")
_CREATE, _UPDATE, _DELETE, _READ_FLAG_CHANGE = t("Create"), t("Update"), t("Delete"), t("ReadFlagChange")


class SyncFolderItems(Struct, frozen=True, gc=False):
    """Asks for the next page of changes; one ``SyncPage``.

    Attributes:
        folder: The folder.
        sync_state: The saved position; ``None`` starts from the beginning.
        max_changes: At most so many changes, 1 to 512.
        additional_properties: Properties of new and changed items beside their ids; each costs the
            server a look into its store for every item.
    """

    folder: AnyFolderId
    sync_state: str | None = None
    max_changes: int = 512
    additional_properties: tuple[AnyFieldURI, ...] = ()

    name: ClassVar[str] = "SyncFolderItems"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have: one page."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        shape = ItemShape(additional_properties=self.additional_properties).to_xml()
        state = f"<m:SyncState>{escape(self.sync_state)}</m:SyncState>" if self.sync_state else ""
        return (
            f"<m:SyncFolderItems>{shape}<m:SyncFolderId>{self.folder.to_xml()}</m:SyncFolderId>{state}"
            f"<m:MaxChangesReturned>{self.max_changes}</m:MaxChangesReturned></m:SyncFolderItems>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[SyncPage]]:
        """Return one outcome: the page.

        Raises:
            AnswerUnreadable: the answer is not one to this request, or a change in it cannot be understood;
                a change that was passed over would be lost for ever.
        """

        def read(message: _Element) -> SyncPage:
            changes = message.find(_CHANGES)
            state = message.findtext(_SYNC_STATE)
            last = message.find(_LAST)
            includes_last = None if last is None else boolean_of(last)
            if not state or includes_last is None:
                raise AnswerUnreadable(**context.details(), reason="it holds no new position")
            return SyncPage(
                state,
                includes_last,
                tuple([read_change(each) for each in (() if changes is None else changes)]),
            )

        def read_change(element: _Element) -> Change:
            change = _read_change(element)
            if change is None:
                raise AnswerUnreadable(
                    **context.details(), reason=f"it holds a change ({local_name(element.tag)}) without sense"
                )
            return change

        return read_answers(self, response, context, read, folder=str(self.folder))


def _read_change(element: _Element) -> Change | None:
    tag = element.tag
    if tag in (_CREATE, _UPDATE):
        item = read_any_item(element[0]) if len(element) else None
        if item is None or item.item_id is None:
            return None
        return Create(item.item_id, item) if tag == _CREATE else Update(item.item_id, item)
    found = element.find(_ITEM_ID)
    item_id = None if found is None else read_item_id(found)
    if item_id is None:
        return None
    if tag == _DELETE:
        return Delete(item_id)
    flag = element.find(_IS_READ)
    is_read = None if flag is None else boolean_of(flag)
    if tag != _READ_FLAG_CHANGE or is_read is None:
        return None
    return ReadFlagChange(item_id, is_read)
