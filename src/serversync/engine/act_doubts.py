"""Items whose stamp does not say who they are: one without any, several with the same one, or one from another mailbox.

The search key of an item stays when it is moved, restored or brought over to another mailbox. Its copies have it as well,
so that it never says more than that an item *may* be the one that a link has lost. It is believed only where that item is
nowhere any more, with or without its stamp, and where this one was not changed last before that was: a copy that was made
earlier is older.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from serversync.core.errors import ItemGone, Permanent
from serversync.engine.act_ports import (
    HEARD_WITH,
    ActMailbox,
    ActRun,
    ActStore,
    Found,
    Item,
    Link,
    Record,
    Stage,
)
from serversync.rules.plan import Sight
from serversync.rules.record import TASKS, Kind

_OWN_OF_ONE_MAILBOX = TASKS | {Kind.CONTACT}
"""Kinds of which a record is not several items, one for everybody who takes part."""


class Doubts:
    """Settles for one pass which of several items a link is about; asks only where there is a doubt."""

    def __init__(self, run: ActRun, mailbox: ActMailbox, store: ActStore) -> None:
        self._run = run
        self._mailbox = mailbox
        self._store = store
        self._knows: dict[Kind, bool] = {}

    async def wants_keys(self, kind: Kind) -> bool:
        """Tell whether the search key of an item that no link names may say something: a link must know one, too.

        It may be one of a kind that is heard of with this one (``HEARD_WITH``).
        """
        if kind not in self._knows:
            heard = [each for each, by in HEARD_WITH.items() if by is kind and each in self._run.rules]
            self._knows[kind] = await self._store.knows_keys(self._run, [kind, *heard])
        return self._knows[kind]

    async def links_by_key(self, items: Iterable[Item]) -> Mapping[UUID, Sequence[Link]]:
        """Return the links with the search keys of items without a trusted stamp."""
        keys = {item.search_key for item in items if item.search_key is not None}
        return await self._store.links_by_key(self._run, list(keys)) if keys else {}

    async def lost_by(self, kind: Kind, item: Item, links: Sequence[Link]) -> Link | None:
        """Return the link that has lost this item, by its search key; ``None`` where that is not certain.

        Of several links with the same key, as those of an item and its copy have, it is the one that knows the item as it is.
        """
        lost = [
            link
            for link in links
            if link.kind is kind
            and link.stage in (Stage.LINKED, Stage.UNLINKED)
            and not _is_older(item, link)
            and await self._has_lost(link, item)
        ]
        if len(lost) > 1:
            differences = [_differences(item, link) for link in lost]
            least = min(differences)
            lost = [link for link, count in zip(lost, differences, strict=True) if count == least]
        return lost[0] if len(lost) == 1 else None

    async def _has_lost(self, link: Link, item: Item) -> bool:
        """Tell whether the item of a link is nowhere any more, and no other one is more likely to be it than this one."""
        if link.item_id is None:
            return False
        [outcome] = await self._mailbox.read(link.kind, [link.item_id])
        if not isinstance(outcome, ItemGone):
            return False
        try:
            found = await self._mailbox.find(link.kind, link.crmid, link.search_key)
        except Permanent:  # it is there, and cannot be read
            return False
        copies = await self._store.copies(self._run, [each.item.item_id for each in found])
        others = [each for each in found if each.item.item_id not in copies]
        if any(is_its(each, link) for each in others):
            return False
        alike = [
            each.item
            for each in others
            if each.item.stamp is None and each.sight is not Sight.GONE and not _is_older(each.item, link)
        ]
        best = min([item, *alike], key=lambda each: _likeness(each, link))
        return best.item_id == item.item_id

    async def originals(self, items: Sequence[tuple[Item, Link]]) -> dict[UUID, str | None]:
        """Return which of several items with the same stamp is the one that a link has lost; the others are copies.

        ``None`` where that cannot be told now, because one of them cannot be read.

        Args:
            items: Items with the stamp of a link whose own item is no longer under its id.
        """
        of_kind: dict[Kind, dict[UUID, Link]] = {}
        for _, link in items:
            of_kind.setdefault(link.kind, {})[link.crmid] = link
        originals: dict[UUID, str | None] = {}
        for kind, links in of_kind.items():
            lost = {stamp: link for stamp, link in links.items() if link.stage is not Stage.GONE}
            if lost:
                originals |= await self._first_of(kind, lost)
            for link in links.values():
                if link.stage is Stage.GONE:
                    originals |= _oldest(link, await self._brought_back(link, {i.item_id for i, _ in items}))
        return originals

    async def _first_of(self, kind: Kind, links: Mapping[UUID, Link]) -> dict[UUID, str | None]:
        """Return which item is the original, of each stamp that several in the synchronized folders have."""
        carriers = await self._mailbox.stamped(kind, list(links))
        ids = [item_id for found in carriers.values() if len(found) > 1 for item_id in found]
        if not ids:
            return {}
        copies = await self._store.copies(self._run, ids)
        unknown = [each for each in ids if each not in copies]
        read = await self._mailbox.read(kind, unknown, with_key=True)
        outcomes = dict(zip(unknown, read, strict=True))
        originals: dict[UUID, str | None] = {}
        for stamp, found in carriers.items():
            there = [outcomes[each] for each in found if each in outcomes]
            if any(not isinstance(each, Item | ItemGone) for each in there):
                originals[stamp] = None
            elif stamp in links:
                originals |= _oldest(links[stamp], [each for each in there if isinstance(each, Item)])
        return originals

    async def _brought_back(self, link: Link, item_ids: set[str]) -> list[Item]:
        """Return the items that were one before they were copied, where one of these was, as it seems, brought back.

        What was made again after a deletion has another search key than what had been deleted.
        """
        try:
            found = await self._mailbox.find(link.kind, link.crmid)
        except Permanent:  # it is there, and cannot be read
            return []
        copies = await self._store.copies(self._run, [each.item.item_id for each in found])
        keys = {each.item.search_key for each in found if each.item.item_id in item_ids}
        return [
            each.item
            for each in found
            if each.item.item_id not in copies
            and each.item.search_key in keys
            and each.item.stamp == link.crmid
        ]

    async def ours(self, records: Mapping[UUID, Record]) -> set[UUID]:
        """Return those of the records that items with their stamps may be, though no link here says so.

        A contact or task that was copied over from another mailbox carries the stamp of the record that it is there.
        """
        strange = [
            key
            for key, record in records.items()
            if record.kind in _OWN_OF_ONE_MAILBOX and not record.in_filters
        ]
        elsewhere = await self._store.linked_elsewhere(self._run, strange) if strange else set()
        return set(records) - elsewhere


def _oldest(link: Link, items: Sequence[Item]) -> dict[UUID, str | None]:
    return {link.crmid: min(items, key=lambda item: age(item, link)).item_id} if items else {}


def is_its(found: Found, link: Link) -> bool:
    """Tell whether an item with the stamp of a link is the one that it knows, and not an older one that was deleted before."""
    key = found.item.search_key
    is_another = found.sight is Sight.GONE and key is not None and link.search_key not in (None, key)
    return found.item.stamp == link.crmid and not is_another


def may_be_away(found: Sequence[Found], link: Link) -> bool:
    """Tell whether the item of a link may lie where no feed tells of it, though it has lost its stamp.

    Where an item in *Deleted Items* is more likely to be it, it was deleted, and what lies elsewhere is a copy.
    """
    alike = [
        each
        for each in found
        if each.item.stamp is None and each.sight is not Sight.SEEN and not _is_older(each.item, link)
    ]
    best = min(alike, key=lambda each: _likeness(each.item, link), default=None)
    return best is not None and best.sight is Sight.AWAY


def age(item: Item, link: Link) -> tuple[bool, float, int, str]:
    """Return a key by which the item of a link comes before others with the same stamp: the oldest, then the least changed.

    One that had been deleted before the item of the link was made has another search key than that.
    """
    is_another = item.search_key is not None and link.search_key not in (None, item.search_key)
    return is_another, _made(item), _differences(item, link), item.item_id


def _likeness(item: Item, link: Link) -> tuple[int, float, str]:
    """Return a key by which an item without a stamp comes before others with its search key, which may be older than it."""
    return _differences(item, link), _made(item), item.item_id


def _made(item: Item) -> float:
    return item.created_on.timestamp() if item.created_on else 0.0


def _differences(item: Item, link: Link) -> int:
    """Return in how many fields an item is not as the link knows it."""
    if link.base is None:
        return 0
    before = link.base.exchange
    return sum(item.fields.get(name) != before.get(name) for name in {*before, *item.fields})


def _is_older(item: Item, link: Link) -> bool:
    """Tell whether an item was changed last before the one that the link knows was."""
    known = link.item_changed_on
    return known is not None and item.changed_on is not None and item.changed_on < known
