"""The list of users, and the form of one with the roles."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.db.models import Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import filters, logon, people, privileges, searching
from serversync.core.errors import ServiceError
from serversync.crm.models import SystemUser
from serversync.crm.privileges import Privilege
from serversync.web import formerrors
from serversync.web.numbered import numbered_page
from serversync.web.pages.users.forms import NewUserForm, OldUserForm

PAGE_SIZE: Final = 50


def listing(request: HttpRequest) -> HttpResponse:
    """Show users by name; ``q`` and ``page`` are in the address."""
    privileges.require(Privilege.READ_USER)
    search = request.GET.get("q", "")
    # A search asks the index of words first: by names in order it would read everybody.
    rows = privileges.users().order_by(Concat("fullname", Value("")) if search else "fullname", "pk")
    page = numbered_page(searching.narrow(rows, search), request.GET.get("page"), PAGE_SIZE)
    roles = people.roles_of(list(page))
    listed = [{"user": user, "roles": roles.get(str(user.pk), [])} for user in page]
    return render(request, "users/list.html", {"page": page, "rows": listed, "search": search})


def new(request: HttpRequest) -> HttpResponse:
    """Enter a new user."""
    privileges.require(Privilege.CREATE_USER)
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = people.add(
                data["login"],
                fullname=data["fullname"],
                address=data["address"] or None,
                roles=data["roles"],
            )
            filters.set_for_user(user, track=data["track"])
            if data["password"]:
                people.edit(user, password=data["password"], one_time=True)
        except ServiceError as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Added {user.fullname}.")
            return redirect("users")
    return render(request, "users/form.html", {"form": form})


def detail(request: HttpRequest, systemuserid: UUID) -> HttpResponse:
    """Show a user in the form; change what was changed."""
    privileges.require(Privilege.READ_USER)
    found = get_object_or_404(privileges.users(), pk=systemuserid)
    roles = people.roles_of([found]).get(str(found.pk), [])
    shown = {
        "fullname": found.fullname,
        "address": found.internalemailaddress or "",
        "roles": roles,
        "track": _track_of(found),
        "isdisabled": found.isdisabled,
    }
    form = OldUserForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        try:
            _change(found, form, roles)
        except ServiceError as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, f"Saved {found.fullname}.")
            return redirect("user", systemuserid=systemuserid)
    return render(request, "users/form.html", {"form": form, "found": found})


def _track_of(user: SystemUser) -> str:
    chosen = filters.options_of(user).incomingemailfilteringmethod
    return next(word for word, method in filters.METHODS.items() if method == chosen)


def _change(user: SystemUser, form: OldUserForm, roles: list[str]) -> None:
    data = form.cleaned_data
    people.edit(
        user,
        fullname=data["fullname"],
        address=data["address"] or None,
        password=data["password"] or None,
        one_time=True,
        disabled=data["isdisabled"] if data["isdisabled"] != user.isdisabled else None,
        roles=data["roles"] if sorted(data["roles"]) != sorted(roles) else None,
    )
    if data["track"] != _track_of(user):
        filters.set_for_user(user, track=data["track"])


@require_POST
def unlock(request: HttpRequest, systemuserid: UUID) -> HttpResponse:
    """Lift the pause after failed log-ins."""
    found = get_object_or_404(privileges.users(), pk=systemuserid)
    lifted = logon.unlock(found)
    messages.success(request, f"{found.fullname} may log in{'' if lifted else '; there was no pause'}.")
    return redirect("user", systemuserid=systemuserid)
