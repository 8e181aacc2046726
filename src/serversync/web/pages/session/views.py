"""Logging in with the log-in name and password of a user of the CRM."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView


class LogInForm(AuthenticationForm):
    """Log-in name and password."""

    username = forms.CharField(
        label="Log-in name",
        max_length=1024,
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocomplete": "username", "autocapitalize": "none"}
        ),
    )
    error_messages = {  # noqa: RUF012 - Django's own shape
        "invalid_login": "Log-in name and password do not match. Capital letters matter in both.",
        "inactive": "This user is disabled. An administrator can enable it.",
    }


class LogIn(LoginView):
    """The log-in page; who is logged in already goes on to the mailboxes."""

    authentication_form = LogInForm
    template_name = "session/log_in.html"
    redirect_authenticated_user = True
