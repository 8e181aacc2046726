"""Synchronization filters: those of each user, the organization's templates of them, and what a changed one would do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from serversync.administration import audit, entries, privileges
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm import default_filters
from serversync.crm.filterable import attributes
from serversync.crm.models import SavedQuery, SystemUser, UserQuery
from serversync.crm.models.options import StateCode, StatusCode
from serversync.crm.privileges import Privilege
from serversync.rules import filters
from serversync.rules.filters import Condition, Filter
from serversync.rules.record import Kind

SyncFilter = UserQuery | SavedQuery
Row = TypeVar("Row", UserQuery, SavedQuery)
KINDS: Final[Mapping[str, Kind]] = {
    "contact": Kind.CONTACT,
    "appointment": Kind.APPOINTMENT,
    "series": Kind.SERIES,
    "service": Kind.SERVICE,
    "task": Kind.TASK,
    "phonecall": Kind.PHONECALL,
    "letter": Kind.LETTER,
    "fax": Kind.FAX,
}
"""The kinds by the words for them."""
_WORD_OF: Final = {kind.value: word for word, kind in KINDS.items()}
_LONGEST_NAME: Final = 200

Entered = tuple[str, str, str]
"""A condition as a person gives it: attribute, operator, value."""


@dataclass(frozen=True, slots=True)
class FilterEntries:
    """What is entered about a filter; what is missing stays as it is."""

    name: str | None = None
    description: str | None = None
    conditions: Sequence[Entered] | None = None
    is_any: bool | None = None


def kind_of(word: str) -> Kind:
    """Return the kind that a word stands for; the name of its table does too.

    Raises:
        RecordNotFound: it stands for none.
    """
    wanted = word.strip().lower()
    found = KINDS.get(wanted) or next((kind for kind in Kind if kind.value == wanted), None)
    if found is None:
        raise RecordNotFound(kind="kind of items", name=word)
    return found


def word_of(row: SyncFilter) -> str:
    """Return the word for the kind of a filter."""
    return _WORD_OF[row.returnedtypecode]


def of_user(user: SystemUser) -> list[UserQuery]:
    """Return the filters of a user by kind and name; who never had any gets the organization's default ones.

    Raises:
        PrivilegeMissing: the actor may not see them.
    """
    _require_user(Privilege.READ_FILTER, user)
    default_filters.set_up(user.pk)
    return list(UserQuery.objects.filter(ownerid=user).order_by("returnedtypecode", "name"))


def templates() -> list[SavedQuery]:
    """Return the organization's templates by kind and name.

    Raises:
        PrivilegeMissing: the actor may not read settings.
    """
    privileges.require(Privilege.READ_ORGANIZATION)
    return list(SavedQuery.objects.order_by("returnedtypecode", "name"))


def find(key: str | UUID) -> UserQuery:
    """Return the filter of a user.

    Raises:
        RecordNotFound: there is none that may be seen.
    """
    wanted = key if isinstance(key, UUID) else entries.key(key)
    found = (
        privileges.reach(Privilege.READ_FILTER, UserQuery.objects.select_related("ownerid"))
        .filter(pk=wanted)
        .first()
    )
    if found is None:
        raise RecordNotFound(kind="filter", name=str(key))
    return found


def find_template(key: str | UUID) -> SavedQuery:
    """Return a template.

    Raises:
        RecordNotFound: there is none.
        PrivilegeMissing: the actor may not read settings.
    """
    privileges.require(Privilege.READ_ORGANIZATION)
    wanted = key if isinstance(key, UUID) else entries.key(key)
    found = SavedQuery.objects.filter(pk=wanted).first()
    if found is None:
        raise RecordNotFound(kind="template", name=str(key))
    return found


def add(user: SystemUser, kind: Kind, given: FilterEntries) -> UserQuery:
    """Give a user one more filter; it lets in what none of the others does.

    Raises:
        InputInvalid: the name is taken or missing, or a condition makes no sense.
        PrivilegeMissing: the actor may not change the filters of this user.
    """
    _require_user(Privilege.WRITE_FILTER, user)
    default_filters.set_up(user.pk)
    row = UserQuery(ownerid=user, returnedtypecode=kind.value)
    return _made(row, "filter.add", given)


def add_template(kind: Kind, given: FilterEntries) -> SavedQuery:
    """Add a template.

    Raises:
        InputInvalid: the name is taken or missing, or a condition makes no sense.
        PrivilegeMissing: the actor may not change settings.
    """
    privileges.require_organization(Privilege.WRITE_ORGANIZATION)
    return _made(SavedQuery(returnedtypecode=kind.value), "filter-template.add", given)


def edit(row: SyncFilter, given: FilterEntries) -> SyncFilter:
    """Change a filter or a template.

    Raises:
        InputInvalid: the name is taken, or a condition makes no sense.
        PrivilegeMissing: the actor may not change it.
    """
    _require(row)
    try:
        with transaction.atomic(), audit.changes(f"{_noun(row)}.edit", [row]):
            _fill(row, given)
            row.save()
    except IntegrityError as error:
        raise _taken(row) from error
    return row


def drafted(row: Row, given: FilterEntries) -> Row:
    """Return a filter as it would be with these entries, not stored.

    Raises:
        InputInvalid: a condition makes no sense.
    """
    _fill(row, given)
    return row


def set_state(row: SyncFilter, *, active: bool) -> SyncFilter:
    """Activate or deactivate a filter, or say whether new users get a template.

    Raises:
        PrivilegeMissing: the actor may not change it.
    """
    _require(row)
    act = f"{_noun(row)}.{'activate' if active else 'deactivate'}"
    with transaction.atomic(), audit.changes(act, [row]):
        row.statecode = StateCode.ACTIVE if active else StateCode.INACTIVE
        row.statuscode = StatusCode.ACTIVE if active else StatusCode.INACTIVE
        row.save()
    return row


def delete(row: SyncFilter) -> None:
    """Delete a filter or a template; those of the reference are deactivated instead.

    Raises:
        InputInvalid: it is a template that every installation has.
        PrivilegeMissing: the actor may not change it.
    """
    _require(row)
    if row.pk in default_filters.DEFAULTS:
        raise InputInvalid(field="Template", reason=f"{row} comes with the program; deactivate it instead")
    with transaction.atomic():
        audit.noted(f"{_noun(row)}.delete", row, {"name": row.name, "kind": row.returnedtypecode})
        row.delete()


def reset(users: Sequence[SystemUser]) -> int:
    """Give users the organization's default filters in place of all that they have; return how many these had.

    Raises:
        PrivilegeMissing: the actor may not change the filters of one of them.
    """
    for user in users:
        _require_user(Privilege.WRITE_FILTER, user)
    replaced = 0
    with transaction.atomic():
        for user in users:
            default_filters.set_up(user.pk)
            old = UserQuery.objects.filter(ownerid=user)
            before = {one.name: described(one) for one in old}
            count, _ = old.delete()
            replaced += count
            UserQuery.objects.bulk_create(defaults_for(user))
            after = {one.name: described(one) for one in UserQuery.objects.filter(ownerid=user)}
            audit.changed("filter.reset", user, {"filters": before}, {"filters": after})
    return replaced


def defaults_for(user: SystemUser) -> list[UserQuery]:
    """Return the filters that a user would get from the organization's templates, not stored."""
    return [
        UserQuery(
            ownerid=user,
            name=one.name,
            description=one.description,
            returnedtypecode=one.returnedtypecode,
            conditions=one.conditions,
            isany=one.isany,
        )
        for one in SavedQuery.objects.filter(isdefault=True, statecode=StateCode.ACTIVE).order_by("name")
    ]


