"""How long the pages take in a large company: lists, searches, the overview, for an administrator and for others.

``BENCHMARK_MAILBOXES`` and ``BENCHMARK_EMAILS`` set the size; without them it is a company of 100,000 mailboxes and
5 million tracked e-mails, which takes a quarter of an hour to fill and 12 GB of disk meanwhile. Every page goes through
the whole program, log-in, privileges and templates included; only the network is left out. A row is the middle of
seven answers.
"""

import os
import tempfile
from contextlib import closing
from pathlib import Path

from rich.console import Console

from benchmarks.measure import program, servers_apart
from benchmarks.result import Row
from serversync.database.leasing import take_lease

GOAL = 200.0
"""Milliseconds."""


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    mailboxes = int(os.environ.get("BENCHMARK_MAILBOXES") or (2_000 if quick else 100_000))
    emails = int(os.environ.get("BENCHMARK_EMAILS") or (20_000 if quick else 5_000_000))
    console.print(f"pages: filling a company of {mailboxes} mailboxes and {emails} e-mails ...")
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as name:
        os.environ["SERVERSYNC_DATA"] = str(Path(name) / "data")
        os.environ.pop("DATABASE_URL", None)
        with servers_apart(), closing(take_lease()):
            found = program("pages", mailboxes=mailboxes, emails=emails)
    filled = found.pop("filled")
    console.print(f"pages: filled in {filled[0]:.0f} s")
    rows = [Row("pages.goal", GOAL, "ms")]
    for page, (_, middle, _) in sorted(found.items()):
        ms = 1000 * middle
        rows.append(Row(f"pages.{page}", ms, f"ms at {mailboxes}/{emails}", "pages.goal", ms / GOAL, 1.0))
    slowest = max(found, key=lambda page: found[page][2])
    rows.append(Row(f"pages.slowest-answer ({slowest})", 1000 * found[slowest][2], "ms"))
    return rows
