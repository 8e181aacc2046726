"""From a delivery in Exchange to the committed rows, told over a stream; and what many open streams cost.

The latency is that of a whole worker in a process of its own: what counts is the time from the delivery, told by the
Exchange, until another session of the database sees the e-mail, looked for every few milliseconds.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console

from benchmarks.idle import exchange
from benchmarks.measure import program, servers_apart
from benchmarks.result import Row
from serversync.database.leasing import take_lease

MAILBOXES = 50
DELIVERIES = 60
STREAMS = 500
LOOK = 0.005
PATIENCE = 30.0


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    deliveries, few, many = (5, 5, 20) if quick else (DELIVERIES, 20, STREAMS)
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as name:
        folder = Path(name)
        os.environ["SERVERSYNC_DATA"] = str(folder / "data")
        os.environ.pop("DATABASE_URL", None)
        with servers_apart(), closing(take_lease()) as lease:
            with exchange(folder, mailboxes=MAILBOXES, folders=1) as process:
                console.print(f"latency of {deliveries} deliveries ...")
                waits = _latencies(lease.dsn, process, folder, deliveries)
            with exchange(folder, mailboxes=many, folders=0):
                console.print(f"{few} and {many} open streams ...")
                place = str(folder / "place.json")
                base = program("streams", place=place, streams=few, seconds=1)
                told = program("streams", place=place, streams=many, seconds=5 if quick else 60)
    median = statistics.median(waits)
    kilobytes = 1024 * (told["resident"] - base["resident"]) / (many - few)
    return [
        Row("notifications.goal", 1.0, "s"),
        Row("notifications.delivered-to-tracked", median, "s", "notifications.goal", median, 1.0),
        Row("notifications.delivered-to-tracked-worst", max(waits), "s"),
        Row(f"notifications.open-{many}-streams", told["opening"] / many * 1000, "ms CPU/stream"),
        Row(f"notifications.hold-{many}-streams", told["holding"] * 1000, "ms CPU/s"),
        Row("notifications.memory", kilobytes, "KB/stream"),
    ]


def _latencies(dsn: str, exchange_process: Any, folder: Path, deliveries: int) -> list[float]:
    """Run a worker and deliver one message after the other to mailboxes at random."""
    place = json.loads((folder / "place.json").read_text())
    arguments = json.dumps({"place": str(folder / "place.json")})
    command = [sys.executable, "-m", "benchmarks.programs.listener", arguments]
    chance = random.Random(0)  # noqa: S311 - no secret depends on it
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None  # noqa: S101 - a pipe was asked for
        assert worker.stdin is not None  # noqa: S101 - the same
        try:
            if worker.stdout.readline() != "listening\n":
                raise SystemExit("the worker has not begun to listen")
            with psycopg.connect(dsn, autocommit=True) as connection:
                return [
                    _one(connection, exchange_process, chance.choice(place["addresses"]), number, chance)
                    for number in range(deliveries)
                ]
        finally:
            worker.stdin.close()


def _one(
    connection: psycopg.Connection[Any],
    exchange_process: Any,
    address: str,
    number: int,
    chance: random.Random,
) -> float:
    """Deliver a message and wait until it is tracked; return how long that took."""
    time.sleep(chance.random())  # so that deliveries meet the worker at any point of its turns
    exchange_process.stdin.write(f"deliver {address} {number}\n")
    exchange_process.stdin.flush()
    delivered = json.loads(exchange_process.stdout.readline())["at"]
    while connection.execute("select count(*) from email").fetchone() == (number,):
        if time.time() - delivered > PATIENCE:
            raise SystemExit(f"message {number} was not tracked")
        time.sleep(LOOK)
    return time.time() - delivered
