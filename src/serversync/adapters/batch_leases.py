"""Claims of a batch: begun together with their plans, and given back together where a poll brought nothing.

An idle poll costs the database a share of three statements instead of its own. What is not written yet when the
process dies is as if it had not been polled: the lease ends, and the mailbox falls due again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from serversync.adapters.leases import Claim, Finished, MailboxLeases
from serversync.core.errors import ServiceError
from serversync.engine.ports import MailboxRun, PassResult

MOST_WAITING: Final = 50
"""Idle polls that are written together at most."""


class BatchLeases:
    """``Leases`` for the mailboxes of one batch; ``write`` is to be called at its end, and now and then before.

    Args:
        leases: The claims of this worker.
    """

    def __init__(self, leases: MailboxLeases) -> None:
        self._leases = leases
        self._waiting: list[Finished] = []

    async def begin(self, claims: Sequence[Claim]) -> list[MailboxRun]:
        """Take up claims; those are left out that somebody else has meanwhile, or that may not run."""
        return await self._leases.begin_all(claims, planned=True)

    async def finish(self, run: MailboxRun, result: PassResult, *, next_pass: datetime) -> None:
        """See ``Leases``; where nothing was found it is written a little later."""
        if result.processed or run.failures:
            await self._leases.finish(run, result, next_pass=next_pass)
            return
        self._waiting.append(Finished(run, result, next_pass))
        if len(self._waiting) >= MOST_WAITING:
            await self.write()

    async def fail(
        self, run: MailboxRun, result: PassResult, error: ServiceError, *, next_pass: datetime | None
    ) -> None:
        """See ``Leases``."""
        await self._leases.fail(run, result, error, next_pass=next_pass)

    async def write(self) -> None:
        """Write what has waited."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            await self._leases.finish_all(waiting)
