"""Series both ways: every kind, with occurrences deleted, moved and edited, in five zones, over changes of the clock.

What we write is held, occurrence by occurrence, against exchangelib's view of the calendar and against what
python-dateutil makes of the same rule; what exchangelib writes is held against what we read.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

import exchangelib
import pytest
from dateutil import tz
from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib import recurrence as el

from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.adapters.act_series_mailbox import EwsSeries
from serversync.core.errors import ChangeConflict, ItemGone, SeriesNotExpressible
from serversync.engine.act_ports import Item, ItemToChange, ItemToMake, Written
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.zone_names import iana_name, windows_name
from serversync.mapping.series import OF_MEETINGS
from serversync.rules.record import Value
from serversync.rules.series.changes import DELETED, Own, carried_along, changed_days, field_of, occurrences
from serversync.rules.series.recurrence import LAST, WORKDAYS, Recurrence, Unit
from serversync.rules.series.timetable import TIMES, Times, Timetable, timetable_of, timetable_values
from serversync.rules.series.zones import Change, Era, RuleZone, zone_text
from serversync.simulator import SimulatorThread
from tests.property.series.patterns import ZONES, dateutil_days
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, SCHEMAS, account, make_exchange
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

STAMP = UUID("11111111-2222-4333-8444-555555555555")
HOUR = dt.timedelta(hours=1)
# Four weeks before Berlin changes its clock, three before Sydney does, one before Los Angeles.
START = dt.date(2026, 3, 1)
KINDS = {
    "every second day": Recurrence(Unit.DAY, START, 2, count=40),
    "every working day": Recurrence(Unit.WEEK, START, weekdays=WORKDAYS, end=dt.date(2026, 4, 30)),
    "every second week, from Monday": Recurrence(
        Unit.WEEK, START, 2, weekdays=frozenset({0, 6}), week_start=0, count=20
    ),
    "every 31st": Recurrence(Unit.MONTH, START, day=31, count=14),
    "every last Friday": Recurrence(
        Unit.MONTH, START, weekdays=frozenset({4}), nth=LAST, end=dt.date(2027, 6, 1)
    ),
    "every second working day of a month": Recurrence(Unit.MONTH, START, weekdays=WORKDAYS, nth=2),
    "every 29th of February": Recurrence(Unit.YEAR, START, day=29, month=2, count=3),
    "every third Sunday in March": Recurrence(Unit.YEAR, START, weekdays=frozenset({6}), nth=3, month=3),
    "every second year": Recurrence(Unit.YEAR, START, 2, day=30, month=3, count=4),
}


class Place:
    """Both ways into one mailbox: ours and that of exchangelib."""

    def __init__(self, simulator: SimulatorThread, ada: exchangelib.Account) -> None:
        self.simulator = simulator
        self.ada = ada

    @asynccontextmanager
    async def open(self) -> AsyncIterator[EwsSeries]:
        credentials = Credentials(username=ACCOUNT, password=PASSWORD, scheme=Scheme.BASIC)
        endpoint = Endpoint(url=self.simulator.url, ca_file=self.simulator.ca_file)
        async with EwsClient(endpoint, credentials) as client:
            yield EwsSeries(
                client,
                MAILBOX,
                Calendar(MAILBOX, lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), category=TRACKED_CATEGORY),
            )

    def view(self, years: int = 9) -> list[CalendarItem]:
        """What stands in the calendar, two years at a time, which is all that Exchange shows at once."""
        first = EWSDateTime(2026, 1, 1, tzinfo=EWSTimeZone("UTC"))
        found: dict[str, CalendarItem] = {}
        for number in range(0, 365 * years, 700):
            begin = first + dt.timedelta(number)
            shown = self.ada.calendar.view(start=begin, end=begin + dt.timedelta(700))
            for each in shown.only("start", "end", "location"):
                found[each.id] = each
        return sorted(found.values(), key=lambda each: each.start)

    def master(self) -> CalendarItem:
        (found,) = self.ada.calendar.all()
        return found


@pytest.fixture
def place(serve: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An Exchange that validates every request, with exchangelib in Ada's mailbox."""
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with (
        serve(make_exchange(), schema_dir=schema_dir) as simulator,
        account(simulator, monkeypatch) as ada,
    ):
        yield Place(simulator, ada)


