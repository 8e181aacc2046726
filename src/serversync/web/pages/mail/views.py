"""The list of tracked mail, and one e-mail with its parties and files."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from serversync.administration import drafts, privileges, sending
from serversync.web.pages.mail import queries


def mail(request: HttpRequest) -> HttpResponse:
    """Show the list, newest first; ``q``, ``mailbox``, ``show`` and the place are in the address."""
    page, mailbox = queries.list_mail(request.GET)
    return render(
        request,
        "mail/list.html",
        {
            "page": page,
            "mailbox": mailbox,
            "search": request.GET.get("q", ""),
            "show": request.GET.get("show", ""),
            "views": [("", "All"), *((word, view.title) for word, view in queries.VIEWS.items())],
        },
    )


def email(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Show one e-mail; its body comes from an address of its own, into a frame that can do nothing."""
    found = get_object_or_404(privileges.emails().defer("description"), pk=activityid)
    files = queries.files_of(found)
    parties = queries.parties_of(found)
    return render(
        request,
        "mail/detail.html",
        {
            "email": found,
            "state": sending.state(found) if found.directioncode else "",
            "may_be_edited": drafts.may_be_edited(found),
            "is_settled": found.statuscode in queries.SETTLED,
            "parties": parties,
            "others_missed": queries.others_not_reached(found, parties),
            "files": [file for file in files if not file.isinline],
            "pictures": [file for file in files if file.isinline],
            "mailboxes": queries.mailboxes_of(found),
        },
    )
