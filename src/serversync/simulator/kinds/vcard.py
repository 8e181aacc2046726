"""Contacts as vCard 3.0 (RFC 2426), out and in."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import BodyText
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredAttachment, StoredItem

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LINE = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;[^:;]*(?:\"[^\"]*\")?)*):(.*)", re.DOTALL)
_PARTS = ("Street", "City", "State", "PostalCode", "CountryOrRegion")
_NAMES = ("Surname", "GivenName", "MiddleName")
_PLACES = {"Business": "WORK", "Home": "HOME"}
_PHONES = {
    "BusinessPhone": "WORK,VOICE",
    "BusinessPhone2": "WORK,VOICE",
    "BusinessFax": "WORK,FAX",
    "HomePhone": "HOME,VOICE",
    "HomePhone2": "HOME,VOICE",
    "HomeFax": "HOME,FAX",
    "MobilePhone": "CELL,VOICE",
    "Pager": "PAGER",
    "CarPhone": "CAR,VOICE",
    "Isdn": "ISDN",
    "PrimaryPhone": "PREF,VOICE",
    "OtherTelephone": "VOICE",
}
_TEXTS = {
    "TITLE": "contacts:JobTitle",
    "NICKNAME": "contacts:Nickname",
    "ROLE": "contacts:Profession",
    "URL": "contacts:BusinessHomePage",
    "X-MS-ASSISTANT": "contacts:AssistantName",
    "X-MS-MANAGER": "contacts:Manager",
    "X-MS-SPOUSE": "contacts:SpouseName",
}


_PLAIN = {**_TEXTS, "FN": "contacts:DisplayName"}


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return re.sub(r"\r\n|\r|\n", "\\\\n", escaped)


def _fold(line: str) -> Iterator[str]:
    yield line[:72]
    for at in range(72, len(line), 71):
        yield " " + line[at : at + 71]


def _structured(given: dict[str, str], parts: tuple[str, ...]) -> str:
    return ";".join(_text(given.get(part) or "") for part in parts)


def _names(view: ItemView) -> Iterator[str]:
    name = {part: view.get(f"contacts:{part}") or "" for part in (*_NAMES, "Generation")}
    yield f"FN:{_text(view.get('contacts:DisplayName') or view.get('contacts:FileAs') or '')}"
    yield f"N:{_structured(name, _NAMES)};;{_text(name['Generation'])}"
    company, department = view.get("contacts:CompanyName"), view.get("contacts:Department")
    if company or department:
        yield f"ORG:{_text(company or '')};{_text(department or '')}"
    for label, uri in _TEXTS.items():
        if view.get(uri):
            yield f"{label}:{_text(view.get(uri))}"


def _ways(view: ItemView) -> Iterator[str]:
    for entries, kind in (("EmailAddresses", "EMAIL;TYPE=INTERNET"), ("ImAddresses", "X-MS-IMADDRESS")):
        for one in (view.get(f"contacts:{entries}") or {}).values():
            yield f"{kind}:{_text(one)}"
    for key, number in (view.get("contacts:PhoneNumbers") or {}).items():
        yield f"TEL;TYPE={_PHONES.get(key, 'VOICE')}:{_text(number)}"
    for key, address in (view.get("contacts:PhysicalAddresses") or {}).items():
        yield f"ADR;TYPE={_PLACES.get(key, 'POSTAL')}:;;{_structured(address, _PARTS)}"


def _rest(view: ItemView) -> Iterator[str]:
    for label, uri in (("BDAY", "contacts:Birthday"), ("X-MS-ANNIVERSARY", "contacts:WeddingAnniversary")):
        if view.get(uri):
            yield f"{label};VALUE=DATE:{view.get(uri):%Y-%m-%d}"
    if view.get("item:Categories"):
        yield f"CATEGORIES:{','.join(_text(one) for one in view.get('item:Categories'))}"
    body = view.body("Text")[1]
    if body:
        yield f"NOTE:{_text(body)}"
    for one in view.attachments:
        if one.is_contact_photo and one.item is None:
            yield f"PHOTO;TYPE=JPEG;ENCODING=B:{base64.b64encode(one.data).decode()}"
    yield f"REV:{view.item.modified or view.item.received:%Y%m%dT%H%M%SZ}"


def write_vcard(view: ItemView) -> bytes:
    """Return a contact as a vCard."""
    head = ("BEGIN:VCARD", "VERSION:3.0", "PROFILE:VCARD", "PRODID:Microsoft Exchange")
    lines = (*head, *_names(view), *_ways(view), *_rest(view), "END:VCARD")
    folded = "\r\n".join(part for line in lines for part in _fold(line))
    return folded.encode("utf-8", "replace") + b"\r\n"


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), value)


def _split(value: str, sign: str = ";") -> list[str]:
    return [_plain(part) for part in re.split(rf"(?<!\\){sign}", value)]


def _key(kinds: set[str]) -> str:
    if "FAX" in kinds:
        return "HomeFax" if "HOME" in kinds else "BusinessFax"
    for kind, key in (
        ("CELL", "MobilePhone"),
        ("PAGER", "Pager"),
        ("CAR", "CarPhone"),
        ("HOME", "HomePhone"),
    ):
        if kind in kinds:
            return key
    return "BusinessPhone" if "WORK" in kinds else "OtherTelephone"


def _free(entries: dict[str, str], key: str) -> str:
    return f"{key}2" if key in entries and key in {"BusinessPhone", "HomePhone"} else key


def _read_name(found: dict[str, Any], value: str, _kinds: set[str]) -> None:
    parts = ("Surname", "GivenName", "MiddleName", "", "Generation")
    names = dict(zip(parts, _split(value), strict=False))
    found |= {f"contacts:{part}": name for part, name in names.items() if part and name}


def _read_email(found: dict[str, Any], value: str, _kinds: set[str]) -> None:
    entries = found.setdefault("contacts:EmailAddresses", {})
    if len(entries) < 3:
        entries[f"EmailAddress{len(entries) + 1}"] = _plain(value)


def _read_phone(found: dict[str, Any], value: str, kinds: set[str]) -> None:
    entries = found.setdefault("contacts:PhoneNumbers", {})
    entries[_free(entries, _key(kinds))] = _plain(value)


def _read_place(found: dict[str, Any], value: str, kinds: set[str]) -> None:
    parts = dict(zip(("", "", *_PARTS), _split(value), strict=False))
    key = next((key for key, kind in _PLACES.items() if kind in kinds), "Other")
    told = {part: one for part, one in parts.items() if part and one}
    if told:
        found.setdefault("contacts:PhysicalAddresses", {})[key] = told


def _read_company(found: dict[str, Any], value: str, _kinds: set[str]) -> None:
    company, *rest = _split(value)
    found["contacts:CompanyName"] = company or None
    found["contacts:Department"] = rest[0] if rest and rest[0] else None


def _read_birthday(found: dict[str, Any], value: str, _kinds: set[str]) -> None:
    found["contacts:Birthday"] = _day(value)


def _read_note(found: dict[str, Any], value: str, _kinds: set[str]) -> None:
    found["item:Body"] = BodyText("Text", _plain(value))


def _read_categories(found: dict[str, Any], value: str, _kinds: set[str]) -> None:
    found["item:Categories"] = tuple(_split(value, ",")) or None


_READ: dict[str, Callable[[dict[str, Any], str, set[str]], None]] = {
    "N": _read_name,
    "EMAIL": _read_email,
    "TEL": _read_phone,
    "ADR": _read_place,
    "ORG": _read_company,
    "BDAY": _read_birthday,
    "NOTE": _read_note,
    "CATEGORIES": _read_categories,
}


def read_vcard(item: StoredItem, raw: bytes) -> frozenset[str]:
    """Take over what a vCard says into a contact, and return the field URIs that it set.

    Raises:
        EwsError: ``ErrorMimeContentInvalid``: it is none.
    """
    text = re.sub(r"\r?\n[ \t]", "", raw.decode("utf-8", "replace"))
    if not text.upper().lstrip().startswith("BEGIN:VCARD"):
        raise EwsError("ErrorMimeContentInvalid")
    found: dict[str, Any] = {}
    for line in re.split(r"\r?\n", text):
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        label, parameters, value = match.group(1).upper(), match.group(2).upper(), match.group(3)
        kinds = set(re.split(r"[;,=\"]", parameters)) - {"", "TYPE"}
        if label in _READ:
            _READ[label](found, value, kinds)
        elif label == "PHOTO" and kinds & {"B", "BASE64"}:
            _photo(item, value)
        elif label in _PLAIN:
            found[_PLAIN[label]] = _plain(value)
    item.properties = {**(item.properties or {}), **found}
    return frozenset(found)


def _day(value: str) -> datetime | None:
    digits = value.strip().replace("-", "")[:8]
    try:
        return datetime.combine(date.fromisoformat(digits), time.min, UTC)
    except ValueError:
        return None


def _photo(item: StoredItem, value: str) -> None:
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
    except binascii.Error:
        raise EwsError("ErrorMimeContentInvalid") from None
    made = StoredAttachment(
        item.next_attachment,
        "ContactPicture.jpg",
        "image/jpeg",
        content_id=None,
        content_location=None,
        is_inline=False,
        data=data,
        modified=item.received,
        is_contact_photo=True,
    )
    item.next_attachment += 1
    item.attachments = [*(item.attachments or ()), made]
