"""Email Configuration Settings: showing and changing them, all or none."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from serversync.administration import organization
from serversync.core.errors import ServiceError
from serversync.web.pages.settings.forms import SettingsForm


def settings(request: HttpRequest) -> HttpResponse:
    """Show the form; store what was changed."""
    form = SettingsForm(request.POST or None, {one.name: one for one in organization.find_all()})
    if request.method == "POST" and form.is_valid():
        try:
            changed = organization.change_all(form.changes())
        except ServiceError as error:
            field = str(error.details.get("field", ""))
            form.add_error(field if field in form.fields else None, str(error.details.get("reason", error)))
        else:
            words = "; ".join(f"{form.fields[one.name].label}: {one.label}" for one in changed)
            messages.success(request, f"Saved. {words}" if changed else "Nothing was changed.")
            return redirect("settings")
    return render(request, "settings/form.html", {"form": form})
