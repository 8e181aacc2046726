"""Keys of the API: one's own and, with the privilege to change users, theirs; making one of one's own, and removing."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import apikeys
from serversync.core import clock
from serversync.core.errors import RecordNotFound, ServiceError
from serversync.crm.models import ApiKey
from serversync.web import access, formerrors
from serversync.web.numbered import numbered_page
from serversync.web.pages.apikeys.forms import KeyForm

PAGE_SIZE: Final = 50


def listing(request: HttpRequest) -> HttpResponse:
    """Show keys; make one, which is shown in the answer to its form and nowhere again.

    ``user``, which narrows the list, and ``page`` are in the address.
    """
    viewer = access.viewer(request)
    form = KeyForm(request.POST or None)
    made: ApiKey | None = None
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = apikeys.add(
                viewer.domainname, form.cleaned_data["name"], days=form.cleaned_data["days"]
            )
        except ServiceError as error:
            formerrors.tell(form, error)
        else:
            form = KeyForm()
    login = request.GET.get("user") or None
    try:
        page = numbered_page(apikeys.select(login), request.GET.get("page"), PAGE_SIZE)
    except RecordNotFound as error:
        raise Http404 from error
    shown = {"form": form, "page": page, "made": made, "secret": secret, "of": login, "now": clock.now()}
    return render(request, "apikeys/list.html", shown)


@require_POST
def remove(request: HttpRequest, apikeyid: UUID) -> HttpResponse:
    """Remove a key: from now on it is refused."""
    try:
        removed = apikeys.remove(str(apikeyid))
    except RecordNotFound as error:
        raise Http404 from error
    messages.success(
        request, f"The key {removed} of {removed.systemuserid} is removed: from now on it is refused."
    )
    return redirect("keys")