def table(recurrence: Recurrence, zone: str, clock: dt.time = dt.time(2, 30), **times: Any) -> Timetable:
    """A series in the small hours, when clocks are changed."""
    given = {"is_all_day": False, "zone": zone, "lasts": dt.timedelta(minutes=90)} | times
    return Timetable(recurrence, Times(begins=clock, **given))


def as_exchange_tells(timetable: Timetable) -> dict[str, Value]:
    """The same timetable under the name by which Windows knows its zone: Calcutta for Kolkata."""
    zone = iana_name(windows_name(timetable.times.zone) or "") or timetable.times.zone
    return timetable_values(Timetable(timetable.recurrence, replace(timetable.times, zone=zone)))


async def make(series: EwsSeries, fields: dict[str, Value]) -> Item:
    written = await series.create(ItemToMake(STAMP, fields), {})
    assert isinstance(written, Written), written
    return await read(series, written.item_id)


async def read(series: EwsSeries, item_id: str) -> Item:
    (item,) = await series.read([item_id])
    assert isinstance(item, Item), item
    return item


def own_fields(item: Item) -> dict[str, Value]:
    """What it says but for what every meeting says: whose it is, how it shows, and which it is."""
    assert item.fields["organizer"] == (MAILBOX,)
    meeting = {row.logicalname for row in OF_MEETINGS}
    return {name: value for name, value in item.fields.items() if name not in meeting}


async def change(series: EwsSeries, item: Item, fields: dict[str, Value]) -> Item:
    now = Written(item.item_id, item.change_key)
    written = await series.update(ItemToChange(now, carried_along(fields, item.fields), item.fields), {})
    if not isinstance(written, Written):
        raise written
    return await read(series, item.item_id)


def expected_by_dateutil(timetable: Timetable, most: int = 40) -> dict[dt.date, dt.datetime]:
    """When each occurrence begins: the days of dateutil's rule, on the clock of dateutil's zone."""
    clock, zone = timetable.times.begins, tz.gettz(timetable.times.zone)
    return {
        day: tz.resolve_imaginary(dt.datetime.combine(day, clock, tzinfo=zone)).astimezone(dt.UTC)
        for day in islice(dateutil_days(timetable.recurrence), most)
        if day.year < 2034
    }


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_series_with_exceptions_stands_in_the_calendar_where_dateutil_puts_it(
    place: Place, kind: str, zone: str
) -> None:
    timetable = table(KINDS[kind], zone)
    expected = expected_by_dateutil(timetable)
    days = list(expected)
    gone, moved, edited = days[0], days[1], days[2]
    fields: dict[str, Value] = {"subject": "Watch", "location": "Tower", "description": "Look out"}
    fields |= timetable_values(timetable) | {
        field_of(gone): DELETED,
        field_of(moved): Own(expected[moved] + 3 * HOUR, expected[moved] + 5 * HOUR).value(),
        field_of(edited): Own(fields=(("location", "Cellar"),)).value(),
    }
    async with place.open() as series:
        item = await make(series, fields)
    assert own_fields(item) == fields | as_exchange_tells(timetable) | {"prioritycode": 1}
    seen = await asyncio.to_thread(place.view)
    expected[moved] += 3 * HOUR
    del expected[gone]
    assert [each.start for each in seen][: len(expected)] == sorted(expected.values())
    assert [each.location for each in seen if each.start == expected[edited]] == ["Cellar"]
    assert {each.location for each in seen if each.start != expected[edited]} == {"Tower"}
    assert [each.end - each.start for each in seen if each.start == expected[moved]] == [2 * HOUR]


def written_by_exchangelib(place: Place, kind: str, zone: str) -> CalendarItem:
    """The same kinds as exchangelib writes them; every second year is not among them, for it knows no such pattern."""
    patterns: dict[str, Any] = {
        "every second day": el.DailyPattern(interval=2),
        "every working day": el.WeeklyPattern(
            interval=1, weekdays=["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
        ),
        "every second week, from Monday": el.WeeklyPattern(
            interval=2, weekdays=["Monday", "Sunday"], first_day_of_week="Monday"
        ),
        "every 31st": el.AbsoluteMonthlyPattern(interval=1, day_of_month=31),
        "every last Friday": el.RelativeMonthlyPattern(interval=1, weekday="Friday", week_number="Last"),
        "every second working day of a month": el.RelativeMonthlyPattern(
            interval=1, weekday="Weekday", week_number="Second"
        ),
        "every 29th of February": el.AbsoluteYearlyPattern(day_of_month=29, month="February"),
        "every third Sunday in March": el.RelativeYearlyPattern(
            weekday="Sunday", week_number="Third", month="March"
        ),
    }
    where = EWSTimeZone(zone)
    start = EWSDateTime(2026, 3, 1, 9, 0, tzinfo=where)
    rule = KINDS[kind]
    extent: dict[str, Any] = {"number": rule.count} if rule.count else {}
    if rule.end:
        extent = {"end": exchangelib.EWSDate.from_date(rule.end)}
    return CalendarItem(
        account=place.ada,
        folder=place.ada.calendar,
        subject="Watch",
        location="Tower",
        start=start,
        end=start + HOUR,
        recurrence=el.Recurrence(pattern=patterns[kind], start=start.date(), **extent),
        categories=[TRACKED_CATEGORY],
    ).save()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "every second year"])
