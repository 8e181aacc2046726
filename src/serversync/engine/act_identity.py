"""Which item is which record: by the link, by the stamp, and never by a stamp that was copied.

The order in which an item is recognised: it is the one that a link names; it carries the stamp of a link whose own
item is no longer under its id (it was moved, or the mailbox was restored); it carries the stamp of a link whose item
is still there (it is a copy, and is left alone for ever); without a stamp that says something, it has the search key of an
item that is nowhere any more (``act_doubts``); by the configured keys it is the same as a record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from serversync.core.errors import ItemGone, ItemOfAnotherKind, Permanent, ServiceError
from serversync.engine.act_doubts import Doubts, age, is_its, may_be_away
from serversync.engine.act_heard_with import as_what_they_are
from serversync.engine.act_ports import (
    HEARD_WITH,
    ActMailbox,
    ActRun,
    ActStore,
    Due,
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

    ``trouble`` is why the item cannot be read, ``other`` says that it is of another kind; ``is_new`` that the link is not
    stored yet; ``is_part`` that the item is part of another record and becomes none.
    """

    link: Link
    item: Item | None
    sight: Sight = Sight.SEEN
    takes_part: bool = False
    trouble: ServiceError | None = None
    must_wait: bool = False
    is_new: bool = False
    is_part: bool = False
    other: ItemOfAnotherKind | None = None


@dataclass(slots=True)
class _Known:
    """What was asked about a batch of items beforehand, all at once.

    ``stamped`` are records that are there though the links which their items' stamps name are not; ``twins`` the
    records that are the same as an item, by its id; ``keyed`` the links with the search key of an item without a
    trusted stamp; ``own`` the items that the named links know, by their ids; ``originals`` which one of several items with
    the same stamp is the link's, ``None`` where that cannot be told now.
    """

    links: dict[UUID, Link] = field(default_factory=dict)
    stamped: set[UUID] = field(default_factory=set)
    twins: dict[str, list[Record]] = field(default_factory=dict)
    keyed: Mapping[UUID, Sequence[Link]] = field(default_factory=dict)
    own: dict[_Place, Item | ServiceError] = field(default_factory=dict)
    originals: dict[UUID, str | None] = field(default_factory=dict)


