"""Histories of meetings: what people do in two mailboxes and the CRM, and what must be true once there is peace."""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Final
from uuid import uuid4

from serversync.core import faults
from serversync.core.errors import Transient
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActRun, Stage
from serversync.mapping.appointment import CANCELED, people_of
from serversync.mapping.fields import directions
from serversync.rules.guards import Answer, Brake
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind
from tests.property.act.histories import Killed, drive, kill
from tests.property.act.meeting_world import ADA, BEN, CLEO, TEXTS, Called, Kept, MeetingWorld
from tests.property.act.world import DELETED, IN_FLIGHT, WATCHED

DIRECTIONS = {
    name: way
    for name, way in directions(Kind.APPOINTMENT).items()
    if name
    not in ("description", "prioritycode", "resources", "optionalattendees", "ismapiprivate", "fullname")
} | {"label": Direction.BOTH}
RULES: Final = {Kind.APPOINTMENT: KindRules(DIRECTIONS)}
MAILBOXES = {ADA: uuid4(), BEN: uuid4(), CLEO: uuid4()}
EQUAL = (*TEXTS, "label", "scheduledstart", "requiredattendees", "globalobjectid", "organizer")
"""What the CRM and the organizer's item have to say alike."""


def run_of(address: str, *, answer: Answer = Answer.NONE) -> ActRun:
    """The claim of a pass."""
    return ActRun(
        MAILBOXES[address], address, 1, RULES, brake=Brake(100), answer=answer, in_flight=IN_FLIGHT, batch=4
    )


def make_pass(world: MeetingWorld, address: str, *, kills_at: str | None = None) -> None:
    """One pass over a mailbox, which may end in trouble."""
    world.look_at(address)
    going = ActPass(
        run_of(address),
        world.exchange,
        world.crm,
        world.alerts,
        clock=lambda: world.now,
        new_ids=world.new_ids,
    )
    with contextlib.suppress(Transient, Killed):
        if kills_at is None:
            drive(going())
        else:
            with faults.arm(kills_at, kill):
                drive(going())


def killed_pass(world: MeetingWorld) -> None:
    """A pass over one of the mailboxes that is killed at one of the named points, if it comes so far."""
    make_pass(world, world.random.choice((ADA, BEN)), kills_at=world.random.choice(faults.ACT_PASS))


def somewhere(world: MeetingWorld, happens: Callable[[], object]) -> None:
    """Something happens to one of the mailboxes."""
    world.look_at(world.random.choice((ADA, BEN)))
    happens()


STEPS: tuple[Callable[[MeetingWorld], object], ...] = (
    lambda world: make_pass(world, ADA),
    lambda world: make_pass(world, ADA),
    lambda world: make_pass(world, BEN),
    lambda world: make_pass(world, BEN),
    killed_pass,
    lambda world: world.pass_time(timedelta(seconds=60)),
    lambda world: world.pass_time(timedelta(seconds=150)),
    MeetingWorld.edits_in_outlook,
    MeetingWorld.edits_in_crm,
    MeetingWorld.moves_in_crm,
    MeetingWorld.answers,
    MeetingWorld.answers,
    MeetingWorld.calls_in_outlook,
    MeetingWorld.calls_in_crm,
    MeetingWorld.cancels_in_outlook,
    MeetingWorld.deletes_in_crm,
    MeetingWorld.guest_deletes,
    lambda world: somewhere(world, world.move_within),
    lambda world: somewhere(world, world.lose_position),
    lambda world: somewhere(world, world.replace_mailbox),
    MeetingWorld.answers_without_a_response,
)


def live(seed: int, steps: list[int]) -> MeetingWorld:
    """Let a history happen, bring peace, and return the world for inspection."""
    world = MeetingWorld(Random(seed))  # noqa: S311 - a history is to be repeatable
    world.calls_in_outlook()
    world.calls_in_crm()
    for step in steps:
        STEPS[step % len(STEPS)](world)
    world.calm = True
    for _ in range(8):
        world.pass_time(timedelta(hours=3))
        make_pass(world, ADA)
        make_pass(world, BEN)
    return world


