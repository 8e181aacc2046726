"""The form of a queue."""

from django import forms

from serversync.administration.filters import METHODS


class QueueForm(forms.Form):
    """What is entered about a queue; labels are those that errors of the use case name."""

    name = forms.CharField(label="Queue name", max_length=200)
    address = forms.EmailField(label="E-mail address", max_length=100)
    owner = forms.CharField(
        label="Owner", max_length=1024, required=False, help_text="Log-in name or address of a user."
    )
    track = forms.ChoiceField(
        label="Track",
        choices=[(word, method.label) for word, method in METHODS.items()],
        initial="all",
        help_text="Which incoming e-mail becomes activities.",
    )
    description = forms.CharField(
        label="Description", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
