"""Items that were heard of as one kind and are of another one, whose folder has no feed of its own (``HEARD_WITH``).

Where a link names an item the store knows it. Others are found here, by their stamp: an item that was moved or copied,
one that was brought back, or one whose link was lost; and where another program took the stamp away, by the search key of
a link that has lost its item (``act_doubts``).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.act_doubts import Doubts
from serversync.engine.act_ports import HEARD_WITH, ActMailbox, ActRun, ActStore, Due, Item, Link
from serversync.rules.record import Kind

Heard = tuple[Due, Item]


async def as_what_they_are(
    run: ActRun,
    mailbox: ActMailbox,
    store: ActStore,
    new: Sequence[Heard],
    links: Mapping[UUID, Link],
    stamped: set[UUID],
    keyed: Mapping[UUID, Sequence[Link]],
    doubts: Doubts,
) -> tuple[list[Heard], list[tuple[Due, ServiceError]]]:
    """Return items that no link names under the kinds that they are of, and those that cannot be read as such.

    Args:
        run: The run.
        mailbox: The mailbox; what is of another kind is read again as such.
        store: The store, where the kind is noted.
        new: The items, each with the kind that it was heard of as.
        links: The links that their stamps name.
        stamped: The records that are there though the links which the stamps name are not; those found here are added.
        keyed: The links with the search keys of items whose stamps say nothing.
        doubts: Tells which link has lost an item.
    """
    found = list(new)
    unread: list[tuple[Due, ServiceError]] = []
    for kind, heard_as in HEARD_WITH.items():
        if kind not in run.rules:
            continue
        stamps = {n: item.stamp for n, (due, item) in enumerate(found) if due.kind is heard_as and item.stamp}
        lost = {stamp for stamp in stamps.values() if stamp not in links and stamp not in stamped}
        if lost:
            lost = await doubts.ours(await store.records(run, [(kind, stamp) for stamp in lost]))
            stamped |= lost
        own = [n for n, stamp in stamps.items() if stamp in lost or _is_of(kind, links.get(stamp))]
        if own:
            read, trouble = await _read_as(run, mailbox, store, kind, [found[n][0] for n in own])
            found = [each for n, each in enumerate(found) if n not in own] + read
            unread += trouble
    if keyed:
        found = await _by_keys(run, mailbox, store, found, links, stamped, keyed, doubts)
    return found, unread


async def _by_keys(
    run: ActRun,
    mailbox: ActMailbox,
    store: ActStore,
    heard: Sequence[Heard],
    links: Mapping[UUID, Link],
    stamped: set[UUID],
    keyed: Mapping[UUID, Sequence[Link]],
    doubts: Doubts,
) -> list[Heard]:
    """Return items as what their search keys say, where their stamps say nothing and a link has lost its item."""
    found = list(heard)
    taken: set[UUID] = set()
    for n, (due, item) in enumerate(heard):
        if item.search_key is None or due.item_id is None or item.stamp in links or item.stamp in stamped:
            continue
        known = [each for each in keyed.get(item.search_key, ()) if each.crmid not in taken]
        kinds = [
            kind
            for kind, heard_as in HEARD_WITH.items()
            if heard_as is due.kind and kind in run.rules and any(each.kind is kind for each in known)
        ]
        if not kinds or await doubts.lost_by(due.kind, item, known) is not None:
            continue
        for kind in kinds:
            [outcome] = await mailbox.read(kind, [due.item_id], with_key=True)
            link = await doubts.lost_by(kind, outcome, known) if isinstance(outcome, Item) else None
            if link is not None and isinstance(outcome, Item):
                await store.recognise(run, [due.item_id], due.kind, kind)
                found[n] = due._replace(kind=kind), outcome
                taken.add(link.crmid)
                break
    return found


def _is_of(kind: Kind, link: Link | None) -> bool:
    return link is not None and link.kind is kind


async def _read_as(
    run: ActRun, mailbox: ActMailbox, store: ActStore, kind: Kind, due: Sequence[Due]
) -> tuple[list[Heard], list[tuple[Due, ServiceError]]]:
    ids = [each.item_id for each in due if each.item_id is not None]
    await store.recognise(run, ids, due[0].kind, kind)
    read: list[Heard] = []
    unread: list[tuple[Due, ServiceError]] = []
    gone: list[str] = []
    for each, item_id, outcome in zip(due, ids, await mailbox.read(kind, ids), strict=True):
        if isinstance(outcome, Item):
            read.append((each._replace(kind=kind), outcome))
        elif isinstance(outcome, ItemGone):
            gone.append(item_id)
        else:
            unread.append((each._replace(kind=kind), outcome))
    if gone:
        await store.done(run, kind, gone)
    return read, unread
