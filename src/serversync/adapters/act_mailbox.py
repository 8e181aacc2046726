"""The appointments, contacts and tasks of one mailbox over Exchange Web Services, as the engine sees them.

What the fields are called on either side stands in ``serversync.mapping``; here it is only asked for and written.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import Facts
from serversync.adapters.act_guest_items import days_of
from serversync.adapters.act_pictures import Pictures
from serversync.adapters.act_reader import Reader
from serversync.adapters.act_search import Search
from serversync.adapters.act_series_mailbox import EwsSeries
from serversync.adapters.act_service_items import Copies
from serversync.adapters.act_side import FOLDERS, Side, is_series
from serversync.adapters.act_subfolders import Subfolders
from serversync.adapters.act_writer import Writer
from serversync.core.clock import now
from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.act_ports import FeedPage, Found, Heard, Item, ItemToChange, ItemToMake, Written
from serversync.exchange.client import EwsClient
from serversync.exchange.operations import sync_folder_items as sync
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.ids import AnyFolderId
from serversync.rules.record import MEETINGS, ON_A_CALENDAR, Fields, Kind

TRACKED_CATEGORY: Final = "Tracked to Dynamics 365"
"""Who puts it on an item asks for it to be tracked; the name where no setting says otherwise."""

_TOLD: Final[dict[Kind, tuple[AnyFieldURI, ...]]] = {Kind.SERIES: (FieldURI("calendar:CalendarItemType"),)}
"""What the feed is asked to say of each item."""
_PAGE: Final = 512


class Extent(NamedTuple):
    """What takes part by settings: tasks that were assigned to the owner, and what lies in sub-folders of the calendar."""

    assigned_tasks: bool = False
    subfolders: bool = True


NO_ATTACHMENTS: Final[Mapping[Kind, Attachments]] = {}
"""Files of no kind go any way."""
REFERENCE: Final = Extent()
"""As the settings come."""


class EwsActMailbox:
    """``ActMailbox`` over an EWS client.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        takes_all: Kinds of which every item takes part; of the others those with the category.
        category: The category.
        extent: What takes part by settings.
        calendar: How appointments are read and written.
        facts: Says what items say of their records; ``None`` where they say nothing.
        pictures: How photos of contacts are; without it they are left alone.
        attachments: How files of each kind are; those of other kinds are left alone.
    """

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        client: EwsClient,
        mailbox: str | None,
        *,
        takes_all: frozenset[Kind] = frozenset(),
        category: str = TRACKED_CATEGORY,
        extent: Extent = REFERENCE,
        calendar: Calendar | None = None,
        facts: Facts | None = None,
        pictures: Pictures | None = None,
        attachments: Mapping[Kind, Attachments] = NO_ATTACHMENTS,
    ) -> None:
        calendar = calendar or Calendar(mailbox or "", now, category=category)
        self._client = client
        self._mailbox = mailbox
        self._subfolders = Subfolders(client, mailbox, calendar.clock, are_synchronized=extent.subfolders)
        side = Side(
            client,
            mailbox,
            takes_all,
            category,
            takes_assigned=extent.assigned_tasks,
            calendar=calendar,
            series=EwsSeries(client, mailbox, calendar),
            copies=Copies(calendar),
            subfolders=self._subfolders,
            facts=facts,
            pictures=pictures,
            attachments=attachments,
        )
        self._reader = Reader(side)
        self._search = Search(side, self._reader)
        self._writer = Writer(side, self._search)

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        """See ``ActMailbox``."""
        if kind not in MEETINGS:
            return await self._page(kind, FOLDERS[kind], position)
        return await self._subfolders.feed(position, partial(self._page, kind))

    async def _page(self, kind: Kind, folder: AnyFolderId, position: str | None) -> FeedPage:
        request = SyncFolderItems(
            folder=folder,
            sync_state=position,
            max_changes=_PAGE,
            additional_properties=_TOLD.get(kind, ()),
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        page = outcome.unwrap()
        heard = [
            Heard(change.item_id.id, change.item_id.change_key or "", isinstance(change, sync.Delete))
            for change in page.changes
            if not isinstance(change, sync.ReadFlagChange) and _concerns(kind, change)
        ]
        return FeedPage(heard, page.sync_state, page.includes_last)

    async def read(
        self, kind: Kind, item_ids: Sequence[str], *, with_key: bool = False
    ) -> list[Item | ServiceError]:
        """See ``ActMailbox``; photos and files of what nobody tracks are not looked at.

        What lies in a sub-folder of the calendar that takes no part any more is not under its id.
        """
        read = await self._reader.read(
            kind, item_ids, lambda item: item.takes_part or item.stamp is not None, with_key=with_key
        )
        away = await self._subfolders.elsewhere(item_ids) if kind in ON_A_CALENDAR else set()
        if not away:
            return read
        return [ItemGone() if key in away else each for key, each in zip(item_ids, read, strict=True)]

    async def find(self, kind: Kind, stamp: UUID, search_key: UUID | None = None) -> list[Found]:
        """See ``ActMailbox``."""
        return await self._search.find(kind, stamp, search_key)

    async def stamped(self, kind: Kind, stamps: Sequence[UUID]) -> dict[UUID, list[str]]:
        """See ``ActMailbox``."""
        return await self._search.carriers(kind, stamps)

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        """See ``ActMailbox``."""
        return await self._search.twins(kind, records)

    async def occurrence_days(self, item_ids: Sequence[str]) -> list[date | ServiceError | None]:
        """See ``ActMailbox``."""
        return await days_of(self._client, self._mailbox, item_ids)

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        """See ``ActMailbox``."""
        return await self._writer.create(kind, items)

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        """See ``ActMailbox``."""
        return await self._writer.update(kind, items)

    async def delete(self, kind: Kind, item: Written) -> None:
        """See ``ActMailbox``."""
        await self._writer.delete(kind, item)


def _concerns(kind: Kind, change: sync.Change) -> bool:
    """Tell whether a change is one of the kind, as far as it says; singles and series lie in the same folder."""
    if kind is not Kind.SERIES or not isinstance(change, sync.Create | sync.Update):
        return True
    # One that is no series (any more) is only of concern where it may have been one.
    return is_series(change.item) or isinstance(change, sync.Update)
