"""One pass over one claimed mailbox, with what follows from its success or failure."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from serversync.core.errors import Misconfigured, Scope, ServerBusy, ServiceError
from serversync.engine.polling import Poll
from serversync.engine.ports import Alerts, ExchangeMailbox, Leases, MailboxRun, MailStore, PassResult
from serversync.rules.schedule import after_failure, after_success

OpenMailbox = Callable[[MailboxRun], AbstractAsyncContextManager[ExchangeMailbox]]
"""Opens the Exchange side of a claimed mailbox."""


class MailboxRunner:
    """Runs passes; one instance serves all mailboxes of a worker."""

    def __init__(
        self,
        open_mailbox: OpenMailbox,
        store: MailStore,
        alerts: Alerts,
        leases: Leases,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._open_mailbox = open_mailbox
        self._store = store
        self._alerts = alerts
        self._leases = leases
        self._clock = clock
        self._jitter = jitter

    async def __call__(self, run: MailboxRun) -> tuple[PassResult, ServiceError | None]:
        """Run the pass and release the mailbox; an error that stopped it is returned, not raised.

        Returns:
            What was done, and what stopped it if something did. Pages written before an error stay.

        Raises:
            LeaseLost: another worker has the mailbox; nothing may be written about it here.
        """
        started = time.monotonic()
        result = PassResult()
        try:
            async with self._open_mailbox(run) as exchange:
                poll = Poll(run, exchange, self._store, self._alerts, clock=self._clock)
                result = poll.result
                await poll()
        except ServiceError as error:
            result.seconds = time.monotonic() - started
            await self._after_failure(run, result, error)
            return result, error
        result.seconds = time.monotonic() - started
        if run.failures:
            await self._alerts.heal_mailbox(run)
        next_pass = after_success(
            self._clock(),
            polling=run.polling,
            floor=run.polling_floor,
            idle_polls=0 if result.processed else run.idle_polls + 1,
            idle_limit=run.idle_limit,
            streamed=run.streamed_poll,
        )
        await self._leases.finish(run, result, next_pass=next_pass)
        return result, None

    async def _after_failure(self, run: MailboxRun, result: PassResult, error: ServiceError) -> None:
        if error.code == "worker.lease-lost":
            raise error
        to_be_mended = isinstance(error, Misconfigured)
        failures = run.failures + 1
        if to_be_mended or failures >= FAILURES_BEFORE_ALERT:
            await self._alerts.raise_for_mailbox(run, error)
        if to_be_mended and error.scope is Scope.MAILBOX:
            await self._leases.fail(run, result, error, next_pass=None)
            return
        # What is wrong with the server or its profile is no fault of the mailbox, which goes on once it is mended.
        hint = error.details.get("back_off")
        next_pass = after_failure(
            self._clock(),
            failures=failures,
            hint=hint if isinstance(hint, timedelta) else None,
            is_busy=isinstance(error, ServerBusy),
            jitter=self._jitter(),
        )
        await self._leases.fail(run, result, error, next_pass=next_pass)


FAILURES_BEFORE_ALERT = 3
"""Transient trouble is silent until it has happened this often in a row."""
