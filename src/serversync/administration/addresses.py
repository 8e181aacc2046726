"""Addresses that people enter, and the records that they belong to."""

import re
from collections.abc import Iterable, Sequence
from email.headerregistry import Address
from email.utils import formataddr, getaddresses
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Model
from django.db.models.functions import Lower

from serversync.core.errors import InputInvalid
from serversync.crm.models import Account, Contact, Lead, Queue, SystemUser

_LONGEST: Final = 320
_MOST: Final = 500
_ONE: Final = re.compile(r'(?:"[^"]*"|[^",;\r\n])+')
"""One of several addresses; commas, semicolons and ends of lines divide them, but not within quotation marks."""

_SEARCHED: Final[tuple[tuple[type[Model], str, dict[str, object]], ...]] = (
    (SystemUser, "internalemailaddress", {"isdisabled": False}),
    (Queue, "emailaddress", {"statecode": 0}),
    (Contact, "emailaddress1", {"statecode": 0}),
    (Account, "emailaddress1", {"statecode": 0}),
    (Lead, "emailaddress1", {"statecode": 0}),
)
"""Where an address of a recipient is looked for, first come first served; mail goes to the first address of a record."""


class Found(NamedTuple):
    """A record with an address; ``donotemail`` says that it wants no e-mail."""

    table: str
    recordid: UUID
    donotemail: bool = False


def parse(text: str) -> tuple[str, str]:
    """Return name and address of what a person entered.

    >>> parse("Ada Winter <ada@example.org>")
    ('Ada Winter', 'ada@example.org')

    Raises:
        InputInvalid: it is no address.
    """
    read = getaddresses([text.strip()])
    name, address = read[0] if len(read) == 1 else ("", "")
    local, at, domain = address.rpartition("@")
    try:
        usable = bool(at and local and domain) and Address(addr_spec=address).addr_spec == address
    except (ValueError, IndexError):
        usable = False
    if not usable or len(address) > _LONGEST or any(sign.isspace() for sign in address):
        raise InputInvalid(field="Address", reason=f"{text.strip()[:100]!r} is not an e-mail address")
    return name, address


def split(text: str, field: str) -> list[str]:
    """Return the addresses that a person entered into one field.

    >>> split('"Winter, Ada" <ada@example.org>; ben@example.org', "To")
    ['"Winter, Ada" <ada@example.org>', 'ben@example.org']

    Raises:
        InputInvalid: one of them is no address, or they are too many.
    """
    found = [one.strip() for one in _ONE.findall(text) if one.strip()]
    if len(found) > _MOST:
        raise InputInvalid(field=field, reason=f"{len(found)} addresses are more than the {_MOST} allowed")
    for one in found:
        try:
            parse(one)
        except InputInvalid as error:
            raise InputInvalid(field=field, reason=error.details["reason"]) from error
    return found


def written(name: str, address: str) -> str:
    """Return an address with its name, as a person would enter it."""
    return formataddr((name, address)) if name else address


def resolve(wanted: Iterable[str]) -> dict[str, Found]:
    """Return the record that each address (in lower case) belongs to, where there is one."""
    left = {address.lower() for address in wanted if address}
    found: dict[str, Found] = {}
    for model, column, condition in _SEARCHED:
        if not left:
            break
        for address, key, refuses in _rows(model, column, condition, sorted(left)):
            found.setdefault(address, Found(model._meta.db_table, key, refuses))  # noqa: SLF001 - Django's own name
        left -= set(found)
    return found


def _rows(
    model: type[Model], column: str, condition: dict[str, object], wanted: Sequence[str]
) -> list[tuple[str, UUID, bool]]:
    refuses = any(field.name == "donotemail" for field in model._meta.get_fields())  # noqa: SLF001 - documented
    rows = (
        model._default_manager.annotate(address=Lower(column))  # noqa: SLF001 - the documented way
        .filter(address__in=wanted, **condition)
        .order_by("createdon")
        .values_list("address", "pk", *(["donotemail"] if refuses else []))
    )
    return [(row[0], row[1], bool(row[2]) if refuses else False) for row in rows]
