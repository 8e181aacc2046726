"""One pass over the appointments, contacts and tasks of a claimed mailbox, with what follows from how it went."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from serversync.core.errors import Misconfigured, Scope, ServerBusy, ServiceError
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActAlerts, ActMailbox, ActRun, ActStore
from serversync.engine.run import FAILURES_BEFORE_ALERT
from serversync.rules.guards import Held
from serversync.rules.marker import SyncingOrganization
from serversync.rules.plan import Plan, Step
from serversync.rules.record import Kind
from serversync.rules.schedule import after_failure, after_success

IDLE_STEPS = frozenset({Step.NOTHING, Step.LOOK_AGAIN, Step.HOLD})
"""Steps after which nothing is another than before."""


@dataclass(frozen=True, slots=True)
class ActClaim:
    """A claimed mailbox: the run, and what decides on where it goes, who hears of it and when it runs next.

    ``organization`` is the one that the pass is for.
    ``takes_all`` are the kinds of which every item in Exchange takes part; of the others those with ``category``.
    ``takes_assigned`` says that tasks take part which somebody has assigned to the owner in Outlook.
    ``subfolders`` says that appointments in sub-folders of the calendar take part, too.
    ``zone`` is the one in which appointments that last whole days are made.
    ``largest_file`` is how many bytes a photo or file may have at most, ``blocked_files`` which endings no file may have.
    ``waited`` says how long the mailbox had been due.
    ``is_agreed`` says that the mailbox may be written: somebody has looked at its first plan, or nobody has to.
    """

    run: ActRun
    hostid: str
    profileid: UUID
    organization: SyncingOrganization
    ownerid: UUID | None = None
    polling: timedelta = timedelta(minutes=2)
    polling_floor: timedelta = timedelta()
    idle_limit: timedelta = timedelta(minutes=5)
    idle_passes: int = 0
    failures: int = 0
    takes_all: frozenset[Kind] = frozenset()
    category: str = ""
    takes_assigned: bool = False
    subfolders: bool = True
    zone: str = "UTC"
    largest_file: int = 5 << 20
    blocked_files: str = ""
    is_agreed: bool = True
    waited: timedelta | None = None

    @property
    def mailboxid(self) -> UUID:
        """The mailbox."""
        return self.run.mailboxid

    @property
    def address(self) -> str:
        """Its address."""
        return self.run.address


@dataclass(slots=True)
class ActOutcome:
    """What a pass did, or would do: its plan, and what was set aside, was in conflict, or waits for a person."""

    plan: Plan = field(default_factory=lambda: Plan(()))
    failed: int = 0
    conflicts: int = 0
    seconds: float = 0.0
    held: tuple[Held, ...] = ()
    is_plan_only: bool = False

    @property
    def processed(self) -> int:
        """How many records were written, linked, parted or deleted."""
        counts = self.plan.counts
        return sum(count for step, count in counts.items() if step not in IDLE_STEPS)


class ActPassAlerts(ActAlerts, Protocol):
    """Where a person is told, also of the mailbox as a whole."""

    waiting: tuple[Held, ...]
    """The deletions that wait since this pass."""

    async def raise_for_mailbox(self, error: ServiceError) -> None:
        """The mailbox as a whole cannot be synchronized."""
        ...

    async def heal(self) -> None:
        """It works: what was said of the mailbox as a whole is over, and so are deletions that do not wait any more."""
        ...


class ActLeases(Protocol):
    """What a pass leaves behind on its mailbox."""

    async def finish(self, claim: ActClaim, outcome: ActOutcome, *, next_pass: datetime | None) -> None:
        """Release after success; ``next_pass`` ``None`` where a person has to look at the plan first."""
        ...

    async def fail(
        self, claim: ActClaim, outcome: ActOutcome, error: ServiceError, *, next_pass: datetime | None
    ) -> None:
        """Release after trouble; ``next_pass`` ``None`` switches appointments, contacts and tasks off."""
        ...


OpenActMailbox = Callable[[ActClaim], AbstractAsyncContextManager[ActMailbox]]
"""Opens the Exchange side of a claimed mailbox."""


class ActRunner:
    """Runs passes; one instance serves all mailboxes of a worker."""

    def __init__(
        self,
        open_mailbox: OpenActMailbox,
        store: ActStore,
        alerts: Callable[[ActClaim], ActPassAlerts],
        leases: ActLeases,
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

    async def __call__(self, claim: ActClaim) -> tuple[ActOutcome, ServiceError | None]:
        """Run the pass and release the mailbox; an error that stopped it is returned, not raised.

        Returns:
            What was done, and what stopped it if something did. Pairs that were settled before an error stay so.

        Raises:
            LeaseLost: another worker has the mailbox; nothing may be written about it here.
        """
        started = time.monotonic()
        alerts = self._alerts(claim)
        one: ActPass | None = None
        error: ServiceError | None = None
        try:
            async with self._open_mailbox(claim) as mailbox:
                one = ActPass(claim.run, mailbox, self._store, alerts, clock=self._clock)
                await one()
        except ServiceError as trouble:
            if trouble.code == "worker.lease-lost":
                raise
            error = trouble
        outcome = ActOutcome(seconds=time.monotonic() - started, held=alerts.waiting)
        outcome.is_plan_only = not claim.run.may_write
        if one is not None:
            outcome.plan, outcome.failed = one.plan, one.result.failed
            outcome.conflicts = one.result.conflicts
        if error is not None:
            await self._after_failure(claim, alerts, outcome, error)
            return outcome, error
        if not outcome.is_plan_only:
            await alerts.heal()
        await self._leases.finish(claim, outcome, next_pass=self._next(claim, outcome))
        return outcome, None

    def _next(self, claim: ActClaim, outcome: ActOutcome) -> datetime | None:
        if outcome.is_plan_only:
            return None
        return after_success(
            self._clock(),
            polling=claim.polling,
            floor=claim.polling_floor,
            idle_polls=0 if outcome.processed else claim.idle_passes + 1,
            idle_limit=claim.idle_limit,
        )

    async def _after_failure(
        self, claim: ActClaim, alerts: ActPassAlerts, outcome: ActOutcome, error: ServiceError
    ) -> None:
        to_be_mended = isinstance(error, Misconfigured)
        failures = claim.failures + 1
        if to_be_mended or failures >= FAILURES_BEFORE_ALERT:
            await alerts.raise_for_mailbox(error)
        if to_be_mended and error.scope is Scope.MAILBOX:
            await self._leases.fail(claim, outcome, error, next_pass=None)
            return
        hint = error.details.get("back_off")
        next_pass = after_failure(
            self._clock(),
            failures=failures,
            hint=hint if isinstance(hint, timedelta) else None,
            is_busy=isinstance(error, ServerBusy),
            jitter=self._jitter(),
        )
        await self._leases.fail(claim, outcome, error, next_pass=next_pass)
