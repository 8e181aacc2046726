"""What keeping contacts and appointments in step costs: over all of them at first, later over the few that have changed.

All figures are CPU of the client process, in one run on the same simulator and database. The peer is exchangelib, which
writes and reads the same items and stores nothing. Ours are whole passes of a worker, with claim, links, records,
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
from dataclasses import dataclass
from operator import attrgetter
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
    contacts, appointments, few, many = (200, 100, 100, 1_000) if quick else (10_000, 5_000, 100, 100_000)
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as folder:
        os.environ["SERVERSYNC_DATA"] = str(Path(folder) / "data")
        os.environ.pop("DATABASE_URL", None)
        with servers_apart(), closing(take_lease()), _exchange(4 * TURNS + 2) as place:
            fresh = iter(place["addresses"][2:])
            amounts = {"contact": contacts, "appointment": appointments}
            rows = _first_rows({kind: _first(console, place, fresh, kind, n) for kind, n in amounts.items()})
            rows += _small_rows(console, place, few, many)
    return rows


@dataclass(frozen=True, slots=True)
class _First:
    """What a first synchronization of so many items of a kind costs; the figures are milliseconds of CPU an item."""

    amount: int
    writes: float
    reads: float
    to_crm: float
    to_exchange: float


def _first(console: Console, place: dict[str, Any], fresh: Iterator[str], kind: str, amount: int) -> _First:
    figures: dict[str, list[float]] = {"write": [], "read": [], "to-crm": [], "to-exchange": []}
    for turn in range(TURNS):
        console.print(f"first synchronization of {amount} {kind}s: turn {turn + 1} of {TURNS} ...")
        full, empty = next(fresh), next(fresh)
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
            done = program(name, what=what, kind=f"{kind}s", mailbox=mailbox, count=amount, **known)
            if done["items"] != amount:
                raise SystemExit(f"{what}: {done['items']:.0f} of {amount}")
            figures[what].append(1000 * done["cpu"] / amount)
    return _First(amount, *(statistics.median(values) for values in figures.values()))


def _first_rows(firsts: dict[str, _First]) -> list[Row]:
    """Return the figures of each kind, and those of all items together, for which the goals are."""
    rows = []
    for kind, one in firsts.items():
        unit = f"ms CPU/{kind}"
        writes, reads = f"act.exchangelib-writes-{kind}s", f"act.exchangelib-reads-{kind}s"
        rows += [
            Row(writes, one.writes, unit),
            Row(reads, one.reads, unit),
            Row(f"act.{kind}s-to-crm", one.to_crm, unit, reads, one.to_crm / one.reads),
            Row(f"act.{kind}s-to-exchange", one.to_exchange, unit, writes, one.to_exchange / one.writes),
        ]
    items = sum(one.amount for one in firsts.values())
    writes, reads, to_crm, to_exchange = (
        sum(one.amount * each(one) for one in firsts.values()) / items
        for each in map(attrgetter, ("writes", "reads", "to_crm", "to_exchange"))
    )
    unit = "ms CPU/item"
    return [
        *rows,
        Row("act.exchangelib-writes", writes, unit),
        Row("act.exchangelib-reads", reads, unit),
        Row("act.first-to-crm", to_crm, unit, "act.exchangelib-reads", to_crm / reads, 1 / 4),
        Row(
            "act.first-to-exchange", to_exchange, unit, "act.exchangelib-writes", to_exchange / writes, 1 / 4
        ),
    ]


def _small_rows(console: Console, place: dict[str, Any], few: int, many: int) -> list[Row]:
    console.print(f"10 changes on each side among {few} contacts, and among {many}, by turns ...")
    mailboxes = place["addresses"][:2]
    done = program("act_ours", what="small", mailboxes=mailboxes, counts=(few, many), place=place)
    small = {count: 1000 * done[f"cpu-{count}"] for count in (few, many)}
    idle = {count: 1000 * done[f"idle-{count}"] for count in (few, many)}
    names = {count: f"act.10-changes-in-{count}" for count in small}
    idles = {count: f"act.idle-over-{count}" for count in idle}
    unit = "ms CPU/pass"
    return [
        Row(names[few], small[few], unit),
        Row(names[many], small[many], unit, names[few], small[many] / small[few], 1.3),
        Row(idles[few], idle[few], unit),
        Row(idles[many], idle[many], unit, idles[few], idle[many] / idle[few], 1.3),
    ]
