"""The page about appointments, contacts and tasks of a mailbox: its plan, what waits, what failed, what lost."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import synchronization, unsynchronized
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import Mailbox
from serversync.crm.models.exchangesyncmailbox import SyncAnswer
from serversync.web.pages.mailboxes.views import visible


def page(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Show how it stands, and what a person may want to decide."""
    found = visible(mailboxid)
    return render(
        request,
        "mailboxes/synchronization.html",
        {
            "mailbox": found,
            "readiness": synchronization.state_of(found),
            "schedule": (schedule := synchronization.overview(found)),
            "held_mark": synchronization.mark_of(schedule.held),
            "items": unsynchronized.find_all(found),
            "conflicts": unsynchronized.conflicts(found),
        },
    )


@require_POST
def act(request: HttpRequest, mailboxid: UUID, word: str) -> HttpResponse:
    """Do what was decided, and show the page again."""
    found = visible(mailboxid)
    if word not in _ACTS and word not in _ANSWERS:
        raise Http404
    try:
        if word in _ANSWERS:
            given, done = _ANSWERS[word]
            synchronization.answer(found, given, seen=request.POST.get("seen"))
        else:
            done = _ACTS[word](found, _keys(request))
        messages.success(request, done)
    except (InputInvalid, RecordNotFound) as error:
        messages.error(request, str(error))
    return redirect("mailbox-synchronization", mailboxid=mailboxid)


def _keys(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(key) for key in request.POST.getlist("item")]
    except ValueError as error:
        raise Http404 from error


def _approve(mailbox: Mailbox, _keys: Sequence[UUID]) -> str:
    synchronization.approve_plan([mailbox])
    return "The plan happens: a worker does it as soon as one is free."


def _retry(mailbox: Mailbox, keys: Sequence[UUID]) -> str:
    return f"{unsynchronized.retry(mailbox, keys)} of them are tried again."


def _ignore(mailbox: Mailbox, keys: Sequence[UUID]) -> str:
    return f"{unsynchronized.ignore(mailbox, keys)} of them are left alone until somebody retries them."


def _dismiss(mailbox: Mailbox, keys: Sequence[UUID]) -> str:
    return f"The values of {unsynchronized.dismiss_conflicts(mailbox, keys)} are forgotten."


_ACTS: Final[Mapping[str, Callable[[Mailbox, Sequence[UUID]], str]]] = {
    "approve-plan": _approve,
    "retry": _retry,
    "ignore": _ignore,
    "dismiss": _dismiss,
}
_ANSWERS: Final = {
    "let-happen": (SyncAnswer.DELETE, "The deletions happen with the next pass."),
    "keep": (SyncAnswer.KEEP, "What is left stays; the pairs are parted with the next pass."),
    "fill": (
        SyncAnswer.FILL,
        "What the mailbox lacks is made again with the next pass; nobody is invited again.",
    ),
}
"""What may be said about the deletions that the page has shown."""
