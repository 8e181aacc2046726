"""The forms of a user."""

from typing import Any

from django import forms

from serversync.administration import privileges
from serversync.administration.filters import METHODS
from serversync.crm.privileges import SALESPERSON


class UserForm(forms.Form):
    """What is entered about a user; labels are those that errors of the use case name."""

    fullname = forms.CharField(label="Full name", max_length=200)
    address = forms.EmailField(label="E-mail address", max_length=100, required=False)
    track = forms.ChoiceField(
        label="Track",
        choices=[(word, method.label) for word, method in METHODS.items()],
        help_text="Which incoming e-mail becomes activities.",
    )
    roles = forms.MultipleChoiceField(
        label="Roles", required=False, widget=forms.CheckboxSelectMultiple, help_text="What the user may do."
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        help_text="Empty keeps the present one. The user has to change it at the next log-in.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the roles that there are."""
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [(role.name, role.name) for role in privileges.roles()]  # type: ignore[attr-defined]


class NewUserForm(UserForm):
    """A user who does not exist yet."""

    login = forms.CharField(label="User name", max_length=1024, help_text="For the log-in.")
    field_order = ("login", "fullname", "address", "track", "roles", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin as a salesperson without a password."""
        super().__init__(*args, initial={"roles": [SALESPERSON.name], "track": "responses"}, **kwargs)
        self.fields[
            "password"
        ].help_text = "Empty: no log-in, only a mailbox. It has to be changed at the first log-in."


class OldUserForm(UserForm):
    """A user who exists."""

    isdisabled = forms.BooleanField(
        label="Disabled", required=False, help_text="No log-in, and the mailbox is not synchronized."
    )
