"""A worker that Exchange tells of its mailboxes; says when all are told of, and ends when its input does."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measure import take_processor
from benchmarks.programs.company import employ, poll_all, until, worker
from benchmarks.programs.told import LIVE
from serversync import bootstrap, logs


def main(arguments: dict[str, Any]) -> None:
    """Listen until the input ends."""
    place = json.loads(Path(arguments["place"]).read_text())
    with bootstrap.start() as environment:
        logs.configure()
        employ(environment.dsn, place, interval=86_400, streams=True)
        from serversync.jobs import loop

        loop.run(_listen(environment.dsn, len(place["addresses"])))


async def _listen(dsn: str, mailboxes: int) -> None:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        worker(dsn) as running,
    ):
        await poll_all(connection, running)
        await until(connection, running, LIVE, mailboxes)
        print("listening", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    take_processor()
    main(json.loads(sys.argv[1]))
