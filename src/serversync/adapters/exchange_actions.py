"""What is done to items of mail after they were processed: delete, categorize, move to *Undeliverable*.

Everything here may be done twice: an item that is gone counts as done, a category that is there is not written
again, the folder is looked for before it is made.
"""

from collections.abc import Sequence
from typing import Final

from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.ports import Action, ActionKind
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_folder import CreateFolder
from serversync.exchange.operations.delete_item import DeleteItem
from serversync.exchange.operations.find_folder import FindFolder
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.move_item import MoveItem
from serversync.exchange.operations.update_item import ItemChange, UpdateItem
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.folder import Folder
from serversync.exchange.types.ids import DistinguishedFolderId, FolderId, ItemId
from serversync.exchange.types.restriction import is_equal_to
from serversync.exchange.types.shapes import ItemShape

UNDELIVERABLE: Final = "Undeliverable"
_ROOT: Final = DistinguishedFolderId("msgfolderroot")
_CATEGORIES: Final = FieldURI("item:Categories")
_CATEGORIES_ONLY: Final = ItemShape(additional_properties=(_CATEGORIES,))


class MailActions:
    """Does actions in one mailbox."""

    def __init__(self, client: EwsClient, mailbox: str | None) -> None:
        self._client = client
        self._mailbox = mailbox

    async def perform(
        self, actions: Sequence[Action], undeliverable: str | None
    ) -> tuple[list[ServiceError | None], str | None]:
        """See ``ExchangeMailbox``."""
        kind, category = actions[0].kind, actions[0].category
        ids = tuple([ItemId(action.item_id) for action in actions])
        if kind is ActionKind.DELETE:
            deleted = await self._client.call(DeleteItem(ids), mailbox=self._mailbox)
            return [_error(outcome) for outcome in deleted], undeliverable
        if kind is ActionKind.MOVE_UNDELIVERABLE:
            return await self._move(ids, undeliverable)
        return await self._categorize(ids, category, add=kind is ActionKind.ADD_CATEGORY), undeliverable

    async def _categorize(
        self, ids: tuple[ItemId, ...], category: str, *, add: bool
    ) -> list[ServiceError | None]:
        """Add or remove one category and leave the others as they are."""
        items = await self._client.call_bisecting(GetItem(ids, _CATEGORIES_ONLY), mailbox=self._mailbox)
        errors: list[ServiceError | None] = [_error(outcome) for outcome in items]
        changes: dict[int, ItemChange] = {}
        for number, outcome in enumerate(items):
            if isinstance(outcome, ews.Failure) or outcome.value.item_id is None:
                continue
            item = outcome.value
            had = item.categories
            wanted = (
                tuple(dict.fromkeys((*had, category))) if add else tuple([c for c in had if c != category])
            )
            if wanted == tuple(had) or item.item_id is None:
                continue
            changes[number] = (
                ItemChange(item.item_id, "Message", {_CATEGORIES: wanted})
                if wanted
                else ItemChange(item.item_id, "Message", {}, (_CATEGORIES,))
            )
        if changes:
            update = UpdateItem(item_changes=tuple(changes.values()))
            for number, done in zip(
                changes, await self._client.call(update, mailbox=self._mailbox), strict=True
            ):
                errors[number] = _error(done)
        return errors

    async def _move(
        self, ids: tuple[ItemId, ...], undeliverable: str | None
    ) -> tuple[list[ServiceError | None], str | None]:
        folder = undeliverable or await self._folder()
        moved = await self._client.call(MoveItem(FolderId(folder), ids), mailbox=self._mailbox)
        errors = [_error(outcome) for outcome in moved]
        if undeliverable is not None and any(
            isinstance(outcome, ews.Failure) and outcome.code in _NO_FOLDER for outcome in moved
        ):
            return await self._move(ids, None)
        return errors, folder

    async def _folder(self) -> str:
        """Return the folder *Undeliverable*, made where it is missing."""
        if (found := await self._find()) is not None:
            return found
        (made,) = await self._client.call(CreateFolder(_ROOT, (UNDELIVERABLE,)), mailbox=self._mailbox)
        if isinstance(made, ews.Failure):
            if made.code == "ErrorFolderExists" and (found := await self._find()) is not None:
                return found
            raise made.error
        return _id_of(made.value) or UNDELIVERABLE

    async def _find(self) -> str | None:
        condition = is_equal_to(FieldURI("folder:DisplayName"), UNDELIVERABLE)
        (found,) = await self._client.call(
            FindFolder(parent_folder=_ROOT, restriction=condition), mailbox=self._mailbox
        )
        for folder in found.unwrap():
            if folder.display_name == UNDELIVERABLE and (known := _id_of(folder)):
                return known
        return None


_NO_FOLDER: Final = frozenset({"ErrorToFolderNotFound", "ErrorFolderNotFound"})


def _id_of(folder: Folder) -> str | None:
    return folder.folder_id.id if folder.folder_id is not None else None


def _error(outcome: "ews.Outcome[object]") -> ServiceError | None:
    """Return what went wrong; an item that is gone needs nothing more."""
    if isinstance(outcome, ews.Failure) and not isinstance(outcome.error, ItemGone):
        return outcome.error
    return None
