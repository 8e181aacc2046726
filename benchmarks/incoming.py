"""What a message costs from Exchange to committed CRM rows, and in how much memory.

All figures are CPU of the client process, in one run on the same simulator and database: ours (the main job alone,
and with correlation, smart matching and contacts), exchangelib alone, and the two floors below which nobody can go.
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

from rich.console import Console

from benchmarks.measure import program, servers_apart
from benchmarks.result import Row
from serversync.database.leasing import take_lease

TURNS = 7
"""Of ours and of the floors; of the peer, which takes a minute, the first three."""


@contextmanager
def simulator(messages: int) -> Iterator[dict[str, str]]:
    """Start a simulator with one mailbox and give what a client has to know."""
    command = [
        sys.executable,
        "-m",
        "serversync.simulator",
        "--port",
        "0",
        "--mailboxes",
        "1",
        "--messages",
        str(messages),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            told = json.loads(process.stdout.readline())
            yield {
                **{k: told[k] for k in ("url", "ca_file", "account", "password")},
                "mailbox": told["mailboxes"][0],
            }
        finally:
            process.terminate()


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    amount, few, many = (200, 200, 400) if quick else (5_000, 10_000, 100_000)
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as folder:
        os.environ["SERVERSYNC_DATA"] = str(Path(folder) / "data")
        os.environ.pop("DATABASE_URL", None)
        with servers_apart(), closing(take_lease()):
            with simulator(amount) as place:
                rows = _cpu_rows(*_cpu(console, place))
            peaks = {count: _peak(console, count) for count in (few, many)}
    rows.append(Row(f"incoming.peak-{few}", peaks[few], "MB"))
    rows.append(
        Row(f"incoming.peak-{many}", peaks[many], "MB", f"incoming.peak-{few}", peaks[many] / peaks[few], 1.3)
    )
    return rows


def _peak(console: Console, count: int) -> float:
    """Return the most memory, in megabytes, that a pass over so many messages holds."""
    with simulator(count) as place:
        console.print(f"memory: {count} messages ...")
        done = program("ours", **place)
    if done["messages"] != count:
        raise SystemExit(f"only {done['messages']:.0f} of {count} messages were tracked")
    return done["peak"]


def _cpu(console: Console, place: dict[str, str]) -> tuple[float, float, float, float, float]:
    """Return milliseconds a message: ours, with every rule, exchangelib, parse floor, COPY floor; medians."""
    figures: dict[str, list[float]] = {"ours": [], "everything": [], "peer": [], "parse": [], "copy": []}
    for turn in range(TURNS):
        console.print(f"CPU a message: turn {turn + 1} of {TURNS} ...")
        for name in ("ours", "peer") if turn < 3 else ("ours",):
            done = program(name, **place)
            figures[name].append(1000 * done["cpu"] / done["messages"])
        done = program("ours", **place, rules="everything")
        figures["everything"].append(1000 * done["cpu"] / done["messages"])
        done = program("floors", **place)
        for name in ("parse", "copy"):
            figures[name].append(1000 * done[name] / done["messages"])
    ours, everything, peer, parse, copy = (statistics.median(values) for values in figures.values())
    return ours, everything, peer, parse, copy


def _cpu_rows(ours: float, everything: float, peer: float, parse: float, copy: float) -> list[Row]:
    unit = "ms CPU/message"
    floors = parse + copy
    return [
        Row("incoming.exchangelib", peer, unit),
        Row("incoming.floor-parse", parse, unit),
        Row("incoming.floor-copy", copy, unit),
        Row("incoming.floors", floors, unit),
        Row("incoming.ours", ours, unit, "incoming.exchangelib", ours / peer, 1 / 8),
        Row("incoming.ours-and-floors", ours, unit, "incoming.floors", ours / floors, 3.0),
        Row("incoming.everything", everything, unit, "incoming.ours", everything / ours, 1.5),
    ]