class Identities:
    """Finds the item to each link and the link to each item of one pass."""

    def __init__(self, run: ActRun, mailbox: ActMailbox, store: ActStore) -> None:
        self._run = run
        self._mailbox = mailbox
        self._store = store
        self._doubts = Doubts(run, mailbox, store)
        self.others: list[tuple[Kind, ItemOfAnotherKind]] = []
        """Items that no link names, and that are of another kind than their folder, with what they were heard of as."""

    async def resolve(
        self, due: Sequence[Due], now: datetime, new_ids: Iterable[UUID]
    ) -> tuple[list[Meeting], list[tuple[Due, ServiceError]]]:
        """Return what is to be decided on, and items that cannot be read; the rest is settled on the way."""
        items = await self._read(due)
        new, unread = await self._sort(due, items)
        known = await self._known(new)
        if not HEARD_WITH.keys().isdisjoint(self._run.rules):
            new, others = await as_what_they_are(
                self._run,
                self._mailbox,
                self._store,
                new,
                known.links,
                known.stamped,
                known.keyed,
                self._doubts,
            )
            unread += others
        if known.links:
            await self._compare(new, known)
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
        """Return items that no link names, and those of them that cannot be read.

        Gone ones, copies, and those of another kind are done; a pass that only plans tells of the last ones again.
        """
        heard = [(each, each.item_id) for each in due if each.link is None and each.item_id is not None]
        copies = await self._store.copies(self._run, [item_id for _, item_id in heard]) if heard else set()
        new: list[tuple[Due, Item]] = []
        unread: list[tuple[Due, ServiceError]] = []
        done: dict[Kind, list[str]] = {}
        for each, item_id in heard:
            outcome = items[each.kind, item_id]
            if isinstance(outcome, ItemGone) or item_id in copies:
                done.setdefault(each.kind, []).append(item_id)
            elif isinstance(outcome, ItemOfAnotherKind):
                if each.kind is not Kind.SERIES:  # those of the same folder are heard of as appointments, too
                    self.others.append((each.kind, outcome))
                if self._run.may_write:
                    done.setdefault(each.kind, []).append(item_id)
            elif isinstance(outcome, ServiceError):
                unread.append((each, outcome))
            else:
                new.append((each, outcome))
        for kind, item_ids in done.items():
            await self._store.done(self._run, kind, item_ids)
        return new, unread

    async def _read(self, due: Sequence[Due]) -> dict[_Place, Item | ServiceError]:
        """Read what is due; the search key is asked for where a link does not know that of its item, or a stranger may have one."""
        wanted: dict[Kind, dict[str, None]] = {}
        keyless: set[Kind] = set()
        strangers: set[Kind] = set()
        for each in due:
            item_id = each.item_id if each.link is None else each.link.item_id
            if item_id is not None:
                wanted.setdefault(each.kind, {})[item_id] = None
                if each.link is None:
                    strangers.add(each.kind)
                elif each.link.search_key is None and each.link.base is not None:
                    keyless.add(each.kind)
        found: dict[_Place, Item | ServiceError] = {}
        for kind, ids in wanted.items():
            with_key = kind in keyless or (kind in strangers and await self._doubts.wants_keys(kind))
            read = await self._mailbox.read(kind, list(ids), with_key=with_key)
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
            known.stamped = await self._doubts.ours(await self._store.records(self._run, stamped))
        known.keyed = await self._doubts.links_by_key(i for _, i in strange if i.stamp not in known.stamped)
        for kind in dict.fromkeys(kind for kind, _ in strange):
            unknown = [i for k, i in strange if k is kind and i.stamp not in known.stamped]
            if unknown:
                known.twins.update(await self._store.twins(self._run, kind, unknown))
        return known

    async def _compare(self, new: Sequence[tuple[Due, Item]], known: _Known) -> None:
        """Look at the items that the named links know, and at all that carry the stamps of those which are not there."""
        named = [
            (item, link)
            for due, item in new
            if item.stamp is not None
            and (link := known.links.get(item.stamp)) is not None
            and link.kind is due.kind
            and link.stage is not Stage.UNLINKED
        ]
        own: dict[Kind, dict[str, None]] = {}
        for item, link in named:
            if link.item_id not in (None, item.item_id) and link.stage is not Stage.GONE:
                own.setdefault(link.kind, {})[link.item_id] = None
        for kind, ids in own.items():
            read = await self._mailbox.read(kind, list(ids))
            known.own.update(zip([(kind, each) for each in ids], read, strict=True))
        lost = [
            (item, link)
            for item, link in named
            if link.item_id != item.item_id and not _is_there(link, known.own)
        ]
        known.originals = await self._doubts.originals(lost) if lost else {}

    async def _recognise(
        self, due: Due, item: Item, known: _Known, met: dict[UUID, Meeting], ids: Iterator[UUID]
    ) -> Meeting | None:
        """Return what an item that no link names belongs to, or ``None`` where it is settled."""
        link = known.links.get(item.stamp) if item.stamp is not None else None
        if link is not None and _is_left_alone(link, due.kind):
            await self._store.done(self._run, due.kind, [item.item_id])
            return None
        if link is None or link.kind is not due.kind:
            # An appointment that was made a series is another record.
            return await self._recognise_unstamped(due, item, known, met, ids)
        if known.originals.get(link.crmid, item.item_id) is None:
            return None  # it stays due
        if _is_copy(link, item, met, known):
            await self._store.done(self._run, due.kind, [item.item_id], copy_of=link.crmid)
            return None
        if link.stage is Stage.GONE:  # it was brought back from where it had been deleted to
            takes_part = item.takes_part or link.crm_version > 0
            return Meeting(_fresh(link.crmid, due.kind, item), item, takes_part=takes_part, is_new=True)
        return Meeting(replace(link, item_id=item.item_id), item, takes_part=True)

    async def _recognise_unstamped(
        self, due: Due, item: Item, known: _Known, met: dict[UUID, Meeting], ids: Iterator[UUID]
    ) -> Meeting | None:
        """Return the same of an item whose stamp names no link."""
        link = await self._lost_by(due.kind, item, known, met)
        if link is None:
            is_free = await self._is_free(item, known)
            return _take_in(due.kind, item, known, met, next(ids), is_free=is_free)
        if link.stage is Stage.UNLINKED:
            await self._store.done(self._run, due.kind, [item.item_id])
            return None
        return Meeting(replace(link, item_id=item.item_id), item, takes_part=True)

    async def _lost_by(
        self, kind: Kind, item: Item, known: _Known, met: Mapping[UUID, Meeting]
    ) -> Link | None:
        """Return the link that has lost an item without a trusted stamp; a meeting is known by its id as well."""
        if item.stamp is not None and (item.stamp in known.links or item.stamp in known.stamped):
            return None
        links = list(known.keyed.get(item.search_key, ())) if item.search_key is not None else []
        same = known.links.get(item.becomes) if item.becomes is not None else None
        if same is not None and same.stage is Stage.LINKED and same not in links:
            links.append(same)
        free = [link for link in links if link.crmid not in met]
        return await self._doubts.lost_by(kind, item, free) if free else None

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
        if isinstance(outcome, ItemOfAnotherKind):
            return Meeting(link, None, Sight.CHANGED, other=outcome)
        if isinstance(outcome, ServiceError) and not isinstance(outcome, ItemGone):
            return Meeting(link, None, trouble=outcome)
        if link.stage is Stage.CREATING_IN_CRM:  # it was never stamped; where it is now it is heard of as new
            return Meeting(link, None, Sight.GONE)
        return await self._look(link, now)

    async def _look(self, link: Link, now: datetime) -> Meeting:
        """Look for the item of a link by its stamp, wherever it may lie."""
        try:
            found = await self._mailbox.find(link.kind, link.crmid, link.search_key)
        except Permanent as error:  # it is there, so that nobody has deleted it
            return Meeting(link, None, trouble=error)
        copies = await self._store.copies(self._run, [each.item.item_id for each in found])
        others = [each for each in found if each.item.item_id not in copies]
        own = [each for each in others if each.item.stamp == link.crmid]
        seen = [each.item for each in own if each.sight is Sight.SEEN]
        if seen:
            item = min(seen, key=lambda each: age(each, link))
            return Meeting(replace(link, item_id=item.item_id), item, takes_part=True)
        is_stamped = any(is_its(each, link) for each in own)
        if any(each.sight is Sight.AWAY for each in own) or (not is_stamped and may_be_away(others, link)):
            return Meeting(link, None, Sight.AWAY)
        missed = link.exchange_missed_on
        is_believed = missed is not None and now - missed >= self._run.second_look
        return Meeting(link, None, Sight.GONE if is_believed else Sight.MISSED_ONCE)


