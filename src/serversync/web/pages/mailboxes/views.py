"""The list of mailboxes with how each is doing, and the page of one."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import (
    diagnostics,
    mailboxes,
    privileges,
    systemviews,
    timeline,
    traces,
)
from serversync.core.clock import now
from serversync.crm.models import Mailbox
from serversync.web.pages.mailboxes import queries
from serversync.web.pages.mailboxes.forms import WhyForm

_COLUMNS: Final = (
    ("approval", "Address status", "wide"),
    ("profile", "Profile", "wide"),
    ("incoming", "Incoming", "wide"),
    ("outgoing", "Outgoing", "wide"),
    ("act", "Appointments, contacts, tasks", "wide"),
    ("last", "Last pass", ""),
    ("next", "Next pass", "wide"),
    ("", "Tracked", "number"),
    ("", "Set aside", "number wide"),
)
"""Word to sort by, heading, and how the column looks; before these comes the name with the address below it.

Where there is no room for wide ones, the three directions stand below one another in a column of their own.
"""
COMMANDS: Final = (
    ("approve", "Approve Email"),
    ("reject", "Reject Email"),
    ("enable", "Enable"),
    ("disable", "Disable"),
    ("activate", "Activate"),
    ("deactivate", "Deactivate"),
    ("reinitialise", "Re-initialise"),
)
"""More Commands: word and button."""


def visible(mailboxid: UUID) -> Mailbox:
    """Return a mailbox that the actor may read.

    Raises:
        Http404: there is none.
    """
    rows = privileges.mailboxes().select_related("emailserverprofile", "ownerid")
    return get_object_or_404(rows.defer("password"), pk=mailboxid)


def listing(request: HttpRequest) -> HttpResponse:
    """Show the list; ``view``, ``q``, ``profile``, ``sort`` and ``page`` are in the address."""
    view = request.GET.get("view", systemviews.DEFAULT)
    view = view if view in systemviews.VIEWS else systemviews.DEFAULT
    return render(
        request,
        "mailboxes/list.html",
        {
            "list": queries.list_mailboxes(request.GET),
            "columns": _COLUMNS,
            "search": request.GET.get("q", ""),
            "views": [(word, one.title) for word, one in systemviews.VIEWS.items()],
            "view": view,
            "view_title": systemviews.VIEWS[view].title,
            "profile": queries.profile_key(request.GET.get("profile", "")),
            "commands": COMMANDS,
            "at": now(),
            "most_counted": queries.MOST_COUNTED,
        },
    )


def detail(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Show one mailbox: how it stands, what happened, what it brought, what was set aside, what is wrong."""
    found = visible(mailboxid)
    counts = queries.count_messages([found.mailboxid], most=queries.MOST_COUNTED_ALONE)[found.mailboxid]
    why = WhyForm(request.GET if "message" in request.GET else None)
    return render(
        request,
        "mailboxes/detail.html",
        {
            "mailbox": found,
            "readiness": mailboxes.state_of(found).readiness,
            "counts": counts,
            "most_counted": queries.MOST_COUNTED_ALONE,
            "tracked": queries.latest_tracked(found),
            "set_aside": queries.latest_set_aside(found),
            "alerts": queries.open_alerts(found),
            "timeline": timeline.of(found),
            "may_be_read": privileges.reads_content(found),
            "why": why,
            "explanations": _explain(found, why),
            "commands": COMMANDS,
        },
    )


def _explain(mailbox: Mailbox, why: WhyForm) -> list[traces.Explanation]:
    if not why.is_bound or not why.is_valid():
        return []
    text = why.cleaned_data["message"].strip()
    is_id = "@" in text and " " not in text
    return traces.why(mailbox, message_id=text) if is_id else traces.why(mailbox, subject=text)


def diagnose(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Show everything that helps somebody else to help; ``format=json`` answers with JSON alone."""
    found = visible(mailboxid)
    if request.GET.get("format") == "json":
        return HttpResponse(diagnostics.as_json(found), content_type="application/json")
    return render(
        request, "mailboxes/diagnostics.html", {"mailbox": found, "markdown": diagnostics.as_markdown(found)}
    )


@require_POST
def primary(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Keep whether this organization alone synchronizes the items of the mailbox."""
    found = visible(mailboxid)
    wanted = request.POST.get("primary") == "1"
    mailboxes.mark_primary([found], primary=wanted)
    messages.success(request, "Saved. It counts from the next Test & Enable on.")
    return redirect("mailbox", mailboxid=mailboxid)
