"""Contacts and tasks as items of Exchange: which properties are asked for, read and written, and what Exchange keeps.

A row of the field map names one property. There are many rows and few values in most items, so that what is asked of
each row is worked out once for a kind, and entries (numbers, addresses) are looked at only where there are some.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from serversync.adapters.act_shown_names import DISPLAY_NAME, shown_without_name
from serversync.adapters.act_task_items import OWNERSHIP, REMINDER_IS_SET, reminder_values, reminds_of
from serversync.adapters.stamps import RECORD_STAMP
from serversync.core.clock import now
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI, IndexedFieldURI
from serversync.exchange.types.item import Body
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.reading import ENTRIES, attribute_name
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.xml_text import ILLEGAL
from serversync.mapping.fields import FIELDS
from serversync.mapping.values import Form, is_day_kept, reader, to_crm, to_exchange
from serversync.rules.record import TASKS, Fields, Kind, Value

CATEGORIES: Final = FieldURI("item:Categories")
_ALSO: Final[tuple[AnyFieldURI, ...]] = (
    FieldURI("item:Subject"),
    FieldURI("item:LastModifiedTime"),
    FieldURI("item:DateTimeCreated"),
    CATEGORIES,
    RECORD_STAMP,
)
_OF_TASKS: Final = (FieldURI("task:IsRecurring"), FieldURI("task:IsComplete"), REMINDER_IS_SET, OWNERSHIP)
_OF_KIND: Final[dict[Kind, tuple[AnyFieldURI, ...]]] = dict.fromkeys(TASKS, _OF_TASKS)
_HAS_FILES: Final = FieldURI("item:HasAttachments")
_ELSEWHERE: Final = frozenset({Form.PICTURE, Form.FILES})
"""Rows that ``act_pictures`` and ``act_attachments`` read and write."""
_COMPLETED_ON: Final = FieldURI("task:CompleteDate")
_INDEXED: Final = re.compile(r"(?P<path>[^\[]+)\[(?P<key>[^\]]+)\]")
_KEPT_WHOLE: Final = 255
"""So many characters of a text Exchange keeps in every property."""
_NOTE_KEPT_WHOLE: Final = 30_000

Read = Callable[[Any], Value]


@lru_cache(maxsize=1024)
def field_uri(prop: str) -> AnyFieldURI:
    """Return the property that a row of the field map names.

    >>> field_uri("contacts:PhoneNumber[Pager]")
    IndexedFieldURI(field_uri='contacts:PhoneNumber', field_index='Pager')
    """
    if found := _INDEXED.fullmatch(prop):
        return IndexedFieldURI(found["path"], found["key"])
    if not prop.startswith("mapi:"):
        return FieldURI(prop)
    name = prop.removeprefix("mapi:")
    if "/" in name:
        set_id, _, number = name.partition("/")
        if not number.startswith("0x"):
            return ExtendedFieldURI(property_type="String", property_set_id=set_id, property_name=number)
        return ExtendedFieldURI(
            property_type="String", distinguished_property_set_id=set_id, property_id=int(number, 16)
        )
    return ExtendedFieldURI(property_type="String", property_tag=int(name, 16))


@lru_cache(maxsize=8)
def shape(kind: Kind, files: bool = False) -> ItemShape:  # noqa: FBT001, FBT002 - a key of the cache
    """Return what is asked for of an item of the kind, and whether it has files where these are of concern."""
    rows = (field_uri(row.prop) for row in FIELDS[kind] if row.form is not Form.FILES)
    wanted = (*rows, *_ALSO, *_OF_KIND.get(kind, ()), *((_HAS_FILES,) if files else ()))
    return ItemShape(body_type=BodyType.TEXT, additional_properties=tuple(dict.fromkeys(wanted)))


class _Rows(NamedTuple):
    """The rows of a kind by where their values stand in an item.

    ``entries`` and ``parts`` belong to attributes that hold several values by their keys: single ones, or addresses with
    parts.
    """

    plain: tuple[tuple[str, Read], ...]
    get: Callable[[Any], tuple[Any, ...]]
    entries: dict[str, dict[str, tuple[str, Read]]]
    parts: dict[str, dict[str, list[tuple[str, str, Read]]]]
    extended: dict[AnyFieldURI, tuple[str, Read]]


@lru_cache(maxsize=8)
def _rows(kind: Kind) -> _Rows:
    plain: list[tuple[str, Read]] = []
    attributes: list[str] = []
    rows = _Rows((), attrgetter("subject"), {}, {}, {})
    for row in FIELDS[kind]:
        if row.form in _ELSEWHERE:
            continue
        uri, name, read = field_uri(row.prop), row.logicalname, reader(row.form)
        if isinstance(uri, ExtendedFieldURI):
            rows.extended[uri] = name, read
        elif isinstance(uri, FieldURI):
            plain.append((name, _of_body(read) if row.form is Form.NOTE else read))
            attributes.append(attribute_name(uri.field_uri.partition(":")[2]))
        elif uri.field_uri in ENTRIES:
            rows.entries.setdefault(ENTRIES[uri.field_uri], {})[uri.field_index] = name, read
        else:
            path, _, part = uri.field_uri.rpartition(":")
            parts = rows.parts.setdefault(ENTRIES[path], {}).setdefault(uri.field_index, [])
            parts.append((name, attribute_name(part), read))
    return rows._replace(plain=tuple(plain), get=attrgetter(*attributes))


def _of_body(read: Read) -> Read:
    return lambda body: read(body.text)


def fields_of(kind: Kind, item: EwsItem) -> dict[str, Value]:
    """Return an item in the words of the CRM; what says nothing is left out."""
    rows = _rows(kind)
    fields: dict[str, Value] = {}
    for (name, read), found in zip(rows.plain, rows.get(item), strict=True):
        if found is not None and (value := read(found)) is not None:
            fields[name] = value
    for name, read, found in _entries_of(rows, item):
        if found is not None and (value := read(found)) is not None:
            fields[name] = value
    if kind in TASKS and "reminderon" in fields and not reminds_of(item):
        del fields["reminderon"]
    return fields


def _entries_of(rows: _Rows, item: EwsItem) -> Iterator[tuple[str, Read, Any]]:
    """Yield what stands in an item under keys: field, how it is read, and the value there."""
    for attribute, by_key in rows.entries.items():
        for key, found in getattr(item, attribute).items():
            if (row := by_key.get(key)) is not None:
                yield *row, found
    for attribute, parts_by_key in rows.parts.items():
        for key, entry in getattr(item, attribute).items():
            for name, part, read in parts_by_key.get(key, ()):
                yield name, read, getattr(entry, part)
    for uri, found in item.extended_properties.items() if rows.extended else ():
        if (row := rows.extended.get(uri)) is not None:
            yield *row, found


@lru_cache(maxsize=8)
def _writers(kind: Kind) -> tuple[tuple[str, AnyFieldURI, Form], ...]:
    return tuple(
        (row.logicalname, field_uri(row.prop), row.form) for row in FIELDS[kind] if row.form not in _ELSEWHERE
    )


def values_of(kind: Kind, fields: Fields) -> dict[AnyFieldURI, Any]:
    """Return properties with the values they shall have, ``None`` where they are to be taken away."""
    values: dict[AnyFieldURI, Any] = {}
    for name, uri, form in _writers(kind):
        if name in fields:
            value = fields[name]
            if form is Form.TEXT and value:
                values[uri] = value
                continue
            written = to_exchange(form, value)
            if form is Form.MOMENT:
                values |= reminder_values(written, now())
                continue
            if form is Form.NOTE and written is not None:
                written = Body(written, BodyType.TEXT)
            elif uri == _COMPLETED_ON and isinstance(written, datetime):
                written = _not_later(written, now())
            values[uri] = written
    return values


def new_values(kind: Kind, stamp: UUID, fields: Fields, category: str | None) -> dict[AnyFieldURI, Any]:
    """Return what a new item shall have, with its stamp; the category where one is given."""
    values = values_of(kind, fields)
    if None in values.values():
        values = {uri: value for uri, value in values.items() if value is not None}
    if kind is Kind.CONTACT and (shown := shown_without_name(fields)) is not None:
        values[DISPLAY_NAME] = shown
    values[RECORD_STAMP] = str(stamp)
    if category is not None:
        values[CATEGORIES] = (category,)
    return values


def kept_as_sent(kind: Kind, fields: Fields) -> Fields | None:
    """Return what a new contact says that was made with these fields; ``None`` where Exchange may make something else of it.

    Of a task Exchange works out one field from another. In texts it may cut what is very long, and trim what stands
    between blanks.
    """
    if kind is not Kind.CONTACT:
        return None
    texts: list[str] = []
    has_empty = False
    forms = _forms(kind)
    for name, value in fields.items():
        form = forms[name]
        if form is Form.TEXT and isinstance(value, str):
            texts.append(value)
        elif value is not None and value != "" and not is_kept(form, value):
            return None
        has_empty = has_empty or not value
    # Most are texts; what they are made of is looked at in all of them at once.
    is_short = max(map(len, texts), default=0) <= _KEPT_WHOLE
    if not is_short or list(map(str.strip, texts)) != texts or ILLEGAL.search("".join(texts)):
        return None
    return {name: value for name, value in fields.items() if value not in (None, "")} if has_empty else fields


def is_kept(form: Form, value: Value) -> bool:
    """Tell whether Exchange gives a value back as it was written.

    >>> is_kept(Form.TEXT, "Head of purchasing"), is_kept(Form.TEXT, " blanks "), is_kept(Form.TEXT, "x" * 300)
    (True, False, False)
    """
    match form:
        case Form.TEXT if isinstance(value, str):
            return len(value) <= _KEPT_WHOLE and value.strip() == value and not ILLEGAL.search(value)
        case Form.NOTE if isinstance(value, str):
            is_plain = to_crm(form, value) == value and not ILLEGAL.search(value)
            return is_plain and len(value) <= _NOTE_KEPT_WHOLE
        case Form.TEXTS if isinstance(value, str):
            texts = to_exchange(form, value)
            return to_crm(form, texts) == value and len(value) <= _KEPT_WHOLE and not ILLEGAL.search(value)
        case Form.IMPORTANCE | Form.REFERENCE:
            return to_crm(form, to_exchange(form, value)) == value
    return form is Form.DATE and is_day_kept(value)


@lru_cache(maxsize=8)
def _forms(kind: Kind) -> Mapping[str, Form]:
    return {row.logicalname: row.form for row in FIELDS[kind]}


def stamp_of(item: EwsItem) -> UUID | None:
    """Return the record that an item says it is."""
    stamp = item.extended_properties.get(RECORD_STAMP)
    if not isinstance(stamp, str):
        return None
    try:
        return UUID(stamp)
    except ValueError:
        return None


def _not_later(moment: datetime, now: datetime) -> datetime:
    """Return a moment of the same day that is not to come, since Exchange refuses such a date of completion.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 7, 1, 11, 59, tzinfo=UTC)
    >>> _not_later(noon, noon.replace(hour=8)).isoformat()
    '2026-07-01T00:00:00+00:00'
    """
    if moment <= now:
        return moment
    return min(moment.replace(hour=0, minute=0), now)
