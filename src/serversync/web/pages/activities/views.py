"""The lists of activities other than e-mail, and the form of one."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import (
    activities,
    activity_files,
    appointments,
    attendees,
    correspondence,
    exchange_links,
    privileges,
    series,
    service_parties,
    services,
    tasks,
)
from serversync.administration import actor as actors
from serversync.administration.activities import (
    APPOINTMENT,
    CORRESPONDENCE,
    SERIES,
    SERVICE,
    TASK,
    Activity,
    Kind,
)
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.privileges import Privilege
from serversync.web import formerrors
from serversync.web.keyset import Position, read_page
from serversync.web.pages.activities import series_views
from serversync.web.pages.activities.forms import AppointmentForm, CorrespondenceForm, ServiceForm, TaskForm
from serversync.web.pages.activities.series_forms import SeriesForm

PAGE_SIZE: Final = 50
_FORMS: Final[Mapping[str, Callable[..., Any]]] = {
    APPOINTMENT.word: AppointmentForm,
    SERIES.word: SeriesForm,
    SERVICE.word: ServiceForm,
    TASK.word: TaskForm,
    **{kind.word: partial(CorrespondenceForm, kind) for kind in CORRESPONDENCE},
}


class _Case(NamedTuple):
    """What one can be added and changed by."""

    add: Callable[..., Activity]
    edit: Callable[..., Activity]


_CASES: Final[Mapping[str, _Case]] = {
    APPOINTMENT.word: _Case(appointments.add, appointments.edit),
    SERIES.word: _Case(series.add, series.edit),
    SERVICE.word: _Case(services.add, services.edit),
    TASK.word: _Case(tasks.add, tasks.edit),
    **{
        kind.word: _Case(partial(correspondence.add, kind), partial(correspondence.edit, kind))
        for kind in CORRESPONDENCE
    },
}


def listing(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Show them, the latest first; ``q`` and the place are in the address."""
    privileges.require(Privilege.READ_ACTIVITY)
    search = request.GET.get("q", "")
    page = read_page(
        activities.rows(kind),
        request.GET,
        column=kind.order,
        position=lambda row: Position(getattr(row, kind.order), row.pk),
        size=PAGE_SIZE,
        search=search,
    )
    shown = {"page": page, "search": search}
    which = "correspondence" if kind in CORRESPONDENCE else kind.word
    return render(request, f"activities/{which}_list.html", {**words(kind), **shown})


def new(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Enter a new one, which belongs to who is logged in."""
    privileges.require(Privilege.CREATE_ACTIVITY)
    form = _FORMS[kind.word](request.POST or None, row=None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _CASES[kind.word].add(form.entries())
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Added {made}.")
            return redirect(kind.word, key=made.pk)
    return render(request, "activities/form.html", {**words(kind), "form": form, "may_write": True})


def detail(request: HttpRequest, kind: Kind, key: UUID) -> HttpResponse:
    """Show one in the form; change what was changed."""
    found = visible(kind, key)
    form = _FORMS[kind.word](request.POST or None, row=found)
    if request.method == "POST" and form.is_valid():
        try:
            _CASES[kind.word].edit(found, form.entries())
        except InputInvalid as error:
            formerrors.tell(form, error)
            found = visible(kind, key)
        else:
            messages.success(request, f"Saved {found}.")
            return redirect(kind.word, key=key)
    shown = {**words(kind), "form": form, "found": found, **about(found)}
    if kind is SERVICE:
        shown["participants"] = service_parties.participants(found)
    elif kind in (APPOINTMENT, SERIES):
        shown["participants"] = attendees.participants(found)
        shown["caller"] = attendees.caller(found)
    if kind is SERIES:
        shown |= series_views.coming(request, found)
    if kind in activity_files.KINDS.values():
        shown["files"] = activity_files.of(found)
        shown["may_attach"] = shown["may_edit"] and activity_files.may_have(found)
    return render(request, "activities/form.html", shown)


@require_POST
def act(request: HttpRequest, kind: Kind, key: UUID, word: str) -> HttpResponse:
    """Complete, cancel, open again or delete one."""
    found = visible(kind, key)
    if word == "delete":
        activities.delete(kind, found)
        messages.success(request, f"Deleted {found.subject or 'it'}.")
        return redirect(f"{kind.word}-list")
    if word not in activities.ACTS:
        raise Http404
    activities.set_state(kind, found, word)
    messages.success(request, f"{found} is {found.get_statuscode_display().lower()} now.")
    return redirect(kind.word, key=key)


def visible(kind: Kind, key: UUID) -> Any:
    """Return one that the actor may read.

    Raises:
        Http404: there is none.
    """
    try:
        return activities.find(kind, key)
    except RecordNotFound as error:
        raise Http404 from error


def about(found: Activity) -> dict[str, Any]:
    """Return what a page says of one beside its form."""
    is_open = found.statecode not in (activities.COMPLETED, activities.CANCELED)
    may_write = activities.may_write(found)
    return {
        "is_open": is_open,
        "may_write": may_write,
        "may_edit": may_write and is_open,
        "owner": found.ownerid,
        "links": exchange_links.of(found),
    }


def words(kind: Kind) -> dict[str, Any]:
    """Return the words and addresses of a kind."""
    return {
        "kind": kind,
        "title": kind.plural.capitalize(),
        "list_name": f"{kind.word}-list",
        "new_name": f"{kind.word}-new",
        "act_name": f"{kind.word}-act",
        "attach_name": f"{kind.word}-attach",
        "file_name": f"{kind.word}-file",
        "detach_name": f"{kind.word}-detach",
        "may_create": actors.current().may(Privilege.CREATE_ACTIVITY),
    }
