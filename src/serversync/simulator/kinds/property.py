"""What a kind of item is: its element, its item classes and the table of its properties.

A new kind is one module in this package with a table, and one line in ``kinds.KINDS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum
from functools import cached_property
from typing import Any

from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import TEXT, Form
from serversync.simulator.storeditem import ExtendedKey, StoredItem
from serversync.simulator.versions import Schema

ALWAYS, DEFAULT, ALL, ASKED = range(4)
"""From which base shape on a property is written: always, Default, AllProperties, or only when asked for."""

Row = Callable[[ItemView], str]


class Access(Enum):
    """What a client may do with a property."""

    READ = "read"
    CREATE = "set when the item is made"
    WRITE = "set, and deleted, at any time"
    DRAFT = "set while the message is not sent"


def nothing(_view: ItemView) -> None:
    """The default of a property that has none."""
    return


@dataclass(frozen=True)
class Property:
    """One element of an item.

    Attributes:
        uri: Its ``FieldURI``; what it is stored under.
        form: How its value is read and written.
        default: Its value where none was set: from the MIME, from the state of the item, or ``None``.
        level: From which base shape on it is written.
        since: The schema step that brought it; requests of an older one neither see nor set it.
        is_listed: Whether FindItem and SyncFolderItems give it.
        access: What a client may do with it.
        read_only_from: The first server that lets nobody set it any more; ``None`` for none.
        tag: Number of the MAPI property of the same meaning, as ``0xiiii``; 0 where there is none.
        named: Property set (guid) and name or id of the named MAPI property of the same meaning.
        render: Writes the element, where ``form`` alone cannot.
        indexed: ``FieldURI`` of the ``IndexedFieldURI`` that names one entry of it; empty for none.
    """

    uri: str
    form: Form = TEXT
    default: Callable[[ItemView], Any] = nothing
    level: int = ALL
    since: Schema = Schema.EXCHANGE2007
    is_listed: bool = True
    access: Access = Access.READ
    read_only_from: Schema | None = None
    tag: int = 0
    named: tuple[str, str] | None = None
    render: Row | None = None
    indexed: str = ""

    @cached_property
    def element(self) -> str:
        """Name of its element."""
        return self.uri.partition(":")[2]

    @cached_property
    def row(self) -> Row:
        """Write the element of an item, or nothing where it has no value."""
        if self.render is not None:
            return self.render
        uri, form, element, default = self.uri, self.form, self.element, self.default

        def write(view: ItemView) -> str:
            stored = view.item.properties
            value = stored[uri] if stored is not None and uri in stored else default(view)
            return form.write(view, element, value)

        return write


Localize = Callable[[StoredItem, frozenset[str], tzinfo], None]
Settle = Callable[[StoredItem, frozenset[str], datetime], None]


def settled(_item: StoredItem, _changed: frozenset[str], _now: datetime) -> None:
    """Nothing follows from a change."""


def localized(_item: StoredItem, _changed: frozenset[str], _zone: tzinfo) -> None:
    """No time depends on a zone."""


@dataclass(frozen=True)
class ItemKind:
    """A kind of item.

    Attributes:
        element: Name of its element, for example ``Message``.
        item_class: The class that a new one has, for example ``IPM.Note``.
        properties: All its properties, in the order of the schema.
        classes: Item classes that are of this kind, with everything below them; upper case.
        folder: Distinguished folder that a new one is saved into where the client names none.
        refuses_folders: Container classes of folders that it cannot be made in, and the error to answer.
        settle: Called with the item, the field URIs that were set or deleted, and the time, before a new or
            changed item is stored: checks what belongs together and sets what follows.
            Raises ``EwsError`` to refuse the change.
        localize: Called before ``settle`` with the zone of the request: gives times that were written without a
            zone the one they are meant in.
        derived: Extended properties that follow from the item, by key: the value as text, or ``None``.
        entries: Extended properties that are one entry of a property, by key: its field URI, the entry's key, and
            the part of it, empty for the whole.
        read_mime: Takes over into an item what MIME says that a client gives, and returns the field URIs that it
            set; where there is none, the MIME is kept as it is.
        mime: The item as MIME; ``None`` where Exchange gives none.
        is_message: Whether it is composed and sent as mail.
    """

    element: str
    item_class: str
    properties: tuple[Property, ...]
    classes: tuple[str, ...] = ()
    folder: str = "drafts"
    needs_folder: Mapping[str, str] = field(default_factory=dict)
    localize: Localize = localized
    settle: Settle = settled
    derived: Mapping[ExtendedKey, Callable[[ItemView], str | None]] = field(default_factory=dict)
    entries: Mapping[ExtendedKey, tuple[str, str, str]] = field(default_factory=dict)
    read_mime: Callable[[StoredItem, bytes], frozenset[str]] | None = None
    mime: Callable[[ItemView], bytes] | None = None
    is_message: bool = False

    @cached_property
    def by_uri(self) -> Mapping[str, Property]:
        """Its properties by ``FieldURI``."""
        return {one.uri: one for one in self.properties}

    @cached_property
    def by_element(self) -> Mapping[str, Property]:
        """Its properties by element name."""
        return {one.element: one for one in self.properties}

    @cached_property
    def by_index(self) -> Mapping[str, Property]:
        """Its properties with entries, by the ``FieldURI`` of an ``IndexedFieldURI``."""
        return {one.indexed: one for one in self.properties if one.indexed}

    @cached_property
    def by_mapi(self) -> Mapping[tuple[str, str], Property]:
        """Its properties by the key of the extended property of the same meaning."""
        tags = {("tag", f"{one.tag:04x}"): one for one in self.properties if one.tag}
        return tags | {one.named: one for one in self.properties if one.named}
