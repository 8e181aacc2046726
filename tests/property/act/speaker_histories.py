"""Histories of meetings whose mailboxes are switched off and on: what is true meanwhile, and once all are on."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from serversync.core import faults
from serversync.engine.act_ports import Stage
from tests.property.act import meeting_histories
from tests.property.act.meeting_histories import make_pass
from tests.property.act.meeting_world import ADA, BEN, TEXTS, Called, Kept
from tests.property.act.speaker_world import CLEO, EVERYBODY, SpeakerWorld
from tests.property.act.world import WATCHED

TOLD = (*TEXTS, "scheduledstart")
"""What the mailbox that speaks has to have told the CRM; who stays invited is not told of others that are, or are not."""


def passes(world: SpeakerWorld, *addresses: str) -> None:
    """A pass over each of these mailboxes that is synchronized."""
    for address in addresses:
        if address not in world.stopped:
            make_pass(world, address)


def killed_pass(world: SpeakerWorld) -> None:
    """A pass that is killed at one of the named points, if it comes so far."""
    address = world.random.choice(EVERYBODY)
    if address not in world.stopped:
        make_pass(world, address, kills_at=world.random.choice(faults.ACT_PASS))


def somewhere(world: SpeakerWorld, happens: Callable[[], object]) -> None:
    """Something happens to one of the mailboxes."""
    world.look_at(world.random.choice(EVERYBODY))
    happens()


STEPS: tuple[Callable[[SpeakerWorld], object], ...] = (
    lambda world: passes(world, ADA),
    lambda world: passes(world, BEN),
    lambda world: passes(world, CLEO),
    lambda world: passes(world, *EVERYBODY),
    killed_pass,
    lambda world: world.pass_time(timedelta(seconds=150)),
    lambda world: world.toggles(ADA),
    lambda world: world.toggles(ADA),
    lambda world: world.toggles(BEN),
    lambda world: world.toggles(CLEO),
    SpeakerWorld.edits_in_outlook,
    SpeakerWorld.edits_in_outlook,
    SpeakerWorld.edits_in_crm,
    SpeakerWorld.moves_in_crm,
    SpeakerWorld.answers,
    SpeakerWorld.answers_without_a_response,
    SpeakerWorld.calls_in_outlook,
    SpeakerWorld.calls_in_crm,
    SpeakerWorld.guest_deletes,
    lambda world: somewhere(world, world.move_within),
    lambda world: somewhere(world, world.lose_position),
)


def live(seed: int, steps: list[int]) -> SpeakerWorld:
    """Let a history happen, bring peace with the mailboxes that are on, look, and switch all of them on again."""
    world = SpeakerWorld(Random(seed))  # noqa: S311 - a history is to be repeatable
    world.calls_in_outlook()
    world.calls_in_crm()
    for step in steps:
        STEPS[step % len(STEPS)](world)
    world.calm = True
    peace(world)
    the_one_that_speaks_has_told_everything(world)
    world.stopped.clear()
    peace(world)
    return world


def peace(world: SpeakerWorld) -> None:
    """Some passes in peace."""
    for _ in range(8):
        world.pass_time(timedelta(hours=3))
        passes(world, *EVERYBODY)


def the_one_that_speaks_has_told_everything(world: SpeakerWorld) -> None:
    """What the organizer has changed is in the CRM, by whichever mailbox; an edit of the CRM waits for the organizer's."""
    for row in world.rows.values():
        assert isinstance(row, Called)
        speaker = world.speaker(row)
        link = speaker.link(row.crmid) if speaker is not None else None
        if speaker is None or link is None or link.stage is not Stage.LINKED:
            continue
        item = world.exchanges[speaker.address].items.get(link.item_id or "")
        hers = world.crms[ADA].link(row.crmid)
        if not isinstance(item, Kept) or item.place is not WATCHED or item.is_cancelled or hers is None:
            continue
        for name in TOLD:
            waits = hers.base is None or hers.base.crm.get(name) != row.fields.get(name)
            assert waits or row.fields.get(name) == item.fields.get(name), (
                f"{row.label}: {speaker.address} has not told {name}"
            )


def check(world: SpeakerWorld) -> None:
    """What must be true in peace, when all are synchronized again."""
    meeting_histories.check(world)
