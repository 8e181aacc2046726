"""Conditions of synchronization filters: what people enter is checked, kept as data, and read back as sentences."""

import pytest

from serversync.rules import filters
from serversync.rules.filters import Attribute, AttributeType, Condition, Filter, Operator

ATTRIBUTES = {
    one.name: one
    for one in (
        Attribute("ownerid", "Owner", AttributeType.USER),
        Attribute("activityparty", "Takes part", AttributeType.PARTY),
        Attribute("address1_city", "City", AttributeType.TEXT),
        Attribute("statecode", "State", AttributeType.OPTION, {0: "Active", 1: "Inactive"}),
        Attribute("percentcomplete", "% Complete", AttributeType.NUMBER),
        Attribute("donotemail", "Do Not Email", AttributeType.FLAG),
        Attribute("birthdate", "Birthday", AttributeType.DATE),
        Attribute("createdon", "Created On", AttributeType.MOMENT),
        Attribute("regardingobjectid", "Regarding", AttributeType.RECORD),
    )
}


@pytest.mark.parametrize(
    ("entered", "value", "sentence"),
    [
        (("ownerid", "eq-userid", ""), None, "Owner is the user"),
        (("activityparty", "eq-userid", ""), None, "Takes part is the user"),
        (("address1_city", "eq", " Lisbon "), "Lisbon", "City is Lisbon"),
        (("address1_city", "in", "Lisbon, Porto"), ("Lisbon", "Porto"), "City is one of Lisbon, Porto"),
        (("address1_city", "NULL", ""), None, "City is empty"),
        (("statecode", "eq", "inactive"), 1, "State is Inactive"),
        (("statecode", "not-in", "0,1"), (0, 1), "State is none of Active, Inactive"),
        (("percentcomplete", "ge", "50"), 50, "% Complete is at least 50"),
        (("donotemail", "eq", "yes"), True, "Do Not Email is yes"),
        (("birthdate", "lt", "1990-01-31"), "1990-01-31", "Birthday is less than 1990-01-31"),
        (
            ("createdon", "ge", "2026-01-01"),
            "2026-01-01T00:00:00+00:00",
            "Created On is at least 2026-01-01T00:00:00+00:00",
        ),
    ],
)
def test_a_condition_is_taken_as_it_is_entered_and_read_back_as_a_sentence(
    entered: tuple[str, str, str], value: filters.FilterValue, sentence: str
) -> None:
    made = filters.condition_of(ATTRIBUTES, *entered)
    assert made.value == value
    assert filters.sentence(ATTRIBUTES, made) == sentence
    stored = filters.as_json([made])
    assert filters.from_json(stored, is_any=False) == Filter((made,))


@pytest.mark.parametrize(
    ("entered", "reason"),
    [
        (("shoesize", "eq", "40"), "there is no attribute 'shoesize'"),
        (("ownerid", "eq", "ada"), "cannot be compared by 'eq', but by: eq-userid"),
        (("address1_city", "next-x-days", "3"), "cannot be compared by 'next-x-days'"),
        (("address1_city", "eq", "  "), "needs a value"),
        (("address1_city", "in", " , "), "needs values, divided by commas"),
        (("address1_city", "null", "x"), "takes no value"),
        (("address1_city", "eq", "x" * 401), "longer than 400 characters"),
        (("address1_city", "eq", "a\0b"), "control characters"),
        (("statecode", "eq", "Asleep"), r"none of the options of statecode: 0 \(Active\), 1 \(Inactive\)"),
        (("percentcomplete", "eq", "half"), "whole number"),
        (("percentcomplete", "eq", "99999999999"), "too large"),
        (("donotemail", "eq", "maybe"), "yes or no"),
        (("birthdate", "eq", "31.1.1990"), "a date like"),
        (("regardingobjectid", "eq", "x"), "by: null, not-null"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(entered: tuple[str, str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        filters.condition_of(ATTRIBUTES, *entered)


def test_a_filter_is_confined_where_nothing_but_the_users_own_can_meet_it() -> None:
    mine = Condition("ownerid", Operator.EQ_USERID)
    city = Condition("address1_city", Operator.EQ, "Lisbon")
    assert Filter((mine, city)).is_confined
    assert not Filter((mine, city), is_any=True).is_confined
    assert Filter((mine, Condition("activityparty", Operator.EQ_USERID)), is_any=True).is_confined
    assert not Filter((city,)).is_confined
    assert not Filter(()).is_confined
