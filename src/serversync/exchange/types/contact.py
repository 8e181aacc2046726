"""Contacts: people with their names, addresses and numbers.

A birthday is a time in EWS, for which clients and servers choose different hours of the day; whoever wants the date
must not take a time zone into account (see ``serversync.mapping.values``).
"""

from datetime import datetime

from lxml.etree import _Element
from msgspec import Struct, field

from serversync.exchange.namespaces import t
from serversync.exchange.types.item import ITEM_FIELDS, FieldTable, Item, fill_item
from serversync.exchange.xml_values import boolean_of, datetime_of, strings_of, text_of


class PhysicalAddress(Struct, frozen=True, gc=False, kw_only=True):
    """A postal address."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    country_or_region: str | None = None
    postal_code: str | None = None


class Contact(Item, frozen=True, gc=False, kw_only=True):
    """A contact; addresses and numbers by their key, for example ``EmailAddress1``, ``Business``, ``MobilePhone``."""

    file_as: str | None = None
    file_as_mapping: str | None = None
    display_name: str | None = None
    given_name: str | None = None
    initials: str | None = None
    middle_name: str | None = None
    nickname: str | None = None
    company_name: str | None = None
    email_addresses: dict[str, str] = field(default_factory=dict)
    physical_addresses: dict[str, PhysicalAddress] = field(default_factory=dict)
    phone_numbers: dict[str, str] = field(default_factory=dict)
    assistant_name: str | None = None
    birthday: datetime | None = None
    business_home_page: str | None = None
    children: tuple[str, ...] = ()
    department: str | None = None
    generation: str | None = None
    job_title: str | None = None
    manager: str | None = None
    office_location: str | None = None
    profession: str | None = None
    spouse_name: str | None = None
    surname: str | None = None
    wedding_anniversary: datetime | None = None
    has_picture: bool | None = None


def _entries_of(element: _Element) -> dict[str, str]:
    return {each.get("Key") or "": each.text for each in element if each.text}


def _addresses_of(element: _Element) -> dict[str, PhysicalAddress]:
    addresses = {}
    for entry in element:
        parts = {_PARTS[part.tag]: part.text for part in entry if part.tag in _PARTS and part.text}
        if parts:
            addresses[entry.get("Key") or ""] = PhysicalAddress(**parts)
    return addresses


_PARTS = {
    t("Street"): "street",
    t("City"): "city",
    t("State"): "state",
    t("CountryOrRegion"): "country_or_region",
    t("PostalCode"): "postal_code",
}
_FIELDS: FieldTable = ITEM_FIELDS | {
    t("FileAs"): ("file_as", text_of),
    t("FileAsMapping"): ("file_as_mapping", text_of),
    t("DisplayName"): ("display_name", text_of),
    t("GivenName"): ("given_name", text_of),
    t("Initials"): ("initials", text_of),
    t("MiddleName"): ("middle_name", text_of),
    t("Nickname"): ("nickname", text_of),
    t("CompanyName"): ("company_name", text_of),
    t("EmailAddresses"): ("email_addresses", _entries_of),
    t("PhysicalAddresses"): ("physical_addresses", _addresses_of),
    t("PhoneNumbers"): ("phone_numbers", _entries_of),
    t("AssistantName"): ("assistant_name", text_of),
    t("Birthday"): ("birthday", datetime_of),
    t("BusinessHomePage"): ("business_home_page", text_of),
    t("Children"): ("children", strings_of),
    t("Department"): ("department", text_of),
    t("Generation"): ("generation", text_of),
    t("JobTitle"): ("job_title", text_of),
    t("Manager"): ("manager", text_of),
    t("OfficeLocation"): ("office_location", text_of),
    t("Profession"): ("profession", text_of),
    t("SpouseName"): ("spouse_name", text_of),
    t("Surname"): ("surname", text_of),
    t("WeddingAnniversary"): ("wedding_anniversary", datetime_of),
    t("HasPicture"): ("has_picture", boolean_of),
}


def read_contact(element: _Element) -> Contact:
    """Return the contact that the element describes."""
    return fill_item(Contact, element, _FIELDS)
