"""Logging in with the log-in name and password of a user of the CRM, and changing the own password."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from serversync.administration import logon, people
from serversync.core.errors import InputInvalid, LogOnLocked, LogOnRefused
from serversync.web import access

_BACKEND = "django.contrib.auth.backends.ModelBackend"


class LogInForm(AuthenticationForm):
    """Log-in name and password."""

    username = forms.CharField(
        label="Log-in name",
        max_length=1024,
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocomplete": "username", "autocapitalize": "none"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Check name and password; the use case counts the failures."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password and self.request is not None:
            try:
                user = logon.log_on(name, password, address=access.address_of(self.request))
            except (LogOnRefused, LogOnLocked) as error:
                remedy = "Capital letters matter in both." if isinstance(error, LogOnRefused) else ""
                raise forms.ValidationError(f"{error} {remedy}".strip(), code=error.code) from error
            user.backend = _BACKEND
            self.user_cache = user
        return self.cleaned_data


class LogIn(LoginView):
    """The log-in page; who is logged in already goes on to the overview."""

    authentication_form = LogInForm
    template_name = "session/log_in.html"
    redirect_authenticated_user = True


class PasswordForm(forms.Form):
    """The present password, and the new one twice."""

    old = forms.CharField(
        label="Present password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 8 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        """Refuse two that differ."""
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("new"):
            raise forms.ValidationError("The two are not the same.")
        return again


def password(request: HttpRequest) -> HttpResponse:
    """Change the own password; all other sessions of the user end."""
    user = access.viewer(request)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            people.change_own_password(user, form.cleaned_data["old"], form.cleaned_data["new"])
        except InputInvalid as error:
            form.add_error("old" if "Present" in str(error) else "new", str(error.details["reason"]))
        else:
            update_session_auth_hash(request, user)
            messages.success(request, "The password is changed.")
            return redirect("overview")
    return render(request, "session/password.html", {"form": form, "must": user.mustchangepassword})
