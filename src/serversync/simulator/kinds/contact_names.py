"""How a contact is shown and filed, and which MAPI properties hold its addresses and numbers."""

from collections.abc import Mapping
from typing import Any

from serversync.simulator.storeditem import ExtendedKey

_ADDRESS = "00062004-0000-0000-c000-000000000046"


def _joined(*parts: str, by: str = " ") -> str:
    return by.join(part for part in parts if part)


def file_as(given: Mapping[str, Any]) -> str:
    """Return what a contact is filed under, as ``FileAsMapping`` says; by default last name, comma, first name."""
    first, middle = given.get("contacts:GivenName") or "", given.get("contacts:MiddleName") or ""
    last, suffix = given.get("contacts:Surname") or "", given.get("contacts:Generation") or ""
    company = given.get("contacts:CompanyName") or ""
    shown = given.get("contacts:DisplayName") or ""
    firsts = _joined(first, middle)
    comma, plain, space = _joined(last, firsts, by=", "), last + firsts, _joined(last, firsts)
    found = {
        "None": shown,
        "LastCommaFirst": comma,
        "FirstSpaceLast": _joined(first, middle, last, suffix),
        "Company": company,
        "LastCommaFirstCompany": _joined(comma, company, by="\r\n"),
        "CompanyLastFirst": _joined(company, plain, by="\r\n"),
        "LastFirst": plain,
        "LastFirstCompany": _joined(plain, company, by="\r\n"),
        "CompanyLastCommaFirst": _joined(company, comma, by="\r\n"),
        "LastFirstSuffix": _joined(plain, suffix),
        "LastSpaceFirstCompany": _joined(space, company, by="\r\n"),
        "CompanyLastSpaceFirst": _joined(company, space, by="\r\n"),
        "LastSpaceFirst": space,
        "DisplayName": shown,
        "FirstName": first,
        "LastFirstMiddleSuffix": _joined(last, first, middle, suffix),
        "LastName": last,
        "Empty": "",
    }.get(given.get("contacts:FileAsMapping") or "LastCommaFirst", comma)
    return found or comma or company or shown


def display_name(given: Mapping[str, Any]) -> str:
    """Return the name of a contact in full, or its company."""
    parts = ("GivenName", "MiddleName", "Surname", "Generation")
    name = _joined(*(given.get(f"contacts:{part}") or "" for part in parts))
    return name or given.get("contacts:CompanyName") or ""


Entry = tuple[str, str, str]
"""Field URI, key of the entry, and part of it (empty for the whole)."""


def _tags(uri: str, numbers: Mapping[str, int]) -> dict[ExtendedKey, Entry]:
    return {("tag", f"{number:04x}"): (uri, key, "") for key, number in numbers.items()}


def _parts(key: str, group: str, numbers: Mapping[str, int]) -> dict[ExtendedKey, Entry]:
    return {
        (group, f"{number:04x}" if group == "tag" else str(number)): ("contacts:PhysicalAddresses", key, part)
        for part, number in numbers.items()
    }


CONTACT_ENTRIES: dict[ExtendedKey, Entry] = {
    (_ADDRESS, "32899"): ("contacts:EmailAddresses", "EmailAddress1", ""),
    (_ADDRESS, "32915"): ("contacts:EmailAddresses", "EmailAddress2", ""),
    (_ADDRESS, "32931"): ("contacts:EmailAddresses", "EmailAddress3", ""),
    (_ADDRESS, "32866"): ("contacts:ImAddresses", "ImAddress1", ""),
    **_tags(
        "contacts:PhoneNumbers",
        {
            "AssistantPhone": 0x3A2E,
            "BusinessFax": 0x3A24,
            "BusinessPhone": 0x3A08,
            "BusinessPhone2": 0x3A1B,
            "Callback": 0x3A02,
            "CarPhone": 0x3A1E,
            "CompanyMainPhone": 0x3A57,
            "HomeFax": 0x3A25,
            "HomePhone": 0x3A09,
            "HomePhone2": 0x3A2F,
            "Isdn": 0x3A2D,
            "MobilePhone": 0x3A1C,
            "OtherFax": 0x3A23,
            "OtherTelephone": 0x3A1F,
            "Pager": 0x3A21,
            "PrimaryPhone": 0x3A1A,
            "RadioPhone": 0x3A1D,
            "Telex": 0x3A2C,
            "TtyTddPhone": 0x3A4B,
        },
    ),
    **_parts(
        "Business",
        _ADDRESS,
        {"Street": 32837, "City": 32838, "State": 32839, "PostalCode": 32840, "CountryOrRegion": 32841},
    ),
    **_parts(
        "Home",
        "tag",
        {"City": 0x3A59, "CountryOrRegion": 0x3A5A, "PostalCode": 0x3A5B, "State": 0x3A5C, "Street": 0x3A5D},
    ),
    **_parts(
        "Other",
        "tag",
        {"City": 0x3A5F, "CountryOrRegion": 0x3A60, "PostalCode": 0x3A61, "State": 0x3A62, "Street": 0x3A63},
    ),
}
"""MAPI properties of single addresses and numbers (MS-OXOCNTC)."""
