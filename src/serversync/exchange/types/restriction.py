"""Conditions on items, for ``FindItem``."""

import base64
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.types.writing import moment
from serversync.exchange.xml_text import attribute, boolean

Constant = str | int | bool | bytes | datetime


def _constant(value: Constant) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, datetime):
        return moment(value)
    return str(value)


class Compare(Struct, frozen=True, gc=False):
    """A property compared with a constant; ``kind`` is an element name such as ``IsEqualTo``."""

    kind: str
    field_uri: AnyFieldURI
    constant: Constant

    def to_xml(self) -> str:
        """Return the element."""
        value = f'<t:FieldURIOrConstant><t:Constant Value="{attribute(_constant(self.constant))}"/></t:FieldURIOrConstant>'
        return f"<t:{self.kind}>{_name(self.field_uri)}{value}</t:{self.kind}>"


@lru_cache(maxsize=256)
def _name(uri: AnyFieldURI) -> str:
    return uri.to_xml()


class Exists(Struct, frozen=True, gc=False):
    """A property that the item has at all."""

    field_uri: AnyFieldURI

    def to_xml(self) -> str:
        """Return the element."""
        return f"<t:Exists>{self.field_uri.to_xml()}</t:Exists>"


class AllOf(Struct, frozen=True, gc=False):
    """Every one of at least two conditions."""

    conditions: tuple["Restriction", ...]

    def to_xml(self) -> str:
        """Return the element."""
        return f"<t:And>{''.join([each.to_xml() for each in self.conditions])}</t:And>"


class AnyOf(Struct, frozen=True, gc=False):
    """At least one of at least two conditions."""

    conditions: tuple["Restriction", ...]

    def to_xml(self) -> str:
        """Return the element."""
        return f"<t:Or>{''.join([each.to_xml() for each in self.conditions])}</t:Or>"


class Not(Struct, frozen=True, gc=False):
    """What does not fulfil a condition."""

    condition: "Restriction"

    def to_xml(self) -> str:
        """Return the element."""
        return f"<t:Not>{self.condition.to_xml()}</t:Not>"


Restriction = Compare | Exists | AllOf | AnyOf | Not


def is_equal_to(field_uri: AnyFieldURI, constant: Constant) -> Compare:
    """Return the condition that a property has exactly this value."""
    return Compare("IsEqualTo", field_uri, constant)


def any_equal_to(field_uri: AnyFieldURI, constants: tuple[Constant, ...]) -> Restriction:
    """Return the condition that a property has one of these values, at least one."""
    conditions = tuple([is_equal_to(field_uri, each) for each in constants])
    return conditions[0] if len(conditions) == 1 else AnyOf(conditions)
