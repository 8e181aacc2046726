"""The commands on selected mailboxes: each is shown first, with what it will touch, and done when it is confirmed.

A few mailboxes are changed at once; many, and everything that asks Exchange, become a job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import bulk, jobs, mailboxes, organization
from serversync.core.errors import InputInvalid
from serversync.crm.models import Mailbox
from serversync.web.pages.mailboxes.forms import ChangeForm
from serversync.web.pages.mailboxes.selection import Selection
from serversync.web.ways import in_pages


@dataclass(frozen=True, slots=True)
class Wording:
    """What a confirmation says: the question, and the word of the button."""

    question: str
    button: str = "OK"
    danger: bool = False


WORDING: Final[Mapping[str, Wording]] = {
    "test-enable": Wording(
        "Each mailbox is really opened. What answers is enabled and synchronized; otherwise there is an alert.",
        "Test & Enable",
    ),
    "apply-defaults": Wording("Give these mailboxes the default profile and delivery methods:"),
    "edit": Wording("What you choose is changed for all of them; what you leave stays.", "Change"),
    "approve": Wording("E-mail of these addresses may be processed from now on."),
    "reject": Wording("E-mail of these addresses is not processed any more.", danger=True),
    "enable": Wording("Incoming e-mail is switched on without a test."),
    "disable": Wording("Incoming e-mail is switched off until somebody enables it.", danger=True),
    "activate": Wording("The mailboxes take part again."),
    "deactivate": Wording("The mailboxes are not synchronized any more.", danger=True),
    "sync": Wording("They are synchronized as soon as a worker is free."),
    "reinitialise": Wording(
        "How far they were read is forgotten: everything is listed again from the start. "
        "What is tracked stays and is not doubled.",
        "Re-initialise",
        danger=True,
    ),
}
TYPED: Final = "RE-INITIALISE"
"""What has to be typed before mailboxes are read anew."""
_DEFAULTS: Final = (
    ("defaultemailserverprofileid", "Server Profile"),
    ("defaultincomingemaildeliverymethod", "Incoming Email"),
    ("defaultoutgoingemaildeliverymethod", "Outgoing Email"),
    ("defaultactdeliverymethod", "Appointments, Contacts, and Tasks"),
)


@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Show what a command would do to the selection; nothing is changed."""
    word = request.POST.get("act", "")
    if word not in WORDING:
        raise Http404
    try:
        selection = Selection.read(request.POST)
    except InputInvalid as error:
        messages.error(request, str(error.details["reason"]).capitalize() + ".")
        return redirect("mailboxes")
    return _ask(request, word, selection, ChangeForm() if word == "edit" else None)


def _ask(
    request: HttpRequest, word: str, selection: Selection, form: ChangeForm | None, *, status: int = 200
) -> HttpResponse:
    chosen = selection.mailboxes()
    bulk.find(word).require(chosen)
    named, more = selection.shown(chosen)
    return render(
        request,
        "mailboxes/confirm.html",
        {
            "word": word,
            "title": bulk.find(word).title,
            "wording": WORDING[word],
            "selection": selection,
            "count": len(chosen),
            "named": named,
            "more": more,
            "form": form,
            "defaults": _defaults() if word == "apply-defaults" else [],
            "differences": _differences(chosen) if word == "apply-defaults" else 0,
            "typed": TYPED if word == "reinitialise" else "",
            "as_job": word == bulk.TEST_ENABLE or len(chosen) > bulk.AT_ONCE,
        },
        status=status,
    )


def _defaults() -> list[tuple[str, str]]:
    settings = {one.name: one.label for one in organization.find_all("default")}
    return [(title, settings[name]) for name, title in _DEFAULTS]


def _differences(chosen: list[Mailbox]) -> int:
    """Return how many of the mailboxes have something else now."""
    settings = {one.name: one.value for one in organization.find_all("default")}
    wanted = (
        settings["defaultemailserverprofileid"],
        settings["defaultincomingemaildeliverymethod"],
        settings["defaultoutgoingemaildeliverymethod"],
    )
    return sum(
        wanted
        != (
            str(box.emailserverprofile_id) if box.emailserverprofile_id else None,
            box.incomingemaildeliverymethod,
            box.outgoingemaildeliverymethod,
        )
        for box in chosen
    )


@require_POST
def perform(request: HttpRequest, word: str) -> HttpResponse:
    """Do what was confirmed, at once or as a job."""
    if word not in WORDING:
        raise Http404
    selection = Selection.read(request.POST)
    parameters: dict[str, Any] = {}
    if word == "edit":
        form = ChangeForm(request.POST)
        if not form.is_valid() or not form.parameters():
            form.add_error(None, "Choose at least one thing to change.")
            return _ask(request, word, selection, form, status=400)
        parameters = form.parameters()
    if word == "reinitialise" and request.POST.get("typed", "").strip() != TYPED:
        messages.error(request, f"Nothing was done: type {TYPED} to confirm.")
        return _ask(request, word, selection, None, status=400)
    if word == "apply-defaults" and request.POST.get("then_test") == "1":
        parameters[bulk.THEN_TEST] = True
    chosen = selection.mailboxes()
    try:
        if word == "test-enable" and request.POST.get("primary") == "1":
            mailboxes.mark_primary(chosen, primary=True)
        return _do(request, word, chosen, parameters)
    except InputInvalid as error:
        messages.error(request, f"Nothing was done. {in_pages(str(error))}")
        return redirect("mailboxes")


def _do(request: HttpRequest, word: str, chosen: list[Mailbox], parameters: dict[str, Any]) -> HttpResponse:
    tests = word == bulk.TEST_ENABLE or bool(parameters.get(bulk.THEN_TEST))
    if tests or len(chosen) > bulk.AT_ONCE:
        if word == "apply-defaults" and len(chosen) <= bulk.AT_ONCE:
            bulk.perform(word, chosen, {})
            return redirect("job", jobid=jobs.start(bulk.TEST_ENABLE, chosen).pk)
        return redirect("job", jobid=jobs.start(word, chosen, parameters).pk)
    bulk.perform(word, chosen, parameters)
    title = bulk.find(word).title
    many = f"{len(chosen)} mailboxes" if len(chosen) != 1 else chosen[0].name
    messages.success(request, f"{title}: done for {many}.")
    if len(chosen) == 1:
        return redirect("mailbox", mailboxid=chosen[0].pk)
    return redirect("mailboxes")
