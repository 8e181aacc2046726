"""What a client wants to see of an item or folder: ItemShape, FolderShape and AttachmentShape.

A shape is hashable, so that what was rendered for it once can be kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import tzinfo

from lxml import etree

from serversync.simulator.response import TYPES_NS, EwsError, SoapFault
from serversync.simulator.rights import EVERYTHING
from serversync.simulator.storeditem import ExtendedKey, ExtendedValue
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import attribute

T = f"{{{TYPES_NS}}}"

_PROPERTY_SETS = {
    "PublicStrings": "00020329-0000-0000-c000-000000000046",
    "InternetHeaders": "00020386-0000-0000-c000-000000000046",
    "Common": "00062008-0000-0000-c000-000000000046",
    "Address": "00062004-0000-0000-c000-000000000046",
    "Appointment": "00062002-0000-0000-c000-000000000046",
    "Meeting": "6ed8da90-450b-101b-98da-00aa003f1305",
    "Task": "00062003-0000-0000-c000-000000000046",
    "CalendarAssistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
    "UnifiedMessaging": "4442858e-a9e3-4e80-b900-317a210cc15b",
    "Sharing": "00062040-0000-0000-c000-000000000046",
}


@dataclass(frozen=True, slots=True)
class ExtendedField:
    """An ``ExtendedFieldURI``.

    Attributes:
        attributes: Its attributes as the client wrote them, in order.
    """

    attributes: tuple[tuple[str, str], ...]

    def _get(self, name: str) -> str:
        return next((value for key, value in self.attributes if key == name), "")

    @property
    def tag(self) -> int | None:
        """The number of the property without its type, or ``None`` for a named property."""
        value = self._get("PropertyTag")
        if not value:
            return None
        number = int(value, 0)
        return number if number <= 0xFFFF else number >> 16

    @property
    def kind(self) -> str:
        """A value of ``MapiPropertyTypeType``."""
        return self._get("PropertyType")

    @property
    def is_valid(self) -> bool:
        """Whether its attributes name a property, and one only."""
        given = {name for name, value in self.attributes if value}
        is_named = bool(given & {"PropertyName", "PropertyId", "PropertySetId", "DistinguishedPropertySetId"})
        try:
            if self.tag is not None:
                return not is_named
            return all(self.key) and not ({"PropertyName", "PropertyId"} <= given)
        except ValueError:
            return False

    @property
    def key(self) -> ExtendedKey:
        """What it is stored under, see ``storeditem.ExtendedKey``."""
        tag = self.tag
        if tag is not None:
            return "tag", f"{tag:04x}"
        known = self._get("DistinguishedPropertySetId")
        guid = _PROPERTY_SETS.get(known, known.lower()) if known else self._get("PropertySetId").lower()
        return guid, self._get("PropertyName").lower() or self._get("PropertyId")

    @property
    def name(self) -> str:
        """The property's name, for a property that is named by a string."""
        return self._get("PropertyName")

    @property
    def is_internet_header(self) -> bool:
        """Whether it stands for a header of the message."""
        return self.key[0] == _PROPERTY_SETS["InternetHeaders"]

    @property
    def is_multiple(self) -> bool:
        """Whether its type is an array."""
        return self.kind.endswith("Array")

    def to_xml(self, found: ExtendedValue, escape: Callable[[str], str]) -> str:
        """Return the ``ExtendedProperty`` element with a value."""
        uri = "".join(f" {name}={attribute(given)}" for name, given in self.attributes)
        if isinstance(found.value, str):
            inner = f"<t:Value>{escape(found.value)}</t:Value>"
        else:
            values = "".join(f"<t:Value>{escape(one)}</t:Value>" for one in found.value)
            inner = f"<t:Values>{values}</t:Values>"
        return f"<t:ExtendedProperty><t:ExtendedFieldURI{uri}/>{inner}</t:ExtendedProperty>"


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties a client asked for.

    Attributes:
        schema: The schema step of the request; later elements are not written.
        base: ``IdOnly``, ``Default`` or ``AllProperties``.
        include_mime_content: Whether the whole message is wanted as well.
        body_type: ``Best``, ``HTML`` or ``Text``.
        fields: ``FieldURI`` values.
        headers: Names of single headers (``IndexedFieldURI item:InternetMessageHeader``).
        entries: Field URI and index of single entries (any other ``IndexedFieldURI``).
        extended: Extended properties, in the order asked.
        zone: The clock on which times are told; ``None`` for UTC.
        rights: The value of the ``Right`` that the caller has in the folder.
        block_external_images: Whether images of other servers shall be left out of HTML bodies.
        is_listing: Whether the answer lists items (FindItem, SyncFolderItems), where bodies,
            recipients and attachments are never given.
    """

    schema: Schema
    base: str = "IdOnly"
    include_mime_content: bool = False
    body_type: str = "Best"
    fields: frozenset[str] = frozenset()
    headers: tuple[str, ...] = ()
    extended: tuple[ExtendedField, ...] = field(default=())
    entries: frozenset[tuple[str, str]] = frozenset()
    is_listing: bool = False
    zone: tzinfo | None = None
    rights: int = EVERYTHING.value
    block_external_images: bool = False
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Keep the hash; each item of an answer asks for it several times."""
        values = (getattr(self, one.name) for one in fields(self) if one.compare)
        object.__setattr__(self, "_hash", hash(tuple(values)))

    def __hash__(self) -> int:
        """Return the hash of what it compares."""
        return self._hash

    @property
    def is_id_only(self) -> bool:
        """Whether nothing but the id is wanted."""
        wants_more = self.include_mime_content or self.fields or self.extended or self.headers or self.entries
        return self.base == "IdOnly" and not wants_more


