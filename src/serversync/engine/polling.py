"""A poll of one mailbox: first ask whether anything has changed in any folder, and list them only then.

What is believed when is decided by ``rules.polling``.
"""

from collections.abc import Callable
from datetime import datetime

from serversync.core.errors import ChangeMarkWrong
from serversync.engine.incoming import IncomingPass
from serversync.engine.ports import (
    INBOX,
    Alerts,
    ExchangeMailbox,
    MailboxRun,
    MailFolder,
    MailPlan,
    MailStore,
    PassResult,
)
from serversync.rules.polling import Trust, after_news, after_reading, after_skip, may_skip


class Poll:
    """One poll: a question for the change mark where it may be believed, and a pass where it may not."""

    def __init__(
        self,
        run: MailboxRun,
        exchange: ExchangeMailbox,
        store: MailStore,
        alerts: Alerts,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._run = run
        self._exchange = exchange
        self._store = store
        self._alerts = alerts
        self._clock = clock
        self._incoming = IncomingPass(run, exchange, store, alerts)
        self._incoming.result.watch = run.watch

    @property
    def result(self) -> PassResult:
        """What was done so far."""
        return self._incoming.result

    async def __call__(self) -> PassResult:
        """Ask, and list where there is something to list.

        Raises:
            ServiceError: the mailbox cannot be read now; all pages before are written.
        """
        before = self._run.watch
        asked = before.asks_first
        plan = self._run.plan or await self._store.plan(self._run)
        mark = await self._exchange.change_mark(_folders(plan)) if asked else None
        now = self._clock()
        if asked and not plan.has_work and may_skip(before, mark, now, at_least_every=self._run.full_poll):
            self.result.watch = after_skip(before)
            return self.result
        result = await self._incoming(plan)
        if asked:
            result.watch = after_reading(before, mark, marked_on=now, read_on=now)
        is_suspect = asked and mark == before.mark and before.is_settled
        is_news = bool(result.news) and not result.replayed
        if is_news and (is_suspect or before.trust is Trust.UNPROVEN):
            await self._compare(plan)
        return result

    async def _compare(self, plan: MailPlan) -> None:
        """Hold the mark against what was new in the folders."""
        result = self.result
        mark = await self._exchange.change_mark(_folders(plan))
        result.watch = after_news(result.watch, mark, marked_on=self._clock())
        if result.watch.trust is Trust.REFUTED:
            await self._alerts.raise_for_mailbox(self._run, ChangeMarkWrong(mailbox=self._run.address))


def _folders(plan: MailPlan) -> tuple[MailFolder, ...]:
    """Return every folder that passes read; one request asks for the change marks of them all."""
    return (INBOX, *plan.folders)
