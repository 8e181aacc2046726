"""Carrying out what was decided about a batch of pairs.

First it is noted what is about to be written to Exchange, for all of the batch at once. Then each item is written,
on the condition that it is still as it was seen; then the CRM and the new common state, together. What Exchange made of
the values is read again, and believed under the change key that the write returned.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from serversync.core import faults
from serversync.core.errors import ChangeConflict, ItemGone, Permanent, ServiceError
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
    Link,
    Record,
    Stage,
    Written,
)
from serversync.rules.diff import Common
from serversync.rules.guards import Writes, count_write
from serversync.rules.merge import Conflict
from serversync.rules.plan import Action, Sight, Step
from serversync.rules.record import Fields

FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(days=1)
AWAY_LOOK = timedelta(hours=1)
"""So often one looks for an item that lies where no feed tells of it."""

_TO_EXCHANGE = frozenset({Step.UPDATE_EXCHANGE, Step.UPDATE_BOTH})
_Prompt = tuple[Action, Meeting, Record | None]


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
    return replace(link, retries=link.retries + 1, due_on=now + retry_wait(link.retries), error=error.code)


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
        """Carry out what is no deletion."""
        intended = {m.link.crmid: _intend(a, m, self._clock()) for a, m, _ in prompt if _writes(a, m)}
        if intended:
            await self._store.keep(self._run, list(intended.values()))
            faults.reach("act.intended")
        done: list[tuple[Action, Meeting, Record | None, Link, Written | None]] = []
        for action, meeting, record in prompt:
            link = intended.get(meeting.link.crmid, meeting.link)
            written: Written | None = None
            if link.crmid in intended:
                try:
                    written = await self._write(action, meeting, link)
                except (ChangeConflict, ItemGone):
                    # It is another one by now, and was not written; it stays due.
                    await self._store.keep(self._run, [replace(link, asked_on=None)])
                    continue
                except Permanent as error:
                    link = replace(link, asked_on=None)
                    await self.set_aside(link, error)
                    continue
                faults.reach("act.written")
            done.append((action, meeting, record, link, written))
        echoes = await self._echoes(done)
        for action, meeting, record, link, written in done:
            await self._settle(action, meeting, record, link, written, echoes)
            faults.reach("act.settled")

    async def _write(self, action: Action, meeting: Meeting, link: Link) -> Written:
        kind = link.kind
        if action.step is Step.CREATE_IN_EXCHANGE:
            return await self._mailbox.create(kind, link.crmid, action.merged.to_exchange)
        item = meeting.item
        if item is None:
            raise ItemGone
        fields = action.merged.to_exchange if action.step in _TO_EXCHANGE else {}
        return await self._mailbox.update(
            kind,
            Written(item.item_id, item.change_key),
            fields,
            before=item.fields,
            stamp=None if item.stamp == link.crmid else link.crmid,
        )

    async def _echoes(
        self, done: Sequence[tuple[Action, Meeting, Record | None, Link, Written | None]]
    ) -> dict[str, Item]:
        """Return written items as Exchange has them now."""
        echoes: dict[str, Item] = {}
        for kind in {link.kind for _, _, _, link, _ in done}:
            ids = [w.item_id for _, _, _, link, w in done if w is not None and link.kind is kind]
            if ids:
                for outcome in await self._mailbox.read(kind, ids):
                    if isinstance(outcome, Item):
                        echoes[outcome.item_id] = outcome
        return echoes

    async def _settle(
        self,
        action: Action,
        meeting: Meeting,
        record: Record | None,
        link: Link,
        written: Written | None,
        echoes: dict[str, Item],
    ) -> None:
        pair = action.pair
        if await self._is_settled(action, meeting, record, link):
            return
        exchange = _after(pair.exchange, action.merged.to_exchange, written, echoes)
        change = _crm_change(action, record)
        settled = replace(
            link,
            stage=Stage.LINKED,
            title=pair.title,
            base=Common(dict(pair.crm or {}) | dict(action.merged.to_crm), exchange),
            crm_version=0 if record is None else record.version,
            intent=None,
            asked_on=None,
            crm_missed_on=None,
            exchange_missed_on=None,
            is_parked=action.parks,
            retries=0,
            due_on=None,
            error="",
            conflicts=_with(link.conflicts, action.conflicts),
        )
        if written is not None:
            settled = replace(settled, item_id=written.item_id, change_key=written.change_key)
        elif meeting.item is not None:
            settled = replace(settled, item_id=meeting.item.item_id, change_key=meeting.item.change_key)
        if written is not None or change is not None:
            settled = replace(settled, writes=self._count(link.writes))
        try:
            await self._store.settle(self._run, settled, change)
        except ChangeConflict:
            return  # the record is another one by now; it stays due
        except Permanent as error:
            await self.set_aside(link, error)

    async def _is_settled(self, action: Action, meeting: Meeting, record: Record | None, link: Link) -> bool:
        """Carry out what changes no record; ``False`` where there is something to be written down."""
        pair = action.pair
        both_there = pair.base is not None and pair.crm is not None and pair.exchange is not None
        rests = pair.is_parked and not pair.in_filters
        match action.step:
            case Step.FORGET | Step.UNLINK:
                await self.part(action, link)
            case Step.LOOK_AGAIN:
                await self._store.keep(self._run, [self._missed(action, link)])
            case Step.NOTHING if rests or not both_there:
                await self._rest(action, meeting, record, link)
            case Step.HOLD:
                pass
            case _:
                return False
        return True

    def _count(self, writes: Writes) -> Writes:
        return count_write(writes, self._clock())

    def _missed(self, action: Action, link: Link) -> Link:
        now = self._clock()
        pair = action.pair
        return replace(
            link,
            crm_missed_on=(link.crm_missed_on or now) if pair.crm is None else None,
            exchange_missed_on=(link.exchange_missed_on or now) if pair.exchange is None else None,
            due_on=now + self._run.second_look,
        )

    async def _rest(self, action: Action, meeting: Meeting, record: Record | None, link: Link) -> None:
        """Nothing is to be done: what it was due for is done, and the common state stays what it was."""
        if action.pair.base is not None:
            version = link.crm_version if record is None else record.version
            rested = replace(
                link,
                stage=Stage.LINKED,
                base=action.pair.base,
                crm_version=version,
                intent=None,
                asked_on=None,
                crm_missed_on=None,
                exchange_missed_on=None,
                is_parked=record is not None and not record.in_filters,
                due_on=self._clock() + AWAY_LOOK if meeting.sight is Sight.AWAY else None,
            )
            await self._store.settle(self._run, rested, None)
        elif meeting.is_new:
            if meeting.item is not None:
                await self._store.done(self._run, link.kind, meeting.item.item_id)
        else:  # it was never made, or its item does not take part any more; nothing has come of it
            ended = replace(link, stage=Stage.GONE, intent=None, asked_on=None, due_on=None)
            await self._store.settle(self._run, ended, None)

    async def part(self, action: Action, link: Link) -> None:
        """Carry out a deletion, or end a link without one."""
        change = None
        try:
            if action.step is Step.DELETE_IN_EXCHANGE and link.item_id is not None:
                await self._mailbox.delete(link.kind, Written(link.item_id, link.change_key))
                faults.reach("act.written")
            elif action.step is Step.DELETE_IN_CRM:
                change = CrmChange(link.crmid, link.kind, link.crm_version, None)
            stage = Stage.UNLINKED if action.step is Step.UNLINK else Stage.GONE
            await self._store.settle(
                self._run,
                replace(link, stage=stage, base=None, intent=None, asked_on=None, due_on=None, error=""),
                change,
            )
        except (ChangeConflict, ItemGone):
            return  # it is another one by now; it stays due
        except Permanent as error:
            await self.set_aside(link, error)
        faults.reach("act.settled")


def _writes(action: Action, meeting: Meeting) -> bool:
    """Tell whether an action writes to Exchange, be it only the stamp."""
    if action.step in (Step.CREATE_IN_EXCHANGE, *_TO_EXCHANGE):
        return True
    item = meeting.item
    is_kept = action.step in (Step.CREATE_IN_CRM, Step.UPDATE_CRM, Step.LINK)
    return is_kept and item is not None and item.stamp != meeting.link.crmid


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
            intent=Intent(dict(pair.crm or {}), dict(action.merged.to_exchange)),
            asked_on=now,
            exchange_missed_on=None,
        )
    if action.step in _TO_EXCHANGE:
        return replace(
            link,
            stage=link.stage if pair.base is None else Stage.LINKED,
            base=pair.base,
            intent=Intent(dict(pair.crm or {}), dict(action.merged.to_exchange)),
            asked_on=now,
            conflicts=_with(link.conflicts, action.conflicts),
        )
    return replace(link, base=pair.base, title=pair.title)


def _with(before: tuple[Conflict, ...], now: tuple[Conflict, ...]) -> tuple[Conflict, ...]:
    return (*before, *(each for each in now if each not in before))


def _after(before: Fields | None, sent: Fields, written: Written | None, echoes: dict[str, Item]) -> Fields:
    """Return what Exchange has after a write: what it says itself where nobody has touched the item since."""
    if written is None:
        return dict(before or {})
    echo = echoes.get(written.item_id)
    if echo is not None and echo.change_key == written.change_key:
        return dict(echo.fields)
    return dict(before or {}) | dict(sent)


def _crm_change(action: Action, record: Record | None) -> CrmChange | None:
    pair = action.pair
    if action.step is Step.CREATE_IN_CRM:
        return CrmChange(pair.crmid, pair.kind, None, action.merged.to_crm)
    if action.merged.to_crm and record is not None:
        return CrmChange(pair.crmid, pair.kind, record.version, action.merged.to_crm)
    return None
