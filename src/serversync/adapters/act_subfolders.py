"""Where appointments lie: the calendar and its sub-folders, of which each has a feed of its own.

The positions of all feeds are one text for the engine. Sub-folders are looked for every ten minutes. Where one has gone, the
whole position is no longer accepted: everything is listed again, and what lies there counts as not there, though it keeps its
id with its folder. So it is looked for, and rests wherever it lies now.

Source: the server-side synchronization inventory, 5.1: the main calendar and its sub-folders.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from serversync.core.errors import ItemGone, SyncStateInvalid
from serversync.engine.act_ports import FeedPage
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId, FolderId, ItemId
from serversync.exchange.types.shapes import BaseShape, FolderShape, ItemShape

CALENDAR: Final = DistinguishedFolderId("calendar")
PageOf = Callable[[AnyFolderId, str | None], Awaitable[FeedPage]]
LOOK_EVERY: Final = timedelta(minutes=10)
_CLASS: Final = "IPF.Appointment"
"""Of calendars; those that Exchange fills itself, such as that of birthdays, have longer ones."""
_SHAPE: Final = FolderShape(
    base_shape=BaseShape.ID_ONLY, additional_properties=(FieldURI("folder:FolderClass"),)
)
_MAIN: Final = ""
_PARENT: Final = ItemShape(
    base_shape=BaseShape.ID_ONLY, additional_properties=(FieldURI("item:ParentFolderId"),)
)
_AT_ONCE: Final = 100


class Positions(msgspec.Struct):
    """How far the feeds were heard.

    Attributes:
        states: The position in each folder by its id, that of the main one under the empty id; missing at its beginning.
        waiting: Folders of which this hearing has still to ask, the present one first.
        looked_on: When sub-folders were looked for.
        lost: Folders that take no part any more.
    """

    states: dict[str, str | None]
    waiting: list[str] = []
    looked_on: datetime | None = None
    lost: list[str] = []

    @property
    def folder(self) -> AnyFolderId:
        """The folder that is asked next."""
        return FolderId(self.waiting[0]) if self.waiting[0] else CALENDAR

    @property
    def state(self) -> str | None:
        """The position in it."""
        return self.states.get(self.waiting[0])

    def go_on(self, state: str, *, is_last: bool) -> None:
        """Take note of what was heard of the present folder."""
        self.states[self.waiting[0]] = state
        if is_last:
            self.waiting.pop(0)

    def drop(self) -> None:
        """The present folder has gone before anything was heard of it."""
        del self.states[self.waiting.pop(0)]

    def text(self) -> str:
        """Return them as one text."""
        return msgspec.json.encode(self).decode()


def positions_of(text: str | None) -> Positions:
    """Return the positions that a text holds; one of before there were sub-folders is that of the main one.

    >>> positions_of("H4sIAA==").states
    {'': 'H4sIAA=='}
    """
    if text is not None and text.startswith("{"):
        return msgspec.json.decode(text, type=Positions)
    return Positions({_MAIN: text})


class Subfolders:
    """The sub-folders of one calendar, looked for at most once for each pass.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        clock: Tells the time.
        are_synchronized: ``False`` where only the main calendar is.
    """

    def __init__(
        self, client: EwsClient, mailbox: str | None, clock: Callable[[], datetime], *, are_synchronized: bool
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._clock = clock
        self._are_synchronized = are_synchronized
        self._found: tuple[FolderId, ...] | None = None
        self._lost: set[str] = set()

    async def ids(self) -> Sequence[FolderId]:
        """Return the sub-folders, at any depth."""
        if not self._are_synchronized:
            return ()
        if self._found is None:
            request = FindFolder(parent_folder=CALENDAR, traversal=FolderTraversal.DEEP, folder_shape=_SHAPE)
            (outcome,) = await self._client.call(request, mailbox=self._mailbox)
            self._found = tuple(
                FolderId(each.folder_id.id)
                for each in outcome.unwrap()
                if each.folder_id is not None and each.folder_class == _CLASS
            )
        return self._found

    async def feed(self, text: str | None, page_of: PageOf) -> FeedPage:
        """Return the next page of what has happened in any of the folders; ``page_of`` asks one of them.

        Raises:
            SyncStateInvalid: a position is no longer accepted, or a sub-folder has gone.
        """
        positions = await self._begin(text)
        while positions.waiting:
            try:
                page = await page_of(positions.folder, positions.state)
            except ItemGone as error:
                if positions.waiting[0] == _MAIN:
                    raise
                if positions.state is not None:
                    raise SyncStateInvalid(folder="calendar", mailbox=self._mailbox or "") from error
                positions.drop()
                continue
            positions.go_on(page.position, is_last=page.is_last)
            return FeedPage(page.heard, positions.text(), is_last=not positions.waiting)
        return FeedPage((), positions.text(), is_last=True)

    async def _begin(self, text: str | None) -> Positions:
        """Return the positions from which to go on.

        Raises:
            SyncStateInvalid: a sub-folder has gone, so that all are to be listed again.
        """
        positions = positions_of(text)
        self._lost.update(positions.lost)
        if positions.waiting:
            return positions
        looked_on = positions.looked_on
        if text is None or looked_on is None or self._clock() - looked_on >= LOOK_EVERY:
            there = {each.id for each in await self.ids()}
            gone = positions.states.keys() - there - {_MAIN}
            self._lost = (self._lost | gone) - there
            if gone:
                raise SyncStateInvalid(folder="calendar", mailbox=self._mailbox or "")
            positions.states |= dict.fromkeys(sorted(there - positions.states.keys()))
            positions.looked_on = self._clock()
        positions.lost = sorted(self._lost)
        positions.waiting = list(positions.states)
        return positions

    async def elsewhere(self, item_ids: Sequence[str]) -> set[str]:
        """Return those of the items that lie in a folder which takes no part any more."""
        found: set[str] = set()
        for start in range(0, len(item_ids) if self._lost else 0, _AT_ONCE):
            part = item_ids[start : start + _AT_ONCE]
            request = GetItem(tuple([ItemId(each) for each in part]), _PARENT)
            for item_id, outcome in zip(
                part, await self._client.call(request, mailbox=self._mailbox), strict=True
            ):
                parent = None if isinstance(outcome, ews.Failure) else outcome.value.parent_folder_id
                if parent is not None and parent.id in self._lost:
                    found.add(item_id)
        return found
