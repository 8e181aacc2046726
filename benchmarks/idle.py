"""What mailboxes cost in which nothing happens: a poll, an hour of many, and memory.

A poll is the whole way, from the claim in the database to what the poll leaves there, through the worker as it is
shipped. exchangelib asks the same of the same Exchange: ``SyncFolderItems`` with the kept state of each folder, its
accounts and folders being at hand. All figures are CPU and memory of the client process.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.measure import program, servers_apart
from benchmarks.result import Row
from serversync.database.leasing import take_lease

TURNS = 3
TRACKED = 3
"""Tracked folders of a mailbox, beside Inbox and Sent Items."""
POLLS_AN_HOUR = 12
MANY = 10_000


@contextmanager
def exchange(folder: Path, *, mailboxes: int, folders: int, throttled: str = "") -> Iterator[Any]:
    """Run an Exchange of so many mailboxes with so many folders below the Inbox; gives its process.

    It always answers ``throttled`` that it is busy. What it tells of itself is in the file ``place.json`` of the folder.
    """
    command = [sys.executable, "-m", "benchmarks.programs.exchange"]
    arguments = json.dumps({"mailboxes": mailboxes, "folders": folders, "throttled": throttled})
    with subprocess.Popen(
        [*command, arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            (folder / "place.json").write_text(process.stdout.readline())
            yield process
        finally:
            process.terminate()


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    amount, few, many = (100, 50, 200) if quick else (400, 1_000, 3_000)
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as name:
        folder = Path(name)
        os.environ["SERVERSYNC_DATA"] = str(folder / "data")
        os.environ.pop("DATABASE_URL", None)
        with servers_apart(), closing(take_lease()):
            rows = _polls(console, folder, amount, quick=quick)
            rows += _hours(console, folder, few, many, seconds=5 if quick else 60)
    return rows


def _polls(console: Console, folder: Path, amount: int, *, quick: bool) -> list[Row]:
    """Compare a poll of ours with one of exchangelib."""
    place = str(folder / "place.json")
    ours: list[float] = []
    peer: list[float] = []
    with exchange(folder, mailboxes=amount, folders=TRACKED):
        for turn in range(1 if quick else TURNS):
            console.print(f"idle polls: turn {turn + 1} ...")
            ours.append(program("idle", place=place, mailboxes=amount, rounds=2)["cpu"])
            peer.append(program("idle_peer", place=place, mailboxes=min(amount, 100), rounds=2)["cpu"])
    unit, mine, theirs = "ms CPU/poll", 1000 * statistics.median(ours), 1000 * statistics.median(peer)
    return [
        Row(f"idle.exchangelib-{2 + TRACKED}-folders", theirs, unit),
        Row(
            f"idle.ours-{2 + TRACKED}-folders",
            mine,
            unit,
            f"idle.exchangelib-{2 + TRACKED}-folders",
            mine / theirs,
            0.1,
        ),
    ]


def _hours(console: Console, folder: Path, few: int, many: int, *, seconds: int) -> list[Row]:
    """An hour of 10,000 mailboxes, scaled from one round of polls and one minute of streams of fewer.

    What a worker costs that has nothing to do at all is measured by itself and counted once; what streams cost beyond
    that is scaled. Memory is what many mailboxes hold beyond few of them, after the same work on both: enough of them
    that neither what a batch needs for a moment nor the granularity of memory counts.
    """
    place = str(folder / "place.json")
    with exchange(folder, mailboxes=many, folders=0):
        console.print(
            f"an idle hour of {many} mailboxes over streams, and the memory beyond {few} of them ..."
        )
        told = program("told", place=place, few=few, mailboxes=many, seconds=seconds)
        console.print(f"an idle hour of {many} mailboxes by polls ...")
        polled = program("idle", place=place, mailboxes=many, rounds=1)
    scale, measured = MANY / many, f"scaled from {many}"
    polls = polled["cpu"] * MANY * POLLS_AN_HOUR
    rest = told["resting"] * 60
    streams = rest + max(told["listening"] - told["resting"], 0.0) * 60 * scale
    kilobytes = 1024 * told["grown"]
    return [
        Row("idle.hour-of-a-worker-without-mailboxes (1 minute of 60)", rest, "s CPU"),
        Row(f"idle.hour-{MANY}-polled-every-5-minutes ({measured}, 1 round of 12)", polls, "s CPU"),
        Row(f"idle.hour-{MANY}-streams-alone ({measured}, 1 minute of 60)", streams, "s CPU"),
        Row(f"idle.hour-{MANY}-streams-and-their-polls (sum of both)", streams + polls, "s CPU"),
        Row(f"idle.subscribing-{MANY} ({measured})", told["subscribing"] * MANY, "s CPU"),
        Row("idle.goal-memory", 4.0, "KB/mailbox"),
        Row("idle.memory", kilobytes, "KB/mailbox", "idle.goal-memory", kilobytes / 4.0, 1.0),
    ]
