"""Puts the mailboxes of a benchmark's Exchange into the CRM, ready to be polled, and runs a worker over them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg


def employ(
    dsn: str, place: dict[str, Any], *, count: int | None = None, interval: int, streams: bool = False
) -> None:
    """Make profile, users and mailboxes; nothing is due before somebody says so.

    Args:
        dsn: The database, whose mailboxes are replaced.
        place: What the benchmark's Exchange tells of itself.
        count: So many of its mailboxes; all by default.
        interval: Seconds between two polls of a mailbox.
        streams: Whether Exchange is to tell of changes.
    """
    from serversync.crm.models import EmailServerProfile, Organization

    addresses = place["addresses"][:count]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "truncate email, messagetrace, mailboxfolder, attachment, mailboxtrackingfolder, notificationgroup,"
            " connectionslot, procrastinate_jobs, procrastinate_workers cascade"
        )
        connection.execute("truncate systemuser, mailbox cascade")
    Organization.objects.current()
    Organization.objects.update(
        pollingintervalinseconds=interval,
        maximumidlepollingintervalinseconds=interval,
        autotracksentfolderitems=True,
        streamingnotificationsenabled=streams,
    )
    profile = EmailServerProfile.objects.filter(name="bench").first() or EmailServerProfile(name="bench")
    profile.incomingserverlocation = place["url"]
    profile.cafile = place["ca_file"]
    profile.incomingusername = place["account"]
    profile.incominguseimpersonation = True
    profile.incomingauthenticationprotocol = 3
    profile.maxconcurrentconnections = 100
    profile.set_incomingpassword(place["password"])
    profile.save()
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "insert into systemuser (systemuserid, domainname, fullname, internalemailaddress)"
            " select gen_random_uuid(), a, a, a from unnest(%s::text[]) a",
            (addresses,),
        )
        connection.execute("update usersettings set incomingemailfilteringmethod = 0")
        connection.execute(
            "update mailbox set emailserverprofile = %s, incomingemaildeliverymethod = 2,"
            " emailrouteraccessapproval = 1, nextpasson = 'infinity'",
            (profile.pk,),
        )
        pairs = [(a, f) for a, folders in zip(addresses, place["folders"], strict=False) for f in folders]
        connection.execute(
            "insert into mailboxtrackingfolder (mailboxtrackingfolderid, mailboxid, exchangefolderid, exchangefoldername)"
            " select gen_random_uuid(), m.mailboxid, t.f, 'Folder' from unnest(%s::text[], %s::text[]) as t (a, f)"
            " join mailbox m on m.emailaddress = t.a",
            ([a for a, _ in pairs], [f for _, f in pairs]),
        )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("vacuum analyze")


@asynccontextmanager
async def worker(dsn: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker while the block lasts."""
    from serversync.jobs.worker import Worker

    one = Worker(dsn)
    running = asyncio.create_task(one.run())
    try:
        yield running
    finally:
        one.stop()
        await running


async def poll_all(
    connection: psycopg.AsyncConnection[Any], running: "asyncio.Task[None]", *, trust: bool = False
) -> None:
    """Make every mailbox due and wait until each was polled.

    Args:
        connection: In autocommit mode.
        running: The worker.
        trust: Then believe the change marks, as after the first mail that a mailbox got.
    """
    await connection.execute("update mailbox set nextpasson = now(), wokenon = null, processedtimes = 0")
    await connection.execute("select pg_notify('serversync_due', '')")
    await _until(
        connection,
        running,
        "select not exists (select from mailbox where processedtimes = 0 or leaseuntil is not null)",
    )
    if trust:
        await connection.execute(
            "update mailbox set changemarktrust = 1, changemarkedon = changemarkedon - interval '1 minute'"
        )


async def until(
    connection: psycopg.AsyncConnection[Any], running: "asyncio.Task[None]", question: str, *values: Any
) -> None:
    """Wait until the database answers a question with yes.

    Raises:
        SystemExit: the worker ended.
    """
    while not running.done():
        rows = await connection.execute(question.encode(), values)
        row = await rows.fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(0.25)
    raise SystemExit("the worker ended")


_until = until
