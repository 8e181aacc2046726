"""Names of single properties: those of the schema, and extended (MAPI) ones.

An ``ExtendedFieldURI`` compares by meaning: a property tag is a number, a property set id is lower case,
so the server's ``0xfff`` is our ``0x0FFF``.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import t
from serversync.exchange.xml_text import attribute
from serversync.exchange.xml_values import integer, parse_base64, parse_datetime

ExtendedValue = Any
"""The value of an extended property: by its type, or the plain text where it does not fit the type."""


class FieldURI(Struct, frozen=True, gc=False, cache_hash=True):
    """A property of the schema by its path, for example ``item:Subject``."""

    field_uri: str

    def to_xml(self) -> str:
        """Return the element that asks for the property."""
        return f'<t:FieldURI FieldURI="{attribute(self.field_uri)}"/>'


class ExtendedFieldURI(Struct, frozen=True, gc=False, kw_only=True, cache_hash=True):
    """A MAPI property, by tag, or by property set and name or number.

    ``property_type`` is one of ``MapiPropertyTypeType``, for example ``String`` or ``Binary``.
    """

    property_type: str
    property_tag: int | None = None
    distinguished_property_set_id: str | None = None
    property_set_id: str | None = None
    property_name: str | None = None
    property_id: int | None = None

    def to_xml(self) -> str:
        """Return the element that asks for the property."""
        parts = ["<t:ExtendedFieldURI"]
        if self.distinguished_property_set_id is not None:
            parts.append(f'DistinguishedPropertySetId="{attribute(self.distinguished_property_set_id)}"')
        if self.property_set_id is not None:
            parts.append(f'PropertySetId="{attribute(self.property_set_id)}"')
        if self.property_tag is not None:
            parts.append(f'PropertyTag="0x{self.property_tag:04X}"')
        if self.property_name is not None:
            parts.append(f'PropertyName="{attribute(self.property_name)}"')
        if self.property_id is not None:
            parts.append(f'PropertyId="{self.property_id}"')
        parts.append(f'PropertyType="{attribute(self.property_type)}"/>')
        return " ".join(parts)


class IndexedFieldURI(Struct, frozen=True, gc=False, cache_hash=True):
    """One entry of a property that holds several, for example ``contacts:PhoneNumber``, ``MobilePhone``."""

    field_uri: str
    field_index: str

    def to_xml(self) -> str:
        """Return the element that asks for the property."""
        return (
            f'<t:IndexedFieldURI FieldURI="{attribute(self.field_uri)}"'
            f' FieldIndex="{attribute(self.field_index)}"/>'
        )


AnyFieldURI = FieldURI | ExtendedFieldURI | IndexedFieldURI


def read_extended_property(element: _Element) -> tuple[ExtendedFieldURI, ExtendedValue] | None:
    """Return name and value of a ``t:ExtendedProperty``, or ``None`` where one of them is missing."""
    uri: ExtendedFieldURI | None = None
    value: ExtendedValue = None
    found = False
    convert: Callable[[str], ExtendedValue] | None = None
    for child in element:
        tag = child.tag
        if tag == _URI:
            number = child.get("PropertyTag")
            # Most have a tag and a type only; a list of all attributes costs twice as much as these two.
            uri, convert = (
                _tagged(number, child.get("PropertyType")) if number else _uri(tuple(child.items()))
            )
        elif tag == _VALUE:
            value, found = child.text or "", True
        elif tag == _VALUES:
            value, found = tuple([each.text or "" for each in child]), True
    if uri is None or not found:
        return None
    if convert is None:
        return uri, value
    if isinstance(value, tuple):
        return uri, tuple([convert(each) for each in value])
    return uri, convert(value)


_URI, _VALUE, _VALUES = t("ExtendedFieldURI"), t("Value"), t("Values")


@lru_cache(maxsize=1024)
def _uri(
    attributes: tuple[tuple[str, str], ...],
) -> tuple[ExtendedFieldURI, Callable[[str], ExtendedValue] | None]:
    """Return the name that the attributes make, and what turns a text into its value."""
    given = dict(attributes)
    tag, number, set_id = given.get("PropertyTag"), given.get("PropertyId"), given.get("PropertySetId")
    kind = given.get("PropertyType") or "String"
    uri = ExtendedFieldURI(
        property_type=kind,
        property_tag=_property_tag(tag) if tag else None,
        distinguished_property_set_id=given.get("DistinguishedPropertySetId"),
        property_set_id=set_id.lower() if set_id else None,
        property_name=given.get("PropertyName"),
        property_id=integer(number) if number else None,
    )
    return uri, _CONVERTERS.get(kind.removesuffix("Array"))


@lru_cache(maxsize=1024)
def _tagged(number: str, kind: str | None) -> tuple[ExtendedFieldURI, Callable[[str], ExtendedValue] | None]:
    """Return the same for a property that is named by its tag."""
    return _uri((("PropertyTag", number), ("PropertyType", kind or "")))


def _property_tag(text: str) -> int | None:
    try:
        return int(text, 16) if text[:2] in ("0x", "0X") else int(text)
    except ValueError:
        return None


def _whole(text: str) -> int | str:
    number = integer(text)
    return text if number is None else number


def _decimal(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _truth(text: str) -> bool | str:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)


def _binary(text: str) -> bytes | str:
    content = parse_base64(text)
    return text if content is None else content


def _time(text: str) -> object:
    return parse_datetime(text) or text


_CONVERTERS = {
    "Integer": _whole,
    "Long": _whole,
    "Short": _whole,
    "Double": _decimal,
    "Float": _decimal,
    "Boolean": _truth,
    "Binary": _binary,
    "SystemTime": _time,
}
