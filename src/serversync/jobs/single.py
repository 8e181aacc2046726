"""One pass over one mailbox, or the sending of one e-mail, now and in this process."""

import asyncio
from datetime import timedelta
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_leases
from serversync.adapters.leases import claim_one
from serversync.adapters.profiles import ProfileConnections
from serversync.core.errors import InputInvalid, ServiceError
from serversync.database.address import dsn
from serversync.engine.act_run import ActOutcome
from serversync.engine.ports import PassResult
from serversync.jobs.act import Synchronization
from serversync.jobs.batch import BatchRunner
from serversync.jobs.outgoing import OutgoingMail
from serversync.jobs.worker import LEASE, USER_AGENT, host_name, open_pool

PATIENCE = timedelta(minutes=5)
"""How long to wait for a run of the same mailbox that is under way."""
SENDING_PATIENCE = timedelta(minutes=2)
"""How long to wait for an e-mail to leave before it is left to the workers."""
_LOOK_AGAIN = 0.25


async def sync_now(mailboxid: UUID, *, lease: timedelta = LEASE) -> tuple[PassResult, ServiceError | None]:
    """Run one pass, after any other run of the mailbox that is under way.

    Args:
        mailboxid: The mailbox.
        lease: For how long a run is believed to be alive without a sign of life.

    Returns:
        What was done, and what stopped it if something did.

    Raises:
        InputInvalid: the mailbox may not run (not approved, not enabled, no active profile), or another run
            of it does not end.
    """
    async with open_pool(dsn(), size=4) as pool:
        profiles = ProfileConnections(pool, user_agent=USER_AGENT)
        runner = BatchRunner(pool, profiles, host=f"{host_name()}/now", lease=lease)
        try:
            async with runner.heartbeat():
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    fence = None
                    while fence is None:
                        async with pool.connection() as connection:
                            fence = await claim_one(
                                connection, mailboxid, host=f"{host_name()}/now", lease=lease
                            )
                        if fence is None:
                            await asyncio.sleep(_LOOK_AGAIN)
                outcome = await runner.run_one(mailboxid, fence)
        except TimeoutError as error:
            raise InputInvalid(
                field="Mailbox",
                reason="another run of it is under way and does not end, or Exchange asked for a longer pause",
            ) from error
        finally:
            await profiles.close()
    if outcome is None:
        raise InputInvalid(
            field="Mailbox",
            reason="it may not run now: it must be active, enabled, approved, and have an active profile",
        )
    return outcome


async def synchronize_now(
    mailboxid: UUID, *, may_write: bool = True, lease: timedelta = LEASE
) -> tuple[ActOutcome, ServiceError | None]:
    """Bring the appointments, contacts and tasks of a mailbox into step, after any other run that is under way.

    Args:
        mailboxid: The mailbox.
        may_write: ``False`` to plan only: neither side is written.
        lease: For how long a run is believed to be alive without a sign of life.

    Returns:
        What was done, or would be; and what stopped it if something did.

    Raises:
        InputInvalid: the mailbox may not be synchronized, or another run of it does not end.
    """
    host = f"{host_name()}/now"
    async with open_pool(dsn(), size=4) as pool:
        profiles = ProfileConnections(pool, user_agent=USER_AGENT)
        synchronization = Synchronization(pool, profiles, host=host, lease=lease)
        try:
            async with synchronization.heartbeat():
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    fence = None
                    while fence is None:
                        async with pool.connection() as connection:
                            fence = await act_leases.claim_one(connection, mailboxid, host=host, lease=lease)
                        if fence is None:
                            await asyncio.sleep(_LOOK_AGAIN)
                outcome = await synchronization.run_one(mailboxid, fence, may_write=may_write)
        except TimeoutError as error:
            raise InputInvalid(
                field="Mailbox", reason="another run of it is under way and does not end"
            ) from error
        finally:
            await profiles.close()
    if outcome is None:
        raise InputInvalid(
            field="Mailbox",
            reason="its appointments, contacts and tasks may not be synchronized now: it must be the active, approved"
            " mailbox of a user, with that method and an active profile",
        )
    return outcome


async def deliver_now(activityid: UUID, *, lease: timedelta = LEASE) -> None:
    """Send one e-mail, and what else is due meanwhile; return once it has left or failed, or has to wait.

    Args:
        activityid: An e-mail that was handed over to be sent.
        lease: For how long a run is believed to be alive without a sign of life.
    """
    host = f"{host_name()}/now"
    async with open_pool(dsn(), size=4) as pool:
        profiles = ProfileConnections(pool, user_agent=USER_AGENT)
        outgoing = OutgoingMail(pool, profiles, conninfo=dsn(), host=host, lease=lease)
        working = asyncio.create_task(outgoing.run())
        try:
            async with asyncio.timeout(SENDING_PATIENCE.total_seconds()):
                while not working.done() and await _is_on_its_way(pool, activityid):
                    await asyncio.wait([working], timeout=_LOOK_AGAIN)
        except TimeoutError:
            return
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await profiles.close()


async def _is_on_its_way(pool: AsyncConnectionPool, activityid: UUID) -> bool:
    """Tell whether an e-mail is being sent, or will be in a moment."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "select from email e join emaildelivery d using (activityid) where activityid = %s"
            " and e.statuscode in (6, 7) and d.lasterror is null and d.dueon <= now()",
            (activityid,),
        )
        return await rows.fetchone() is not None