def _is_left_alone(link: Link, kind: Kind) -> bool:
    """Tell whether an item with the stamp of a link is none of our business, as which kind it was heard of."""
    if link.kind is not kind:  # it was made something else by whose copy it was, such as a series
        return link.kind in HEARD_WITH
    return link.stage is Stage.UNLINKED


def _is_there(link: Link, own: Mapping[_Place, Item | ServiceError]) -> bool:
    """Tell whether the item that a link knows is still there, as the link's."""
    if link.item_id is None or link.stage is Stage.GONE:
        return False
    outcome = own.get((link.kind, link.item_id), ItemGone())
    if isinstance(outcome, Item):
        return outcome.stamp == link.crmid
    # One that is there and cannot be read, such as a task that recurs now, has not become the other one.
    return not isinstance(outcome, ItemGone)


def _is_copy(link: Link, item: Item, met: Mapping[UUID, Meeting], known: _Known) -> bool:
    """Tell whether the item that the stamp belongs to is another one, and still there."""
    before = met.get(link.crmid)
    if before is not None and before.item is not None:
        return before.item.item_id != item.item_id
    if link.stage is not Stage.GONE and link.item_id == item.item_id:
        return False
    return _is_there(link, known.own) or known.originals.get(link.crmid, item.item_id) != item.item_id


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
            return Meeting(_fresh(new_id, kind, item), item, is_new=True, is_part=is_part)
    return Meeting(_fresh(crmid, kind, item), item, takes_part=is_known or item.takes_part, is_new=True)


def _fresh(crmid: UUID, kind: Kind, item: Item) -> Link:
    return Link(crmid, kind, Stage.CREATING_IN_CRM, title=item.title, item_id=item.item_id)
