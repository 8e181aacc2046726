"""The worker process: takes batches from the queue, runs their mailboxes, and claims what falls due.

It survives a restart of the database (it connects again), and being killed: what it had claimed falls due
again when the leases end, and every page that it had written is complete.
"""

import asyncio
import os
import signal
import socket
from contextlib import AsyncExitStack
from datetime import timedelta

import msgspec
import psycopg
import structlog
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from serversync import __version__
from serversync.adapters.notification_groups import NotificationGroups
from serversync.adapters.profiles import ProfileConnections
from serversync.jobs.act import Synchronization
from serversync.jobs.batch import BatchRunner
from serversync.jobs.certificates import watch_certificates
from serversync.jobs.connections import leave_connection
from serversync.jobs.dispatcher import Dispatcher
from serversync.jobs.ending import end
from serversync.jobs.housekeeping import keep_house
from serversync.jobs.notifications import Notifier
from serversync.jobs.operations import OperationRunner
from serversync.jobs.outgoing import OutgoingMail
from serversync.jobs.passwords import watch_passwords
from serversync.jobs.places import Places
from serversync.jobs.tasks import MAILBOXES, Batch
from serversync.jobs.tuning import tune_process
from serversync.jobs.wake import ListeningConnection

log = structlog.get_logger(__name__)

USER_AGENT = f"serversync/{__version__}"
LEASE = timedelta(seconds=30)
JOBS_AT_ONCE = 4
STALLED_AFTER = timedelta(seconds=90)
TIDY_EVERY = timedelta(seconds=30)
GRACE = timedelta(seconds=20)
RECONNECT_AFTER = timedelta(seconds=1)


def host_name() -> str:
    """Return the name under which this process holds leases."""
    return f"{socket.gethostname()}/{os.getpid()}"


async def _configure(connection: psycopg.AsyncConnection) -> None:
    """Let a connection read JSON in a fifth of the time that the standard library takes: each plan of a pass is JSON."""
    set_json_loads(msgspec.json.decode, context=connection)


def open_pool(dsn: str, *, size: int = 8, idle: timedelta = LEASE) -> AsyncConnectionPool:
    """Return a pool, not open yet, of connections in autocommit mode.

    Args:
        dsn: The database.
        size: The most connections.
        idle: A transaction in which nothing happens for so long is ended by the database, so that a process that
            was stopped in the middle of it keeps its locks no longer than its leases.
    """
    options = f"-c idle_in_transaction_session_timeout={round(idle.total_seconds() * 1000)}"
    return AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        open=False,
        configure=_configure,
        kwargs={"autocommit": True, "options": options},
        name="serversync",
    )


class Worker:
    """One worker process."""

    def __init__(self, dsn: str, *, lease: timedelta = LEASE) -> None:
        self._dsn = dsn
        self._lease = lease
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Finish the passes under way and end."""
        self._stop.set()

    async def run(self, *, handle_signals: bool = False) -> None:
        """Work until ``stop`` is called, or SIGTERM or SIGINT arrive where signals are handled here."""
        if handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.stop)
        tune_process()
        try:
            while not self._stop.is_set():
                try:
                    await self._work()
                except (psycopg.OperationalError, PoolTimeout, ConnectorException) as error:
                    log.warning("database went away, connecting again", error=str(error).strip())
                    await self._pause(RECONNECT_AFTER)
        finally:
            await leave_connection()

    async def _pause(self, duration: timedelta) -> None:
        try:
            async with asyncio.timeout(duration.total_seconds()):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _work(self) -> None:
        """Run everything until it is to stop, or until one part of it fails."""
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(open_pool(self._dsn, idle=self._lease))
            profiles = ProfileConnections(pool, user_agent=USER_AGENT)
            stack.push_async_callback(profiles.close)
            runner = BatchRunner(pool, profiles, host=host_name(), lease=self._lease)
            beating = await stack.enter_async_context(runner.heartbeat())
            connector = PsycopgConnector(
                conninfo=self._dsn, min_size=2, max_size=8, connection_class=ListeningConnection
            )
            stack.enter_context(app.replace_connector(connector))
            await stack.enter_async_context(app.open_async())
            places = Places(JOBS_AT_ONCE)
            dispatcher = Dispatcher(pool, self._dsn, host=host_name(), lease=self._lease, places=places)

            async def run_batch(batch: Batch) -> None:
                with places.take():
                    await runner.run_batch(batch)

            groups = NotificationGroups(pool, host=host_name(), lease=self._lease)
            notifier = Notifier(groups, profiles, runner.slots, lease=self._lease)
            queue = asyncio.create_task(
                app.run_worker_async(
                    queues=[MAILBOXES],
                    name=host_name(),
                    concurrency=JOBS_AT_ONCE,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=GRACE.total_seconds(),
                    additional_context={"run_batch": run_batch},
                )
            )
            outgoing = OutgoingMail(pool, profiles, conninfo=self._dsn, host=host_name(), lease=self._lease)
            synchronization = Synchronization(pool, profiles, host=host_name(), lease=self._lease)
            operations = OperationRunner(
                pool,
                lambda: ProfileConnections(pool, user_agent=USER_AGENT, by_hand=True, slots=runner.slots),
                host=host_name(),
            )
            parts = [
                queue,
                asyncio.create_task(operations.run(self._dsn)),
                asyncio.create_task(keep_house()),
                asyncio.create_task(watch_certificates(pool)),
                asyncio.create_task(watch_passwords(pool, profiles, runner.slots)),
                asyncio.create_task(dispatcher.run()),
                asyncio.create_task(notifier.run()),
                asyncio.create_task(outgoing.run()),
                asyncio.create_task(synchronization.run(self._dsn)),
                asyncio.create_task(self._tidy()),
                asyncio.create_task(self._stop.wait()),
            ]
            log.info("worker ready", host=host_name())
            await asyncio.wait([*parts, beating], return_when=asyncio.FIRST_COMPLETED)
            outcomes = await end(parts, again_after=GRACE + timedelta(seconds=5))
            if beating.done() and (failure := beating.exception()):
                raise failure
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _tidy(self) -> None:
        """Finish, as failed, jobs whose worker is gone; their mailboxes fall due again by their leases.

        They are not retried: a retried job of old claims would find nothing to do.
        """
        while True:
            for job in await app.job_manager.get_stalled_jobs(
                queue=MAILBOXES, seconds_since_heartbeat=STALLED_AFTER.total_seconds()
            ):
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
            await asyncio.sleep(TIDY_EVERY.total_seconds())
