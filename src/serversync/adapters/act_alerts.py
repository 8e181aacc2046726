"""Alerts about appointments, contacts and tasks of one mailbox, in ``tracelog``."""

from collections.abc import Sequence
from typing import Final

from serversync.adapters.alerts import TraceLogAlerts
from serversync.core.errors import DeletionsHeld, PlanWaiting, ServiceError
from serversync.engine.act_ports import ActRun
from serversync.engine.act_run import ActClaim
from serversync.rules.guards import Held
from serversync.rules.plan import Plan, Step

_WARNING: Final = 2
_ERROR: Final = 3
_OF_A_RECORD: Final = "item"
_OF_THE_MAILBOX: Final = "synchronization"
_OF_DELETIONS: Final = "held deletions"
_OF_THE_PLAN: Final = "plan"

_REPLACED: Final = (
    "it has lost the marker of this organization, as an empty mailbox under an old address has; it can be filled again"
    " from the CRM; what is missing there: "
)


class ActTraceAlerts:
    """``ActPassAlerts`` over the alerts of mail; those of the one heal apart from those of the other."""

    def __init__(self, alerts: TraceLogAlerts, claim: ActClaim) -> None:
        self._alerts = alerts
        self._claim = claim
        self.waiting: tuple[Held, ...] = ()

    async def held(self, run: ActRun, held: Sequence[Held]) -> None:
        """See ``ActAlerts``."""
        self.waiting = tuple(held)
        what = _REPLACED if run.is_replaced else ""
        what += "; ".join(
            f"{each.step.value}: {each.deletions} of {each.linked} {each.kind.plural}"
            f" ({', '.join(title or 'without a name' for title in each.titles)}"
            f"{', ...' if each.deletions > len(each.titles) else ''})"
            for each in held
        )
        error = DeletionsHeld(
            mailbox=run.address, count=sum(each.deletions for each in held), what=what[:1500]
        )
        await self._alerts.tell(self._claim, error, str(error), level=_ERROR, kind=_OF_DELETIONS)

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        """See ``ActAlerts``."""
        text = f'"{title}" of {run.address} is not synchronized: {error}'
        await self._alerts.tell(self._claim, error, text, level=_ERROR, kind=_OF_A_RECORD)

    async def planned(self, run: ActRun, plan: Plan) -> None:
        """See ``ActAlerts``; who asked for a plan by hand is told by its command."""
        if self._claim.is_agreed:
            return
        counts = [f"{step.value}: {count}" for step, count in plan.counts.items() if step is not Step.NOTHING]
        error = PlanWaiting(mailbox=run.address, counts=", ".join(counts) or "nothing to do")
        await self._alerts.tell(self._claim, error, str(error), level=_WARNING, kind=_OF_THE_PLAN)

    async def raise_for_mailbox(self, error: ServiceError) -> None:
        """See ``ActPassAlerts``."""
        text = f"Appointments, contacts and tasks of {self._claim.address} are not synchronized: {error}"
        await self._alerts.tell(self._claim, error, text, level=_ERROR, kind=_OF_THE_MAILBOX)

    async def heal(self) -> None:
        """See ``ActPassAlerts``. A pass that may write is one whose plan was agreed to."""
        kinds = [_OF_THE_MAILBOX, _OF_THE_PLAN]
        if not self.waiting:
            kinds.append(_OF_DELETIONS)
        await self._alerts.heal(self._claim.mailboxid, kinds)
