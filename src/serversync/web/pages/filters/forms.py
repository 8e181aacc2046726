"""The form of a synchronization filter: its name, and rows of attribute, operator and value."""

from typing import Any, Final

from django import forms

from serversync.administration import syncfilters
from serversync.administration.syncfilters import Entered, FilterEntries, SyncFilter
from serversync.crm.filterable import attributes
from serversync.rules.filters import MOST_CONDITIONS, WORDS
from serversync.rules.record import Kind

_MORE: Final = 3
"""So many empty rows are offered."""


class FilterForm(forms.Form):
    """What is entered about a filter; a row without an attribute counts as none."""

    name = forms.CharField(label="Name", max_length=200)
    description = forms.CharField(label="Description", required=False)
    match = forms.ChoiceField(
        label="Conditions",
        choices=[("all", "All of them have to hold"), ("any", "One of them is enough")],
        initial="all",
    )

    def __init__(self, data: Any, *, kind: Kind, row: SyncFilter | None) -> None:
        """Make the rows from the conditions that there are."""
        found = syncfilters.entered(row) if row else []
        initial: dict[str, object] = {}
        if row is not None:
            initial = {
                "name": row.name,
                "description": row.description or "",
                "match": "any" if row.isany else "all",
            }
        super().__init__(data, initial=initial)
        self._count = min(max(len(found) + _MORE, self._sent(data)), MOST_CONDITIONS)
        named = [("", "(none)"), *((one.name, one.label) for one in attributes(kind).values())]
        operators = [(one.value, words) for one, words in WORDS.items()]
        for number in range(1, self._count + 1):
            attribute, operator, value = (
                found[number - 1] if number <= len(found) else ("", operators[0][0], "")
            )
            self.fields[f"attribute{number}"] = forms.ChoiceField(
                label=f"Condition {number}", choices=named, required=False, initial=attribute
            )
            self.fields[f"operator{number}"] = forms.ChoiceField(
                label=f"How {number} compares", choices=operators, required=False, initial=operator
            )
            self.fields[f"value{number}"] = forms.CharField(
                label=f"Value {number}", required=False, initial=value, strip=True
            )

    @staticmethod
    def _sent(data: Any) -> int:
        """Return how many rows a form has that was sent."""
        return sum(1 for name in data or () if name.startswith("attribute"))

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The fields of each condition."""
        return [
            [self[f"{part}{number}"] for part in ("attribute", "operator", "value")]
            for number in range(1, self._count + 1)
        ]

    def entries(self) -> FilterEntries:
        """Return what the use cases take."""
        data = self.cleaned_data
        given: list[Entered] = [
            (data[f"attribute{number}"], data[f"operator{number}"], data[f"value{number}"])
            for number in range(1, self._count + 1)
            if data[f"attribute{number}"]
        ]
        return FilterEntries(data["name"], data["description"], given, data["match"] == "any")
