"""Three mailboxes with meetings, any of which may be switched off: another one speaks for its meetings then."""

from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from serversync.engine.act_ports import ActRun, CrmChange, Link, Stage
from serversync.rules.diff import Common
from serversync.rules.record import Kind, Value
from tests.property.act.meeting_world import (
    ADA,
    BEN,
    CLEO,
    GRACE,
    Called,
    MeetingCrm,
    MeetingExchange,
    MeetingWorld,
)
from tests.property.act.world import Row

EVERYBODY = (ADA, BEN, CLEO)


class SpeakerCrm(MeetingCrm):
    """The links of one mailbox, which speaks for a meeting when it is its turn."""

    world: "SpeakerWorld"

    def __init__(self, world: "SpeakerWorld", address: str) -> None:
        super().__init__(world, address)
        self.nudged: set[UUID] = set()
        """Meetings for which another mailbox has ceased to speak, as the triggers tell."""

    async def hear_records(self, run: ActRun, kind: Kind) -> None:
        self.heard |= self.nudged
        self.nudged.clear()
        await super().hear_records(run, kind)

    def _write(self, link: Link) -> None:
        before = self.link(link.crmid)
        super()._write(link)
        ends = link.stage >= Stage.UNLINKED and before is not None and before.stage < Stage.UNLINKED
        rests = link.is_parked and before is not None and not before.is_parked
        if ends or rests:
            self.world.let_others_speak(self.address, link.crmid)

    def rank(self, row: Row) -> tuple[bool, str]:
        """How soon it is the turn of this mailbox."""
        return not self._organizes(row), self.address

    def has(self, row: Row) -> bool:
        """Whether it has the meeting, or is about to."""
        link = self.link(row.crmid)
        return link is not None and link.stage < Stage.UNLINKED

    def rests(self, row: Row) -> bool:
        """Whether nothing is written because the record has left the filters."""
        link = self.link(row.crmid)
        return link is not None and link.is_parked

    def speaks_for(self, row: Row) -> bool:
        if self._organizes(row):
            return True
        others = [
            crm
            for crm in self.world.crms.values()
            if isinstance(crm, SpeakerCrm)
            and crm is not self
            and crm.address not in self.world.stopped
            and crm.has(row)
            and not (crm.rests(row) and not crm._organizes(row))
        ]
        return all(self.rank(row) < crm.rank(row) for crm in others)

    def _change(self, link: Link, change: CrmChange, aside: frozenset[str]) -> Link:
        said = {n: v for n, v in (change.fields or {}).items() if n != "responsestatus"}
        row = self.rows.get(change.crmid)
        if row is None or change.version != row.version or self._organizes(row) or not said:
            return super()._change(link, change, aside)
        organizer = self.world.crms[ADA]
        hers = organizer.link(change.crmid)
        if hers is not None and hers.base is not None and hers.stage < Stage.UNLINKED:
            # Of what her mailbox has told before somebody has made something else in the CRM since.
            known = hers.base.exchange
            said = {n: v for n, v in said.items() if n not in known or known[n] != v}
            # And what it was about to write when it stopped may arrive yet.
            said = {n: v for n, v in said.items() if hers.intent is None or n not in hers.intent.exchange}
            answers = {n: v for n, v in (change.fields or {}).items() if n == "responsestatus"}
            change = change._replace(fields=said | answers)
        # What goes one way replaces what people have written meanwhile where it goes.
        self.world.replaced.update(row.fields.get(name) for name in said)
        outcome = super()._change(link, change, aside)
        if hers is not None and hers.base is not None and hers.stage < Stage.UNLINKED:
            base = Common({**hers.base.crm, **said}, {**hers.base.exchange, **said})
            organizer._write(msgspec.structs.replace(hers, base=base))
        return outcome


@dataclass
class SpeakerWorld(MeetingWorld):
    """Ada calls meetings, Ben and Cleo are invited; Grace is outside."""

    stopped: set[str] = field(default_factory=set)
    """Whose mailboxes are not synchronized."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.exchanges = {each: MeetingExchange(self, each) for each in EVERYBODY}
        self.crms = {each: SpeakerCrm(self, each) for each in EVERYBODY}
        for crm in self.crms.values():
            crm.rows = self.crms[ADA].rows
        self.look_at(ADA)

    def guests(self) -> Value:
        return self.random.choice(
            ((BEN, CLEO), (BEN, CLEO, GRACE), (BEN, CLEO, GRACE), (BEN,), (CLEO, GRACE))
        )

    def person_edits(self) -> None:
        if self.random.random() < 0.1:
            self.toggles(self.random.choice(EVERYBODY))
        else:
            super().person_edits()

    def toggles(self, address: str) -> None:
        """A mailbox is switched off, or on again."""
        if address in self.stopped:
            self.stopped.remove(address)
            return
        self.stopped.add(address)
        silent = self.crms[address]
        for crmid in [link.crmid for link in silent.all_links if link.stage < Stage.UNLINKED]:
            self.let_others_speak(address, crmid)

    def let_others_speak(self, address: str, crmid: UUID) -> None:
        """The other mailboxes hear that this one does not speak for a meeting any more."""
        for each, crm in self.crms.items():
            if each != address and isinstance(crm, SpeakerCrm):
                crm.nudged.add(crmid)

    def speaker(self, row: Called) -> MeetingCrm | None:
        """The mailbox that speaks for a meeting."""
        (found,) = [
            crm
            for crm in self.crms.values()
            if isinstance(crm, SpeakerCrm)
            and crm.address not in self.stopped
            and crm.has(row)
            and not crm.rests(row)
            and crm.speaks_for(row)
        ] or [None]
        return found
