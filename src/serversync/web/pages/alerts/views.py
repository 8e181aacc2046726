"""The wall of open alerts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from serversync.web.pages.alerts.queries import list_alerts


def alerts(request: HttpRequest) -> HttpResponse:
    """Show the open alerts, each with its remedy."""
    rows, page = list_alerts(request.GET)
    return render(request, "alerts/list.html", {"rows": rows, "page": page})
