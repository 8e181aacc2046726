"""A pattern means the same days after any way through the CRM's columns and the XML of Exchange; so does a zone."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from serversync.adapters.act_zones import CUSTOM, definition_of, zone_text_of
from serversync.exchange.namespaces import TYPES
from serversync.exchange.types import recurrence as ews
from serversync.exchange.types.time_zone import (
    MeetingTimeZone,
    TimeChange,
    TimeZoneDefinition,
    read_time_zone_definition,
    time_zone_xml,
)
from serversync.mapping.series import (
    columns_of,
    mask_of,
    recurrence_of_columns,
    recurrence_of_words,
    weekdays_of,
    words_of,
)
from serversync.rules.series.recurrence import WORKDAYS, Recurrence, Unit
from serversync.rules.series.zones import Change, Era, RuleZone, zone_of, zone_text
from serversync.simulator.calendar.recurrence import read_recurrence as simulated
from serversync.simulator.calendar.timezones import RuleZone as SimulatedZone
from serversync.simulator.calendar.timezones import definition as told_by_exchange
from serversync.simulator.calendar.timezones import zone_of_fragment
from tests.property.series.patterns import ZONES, recurrences

patterns = recurrences(most_years=8).filter(lambda found: found.first() is not None)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def parsed(fragment: str) -> etree._Element:
    return etree.fromstring(f'<x xmlns:t="{TYPES}">{fragment}</x>')[0]


@given(recurrences(most_years=8))
def test_a_pattern_survives_the_columns_of_the_crm(found: Recurrence) -> None:
    assert recurrence_of_columns(columns_of(found)) == found.canonical()


@given(patterns)
def test_a_pattern_survives_the_crm_then_exchange_then_the_crm(found: Recurrence) -> None:
    columns = columns_of(found)
    xml = ews.recurrence_xml(ews.Recurrence(**words_of(recurrence_of_columns(columns))))
    back = recurrence_of_words(ews.read_recurrence(parsed(xml)))
    assert columns_of(back) == columns


@given(patterns)
def test_what_exchange_is_told_falls_on_the_same_days_there(found: Recurrence) -> None:
    xml = ews.recurrence_xml(ews.Recurrence(**words_of(found)))
    assert list(islice(simulated(xml).dates(), 60)) == list(islice(found.days(), 60))


@given(st.integers(1, 127))
def test_a_mask_names_its_days(mask: int) -> None:
    assert mask_of(weekdays_of(mask)) == mask


def test_every_working_day_is_a_weekly_pattern() -> None:
    columns = columns_of(Recurrence(Unit.DAY, date(2026, 1, 1))) | {"isweekdaypattern": True}
    assert recurrence_of_columns(columns).weekdays == WORKDAYS
    assert recurrence_of_columns(columns).unit is Unit.WEEK


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Recurrence(Unit.YEAR, date(2026, 1, 1), 9, day=1, month=1), "interval of 9 years"),
        (
            Recurrence(Unit.MONTH, date(2026, 1, 1), weekdays=frozenset({0, 1}), nth=1),
            "single days of the week, all, working or weekend days",
        ),
        (Recurrence(Unit.YEAR, date(2026, 2, 1), day=1, month=1, end=date(2026, 2, 1)), "no day"),
    ],
)
def test_what_exchange_cannot_say_has_a_reason(found: Recurrence, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        words_of(found)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ews.Recurrence(pattern="DailyRegeneration", interval=1, start_date=date(2026, 1, 1)),
            "DailyRegeneration",
        ),
        (ews.Recurrence(pattern="DailyRecurrence", interval=1), "does not say when it begins"),
        (
            ews.Recurrence(
                pattern="WeeklyRecurrence", interval=1, days_of_week=("Noday",), start_date=date(2026, 1, 1)
            ),
            "Noday",
        ),
        (
            ews.Recurrence(pattern="WeeklyRecurrence", interval=1, start_date=date(2026, 1, 1)),
            "no day of the week",
        ),
    ],
)
def test_what_the_crm_cannot_say_has_a_reason(words: ews.Recurrence, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        recurrence_of_words(words)


# --- zones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_that_exchange_tells_by_name_is_kept_by_name(zone: str) -> None:
    told = read_time_zone_definition(parsed(told_by_exchange("StartTimeZone", ZoneInfo(zone), 2026)))
    kept = zone_text_of(told, None, NOON)
    for month in range(1, 13):
        moment = datetime(2026, month, 15, tzinfo=UTC)
        assert moment.astimezone(zone_of(kept)).utcoffset() == moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert definition_of(kept).id == told.id


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_without_a_known_name_is_taken_for_the_one_with_its_clock(zone: str) -> None:
    told = told_by_exchange("StartTimeZone", ZoneInfo(zone), 2026, "Customized Time Zone")
    kept = zone_of(zone_text_of(read_time_zone_definition(parsed(told)), None, NOON))
    for days in range(0, 730, 5):
        moment = NOON + timedelta(days)
        assert moment.astimezone(kept).utcoffset() == moment.astimezone(ZoneInfo(zone)).utcoffset()


ODD = RuleZone(
    (
        Era(
            1,
            timedelta(minutes=217),
            (
                Change(4, 2, 2, HOUR, timedelta(minutes=277)),
                Change(9, None, 17, HOUR, timedelta(minutes=217)),
            ),
        ),
        Era(2031, timedelta(minutes=217)),
    )
)


def test_a_zone_that_nobody_knows_is_kept_with_its_rules_and_written_back_with_them() -> None:
    told = definition_of(zone_text(ODD))
    assert told.id == CUSTOM
    again = read_time_zone_definition(parsed(time_zone_xml("StartTimeZone", told)))
    assert zone_text_of(again, None, NOON) == zone_text(ODD)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_exchange_has_the_clock_of_a_zone_that_it_is_told(moment: datetime) -> None:
    there = zone_of_fragment(time_zone_xml("StartTimeZone", definition_of(zone_text(ODD))))
    assert isinstance(there, SimulatedZone)
    assert moment.astimezone(there).replace(tzinfo=None) == moment.astimezone(ODD).replace(tzinfo=None)


def test_a_zone_of_2007_is_known_by_its_rules() -> None:
    change = {"days_of_week": "Sunday", "day_of_week_index": "Last"}
    told = MeetingTimeZone(
        time_zone_name="Ours",
        base_offset=-HOUR,
        standard=TimeChange(offset=timedelta(), time=time(3), month="October", **change),
        daylight=TimeChange(offset=-HOUR, time=time(2), month="March", **change),
    )
    kept = zone_of(zone_text_of(None, told, NOON))
    for days in range(0, 730, 5):
        moment = NOON + timedelta(days)
        assert moment.astimezone(kept).utcoffset() == moment.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()


def test_a_zone_that_says_nothing_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="Nowhere Standard Time"):
        zone_text_of(TimeZoneDefinition(id="Nowhere Standard Time"), None, NOON)
    assert zone_text_of(None, None, NOON) == "Etc/UTC"


def test_a_zone_that_windows_does_not_know_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="Antarctica/Troll"):
        definition_of("Antarctica/Troll")


def test_rules_that_cannot_be_are_refused() -> None:
    told = definition_of(zone_text(ODD))
    with pytest.raises(ValueError, match="rules that it does not have"):
        zone_text_of(TimeZoneDefinition(id="x", transitions_groups=told.transitions_groups), None, NOON)
