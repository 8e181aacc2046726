"""Mailboxes beside one that Exchange throttles: how long the others take, with it and without it, over a whole worker."""

import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import take_processor
from benchmarks.programs.company import employ, until, worker
from serversync import bootstrap, logs

DONE = """
    select not exists (select from mailbox where leaseuntil is not null or emailaddress <> %s and processedtimes = 0)
        and (not %s or exists (select from mailbox where emailaddress = %s and receivingpostponeduntil is not null))
"""


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Poll all mailboxes so many rounds, the throttled one being due in every other round."""
    place = json.loads(Path(arguments["place"]).read_text())
    with bootstrap.start() as environment:
        logs.configure()
        employ(environment.dsn, place, interval=86_400)
        from serversync.jobs import loop

        return loop.run(_rounds(environment.dsn, arguments["throttled"], arguments["rounds"]))


async def _rounds(dsn: str, throttled: str, rounds: int) -> dict[str, float]:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        worker(dsn) as running,
    ):
        await connection.execute("update emailserverprofile set maxconcurrentconnections = 10")
        alone, beside = [], []
        for number in range(-2, 2 * rounds):
            took = await _round(connection, running, throttled, beside=number % 2 == 1)
            if number < 0:
                continue  # the first listings, and connections that are opened and log on
            (beside if number % 2 == 1 else alone).append(took)
        return {"alone": statistics.median(alone), "beside": statistics.median(beside)}


async def _round(
    connection: psycopg.AsyncConnection[Any], running: "asyncio.Task[None]", throttled: str, *, beside: bool
) -> float:
    """Return how long the others waited on average until they were polled, by the clock of the database."""
    await connection.execute(
        "update mailbox set receivingpostponeduntil = null, transientfailurecount = 0, processedtimes = 0,"
        " wokenon = null, lastsyncerrorcount = 0, changemarktrust = 0,"
        " nextpasson = case when emailaddress <> %(throttled)s or %(beside)s then now() end",
        {"throttled": throttled, "beside": beside},
    )
    rows = await connection.execute("select now() from pg_notify('serversync_due', '')")
    (began,) = await rows.fetchall()
    await until(connection, running, DONE, throttled, beside, throttled)
    rows = await connection.execute(
        "select avg(extract(epoch from lastsuccessfulsynccompletedon - %s::timestamptz)) from mailbox"
        " where emailaddress <> %s",
        (began[0], throttled),
    )
    ((seconds,),) = await rows.fetchall()
    return float(seconds)


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
