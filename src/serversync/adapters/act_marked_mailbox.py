"""A mailbox that is touched only as long as its marker says that it is ours."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from uuid import UUID

from serversync.adapters.act_marker import MailboxMarker
from serversync.core.errors import ServiceError
from serversync.engine.act_ports import (
    ActMailbox,
    FeedPage,
    Found,
    Item,
    ItemToChange,
    ItemToMake,
    Written,
)
from serversync.rules.record import Fields, Kind


class MarkedMailbox:
    """``ActMailbox`` that looks at the marker once, before the first thing that happens.

    A pass that hears of nothing and has nothing to write does not look: it does nothing that another organization could
    mind, and asks no more than before. One that does hears who has overtaken the mailbox before it takes anything over or
    writes anything. A mailbox without a marker, such as one that was enabled before there were any, gets ours.

    Args:
        mailbox: The mailbox.
        marker: Its marker.
        may_write: ``False`` for a pass that only plans, which leaves no marker either.
        clock: Tells the time.
        missing: Is told that there is no marker, just before ours is made.
    """

    def __init__(
        self,
        mailbox: ActMailbox,
        marker: MailboxMarker,
        *,
        may_write: bool,
        clock: Callable[[], datetime],
        missing: Callable[[], Awaitable[None]],
    ) -> None:
        self._mailbox = mailbox
        self._marker = marker
        self._may_write = may_write
        self._clock = clock
        self._missing = missing
        self._is_ours = False

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        """See ``ActMailbox``."""
        page = await self._mailbox.feed(kind, position)
        if page.heard:
            await self._make_sure()
        return page

    async def read(
        self, kind: Kind, item_ids: Sequence[str], *, with_key: bool = False
    ) -> list[Item | ServiceError]:
        """See ``ActMailbox``."""
        if item_ids:
            await self._make_sure()
        return await self._mailbox.read(kind, item_ids, with_key=with_key)

    async def find(self, kind: Kind, stamp: UUID, search_key: UUID | None = None) -> list[Found]:
        """See ``ActMailbox``."""
        await self._make_sure()
        return await self._mailbox.find(kind, stamp, search_key)

    async def stamped(self, kind: Kind, stamps: Sequence[UUID]) -> dict[UUID, list[str]]:
        """See ``ActMailbox``."""
        await self._make_sure()
        return await self._mailbox.stamped(kind, stamps)

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        """See ``ActMailbox``."""
        if records:
            await self._make_sure()
        return await self._mailbox.twins(kind, records)

    async def occurrence_days(self, item_ids: Sequence[str]) -> list[date | ServiceError | None]:
        """See ``ActMailbox``."""
        if item_ids:
            await self._make_sure()
        return await self._mailbox.occurrence_days(item_ids)

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        """See ``ActMailbox``."""
        await self._make_sure()
        return await self._mailbox.create(kind, items)

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        """See ``ActMailbox``."""
        await self._make_sure()
        return await self._mailbox.update(kind, items)

    async def delete(self, kind: Kind, item: Written) -> None:
        """See ``ActMailbox``."""
        await self._make_sure()
        await self._mailbox.delete(kind, item)

    async def _make_sure(self) -> None:
        """Look at the marker, once.

        Raises:
            SyncedByAnotherOrganization: the mailbox was overtaken.
        """
        if self._is_ours:
            return
        if await self._marker.check() is None and self._may_write:
            await self._missing()  # first, so that a pass that is killed in between is told of it again
            await self._marker.claim(self._clock())
        self._is_ours = True
