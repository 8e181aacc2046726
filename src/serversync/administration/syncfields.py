"""Which way each field of a kind goes: the field maps, and what administrators have set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from serversync.administration import audit, privileges
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import SyncAttributeMapping
from serversync.crm.privileges import Privilege
from serversync.mapping.fields import FieldMap
from serversync.mapping.maps import MAPS
from serversync.mapping.maps import WORDS as KINDS
from serversync.rules.record import Direction, Kind

WORDS: Final = {
    "none": Direction.NONE,
    "to-exchange": Direction.TO_EXCHANGE,
    "to-crm": Direction.TO_CRM,
    "both": Direction.BOTH,
}
"""What can be chosen, by the word for it."""
_WORD_OF: Final = {direction: word for word, direction in WORDS.items()}


@dataclass(frozen=True, slots=True)
class SyncField:
    """A field: its column, what Outlook calls it, the way it goes, and the way it goes where nobody has set another.

    ``choices`` are the words of the ways that it can go.
    """

    kind: str
    column: str
    label: str
    direction: str
    default: str
    is_fixed: bool
    choices: tuple[str, ...]


def find_all(kind: str | None = None) -> list[SyncField]:
    """Return the fields of a kind, or of all kinds, in the order of the field maps.

    Raises:
        RecordNotFound: there is no such kind.
        PrivilegeMissing: the actor may not read settings.
    """
    privileges.require(Privilege.READ_ORGANIZATION)
    kinds = list(MAPS) if kind is None else [_kind(kind)]
    words = {each: word for word, each in KINDS.items()}
    set_by_hand = {
        (one.entitytypecode, one.attributecrmname): Direction(one.syncdirection)
        for one in SyncAttributeMapping.objects.all()
    }
    return [
        SyncField(
            words[each],
            row.logicalname,
            row.label,
            _WORD_OF[set_by_hand.get((each.value, row.logicalname), row.direction)],
            _WORD_OF[row.direction],
            row.is_fixed,
            _choices(row),
        )
        for each in kinds
        for row in MAPS[each]
    ]


def change(kind: str, words: Mapping[str, str]) -> list[SyncField]:
    """Set which way fields of a kind go, given a word of ``WORDS`` for each column, all or none; return what was changed.

    Raises:
        RecordNotFound: there is no such kind or field.
        InputInvalid: a word is none of ``WORDS``, or the way of a field cannot be changed.
        PrivilegeMissing: the actor may not change settings.
    """
    privileges.require_organization(Privilege.WRITE_ORGANIZATION)
    wanted = _kind(kind)
    rows = {row.logicalname: row for row in MAPS[wanted]}
    before = {one.column: one.direction for one in find_all(kind)}
    after = {column: word for column, word in words.items() if before.get(column) != word}
    with transaction.atomic():
        for column, word in after.items():
            if column not in rows:
                raise RecordNotFound(kind=f"field of a {kind}", name=column)
            _set(wanted, rows[column], word)
    return [one for one in find_all(kind) if one.column in after]


def _choices(row: FieldMap) -> tuple[str, ...]:
    return tuple(word for word, direction in WORDS.items() if direction.within(row.limit) is direction)


def _set(kind: Kind, row: FieldMap, word: str) -> None:
    if word not in WORDS:
        raise InputInvalid(field=row.logicalname, reason=f"{word!r} is not one of {', '.join(WORDS)}")
    if row.is_fixed:
        raise InputInvalid(field=row.logicalname, reason="its direction cannot be changed")
    if word not in (choices := _choices(row)):
        raise InputInvalid(field=row.logicalname, reason=f"{word!r} is not one of {', '.join(choices)}")
    found, _ = SyncAttributeMapping.objects.get_or_create(
        entitytypecode=kind.value,
        attributecrmname=row.logicalname,
        defaults={
            "mappingname": f"{kind.value} {row.label}"[:100],
            "attributeexchangename": row.prop[:100],
            "syncdirection": row.direction,
            "defaultsyncdirection": row.direction,
        },
    )
    with audit.changes("organization.field-direction", [found]):
        found.syncdirection = WORDS[word]
        found.save(update_fields=["syncdirection", "modifiedon"])


def _kind(word: str) -> Kind:
    wanted = word.strip().lower()
    found = KINDS.get(wanted) or next((kind for kind in MAPS if kind.value == wanted), None)
    if found is None:
        raise RecordNotFound(kind="kind of items", name=word)
    return found
