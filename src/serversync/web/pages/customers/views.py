"""The lists of contacts and of accounts, and the form of one."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import actor as actors
from serversync.administration import customers, pictures, privileges
from serversync.administration.customers import Customer, Kind
from serversync.core.errors import InputInvalid
from serversync.crm.models import Contact
from serversync.web import formerrors
from serversync.web.keyset import Position, read_page
from serversync.web.pages.customers.forms import NO_PHOTO, PHOTO, CustomerForm
from serversync.web.pages.mail.files import NO_RIGHTS, PICTURE_KINDS

PAGE_SIZE: Final = 50


def listing(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Show them, the newest first; ``q`` and the place are in the address."""
    privileges.require(kind.read)
    search = request.GET.get("q", "")
    page = read_page(
        customers.rows(kind),
        request.GET,
        column="createdon",
        position=_position,
        size=PAGE_SIZE,
        search=search,
    )
    return render(request, "customers/list.html", {**_words(kind), "page": page, "search": search})


def _position(row: Customer) -> Position:
    return Position(row.createdon, row.pk)


def new(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Enter a new one."""
    privileges.require(kind.create)
    form = CustomerForm(request.POST or None, request.FILES or None, kind=kind, row=None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = customers.add(kind, {name: form.cleaned_data[name] for name in kind.fields})
                _take_photo(form, made)
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Added {made}.")
            return redirect(kind.word, key=made.pk)
    return render(request, "customers/form.html", {**_words(kind), "form": form})


def detail(request: HttpRequest, kind: Kind, key: UUID) -> HttpResponse:
    """Show one in the form; change what was changed."""
    found = visible(kind, key)
    form = CustomerForm(request.POST or None, request.FILES or None, kind=kind, row=found)
    if request.method == "POST" and form.is_valid():
        changed = {name: form.cleaned_data[name] for name in form.changed_data if name in kind.fields}
        try:
            with transaction.atomic():
                customers.edit(kind, found, changed)
                _take_photo(form, found)
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Saved {found}.")
            return redirect(kind.word, key=key)
    return render(request, "customers/form.html", {**_words(kind), "form": form, "found": visible(kind, key)})


def photo(_request: HttpRequest, kind: Kind, key: UUID) -> HttpResponse:
    """Send the photo of a contact; never as anything but a picture."""
    found = visible(kind, key)
    file = found.entityimageid if isinstance(found, Contact) else None
    if file is None or file.mimetype not in PICTURE_KINDS:
        raise Http404
    response = HttpResponse(bytes(file.body or b""), content_type=file.mimetype)
    response["Content-Security-Policy"] = NO_RIGHTS
    return response


def _take_photo(form: CustomerForm, row: Customer) -> None:
    """Store the photo that was sent, or take the one that is there away."""
    if not isinstance(row, Contact):
        return
    sent = form.cleaned_data.get(PHOTO)
    if sent:
        pictures.replace(row, sent)
    elif form.cleaned_data.get(NO_PHOTO):
        pictures.remove(row)


@require_POST
def set_state(request: HttpRequest, kind: Kind, key: UUID, word: str) -> HttpResponse:
    """Activate or deactivate one."""
    if word not in {"activate", "deactivate"}:
        raise Http404
    found = customers.set_state(kind, visible(kind, key), active=word == "activate")
    messages.success(request, f"{found} is {'active' if word == 'activate' else 'deactivated'}.")
    return redirect(kind.word, key=key)


def visible(kind: Kind, key: UUID) -> Customer:
    """Return one that the actor may read.

    Raises:
        Http404: there is none.
    """
    return get_object_or_404(customers.rows(kind), pk=key)


def _words(kind: Kind) -> dict[str, Any]:
    actor = actors.current()
    return {
        "kind": kind,
        "title": f"{kind.word.capitalize()}s",
        "list_name": f"{kind.word}s",
        "new_name": f"new-{kind.word}",
        "state_name": f"{kind.word}-state",
        "may_create": actor.may(kind.create),
        "may_write": actor.may(kind.write),
    }
