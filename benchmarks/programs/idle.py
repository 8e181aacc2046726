"""Idle polls of ours: a whole worker, from the claim to what a poll leaves behind; CPU and memory of its process."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import resident_megabytes, spending, take_processor
from benchmarks.programs.company import employ, poll_all, worker
from serversync import bootstrap, logs


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Poll all mailboxes so many rounds, after rounds that make the change marks known and believed."""
    place = json.loads(Path(arguments["place"]).read_text())
    with bootstrap.start() as environment:
        logs.configure()
        employ(environment.dsn, place, count=arguments["mailboxes"], interval=86_400)
        from serversync.jobs import loop

        return loop.run(_rounds(environment.dsn, arguments["rounds"], arguments["mailboxes"]))


async def _rounds(dsn: str, rounds: int, mailboxes: int) -> dict[str, float]:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        worker(dsn) as running,
    ):
        await poll_all(connection, running, trust=True)
        await poll_all(connection, running)
        began = time.monotonic()
        with spending() as spent:
            for _ in range(rounds):
                await poll_all(connection, running)
        elapsed = time.monotonic() - began
        rows = await connection.execute("select min(pollsskipped) from mailbox")
        (skipped,) = await rows.fetchone() or (0,)
        if skipped < rounds:
            raise SystemExit("polls have listed folders although nothing had changed")
        return {
            "cpu": spent.seconds / rounds / mailboxes,
            "elapsed": elapsed / rounds,
            "resident": resident_megabytes(),
        }


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
