"""Contacts: people with their names, addresses and numbers."""

from datetime import datetime
from typing import Any

from lxml import etree

from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.contact_names import CONTACT_ENTRIES, display_name, file_as
from serversync.simulator.kinds.forms import (
    BASE64,
    BOOLEAN,
    DAY,
    ENTRIES,
    FRAGMENT,
    PEOPLE,
    PERSON,
    STRINGS,
    Entries,
    T,
    Writer,
    choice,
)
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.property import ASKED, DEFAULT, Access, ItemKind, Property
from serversync.simulator.kinds.vcard import read_vcard, write_vcard
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema

_S10 = Schema.EXCHANGE2010_SP1
_S10_2 = Schema.EXCHANGE2010_SP2

_ADDRESS = "00062004-0000-0000-c000-000000000046"
_CONTACTS_ONLY = "ErrorCannotCreateContactInNonContactFolder"
_PREFIX = ("tag", "3a45")
_PARTS = ("Street", "City", "State", "CountryOrRegion", "PostalCode")

FILE_AS_MAPPING = choice(
    "None",
    "LastCommaFirst",
    "FirstSpaceLast",
    "Company",
    "LastCommaFirstCompany",
    "CompanyLastFirst",
    "LastFirst",
    "LastFirstCompany",
    "CompanyLastCommaFirst",
    "LastFirstSuffix",
    "LastSpaceFirstCompany",
    "CompanyLastSpaceFirst",
    "LastSpaceFirst",
    "DisplayName",
    "FirstName",
    "LastFirstMiddleSuffix",
    "LastName",
    "Empty",
)
POSTAL_ADDRESS_INDEX = choice("None", "Home", "Business", "Other")


class Addresses(Entries):
    """Postal addresses by key, each a dictionary of its parts."""

    def read(self, element: etree._Element) -> dict[str, Any] | None:
        """Return the addresses that say something."""
        found = {}
        for entry in element.iterfind(f"{T}Entry"):
            parts = {part: (entry.findtext(f"{T}{part}") or "") for part in _PARTS}
            if any(parts.values()):
                found[entry.get("Key", "")] = {part: value for part, value in parts.items() if value}
        return found or None

    def inner(self, view: Writer, value: Any) -> str:
        """Return ``Entry`` elements."""
        return "".join(
            f'<t:Entry Key="{key}">{self._parts(view, parts)}</t:Entry>' for key, parts in value.items()
        )

    @staticmethod
    def _parts(view: Writer, parts: dict[str, str]) -> str:
        return "".join(f"<t:{part}>{view.text(parts[part])}</t:{part}>" for part in _PARTS if part in parts)


ADDRESSES = Addresses()


def _complete_name(view: ItemView) -> str:
    """Return the name in parts; never set by clients, who set the parts."""
    parts = (
        ("FirstName", "contacts:GivenName"),
        ("MiddleName", "contacts:MiddleName"),
        ("LastName", "contacts:Surname"),
        ("Suffix", "contacts:Generation"),
        ("Initials", "contacts:Initials"),
        ("FullName", "contacts:DisplayName"),
        ("Nickname", "contacts:Nickname"),
    )
    title = (view.item.extended or {}).get(_PREFIX)
    found = view.element("Title", str(title.value)) if title is not None else ""
    found += "".join(view.element(name, view.get(uri) or "") for name, uri in parts)
    return f"<t:CompleteName>{found}</t:CompleteName>" if found else ""


_FREE = frozenset({None, "None"})
_NAMES = frozenset(
    f"contacts:{name}"
    for name in (
        "FileAsMapping",
        "GivenName",
        "MiddleName",
        "Surname",
        "Generation",
        "CompanyName",
        "DisplayName",
    )
)


def _settle(item: StoredItem, changed: frozenset[str], _now: datetime) -> None:
    """Fill in how the contact is shown and filed, where nobody said it."""
    given = item.properties
    if given is None:
        return
    if "contacts:FileAsMapping" in changed:
        given.setdefault("contacts:FileAsMapping", None)
    if not given.get("contacts:DisplayName") and (shown := display_name(given)):
        given["contacts:DisplayName"] = shown
    follows = bool(changed & _NAMES) and "contacts:FileAs" not in changed
    is_filed = bool(given.get("contacts:FileAs")) or "contacts:FileAs" in changed
    if not is_filed or (follows and given.get("contacts:FileAsMapping") not in _FREE):
        given["contacts:FileAs"] = file_as(given) or None
    if not given.get("item:Subject") and "item:Subject" not in changed and given.get("contacts:DisplayName"):
        given["item:Subject"] = given["contacts:DisplayName"]


