"""One pass over the appointments, contacts and tasks of a mailbox.

    hear the feeds (what changed is remembered together with the position) -> look at both sides of what is due
    -> decide, which is pure (``rules.plan``) -> note what is about to be written -> write to Exchange, then to the
    CRM together with the new common state -> at the end, deletions, unless there are too many of them

We may be killed anywhere, and any answer may be lost after its request took effect; see
``docs/explanation/synchronization.md``.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from serversync.core import faults
from serversync.core.errors import ItemOfAnotherKind, SyncStateInvalid
from serversync.core.ids import random_uuids
from serversync.engine import act_guests, act_regarding
from serversync.engine.act_apply import Applier
from serversync.engine.act_identity import Identities, Meeting
from serversync.engine.act_ports import (
    HEARD_WITH,
    ActAlerts,
    ActMailbox,
    ActResult,
    ActRun,
    ActStore,
    Due,
    Intent,
    Item,
    Link,
    Record,
    Stage,
)
from serversync.rules.answers import as_heard_before
from serversync.rules.appointment import facts as facts_of_appointment
from serversync.rules.appointment import left_out
from serversync.rules.diff import Common, Verdict
from serversync.rules.guards import brake, loops, still, to_fill
from serversync.rules.merge import Conflict
from serversync.rules.pictures import replaced_by_halves
from serversync.rules.plan import PLAIN, Action, Facts, Pair, Plan, Sight, Step, make_plan
from serversync.rules.record import ON_A_CALENDAR, Direction, Fields, Kind, Side, Value
from serversync.rules.regarding import without_dropped
from serversync.rules.series.changes import PREFIX, carried_over, lost_on_the_way
from serversync.rules.series.following import PEOPLE, caught_up, left_behind

NewIds = Callable[[int], Iterable[UUID]]


class ActPass:
    """Brings the pairs of one claimed mailbox into step."""

    def __init__(
        self,
        run: ActRun,
        mailbox: ActMailbox,
        store: ActStore,
        alerts: ActAlerts,
        *,
        clock: Callable[[], datetime],
        new_ids: NewIds = random_uuids,
    ) -> None:
        self._run = run
        self._mailbox = mailbox
        self._store = store
        self._alerts = alerts
        self._clock = clock
        self._new_ids = new_ids
        self._identities = Identities(run, mailbox, store)
        self._applier = Applier(run, mailbox, store, alerts, clock=clock)
        self._linked: Mapping[Kind, int] = {}
        self._to_fill = to_fill(run.answer, run.shown)
        self.result = ActResult()

    async def __call__(self) -> ActResult:
        """Hear, decide and write until everything that is due was looked at.

        Raises:
            ServiceError: the mailbox cannot be read or written now; everything before is written down.
        """
        faults.reach("act.claimed")
        heard = [kind for kind, rules in self._run.rules.items() if rules.effective]
        for kind in dict.fromkeys(HEARD_WITH.get(each, each) for each in heard):
            await self._hear(kind)
            await self._store.hear_records(self._run, kind)
        faults.reach("act.heard")
        due = [
            each for each in await self._store.due(self._run, self._clock()) if each.kind in self._run.rules
        ]
        handled: set[UUID] = set()
        late: list[tuple[Action, Link]] = []
        for start in range(0, len(due), self._run.batch):
            batch = [
                each
                for each in due[start : start + self._run.batch]
                if each.link is None or each.link.crmid not in handled
            ]
            late += await self._bring_into_step(batch, handled)
        await self._delete(late)
        self.result.failed = self._applier.failed
        faults.reach("act.finished")
        if not self._run.may_write:
            self._linked = await self._store.linked(self._run)
            await self._alerts.planned(self._run, self.plan)
        return self.result

    @property
    def plan(self) -> Plan:
        """What the pass has decided, all batches together."""
        return Plan(tuple(a for plan in self.result.plans for a in plan.actions), self._linked)

    async def _hear(self, kind: Kind) -> None:
        position = await self._store.position(self._run, kind)
        if position is None:
            await self._store.begin_listing(self._run, kind)
        while True:
            try:
                page = await self._mailbox.feed(kind, position)
            except SyncStateInvalid:
                if position is None:
                    raise
                position = None
                await self._store.begin_listing(self._run, kind)
                continue
            await self._store.hear(self._run, kind, page)
            position = page.position
            if page.is_last:
                return

    async def _bring_into_step(self, due: Sequence[Due], handled: set[UUID]) -> list[tuple[Action, Link]]:
        """Decide on a batch and carry it out, but for deletions, which are returned."""
        now = self._clock()
        resolved, unread = await self._identities.resolve(due, now, self._new_ids(len(due)))
        meetings = [each for each in resolved if each.link.crmid not in handled]
        for each, error in unread:
            await self._applier.defer(each, error)
        handled.update(each.link.crmid for each in meetings)
        records = await self._store.records(self._run, [(m.link.kind, m.link.crmid) for m in meetings])
        pairs: dict[UUID, tuple[Pair, Meeting, Record | None]] = {}
        ready: list[Meeting] = []
        parts = [m.item for m in meetings if m.is_part and m.item is not None]
        for meeting in meetings:
            if meeting.trouble is not None:
                await self._applier.set_aside(meeting.link, meeting.trouble)
            elif not (meeting.must_wait or meeting.is_part):
                ready.append(meeting)
        for known in await self._with_twins(ready, records):
            record = records.get(known.link.crmid)
            pairs[known.link.crmid] = (self._pair(known, record, now), known, record)
        await act_regarding.look_up(self._run, self._store, pairs)
        plan = make_plan([pair for pair, _, _ in pairs.values()], self._run.rules)
        plan = still(plan, {key: True for key, (_, m, _) in pairs.items() if loops(m.link.writes, now)})
        self.result.plans.append(plan)
        self._tell_of_others()
        self.result.conflicts += sum(len(action.conflicts) for action in plan.actions)
        faults.reach("act.planned")
        if not self._run.may_write:
            return []
        if parts:
            await act_guests.tell(self._run, self._mailbox, self._store, parts, now)
        late = []
        prompt = []
        for action, (_, meeting, record) in zip(plan.actions, pairs.values(), strict=True):
            if self._run.brake.concerns(action):
                late.append((action, _as_seen(meeting, record)))
            else:
                prompt.append((action, meeting, record))
        await self._applier.apply(prompt)
        return late

    def _tell_of_others(self) -> None:
        """Put into the plan which items are of another kind than their folder."""
        if self._identities.others:
            self.result.plans.append(_left_out(self._identities.others))
            self._identities.others.clear()

    async def _with_twins(self, meetings: Sequence[Meeting], records: Mapping[UUID, Record]) -> list[Meeting]:
        """Return the meetings with items that are there already, where a record is about to get a new one."""
        alone: dict[Kind, list[tuple[int, Record]]] = {}
        for number, meeting in enumerate(meetings):
            link, record = meeting.link, records.get(meeting.link.crmid)
            is_new = link.stage is Stage.CREATING_IN_EXCHANGE and link.base is None and link.intent is None
            if meeting.item is None and record is not None and is_new and record.in_filters:
                alone.setdefault(link.kind, []).append((number, record))
        found = list(meetings)
        taken = {m.item.item_id for m in meetings if m.item is not None and (m.takes_part or not m.is_new)}
        for kind, candidates in alone.items():
            twins = await self._mailbox.twins(kind, [record.fields for _, record in candidates])
            for (number, _), item in zip(candidates, twins, strict=True):
                if item is not None and item.item_id not in taken:
                    before = meetings[number]
                    link = replace(before.link, item_id=item.item_id)
                    found[number] = Meeting(link, item, before.sight, before.takes_part, is_new=before.is_new)
        return found

    def _pair(self, meeting: Meeting, record: Record | None, now: datetime) -> Pair:
        link, item = meeting.link, meeting.item
        base = link.base
        facts = _without_aside(self._facts(link, record, item, now), item)
        behind: Fields | None = None
        if link.intent is not None and link.intent.kept and item is not None and record is not None:
            behind = self._left_behind(link.kind, link.intent, item, facts)
            meeting.item = item = replace(item, fields=caught_up(item.fields, behind))
        if link.intent is not None and item is not None:
            base = absorb(base, link.intent, item.fields)
            meeting.link = link = shows_lost(link, link.intent, item.fields)
        elif link.intent is not None and meeting.sight in (Sight.AWAY, Sight.CHANGED) and base is None:
            base = Common(link.intent.crm, link.intent.exchange)
        elif link.stage is Stage.CREATING_IN_EXCHANGE:
            base = None
        if link.stage is Stage.CREATING_IN_CRM:
            base = None
        if base is not None and item is not None and item.stamp != link.crmid:
            base = without_dropped(base, item.fields)
        told = None if link.intent is None else link.intent.told
        if item is None and base is not None and link.crmid in self._to_fill:
            told = base.crm
        crm_missed = link.crm_missed_on
        is_believed = crm_missed is not None and now - crm_missed >= self._run.second_look
        rules = self._run.rules[link.kind]
        return Pair(
            crmid=link.crmid,
            kind=link.kind,
            title=(record.title if record is not None else "") or (item.title if item else "") or link.title,
            base=base,
            crm=None if record is None else record.fields,
            exchange=None if item is None else item.fields,
            crm_sight=Sight.GONE if is_believed else Sight.MISSED_ONCE,
            exchange_sight=meeting.sight,
            in_filters=record is not None and record.in_filters,
            takes_part=meeting.takes_part,
            is_parked=link.is_parked,
            preferred=rules.preference.winner(
                None if record is None else record.changed_on, None if item is None else item.changed_on
            ),
            facts=facts,
            behind=behind or None,
            remark="" if meeting.other is None else str(meeting.other),
            told=told,
        )

    def _left_behind(self, kind: Kind, intent: Intent, item: Item, facts: Facts) -> Fields:
        """Return the occurrences of a series that have not followed it; none where they are not to be written any more."""
        directions = facts.within(self._run.rules[kind].effective)
        if not any(directions.get(name, Direction.NONE).goes_to(Side.EXCHANGE) for name in PEOPLE):
            return {}
        return left_behind(intent.kept, intent.exchange, item.fields)

    def _facts(self, link: Link, record: Record | None, item: Item | None, now: datetime) -> Facts:
        if link.kind in ON_A_CALENDAR:
            crm = None if record is None else record.appointment
            if crm is not None and link.stage is Stage.CREATING_IN_EXCHANGE and link.intent is not None:
                # It was about to be made again, after a deletion; that it stood in Exchange before is no reason against.
                crm = dataclasses.replace(crm, is_known=False)
            exchange = None if item is None else item.appointment
            if crm is not None and record is not None and not record.in_filters:
                crm = left_out(crm, exchange)
            facts = facts_of_appointment(crm, exchange, now, self._run.appointments)
            return dataclasses.replace(facts, is_copy=True) if link.kind is Kind.SERVICE else facts
        return record.facts if record is not None else (item.facts if item is not None else PLAIN)

    async def _delete(self, late: Sequence[tuple[Action, Link]]) -> None:
        """Carry out what was decided on deletions, unless there are too many of them."""
        if not late:
            return
        if len(late) > self._run.brake.count:  # counting costs as much as there are
            self._linked = await self._store.linked(self._run)
        links = {action.pair.crmid: link for action, link in late}
        plan = Plan(tuple(action for action, _ in late), self._linked)
        plan, held = brake(plan, self._run.brake, self._run.answer, self._run.shown)
        if held:
            await self._alerts.held(self._run, held)
        for action in plan.actions:
            if action.step is not Step.HOLD:
                await self._applier.part(action, links[action.pair.crmid])


def _left_out(others: Iterable[tuple[Kind, ItemOfAnotherKind]]) -> Plan:
    """Return what a person is told of items that are of another kind than their folder: nothing is done about them."""
    return Plan(
        tuple(
            Action(
                Pair(UUID(int=0), kind, str(error.details.get("subject", "")), remark=str(error)),
                Step.NOTHING,
                Verdict.EXCHANGE_NEW,
                "it is left alone",
            )
            for kind, error in others
        )
    )


def _without_aside(facts: Facts, item: Item | None) -> Facts:
    """Return the facts of a pair; what the item cannot say does not count."""
    if item is None or not item.aside:
        return facts
    return dataclasses.replace(facts, aside=frozenset(item.aside))


def _as_seen(meeting: Meeting, record: Record | None) -> Link:
    """Return the link with the item and the record as they were seen now: only these may be deleted."""
    link, item = meeting.link, meeting.item
    if item is not None:
        link = replace(link, item_id=item.item_id, change_key=item.change_key)
    return link if record is None else replace(link, crm_version=record.version)


def shows_lost(link: Link, intent: Intent, exchange: Fields) -> Link:
    """Return the link with what our own new pattern took away that a person had only written in Exchange.

    It was to be written again after the pattern, and we did not come so far; the CRM never had it.
    """
    lost = [
        Conflict(name, intent.crm.get(name), intent.exchange[name], Side.CRM)
        for name in sorted(carried_over(intent.exchange, exchange))
        if intent.exchange[name] not in (intent.crm.get(name), exchange.get(name))
    ]
    new = tuple(each for each in lost if each not in link.conflicts)
    return replace(link, conflicts=(*link.conflicts, *new)) if new else link


def absorb(base: Common | None, intent: Intent, exchange: Fields) -> Common:
    """Return the common state, given that values in Exchange which are the intended ones are our own.

    Of an item that was to be made (no ``base``) other values may be a person's edit since, or the item may be an
    older one that was brought back; nothing is known of before then, and both sides have their say.
    """
    ours: dict[str, Value] = {} if base is None else dict(base.crm)
    theirs: dict[str, Value] = {} if base is None else dict(base.exchange)
    for name, value in intent.exchange.items():
        # What a new pattern only carries along is a person's in Exchange; the CRM may not have heard of it.
        is_carried = name.startswith(PREFIX) and intent.crm.get(name) != value
        if exchange.get(name) == value and not is_carried:
            ours[name], theirs[name] = intent.crm.get(name), value
    for name in (
        *lost_on_the_way(intent.exchange, exchange),
        *replaced_by_halves(intent.exchange, exchange),
    ):
        # Our own writing took it away, and we did not come so far as to write it again; nobody has removed it.
        ours.pop(name, None)
        theirs.pop(name, None)
    return Common(ours, as_heard_before(theirs, intent.exchange) if base is None else theirs)
