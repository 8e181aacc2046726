"""The jobs that the queue knows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.types import JSONValue

from serversync.adapters.leases import Claim

MAILBOXES = "mailboxes"
"""Queue of passes over mailboxes."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed mailboxes of one profile, and the connections that were leased for them.

    ``slotid`` is ``None`` where each mailbox has credentials, and so a limit, of its own.
    """

    profileid: UUID
    slotid: UUID | None
    claims: list[Claim]

    def arguments(self) -> dict[str, JSONValue]:
        """Return it as the arguments of its job."""
        return {
            "profileid": str(self.profileid),
            "slotid": str(self.slotid) if self.slotid else None,
            "claims": [f"{claim.mailboxid} {claim.fence}" for claim in self.claims],
        }


RunBatch = Callable[[Batch], Awaitable[None]]


@app.task(name="serversync.run_mailboxes", queue=MAILBOXES, pass_context=True)
async def run_mailboxes(
    context: JobContext,
    claims: list[str | list[str | int]],
    profileid: str | None = None,
    slotid: str | None = None,
) -> None:
    """Run one pass over each claimed mailbox of a batch; claims that were lost meanwhile are left out.

    Args:
        context: Carries the worker's ``run_batch``.
        claims: Mailbox id and fence each; as a pair where a former version enqueued the job.
        profileid: Their profile. Without it the job is of a version that leased no connections: its mailboxes fall
            due again when their claims end.
        slotid: The lease of their connections, where the limit is the profile's.
    """
    run: RunBatch = context.additional_context["run_batch"]
    if profileid is None:
        return
    await run(
        Batch(
            UUID(profileid),
            UUID(slotid) if slotid else None,
            [_claim(each) for each in claims],
        )
    )


def _claim(told: str | list[str | int]) -> Claim:
    mailboxid, fence = told.split() if isinstance(told, str) else told
    return Claim(UUID(str(mailboxid)), int(fence))
