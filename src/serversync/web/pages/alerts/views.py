"""The wall of alerts: open ones, errors, warnings, information; muted and over; dismiss and mute."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from serversync.administration import alerts, privileges
from serversync.crm.privileges import Privilege
from serversync.web.pages.alerts.queries import SHOWN, list_alerts

_DONE: Final = {"dismiss": "Dismissed.", "mute": "Muted until it gets worse.", "unmute": "On the wall again."}


def wall(request: HttpRequest) -> HttpResponse:
    """Show alerts, each with its remedy; ``show`` and the place are in the address."""
    privileges.require(Privilege.READ_ALERT)
    rows, page = list_alerts(request.GET)
    shown = request.GET.get("show", "open")
    context = {"rows": rows, "page": page, "choices": SHOWN.items(), "shown": shown}
    return render(request, "alerts/list.html", context)


@require_POST
def act(request: HttpRequest, tracelogid: UUID, word: str) -> HttpResponse:
    """Dismiss an alert, mute it, or put it back on the wall."""
    if word not in _DONE:
        raise Http404
    alert = alerts.find(str(tracelogid))
    if word == "dismiss":
        alerts.dismiss([alert])
    else:
        alerts.mute([alert], muted=word == "mute")
    messages.success(request, _DONE[word])
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("alerts")
