"""A worker that Exchange tells of many mailboxes in which nothing happens; CPU and memory of its process."""

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import resident_megabytes, spending, take_processor
from benchmarks.programs.company import employ, poll_all, until, worker
from serversync import bootstrap, logs

LIVE = """
    select count(*) = %s from mailbox m join notificationgroup g using (notificationgroupid)
    where m.streamedon is not null and g.livesince is not null and m.leaseuntil is null and m.nextpasson > now()
"""


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Poll and subscribe a few mailboxes, then all of them, and then listen for so many seconds."""
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
        await connection.execute("update organization set streamingnotificationsenabled = true")
        await connection.execute(
            "update mailbox set nextpasson = now(), wokenon = null where mailboxid in"
            " (select mailboxid from mailbox order by emailaddress limit %s)",
            (few,),
        )
        await connection.execute("update mailbox set nextpasson = null where nextpasson = 'infinity'")
        await until(connection, running, LIVE, few)
        gc.collect()
        base = resident_megabytes()
        await connection.execute("update organization set streamingnotificationsenabled = false")
        await connection.execute("update mailbox set nextpasson = 'infinity' where nextpasson is null")
        await poll_all(connection, running, trust=True)
        with spending() as subscribing:
            await connection.execute("update organization set streamingnotificationsenabled = true")
            await until(connection, running, LIVE, mailboxes)
        with spending() as listening:
            await asyncio.sleep(seconds)
        gc.collect()
        return {
            "subscribing": subscribing.seconds,
            "listening": listening.seconds / seconds * 60,
            "grown": (resident_megabytes() - base) / (mailboxes - few),
        }


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
