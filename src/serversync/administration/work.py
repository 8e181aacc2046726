"""What passes did in each hour: kept up by the worker's housekeeping, shown on the overview.

Hours that are over are summed up once; only the present one is counted from single passes. Statistics of single passes are
deleted when they are older than the organization keeps them, sums of hours after ``HOURS_KEPT``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from serversync.administration import actor as actors
from serversync.administration import privileges
from serversync.core import clock
from serversync.crm.models import MailboxStatistics, Organization, WorkHour
from serversync.crm.privileges import Depth, Privilege

_HOUR: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(minutes=5)
"""How long after its end an hour is summed up: by then every transaction of it is over."""
HOURS_KEPT: Final = timedelta(days=400)
_DELETED_AT_ONCE: Final = 20_000
_SUMS: Final = (
    "count(*), count(*) filter (where not processresult), coalesce(sum(itemsprocessed), 0),"
    " coalesce(sum(itemsfailed), 0), coalesce(sum(extract(epoch from mailboxprocesscompletedon -"
    " mailboxprocessstartedon) * 1000), 0)::bigint, coalesce(sum(extract(epoch from mailboxprocessstartedon -"
    " mailboxprocessscheduledon) * 1000), 0)::bigint"
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Work that was done from ``at`` on, for an hour or a day."""

    at: datetime
    items: int = 0
    failed: int = 0
    passes: int = 0
    failures: int = 0
    milliseconds: int = 0
    waited: int = 0

    @property
    def seconds(self) -> float:
        """How long a pass took on average."""
        return self.milliseconds / 1000 / self.passes if self.passes else 0.0

    @property
    def latency(self) -> float:
        """How many seconds a mailbox was due on average before its pass began."""
        return self.waited / 1000 / self.passes if self.passes else 0.0

    def __add__(self, other: "Bucket") -> "Bucket":
        """Return both together, from when this one began."""
        return Bucket(
            self.at,
            self.items + other.items,
            self.failed + other.failed,
            self.passes + other.passes,
            self.failures + other.failures,
            self.milliseconds + other.milliseconds,
            self.waited + other.waited,
        )


def done(*, hours: int, step: timedelta) -> list[Bucket]:
    """Return what passes did in the last hours, in steps of an hour or a day, of mailboxes that may be read.

    None is left out: a step without a pass is there with zeros.
    """
    now = clock.now()
    last = now.replace(minute=0, second=0, microsecond=0)
    last = last if step == _HOUR else last.replace(hour=0)
    times = [last - step * number for number in range(timedelta(hours=hours) // step, -1, -1)]
    found = {at: Bucket(at) for at in times}
    for at, bucket in _by_hour(times[0]).items():
        place = at if step == _HOUR else at.replace(hour=0)
        if place in found:
            found[place] += bucket
    return list(found.values())


def _by_hour(since: datetime) -> Mapping[datetime, Bucket]:
    if actors.current().depth(Privilege.READ_MAILBOX) == Depth.ORGANIZATION:
        summed = {
            row.startedon: Bucket(
                row.startedon,
                row.itemsprocessed,
                row.itemsfailed,
                row.passes,
                row.passesfailed,
                row.milliseconds,
                row.waitedmilliseconds,
            )
            for row in WorkHour.objects.filter(startedon__gte=since)
        }
        latest = WorkHour.objects.order_by("-startedon").values_list("startedon", flat=True).first()
        since = max(since, latest + _HOUR) if latest else since
        return summed | _counted(since, "", [])
    mailboxes = [str(key) for key in privileges.mailboxes().values_list("pk", flat=True)]
    return _counted(since, "and mailboxid = any(%s::uuid[])", [mailboxes])


def _counted(since: datetime, condition: str, parameters: list[list[str]]) -> dict[datetime, Bucket]:
    """Count single passes that were completed since then, by the hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select date_trunc('hour', mailboxprocesscompletedon, 'UTC'), {_SUMS} from mailboxstatistics"  # noqa: S608 - our own text
            f" where mailboxprocesscompletedon >= %s {condition} group by 1",
            [since, *parameters],
        )
        return {
            at: Bucket(at, items, failed, passes, failures, milliseconds, waited)
            for at, passes, failures, items, failed, milliseconds, waited in cursor.fetchall()
        }


def sum_up() -> int:
    """Sum up every hour that is over and was not yet, and return how many that were; harmless when repeated."""
    until = (clock.now() - _SETTLED).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into workhour (startedon, passes, passesfailed, itemsprocessed, itemsfailed, milliseconds, waitedmilliseconds)"  # noqa: S608 - our own text
            " select at, s.* from generate_series(coalesce((select max(startedon) + interval '1 hour' from workhour),"
            " (select date_trunc('hour', min(mailboxprocesscompletedon), 'UTC') from mailboxstatistics)),"
            " %s::timestamptz - interval '1 hour', interval '1 hour') at, lateral ("
            f" select {_SUMS} from mailboxstatistics where mailboxprocesscompletedon >= at"
            " and mailboxprocesscompletedon < at + interval '1 hour') s on conflict do nothing",
            [until],
        )
        return int(cursor.rowcount)


def clear_away(organization: Organization) -> int:
    """Delete what is older than it is kept, some of it each time, and return how many passes that were.

    A pass that was not summed up yet stays.
    """
    now = clock.now()
    WorkHour.objects.filter(startedon__lt=now - HOURS_KEPT).delete()
    oldest = now - timedelta(days=organization.mailboxstatisticspersistencetimeindays)
    latest = WorkHour.objects.order_by("-startedon").values_list("startedon", flat=True).first()
    if latest is None:
        return 0
    rows = MailboxStatistics.objects.filter(mailboxprocesscompletedon__lt=min(oldest, latest + _HOUR))
    keys = rows.order_by("mailboxprocesscompletedon").values_list("pk", flat=True)[:_DELETED_AT_ONCE]
    return MailboxStatistics.objects.filter(pk__in=list(keys)).delete()[0]
