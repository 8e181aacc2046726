"""The form of a contact or an account; the fields are those that the use case takes."""

from typing import Any

from django import forms

from serversync.administration import customers, pictures
from serversync.crm.models import Contact

PHOTO = "photo"
NO_PHOTO = "nophoto"


class CustomerForm(forms.Form):
    """What is entered; labels are those that errors of the use case name."""

    def __init__(
        self, *args: Any, kind: customers.Kind, row: customers.Customer | None, **kwargs: Any
    ) -> None:
        """Make the fields of the kind, and fill in what is there already."""
        shown = {column: getattr(row, column) or "" for column in kind.fields} if row else {}
        kwargs["initial"] = shown
        super().__init__(*args, **kwargs)
        for column, label in kind.fields.items():
            field = forms.EmailField if column.startswith("emailaddress") else forms.CharField
            self.fields[column] = field(
                label=label,
                required=column == kind.required,
                max_length=customers.longest(kind, column),
            )
        if kind is customers.CONTACT:
            self.fields[PHOTO] = forms.FileField(
                label=pictures.FIELD,
                required=False,
                widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/gif,image/bmp"}),
                help_text="A JPEG, PNG, GIF or BMP picture.",
            )
            if isinstance(row, Contact) and row.entityimageid_id is not None:
                self.fields[NO_PHOTO] = forms.BooleanField(label="Remove the photo", required=False)
