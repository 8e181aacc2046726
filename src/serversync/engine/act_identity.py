"""Which item is which record: by the link, by the stamp, and never by a stamp that was copied.

The order in which an item is recognised: it is the one that a link names; it carries the stamp of a link whose own
item is no longer under its id (it was moved, or the mailbox was restored); it carries the stamp of a link whose item
is still there (it is a copy, and is left alone for ever); by the configured keys it is the same as a record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from serversync.core.errors import ItemGone, Permanent, ServiceError
from serversync.engine.act_heard_with import as_what_they_are
from serversync.engine.act_ports import (
    HEARD_WITH,
    ActMailbox,
    ActRun,
    ActStore,
    Due,
    Found,
    Item,
    Link,
    Record,
    Stage,
)
from serversync.rules.plan import Sight
from serversync.rules.record import Kind

_Place = tuple[Kind, str]
"""An item by kind and id: an item of a calendar is heard of both as an appointment and as a series."""


@dataclass(slots=True)
class Meeting:
    """A link together with its item, as they were found now.

    ``trouble`` is why the item cannot be read; ``is_new`` that the link is not stored yet.
    """

    link: Link
    item: Item | None
    sight: Sight = Sight.SEEN
    takes_part: bool = False
    trouble: ServiceError | None = None
    must_wait: bool = False
    is_new: bool = False


@dataclass(slots=True)
class _Known:
    """What was asked about a batch of items beforehand, all at once.

    ``stamped`` are records that are there though the links which their items' stamps name are not; ``twins`` the
    records that are the same as an item, by its id.
    """

    links: dict[UUID, Link] = field(default_factory=dict)
    stamped: set[UUID] = field(default_factory=set)
    twins: dict[str, list[Record]] = field(default_factory=dict)


class Identities:
    """Finds the item to each link and the link to each item of one pass."""

    def __init__(self, run: ActRun, mailbox: ActMailbox, store: ActStore) -> None:
        self._run = run
        self._mailbox = mailbox
        self._store = store

    async def resolve(
        self, due: Sequence[Due], now: datetime, new_ids: Iterable[UUID]
    ) -> tuple[list[Meeting], list[tuple[Due, ServiceError]]]:
        """Return what is to be decided on, and items that cannot be read; the rest is settled on the way."""
        items = await self._read(due)
        new, unread = await self._sort(due, items)
        known = await self._known(new)
        if not HEARD_WITH.keys().isdisjoint(self._run.rules):
            new, others = await as_what_they_are(
                self._run, self._mailbox, self._store, new, known.links, known.stamped
            )
            unread += others
        ids = iter(new_ids)
        meetings: dict[UUID, Meeting] = {}
        for each, item in new:
            meeting = await self._recognise(each, item, known, meetings, ids)
            if meeting is not None:
                meetings[meeting.link.crmid] = meeting
        for each in due:
            if each.link is not None and each.link.crmid not in meetings:
                meetings[each.link.crmid] = await self._meet(
                    each.link, items.get((each.kind, each.link.item_id or "")), now
                )
            elif each.link is None and each.crmid is not None and each.crmid not in meetings:
                link = Link(each.crmid, each.kind, Stage.CREATING_IN_EXCHANGE)
                meetings[link.crmid] = Meeting(link, None, is_new=True)
        return list(meetings.values()), unread

    async def _sort(
        self, due: Sequence[Due], items: Mapping[_Place, Item | ServiceError]
    ) -> tuple[list[tuple[Due, Item]], list[tuple[Due, ServiceError]]]:
        """Return items that no link names, and those of them that cannot be read; gone ones and copies are done."""
        heard = [(each, each.item_id) for each in due if each.link is None and each.item_id is not None]
        copies = await self._store.copies(self._run, [item_id for _, item_id in heard]) if heard else set()
        new: list[tuple[Due, Item]] = []
        unread: list[tuple[Due, ServiceError]] = []
        done: dict[Kind, list[str]] = {}
        for each, item_id in heard:
            outcome = items[each.kind, item_id]
            if isinstance(outcome, ItemGone) or item_id in copies:
                done.setdefault(each.kind, []).append(item_id)
            elif isinstance(outcome, ServiceError):
                unread.append((each, outcome))
            else:
                new.append((each, outcome))
        for kind, item_ids in done.items():
            await self._store.done(self._run, kind, item_ids)
        return new, unread

    async def _read(self, due: Sequence[Due]) -> dict[_Place, Item | ServiceError]:
        wanted: dict[Kind, dict[str, None]] = {}
        for each in due:
            item_id = each.item_id if each.link is None else each.link.item_id
            if item_id is not None:
                wanted.setdefault(each.kind, {})[item_id] = None
        found: dict[_Place, Item | ServiceError] = {}
        for kind, ids in wanted.items():
            read = await self._mailbox.read(kind, list(ids))
            found.update(zip([(kind, each) for each in ids], read, strict=True))
        return found

    async def _known(self, new: Sequence[tuple[Due, Item]]) -> _Known:
        """Ask for the links and records that items which no link names may belong to."""
        known = _Known()
        stamps = {key for _, item in new for key in (item.stamp, item.becomes) if key is not None}
        if stamps:
            known.links = await self._store.links(self._run, list(stamps))
        strange = [(due.kind, item) for due, item in new if item.stamp not in known.links]
        # The link may be lost while the record is not.
        stamped = [(kind, item.stamp) for kind, item in strange if item.stamp is not None]
        if stamped:
            known.stamped = set(await self._store.records(self._run, stamped))
        for kind in dict.fromkeys(kind for kind, _ in strange):
            unknown = [i for k, i in strange if k is kind and i.stamp not in known.stamped]
            if unknown:
                known.twins.update(await self._store.twins(self._run, kind, unknown))
        return known

    async def _recognise(
        self, due: Due, item: Item, known: _Known, met: dict[UUID, Meeting], ids: Iterator[UUID]
    ) -> Meeting | None:
        """Return what an item that no link names belongs to, or ``None`` where it is settled."""
        run = self._run
        link = known.links.get(item.stamp) if item.stamp is not None else None
        if link is not None and link.kind in HEARD_WITH and link.kind is not due.kind:
            # It was made something else by whose copy it was, such as a series.
            await self._store.done(run, due.kind, [item.item_id])
            return None
        if (
            link is None or link.kind is not due.kind
        ):  # an appointment that was made a series is another record
            is_free = await self._is_free(item, known)
            return _take_in(due.kind, item, known, met, next(ids), is_free=is_free)
        if link.stage is Stage.UNLINKED:
            await self._store.done(run, due.kind, [item.item_id])
            return None
        if await self._is_copy(link, item, met):
            await self._store.done(run, due.kind, [item.item_id], copy_of=link.crmid)
            return None
        if link.stage is Stage.GONE:  # it was brought back from where it had been deleted to
            takes_part = item.takes_part or link.crm_version > 0
            return Meeting(_fresh(link.crmid, due.kind, item), item, takes_part=takes_part, is_new=True)
        return Meeting(replace(link, item_id=item.item_id), item, takes_part=True)

    async def _is_copy(self, link: Link, item: Item, met: dict[UUID, Meeting]) -> bool:
        """Tell whether the item that the stamp belongs to is another one, and still there."""
        before = met.get(link.crmid)
        if before is not None and before.item is not None:
            return before.item.item_id != item.item_id
        if link.stage is Stage.GONE or link.item_id is None or link.item_id == item.item_id:
            return False
        [outcome] = await self._mailbox.read(link.kind, [link.item_id])
        if isinstance(outcome, Item):
            return outcome.stamp == link.crmid
        # One that is there and cannot be read, such as a task that recurs now, has not become the other one.
        return not isinstance(outcome, ItemGone)

    async def _is_free(self, item: Item, known: _Known) -> bool:
        """Tell whether no other item is the record that follows from this one.

        A link that never came so far as to stamp its item is this item's where its own is not there any more: it was moved.
        """
        link = known.links.get(item.becomes) if item.becomes is not None else None
        if link is None or link.stage in (Stage.UNLINKED, Stage.GONE):
            return True
        if link.stage is not Stage.CREATING_IN_CRM or link.item_id is None:
            return False
        [outcome] = await self._mailbox.read(link.kind, [link.item_id])
        return isinstance(outcome, ItemGone)

    async def _meet(self, link: Link, outcome: Item | ServiceError | None, now: datetime) -> Meeting:
        """Return the item of a link, looked for by its stamp where it is not under its id."""
        if link.asked_on is not None and now - link.asked_on < self._run.in_flight:
            return Meeting(link, None, must_wait=True)
        if isinstance(outcome, Item):
            return Meeting(link, outcome, takes_part=outcome.takes_part)
        if isinstance(outcome, ServiceError) and not isinstance(outcome, ItemGone):
            return Meeting(link, None, trouble=outcome)
        if link.stage is Stage.CREATING_IN_CRM:  # it was never stamped; where it is now it is heard of as new
            return Meeting(link, None, Sight.GONE)
        return await self._look(link, now)

    async def _look(self, link: Link, now: datetime) -> Meeting:
        """Look for the item of a link by its stamp, wherever it may lie."""
        try:
            found = await self._mailbox.find(link.kind, link.crmid)
        except Permanent as error:  # it is there, so that nobody has deleted it
            return Meeting(link, None, trouble=error)
        copies = await self._store.copies(self._run, [each.item.item_id for each in found])
        own = [each for each in found if each.item.item_id not in copies]
        seen = sorted((each for each in own if each.sight is Sight.SEEN), key=_oldest)
        if seen:
            return Meeting(replace(link, item_id=seen[0].item.item_id), seen[0].item, takes_part=True)
        if any(each.sight is Sight.AWAY for each in own):
            return Meeting(link, None, Sight.AWAY)
        missed = link.exchange_missed_on
        is_believed = missed is not None and now - missed >= self._run.second_look
        return Meeting(link, None, Sight.GONE if is_believed else Sight.MISSED_ONCE)


def _take_in(
    kind: Kind, item: Item, known: _Known, met: dict[UUID, Meeting], new_id: UUID, *, is_free: bool
) -> Meeting:
    """Return an item that belongs to no link with the record that it is, or may become."""
    crmid, is_known = item.becomes or new_id, False
    if item.stamp is not None and item.stamp in known.stamped and item.stamp not in met:
        crmid, is_known = item.stamp, True
    else:
        for record in known.twins.get(item.item_id, ()):
            if record.crmid not in met:
                crmid, is_known = record.crmid, True
                break
        is_part = known.twins.get(item.item_id) == []
        if not is_known and (crmid in met or not is_free or is_part):
            # Another item is this record already, or it is part of another record; this one is left alone.
            return Meeting(_fresh(new_id, kind, item), item, is_new=True)
    return Meeting(_fresh(crmid, kind, item), item, takes_part=is_known or item.takes_part, is_new=True)


def _fresh(crmid: UUID, kind: Kind, item: Item) -> Link:
    return Link(crmid, kind, Stage.CREATING_IN_CRM, title=item.title, item_id=item.item_id)


def _oldest(found: Found) -> tuple[float, str]:
    made = found.item.created_on
    return (made.timestamp() if made else 0.0, found.item.item_id)
