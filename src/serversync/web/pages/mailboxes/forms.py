"""The forms of the commands on mailboxes: Change Multiple Records, and what a confirmation asks."""

from typing import Any

from django import forms

from serversync.administration import profiles

_KEEP = ("", "Keep as it is")


class ChangeForm(forms.Form):
    """Change Multiple Records: what is left alone stays as it is."""

    emailserverprofile = forms.ChoiceField(label="Server Profile", required=False)
    incomingemaildeliverymethod = forms.ChoiceField(
        label="Incoming Email",
        required=False,
        choices=(
            _KEEP,
            ("server-side", "Server-Side Synchronization or Email Router"),
            ("forward", "Forward Mailbox"),
            ("none", "None"),
        ),
    )
    outgoingemaildeliverymethod = forms.ChoiceField(
        label="Outgoing Email",
        required=False,
        choices=(_KEEP, ("server-side", "Server-Side Synchronization or Email Router"), ("none", "None")),
    )
    actdeliverymethod = forms.ChoiceField(
        label="Appointments, Contacts, and Tasks",
        required=False,
        choices=(_KEEP, ("server-side", "Server-Side Synchronization"), ("none", "None")),
    )
    processemailreceivedafter = forms.DateTimeField(
        label="Process Email From",
        required=False,
        help_text="In your time zone.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the profiles that there are."""
        super().__init__(*args, **kwargs)
        names = [(name, name) for name in profiles.names()]
        choices = [_KEEP, *names, ("-", "None")]
        self.fields["emailserverprofile"].choices = choices  # type: ignore[attr-defined]

    def parameters(self) -> dict[str, Any]:
        """Return what was chosen, as JSON can hold it."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        if given.get("emailserverprofile") == "-":
            given["emailserverprofile"] = None
        if "processemailreceivedafter" in given:
            given["processemailreceivedafter"] = given["processemailreceivedafter"].isoformat()
        return given


class WhyForm(forms.Form):
    """Which message is meant."""

    message = forms.CharField(label="Message id or part of the subject", max_length=1000)
