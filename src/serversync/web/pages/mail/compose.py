"""Writing, answering, forwarding and sending an e-mail, and taking back one that waits."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import composing, drafts, privileges, sending
from serversync.administration.composing import MessageEntries
from serversync.core.errors import InputInvalid, ServiceError
from serversync.crm.models import Email
from serversync.crm.privileges import Privilege
from serversync.web import formerrors
from serversync.web.pages.mail.forms import DraftForm, EmailForm
from serversync.web.ways import in_pages

Write = Callable[[MessageEntries], Email]


def new(request: HttpRequest) -> HttpResponse:
    """Write a new e-mail."""
    return _form(request, "New e-mail", composing.compose, lambda: {"to": request.GET.getlist("to")})


def reply(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Answer whoever wrote an e-mail."""
    key = str(activityid)
    return _form(
        request,
        "Reply",
        lambda entered: composing.reply(key, entered),
        lambda: composing.begin_reply(key),
        parent=activityid,
    )


def reply_to_all(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Answer everybody who got an e-mail."""
    key = str(activityid)
    return _form(
        request,
        "Reply to all",
        lambda entered: composing.reply(key, entered, to_all=True),
        lambda: composing.begin_reply(key, to_all=True),
        parent=activityid,
    )


def forward(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Pass an e-mail on with its files."""
    key = str(activityid)
    return _form(
        request,
        "Forward",
        lambda entered: composing.forward(key, entered),
        lambda: composing.begin_forward(key),
        parent=activityid,
    )


def edit(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Change a draft, and send it if that was asked for."""
    found = get_object_or_404(privileges.emails(), pk=activityid)
    privileges.require_for(Privilege.WRITE_ACTIVITY, [found])
    if not drafts.may_be_edited(found):
        messages.error(request, "It cannot be changed any more.")
        return redirect("email", activityid=activityid)
    form = DraftForm(request.POST or None, request.FILES or None, begin=drafts.begin(found), email=found)
    if request.method == "POST" and form.is_valid():
        wants_sending = request.POST.get("act") == "send"
        try:
            with transaction.atomic():
                drafts.edit(found, form.entries(), without=form.without())
                if wants_sending:
                    sending.send(found)
        except ServiceError as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, "It is on its way." if wants_sending else "Saved as a draft.")
            return redirect("email", activityid=activityid)
    return render(request, "mail/form.html", {"form": form, "title": "Edit draft", "draft": found})


def _form(
    request: HttpRequest,
    title: str,
    write: Write,
    begin: Callable[[], MessageEntries],
    *,
    parent: UUID | None = None,
) -> HttpResponse:
    """Show the form; keep what was entered as a draft, and send it if that was asked for.

    What cannot be sent is not kept either, so that the form can be corrected and sent once more.
    """
    privileges.require(Privilege.CREATE_ACTIVITY)
    original = get_object_or_404(privileges.emails().defer("description"), pk=parent) if parent else None
    form = EmailForm(request.POST or None, request.FILES or None, begin=begin())
    if request.method == "POST" and form.is_valid():
        wants_sending = request.POST.get("act") == "send"
        try:
            with transaction.atomic():
                email = write(form.entries())
                if wants_sending:
                    email = sending.send(email)
        except ServiceError as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, "It is on its way." if wants_sending else "Saved as a draft.")
            return redirect("email", activityid=email.pk)
    return render(request, "mail/form.html", {"form": form, "title": title, "original": original})


@require_POST
def send(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Send a draft, or once more what has failed."""
    found = get_object_or_404(privileges.emails(), pk=activityid)
    try:
        sending.send(found)
    except InputInvalid as error:
        messages.error(request, f"{error} {in_pages(error.remedy_text)}")
    else:
        messages.success(request, "It is on its way.")
    return redirect("email", activityid=activityid)


@require_POST
def take_back(request: HttpRequest, activityid: UUID) -> HttpResponse:
    """Make a draft again of what waits to be sent."""
    found = get_object_or_404(privileges.emails(), pk=activityid)
    try:
        sending.take_back(found)
    except InputInvalid as error:
        messages.error(request, f"It was not taken back: {error.details['reason']}.")
    else:
        messages.success(request, "Taken back: it is a draft again.")
    return redirect("email", activityid=activityid)
