"""Values of Exchange as values of the CRM, and back, without a day shifting or a text changing on the way."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.mapping.fields import FIELDS, directions
from serversync.mapping.values import TASK_STATUS, Form, day_of, to_crm, to_exchange
from serversync.rules.record import Direction, Kind

DAYS = st.dates(date(1800, 1, 1), date(2400, 12, 31))
WORDS = st.text("abc de", min_size=1).map(str.strip).filter(bool)


@given(DAYS, st.integers(-11, 11), st.sampled_from([time(0), time(11, 59)]))
def test_a_day_is_the_same_whichever_hour_and_zone_a_client_has_chosen_for_it(day, offset, hour):
    zone = UTC if hour != time(0) else timezone(timedelta(hours=offset))
    assert to_crm(Form.DATE, datetime.combine(day, hour, zone)) == day


@given(DAYS, st.integers(-11, 12))
def test_a_day_that_was_written_is_the_same_day_in_every_zone(day, offset):
    written = to_exchange(Form.DATE, day)
    assert written.astimezone(timezone(timedelta(hours=offset))).date() == day


@given(DAYS)
def test_a_day_comes_back_as_it_went(day):
    assert day_of(to_exchange(Form.DATE, day)) == day


@pytest.mark.parametrize("year", [1601, 4501])
def test_the_years_that_mean_none_are_no_dates(year):
    assert to_crm(Form.DATE, datetime(year, 1, 1, tzinfo=UTC)) is None


@given(st.lists(WORDS.filter(lambda word: "," not in word), min_size=1).map(tuple))
def test_a_list_of_names_comes_back_as_it_went(names):
    text = to_crm(Form.TEXTS, names)
    assert to_crm(Form.TEXTS, to_exchange(Form.TEXTS, text)) == text


@given(st.text("ab\r\n ", max_size=20))
def test_a_note_read_twice_is_the_same(text):
    note = to_crm(Form.NOTE, text)
    assert to_crm(Form.NOTE, note) == note


def test_line_ends_of_exchange_become_those_of_the_crm():
    assert to_crm(Form.NOTE, "Two\r\nlines\r\n") == "Two\nlines"


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("empty", [None, "", ()])
def test_nothing_stays_nothing_both_ways(form, empty):
    assert to_crm(form, empty) is None
    assert to_exchange(form, empty) is None


@pytest.mark.parametrize("word", TASK_STATUS)
def test_each_status_of_a_task_comes_back_as_it_went(word):
    assert to_exchange(Form.STATUS, to_crm(Form.STATUS, word)) == word


@pytest.mark.parametrize(
    ("status", "word"), [((2, 6), "Completed"), ((1, 99), "Completed"), ((0, 99), "NotStarted")]
)
def test_a_status_that_exchange_does_not_have_is_completed_or_not_started(status, word):
    assert to_exchange(Form.STATUS, status) == word


@pytest.mark.parametrize(("word", "code"), [("Low", 0), ("Normal", 1), ("High", 2)])
def test_importance_is_priority(word, code):
    assert (to_crm(Form.IMPORTANCE, word), to_exchange(Form.IMPORTANCE, code)) == (code, word)


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="is no date"):
        to_exchange(Form.DATE, "tomorrow")


@pytest.mark.parametrize("kind", FIELDS)
def test_no_column_and_no_property_stands_in_two_rows(kind):
    assert len({row.logicalname for row in FIELDS[kind]}) == len(FIELDS[kind])
    assert len({row.prop for row in FIELDS[kind]}) == len(FIELDS[kind])
    assert all(row.label for row in FIELDS[kind])


def test_only_one_address_goes_where_nobody_wants_three():
    way = directions(Kind.CONTACT)
    assert (way["address1_city"], way["address2_city"], way["address3_city"]) == (
        Direction.BOTH,
        Direction.NONE,
        Direction.NONE,
    )


@pytest.mark.parametrize("row", [row for rows in FIELDS.values() for row in rows], ids=lambda row: row.prop)
def test_every_row_of_the_field_maps_is_in_the_reference(row):
    page = (Path(__file__).parents[3] / "docs/reference/fields.md").read_text()
    assert f"| {row.label} | `{row.logicalname}` | `{row.prop}` |" in page
