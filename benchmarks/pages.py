"""How long the pages take in a large company: lists, searches, the overview, for an administrator and for others.

``BENCHMARK_MAILBOXES`` and ``BENCHMARK_EMAILS`` set the size; without them it is a company of 100,000 mailboxes and
5 million tracked e-mails, which takes some ten minutes to fill and 12 GB of disk meanwhile; all of it is removed. Every page goes through
the whole program, log-in, privileges and templates included; only the network is left out. A row is the middle of
seven answers. ``pages.healthz`` asks the database nothing but whether it is there: what a page costs at least.
"""

import os
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg
from rich.console import Console

from benchmarks.measure import program
from benchmarks.result import Row
from serversync.database.leasing import take_lease

GOAL = 200.0
"""Milliseconds."""
COUNTING = frozenset({"filters-count"})
"""No list, search or overview: it holds the filters of a person against every record of a kind, when somebody asks how
many they let in."""


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    mailboxes = int(os.environ.get("BENCHMARK_MAILBOXES") or (2_000 if quick else 100_000))
    emails = int(os.environ.get("BENCHMARK_EMAILS") or (20_000 if quick else 5_000_000))
    console.print(f"pages: filling a company of {mailboxes} mailboxes and {emails} e-mails ...")
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as folder:
        os.environ["SERVERSYNC_DATA"] = str(Path(folder) / "data")
        os.environ.pop("DATABASE_URL", None)
        with closing(take_lease()) as lease, psycopg.connect(lease.dsn, autocommit=True) as connection:
            for name, value in (
                ("wal_level", "minimal"),
                ("max_wal_senders", "0"),
            ):  # counts from the next start on
                connection.execute(f"alter system set {name} = {value}")
        with closing(take_lease()):  # on every processor, as people have it
            found = program("pages", mailboxes=mailboxes, emails=emails)
    (filled, *_) = found.pop("filled")
    rows = [
        Row("pages.goal", GOAL, "ms"),
        Row("pages.company-mailboxes", mailboxes, "mailboxes"),
        Row("pages.company-emails", emails, "e-mails"),
        Row("pages.company-filled-in", filled, "s"),
    ]
    for page, (_, middle, _) in sorted(found.items()):
        ms = 1000 * middle
        if page in COUNTING:
            rows.append(Row(f"pages.{page}", ms, "ms"))
        else:
            rows.append(Row(f"pages.{page}", ms, "ms", "pages.goal", ms / GOAL, 1.0))
    slowest = max(found, key=lambda page: found[page][2])
    console.print(f"pages: the slowest answer was one of {slowest}")
    rows.append(Row("pages.slowest-answer", 1000 * found[slowest][2], "ms"))
    return rows
