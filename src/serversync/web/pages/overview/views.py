"""The overview: what is healthy, waiting, failing and never tested; work over a day and a month; workers and queue."""

from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from serversync.administration import alerts, privileges, work
from serversync.web.pages.alerts.queries import with_targets
from serversync.web.pages.overview import plots, queries

_SPANS: Final = {
    "day": ("24 hours", 24, timedelta(hours=1)),
    "month": ("30 days", 24 * 30, timedelta(days=1)),
}


def overview(request: HttpRequest) -> HttpResponse:
    """Show it; ``span`` (day or month) is in the address."""
    span = request.GET.get("span", "day")
    span = span if span in _SPANS else "day"
    title, hours, step = _SPANS[span]
    buckets = work.done(hours=hours, step=step)
    shown = privileges.alerts().filter(resolvedon=None, level__gt=1).exclude(alerts.muted())
    late, since = queries.queue()
    return render(
        request,
        "overview/overview.html",
        {
            "numbers": queries.numbers(),
            "worst": queries.worst(),
            "alerts": with_targets(list(shown.order_by("-level", "-laston")[:3])),
            "span": span,
            "span_title": title,
            "plots": [
                plots.draw("Items processed", buckets, "items"),
                plots.draw("Items set aside", buckets, "failed", kind="bad"),
                plots.draw("Seconds of a pass", buckets, "seconds"),
                plots.draw("Seconds between due and begun", buckets, "latency"),
                plots.draw("Passes that failed", buckets, "failures", kind="bad"),
            ],
            "workers": queries.workers(),
            "late": late,
            "most_counted": queries.MOST_COUNTED,
            "since": since,
            "jobs": queries.open_jobs(),
        },
    )
