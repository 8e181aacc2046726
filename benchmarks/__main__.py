"""Run the benchmarks: ``python -m benchmarks [--only NAME]``; prints a table, writes ``build/bench.json``."""

import argparse
import importlib
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.result import Row, show, write

BENCHMARKS = (
    "incoming",
    "lookups",
    "sending",
    "act",
    "idle",
    "notifications",
    "budgets",
    "simulator",
    "pages",
)
"""Modules with a ``run(console) -> list[Row]``."""


def main() -> int:
    """Run what was asked for; 1 if a goal is not met."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark only")
    parser.add_argument(
        "--quick", action="store_true", help="small amounts: shows that it runs, proves nothing"
    )
    chosen = parser.parse_args()
    console = Console()
    rows: list[Row] = []
    for name in (chosen.only,) if chosen.only else BENCHMARKS:
        rows += importlib.import_module(f"benchmarks.{name}").run(console, quick=chosen.quick)
    show(rows, console)
    write(rows, Path("build/bench.json"))
    return 0 if all(row.met is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
