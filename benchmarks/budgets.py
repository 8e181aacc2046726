"""Whether mailboxes lose time because Exchange throttles one of them: how long the others take, with it and without it.

In one process and turn by turn, so that whatever else the machine does concerns both alike. The throttled mailbox is the
worst that there can be: it is due in every round, and always answered with ``ErrorServerBusy``.
"""

import os
import statistics
import tempfile
from contextlib import closing
from pathlib import Path

from rich.console import Console

from benchmarks.idle import exchange
from benchmarks.measure import program, servers_apart
from benchmarks.result import Row
from serversync.database.leasing import take_lease

MAILBOXES = 50
THROTTLED = "user00007@example.org"
ROUNDS = 30
TURNS = 3


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    rounds, turns = (4, 1) if quick else (ROUNDS, TURNS)
    told = []
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as name:
        folder = Path(name)
        os.environ["SERVERSYNC_DATA"] = str(folder / "data")
        os.environ.pop("DATABASE_URL", None)
        with (
            servers_apart(),
            closing(take_lease()),
            exchange(folder, mailboxes=MAILBOXES, folders=1, throttled=THROTTLED),
        ):
            for turn in range(turns):
                console.print(f"budgets: {MAILBOXES} mailboxes, one of them throttled: turn {turn + 1} ...")
                place = str(folder / "place.json")
                told.append(program("budgets", place=place, throttled=THROTTLED, rounds=rounds))
    alone = 1000 * statistics.median(one["alone"] for one in told)
    beside = 1000 * statistics.median(one["beside"] for one in told)
    ratio = statistics.median(one["beside"] / one["alone"] for one in told)
    return [
        Row("budgets.others-alone", alone, "ms until polled"),
        Row(
            "budgets.others-beside-a-throttled-one",
            beside,
            "ms until polled",
            "budgets.others-alone",
            ratio,
            1.05,
        ),
    ]