async def test_a_series_of_exchangelib_with_exceptions_is_read_as_its_view_shows_it(
    place: Place, kind: str, zone: str
) -> None:
    def write() -> str:
        master = written_by_exchangelib(place, kind, zone)
        occurrences = [master.occurrence(index) for index in (1, 2, 3)]
        occurrences[0].delete()
        second = occurrences[1]
        second.refresh()
        second.start += 3 * HOUR
        second.end += 4 * HOUR
        second.save(update_fields=["start", "end"])
        third = occurrences[2]
        third.refresh()
        third.location, third.subject = "Cellar", None
        third.save(update_fields=["location", "subject"])
        return str(master.id)

    item_id = await asyncio.to_thread(write)
    async with place.open() as series:
        item = await read(series, item_id)
    assert item.takes_part
    timetable = timetable_of(item.fields["recurrencepattern"], item.fields["starttime"])
    assert timetable.recurrence == KINDS[kind].canonical()
    ours = [each for each in as_a_calendar(item) if each[0].year < 2034]
    seen = [each for each in await asyncio.to_thread(place.view) if each.start.year < 2034]
    assert [(each.start, each.end, each.location) for each in seen][:30] == ours[:30]
    expected = expected_by_dateutil(timetable, 30)
    days = list(expected)
    assert [start for start, _, _ in ours if start != expected[days[1]] + 3 * HOUR][:20] == [
        expected[day] for day in days[2:22]
    ]


def as_a_calendar(item: Item, most: int = 40) -> list[tuple[dt.datetime, dt.datetime, Value]]:
    """Start, end and place of each occurrence, as our own rules expand the series."""
    timetable = timetable_of(item.fields["recurrencepattern"], item.fields["starttime"])
    first, last = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2034, 12, 31, tzinfo=dt.UTC)
    found = occurrences(timetable, changed_days(item.fields), first, last)
    return [
        (each.start, each.end, dict(each.own.fields).get("location", item.fields.get("location")))
        for each in found[:most]
    ]


# --- lives ----------------------------------------------------------------------------------------

WEEKLY = table(
    Recurrence(Unit.WEEK, dt.date(2026, 3, 2), weekdays=frozenset({0}), count=10), ZONES[0], dt.time(9)
)
PLAIN: dict[str, Value] = {"subject": "Watch", "location": "Tower"} | timetable_values(WEEKLY)
DAYS = list(WEEKLY.recurrence.days())


def moved(day: dt.date, hours: int) -> Value:
    return Own(WEEKLY.start(day) + hours * HOUR, WEEKLY.end(day) + hours * HOUR).value()


async def test_occurrences_are_deleted_moved_moved_back_and_edited_one_by_one(place: Place) -> None:
    steps: list[dict[str, Value]] = [
        {field_of(DAYS[1]): DELETED},
        {field_of(DAYS[2]): moved(DAYS[2], 5)},
        {field_of(DAYS[3]): Own(fields=(("subject", "Night watch"),)).value()},
        {field_of(DAYS[2]): None, field_of(DAYS[4]): moved(DAYS[4], -1)},
        {"location": "Bridge", field_of(DAYS[3]): Own(fields=(("subject", "Day watch"),)).value()},
        {field_of(DAYS[3]): DELETED},
    ]
    async with place.open() as series:
        item = await make(series, PLAIN)
        expected = dict(item.fields)
        for step in steps:
            item = await change(series, item, step)
            expected = {name: value for name, value in (expected | step).items() if value is not None}
            assert item.fields == expected
            seen = await asyncio.to_thread(place.view, 2)
            assert [each.start for each in seen] == [start for start, _, _ in as_a_calendar(item)]


