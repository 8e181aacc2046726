"""Reads what the overview shows: states, the worst mailboxes, work over a day and a month, workers, the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from serversync.administration import jobs, privileges, systemviews
from serversync.core import clock
from serversync.crm.models import Mailbox

WORST: Final = 5
ALIVE: Final = timedelta(seconds=60)
MOST_COUNTED: Final = 10_000
"""How far mailboxes that are due are counted: all of them are where no worker runs."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that opens its rows."""

    title: str
    count: int
    kind: str
    query: str
    hint: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and its last sign of life."""

    name: str
    seen: datetime
    is_alive: bool


_NUMBERS: Final = (
    ("healthy", "Healthy", "good", "tested well, and going on"),
    ("waiting", "Waiting", "warn", "held up, or tried again later"),
    ("failing", "Failing", "bad", "the last test or pass failed"),
    ("untested", "Never tested", "idle", "not tested and enabled yet"),
)


def numbers() -> list[Number]:
    """Return how many mailboxes are in each state."""
    counts = systemviews.count_states()
    return [
        Number(title, counts[word], kind if counts[word] else "idle", f"?view={word}", hint)
        for word, title, kind, hint in _NUMBERS
    ]


def worst() -> QuerySet[Mailbox]:
    """Return the mailboxes that fail most, with what was said."""
    rows = privileges.mailboxes().filter(systemviews.VIEWS["failing"].condition)
    return rows.only("name", "lastsyncerror", "lastsyncerroroccurredon", "transientfailurecount").order_by(
        "-lastsyncerrorcount", "-lastsyncerroroccurredon", "pk"
    )[:WORST]


def workers() -> list[Worker]:
    """Return the workers that gave a sign of life within a day, latest first."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, last_heartbeat from procrastinate_workers where last_heartbeat > %s"
            " order by last_heartbeat desc limit 20",
            [now - timedelta(days=1)],
        )
        return [Worker(str(key), seen, now - seen < ALIVE) for key, seen in cursor.fetchall()]


def queue() -> tuple[int, datetime | None]:
    """Return how many mailboxes are due and not taken, up to one more than are counted, and since when the first is."""
    rows = systemviews.late()
    first = rows.values_list("nextpasson", flat=True).first()
    return (rows[: MOST_COUNTED + 1].count() if first is not None else 0), first


def open_jobs() -> Sequence[jobs.JobState]:
    """Return the jobs that are not over, the latest five."""
    return jobs.find_all(open_only=True, limit=5)
