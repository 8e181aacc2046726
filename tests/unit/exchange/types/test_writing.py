"""What is written stands in the order of the schema, and nothing is left out silently."""

from datetime import datetime

import pytest

from serversync.exchange.types.fields import ExtendedFieldURI, FieldURI
from serversync.exchange.types.writing import NewItem, moment, set_field_xml

SUBJECT, CLASS = FieldURI("item:Subject"), FieldURI("item:ItemClass")
MARK = ExtendedFieldURI(property_type="Integer", property_tag=0x1234)


def test_elements_stand_in_the_order_of_the_schema_whatever_the_caller_does() -> None:
    xml = NewItem("Message", {MARK: 7, SUBJECT: "s", CLASS: "IPM.Note"}).to_xml()
    assert xml == (
        "<t:Message><t:ItemClass>IPM.Note</t:ItemClass><t:Subject>s</t:Subject><t:ExtendedProperty>"
        '<t:ExtendedFieldURI PropertyTag="0x1234" PropertyType="Integer"/><t:Value>7</t:Value>'
        "</t:ExtendedProperty></t:Message>"
    )


def test_a_property_that_the_kind_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar:Start"):
        NewItem("Message", {FieldURI("calendar:Start"): "x"}).to_xml()


def test_one_property_of_an_item_can_be_set_by_itself() -> None:
    assert set_field_xml("Message", SUBJECT, "a & b") == (
        '<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>a &amp; b</t:Subject>'
        "</t:Message></t:SetItemField>"
    )


def test_a_time_that_nobody_knows_the_zone_of_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
