"""Patterns and zones are written as Microsoft's schemas want them, and read as they were written."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from serversync.exchange.namespaces import MESSAGES, TYPES
from serversync.exchange.types.ids import (
    ItemId,
    OccurrenceItemId,
    RecurringMasterItemId,
    item_ids_xml,
)
from serversync.exchange.types.recurrence import (
    OccurrenceInfo,
    Recurrence,
    read_deleted_occurrences,
    read_modified_occurrences,
    read_occurrence_info,
    read_recurrence,
    recurrence_xml,
)
from serversync.exchange.types.time_zone import (
    MeetingTimeZone,
    Period,
    TimeChange,
    TimeZoneDefinition,
    Transition,
    duration,
    parse_duration,
    read_meeting_time_zone,
    read_time_zone_definition,
    time_zone_xml,
)

SCHEMAS = Path(__file__).parents[4].joinpath("..", "shared", "ews-schema").resolve()
FOLDERS = ("exchange2010_sp2", "exchange2013_sp1", "exchange_se_15.2.2562.17")
START = date(2026, 3, 23)
DAYS = ("Monday", "Thursday")
PATTERNS = (
    Recurrence(pattern="DailyRecurrence", interval=3, start_date=START),
    Recurrence(
        pattern="WeeklyRecurrence", interval=2, days_of_week=DAYS, start_date=START, end_date=date(2027, 1, 1)
    ),
    Recurrence(
        pattern="WeeklyRecurrence",
        interval=1,
        days_of_week=DAYS,
        first_day_of_week="Monday",
        start_date=START,
    ),
    Recurrence(
        pattern="AbsoluteMonthlyRecurrence",
        interval=1,
        day_of_month=31,
        start_date=START,
        number_of_occurrences=4,
    ),
    Recurrence(
        pattern="RelativeMonthlyRecurrence",
        interval=1,
        days_of_week=("Weekday",),
        day_of_week_index="Last",
        start_date=START,
    ),
    Recurrence(pattern="AbsoluteYearlyRecurrence", day_of_month=29, month="February", start_date=START),
    Recurrence(
        pattern="RelativeYearlyRecurrence",
        days_of_week=("Sunday",),
        day_of_week_index="Second",
        month="May",
        start_date=START,
    ),
)
HOUR = timedelta(hours=1)
STANDARD, DAYLIGHT = Period("std<1>", "Standard", -HOUR), Period("dlt", "Daylight", -2 * HOUR)
OURS = TimeZoneDefinition(
    id='Our "own" & zone',
    name="(UTC+01:00) Here",
    periods=(STANDARD, DAYLIGHT),
    transitions_groups=(
        (
            "0",
            (
                Transition(
                    element="RecurringDayTransition",
                    to="dlt",
                    time_offset=2 * HOUR,
                    month=3,
                    day_of_week="Sunday",
                    occurrence=-1,
                ),
                Transition(
                    element="RecurringDateTransition", to="std<1>", time_offset=3 * HOUR, month=10, day=31
                ),
            ),
        ),
        ("1", (Transition(element="Transition", to="std<1>"),)),
    ),
    transitions=(
        Transition(element="Transition", to="0", to_kind="Group"),
        Transition(
            element="AbsoluteDateTransition",
            to="1",
            to_kind="Group",
            date_time=datetime(2030, 1, 1, tzinfo=UTC),
        ),
    ),
)


def parsed(fragment: str) -> etree._Element:
    return etree.fromstring(f'<x xmlns:t="{TYPES}">{fragment}</x>')[0]


@cache
def schema(folder: str) -> etree.XMLSchema:
    imports = [
        ("http://www.w3.org/XML/1998/namespace", SCHEMAS / "xml.xsd"),
        (TYPES, SCHEMAS / folder / "types.xsd"),
        (MESSAGES, SCHEMAS / folder / "messages.xsd"),
    ]
    lines = "".join(
        f'<xs:import namespace="{name}" schemaLocation="{path.as_uri()}"/>' for name, path in imports
    )
    return etree.XMLSchema(
        etree.fromstring(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{lines}</xs:schema>')
    )


def check(inner: str) -> None:
    """Hold an appointment with this inside against every schema that we speak."""
    if not SCHEMAS.is_dir():
        pytest.skip("the schemas are not beside the project")
    request = etree.fromstring(
        f'<m:CreateItem xmlns:m="{MESSAGES}" xmlns:t="{TYPES}" SendMeetingInvitations="SendToNone">'
        f"<m:Items><t:CalendarItem>{inner}</t:CalendarItem></m:Items></m:CreateItem>"
    )
    for folder in FOLDERS:
        schema(folder).assertValid(request)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda each: each.pattern)
def test_a_pattern_is_valid_and_read_as_it_was_written(pattern: Recurrence) -> None:
    xml = recurrence_xml(pattern)
    assert read_recurrence(parsed(xml)) == pattern
    check(xml)


def test_a_zone_of_its_own_rules_is_valid_and_read_as_it_was_written() -> None:
    xml = time_zone_xml("StartTimeZone", OURS)
    assert read_time_zone_definition(parsed(xml)) == OURS
    check(xml + time_zone_xml("EndTimeZone", OURS))


def test_a_zone_that_is_only_named_is_written_as_its_name() -> None:
    xml = time_zone_xml("StartTimeZone", TimeZoneDefinition(id="UTC"))
    assert xml == '<t:StartTimeZone Id="UTC"/>'
    check(xml)


def test_offsets_on_dates_say_nothing_about_the_day() -> None:
    element = parsed(
        "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:EndDateRecurrence>"
        "<t:StartDate>2026-03-23-08:00</t:StartDate><t:EndDate>2026-03-25+13:00</t:EndDate>"
        "</t:EndDateRecurrence></t:Recurrence>"
    )
    assert read_recurrence(element).start_date == START
    assert read_recurrence(element).end_date == date(2026, 3, 25)


def test_patterns_of_tasks_keep_their_name_and_are_not_written() -> None:
    found = read_recurrence(
        parsed(
            "<t:Recurrence><t:DailyRegeneration><t:Interval>2</t:Interval></t:DailyRegeneration>"
            "<t:NoEndRecurrence><t:StartDate>2026-03-23</t:StartDate></t:NoEndRecurrence></t:Recurrence>"
        )
    )
    assert (found.pattern, found.interval) == ("DailyRegeneration", 2)
    with pytest.raises(ValueError, match="DailyRegeneration"):
        recurrence_xml(found)


def test_malformed_values_stop_nothing() -> None:
    found = read_recurrence(
        parsed(
            "<t:Recurrence><t:WeeklyRecurrence><t:Interval>x</t:Interval></t:WeeklyRecurrence>"
            "<t:NoEndRecurrence><t:StartDate>soon</t:StartDate></t:NoEndRecurrence></t:Recurrence>"
        )
    )
    assert found == Recurrence(pattern="WeeklyRecurrence")
    zone = read_time_zone_definition(
        parsed('<t:StartTimeZone Id="x"><t:Periods><t:Period Bias="P1M"/></t:Periods></t:StartTimeZone>')
    )
    assert zone == TimeZoneDefinition(id="x")
    assert read_time_zone_definition(parsed("<t:StartTimeZone/>")) is None


def test_occurrences_of_a_master_are_read() -> None:
    info = (
        '<t:ItemId Id="o" ChangeKey="k"/><t:Start>2026-03-23T10:00:00Z</t:Start>'
        "<t:End>2026-03-23T11:00:00Z</t:End><t:OriginalStart>2026-03-23T08:00:00Z</t:OriginalStart>"
    )
    found = read_occurrence_info(parsed(f"<t:FirstOccurrence>{info}</t:FirstOccurrence>"))
    hour = datetime(2026, 3, 23, 10, tzinfo=UTC)
    assert found == OccurrenceInfo(ItemId("o", "k"), hour, hour + HOUR, hour - 2 * HOUR)
    listed = parsed(f"<t:ModifiedOccurrences><t:Occurrence>{info}</t:Occurrence></t:ModifiedOccurrences>")
    assert read_modified_occurrences(listed) == (found,)
    gone = parsed(
        "<t:DeletedOccurrences><t:DeletedOccurrence><t:Start>2026-03-23T10:00:00Z</t:Start>"
        "</t:DeletedOccurrence></t:DeletedOccurrences>"
    )
    assert read_deleted_occurrences(gone) == (hour,)


def test_a_zone_of_2007_is_read() -> None:
    yearly = (
        "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Sunday</t:DaysOfWeek>"
        "<t:DayOfWeekIndex>Last</t:DayOfWeekIndex><t:Month>{}</t:Month></t:RelativeYearlyRecurrence>"
    )
    xml = (
        '<t:MeetingTimeZone TimeZoneName="Here"><t:BaseOffset>-PT60M</t:BaseOffset>'
        f"<t:Standard><t:Offset>PT0M</t:Offset>{yearly.format('October')}<t:Time>03:00:00</t:Time></t:Standard>"
        "<t:Daylight><t:Offset>-PT60M</t:Offset><t:AbsoluteDate>2026-03-29</t:AbsoluteDate>"
        "<t:Time>02:00:00</t:Time></t:Daylight></t:MeetingTimeZone>"
    )
    check(xml)
    assert read_meeting_time_zone(parsed(xml)) == MeetingTimeZone(
        time_zone_name="Here",
        base_offset=-HOUR,
        standard=TimeChange(
            offset=timedelta(), time=time(3), month="October", days_of_week="Sunday", day_of_week_index="Last"
        ),
        daylight=TimeChange(offset=-HOUR, time=time(2), absolute_date=date(2026, 3, 29)),
    )


@given(st.integers(-40_000_000, 40_000_000).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_is_read_as_it_was_written(value: timedelta) -> None:
    assert parse_duration(duration(value)) == value


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "P1M", "P1Y", "PT1X"])
def test_what_is_no_duration_of_days_and_times_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_occurrences_and_masters_are_named_by_one_another() -> None:
    ids = (ItemId("a+/="), OccurrenceItemId("m<", 3), RecurringMasterItemId("o"))
    assert item_ids_xml(ids) == (
        '<t:ItemId Id="a+/="/><t:OccurrenceItemId RecurringMasterId="m&lt;" InstanceIndex="3"/>'
        '<t:RecurringMasterItemId OccurrenceId="o"/>'
    )
    assert OccurrenceItemId("m", 3, "k").to_xml_for_change() == (
        '<t:OccurrenceItemId RecurringMasterId="m" ChangeKey="k" InstanceIndex="3"/>'
    )
