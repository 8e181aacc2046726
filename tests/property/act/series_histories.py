"""Histories of series: what people do to them and to single occurrences, and what must be true once there is peace."""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Final
from uuid import uuid4

from serversync.core import faults
from serversync.core.errors import SeriesNotExpressible, Transient
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActRun, Stage
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.guards import Brake
from serversync.rules.merge import Preference
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind
from serversync.rules.series.changes import changed_days, own_of
from serversync.rules.series.recurrence import recurrence_of
from tests.property.act.histories import Killed, drive, kill
from tests.property.act.series_world import (
    PEOPLE,
    WHOLE,
    Answered,
    AnsweredRow,
    SeriesWorld,
    normal,
    texts_of,
)
from tests.property.act.world import DELETED, IN_FLIGHT, WATCHED, Row, Stored

RULES: Final = {
    Kind.SERIES: KindRules(
        SERIES_DIRECTIONS | {"label": Direction.BOTH},
        # Exchange brings no deleted occurrence back; where it wins, no conflict asks for that.
        preference=Preference.EXCHANGE,
    )
}
MAILBOX = uuid4()


def run_of() -> ActRun:
    """The claim of a pass."""
    return ActRun(MAILBOX, "ada@example.org", 1, RULES, brake=Brake(100), in_flight=IN_FLIGHT, batch=4)


def make_pass(world: SeriesWorld, *, kills_at: str | None = None) -> None:
    """One pass, which may end in trouble."""
    going = ActPass(
        run_of(), world.exchange, world.crm, world.alerts, clock=lambda: world.now, new_ids=world.new_ids
    )
    with contextlib.suppress(Transient, Killed):
        if kills_at is None:
            drive(going())
        else:
            with faults.arm(kills_at, kill):
                drive(going())


STEPS: tuple[Callable[[SeriesWorld], object], ...] = (
    make_pass,
    make_pass,
    make_pass,
    lambda world: make_pass(world, kills_at=world.random.choice(faults.ACT_PASS)),
    lambda world: world.pass_time(timedelta(seconds=60)),
    lambda world: world.pass_time(timedelta(seconds=150)),
    SeriesWorld.edits_in_outlook,
    SeriesWorld.edits_in_crm,
    SeriesWorld.changes_one_in_outlook,
    SeriesWorld.changes_one_in_outlook,
    SeriesWorld.changes_one_in_crm,
    SeriesWorld.changes_one_in_crm,
    SeriesWorld.other_people_in_outlook,
    SeriesWorld.other_people_in_crm,
    SeriesWorld.answers,
    SeriesWorld.answers,
    SeriesWorld.another_pattern_in_outlook,
    SeriesWorld.another_pattern_in_crm,
    SeriesWorld.new_item,
    SeriesWorld.new_row,
    SeriesWorld.deletes_in_outlook,
    SeriesWorld.delete_row,
    SeriesWorld.move_within,
    SeriesWorld.lose_position,
    SeriesWorld.replace_mailbox,
)


def live(seed: int, steps: list[int]) -> SeriesWorld:
    """Let a history happen, bring peace, and return the world for inspection."""
    world = SeriesWorld(Random(seed))  # noqa: S311 - a history is to be repeatable
    world.new_item()
    world.new_row()
    for step in steps:
        STEPS[step % len(STEPS)](world)
    world.calm = True
    for _ in range(8):
        world.pass_time(timedelta(hours=3))
        make_pass(world)
    return world


def check(world: SeriesWorld) -> None:
    """What must be true in peace."""
    drive(world.crm.hear_records(run_of(), Kind.SERIES))  # type: ignore[arg-type]
    due = drive(world.crm.due(run_of(), world.now))  # type: ignore[arg-type]
    assert not due, f"still due: {due}"
    items = {i.stamp: i for i in world.exchange.items.values() if i.place is WATCHED}
    for row in world.crm.rows.values():
        link = world.crm.link(row.crmid)
        assert link is not None, f"{row.label} has no link"
        if link.error.startswith(SeriesNotExpressible.code):
            continue  # Exchange brings no deleted occurrence back; the pair is set aside with that reason
        if link.stage is Stage.LINKED:
            assert normal(items[row.crmid].fields) == normal(row.fields), f"{row.label} differs"
            _nobody_was_left_behind(world, row)
            _answers_have_come_back(items[row.crmid], row)
            if row.label not in world.made_anew | world.repatterned:
                _nothing_else_is_answered(items[row.crmid], row)
    labels = Counter(i.label for i in items.values()), Counter(r.label for r in world.crm.rows.values())
    assert all(count == 1 for each in labels for count in each.values()), f"doubled: {labels}"
    _nothing_is_lost(world)


def _nobody_was_left_behind(world: SeriesWorld, row: Row) -> None:
    """An occurrence has other people than its series only where somebody wanted that of this one."""
    for day, value in changed_days(normal(row.fields)).items():
        if PEOPLE in dict(own_of(value).fields):
            assert (row.label, day) in world.own_people, f"{row.label}: {day} kept its people"


def _answers_have_come_back(item: Stored, row: Row) -> None:
    assert isinstance(item, Answered)
    assert isinstance(row, AnsweredRow)
    for day, answer in item.answers.items():
        assert row.answers.get(day, row.answers.get(WHOLE, 0)) == answer, f"{row.label}: the answer to {day}"


def _nothing_else_is_answered(item: Stored, row: Row) -> None:
    """What the organizer knows to be answered as the series is not answered otherwise in the CRM."""
    assert isinstance(item, Answered)
    assert isinstance(row, AnsweredRow)
    whole = item.answers.get(WHOLE, 0)
    others = {day: each for day, each in row.answers.items() if day not in item.answers and day != WHOLE}
    assert all(answer in (whole, row.answers.get(WHOLE, 0)) for answer in others.values()), (
        f"{row.label}: {others}"
    )


def _nothing_is_lost(world: SeriesWorld) -> None:
    there = [row.fields for row in world.crm.rows.values()]
    there += [i.fields for i in world.exchange.items.values() if i.place is not DELETED]
    seen = set().union(*(texts_of(value) for fields in there for value in normal(fields).values()))
    shown = set().union(*map(texts_of, world.crm.shown))
    for text in world.written - world.replaced - seen - shown:
        assert text in world.day_of_text, f"lost: {text}"
        label, day = world.day_of_text[text]
        # What a pattern no longer has is forgotten on both sides.
        assert not all(recurrence_of(each).falls_on(day) for each in world.patterns[label]), f"lost: {text}"
