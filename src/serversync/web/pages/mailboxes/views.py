"""The list of mailboxes with how each is doing, and the page of one."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from serversync.administration import privileges
from serversync.administration.mailboxes import state_of
from serversync.core.clock import now
from serversync.web.pages.mailboxes import queries

_COLUMNS = (
    ("name", "Name", ""),
    ("address", "E-mail address", "roomy"),
    ("approval", "Address status", "wide"),
    ("profile", "Profile", "wide"),
    ("incoming", "Incoming", ""),
    ("", "Outgoing", "wide"),
    ("", "Appointments, contacts, tasks", "widest"),
    ("last", "Last pass", ""),
    ("next", "Next pass", "wide"),
    ("", "Tracked", "number"),
    ("", "Set aside", "number wide"),
)
"""Word to sort by, heading, and how the column looks."""


def mailboxes(request: HttpRequest) -> HttpResponse:
    """Show the list; ``q``, ``sort`` and ``page`` are in the address."""
    return render(
        request,
        "mailboxes/list.html",
        {
            "list": queries.list_mailboxes(request.GET),
            "columns": _COLUMNS,
            "search": request.GET.get("q", ""),
            "at": now(),
        },
    )


def mailbox(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Show one mailbox: how it stands, what it brought, what was set aside, what is wrong."""
    visible = privileges.mailboxes().select_related("emailserverprofile")
    found = get_object_or_404(visible.defer("password"), pk=mailboxid)
    counts = queries.count_messages([found.mailboxid]).get(found.mailboxid, queries.MailboxCounts())
    return render(
        request,
        "mailboxes/detail.html",
        {
            "mailbox": found,
            "readiness": state_of(found).readiness,
            "counts": counts,
            "tracked": queries.latest_tracked(found),
            "set_aside": queries.latest_set_aside(found),
            "alerts": queries.open_alerts(found),
        },
    )
