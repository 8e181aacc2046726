"""The jobs that the queue knows."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from procrastinate import JobContext
from procrastinate.contrib.django import app

MAILBOXES = "mailboxes"
"""Queue of passes over mailboxes."""

RunClaims = Callable[[list[tuple[UUID, int]]], Awaitable[None]]


@app.task(name="serversync.run_mailboxes", queue=MAILBOXES, pass_context=True)
async def run_mailboxes(context: JobContext, claims: list[list[str | int]]) -> None:
    """Run one pass over each claimed mailbox of a batch; claims that were lost meanwhile are left out.

    Args:
        context: Carries the worker's ``run_claims``.
        claims: Pairs of mailbox id and fence.
    """
    run: RunClaims = context.additional_context["run_claims"]
    await run([(UUID(str(mailboxid)), int(fence)) for mailboxid, fence in claims])
