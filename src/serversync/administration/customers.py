"""Contacts and accounts: the people and companies outside, whose mail is found to be theirs by its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from serversync.administration import audit, entries, privileges, searching
from serversync.core.errors import InputInvalid
from serversync.crm.models import Account, Contact
from serversync.crm.models.options import StateCode, StatusCode
from serversync.crm.privileges import Privilege

Customer = Contact | Account
_NAME_LONGEST: Final = 160
_ADDRESSES: Final = ("emailaddress1", "emailaddress2", "emailaddress3")
_PLACE: Final = {
    "address1_line1": "Street",
    "address1_postalcode": "ZIP/Postal Code",
    "address1_city": "City",
    "address1_stateorprovince": "State/Province",
    "address1_country": "Country/Region",
    "websiteurl": "Website",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two: its table, the privileges it takes, and what people enter, by column with its label."""

    word: str
    model: type[Customer]
    read: Privilege
    create: Privilege
    write: Privilege
    required: str
    fields: Mapping[str, str]


CONTACT: Final = Kind(
    "contact",
    Contact,
    Privilege.READ_CONTACT,
    Privilege.CREATE_CONTACT,
    Privilege.WRITE_CONTACT,
    "lastname",
    {
        "salutation": "Salutation",
        "firstname": "First Name",
        "middlename": "Middle Name",
        "lastname": "Last Name",
        "suffix": "Suffix",
        "jobtitle": "Job Title",
        "company": "Company",
        "emailaddress1": "Email",
        "emailaddress2": "Email Address 2",
        "emailaddress3": "Email Address 3",
        "telephone1": "Business Phone",
        "mobilephone": "Mobile Phone",
        "telephone2": "Home Phone",
        **_PLACE,
    },
)
ACCOUNT: Final = Kind(
    "account",
    Account,
    Privilege.READ_ACCOUNT,
    Privilege.CREATE_ACCOUNT,
    Privilege.WRITE_ACCOUNT,
    "name",
    {
        "name": "Account Name",
        "accountnumber": "Account Number",
        "emailaddress1": "Email",
        "emailaddress2": "Email Address 2",
        "emailaddress3": "Email Address 3",
        "telephone1": "Main Phone",
        "telephone2": "Other Phone",
        "fax": "Fax",
        **_PLACE,
    },
)


def longest(kind: Kind, column: str) -> int:
    """Return how many characters a value may have."""
    field = kind.model._meta.get_field(column)  # noqa: SLF001 - the documented way to ask a model
    return int(getattr(field, "max_length", None) or 0)


def rows(kind: Kind, search: str = "") -> QuerySet[Customer]:
    """Return those that may be read; each word of ``search`` begins one of a name, company, number or address."""
    everybody: QuerySet[Customer] = kind.model._default_manager.all()  # noqa: SLF001 - the documented way
    found = privileges.reach(kind.read, everybody)
    return searching.narrow(found, search)


def newest(kind: Kind, search: str = "", *, limit: int) -> list[Customer]:
    """Return the newest of ``rows``, at most so many.

    Raises:
        PrivilegeMissing: the actor may read none.
    """
    privileges.require(kind.read)
    return list(rows(kind, search).order_by("-createdon", "-pk")[:limit])


def add(kind: Kind, values: Mapping[str, str]) -> Customer:
    """Add one; it belongs to who acts.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make any.
    """
    acting = privileges.require(kind.create)
    row = kind.model(ownerid=acting.user)
    _fill(kind, row, {kind.required: "", **values})
    with transaction.atomic():
        row.save()
        audit.created(f"{kind.word}.add", row)
    return row


def edit(kind: Kind, row: Customer, values: Mapping[str, str]) -> Customer:
    """Change what is given; an empty text takes a value away.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(kind.write, [row])
    with transaction.atomic(), audit.changes(f"{kind.word}.edit", [row]):
        _fill(kind, row, values)
        row.save()
    return row


def set_state(kind: Kind, row: Customer, *, active: bool) -> Customer:
    """Activate or deactivate one; mail is not found to belong to what is inactive.

    Raises:
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(kind.write, [row])
    act = f"{kind.word}.{'activate' if active else 'deactivate'}"
    with transaction.atomic(), audit.changes(act, [row]):
        row.statecode = StateCode.ACTIVE if active else StateCode.INACTIVE
        row.statuscode = StatusCode.ACTIVE if active else StatusCode.INACTIVE
        row.save()
    return row


def _fill(kind: Kind, row: Customer, values: Mapping[str, str]) -> None:
    for column, value in values.items():
        label = kind.fields.get(column)
        if label is None:
            raise InputInvalid(field=column, reason=f"it cannot be entered for a {kind.word}")
        setattr(row, column, _checked(kind, column, label, value))
    if isinstance(row, Contact):
        parts = (row.firstname, row.middlename, row.lastname, row.suffix)
        row.fullname = " ".join(filter(None, parts))[:_NAME_LONGEST]


def _checked(kind: Kind, column: str, label: str, value: str) -> str | None:
    if not value.strip() and column != kind.required:
        return None
    if column in _ADDRESSES:
        return entries.address(value, label)
    return entries.text(value, label, longest=longest(kind, column))
