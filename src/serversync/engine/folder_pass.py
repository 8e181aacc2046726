"""One folder of a claimed mailbox, page after page: list, choose, fetch, decide, write."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from serversync.core import faults
from serversync.core.errors import AnswerUnreadable, ItemGone, Permanent, ServiceError, SyncStateInvalid
from serversync.engine.categorizing import by_present_name, keep_category, strange_names
from serversync.engine.deciding import PageDecisions
from serversync.engine.ports import (
    Action,
    ActionKind,
    Alerts,
    Change,
    ChangePage,
    ExchangeMailbox,
    IdentityTaken,
    Listed,
    MailboxRun,
    MailFolder,
    MailPlan,
    MailStore,
    PageWrite,
    PassResult,
    Seen,
    Trace,
)
from serversync.engine.reporting import alert_about, reports_among, what_reports_tell
from serversync.rules.email.acceptance import ACCEPTED, GONE, UNREADABLE, Outcome, examine
from serversync.rules.email.category import TrackingCategory
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.retrying import BETWEEN_ATTEMPTS, MOST_ATTEMPTS

PAGE_ITEMS = 512
"""Changes asked for in one page; the most that Exchange gives."""
PAGE_BYTES = 64 * 1024 * 1024
"""What the messages of one page may weigh together before the page is made smaller."""
SETTLED = frozenset({Outcome.TRACKED, Outcome.ALREADY_TRACKED, Outcome.NOT_ACCEPTED, Outcome.UNTRACKED})
"""Outcomes that a replay leaves as they are without reading the message again."""
LINKED = frozenset({Outcome.TRACKED, Outcome.ALREADY_TRACKED})
"""Outcomes of items that belong to an activity."""
COLLISIONS_BEFORE_GIVING_UP = 20


class FolderPass:
    """Reads one folder to its end, or some of its items again."""

    def __init__(
        self,
        run: MailboxRun,
        plan: MailPlan,
        folder: MailFolder,
        exchange: ExchangeMailbox,
        store: MailStore,
        alerts: Alerts,
        *,
        result: PassResult,
    ) -> None:
        self._run = run
        self._plan = plan
        self._folder = folder
        self._exchange = exchange
        self._store = store
        self._alerts = alerts
        self._first_listing = not folder.listed_once
        self.result = result

    async def __call__(self) -> None:
        """Read page after page until the folder has no more changes.

        Raises:
            ServiceError: the folder cannot be read now; all pages before are written.
        """
        position = self._folder.position
        while True:
            page = await self._list(position)
            if page.position == position and not page.is_last:
                raise AnswerUnreadable(operation="SyncFolderItems", reason="the position did not move")
            faults.reach("incoming.page-listed")
            await self._read(page, moved=page.position != position)
            position = page.position
            if page.is_last:
                return

    async def again(self, listed: Sequence[Listed]) -> None:
        """Read items once more that could not be taken before; no position moves."""
        write = self._new_write(None, is_last=False)
        seen = await self._store.traced(self._run.mailboxid, [one.item_key for one in listed])
        write.replaced.extend(seen)
        await self._finish(listed, seen, write, moved=True)

    async def _list(self, position: str | None) -> ChangePage:
        """Ask for a page whose messages fit into memory; from the start where the position is refused."""
        try:
            page = await self._exchange.changes(self._folder, position, limit=PAGE_ITEMS)
        except SyncStateInvalid:
            if position is None:
                raise
            self.result.replayed = True
            self._first_listing = True
            return await self._list(None)
        total = 0
        for count, change in enumerate(page.changes):
            total += change.size_bytes
            if total > PAGE_BYTES and count:
                return await self._exchange.changes(self._folder, position, limit=count)
        return page

    async def _read(self, page: ChangePage, *, moved: bool) -> None:
        self.result.pages += 1
        self.result.listed += len(page.changes)
        write = self._new_write(page.position, is_last=page.is_last)
        new = {
            change.item_key: change
            for change in page.changes
            if change.kind is Change.CREATE or change.kind is Change.UPDATE
        }
        self.result.news += len(new)
        seen = await self._store.traced(self._run.mailboxid, list(new)) if new else {}
        if self._plan.tracking is not None:
            new = await self._with_category(new, seen, self._plan.tracking)
        chosen = self._select(new, seen, write)
        await self._finish(chosen, seen, write, moved=moved or (page.is_last and self._first_listing))

    async def _with_category(
        self, new: dict[UUID, Listed], seen: dict[UUID, Seen], known: TrackingCategory
    ) -> dict[UUID, Listed]:
        """Make sure that the category is still called as it is believed to be, where an item makes that doubtful."""
        strange = strange_names(known, new.values())
        if known.is_on and (strange or _is_missing(known, new, seen)):
            plan = replace(self._plan, tracking=known._replace(others=known.others | strange))
            self._plan = await keep_category(self._run, plan, self._exchange, self._store, self._alerts)
            known = self._plan.tracking or known
        if not known.former:
            return new
        return {key: by_present_name(change, known) for key, change in new.items()}

    def _new_write(self, position: str | None, *, is_last: bool) -> PageWrite:
        correlates = self._plan.settings.correlates_by_headers
        return PageWrite(self._run, self._folder, position, is_last, correlates=correlates)

    async def _finish(
        self, chosen: Sequence[Listed], seen: dict[UUID, Seen], write: PageWrite, *, moved: bool
    ) -> None:
        """Fetch what was chosen, decide on it and write the page."""
        try:
            messages = await self._fetch(chosen, seen, write)
            if reports := reports_among(messages):
                write.told = await what_reports_tell(
                    reports, self._exchange, self._store, self._plan.settings
                )
                await alert_about(write.told, self._run, self._alerts)
            if messages or write.traces or write.untracked or write.categorized or moved:
                await self._write(messages, write)
                faults.reach("incoming.after-commit")
        finally:
            self._exchange.discard()
        self.result.actions += len(write.actions)
        for trace in write.traces:
            self.result.count(trace.decision.outcome)

    def _select(self, new: dict[UUID, Listed], seen: dict[UUID, Seen], write: PageWrite) -> list[Listed]:
        """Decide on each new item what can be decided unread; return those to be fetched."""
        category = self._plan.category
        chosen = []
        for key, change in new.items():
            before = seen.get(key) if seen else None
            marked = bool(category) and category in change.categories
            if before is not None and before.outcome in SETTLED:
                if before.outcome in LINKED:
                    if marked and not before.is_categorized:
                        write.categorized.append(key)
                    elif category and before.is_categorized and not marked:
                        write.untracked.append(key)
                    continue
                if not marked:
                    continue
            decision = examine(
                change.item_class,
                change.received_on,
                process_from=self._run.process_from,
                listing_first_time=self._first_listing,
                marked=marked,
            )
            if before is not None:
                if before.outcome is decision.outcome and decision is not ACCEPTED:
                    continue
                write.replaced.append(key)
            if decision is ACCEPTED:
                chosen.append(change)
            else:
                write.traces.append(
                    Trace(
                        key,
                        change.item_id,
                        decision,
                        change.received_on,
                        detail={"item_class": change.item_class},
                    )
                )
        return chosen

    async def _fetch(
        self, chosen: Sequence[Listed], seen: dict[UUID, Seen], write: PageWrite
    ) -> list[ReceivedMessage]:
        """Read the chosen items; those that cannot be read are set aside with an alert."""
        if not chosen:
            return []
        messages: list[ReceivedMessage] = []
        outcomes = await self._exchange.messages(chosen, self._folder)
        for listed, outcome in zip(chosen, outcomes, strict=True):
            if isinstance(outcome, ReceivedMessage):
                messages.append(outcome)
            else:
                await self._set_aside(listed, outcome, seen.get(listed.item_key), write)
        faults.reach("incoming.items-fetched")
        return messages

    async def _set_aside(
        self, listed: Listed, error: ServiceError, before: Seen | None, write: PageWrite
    ) -> None:
        """Note an item that cannot be read: tried again five times, then given up and marked in Exchange."""
        if not isinstance(error, Permanent):
            raise error
        gone = isinstance(error, ItemGone)
        again = before is not None and before.outcome is Outcome.SET_ASIDE
        attempts = before.attempts + 1 if before is not None and again else 1
        gives_up = not gone and attempts >= MOST_ATTEMPTS
        write.traces.append(
            Trace(
                listed.item_key,
                listed.item_id,
                GONE if gone else UNREADABLE,
                listed.received_on,
                detail={} if gone else {"code": error.code, "text": str(error)},
                attempts=attempts,
                next_attempt=None if gone or gives_up else BETWEEN_ATTEMPTS,
            )
        )
        if gone:
            return
        if gives_up:
            write.actions.extend(self._undeliverable(listed))
        await self._alerts.raise_for_item(
            self._run, error, subject="", item_id=listed.item_id, given_up=gives_up
        )

    def _undeliverable(self, listed: Listed) -> list[Action]:
        """Mark an item that is given up, and move it where the profile says so."""
        actions = []
        if self._plan.undeliverable_category:
            actions.append(
                Action(
                    ActionKind.ADD_CATEGORY,
                    listed.item_key,
                    listed.item_id,
                    self._plan.undeliverable_category,
                )
            )
        if self._plan.move_undeliverable:
            actions.append(Action(ActionKind.MOVE_UNDELIVERABLE, listed.item_key, listed.item_id))
        return actions

    async def _write(self, messages: Sequence[ReceivedMessage], write: PageWrite) -> None:
        """Write the page; where another worker wrote one of its messages meanwhile, decide anew."""
        decisions = PageDecisions(self._run, self._plan, self._folder, self._store, messages)
        before = len(write.traces), len(write.actions)
        fetched = False
        for _ in range(COLLISIONS_BEFORE_GIVING_UP):
            del write.traces[before[0] :], write.actions[before[1] :]
            for rows in (write.emails, write.people, write.queue_items, write.regardings):
                rows.clear()
            if messages:
                await decisions.judge(self._exchange)
                if not fetched:
                    await self._exchange.fetch_attachments(decisions.to_fetch())
                    faults.reach("incoming.attachments-fetched")
                    fetched = True
                await decisions.plan(write)
            faults.reach("incoming.before-commit")
            try:
                await self._store.write(write)
            except IdentityTaken:
                continue
            return
        raise AnswerUnreadable(operation="write", reason="the same messages kept being written by others")


def _is_missing(known: TrackingCategory, new: Mapping[UUID, Listed], seen: Mapping[UUID, Seen]) -> bool:
    """Tell whether an item that carried the category carries none of its names any more."""
    names = {known.name, *known.former}
    return any(
        before.is_categorized and names.isdisjoint(new[key].categories) for key, before in seen.items()
    )
