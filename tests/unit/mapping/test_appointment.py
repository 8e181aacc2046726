"""Times, whole days, statuses and people of appointments mean the same on both sides."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.mapping.appointment import (
    SHOWN_AS,
    Times,
    pairs_of,
    people,
    people_of,
    shown_as,
    times_of,
    times_to_crm,
    times_to_exchange,
)

NINE, TEN = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
ZONES = [
    "Pacific/Pago_Pago",  # UTC-11
    "America/St_Johns",  # UTC-3:30, with summer time
    "Europe/Berlin",
    "Asia/Kathmandu",  # UTC+5:45
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Kiritimati",  # UTC+14
    "Asia/Beirut",  # the clock is put forward at midnight
    "America/Santiago",  # and here, back and forward
]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 1)),
    st.integers(1, 10),
    st.sampled_from(ZONES),
)
def test_whole_days_come_back_as_they_went_in_every_zone_and_over_every_change_of_the_clock(
    day, length, name
):
    zone = ZoneInfo(name)
    kept = Times(midnight(day), midnight(day + timedelta(days=length)), is_all_day=True)
    there = times_to_exchange(kept, zone)
    assert times_to_crm(there.start, there.end, is_all_day=True, zone=zone) == kept


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 1)),
    st.sampled_from([name for name in ZONES if name != "Pacific/Kiritimati"]),
)
def test_of_an_unknown_zone_the_nearest_midnight_counts(day, name):
    kept = Times(midnight(day), midnight(day + timedelta(days=1)), is_all_day=True)
    there = times_to_exchange(kept, ZoneInfo(name))
    assert times_to_crm(there.start, there.end, is_all_day=True, zone=None) == kept


def test_a_time_is_the_same_moment_in_any_zone():
    berlin = ZoneInfo("Europe/Berlin")
    read = times_to_crm(NINE.astimezone(berlin), TEN, is_all_day=False, zone=berlin)
    assert read == Times(NINE, TEN, is_all_day=False)
    assert times_to_exchange(read, berlin) == read


def test_whole_days_that_somebody_entered_with_a_time_take_in_the_day_that_was_begun():
    entered = Times(NINE, TEN + timedelta(days=1), is_all_day=True)
    there = times_to_exchange(entered, UTC)  # type: ignore[arg-type]
    assert (there.start, there.end) == (midnight(date(2026, 3, 2)), midnight(date(2026, 3, 4)))


def test_a_day_that_ends_where_it_begins_lasts_a_day():
    day = midnight(date(2026, 3, 2))
    assert times_to_crm(day, day, is_all_day=True, zone=None).end == day + timedelta(days=1)
    assert times_to_exchange(Times(day, day, is_all_day=True), UTC).end == day + timedelta(days=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["Free", "Tentative", "Busy", "OOF"])
def test_each_way_to_show_comes_back_as_it_went(word):
    assert shown_as(SHOWN_AS[word]) == word


@pytest.mark.parametrize("status", [(1, 3), (2, 4), (0, 1), (0, 99), None])
def test_what_is_done_cancelled_or_open_shows_as_free(status):
    assert shown_as(status) == "Free"


def test_names_and_order_of_people_are_no_change():
    assert people(["B@x", " a@x "]) == people(["a@x", "b@X", "A@x"]) == ("a@x", "b@x")
    assert people(["", None]) is None
    assert people_of(None) == ()
    assert people_of(("a@x",)) == ("a@x",)


def test_what_is_said_of_people_is_found_by_their_address():
    assert pairs_of((("a@x", "Ada", 3), ("b@x", None))) == {"a@x": "Ada", "b@x": None}
    assert pairs_of(None) == {}


def test_a_value_of_another_kind_is_no_time():
    with pytest.raises(ValueError, match="is no time"):
        times_of((NINE, TEN))
    assert times_of((NINE, TEN, False)).end == TEN
