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
    """Poll every mailbox once, subscribe them all, and then listen for so many seconds."""
    place = json.loads(Path(arguments["place"]).read_text())
    with bootstrap.start() as environment:
        logs.configure()
        employ(environment.dsn, place, count=arguments["mailboxes"], interval=86_400)
        from serversync.jobs import loop

        return loop.run(_listen(environment.dsn, arguments["mailboxes"], arguments["seconds"]))


async def _listen(dsn: str, mailboxes: int, seconds: float) -> dict[str, float]:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        worker(dsn) as running,
    ):
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
            "resident": resident_megabytes(),
        }


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
