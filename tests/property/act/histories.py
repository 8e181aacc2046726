"""Histories: what people do and how passes go wrong, and what must be true once there is peace."""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import uuid4

from serversync.core import faults
from serversync.core.errors import Transient
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActResult, ActRun, Link, Stage
from serversync.rules.attachments import PREFIX
from serversync.rules.guards import Answer, Brake, Shown
from serversync.rules.pictures import PICTURE
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Fields, Kind
from serversync.rules.regarding import REGARDING
from tests.property.act.world import (
    DELETED,
    IN_FLIGHT,
    NAMES,
    WATCHED,
    Stored,
    World,
    changed_on,
    has_no_picture,
    leads_nowhere,
    names_of,
    names_of_files,
)

KINDS = (Kind.TASK, Kind.PHONECALL, Kind.APPOINTMENT)
RULES = {
    kind: KindRules(
        dict.fromkeys(
            (*names_of(kind), "label", *((PREFIX,) if kind is not Kind.PHONECALL else ())), Direction.BOTH
        )
    )
    for kind in KINDS
}
BRAKE: Final = Brake(count=2, share=0.3)
MAILBOX = uuid4()


def run_of(*, answer: Answer = Answer.NONE, shown: Shown = frozenset()) -> ActRun:
    """The claim of a pass."""
    return ActRun(
        MAILBOX,
        "ada@example.org",
        1,
        RULES,
        brake=BRAKE,
        answer=answer,
        shown=shown,
        in_flight=IN_FLIGHT,
        batch=4,
    )