def described(row: SyncFilter) -> str:
    """Return what a filter lets in as a sentence.

    One without conditions lets in nothing.
    """
    known = attributes(Kind(row.returnedtypecode))
    sentences = [filters.sentence(known, one) for one in filter_of(row).conditions]
    return (" or " if row.isany else " and ").join(sentences) or "nothing"


def entered(row: SyncFilter) -> list[Entered]:
    """Return the conditions of a filter as they are entered."""
    known = attributes(Kind(row.returnedtypecode))
    return [
        (one.attribute, one.operator.value, filters.text_of(known, one)) for one in filter_of(row).conditions
    ]


def filter_of(row: SyncFilter) -> Filter:
    """Return the conditions of a row."""
    return filters.from_json(row.conditions, is_any=row.isany)


def parsed(kind: Kind, given: Iterable[Entered]) -> list[Condition]:
    """Return conditions that somebody has entered.

    Raises:
        InputInvalid: one of them makes no sense; which one is its field.
    """
    known = attributes(kind)
    conditions = []
    for number, (name, operator, text) in enumerate(given, start=1):
        try:
            conditions.append(filters.condition_of(known, name, operator, text))
        except ValueError as error:
            raise InputInvalid(field=f"Condition {number}", reason=str(error)) from error
    if not conditions:
        raise InputInvalid(field="Condition 1", reason="a filter needs at least one condition")
    if len(conditions) > filters.MOST_CONDITIONS:
        raise InputInvalid(
            field="Conditions", reason=f"a filter has at most {filters.MOST_CONDITIONS} conditions"
        )
    return conditions


def visible_users() -> QuerySet[SystemUser]:
    """Return the users whose filters the actor may see: those of the privilege for filters, and at least the own."""
    privileges.require(Privilege.READ_FILTER)
    return privileges.reach(Privilege.READ_FILTER, SystemUser.objects.all())


def _made(row: Row, act: str, given: FilterEntries) -> Row:
    if given.conditions is None:
        raise InputInvalid(field="Condition 1", reason="a filter needs at least one condition")
    if given.name is None:
        raise InputInvalid(field="Name", reason="it is empty")
    _fill(row, given)
    try:
        with transaction.atomic():
            row.save()
            audit.created(act, row)
    except IntegrityError as error:
        raise _taken(row) from error
    return row


def _fill(row: SyncFilter, given: FilterEntries) -> None:
    if given.name is not None:
        row.name = entries.text(given.name, "Name", longest=_LONGEST_NAME)
    if given.description is not None:
        row.description = given.description.strip() or None
    if given.conditions is not None:
        row.conditions = _stored(parsed(Kind(row.returnedtypecode), given.conditions))
    if given.is_any is not None:
        row.isany = given.is_any


def _stored(conditions: Iterable[Condition]) -> list[dict[str, Any]]:
    return list(filters.as_json(conditions))


def _taken(row: SyncFilter) -> InputInvalid:
    return InputInvalid(field="Name", reason=f"there is one called {row.name} already")


def _noun(row: SyncFilter) -> str:
    return "filter" if isinstance(row, UserQuery) else "filter-template"


def _require(row: SyncFilter) -> None:
    if isinstance(row, UserQuery):
        privileges.require_for(Privilege.WRITE_FILTER, [row])
    else:
        privileges.require_organization(Privilege.WRITE_ORGANIZATION)


def _require_user(privilege: Privilege, user: SystemUser) -> None:
    """Filters are those of a user: who may change them follows from whom the privilege reaches."""
    privileges.require_for(privilege, [user])
