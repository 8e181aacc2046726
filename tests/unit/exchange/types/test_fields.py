"""Extended properties by meaning."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from serversync.exchange.namespaces import TYPES
from serversync.exchange.types.fields import ExtendedFieldURI, read_extended_property


def read(uri: str, values: str) -> object:
    text = f'<t:ExtendedProperty xmlns:t="{TYPES}"><t:ExtendedFieldURI {uri}/>{values}</t:ExtendedProperty>'
    pair = read_extended_property(etree.fromstring(text))
    return None if pair is None else pair[1]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("String", "a", "a"),
        ("Integer", "-5", -5),
        ("Long", "123456789012", 123456789012),
        ("Short", "x", "x"),
        ("Boolean", "true", True),
        ("Boolean", "0", False),
        ("Boolean", "maybe", "maybe"),
        ("Double", "1.5", 1.5),
        ("Float", "x", "x"),
        ("Binary", "AAE=", b"\x00\x01"),
        ("Binary", "A", "A"),
        ("SystemTime", "2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("SystemTime", "later", "later"),
        ("CLSID", "{0}", "{0}"),
    ],
)
def test_a_value_has_the_type_of_its_property(kind: str, text: str, value: object) -> None:
    found = read(f'PropertyTag="0x1" PropertyType="{kind}"', f"<t:Value>{text}</t:Value>")
    assert found == value
    assert type(found) is type(value)


def test_several_values_are_a_tuple() -> None:
    values = "<t:Values><t:Value>1</t:Value><t:Value>2</t:Value></t:Values>"
    assert read('PropertyTag="0x1" PropertyType="IntegerArray"', values) == (1, 2)


@pytest.mark.parametrize("values", ["", "<t:Other/>"])
def test_a_property_without_a_value_is_none(values: str) -> None:
    assert read('PropertyTag="0x1" PropertyType="String"', values) is None


def test_what_was_asked_is_equal_to_what_comes_back() -> None:
    asked = ExtendedFieldURI(property_type="Binary", property_tag=0x0FFF)
    text = (
        f'<t:ExtendedProperty xmlns:t="{TYPES}"><t:ExtendedFieldURI PropertyTag="0xfff" PropertyType="Binary"/>'
        "<t:Value>AA==</t:Value></t:ExtendedProperty>"
    )
    pair = read_extended_property(etree.fromstring(text))
    assert pair is not None
    assert {asked: 1}[pair[0]] == 1
