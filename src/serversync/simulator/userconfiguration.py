"""Settings that programs keep in a mailbox: hidden items of a folder, one for each name.

They are stored as Exchange stores them, as items of the class ``IPM.Configuration.NAME`` with the properties
PidTagRoamingDictionary, PidTagRoamingXmlStream and PidTagRoamingBinary, so that a client finds them either way.
"""

import base64
import json
from dataclasses import dataclass

from lxml import etree

from serversync.simulator.foldertree import Folder
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import ExtendedValue, StoredItem

DICTIONARY, XML_STREAM, BINARY = ("tag", "7c07"), ("tag", "7c08"), ("tag", "7c09")
_CODES = {
    "Boolean": "3",
    "Byte": "6",
    "Integer32": "9",
    "UnsignedInteger32": "10",
    "Integer64": "11",
    "UnsignedInteger64": "12",
    "DateTime": "16",
    "String": "18",
}
_TYPES = {code: kind for kind, code in _CODES.items()}
_ARRAYS = frozenset({"StringArray", "ByteArray"})
KINDS = frozenset(_CODES) | _ARRAYS
"""What a key or value can be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key or a value of a dictionary.

    Attributes:
        kind: A value of ``UserConfigurationDictionaryObjectTypesType``, for example ``String``.
        values: Its texts; one, except for arrays.
    """

    kind: str
    values: tuple[str, ...]


Entries = tuple[tuple[Setting, Setting], ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a program keeps under a name; ``None`` for what it does not keep."""

    dictionary: Entries | None = None
    xml: bytes | None = None
    binary: bytes | None = None


def item_class(name: str) -> str:
    """Return the class of the hidden item that holds a configuration."""
    return f"IPM.Configuration.{name}"


def find(mailbox: Mailbox, folder: Folder, name: str) -> StoredItem | None:
    """Return the item of a configuration; names do not tell case."""
    wanted = item_class(name).casefold()
    for number in folder.associated:
        item = mailbox.item(number)
        if (item.item_class or "").casefold() == wanted:
            return item
    return None


def read(item: StoredItem) -> Configuration:
    """Return what a configuration's item holds."""
    extended = item.extended or {}

    def part(key: tuple[str, str]) -> bytes | None:
        found = extended.get(key)
        return None if found is None else base64.b64decode(str(found.value))

    packed = part(DICTIONARY)
    return Configuration(None if packed is None else _unpack(packed), part(XML_STREAM), part(BINARY))


def save(mailbox: Mailbox, folder: Folder, name: str, content: Configuration) -> StoredItem:
    """Keep a configuration under a name that is not taken.

    Raises:
        EwsError: ``ErrorItemSave``: it is taken.
    """
    if find(mailbox, folder, name) is not None:
        raise EwsError("ErrorItemSave")
    item = StoredItem(
        0,
        0,
        None,
        mailbox.now(),
        is_read=True,
        is_associated=True,
        item_class=item_class(name),
        properties={"item:Subject": item_class(name)},
        extended=_parts(content),
    )
    return mailbox.add(item, folder)


def change(mailbox: Mailbox, item: StoredItem, content: Configuration) -> StoredItem:
    """Replace those parts of a configuration that are given; the others stay."""
    return mailbox.edit(item.number, extended=_parts(content))


def _parts(content: Configuration) -> dict[tuple[str, str], ExtendedValue]:
    packed = None if content.dictionary is None else _pack(content.dictionary)
    parts = ((DICTIONARY, packed), (XML_STREAM, content.xml), (BINARY, content.binary))
    return {
        key: ExtendedValue("Binary", base64.b64encode(value).decode())
        for key, value in parts
        if value is not None
    }


def _word(setting: Setting) -> str:
    if setting.kind in _ARRAYS:
        return f"{setting.kind}-{json.dumps(setting.values)}"
    value = setting.values[0]
    return f"{_CODES[setting.kind]}-{value.capitalize() if setting.kind == 'Boolean' else value}"


def _setting(word: str) -> Setting:
    kind, _, value = word.partition("-")
    if kind in _ARRAYS:
        return Setting(kind, tuple(json.loads(value)))
    return Setting(_TYPES[kind], (value.lower() if _TYPES[kind] == "Boolean" else value,))


def _pack(entries: Entries) -> bytes:
    """Return a dictionary as PidTagRoamingDictionary holds it."""
    root = etree.Element("UserConfiguration")
    etree.SubElement(root, "Info", version="Exchange.12")
    data = etree.SubElement(root, "Data")
    for key, value in entries:
        etree.SubElement(data, "e", k=_word(key), v=_word(value))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _unpack(packed: bytes) -> Entries:
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        rows = etree.fromstring(packed, parser).iterfind("Data/e")
        return tuple((_setting(row.get("k", "")), _setting(row.get("v", ""))) for row in rows)
    except (etree.XMLSyntaxError, ValueError, KeyError):
        raise EwsError("ErrorCorruptData") from None


_CATEGORIES = (
    ("Red category", 0),
    ("Orange category", 1),
    ("Yellow category", 3),
    ("Green category", 4),
    ("Blue category", 7),
    ("Purple category", 8),
)


def open_in_browser(mailbox: Mailbox, time_zone: str) -> None:
    """Leave behind what the first log-on to Outlook on the web leaves: its options, and the list of categories.

    Args:
        mailbox: The mailbox.
        time_zone: Windows name of the person's time zone.
    """
    options = Configuration(((Setting("String", ("timezone",)), Setting("String", (time_zone,))),))
    root, calendar = mailbox.distinguished_folder("root"), mailbox.distinguished_folder("calendar")
    if find(mailbox, root, "OWA.UserOptions") is None:
        save(mailbox, root, "OWA.UserOptions", options)
    if find(mailbox, calendar, "CategoryList") is None:
        save(mailbox, calendar, "CategoryList", Configuration(xml=_category_list(mailbox)))


def _category_list(mailbox: Mailbox) -> bytes:
    stamp = mailbox.now().strftime("%Y-%m-%dT%H:%M:%S.000")
    rows = "".join(
        f'<category name="{name}" color="{color}" keyboardShortcut="0" usageCount="0" '
        f'lastTimeUsedNotes="1601-01-01T00:00:00.000" lastTimeUsedJournal="1601-01-01T00:00:00.000" '
        f'lastTimeUsedContacts="1601-01-01T00:00:00.000" lastTimeUsedTasks="1601-01-01T00:00:00.000" '
        f'lastTimeUsedCalendar="1601-01-01T00:00:00.000" lastTimeUsedMail="1601-01-01T00:00:00.000" '
        f'lastTimeUsed="1601-01-01T00:00:00.000" lastSessionUsed="0" '
        f'guid="{{{mailbox.guid!s:.35}{number}}}" renameOnFirstUse="1"/>'
        for number, (name, color) in enumerate(_CATEGORIES)
    )
    return (
        '<?xml version="1.0"?><categories default="Red category" lastSavedSession="0" '
        f'lastSavedTime="{stamp}" xmlns="CategoryList.xsd">{rows}</categories>'
    ).encode()
