"""One line of a benchmark's answer, the table of all of them, and the file for machines."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value beside what it is held against.

    Attributes:
        name: What was measured, for example ``incoming.ours``.
        value: The measurement.
        unit: Its unit, for example ``ms CPU/message``.
        against: Name of the row it is compared with, empty where it stands alone.
        ratio: ``value`` divided by that row's value.
        goal: What the ratio may be at most.
        met: Whether it is; ``None`` where there is no goal.
    """

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached."""
        return None if self.goal is None or self.ratio is None else self.ratio <= self.goal


def show(rows: list[Row], console: Console) -> None:
    """Print the table."""
    table = Table(title="serversync benchmarks")
    for heading in ("name", "value", "unit", "against", "ratio", "goal", "met"):
        justify: JustifyMethod = "right" if heading in ("value", "ratio", "goal") else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.value:.4g}",
            row.unit,
            row.against,
            "" if row.ratio is None else f"{row.ratio:.3f}",
            "" if row.goal is None else f"{row.goal:.3f}",
            {True: "yes", False: "NO", None: ""}[row.met],
        )
    console.print(table)


def write(rows: list[Row], path: Path) -> None:
    """Write the rows as JSON, beside those of other benchmarks that are there from earlier runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = []
    if path.exists():
        fresh = {row.name.partition(".")[0] for row in rows}
        kept = [old for old in json.loads(path.read_text()) if old["name"].partition(".")[0] not in fresh]
    path.write_text(json.dumps([*kept, *[asdict(row) | {"met": row.met} for row in rows]], indent=1) + "\n")
