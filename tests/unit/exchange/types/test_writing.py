"""What is written stands in the order of the schema, and nothing is left out silently."""

from datetime import datetime

import pytest

from serversync.exchange.types.fields import ExtendedFieldURI, FieldURI, IndexedFieldURI
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


def test_what_must_be_escaped_is_in_every_text_and_nothing_else_changes() -> None:
    phone = IndexedFieldURI("contacts:PhoneNumber", "Pager")
    city = IndexedFieldURI("contacts:PhysicalAddress:City", "Home")
    street = IndexedFieldURI("contacts:PhysicalAddress:Street", "Home")
    values = {
        city: "A & B",
        FieldURI("contacts:GivenName"): "100 %s <1>",
        phone: "\r1\x0b",
        street: "a\nb",
        MARK: 7,
    }
    assert NewItem("Contact", values).to_xml() == (
        f"<t:Contact><t:ExtendedProperty>{MARK.to_xml()}<t:Value>7</t:Value></t:ExtendedProperty>"
        '<t:GivenName>100 %s &lt;1&gt;</t:GivenName><t:PhysicalAddresses><t:Entry Key="Home"><t:Street>a\nb</t:Street>'
        '<t:City>A &amp; B</t:City></t:Entry></t:PhysicalAddresses><t:PhoneNumbers><t:Entry Key="Pager">&#13;1</t:Entry>'
        "</t:PhoneNumbers></t:Contact>"
    )


def test_items_with_the_same_properties_have_their_own_values() -> None:
    minutes = FieldURI("item:ReminderMinutesBeforeStart")
    first, second = ({SUBJECT: subject, minutes: number} for subject, number in (("a & b", 5), ("c", 15)))
    assert [NewItem("Message", each).to_xml() for each in (first, second, first)] == [
        f"<t:Message><t:Subject>{subject}</t:Subject><t:ReminderMinutesBeforeStart>{number}</t:ReminderMinutesBeforeStart></t:Message>"
        for subject, number in (("a &amp; b", 5), ("c", 15), ("a &amp; b", 5))
    ]


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
