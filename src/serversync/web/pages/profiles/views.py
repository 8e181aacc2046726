"""The list of profiles and the form of one; Save, activate, deactivate, Test & Enable Mailboxes."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from serversync.administration import alerts, jobs, privileges, profiles
from serversync.core.errors import InputInvalid, ServiceError
from serversync.crm.models import EmailServerProfile
from serversync.crm.privileges import Privilege
from serversync.web import formerrors
from serversync.web.pages.profiles.forms import ProfileForm

_KINDS: Final = {"exchange": "Exchange Server", "hybrid": "Exchange Server (Hybrid)"}


def visible(profileid: UUID) -> EmailServerProfile:
    """Return a profile that the actor may read.

    Raises:
        Http404: there is none.
    """
    rows = privileges.reach(Privilege.READ_PROFILE, EmailServerProfile.objects.select_related("ownerid"))
    return get_object_or_404(rows.defer("incomingpassword", "outgoingpassword"), pk=profileid)


def listing(request: HttpRequest) -> HttpResponse:
    """Show all profiles with the number of their mailboxes."""
    privileges.require(Privilege.READ_PROFILE)
    return render(request, "profiles/list.html", {"rows": profiles.find_all(), "kinds": _KINDS.items()})


def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Enter a new profile and save it."""
    if kind not in _KINDS:
        raise Http404
    privileges.require(Privilege.CREATE_PROFILE)
    form = ProfileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = profiles.add(form.cleaned_data["name"], form.entries(None, kind))
        except ServiceError as error:
            formerrors.tell(form, error, address_field="incomingserverlocation")
        else:
            messages.success(request, f"Saved {made.name}. Now test the connection.")
            return redirect("profile", profileid=made.pk)
    return render(request, "profiles/form.html", {"form": form, "kind": _KINDS[kind]})


def detail(request: HttpRequest, profileid: UUID) -> HttpResponse:
    """Show a profile in its form; change what was changed."""
    profile = visible(profileid)
    form = ProfileForm(request.POST or None, request.FILES or None, profile=profile)
    if request.method == "POST" and form.is_valid():
        try:
            entered = form.entries(profile, "")
            name = form.cleaned_data["name"]
            profiles.edit(profile.name, entered, new_name=name if name != profile.name else None)
        except ServiceError as error:
            formerrors.tell(form, error, address_field="incomingserverlocation")
        else:
            messages.success(request, f"Saved {name}.")
            return redirect("profile", profileid=profileid)
    rows = privileges.mailboxes().filter(emailserverprofile=profile)
    about = privileges.alerts().filter(regardingobjectid=profile.pk, resolvedon=None)
    return render(
        request,
        "profiles/form.html",
        {
            "form": form,
            "profile": visible(profileid),
            "kind": profile.get_servertype_display(),
            "mailboxes": rows.count(),
            "alerts": about.exclude(alerts.muted()).order_by("-level", "-laston")[:5],
        },
    )


@require_POST
def act(request: HttpRequest, profileid: UUID, word: str) -> HttpResponse:
    """Activate or deactivate a profile, or test and enable all of its mailboxes."""
    profile = visible(profileid)
    if word in {"activate", "deactivate"}:
        profiles.set_state(profile.name, active=word == "activate")
        done = "is active" if word == "activate" else "is deactivated: its mailboxes are not synchronized"
        messages.success(request, f"{profile.name} {done}.")
    elif word == "test-enable":
        try:
            return redirect("job", jobid=jobs.test_profile_mailboxes(profile).pk)
        except InputInvalid as error:
            messages.error(request, f"{error} Give mailboxes the profile first: Mailboxes.")
    else:
        raise Http404
    return redirect("profile", profileid=profileid)
