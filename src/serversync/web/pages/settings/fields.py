"""Synchronized fields: which way each field of a kind goes."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from serversync.administration import syncfields
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.mapping.maps import WORDS

_CHOICES = (
    ("both", "Both ways"),
    ("to-exchange", "To Exchange"),
    ("to-crm", "To the CRM"),
    ("none", "Not at all"),
)


class FieldsForm(forms.Form):
    """One choice for each field whose way can be set."""

    def __init__(self, data: object, rows: list[syncfields.SyncField]) -> None:
        """Make the choices from the ways in force."""
        super().__init__(data)  # type: ignore[arg-type]
        words = dict(_CHOICES)
        for row in rows:
            label = f"{row.label} ({row.column})" if row.label else row.column
            self.fields[row.column] = forms.ChoiceField(
                label=label,
                choices=[each for each in _CHOICES if each[0] in row.choices],
                initial=row.direction,
                disabled=row.is_fixed,
                help_text="Cannot be changed." if row.is_fixed else f"Default: {words[row.default]}.",
            )


def fields(request: HttpRequest, kind: str) -> HttpResponse:
    """Show the ways of a kind's fields; store what was changed."""
    try:
        rows = syncfields.find_all(kind)
    except RecordNotFound as error:
        raise Http404 from error
    form = FieldsForm(request.POST or None, rows)
    if request.method == "POST" and form.is_valid():
        settable = {row.column for row in rows if not row.is_fixed}
        given = {column: word for column, word in form.cleaned_data.items() if column in settable}
        try:
            changed = syncfields.change(kind, given)
        except InputInvalid as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, f"Saved: {len(changed)} changed." if changed else "Nothing was changed."
            )
            return redirect("settings-fields", kind=kind)
    return render(request, "settings/fields.html", {"form": form, "kind": kind, "kinds": list(WORDS)})