def drive(coroutine: Coroutine[Any, Any, ActResult]) -> ActResult:
    """Run a coroutine whose fakes never wait; without a loop it takes a tenth of the time."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: ActResult = end.value
        return result
    raise AssertionError("a fake has waited")


class Killed(BaseException):
    """The process is gone; what it had not written down it did not know."""


def kill() -> None:
    """End the process."""
    raise Killed


def killed_pass(world: World) -> None:
    """A pass that is killed at one of the named points, if it comes so far."""
    make_pass(world, kills_at=world.random.choice(faults.ACT_PASS))


def make_pass(world: World, *, answer: Answer = Answer.NONE, kills_at: str | None = None) -> None:
    """One pass, which may end in trouble."""
    shown = frozenset((each.step, key) for each in world.alerts.waiting for key in each.records)
    world.alerts.waiting = []
    run = run_of(answer=answer, shown=shown)
    going = ActPass(
        run, world.exchange, world.crm, world.alerts, clock=lambda: world.now, new_ids=world.new_ids
    )
    before = world.deletions
    linked = Counter(link.kind for link in world.crm.all_links if link.stage is Stage.LINKED)
    with contextlib.suppress(Transient, Killed):  # the next pass goes on from what is written down
        if kills_at is None:
            drive(going())
        else:
            with faults.arm(kills_at, kill):
                drive(going())
    allowed = sum(max(BRAKE.count, int(BRAKE.share * (linked[kind] + 20))) * 2 for kind in KINDS)
    allowed += len(shown) if answer is Answer.DELETE else 0
    assert world.deletions - before <= allowed, "the brake did not hold"


STEPS: tuple[Callable[[World], object], ...] = (
    make_pass,
    make_pass,
    make_pass,
    killed_pass,
    lambda world: world.pass_time(timedelta(seconds=60)),
    lambda world: world.pass_time(timedelta(seconds=150)),
    World.person_edits,
    World.person_edits,
    World.person_files,
    World.person_files,
    lambda world: world.new_item(Kind.TASK, is_tracked=True),
    lambda world: world.new_item(Kind.APPOINTMENT, is_tracked=False),
    lambda world: world.new_row(Kind.APPOINTMENT),
    lambda world: world.new_row(Kind.TASK),
    lambda world: world.new_row(Kind.PHONECALL),
    World.track,
    lambda world: world.delete_item(forever=False),
    lambda world: world.delete_item(forever=True),
    World.delete_row,
    World.move_away,
    World.bring_back,
    World.move_within,
    World.copy,
    World.copy_away,
    World.strip,
    World.strip,
    World.turn_filter,
    World.lose_position,
    World.replace_mailbox,
    lambda world: make_pass(world, answer=Answer.DELETE),
    lambda world: make_pass(world, answer=Answer.KEEP),
)


def live(seed: int, steps: list[int]) -> World:
    """Let a history happen, bring peace, and return the world for inspection."""
    world = World(Random(seed))  # noqa: S311 - a history is to be repeatable
    for _ in range(3):
        world.new_item(Kind.TASK, is_tracked=True)
        world.new_row(Kind.APPOINTMENT)
        world.new_row(Kind.PHONECALL)
    for step in steps:
        STEPS[step % len(STEPS)](world)
    world.calm = True
    for _ in range(8):
        world.pass_time(timedelta(hours=3))
        make_pass(world, answer=Answer.DELETE)
    return world


def check(world: World) -> None:
    """What must be true in peace."""
    _nothing_is_due(world)
    _both_sides_are_equal(world)
    _nothing_is_doubled(world)
    _nothing_is_lost(world)
    _nobody_is_invited_twice(world)


def _nothing_is_due(world: World) -> None:
    for kind in KINDS:
        drive(world.crm.hear_records(run_of(), kind))  # type: ignore[arg-type]
    due = drive(world.crm.due(run_of(), world.now))  # type: ignore[arg-type]
    assert not due, f"still due: {due}"


def _both_sides_are_equal(world: World) -> None:
    items = {
        i.stamp: i
        for i in world.exchange.items.values()
        if i.place is WATCHED and i.item_id not in world.crm.copied
    }
    for row in world.crm.rows.values():
        link = world.crm.link(row.crmid)
        if row.in_filters:
            assert link is not None, f"{row.label} has no link"
        if link is None or link.stage is not Stage.LINKED or link.is_parked or not row.in_filters:
            continue
        item = items.get(row.crmid)
        if item is None:
            away = [
                i
                for i in world.exchange.items.values()
                if i.place is not DELETED and (i.stamp == row.crmid or may_be_its(i, link))
            ]
            assert away, f"{row.label} has no item"
            continue
        if has_no_picture(item.fields):
            assert link.error.startswith("act.picture-not-synchronized"), (
                f"{row.label} says nothing of its photo"
            )
        elif leads_nowhere(item.fields):
            assert link.error.startswith("act.regarding-not-synchronized"), (
                f"{row.label} says nothing of what it cannot be about"
            )
        left_out = {*NAMES} - {*names_of(row.kind)}
        left_out |= {PICTURE} if has_no_picture(item.fields) else set()
        left_out |= {REGARDING} if leads_nowhere(item.fields) else set()
        assert seen(item.fields, left_out) == seen(row.fields, left_out), f"{row.label} differs"
    for item in items.values():
        if item.is_tracked and not item.is_copy and not _rests_without_stamp(world, item):
            assert item.stamp is not None, f"{item.label} was not tracked"


def may_be_its(item: Stored, link: Link) -> bool:
    """Whether an item that lies elsewhere may be the one that has lost its stamp; an older one is a copy."""
    known = link.item_changed_on
    is_alike = item.stamp is None and item.search_key == link.search_key
    return is_alike and known is not None and changed_on(item) >= known


def _rests_without_stamp(world: World, item: Stored) -> bool:
    """Whether an item that has lost its stamp is left alone, because its pair rests, or was parted on purpose.

    So is a copy from before the first stamp that was edited later than its original: where that was deleted for good, nothing
    says which of the two it is (ADR 0046).
    """
    return any(
        (link.stage is Stage.UNLINKED or link.is_parked)
        and link.search_key == item.search_key
        and (item.is_stripped or (link.item_id == item.item_id and may_be_its(item, link)))
        for link in world.crm.all_links
    )


def seen(fields: Fields, left_out: Collection[str]) -> Fields:
    """Return what there is to be compared."""
    return {name: value for name, value in fields.items() if value is not None and name not in left_out}


def _nothing_is_doubled(world: World) -> None:
    rows = Counter(row.label for row in world.crm.rows.values())
    items = Counter(
        i.label for i in world.exchange.items.values() if i.place is not DELETED and not i.is_copy
    )
    for label, count in (rows | items).items():
        assert count == 1, f"{label} is there {count} times"
    there = [i for i in world.exchange.items.values() if i.place is WATCHED and i.stamp is not None]
    named = {link.item_id for link in world.crm.all_links if link.stage is Stage.LINKED}
    for copy in (i for i in there if i.is_copy and i.item_id in named):
        first = [
            i for i in there if i.stamp == copy.stamp and not (i.is_copy or i.has_left) and i.made < copy.made
        ]
        assert not first, f"a copy of {copy.label} has taken its place"


def _nothing_is_lost(world: World) -> None:
    there = {v for row in world.crm.rows.values() for v in row.fields.values()}
    for fields in (
        *(r.fields for r in world.crm.rows.values()),
        *(i.fields for i in world.exchange.items.values() if i.place is not DELETED),
    ):
        there |= names_of_files(fields)
    there |= {v for i in world.exchange.items.values() if i.place is not DELETED for v in i.fields.values()}
    lost = world.written - world.replaced - there - world.crm.shown
    assert not lost, f"lost: {lost}"


def _nobody_is_invited_twice(world: World) -> None:
    twice = [each for each, count in Counter(world.exchange.invited).items() if count > 1]
    assert not twice, f"invited twice: {twice}"
