"""Puts what a use case refused at the field of the form that it is about."""

from django.forms import Form

from serversync.core.errors import ServiceError
from serversync.web.ways import in_pages

_ADDRESSES = ("profile.address-invalid", "profile.insecure-address")


def tell(form: Form, error: ServiceError, *, address_field: str | None = None) -> None:
    """Add the error to the field whose label it names, otherwise to the form as a whole.

    Args:
        form: The form that was sent.
        error: What was refused.
        address_field: The field that errors about a server location belong to.
    """
    if error.code in _ADDRESSES and address_field is not None:
        form.add_error(address_field, f"{error} {in_pages(error.remedy_text)}")
        return
    named = str(error.details.get("field", "")).lower()
    for name, field in form.fields.items():
        if named and str(field.label).lower() == named:
            reason = str(error.details.get("reason", error)).rstrip(".")
            form.add_error(name, in_pages(f"{reason[:1].upper()}{reason[1:]}."))
            return
    form.add_error(None, f"{error} {in_pages(error.remedy_text)}")
