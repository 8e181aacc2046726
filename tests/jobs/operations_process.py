"""A process that works off jobs against an Exchange that always answers, for the tests that kill it."""

import asyncio
import os
from datetime import timedelta
from types import SimpleNamespace

from serversync import bootstrap


async def answers(_connections: object, asked: SimpleNamespace) -> object:
    """Answer like an Inbox that can be opened; every tenth mailbox is not there."""
    from serversync.administration.enabling import Trial
    from serversync.core.errors import MailboxNotFound

    await asyncio.sleep(0)
    address = asked.address or "0"
    number = int(address.partition("@")[0].removeprefix("user"))
    error = MailboxNotFound(mailbox=address) if number % 10 == 0 else None
    return Trial(address, 1, folder="Inbox", total_count=0, error=error)


class NoServer:
    """Connections to nowhere."""

    async def close(self) -> None:
        """Close nothing."""


async def main(dsn: str) -> None:
    """Work until killed."""
    from serversync.administration.enabling import Direction
    from serversync.jobs.operations import OperationRunner
    from serversync.jobs.worker import open_pool

    async with open_pool(dsn) as pool:
        runner = OperationRunner(
            pool,
            NoServer,  # type: ignore[arg-type]  # the trial asks none
            host=f"process/{os.getpid()}",
            lease=timedelta(seconds=1),
            trials={Direction.INCOMING: answers},  # type: ignore[dict-item]
        )
        await runner.run(dsn)


if __name__ == "__main__":
    with bootstrap.start(migrate=False) as environment:
        asyncio.run(main(environment.dsn))
