"""Personal options of who is logged in: the time zone, which mail is tracked, what unknown senders become, companies."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from serversync.administration import companies, filters, timezones
from serversync.core.errors import InputInvalid
from serversync.web import access, formerrors


class OptionsForm(forms.Form):
    """What everybody may choose for themselves; labels are those that errors of the use cases name."""

    timezone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text="Pages show times in it, and whole days of the CRM stand in your calendar by it.",
    )
    track = forms.ChoiceField(
        label="Track",
        choices=[(word, method.label) for word, method in filters.METHODS.items()],
        help_text="Which incoming e-mail becomes activities.",
    )
    new_senders = forms.ChoiceField(
        label="New senders",
        choices=[(word, word.capitalize()) for word in filters.NEW_SENDERS],
        help_text="What unknown senders become in the CRM.",
    )

    company = forms.BooleanField(
        label="Keep the company of contacts in Outlook",
        required=False,
        help_text="It is the name of their parent in the CRM; otherwise what you have typed stays.",
    )

    def __init__(self, data: object, *, initial: dict[str, Any]) -> None:
        """Offer the zones, the chosen one in any case."""
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        known = sorted({*timezones.choices(), *filter(None, [initial["timezone"]])})
        self.fields["timezone"].choices = [  # type: ignore[attr-defined]
            ("", "The organization's"),
            *((one, one) for one in known),
        ]


def options(request: HttpRequest) -> HttpResponse:
    """Show the personal options; store what was changed."""
    user = access.viewer(request)
    row = filters.options_of(user)
    shown = {
        "timezone": row.timezone or "",
        "track": next(
            word for word, one in filters.METHODS.items() if one == row.incomingemailfilteringmethod
        ),
        "new_senders": next(
            word for word, one in filters.NEW_SENDERS.items() if one == row.autocreatecontactonpromote
        ),
        "company": row.synccontactcompany,
    }
    form = OptionsForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        changed = {name: given[name] for name in ("track", "new_senders") if given[name] != shown[name]}
        try:
            filters.set_for_user(user, **changed)
            if given["timezone"] != shown["timezone"]:
                timezones.choose(user, given["timezone"])
            if given["company"] != shown["company"]:
                companies.choose(user, are_updated=given["company"])
        except InputInvalid as error:
            formerrors.tell(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("options")
    return render(request, "session/options.html", {"form": form})
