"""Which item is which record: by the link, by the stamp, and never by a stamp that was copied.

The order in which an item is recognised: it is the one that a link names; it carries the stamp of a link whose own
item is no longer under its id (it was moved, or the mailbox was restored); it carries the stamp of a link whose item
is still there (it is a copy, and is left alone for ever); by the configured keys it is the same as a record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.act_ports import ActMailbox, ActRun, ActStore, Due, Found, Item, Link, Stage
from serversync.rules.plan import Sight
from serversync.rules.record import Kind


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
        unread: list[tuple[Due, ServiceError]] = []
        items = await self._read(due)
        links = await self._links(due, items)
        copies = await self._store.copies(
            self._run, [each.item_id for each in due if each.link is None and each.item_id is not None]
        )
        ids = iter(new_ids)
        meetings: dict[UUID, Meeting] = {}
        for each in due:
            if each.item_id is None or each.link is not None:
                continue
            outcome = items[each.item_id]
            if isinstance(outcome, ItemGone) or each.item_id in copies:
                await self._store.done(self._run, each.kind, each.item_id)
                continue
            if isinstance(outcome, ServiceError):
                unread.append((each, outcome))
                continue
            meeting = await self._recognise(each, outcome, links, meetings, ids)
            if meeting is not None:
                meetings[meeting.link.crmid] = meeting
        for each in due:
            if each.link is not None and each.link.crmid not in meetings:
                meetings[each.link.crmid] = await self._meet(
                    each.link, items.get(each.link.item_id or ""), now
                )
            elif each.link is None and each.crmid is not None and each.crmid not in meetings:
                link = Link(each.crmid, each.kind, Stage.CREATING_IN_EXCHANGE)
                meetings[link.crmid] = Meeting(link, None, is_new=True)
        return list(meetings.values()), unread

    async def _read(self, due: Sequence[Due]) -> dict[str, Item | ServiceError]:
        wanted: dict[Kind, dict[str, None]] = {}
        for each in due:
            item_id = each.item_id if each.link is None else each.link.item_id
            if item_id is not None:
                wanted.setdefault(each.kind, {})[item_id] = None
        found: dict[str, Item | ServiceError] = {}
        for kind, ids in wanted.items():
            found.update(zip(ids, await self._mailbox.read(kind, list(ids)), strict=True))
        return found

    async def _links(self, due: Sequence[Due], items: dict[str, Item | ServiceError]) -> dict[UUID, Link]:
        stamps = {
            item.stamp
            for each in due
            if each.link is None
            and each.item_id is not None
            and isinstance(item := items[each.item_id], Item)
            and item.stamp is not None
        }
        return await self._store.links(self._run, sorted(stamps)) if stamps else {}

    async def _recognise(
        self, due: Due, item: Item, links: dict[UUID, Link], met: dict[UUID, Meeting], ids: Iterable[UUID]
    ) -> Meeting | None:
        """Return what an item that no link names belongs to, or ``None`` where it is settled."""
        run = self._run
        link = links.get(item.stamp) if item.stamp is not None else None
        if link is None:
            return await self._take_in(due.kind, item, met, next(iter(ids)))
        if link.stage is Stage.UNLINKED:
            await self._store.done(run, due.kind, item.item_id)
            return None
        if await self._is_copy(link, item, met):
            await self._store.done(run, due.kind, item.item_id, copy_of=link.crmid)
            return None
        if link.stage is Stage.GONE:  # it was brought back from where it had been deleted to
            takes_part = item.takes_part or link.crm_version > 0
            return Meeting(_fresh(link.crmid, due.kind, item), item, takes_part=takes_part, is_new=True)
        return Meeting(replace(link, item_id=item.item_id), item, takes_part=True)

    async def _take_in(self, kind: Kind, item: Item, met: dict[UUID, Meeting], new_id: UUID) -> Meeting:
        """Return an item that belongs to no link with the record that it is, or may become."""
        crmid, is_known = new_id, False
        if item.stamp is not None and item.stamp not in met:
            # The link may be lost while the record is not.
            is_known = item.stamp in await self._store.records(self._run, [(kind, item.stamp)])
        if is_known and item.stamp is not None:
            crmid = item.stamp
        else:
            record = await self._store.twin(self._run, item, kind)
            if record is not None and record.crmid not in met:
                crmid, is_known = record.crmid, True
        return Meeting(_fresh(crmid, kind, item), item, takes_part=is_known or item.takes_part, is_new=True)

    async def _is_copy(self, link: Link, item: Item, met: dict[UUID, Meeting]) -> bool:
        """Tell whether the item that the stamp belongs to is another one, and still there."""
        before = met.get(link.crmid)
        if before is not None and before.item is not None:
            return before.item.item_id != item.item_id
        if link.stage is Stage.GONE or link.item_id is None or link.item_id == item.item_id:
            return False
        [outcome] = await self._mailbox.read(link.kind, [link.item_id])
        return isinstance(outcome, Item) and outcome.stamp == link.crmid

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
        found = await self._mailbox.find(link.kind, link.crmid)
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


def _fresh(crmid: UUID, kind: Kind, item: Item) -> Link:
    return Link(crmid, kind, Stage.CREATING_IN_CRM, title=item.title, item_id=item.item_id)


def _oldest(found: Found) -> tuple[float, str]:
    made = found.item.created_on
    return (made.timestamp() if made else 0.0, found.item.item_id)
