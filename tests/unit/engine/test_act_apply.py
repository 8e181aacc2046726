"""Of new items whose values are known one of a batch is read; it stands for the others."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.act_apply import Applier
from serversync.engine.act_identity import Meeting
from serversync.engine.act_ports import ActRun, Item, ItemToMake, Link, Settlement, Stage, Written
from serversync.rules.diff import Verdict
from serversync.rules.merge import Merged
from serversync.rules.plan import Action, KindRules, Pair, Step
from serversync.rules.record import Direction, Fields, Kind
from tests.property.act.world import Silent

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class Mailbox:
    """Makes items and says beforehand what they are; what they are in truth is ``kept``."""

    def __init__(self, kept: Fields | None = None) -> None:
        self.kept = kept
        self.items: dict[str, Item] = {}
        self.read_ids: list[str] = []

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        written: list[Written | ServiceError] = []
        for each in items:
            item_id = f"item {each.fields['lastname']}"
            is_known = each.fields["lastname"] != "unknown"
            fields = dict(each.fields) if self.kept is None else dict(self.kept)
            self.items[item_id] = Item(item_id, "1", each.stamp, fields)
            written.append(Written(item_id, "1", dict(each.fields) if is_known else None))
        return written

    async def read(
        self, kind: Kind, item_ids: Sequence[str], *, with_key: bool = False
    ) -> list[Item | ServiceError]:
        self.read_ids += item_ids
        return [self.items.get(each) or ItemGone() for each in item_ids]


class Store:
    """Takes down what is settled."""

    def __init__(self) -> None:
        self.settled: dict[UUID, Link] = {}

    async def keep(self, run: ActRun, links: Sequence[Link]) -> None:
        """Nothing reads it."""

    async def settle(self, run: ActRun, settlements: Sequence[Settlement]) -> list[Link | ServiceError]:
        self.settled |= {each.link.crmid: each.link for each in settlements}
        return [each.link for each in settlements]


async def make(mailbox: Mailbox, *names: str) -> list[Fields]:
    """Make a contact of each name and return what is kept of it as its state in Exchange."""
    run = ActRun(uuid4(), "ada@example.org", 1, {Kind.CONTACT: KindRules({"lastname": Direction.BOTH})})
    store = Store()
    applier = Applier(run, mailbox, store, Silent(), clock=lambda: NOON)  # type: ignore[arg-type]
    prompt = []
    for name in names:
        link = Link(uuid4(), Kind.CONTACT, Stage.CREATING_IN_EXCHANGE)
        pair = Pair(link.crmid, Kind.CONTACT, name, crm={"lastname": name})
        merged = Merged({}, {"lastname": name})
        action = Action(pair, Step.CREATE_IN_EXCHANGE, Verdict.CRM_NEW, "new", merged)
        prompt.append((action, Meeting(link, None, is_new=True), None))
    await applier.apply(prompt)
    assert all(link.base is not None and link.stage is Stage.LINKED for link in store.settled.values())
    return [link.base.exchange for link in store.settled.values() if link.base is not None]


async def test_one_of_a_batch_is_read_and_the_others_are_what_was_sent():
    mailbox = Mailbox()
    assert await make(mailbox, "a", "b", "c") == [{"lastname": "a"}, {"lastname": "b"}, {"lastname": "c"}]
    assert mailbox.read_ids == ["item a"]


async def test_where_the_one_that_is_read_is_another_all_are_read():
    mailbox = Mailbox(kept={"lastname": "cut"})
    assert await make(mailbox, "a", "b", "c") == [{"lastname": "cut"}] * 3
    assert sorted(mailbox.read_ids) == ["item a", "item b", "item c"]


async def test_an_item_of_which_nothing_is_known_is_read():
    mailbox = Mailbox()
    assert await make(mailbox, "a", "unknown", "b") == [
        {"lastname": "a"},
        {"lastname": "unknown"},
        {"lastname": "b"},
    ]
    assert sorted(mailbox.read_ids) == ["item a", "item unknown"]


@pytest.mark.parametrize("change", ["gone", "edited"])
async def test_where_somebody_was_quicker_at_the_one_that_is_read_all_are_read(change: str):
    mailbox = Mailbox()
    create = mailbox.create

    async def create_and_touch(kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        written = await create(kind, items)
        if change == "gone":
            del mailbox.items["item a"]
        else:
            mailbox.items["item a"] = Item("item a", "2", None, {"lastname": "edited"})
        return written

    mailbox.create = create_and_touch  # type: ignore[method-assign]
    assert await make(mailbox, "a", "b") == [{"lastname": "a"}, {"lastname": "b"}]
    assert sorted(mailbox.read_ids) == ["item a", "item b"]
