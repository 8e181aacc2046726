"""The settings that hold for everybody: each with its kind, its bounds, its default and what is in force."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import BooleanField, Field, ForeignKey

from serversync.administration import audit, privileges, profiles
from serversync.administration.records import Value
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import Organization
from serversync.crm.models.columns import BigWholeNumberField, PicklistField, WholeNumberField
from serversync.crm.privileges import Privilege
from serversync.exchange.zone_names import iana_name
from serversync.mapping.fields import DUPLICATE_COLUMNS
from serversync.rules.duplicates import keys_of

_NOT_SETTINGS: Final = frozenset({"organizationid", "createdon", "modifiedon"})
_YES: Final = frozenset({"yes", "true", "on", "1"})
_NO: Final = frozenset({"no", "false", "off", "0"})
_NOTHING: Final = frozenset({"", "none"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    ``value`` and ``default`` are as JSON holds them, options by number; ``label`` is the value in words.
    ``allowed`` says in words what can be given.
    """

    name: str
    kind: str
    value: Value
    label: str
    default: Value
    allowed: str


def find_all(search: str | None = None) -> list[Setting]:
    """Return every setting, in the order of the reference; only those with ``search`` in the name if given.

    Raises:
        PrivilegeMissing: the actor may not read settings.
    """
    privileges.require(Privilege.READ_ORGANIZATION)
    row = Organization.objects.select_related("defaultemailserverprofileid").get(
        pk=Organization.objects.current().pk
    )
    return [_setting(row, field) for field in _fields() if not search or search.lower() in str(field.column)]


def change(name: str, text: str) -> Setting:
    """Set one setting from what a person typed.

    Args:
        name: Logical name of the setting.
        text: Yes or no, a number, a text, an option by number or label, or the name of a profile
            (``none`` for no profile).

    Raises:
        RecordNotFound: there is no such setting, or no such profile.
        InputInvalid: the value is not allowed; the sentence says what is.
        PrivilegeMissing: the actor may not change settings.
    """
    (setting,) = change_all({name: text})
    return setting


def change_all(texts: Mapping[str, str]) -> list[Setting]:
    """Set several settings from what a person typed, all or none.

    Raises:
        RecordNotFound: there is no such setting, or no such profile.
        InputInvalid: a value is not allowed; the sentence says what is.
        PrivilegeMissing: the actor may not change settings.
    """
    privileges.require_organization(Privilege.WRITE_ORGANIZATION)
    row = Organization.objects.current()
    by_name = {str(field.column): field for field in _fields()}
    changed = []
    with transaction.atomic(), audit.changes("organization.change", [row]):
        for name, text in texts.items():
            field = by_name.get(name.strip().lower())
            if field is None:
                raise RecordNotFound(kind="setting", name=name)
            setattr(row, field.name, _parsed(field, text.strip()))
            changed.append(field)
        row.save(update_fields=[*(field.name for field in changed), "modifiedon"])
    return [_setting(row, field) for field in changed]


def _fields() -> list[Any]:
    columns = Organization._meta.concrete_fields  # noqa: SLF001 - the documented way to ask a model
    return [one for one in columns if one.column not in _NOT_SETTINGS]


def _setting(row: Organization, field: Any) -> Setting:
    value = field.value_from_object(row)
    if isinstance(field, ForeignKey):
        linked = getattr(row, field.name)
        return Setting(
            str(field.column),
            "lookup",
            str(value) if value else None,
            str(linked or "none"),
            None,
            _allowed(field),
        )
    kind = {
        "PicklistField": "picklist",
        "WholeNumberField": "integer",
        "BigWholeNumberField": "integer",
        "BooleanField": "boolean",
    }.get(type(field).__name__, "string")
    label = str(dict(field.flatchoices).get(value, value)) if field.choices else _word(value)
    return Setting(str(field.column), kind, value, label, field.get_default(), _allowed(field))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _allowed(field: Any) -> str:
    if isinstance(field, ForeignKey):
        return "the name of a profile, or none"
    if isinstance(field, PicklistField):
        return ", ".join(f"{value} ({label})" for value, label in field.flatchoices)
    if isinstance(field, WholeNumberField | BigWholeNumberField):
        highest = field.highest
        return f"{field.lowest or 0} to {highest}" if highest is not None else f"{field.lowest or 0} or more"
    if isinstance(field, BooleanField):
        return "yes or no"
    return f"at most {field.max_length} characters" if field.max_length else "any text"


def _parsed(field: Any, text: str) -> object:
    if isinstance(field, ForeignKey):
        return None if text.lower() in _NOTHING else profiles.find(text)
    parsers: list[tuple[type[Field[Any, Any]], Callable[[Any, str], object]]] = [
        (PicklistField, _option),
        (WholeNumberField, _number),
        (BigWholeNumberField, _number),
        (BooleanField, _yes_or_no),
    ]
    for kind, parse in parsers:
        if isinstance(field, kind):
            return parse(field, text)
    return _text(field, text)


def _refusal(field: Any, text: str) -> InputInvalid:
    return InputInvalid(field=str(field.column), reason=f"{text!r} is not one of: {_allowed(field)}")


def _option(field: Any, text: str) -> int:
    for value, label in field.flatchoices:
        if text.lower() in {str(value), str(label).lower()}:
            return int(value)
    raise _refusal(field, text)


def _number(field: Any, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise InputInvalid(field=str(field.column), reason=f"{text!r} is not a whole number")
    number = int(text)
    if (field.lowest is not None and number < field.lowest) or (
        field.highest is not None and number > field.highest
    ):
        raise InputInvalid(field=str(field.column), reason=f"{number} is not within {_allowed(field)}")
    return number


def _yes_or_no(field: Any, text: str) -> bool:
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise _refusal(field, text)


def _text(field: Any, text: str) -> str:
    if field.max_length and len(text) > field.max_length:
        raise InputInvalid(field=str(field.column), reason=f"it is longer than {field.max_length} characters")
    if not text and not field.blank:
        raise InputInvalid(field=str(field.column), reason="it is empty")
    if "\0" in text:
        raise InputInvalid(field=str(field.column), reason="it holds control characters")
    if field.column == "hashfilterkeywords":
        try:
            re.compile(text)
        except re.error as error:
            raise InputInvalid(
                field=str(field.column), reason=f"it is not a regular expression: {error}"
            ) from error
    if field.column == "contactduplicatekeys":
        try:
            keys_of(text, DUPLICATE_COLUMNS)
        except ValueError as error:
            raise InputInvalid(field=str(field.column), reason=str(error)) from error
    if field.column == "defaulttimezone" and iana_name(text) is None:
        raise InputInvalid(field=str(field.column), reason=f"{text!r} is no time zone of Windows or IANA")
    return text