def child_text(element: etree._Element | None, name: str, default: str = "") -> str:
    """Return the text of a child in the types namespace."""
    return default if element is None else (element.findtext(T + name) or default).strip()


def whole_number(element: etree._Element | None, name: str, default: int) -> int:
    """Return a count from an attribute.

    Raises:
        SoapFault: it is no number from 0 on.
    """
    value = None if element is None else element.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit()):
        reason = (
            f"The '{name}' attribute is invalid - The value '{value}' is invalid according to its datatype."
        )
        raise SoapFault(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
            faultstring=f"The request failed schema validation: {reason}",
        )
    return int(value)


def is_true(value: str) -> bool:
    """Read an XML boolean."""
    return value in {"true", "1"}


def parse_shape(
    element: etree._Element | None, schema: Schema, *, is_listing: bool = False, zone: tzinfo | None = None
) -> Shape:
    """Read an ItemShape, FolderShape or AttachmentShape element.

    Args:
        element: The element; ``None`` stands for the default shape.
        schema: The schema step of the request.
        is_listing: See ``Shape``.
        zone: See ``Shape``.

    Raises:
        EwsError: MIME content was asked for in a listing.
        SoapFault: a property path cannot be read.
    """
    if element is None:
        return Shape(schema, "Default", is_listing=is_listing, zone=zone)
    fields: set[str] = set()
    headers: list[str] = []
    entries: set[tuple[str, str]] = set()
    extended: list[ExtendedField] = []
    for path in element.iterfind(f"{T}AdditionalProperties/*"):
        if path.tag == f"{T}FieldURI":
            fields.add(path.get("FieldURI", ""))
        elif path.tag == f"{T}IndexedFieldURI":
            if path.get("FieldURI") == "item:InternetMessageHeader":
                headers.append(path.get("FieldIndex", ""))
            else:
                entries.add((path.get("FieldURI", ""), path.get("FieldIndex", "")))
        elif path.tag == f"{T}ExtendedFieldURI":
            extended.append(extended_field(path))
    include_mime = is_true(child_text(element, "IncludeMimeContent"))
    if is_listing and include_mime:
        raise EwsError("ErrorInvalidPropertyForOperation")
    base = child_text(element, "BaseShape", "Default")
    body_type = child_text(element, "BodyType", "Best")
    return Shape(
        schema,
        base,
        include_mime,
        body_type,
        frozenset(fields),
        tuple(headers),
        tuple(extended),
        frozenset(entries),
        is_listing,
        zone,
        block_external_images=is_true(child_text(element, "BlockExternalImages")),
    )


_FIRST_NAMED = 0x8000
"""Tags from here on belong to named properties, and differ from mailbox to mailbox."""


def extended_field(path: etree._Element) -> ExtendedField:
    """Read an ``ExtendedFieldURI`` element.

    Raises:
        SoapFault: its attributes do not name a property, or by a tag that differs from mailbox to mailbox.
    """
    found = ExtendedField(tuple((str(name), str(value)) for name, value in path.attrib.items()))
    if not found.is_valid:
        raise SoapFault(
            "ErrorInvalidExtendedProperty", "The extended property attribute combination is invalid."
        )
    if found.tag is not None and found.tag >= _FIRST_NAMED:
        raise SoapFault("ErrorNoPropertyTagForCustomProperties")
    return found
