"""Carrying out what was decided about a batch of pairs.

First it is noted what is about to be written to Exchange, for all of the batch at once. Then the items are written,
each on the condition that it is still as it was seen; then the CRM and the new common states, together. What Exchange
made of the values is read again, and believed under the change key that the write returned. Of new items whose values
Exchange keeps as they are, only one of a batch is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from serversync.core import faults
from serversync.core.errors import ChangeConflict, ItemGone, Permanent, ServiceError
from serversync.engine.act_aside import aside_of, keeping, troubles_of
from serversync.engine.act_identity import Meeting
from serversync.engine.act_ports import (
    ActAlerts,
    ActMailbox,
    ActRun,
    ActStore,
    CrmChange,
    Due,
    Intent,
    Item,
    ItemToChange,
    ItemToMake,
    Link,
    Record,
    Settlement,
    Stage,
    Written,
)
from serversync.rules.answers import RESPONSES, as_heard_before, whole_alone
from serversync.rules.appointment import ORGANIZER
from serversync.rules.diff import Common
from serversync.rules.guards import count_write, loops
from serversync.rules.merge import Conflict
from serversync.rules.plan import Action, Pair, Sight, Step
from serversync.rules.record import Fields, Kind
from serversync.rules.series.changes import resets_occurrences
from serversync.rules.series.following import kept_people
from serversync.rules.silence import unheard

FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(days=1)
AWAY_LOOK = timedelta(hours=1)
"""So often one looks for an item that lies where no feed tells of it."""

_ALL_HEARD: Final = frozenset[str]()
_TO_EXCHANGE = frozenset({Step.UPDATE_EXCHANGE, Step.UPDATE_BOTH})
_Prompt = tuple[Action, Meeting, Record | None]


class _Done(NamedTuple):
    """An action of which the part in Exchange is done; ``written`` is the item where it was written."""

    action: Action
    meeting: Meeting
    record: Record | None
    link: Link
    written: Written | None


@dataclass(slots=True)
class _Work:
    """What is to be written down of a batch: links that wait, items and records that are done, and settlements.

    ``troubles`` are about single fields, each with the title of its record.
    """

    waiting: list[Link] = field(default_factory=list)
    items: dict[Kind, list[str]] = field(default_factory=dict)
    records: dict[Kind, list[UUID]] = field(default_factory=dict)
    settlements: list[Settlement] = field(default_factory=list)
    troubles: list[tuple[str, ServiceError]] = field(default_factory=list)


def after_trouble(link: Link, error: ServiceError, now: datetime) -> Link:
    """Return the link of a record that could not be synchronized: tried again later and later.

    >>> from uuid import UUID; from datetime import timezone
    >>> from serversync.core.errors import ItemUnreadable
    >>> from serversync.rules.record import Kind
    >>> noon = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
    >>> link = Link(UUID(int=1), Kind.TASK, Stage.LINKED, retries=1)
    >>> (after_trouble(link, ItemUnreadable(), noon).due_on - noon).seconds // 60
    10
    """
    return replace(
        link, retries=link.retries + 1, due_on=now + retry_wait(link.retries), error=f"{error.code}: {error}"
    )


def retry_wait(retries: int) -> timedelta:
    """Return how long to wait after so many retries: 5 minutes, 10, 20 ... up to a day.

    >>> retry_wait(100)
    datetime.timedelta(days=1)
    """
    return min(timedelta(seconds=FIRST_RETRY.total_seconds() * 2 ** min(retries, 10)), LONGEST_RETRY)


class Applier:
    """Carries out actions; ``failed`` counts records that were set aside."""

    def __init__(
        self,
        run: ActRun,
        mailbox: ActMailbox,
        store: ActStore,
        alerts: ActAlerts,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._run = run
        self._mailbox = mailbox
        self._store = store
        self._alerts = alerts
        self._clock = clock
        self.failed = 0

    async def set_aside(self, link: Link, error: ServiceError) -> None:
        """Write down that a record cannot be synchronized, and tell a person.

        Raises:
            ServiceError: the trouble is not of this record alone.
        """
        if not isinstance(error, Permanent):
            raise error
        self.failed += 1
        if self._run.may_write:
            failed = after_trouble(link, error, self._clock())
            await self._store.keep(self._run, [failed])
            await self._alerts.failed(self._run, link.title, error)

    async def defer(self, due: Due, error: ServiceError) -> None:
        """Write down that an item which no link names cannot be read, and tell a person.

        Raises:
            ServiceError: the trouble is not of this item alone.
        """
        if not isinstance(error, Permanent):
            raise error
        self.failed += 1
        if self._run.may_write:
            await self._store.defer(self._run, due, error, self._clock() + retry_wait(due.retries))
            await self._alerts.failed(self._run, due.item_id or "", error)

    async def apply(self, prompt: Sequence[_Prompt]) -> None:
        """Carry out what is no deletion.

        Raises:
            ServiceError: Exchange or the database cannot be written now; what was written is written down.
        """
        now = self._clock()
        intended = {m.link.crmid: _intend(a, m, now) for a, m, _ in prompt if _writes(a, m, now)}
        written: dict[UUID, Written | ServiceError] = {}
        if intended:
            await self._store.keep(self._run, list(intended.values()))
            faults.reach("act.intended")
            written = await self._write([(a, m) for a, m, _ in prompt if m.link.crmid in intended])
        done: list[_Done] = []
        another: list[Link] = []
        trouble: ServiceError | None = None
        for action, meeting, record in prompt:
            link = intended.get(meeting.link.crmid, meeting.link)
            outcome = written.get(link.crmid)
            match outcome:
                case ChangeConflict() | ItemGone():
                    # It is another one by now, and was not written; it stays due.
                    another.append(replace(link, asked_on=None))
                case Permanent():
                    await self.set_aside(replace(link, asked_on=None), outcome)
                case ServiceError():
                    trouble = trouble or outcome
                case _:
                    done.append(_Done(action, meeting, record, link, outcome))
        if another:
            await self._store.keep(self._run, another)
        await self._settle(done)
        if trouble is not None:
            raise trouble

    async def _write(self, prompt: Sequence[tuple[Action, Meeting]]) -> dict[UUID, Written | ServiceError]:
        """Write items, those of a kind that are to be made at once, and those that are to be changed."""
        new: dict[Kind, list[ItemToMake]] = {}
        old: dict[Kind, dict[UUID, ItemToChange]] = {}
        outcomes: dict[UUID, Written | ServiceError] = {}
        for action, meeting in prompt:
            link, item = meeting.link, meeting.item
            if action.step is Step.CREATE_IN_EXCHANGE:
                one = ItemToMake(link.crmid, action.merged.to_exchange, _changed_since_told(action.pair))
                new.setdefault(link.kind, []).append(one)
            elif item is None:
                outcomes[link.crmid] = ItemGone()
            else:
                old.setdefault(link.kind, {})[link.crmid] = ItemToChange(
                    Written(item.item_id, item.change_key),
                    action.merged.to_exchange,
                    item.fields,
                    None if item.stamp == link.crmid else link.crmid,
                    link.crmid,
                    bool(action.pair.behind),
                    _changed_since_told(action.pair),
                )
        for kind, made in new.items():
            answers = await self._mailbox.create(kind, made)
            outcomes.update(zip([each.stamp for each in made], answers, strict=True))
            faults.reach("act.written")
        for kind, changed in old.items():
            answers = await self._mailbox.update(kind, list(changed.values()))
            outcomes.update(zip(changed, answers, strict=True))
            faults.reach("act.written")
        return outcomes

    async def _echoes(self, done: Sequence[_Done]) -> dict[str, Item]:
        """Return written items as Exchange has them now; where it got the stamp alone that is what was seen.

        Where it follows from what was written what an item says, one of the batch is read; it stands for the others.
        """
        ids: dict[Kind, list[str]] = {}
        expected: dict[Kind, list[Written]] = {}
        for each in done:
            if each.written is not None and each.action.merged.to_exchange:
                if each.written.fields is None:
                    ids.setdefault(each.link.kind, []).append(each.written.item_id)
                else:
                    expected.setdefault(each.link.kind, []).append(each.written)
        for kind, (first, *_) in expected.items():
            ids.setdefault(kind, []).append(first.item_id)
        echoes = await self._read(ids)
        doubted = {
            kind: [each.item_id for each in others]
            for kind, (first, *others) in expected.items()
            if others and not _is_as_expected(first, echoes.get(first.item_id))
        }
        return echoes | await self._read(doubted)

    async def _read(self, ids: Mapping[Kind, list[str]]) -> dict[str, Item]:
        return {
            outcome.item_id: outcome
            for kind, item_ids in ids.items()
            for outcome in await self._mailbox.read(kind, item_ids)
            if isinstance(outcome, Item)
        }

    async def _settle(self, done: Sequence[_Done]) -> None:
        """Write down what has come of a batch, all of it together."""
        work = self._work(done, await self._echoes(done))
        for title, error in work.troubles:
            self.failed += 1
            await self._alerts.failed(self._run, title, error)
        if work.waiting:
            await self._store.keep(self._run, work.waiting)
        for kind, item_ids in work.items.items():
            await self._store.done(self._run, kind, item_ids)
        for kind, crmids in work.records.items():
            await self._store.seen(self._run, kind, crmids)
        await self._write_down(work.settlements)

    def _work(self, done: Sequence[_Done], echoes: Mapping[str, Item]) -> _Work:
        work, now = _Work(), self._clock()
        for each in done:
            action, link, meeting = each.action, each.link, each.meeting
            pair = action.pair
            both_there = pair.base is not None and pair.crm is not None and pair.exchange is not None
            rests = pair.is_parked and not pair.in_filters
            match action.step:
                case Step.HOLD:
                    pass
                case Step.LOOK_AGAIN:
                    work.waiting.append(self._missed(action, link))
                case Step.FORGET | Step.UNLINK:
                    # Which version of the record it was says whether it has changed since.
                    seen = link if each.record is None else replace(link, crm_version=each.record.version)
                    work.settlements.append(_parted(action, seen))
                case Step.NOTHING if meeting.is_new and pair.base is None and meeting.item is not None:
                    work.items.setdefault(link.kind, []).append(meeting.item.item_id)
                case Step.NOTHING if meeting.is_new and pair.base is None and not pair.facts.may_be_made:
                    # It was looked for; where it is not there now, it is heard of when it comes.
                    work.settlements.append(self._rested(each))
                case Step.NOTHING if meeting.is_new and pair.base is None:
                    work.records.setdefault(link.kind, []).append(link.crmid)
                case Step.NOTHING if rests or not both_there:
                    work.settlements.append(self._rested(each))
                case _:
                    settled = self._in_step(each, echoes, now)
                    work.settlements.append(settled)
                    if settled.aside:
                        aside = aside_of(meeting.item, each.written)
                        work.troubles += [(pair.title, error) for error in troubles_of(aside)]
        return work

    async def _write_down(self, settlements: Sequence[Settlement]) -> None:
        if not settlements:
            return
        trouble: ServiceError | None = None
        for settlement, outcome in zip(
            settlements, await self._store.settle(self._run, settlements), strict=True
        ):
            if isinstance(outcome, Permanent):
                await self.set_aside(settlement.link, outcome)
            elif isinstance(outcome, ServiceError) and not isinstance(outcome, ChangeConflict):
                trouble = trouble or outcome
            # Of a conflict the record is another one by now; it stays due.
        if trouble is not None:
            raise trouble
        faults.reach("act.settled")

    def _in_step(self, done: _Done, echoes: Mapping[str, Item], now: datetime) -> Settlement:
        """Return the pair with its new common state."""
        action, link, written = done.action, done.link, done.written
        pair = action.pair
        change = _crm_change(action, done.record)
        seen = done.meeting.item
        item_id, change_key = link.item_id, link.change_key
        aside = aside_of(seen, written)
        after = _after(pair.exchange, action.merged.to_exchange, written, echoes)
        if action.step is Step.CREATE_IN_EXCHANGE and link.intent is not None:
            after = as_heard_before(after, link.intent.exchange)
        later = _ALL_HEARD
        if pair.facts.is_silent:
            later = unheard(pair.base, pair.crm or {}, pair.exchange or {})
        kept = frozenset(aside) | later if aside or later else _ALL_HEARD
        trouble = next(troubles_of(aside), None) if aside else None
        if written is not None:
            item_id, change_key, said = written.item_id, written.change_key, written.fields
            if action.merged.to_exchange and said is None and item_id not in echoes:
                change_key = (
                    ""  # what Exchange has made of it was not read; the feed tells of it, and it is read then
                )
        elif seen is not None:
            item_id, change_key = seen.item_id, seen.change_key
        settled = replace(
            link,
            stage=Stage.LINKED,
            title=pair.title,
            item_id=item_id,
            change_key=change_key,
            base=keeping(
                kept,
                pair.base,
                Common(
                    {**(pair.crm or {}), **action.merged.to_crm} if action.merged.to_crm else pair.crm or {},
                    after,
                ),
            ),
            # What was not heard yet is looked at again as soon as this mailbox speaks.
            crm_version=0 if done.record is None or later else done.record.version,
            intent=None,
            asked_on=None,
            crm_missed_on=None,
            exchange_missed_on=None,
            is_parked=action.parks,
            retries=0,
            # Once the record says whose meeting it is, this mailbox may be the one that speaks.
            due_on=now if later and ORGANIZER in action.merged.to_crm else None,
            error="" if trouble is None else f"{trouble.code}: {trouble}",
            writes=link.writes if written is None and change is None else count_write(link.writes, now),
            conflicts=_with(link.conflicts, action.conflicts),
        )
        if pair.base is not None and seen is not None and (seen.search_key or link.search_key) is not None:
            settled = replace(
                settled,
                search_key=seen.search_key or link.search_key,
                item_changed_on=_changed_on(seen, written, echoes),
            )
        return Settlement(settled, change, kept)

    def _missed(self, action: Action, link: Link) -> Link:
        now = self._clock()
        pair = action.pair
        return replace(
            link,
            crm_missed_on=(link.crm_missed_on or now) if pair.crm is None else None,
            exchange_missed_on=(link.exchange_missed_on or now) if pair.exchange is None else None,
            due_on=now + self._run.second_look,
        )

    def _rested(self, done: _Done) -> Settlement:
        """Nothing is to be done: what it was due for is done, and the common state stays what it was."""
        link, record, base, other = done.link, done.record, done.action.pair.base, done.meeting.other
        if base is None:  # it was never made, or its item does not take part any more; nothing has come of it
            return Settlement(replace(link, stage=Stage.GONE, intent=None, asked_on=None, due_on=None))
        return Settlement(
            replace(
                link,
                stage=Stage.LINKED,
                base=base,
                crm_version=link.crm_version if record is None else record.version,
                intent=None,
                asked_on=None,
                crm_missed_on=None,
                exchange_missed_on=None,
                is_parked=record is not None and not record.in_filters,
                due_on=self._clock() + AWAY_LOOK if done.meeting.sight is Sight.AWAY else None,
                error="" if other is None else f"{other.code}: {other}",
            )
        )

    async def part(self, action: Action, link: Link) -> None:
        """Carry out a deletion, or end a link without one."""
        try:
            if action.step is Step.DELETE_IN_EXCHANGE and link.item_id is not None:
                await self._mailbox.delete(link.kind, Written(link.item_id, link.change_key))
                faults.reach("act.written")
        except (ChangeConflict, ItemGone):
            return  # it is another one by now; it stays due
        except Permanent as error:
            await self.set_aside(link, error)
            return
        await self._write_down([_parted(action, link)])


def _parted(action: Action, link: Link) -> Settlement:
    """Return a link that has ended, and what goes with it to the CRM."""
    change = None
    if action.step is Step.DELETE_IN_CRM:
        change = CrmChange(link.crmid, link.kind, link.crm_version, None)
    stage = Stage.UNLINKED if action.step is Step.UNLINK else Stage.GONE
    ended = replace(link, stage=stage, base=None, intent=None, asked_on=None, due_on=None, error="")
    return Settlement(ended, change)


def _changed_since_told(pair: Pair) -> frozenset[str] | None:
    """Return what has changed in a record since its lost item stood in the mailbox; ``None`` of one that is new there."""
    if pair.told is None:
        return None
    crm = pair.crm or {}
    return frozenset(name for name in {*pair.told, *crm} if pair.told.get(name) != crm.get(name))


def _writes(action: Action, meeting: Meeting, now: datetime) -> bool:
    """Tell whether an action writes to Exchange, be it only the stamp."""
    if action.step in (Step.CREATE_IN_EXCHANGE, *_TO_EXCHANGE):
        return True
    item = meeting.item
    if action.step is Step.NOTHING:
        return item is not None and item.stamp is None and _has_lost_its_stamp(action, meeting.link, now)
    is_kept = action.step in (Step.CREATE_IN_CRM, Step.UPDATE_CRM, Step.LINK)
    return is_kept and item is not None and item.stamp != meeting.link.crmid


def _has_lost_its_stamp(action: Action, link: Link, now: datetime) -> bool:
    """Tell whether the item of a pair in step is to get its stamp again, which another program took away."""
    pair = action.pair
    rests = pair.is_parked and not pair.in_filters
    is_in_step = link.stage is Stage.LINKED and pair.base is not None and pair.crm is not None
    return is_in_step and not rests and not loops(link.writes, now)


def _changed_on(seen: Item, written: Written | None, echoes: Mapping[str, Item]) -> datetime | None:
    """Return when the item as it is known now was changed last; where that was not read after a write, some time before."""
    echo = echoes.get(written.item_id) if written is not None else None
    if echo is not None and written is not None and echo.change_key == written.change_key:
        return echo.changed_on
    return seen.changed_on


def _intend(action: Action, meeting: Meeting, now: datetime) -> Link:
    link, pair = meeting.link, action.pair
    if action.step is Step.CREATE_IN_EXCHANGE:
        return replace(
            link,
            stage=Stage.CREATING_IN_EXCHANGE,
            title=pair.title,
            item_id=None,
            change_key="",
            base=None,
            intent=Intent(
                pair.crm or {},
                as_heard_before(action.merged.to_exchange, _former(link, pair)),
                told=pair.told,
            ),
            asked_on=now,
            exchange_missed_on=None,
            search_key=None,
            item_changed_on=None,
        )
    if action.step in _TO_EXCHANGE:
        return replace(
            link,
            stage=link.stage if pair.base is None else Stage.LINKED,
            base=pair.base,
            intent=_intent(pair, action.merged.to_exchange),
            asked_on=now,
            conflicts=_with(link.conflicts, action.conflicts),
        )
    return replace(link, base=pair.base, title=pair.title)


def _former(link: Link, pair: Pair) -> Fields:
    """Return what is known of the item in whose place another one is made, also by a pass that did not end."""
    if pair.base is not None:
        return pair.base.exchange
    return {} if link.intent is None else link.intent.exchange


def _intent(pair: Pair, to_exchange: Fields) -> Intent:
    if pair.kind is not Kind.SERIES:
        return Intent(pair.crm or {}, to_exchange, told=pair.told)
    kept = kept_people(to_exchange, pair.exchange or {}, pair.behind)
    return Intent(pair.crm or {}, to_exchange, kept, pair.told)


def _with(before: tuple[Conflict, ...], now: tuple[Conflict, ...]) -> tuple[Conflict, ...]:
    return (*before, *(each for each in now if each not in before)) if now else before


def _after(
    before: Fields | None, sent: Fields, written: Written | None, echoes: Mapping[str, Item]
) -> Fields:
    """Return what Exchange has after a write: what it says itself where nobody has touched the item since."""
    if written is None:
        return before or {}
    echo = echoes.get(written.item_id)
    if echo is not None and echo.change_key == written.change_key:
        return echo.fields
    if written.fields is not None:
        return written.fields
    after = dict(before or {}) | dict(sent)
    if resets_occurrences(sent) and after.get(RESPONSES) is not None:
        # Answers to single occurrences went with them; who gives the same one again tells something new.
        after[RESPONSES] = whole_alone(after)[RESPONSES] or None
    return after


def _is_as_expected(written: Written, echo: Item | None) -> bool:
    """Tell whether an item says what was expected of it; of one that somebody has touched since nobody knows."""
    return echo is not None and echo.change_key == written.change_key and echo.fields == written.fields


def _crm_change(action: Action, record: Record | None) -> CrmChange | None:
    pair = action.pair
    if action.step is Step.CREATE_IN_CRM:
        return CrmChange(pair.crmid, pair.kind, None, action.merged.to_crm)
    if action.merged.to_crm and record is not None:
        return CrmChange(pair.crmid, pair.kind, record.version, action.merged.to_crm)
    return None
