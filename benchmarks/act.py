"""What keeping contacts in step costs: the first time over all of them, and later over the few that have changed.

All figures are CPU of the client process, in one run on the same simulator and database. The peer is exchangelib, which
writes and reads the same contacts and stores nothing. Ours are whole passes of a worker, with claim, links, records,
statistics and plan; the first one writes each item or its stamp, and reads what Exchange has made of it.
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
"""Each with mailboxes of its own."""


@contextmanager
def _exchange(mailboxes: int) -> Iterator[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.programs.exchange",
        json.dumps({"mailboxes": mailboxes, "folders": 0}),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101 - pipes were asked for
        assert process.stdout is not None  # noqa: S101
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    amount, few, many = (200, 100, 1_000) if quick else (10_000, 100, 100_000)
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as folder:
        os.environ["SERVERSYNC_DATA"] = str(Path(folder) / "data")
        os.environ.pop("DATABASE_URL", None)
        with servers_apart(), closing(take_lease()), _exchange(2 * TURNS + 2) as place:
            rows = _first_rows(console, place, amount)
            rows += _small_rows(console, place, few, many)
    return rows


def _first_rows(console: Console, place: dict[str, Any], amount: int) -> list[Row]:
    figures: dict[str, list[float]] = {"write": [], "read": [], "to-crm": [], "to-exchange": []}
    addresses = iter(place["addresses"][2:])
    for turn in range(TURNS):
        console.print(f"first synchronization of {amount} contacts: turn {turn + 1} of {TURNS} ...")
        full, empty = next(addresses), next(addresses)
        for what, mailbox, peer in (
            ("write", full, True),
            ("read", full, True),
            ("to-crm", full, False),
            ("to-exchange", empty, False),
        ):
            name = "act_peer" if peer else "act_ours"
            known = (
                {**{k: place[k] for k in ("url", "ca_file", "account", "password")}}
                if peer
                else {"place": place}
            )
            done = program(name, what=what, mailbox=mailbox, count=amount, **known)
            if done["items"] != amount:
                raise SystemExit(f"{what}: {done['items']:.0f} of {amount}")
            figures[what].append(1000 * done["cpu"] / amount)
    write, read, to_crm, to_exchange = (statistics.median(values) for values in figures.values())
    unit = "ms CPU/contact"
    return [
        Row("act.exchangelib-writes", write, unit),
        Row("act.exchangelib-reads", read, unit),
        Row("act.first-to-crm", to_crm, unit, "act.exchangelib-reads", to_crm / read, 1 / 4),
        Row("act.first-to-exchange", to_exchange, unit, "act.exchangelib-writes", to_exchange / write, 1 / 4),
    ]


def _small_rows(console: Console, place: dict[str, Any], few: int, many: int) -> list[Row]:
    done = {}
    for count, mailbox in zip((few, many), place["addresses"], strict=False):
        console.print(f"10 changes on each side among {count} contacts ...")
        done[count] = program("act_ours", what="small", mailbox=mailbox, count=count, place=place)
    small = {count: 1000 * figures["cpu"] for count, figures in done.items()}
    idle = {count: 1000 * figures["idle"] for count, figures in done.items()}
    names = {count: f"act.10-changes-in-{count}" for count in done}
    idles = {count: f"act.idle-over-{count}" for count in done}
    unit = "ms CPU/pass"
    return [
        Row(names[few], small[few], unit),
        Row(names[many], small[many], unit, names[few], small[many] / small[few], 1.3),
        Row(idles[few], idle[few], unit),
        Row(idles[many], idle[many], unit, idles[few], idle[many] / idle[few], 1.3),
    ]