@pytest.mark.parametrize(
    "after",
    [
        Recurrence(Unit.WEEK, DAYS[0], weekdays=frozenset({0}), count=6),
        Recurrence(Unit.WEEK, DAYS[0], weekdays=frozenset({0})),
        Recurrence(Unit.WEEK, DAYS[0], weekdays=frozenset({0}), end=DAYS[4]),
        Recurrence(Unit.WEEK, DAYS[0], 2, weekdays=frozenset({0}), count=10),
        Recurrence(Unit.MONTH, DAYS[0], day=2, count=3),
    ],
    ids=["fewer", "without an end", "ends on a day", "every second week", "another kind"],
)
async def test_a_new_pattern_or_end_keeps_what_is_different_about_its_occurrences(
    place: Place, after: Recurrence
) -> None:
    changes: dict[str, Value] = {
        field_of(DAYS[1]): DELETED,
        field_of(DAYS[2]): moved(DAYS[2], 3),
        field_of(DAYS[4]): Own(fields=(("location", "Cellar"),)).value(),
    }
    async with place.open() as series:
        item = await make(series, PLAIN | changes)
        new = timetable_values(Timetable(after, WEEKLY.times))
        item = await change(series, item, {"recurrencepattern": new["recurrencepattern"]})
    kept = {
        name: value for name, value in changes.items() if after.falls_on(dt.date.fromisoformat(name[11:]))
    }
    assert own_fields(item) == PLAIN | new | kept | {"prioritycode": 1}
    seen = await asyncio.to_thread(place.view, 2)
    starts = [start for start, _, _ in as_a_calendar(item, 60)]
    assert [each.start for each in seen][:60] == starts[: len(seen)]


async def test_another_time_of_day_keeps_what_is_different_about_its_occurrences(place: Place) -> None:
    edited = Own(fields=(("location", "Cellar"),)).value()
    async with place.open() as series:
        item = await make(series, PLAIN | {field_of(DAYS[1]): DELETED, field_of(DAYS[3]): edited})
        later = table(WEEKLY.recurrence, "America/Los_Angeles", dt.time(15))
        item = await change(series, item, {TIMES: timetable_values(later)[TIMES]})
    assert item.fields[TIMES] == timetable_values(later)[TIMES]
    assert item.fields[field_of(DAYS[1])] == DELETED
    assert item.fields[field_of(DAYS[3])] == edited
    seen = await asyncio.to_thread(place.view, 2)
    assert [each.start for each in seen] == [later.start(day) for day in DAYS if day != DAYS[1]]


@pytest.mark.parametrize("zone", ZONES)
async def test_whole_days_are_the_same_days_in_every_zone(place: Place, zone: str) -> None:
    rule = Recurrence(Unit.DAY, dt.date(2026, 3, 27), 7, count=40)
    timetable = table(rule, zone, dt.time(), is_all_day=True, lasts=dt.timedelta(2))
    async with place.open() as series:
        item = await make(series, {"subject": "Fair"} | timetable_values(timetable))
    assert item.fields[TIMES] == as_exchange_tells(timetable)[TIMES]
    seen = await asyncio.to_thread(place.view, 2)
    where = EWSTimeZone(zone)
    days = [(each.start, each.end) for each in seen]
    days = [
        tuple(one if type(one) is exchangelib.EWSDate else one.astimezone(where).date() for one in pair)
        for pair in days
    ]
    assert [first for first, _ in days] == list(rule.days())


# exchangelib warns that it does not know the zone; of times with an offset it needs none.
@pytest.mark.filterwarnings("ignore:Cannot convert value 'Customized Time Zone'")
async def test_a_zone_that_nobody_knows_keeps_its_clock_through_exchange(place: Place) -> None:
    odd = RuleZone(
        (
            Era(
                1,
                dt.timedelta(minutes=217),
                (
                    Change(4, 2, 2, HOUR, dt.timedelta(minutes=277)),
                    Change(9, None, 17, HOUR, dt.timedelta(minutes=217)),
                ),
            ),
        )
    )
    timetable = table(Recurrence(Unit.WEEK, START, weekdays=frozenset({2}), count=40), zone_text(odd))
    async with place.open() as series:
        item = await make(series, {"subject": "Watch"} | timetable_values(timetable))
        assert item.fields[TIMES] == timetable.times.value()
        item = await change(series, item, {field_of(dt.date(2026, 9, 16)): DELETED})
    seen = await asyncio.to_thread(place.view, 2)
    expected = [timetable.start(day) for day in timetable.recurrence.days() if day != dt.date(2026, 9, 16)]
    assert [each.start for each in seen] == expected


