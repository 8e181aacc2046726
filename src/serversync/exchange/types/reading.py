"""Items as what they are, and the value of one of their properties by its name."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from lxml.etree import _Element

from serversync.exchange.namespaces import t
from serversync.exchange.types.calendar_item import read_calendar_item
from serversync.exchange.types.contact import read_contact
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, IndexedFieldURI
from serversync.exchange.types.item import Item
from serversync.exchange.types.message import read_item
from serversync.exchange.types.task import read_task

_KINDS: Final[dict[str, Callable[[_Element], Item]]] = {
    t("CalendarItem"): read_calendar_item,
    t("Contact"): read_contact,
    t("Task"): read_task,
}


def read_any_item(element: _Element) -> Item:
    """Return the item that the element describes: of a kind with a type of its own, or what ``read_item`` makes of it."""
    return _KINDS.get(element.tag, read_item)(element)


_WORD_START: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
ENTRIES: Final = {
    "contacts:EmailAddress": "email_addresses",
    "contacts:PhoneNumber": "phone_numbers",
    "contacts:PhysicalAddress": "physical_addresses",
}
"""The attribute of each property that holds several values by their keys."""


def attribute_name(word: str) -> str:
    """Return the name of an attribute for that of an element.

    >>> attribute_name("CountryOrRegion")
    'country_or_region'
    """
    return _WORD_START.sub("_", word).lower()


Reader = Callable[[Any], Any]


@lru_cache(maxsize=1024)
def reader_of(uri: AnyFieldURI) -> Reader:
    """Return a function from an item to the value of this property, ``None`` where the item has none.

    The function raises AttributeError where this kind of item has no such property.
    """
    if isinstance(uri, ExtendedFieldURI):
        return lambda item: item.extended_properties.get(uri)
    path = uri.field_uri
    if not isinstance(uri, IndexedFieldURI):
        return attrgetter(attribute_name(path.partition(":")[2]))
    index = uri.field_index
    if path in ENTRIES:
        entries_of = attrgetter(ENTRIES[path])
        return lambda item: entries_of(item).get(index)
    entries, _, part = path.rpartition(":")
    places_of, part_of = attrgetter(ENTRIES[entries]), attrgetter(attribute_name(part))

    def read(item: Any) -> Any:
        entry = places_of(item).get(index)
        return None if entry is None else part_of(entry)

    return read


def property_of(item: Item, uri: AnyFieldURI) -> Any:
    """Return the value of a property, ``None`` where the item has none.

    Raises:
        AttributeError: this kind of item has no such property.
    """
    return reader_of(uri)(item)
