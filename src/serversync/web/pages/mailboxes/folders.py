"""The tracked folders of a user: those that there are, and choosing another with the record that its mail is about."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import tracked_folders
from serversync.core.errors import ServiceError
from serversync.crm.models.mailboxtrackingfolder import MOST_FOLDERS
from serversync.web.pages.mailboxes.views import visible
from serversync.web.ways import in_pages


def folders(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Show the tracked folders; ``choose`` asks Exchange for those that could be, ``record`` looks for records."""
    found = visible(mailboxid)
    tracked = tracked_folders.find_all(found)
    record = request.GET.get("record", "")
    offered, trouble = [], ""
    if "choose" in request.GET:
        there = {one.folder.exchangefolderid for one in tracked}
        try:
            offered = [one for one in tracked_folders.offered(found) if one.id not in there]
        except ServiceError as error:
            trouble = in_pages(f"{error} {error.remedy_text}")
    return render(
        request,
        "mailboxes/folders.html",
        {
            "mailbox": found,
            "tracked": tracked,
            "most": MOST_FOLDERS,
            "choosing": "choose" in request.GET,
            "offered": offered,
            "trouble": trouble,
            "record": record,
            "records": tracked_folders.records(record),
        },
    )


@require_POST
def add(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Track one folder more."""
    found = visible(mailboxid)
    try:
        made = tracked_folders.add(
            found, request.POST.get("folder", ""), regarding=request.POST.get("regarding", "")
        )
    except ServiceError as error:
        messages.error(request, in_pages(f"{error} {error.remedy_text}"))
    else:
        messages.success(request, f"{made.exchangefoldername} is tracked from now on.")
    return redirect("mailbox-folders", mailboxid=mailboxid)


@require_POST
def remove(request: HttpRequest, mailboxid: UUID, folderid: UUID) -> HttpResponse:
    """Track a folder no longer."""
    found = visible(mailboxid)
    tracked_folders.remove(found, str(folderid))
    messages.success(request, "It is not tracked any more; what was tracked out of it stays.")
    return redirect("mailbox-folders", mailboxid=mailboxid)