# --- guards ---------------------------------------------------------------------------------------


async def test_an_occurrence_that_somebody_else_has_changed_is_not_overwritten(place: Place) -> None:
    async with place.open() as series:
        item = await make(series, PLAIN)

        def edit() -> None:
            second = place.master().occurrence(2)
            second.refresh()
            second.location = "Garden"
            second.save(update_fields=["location"])

        await asyncio.to_thread(edit)
        with pytest.raises(ChangeConflict):
            await change(series, item, {field_of(DAYS[1]): DELETED})
        again = await read(series, item.item_id)
    assert again.fields[field_of(DAYS[1])] == Own(fields=(("location", "Garden"),)).value()


async def test_what_was_written_before_a_kill_is_not_written_twice(place: Place) -> None:
    async with place.open() as series:
        item = await make(series, PLAIN)
        done = await change(series, item, {field_of(DAYS[1]): DELETED, field_of(DAYS[2]): moved(DAYS[2], 2)})
        # As after a kill: the engine still believes what it saw before, under the key that the item has now.
        late = Item(item.item_id, done.change_key, item.stamp, item.fields)
        again = await change(series, late, {field_of(DAYS[1]): DELETED, field_of(DAYS[2]): moved(DAYS[2], 2)})
    assert (again.fields, again.change_key) == (done.fields, done.change_key)


@pytest.mark.parametrize(("clock", "minutes"), [(dt.time(2, 30), 60), (dt.time(1, 30), 60)])
async def test_a_series_that_begins_where_there_is_no_such_time_is_refused_with_a_reason(
    place: Place, clock: dt.time, minutes: int
) -> None:
    rule = Recurrence(Unit.DAY, dt.date(2026, 3, 29), count=3)
    timetable = table(rule, "Europe/Berlin", clock, lasts=dt.timedelta(minutes=minutes))
    async with place.open() as series:
        written = await series.create(
            ItemToMake(STAMP, {"subject": "Watch"} | timetable_values(timetable)), {}
        )
    assert isinstance(written, SeriesNotExpressible)
    assert "the clock of its zone leaves out" in str(written)


async def test_a_deleted_occurrence_does_not_come_back_and_the_reason_is_told(place: Place) -> None:
    async with place.open() as series:
        item = await make(series, PLAIN | {field_of(DAYS[1]): DELETED})
        with pytest.raises(SeriesNotExpressible, match="no deleted occurrence back"):
            await change(series, item, {field_of(DAYS[1]): None})
        assert (await read(series, item.item_id)).fields == item.fields


async def test_an_appointment_without_a_pattern_is_no_series(place: Place) -> None:
    def write() -> str:
        start = EWSDateTime(2026, 3, 1, 9, 0, tzinfo=EWSTimeZone("UTC"))
        single = CalendarItem(account=place.ada, folder=place.ada.calendar, start=start, end=start + HOUR)
        return str(single.save().id)

    item_id = await asyncio.to_thread(write)
    async with place.open() as series:
        (found,) = await series.read([item_id])
    assert isinstance(found, ItemGone)


def flight(place: Place, categories: list[str]) -> str:
    """A series that begins in Berlin and ends in Los Angeles."""
    start = EWSDateTime(2026, 3, 2, 9, 0, tzinfo=EWSTimeZone("Europe/Berlin"))
    end = (start + 11 * HOUR).astimezone(EWSTimeZone("America/Los_Angeles"))
    rule = el.Recurrence(pattern=el.DailyPattern(interval=7), start=start.date(), number=3)
    made = CalendarItem(
        account=place.ada,
        folder=place.ada.calendar,
        subject="Flight",
        start=start,
        end=end,
        recurrence=rule,
        categories=categories,
    )
    return str(made.save().id)


async def test_what_the_crm_cannot_have_is_left_alone_with_a_reason_where_somebody_tracks_it(
    place: Place,
) -> None:
    tracked = await asyncio.to_thread(flight, place, [TRACKED_CATEGORY])
    other = await asyncio.to_thread(flight, place, ["Holidays"])
    async with place.open() as series:
        found, untracked = await series.read([tracked, other])
    assert isinstance(found, SeriesNotExpressible)
    assert "another time zone than it begins" in str(found)
    assert isinstance(untracked, Item)
    assert not untracked.takes_part
