"""Brakes: a pass that would delete too much asks first, and a pair that two programs keep changing stands still.

A mailbox that was replaced, a filter that was emptied by mistake or an import gone wrong look like hundreds of
deletions. They are never carried out without a person: the other actions of the pass go on, the deletions wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID

from serversync.rules.plan import DELETIONS, Action, Plan, Step
from serversync.rules.record import Kind


class Answer(IntEnum):
    """What a person has said about deletions that wait."""

    NONE = 0
    DELETE = 1
    KEEP = 2
    FILL = 3


@dataclass(frozen=True, slots=True)
class Brake:
    """More deletions of a kind and side in one pass than both ``count`` and ``share`` of the linked pairs must wait.

    With ``partings`` so must pairs that would end, and leave the record, because the item is no longer there.
    """

    count: int = 10
    share: float = 0.1
    partings: bool = False

    def stops(self, deletions: int, linked: int) -> bool:
        """Tell whether so many deletions among so many pairs must wait.

        >>> Brake(count=10, share=0.1).stops(deletions=11, linked=50)
        True
        >>> Brake(count=10, share=0.1).stops(deletions=11, linked=5000)
        False
        """
        return deletions > self.count and deletions > self.share * linked

    def concerns(self, action: Action) -> bool:
        """Tell whether an action counts for the brake, and comes last."""
        if action.step in DELETIONS:
            return True
        pair = action.pair
        is_lost = pair.exchange is None and pair.base is not None and pair.crm is not None
        return self.partings and action.step in PARTINGS and is_lost and pair.told is None


PARTINGS = frozenset({Step.UNLINK, Step.FORGET})
"""Steps after which a pair has ended though nothing is deleted."""
EACH = Brake(count=0, share=0.0, partings=True)
"""All of it must wait: of a mailbox that has lost our marker, and so may be an empty one under an old address."""


@dataclass(frozen=True, slots=True)
class Held:
    """Deletions that wait for a person: how many of how many, what some of them are called, and which records they are."""

    kind: Kind
    step: Step
    deletions: int
    linked: int
    titles: tuple[str, ...]
    records: frozenset[UUID] = frozenset()


Shown = frozenset[tuple[Step, UUID]]
"""The deletions that a person has given an answer to: on which side, and of which record."""
TITLES_SHOWN = 10
"""So many of the records that would be deleted are named in an alert."""


def brake(
    plan: Plan, limits: Brake, answer: Answer = Answer.NONE, shown: Shown = frozenset()
) -> tuple[Plan, tuple[Held, ...]]:
    """Return the plan with too many deletions held, and what is held.

    ``Answer.DELETE`` lets those happen that were shown to who gave it; ``Answer.KEEP`` parts these pairs instead, so that
    what is left stays. Deletions that have come since are judged as if nobody had said anything, and so are those that
    ``Answer.FILL`` does not undo: what it makes again (``to_fill``) has come to no deletion.
    """
    is_answered = answer in (Answer.DELETE, Answer.KEEP)
    answered = shown if is_answered else frozenset[tuple[Step, UUID]]()
    groups: dict[tuple[Kind, Step], list[Action]] = {}
    for action in plan.actions:
        if limits.concerns(action) and (action.step, action.pair.crmid) not in answered:
            groups.setdefault((action.pair.kind, action.step), []).append(action)
    held = {
        (kind, step): Held(
            kind,
            step,
            len(actions),
            plan.linked.get(kind, 0),
            tuple(a.pair.title for a in actions[:TITLES_SHOWN]),
            frozenset(a.pair.crmid for a in actions),
        )
        for (kind, step), actions in groups.items()
        if limits.stops(len(actions), plan.linked.get(kind, 0))
    }

    def decided(action: Action) -> Action:
        if (action.step, action.pair.crmid) in answered:
            if answer is Answer.KEEP:
                return replace(action, step=Step.UNLINK, reason="a person wants to keep it")
        elif (action.pair.kind, action.step) in held:
            reason = "too many deletions at once; they wait for a person"
            return replace(action, step=Step.HOLD, reason=reason)
        return action

    return replace(plan, actions=tuple(decided(a) for a in plan.actions)), tuple(held.values())


def to_fill(answer: Answer, shown: Shown) -> frozenset[UUID]:
    """Return the records whose items, lost with their mailbox, are to be made again.

    >>> one, other = UUID(int=1), UUID(int=2)
    >>> to_fill(Answer.FILL, frozenset({(Step.UNLINK, one), (Step.DELETE_IN_EXCHANGE, other)})) == {one}
    True
    """
    if answer is not Answer.FILL:
        return frozenset()
    return frozenset(crmid for step, crmid in shown if step is not Step.DELETE_IN_EXCHANGE)


@dataclass(frozen=True, slots=True)
class Writes:
    """How often we have written a pair, and since when that is counted."""

    count: int = 0
    since: datetime | None = None


UNWRITTEN = Writes()
"""Of a pair that we have not written."""
LOOP_WINDOW = timedelta(hours=1)
LOOP_WRITES = 12
"""A pair that was written so often within the window is taken for the ball of two programs."""


def count_write(writes: Writes, now: datetime) -> Writes:
    """Return the count after one more write."""
    if writes.since is None or now - writes.since >= LOOP_WINDOW:
        return Writes(1, now)
    return Writes(writes.count + 1, writes.since)


def loops(writes: Writes, now: datetime) -> bool:
    """Tell whether a pair must stand still for now."""
    return writes.count >= LOOP_WRITES and writes.since is not None and now - writes.since < LOOP_WINDOW


def still(plan: Plan, looping: Mapping[object, bool]) -> Plan:
    """Return the plan with the pairs that loop held."""
    if not any(looping.values()):
        return plan
    actions = tuple(
        replace(a, step=Step.HOLD, reason="it is changed back and forth by another program")
        if looping.get(a.pair.crmid) and a.step not in (Step.NOTHING, Step.LOOK_AGAIN, Step.HOLD)
        else a
        for a in plan.actions
    )
    return replace(plan, actions=actions)
