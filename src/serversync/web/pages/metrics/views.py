"""Numbers for Prometheus, read from the database at each visit, so that any process answers for all of them.

With ``SERVERSYNC_METRICS_TOKEN`` set, whoever asks has to send it as a bearer token; without it only this machine may.
"""

import hmac
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client.core import CollectorRegistry, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

import serversync
from serversync.administration import actor, systemviews
from serversync.core import clock
from serversync.web import access

VARIABLE: Final = "SERVERSYNC_METRICS_TOKEN"
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1"})
_ALIVE: Final = timedelta(seconds=60)


class DatabaseNumbers:
    """Reads every number when it is collected."""

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers."""
        version = GaugeMetricFamily("serversync_info", "The version that answers.", labels=["version"])
        version.add_metric([serversync.__version__], 1)
        yield version
        with actor.acting(actor.INSTALLATION):
            states = systemviews.count_states()
        mailboxes = GaugeMetricFamily(
            "serversync_mailboxes", "Active mailboxes by state, as on the overview.", labels=["state"]
        )
        for state, count in states.items():
            mailboxes.add_metric([state], count)
        yield mailboxes
        due, oldest = _row(
            "select count(*), coalesce(extract(epoch from now() - min(nextpasson)), 0)::float from mailbox"
            " where statecode = 0 and enabledforincomingemail and nextpasson < now()"
            " and (leaseuntil is null or leaseuntil < now())"
        )
        yield GaugeMetricFamily("serversync_mailboxes_due", "Mailboxes that are due and not taken.", due)
        yield GaugeMetricFamily(
            "serversync_oldest_due_seconds", "How long the first of them has been due.", oldest
        )
        (alive,) = _row(
            "select count(*) from procrastinate_workers where last_heartbeat > %s", clock.now() - _ALIVE
        )
        yield GaugeMetricFamily(
            "serversync_workers", "Workers that gave a sign of life within a minute.", alive
        )
        (jobs,) = _row("select count(*) from asyncoperation where statecode < 3")
        yield GaugeMetricFamily("serversync_jobs_open", "Jobs that are not over.", jobs)
        yield _alerts()
        passes, failed, items, seconds = _row(
            "select count(*), count(*) filter (where not processresult), coalesce(sum(itemsprocessed), 0),"
            " coalesce(sum(extract(epoch from mailboxprocesscompletedon - mailboxprocessstartedon)), 0)::float"
            " from mailboxstatistics where mailboxprocesscompletedon > now() - interval '1 hour'"
        )
        yield GaugeMetricFamily("serversync_passes_last_hour", "Passes that did something or failed.", passes)
        yield GaugeMetricFamily("serversync_failed_passes_last_hour", "Passes that failed.", failed)
        yield GaugeMetricFamily("serversync_items_last_hour", "Items that passes processed.", items)
        yield GaugeMetricFamily(
            "serversync_pass_seconds_last_hour", "Seconds of all passes together.", seconds
        )
        (tracked,) = _row("select greatest(reltuples, 0)::bigint from pg_class where oid = 'email'::regclass")
        yield CounterMetricFamily(
            "serversync_emails", "E-mail activities, as the planner estimates them.", tracked
        )


def _alerts() -> Metric:
    family = GaugeMetricFamily("serversync_open_alerts", "Open alerts by level.", labels=["level"])
    with connection.cursor() as cursor:
        cursor.execute(
            "select l.name, count(t.tracelogid) from (values (1, 'information'), (2, 'warning'), (3, 'error'))"
            " l(level, name) left join tracelog t on t.level = l.level and t.resolvedon is null"
            " group by l.name order by l.name"
        )
        for name, count in cursor.fetchall():
            family.add_metric([name], count)
    return family


def _row(statement: str, *parameters: object) -> tuple[float, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))  # type: ignore[arg-type]  # times and numbers
        return tuple(cursor.fetchone())


def may_ask(request: HttpRequest) -> bool:
    """Tell whether the numbers may go to whoever asks."""
    token = os.environ.get(VARIABLE, "")
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}")
    return access.address_of(request) in _THIS_MACHINE


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the numbers in Prometheus' text format."""
    if not may_ask(request):
        return HttpResponse("not allowed\n", content_type="text/plain", status=403)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseNumbers())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
