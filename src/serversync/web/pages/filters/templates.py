"""The organization's templates of synchronization filters, and giving them to all users."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import people, privileges, syncfilters
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import SavedQuery, UserQuery
from serversync.crm.privileges import Privilege
from serversync.rules.record import Kind
from serversync.web import formerrors
from serversync.web.pages.filters.forms import FilterForm
from serversync.web.pages.filters.views import done, kind_of


def listing(request: HttpRequest) -> HttpResponse:
    """Show the templates by kind."""
    rows = syncfilters.templates()
    kinds = [
        {
            "word": word,
            "plural": kind.plural,
            "rows": [(one, syncfilters.described(one)) for one in rows if one.returnedtypecode == kind.value],
        }
        for word, kind in syncfilters.KINDS.items()
    ]
    return render(request, "filters/templates.html", {"kinds": kinds})


def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Enter one more template."""
    privileges.require_organization(Privilege.WRITE_ORGANIZATION)
    return _form(request, kind_of(kind), None)


def detail(request: HttpRequest, savedqueryid: UUID) -> HttpResponse:
    """Show a template in its form; change what was changed."""
    row = _row(savedqueryid)
    return _form(request, Kind(row.returnedtypecode), row)


def _form(request: HttpRequest, kind: Kind, row: SavedQuery | None) -> HttpResponse:
    form = FilterForm(request.POST or None, kind=kind, row=row)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.entries()
            saved = syncfilters.add_template(kind, given) if row is None else syncfilters.edit(row, given)
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Saved {saved}: users who are set up from now on get it.")
            return redirect("filter-templates")
    word = next(word for word, one in syncfilters.KINDS.items() if one is kind)
    return render(
        request,
        "filters/template.html",
        {"form": form, "found": row, "kind": word, "title": row.name if row else f"New template: {word}"},
    )


@require_POST
def act(request: HttpRequest, savedqueryid: UUID, word: str) -> HttpResponse:
    """Activate, deactivate or delete a template."""
    try:
        messages.success(request, done(_row(savedqueryid), word))
    except InputInvalid as error:
        messages.error(request, str(error))
    return redirect("filter-templates")


def apply(request: HttpRequest) -> HttpResponse:
    """Say how many users and filters it touches, and give all users the templates in place of their own filters."""
    privileges.require_organization(Privilege.WRITE_FILTER)
    users = people.find_all()
    if request.method == "POST":
        replaced = syncfilters.reset(users)
        messages.success(
            request, f"{len(users)} users have the templates as filters now; {replaced} were replaced."
        )
        return redirect("filter-templates")
    return render(
        request,
        "filters/apply.html",
        {"users": len(users), "filters": UserQuery.objects.filter(ownerid__in=users).count()},
    )


def _row(key: UUID) -> SavedQuery:
    try:
        return syncfilters.find_template(key)
    except RecordNotFound as error:
        raise Http404 from error
