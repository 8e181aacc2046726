"""The account with which a mailbox logs on by itself, where its profile asks for that."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from serversync.administration import mailboxes
from serversync.administration.mailboxes import MailboxEntries
from serversync.core.errors import InputInvalid
from serversync.crm.models import Mailbox
from serversync.web import formerrors
from serversync.web.pages.mailboxes.views import visible


class CredentialsForm(forms.Form):
    """The section Credentials of Dataverse's mailbox form; the password is never shown again."""

    allowemailconnectortousecredentials = forms.BooleanField(
        label="Allow to Use Credentials for Email Processing", required=False
    )
    username = forms.CharField(
        label="User Name",
        max_length=200,
        required=False,
        help_text="A user principal name, such as ada@example.org, or DOMAIN\\user.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, mailbox: Mailbox, **kwargs: Any) -> None:
        """Begin with what the mailbox has."""
        super().__init__(*args, **kwargs)
        self.initial = {
            "allowemailconnectortousecredentials": mailbox.allowemailconnectortousecredentials,
            "username": mailbox.username or "",
        }
        if mailbox.username:
            self.fields["password"].help_text = "Empty keeps the present one."

    def entries(self) -> MailboxEntries:
        """Return what was changed."""
        return cast("MailboxEntries", {name: self.cleaned_data[name] for name in self.changed_data})


def credentials(request: HttpRequest, mailboxid: UUID) -> HttpResponse:
    """Show the form; keep what was changed."""
    found = visible(mailboxid)
    mailboxes.require_administration([found])
    form = CredentialsForm(request.POST or None, mailbox=found)
    if request.method == "POST" and form.is_valid():
        try:
            mailboxes.edit([found], form.entries())
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, "Saved. Test & Enable the mailbox to try it.")
            return redirect("mailbox", mailboxid=mailboxid)
    return render(request, "mailboxes/credentials.html", {"form": form, "mailbox": found})
