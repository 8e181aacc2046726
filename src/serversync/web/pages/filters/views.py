"""Synchronization filters of a user: the list, one in its form with a preview, and the way back to the defaults."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import actor as actors
from serversync.administration import filterpreview, syncfilters
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import SystemUser, UserQuery
from serversync.crm.models.options import StateCode
from serversync.crm.privileges import Privilege
from serversync.rules.record import Kind
from serversync.web import formerrors
from serversync.web.access import viewer
from serversync.web.pages.filters.forms import FilterForm


def own(request: HttpRequest) -> HttpResponse:
    """Show the filters of who is logged in."""
    return listing(request, viewer(request).pk)


def listing(request: HttpRequest, systemuserid: UUID) -> HttpResponse:
    """Show the filters of a user by kind, and for the kind ``?count=`` names how many records they let in.

    Counting holds the filters against every record of the kind, which takes its time in a large company.
    """
    user = _user(systemuserid)
    rows = syncfilters.of_user(user)
    counted = request.GET.get("count")
    kinds = []
    for word, kind in syncfilters.KINDS.items():
        of_kind = [one for one in rows if one.returnedtypecode == kind.value]
        active = [one for one in of_kind if one.statecode == StateCode.ACTIVE]
        kinds.append(
            {
                "word": word,
                "plural": kind.plural,
                "rows": [(one, syncfilters.described(one)) for one in of_kind],
                "preview": filterpreview.preview(user, kind, active) if word == counted else None,
            }
        )
    return render(request, "filters/list.html", {**_of(user), "kinds": kinds})


def new(request: HttpRequest, systemuserid: UUID, kind: str) -> HttpResponse:
    """Enter one more filter of a user."""
    user, chosen = _user(systemuserid), kind_of(kind)
    return _form(request, user, UserQuery(ownerid=user, returnedtypecode=chosen.value), is_new=True)


def detail(request: HttpRequest, userqueryid: UUID) -> HttpResponse:
    """Show a filter in its form; say what a change would do, or store it."""
    row = _row(userqueryid)
    return _form(request, row.ownerid, row, is_new=False)


def _form(request: HttpRequest, user: SystemUser, row: UserQuery, *, is_new: bool) -> HttpResponse:
    kind = Kind(row.returnedtypecode)
    form = FilterForm(request.POST or None, kind=kind, row=None if is_new else row)
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("act") == "preview":
                draft = syncfilters.drafted(row, form.entries())
                preview = filterpreview.changed(
                    user, draft, is_active=is_new or row.statecode == StateCode.ACTIVE
                )
            elif is_new:
                made = syncfilters.add(user, kind, form.entries())
                messages.success(request, f"Added {made.name}: it counts from the next pass on.")
                return redirect("user-filters", systemuserid=user.pk)
            else:
                syncfilters.edit(row, form.entries())
                messages.success(request, f"Saved {row.name}: it counts from the next pass on.")
                return redirect("user-filters", systemuserid=user.pk)
        except InputInvalid as error:
            formerrors.tell(form, error)
    word = syncfilters.word_of(row)
    shown = {
        "form": form,
        "found": None if is_new else row,
        "kind": word,
        "preview": preview,
        "title": f"New filter of {Kind(row.returnedtypecode).plural}" if is_new else row.name,
    }
    return render(request, "filters/form.html", {**_of(user), **shown})


@require_POST
def act(request: HttpRequest, userqueryid: UUID, word: str) -> HttpResponse:
    """Activate, deactivate or delete a filter."""
    row = _row(userqueryid)
    user = row.ownerid.pk
    messages.success(request, done(row, word))
    return redirect("user-filters", systemuserid=user)


def reset(request: HttpRequest, systemuserid: UUID) -> HttpResponse:
    """Show what the organization's default filters would do in place of a user's own, and put them there."""
    user = _user(systemuserid)
    if request.method == "POST":
        count = syncfilters.reset([user])
        messages.success(request, f"{count} filters were replaced by the organization's.")
        return redirect("user-filters", systemuserid=user.pk)
    rows = syncfilters.defaults_for(user)
    return render(
        request,
        "filters/reset.html",
        {
            **_of(user),
            "rows": [(one, syncfilters.described(one)) for one in rows],
            "previews": filterpreview.replaced(user, rows),
            "count": len(syncfilters.of_user(user)),
        },
    )


def done(row: syncfilters.SyncFilter, word: str) -> str:
    """Do an act on a filter and say so.

    Raises:
        Http404: there is no such act.
    """
    match word:
        case "activate" | "deactivate":
            syncfilters.set_state(row, active=word == "activate")
            return f"{row} is {'active' if word == 'activate' else 'deactivated'}."
        case "delete":
            syncfilters.delete(row)
            return f"Deleted {row.name}."
    raise Http404


def kind_of(word: str) -> Kind:
    """Return a kind out of an address.

    Raises:
        Http404: there is none.
    """
    try:
        return syncfilters.kind_of(word)
    except RecordNotFound as error:
        raise Http404 from error


def _user(key: UUID) -> SystemUser:
    return get_object_or_404(syncfilters.visible_users(), pk=key)


def _row(key: UUID) -> UserQuery:
    try:
        return syncfilters.find(key)
    except RecordNotFound as error:
        raise Http404 from error


def _of(user: SystemUser) -> dict[str, Any]:
    actor = actors.current()
    return {
        "of": user,
        "is_own": actor.user is not None and actor.user.pk == user.pk,
        "may_write": actor.may(Privilege.WRITE_FILTER),
    }