def check(world: MeetingWorld) -> None:
    """What must be true in peace."""
    _nothing_is_due(world)
    _the_organizer_and_the_crm_agree(world)
    _nothing_is_doubled(world)
    _nothing_is_lost(world)
    _answers_have_come_back(world)
    _nobody_was_told_twice(world)


def _nothing_is_due(world: MeetingWorld) -> None:
    for address, crm in world.crms.items():
        drive(crm.hear_records(run_of(address), Kind.APPOINTMENT))  # type: ignore[arg-type]
        due = drive(crm.due(run_of(address), world.now))  # type: ignore[arg-type]
        assert not due, f"still due: {due}"


def _the_organizer_and_the_crm_agree(world: MeetingWorld) -> None:
    hers = {i.stamp: i for i in world.meetings()}
    for row in world.rows.values():
        item = hers.get(row.crmid)
        if (
            row.fields["statecode"] == CANCELED
        ):  # cancelled in Outlook before Ada's mailbox had it written down
            assert item is None
            continue
        assert item is not None, f"{row.label} has no item"
        for name in EQUAL:
            assert item.fields.get(name) == row.fields.get(name), f"{row.label} differs in {name}"
    live = [row for row in world.rows.values() if row.fields["statecode"] != CANCELED]
    assert {row.label for row in live} == {i.label for i in hers.values()}
    for row in live:
        theirs = world.exchanges[BEN].known(hers[row.crmid])
        if theirs is not None and BEN in people_of(row.fields["requiredattendees"]):
            assert [theirs.fields[n] for n in TEXTS] == [row.fields[n] for n in TEXTS], (
                f"{row.label} at Ben's"
            )


def _nothing_is_doubled(world: MeetingWorld) -> None:
    assert all(count == 1 for count in Counter(row.label for row in world.rows.values()).values())
    for address, exchange in world.exchanges.items():
        there = [i for i in exchange.items.values() if i.place is WATCHED]
        labels = Counter(i.label for i in there if isinstance(i, Kept) and not i.is_cancelled)
        assert all(count == 1 for count in labels.values()), f"{address}: {labels}"


def _nothing_is_lost(world: MeetingWorld) -> None:
    there = {v for row in world.rows.values() for v in row.fields.values()}
    there |= {
        v for i in world.exchanges[ADA].items.values() if i.place is not DELETED for v in i.fields.values()
    }
    shown = {v for crm in world.crms.values() for v in crm.shown}
    lost = world.written - world.replaced - there - shown
    assert not lost, f"lost: {lost}"


def _answers_have_come_back(world: MeetingWorld) -> None:
    for row in world.rows.values():
        link = world.crms[BEN].link(row.crmid)
        item = world.exchanges[BEN].items.get(link.item_id or "") if link is not None else None
        if link is None or link.stage is not Stage.LINKED or not isinstance(item, Kept):
            continue
        assert isinstance(row, Called)
        is_same = item.fields["globalobjectid"] == row.fields["globalobjectid"]
        if is_same and BEN in item.answers and BEN in people_of(row.fields["requiredattendees"]):
            told = {item.answers[BEN]}
            if (
                row.crmid in world.deleted
            ):  # what is made again begins with the answers that the organizer knows
                hers = world.exchanges[ADA].known(item)
                told.add(0 if hers is None else hers.answers.get(BEN, 0))
            assert row.answers.get(BEN, 0) in told, f"{row.label}: Ben's answer"


def _nobody_was_told_twice(world: MeetingWorld) -> None:
    told: set[tuple[object, ...]] = set()
    for each in world.outbox:
        if each[0] == "cancelled":
            # Who has heard that it does not take place is invited anew where it does after all.
            told = {one for one in told if one[0] != each[1]}
            continue
        assert each not in told, f"told twice: {each}"
        told.add(each)