CONTACT_PROPERTIES: tuple[Property, ...] = (
    Property("contacts:FileAs", level=DEFAULT, access=Access.WRITE, named=(_ADDRESS, "32773")),
    Property("contacts:FileAsMapping", FILE_AS_MAPPING, lambda _view: "None", access=Access.WRITE),
    Property("contacts:DisplayName", level=DEFAULT, access=Access.WRITE, tag=0x3001),
    Property("contacts:GivenName", level=DEFAULT, access=Access.WRITE, tag=0x3A06),
    Property("contacts:Initials", access=Access.WRITE, tag=0x3A0A),
    Property("contacts:MiddleName", access=Access.WRITE, tag=0x3A44),
    Property("contacts:Nickname", access=Access.WRITE, tag=0x3A4F),
    Property("contacts:CompleteName", level=DEFAULT, render=_complete_name),
    Property("contacts:CompanyName", level=DEFAULT, access=Access.WRITE, tag=0x3A16),
    Property(
        "contacts:EmailAddresses",
        ENTRIES,
        level=DEFAULT,
        access=Access.WRITE,
        indexed="contacts:EmailAddress",
    ),
    Property(
        "contacts:PhysicalAddresses",
        ADDRESSES,
        level=DEFAULT,
        access=Access.WRITE,
        indexed="contacts:PhysicalAddress",
    ),
    Property(
        "contacts:PhoneNumbers", ENTRIES, level=DEFAULT, access=Access.WRITE, indexed="contacts:PhoneNumber"
    ),
    Property("contacts:AssistantName", access=Access.WRITE, tag=0x3A30),
    Property("contacts:Birthday", DAY, access=Access.WRITE, tag=0x3A42),
    Property("contacts:BusinessHomePage", access=Access.WRITE, tag=0x3A51),
    Property("contacts:Children", STRINGS, access=Access.WRITE, tag=0x3A58),
    Property("contacts:Companies", STRINGS, access=Access.WRITE),
    Property("contacts:ContactSource", default=lambda _view: "Store"),
    Property("contacts:Department", access=Access.WRITE, tag=0x3A18),
    Property("contacts:Generation", access=Access.WRITE, tag=0x3A05),
    Property(
        "contacts:ImAddresses", ENTRIES, level=DEFAULT, access=Access.WRITE, indexed="contacts:ImAddress"
    ),
    Property("contacts:JobTitle", level=DEFAULT, access=Access.WRITE, tag=0x3A17),
    Property("contacts:Manager", access=Access.WRITE, tag=0x3A4E),
    Property("contacts:Mileage", access=Access.WRITE),
    Property("contacts:OfficeLocation", access=Access.WRITE, tag=0x3A19),
    Property("contacts:PostalAddressIndex", POSTAL_ADDRESS_INDEX, lambda _view: "None", access=Access.WRITE),
    Property("contacts:Profession", access=Access.WRITE, tag=0x3A46),
    Property("contacts:SpouseName", access=Access.WRITE, tag=0x3A48),
    Property("contacts:Surname", level=DEFAULT, access=Access.WRITE, tag=0x3A11),
    Property("contacts:WeddingAnniversary", DAY, access=Access.WRITE, tag=0x3A41),
    Property(
        "contacts:HasPicture",
        BOOLEAN,
        lambda view: any(one.is_contact_photo for one in view.attachments),
        since=_S10,
    ),
    Property("contacts:PhoneticFullName", since=_S10_2),
    Property("contacts:PhoneticFirstName", since=_S10_2),
    Property("contacts:PhoneticLastName", since=_S10_2),
    Property("contacts:Alias", since=_S10_2),
    Property("contacts:Notes", since=_S10_2),
    Property("contacts:Photo", BASE64, since=_S10_2),
    Property("contacts:UserSMIMECertificate", FRAGMENT, since=_S10_2),
    Property("contacts:MSExchangeCertificate", FRAGMENT, since=_S10_2),
    Property("contacts:DirectoryId", since=_S10_2),
    Property("contacts:ManagerMailbox", PERSON, level=ASKED, since=_S10_2),
    Property("contacts:DirectReports", PEOPLE, since=_S10_2, is_listed=False),
)
"""What Contact adds to Item, in the order of the schema."""

CONTACT = ItemKind(
    "Contact",
    "IPM.Contact",
    ITEM_PROPERTIES + CONTACT_PROPERTIES,
    classes=("IPM.CONTACT",),
    folder="contacts",
    needs_folder={
        "IPF.Note": _CONTACTS_ONLY,
        "IPF.Appointment": _CONTACTS_ONLY,
        "IPF.Task": _CONTACTS_ONLY,
    },
    settle=_settle,
    entries=CONTACT_ENTRIES,
    read_mime=read_vcard,
    mime=write_vcard,
)
