"""The form of a new key."""

from django import forms

from serversync.administration.apikeys import DEFAULT_DAYS, MOST_DAYS


class KeyForm(forms.Form):
    """What the key is for, and how long it is in force."""

    name = forms.CharField(label="Name", max_length=100, help_text="The program or script that will use it.")
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=MOST_DAYS,
        initial=DEFAULT_DAYS,
        help_text=f"So long it is in force, 1 to {MOST_DAYS}.",
    )
