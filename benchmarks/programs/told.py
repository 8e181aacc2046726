"""A worker that Exchange tells of many mailboxes in which nothing happens; CPU and memory of its process."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import settled_megabytes, spending, take_processor
from benchmarks.programs.company import employ, until, worker
from serversync import bootstrap, logs

POLLED = "select not exists (select from mailbox where processedtimes = 0 or leaseuntil is not null)"
START = 8.0
"""Seconds in which a worker gets ready."""
LIVE = """
    select count(*) = %s from mailbox m join notificationgroup g using (notificationgroupid)
    where m.streamedon is not null and g.livesince is not null and m.leaseuntil is null and m.nextpasson > now()
"""


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Let a worker rest, let it poll and subscribe a few mailboxes and then all of them, and listen; so many seconds each."""
    place = json.loads(Path(arguments["place"]).read_text())
    with bootstrap.start() as environment:
        logs.configure()
        employ(environment.dsn, place, count=arguments["mailboxes"], interval=86_400)
        from serversync.jobs import loop

        return loop.run(
            _listen(environment.dsn, arguments["few"], arguments["mailboxes"], arguments["seconds"])
        )


async def _listen(dsn: str, few: int, mailboxes: int, seconds: float) -> dict[str, float]:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        worker(dsn) as running,
    ):
        await connection.execute(
            "update mailbox set nextpasson = null, processedtimes = 1, streamretryon = 'infinity'"
        )
        await connection.execute("update organization set streamingnotificationsenabled = true")
        await asyncio.sleep(START)
        with spending() as resting:
            await asyncio.sleep(seconds)
        await _subscribe(connection, running, few)
        base = settled_megabytes()
        subscribing = await _subscribe(connection, running, mailboxes)
        with spending() as listening:
            await asyncio.sleep(seconds)
        return {
            "resting": resting.seconds / seconds * 60,
            "subscribing": subscribing / (mailboxes - few),
            "listening": listening.seconds / seconds * 60,
            "grown": (settled_megabytes() - base) / (mailboxes - few),
        }


async def _subscribe(
    connection: psycopg.AsyncConnection[Any], running: "asyncio.Task[None]", count: int
) -> float:
    """Let the first so many mailboxes be polled and then told of; return what the latter cost for those that were not."""
    await connection.execute(
        "update mailbox set nextpasson = now(), processedtimes = 0 where nextpasson is null and mailboxid in"
        " (select mailboxid from mailbox order by emailaddress limit %s)",
        (count,),
    )
    await connection.execute("select pg_notify('serversync_due', '')")
    await until(connection, running, POLLED)
    await connection.execute(
        "update mailbox set changemarktrust = 1, changemarkedon = changemarkedon - interval '1 minute'"
    )
    with spending() as spent:
        await connection.execute("update mailbox set streamretryon = null where nextpasson is not null")
        await until(connection, running, LIVE, count)
    return spent.seconds


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
