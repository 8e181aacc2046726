"""Series in step between a real PostgreSQL and the simulator, with exchangelib as the person in Outlook."""

import asyncio
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import exchangelib
import psycopg
import pytest
from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib import recurrence as el
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.core import faults
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActRun
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.plan import KindRules
from serversync.rules.record import Kind
from serversync.rules.series.changes import changed_days, occurrences
from serversync.rules.series.timetable import timetable_of
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.property.act.world import Silent
from tests.simulator.conftest import MAILBOX
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

BERLIN = EWSTimeZone("Europe/Berlin")
HOUR = dt.timedelta(hours=1)
FIRST = EWSDateTime(2027, 3, 1, 9, 0, tzinfo=BERLIN)
DAYS = [dt.date(2027, 3, 1) + dt.timedelta(7 * number) for number in range(8)]
RULES = {Kind.SERIES: KindRules(SERIES_DIRECTIONS)}


class Company:
    """One mailbox, its series in both places, and passes between them."""

    def __init__(self, place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> None:
        self.place = place
        self.pool = pool
        self.query = query
        self.owner: UUID = world.ada.pk
        self.run = ActRun(world.mailbox, MAILBOX, 0, RULES)
        self.store = ActStoreOnPostgres(pool)
        self.now = dt.datetime.now(dt.UTC)

    async def once(self) -> ActPass:
        async with self.place.open() as mailbox:
            one = ActPass(self.run, mailbox, self.store, Silent(), clock=lambda: self.now)
            try:
                await one()
            finally:
                self.now += dt.timedelta(minutes=5)
        return one

    async def bring_into_step(self) -> int:
        for count in range(1, 8):
            await self.once()
            await self.store.hear_records(self.run, Kind.SERIES)
            if not await self.store.due(self.run, self.now):
                return count
        raise AssertionError("it never comes to rest")

    async def add(self, **columns: object) -> UUID:
        key = uuid4()
        values: dict[str, object] = {
            "activityid": key,
            "ownerid": self.owner,
            "subject": "Watch",
            "location": "Tower",
            "starttime": FIRST,
            "endtime": FIRST + HOUR,
            "timezone": "Europe/Berlin",
            "recurrencepatterntype": 1,
            "daysofweekmask": 2,
            "patternstartdate": DAYS[0],
            "patternendtype": 2,
            "occurrences": 8,
            **columns,
        }
        await self.execute(
            f"insert into recurringappointmentmaster ({', '.join(values)})"
            f" values ({', '.join(['%s'] * len(values))})",
            *values.values(),
        )
        return key

    async def execute(self, statement: str, *arguments: object) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(statement, arguments)

    async def outlook(self, act: Callable[[exchangelib.Account], object]) -> Any:
        return await asyncio.to_thread(act, self.place.ada)

    async def both_calendars(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """What the CRM's series is as a calendar, and what exchangelib's view of Exchange shows."""
        (key,) = [row[0] for row in self.query("select activityid from recurringappointmentmaster")]
        (record,) = (await self.store.records(self.run, [(Kind.SERIES, key)])).values()
        timetable = timetable_of(record.fields["recurrencepattern"], record.fields["starttime"])
        span = dt.datetime(2027, 1, 1, tzinfo=dt.UTC), dt.datetime(2028, 6, 1, tzinfo=dt.UTC)
        ours = [
            (
                each.start,
                each.end,
                *(dict(each.own.fields).get(n, record.fields.get(n)) for n in ("subject", "location")),
            )
            for each in occurrences(timetable, changed_days(record.fields), *span)
        ]

        def view(ada: exchangelib.Account) -> list[tuple[Any, ...]]:
            shown = ada.calendar.view(start=FIRST - 30 * 24 * HOUR, end=FIRST + dt.timedelta(450))
            return sorted((each.start, each.end, each.subject, each.location) for each in shown)

        return ours, await self.outlook(view)

    async def agree(self, most: int | None = None) -> list[tuple[Any, ...]]:
        ours, theirs = await self.both_calendars()
        assert ours[: most or len(ours)] == theirs[: most or len(theirs)]
        return theirs


@pytest.fixture
def company(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Company:
    return Company(place, world, pool, query)


def watch(ada: exchangelib.Account) -> object:
    """Ada makes the series in Outlook and asks for it to be tracked."""
    return CalendarItem(
        account=ada,
        folder=ada.calendar,
        subject="Watch",
        location="Tower",
        start=FIRST,
        end=FIRST + HOUR,
        recurrence=el.Recurrence(
            pattern=el.WeeklyPattern(interval=1, weekdays=["Monday"]), start=FIRST.date(), number=8
        ),
        categories=[TRACKED_CATEGORY],
    ).save()


def master(ada: exchangelib.Account) -> Any:
    (found,) = ada.calendar.all()
    return found


def at(day: dt.date, hour: int) -> EWSDateTime:
    return EWSDateTime(day.year, day.month, day.day, hour, 0, tzinfo=BERLIN)


def moves(index: int, hour: int) -> Callable[[exchangelib.Account], None]:
    def act(ada: exchangelib.Account) -> None:
        one = master(ada).occurrence(index)
        one.refresh()
        one.start, one.end = at(DAYS[index - 1], hour), at(DAYS[index - 1], hour + 2)
        one.save(update_fields=["start", "end"])

    return act


def deletes(index: int) -> Callable[[exchangelib.Account], None]:
    return lambda ada: master(ada).occurrence(index).delete()


async def moves_in_crm(company: Company, day: dt.date, hour: int) -> None:
    await company.execute(
        "insert into appointment (seriesid, instancetypecode, originalstartdate, scheduledstart, scheduledend)"
        " select activityid, 3, %s, %s, %s from recurringappointmentmaster",
        at(day, 9),
        at(day, hour),
        at(day, hour + 1),
    )


async def test_a_series_of_the_crm_stands_in_the_calendar_with_its_exceptions(company: Company) -> None:
    await company.add(deletedexceptionslist=str(DAYS[1]))
    await moves_in_crm(company, DAYS[2], 15)
    await company.bring_into_step()
    seen = await company.agree()
    assert [start.astimezone(BERLIN).hour for start, *_ in seen] == [9, 15, 9, 9, 9, 9, 9]


async def test_a_series_of_outlook_becomes_one_record_with_instances_for_its_exceptions(
    company: Company,
) -> None:
    await company.outlook(watch)
    await company.outlook(moves(3, 14))
    await company.outlook(deletes(5))
    await company.bring_into_step()
    await company.agree()
    assert company.query(
        "select subject, timezone, recurrencepatterntype, daysofweekmask, patternendtype, occurrences,"
        " deletedexceptionslist, starttime from recurringappointmentmaster"
    ) == [("Watch", "Europe/Berlin", 1, 2, 2, 8, str(DAYS[4]), FIRST)]
    assert company.query(
        "select instancetypecode, originalstartdate, scheduledstart, modifiedfieldsmask, subject from appointment"
    ) == [(3, at(DAYS[2], 9), at(DAYS[2], 14), "scheduledstart", None)]


async def test_two_people_change_two_occurrences_and_both_keep_what_they_did(company: Company) -> None:
    await company.add()
    await company.bring_into_step()
    await moves_in_crm(company, DAYS[2], 15)
    await company.outlook(moves(4, 7))
    await company.outlook(deletes(6))
    await company.bring_into_step()
    seen = await company.agree()
    assert [start.astimezone(BERLIN).hour for start, *_ in seen] == [9, 9, 15, 7, 9, 9, 9]


async def test_an_occurrence_is_deleted_and_moved_back_on_either_side(company: Company) -> None:
    await company.add()
    await company.bring_into_step()
    await company.outlook(moves(2, 12))
    await company.bring_into_step()
    await company.agree()
    await company.execute("delete from appointment")
    await company.execute("update recurringappointmentmaster set deletedexceptionslist = %s", str(DAYS[7]))
    await company.bring_into_step()
    seen = await company.agree()
    assert [start.astimezone(BERLIN).hour for start, *_ in seen] == [9] * 7


async def test_another_end_in_the_crm_keeps_what_outlook_has_changed(company: Company) -> None:
    await company.add()
    await company.bring_into_step()
    await company.outlook(moves(2, 12))
    await company.outlook(deletes(4))
    await company.execute("update recurringappointmentmaster set patternendtype = 1, occurrences = null")
    await company.bring_into_step()
    seen = await company.agree(50)
    assert len(seen) > 50
    assert [start.astimezone(BERLIN).hour for start, *_ in seen[:4]] == [9, 12, 9, 9]


async def test_another_pattern_in_outlook_reaches_the_crm(company: Company) -> None:
    await company.add(deletedexceptionslist=str(DAYS[1]))
    await company.bring_into_step()

    def change(ada: exchangelib.Account) -> None:
        found = master(ada)
        found.recurrence = el.Recurrence(
            pattern=el.RelativeMonthlyPattern(interval=1, weekday="Monday", week_number="Last"),
            start=FIRST.date(),
            end=exchangelib.EWSDate(2027, 9, 30),
        )
        found.save(update_fields=["recurrence"])

    await company.outlook(change)
    await company.bring_into_step()
    await company.agree()
    assert company.query(
        "select recurrencepatterntype, isnthmonthly, instance, daysofweekmask, patternenddate, deletedexceptionslist"
        " from recurringappointmentmaster"
    ) == [(2, True, 5, 2, dt.date(2027, 9, 30), None)]


async def test_a_series_that_is_deleted_in_outlook_goes_in_the_crm_with_its_instances(
    company: Company,
) -> None:
    await company.add()
    await moves_in_crm(company, DAYS[2], 15)
    await company.bring_into_step()
    await company.outlook(lambda ada: master(ada).move_to_trash())
    await company.bring_into_step()
    assert company.query("select count(*) from recurringappointmentmaster") == [(0,)]
    assert company.query("select count(*) from appointment") == [(0,)]


async def test_a_series_that_is_deleted_in_the_crm_goes_in_outlook(company: Company) -> None:
    await company.add()
    await company.bring_into_step()
    await company.execute("delete from recurringappointmentmaster")
    await company.bring_into_step()
    assert await company.outlook(lambda ada: ada.calendar.all().count()) == 0
    assert await company.outlook(lambda ada: ada.trash.all().count()) == 1


async def test_a_pass_without_changes_writes_nothing(company: Company) -> None:
    await company.add(deletedexceptionslist=str(DAYS[1]))
    await company.outlook(watch)
    await company.bring_into_step()
    await company.once()  # which hears of what was written in several requests
    before = company.query("select xmin::text from recurringappointmentmaster order by activityid")
    keys = await company.outlook(lambda ada: sorted(each.changekey for each in ada.calendar.all()))
    await company.once()
    assert company.query("select xmin::text from recurringappointmentmaster order by activityid") == before
    assert await company.outlook(lambda ada: sorted(each.changekey for each in ada.calendar.all())) == keys


async def test_a_single_appointment_that_becomes_a_series_is_taken_in(company: Company) -> None:
    def single(ada: exchangelib.Account) -> None:
        CalendarItem(
            account=ada,
            folder=ada.calendar,
            subject="Watch",
            location="Tower",
            start=FIRST,
            end=FIRST + HOUR,
            categories=[TRACKED_CATEGORY],
        ).save()

    await company.outlook(single)
    await company.bring_into_step()
    assert company.query("select count(*) from recurringappointmentmaster") == [(0,)]

    def repeat(ada: exchangelib.Account) -> None:
        found = master(ada)
        found.recurrence = el.Recurrence(pattern=el.DailyPattern(interval=1), start=FIRST.date(), number=3)
        found.save(update_fields=["recurrence"])

    await company.outlook(repeat)
    await company.bring_into_step()
    assert len(await company.agree()) == 3


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["act.intended", "act.written", "act.settled"])
async def test_a_pass_that_is_killed_loses_no_occurrence(company: Company, point: str) -> None:
    await company.add(deletedexceptionslist=str(DAYS[1]))
    await moves_in_crm(company, DAYS[2], 15)
    await company.bring_into_step()
    await company.outlook(moves(6, 12))
    await company.bring_into_step()
    await company.execute("update recurringappointmentmaster set occurrences = 7")

    def kill() -> None:
        raise Killed

    with faults.arm(point, kill), pytest.raises(Killed):
        await company.once()
    await company.bring_into_step()
    seen = await company.agree()
    assert [start.astimezone(BERLIN).hour for start, *_ in seen] == [9, 15, 9, 9, 12, 9]


@pytest.mark.parametrize("requests", [1, 2, 3, 4, 5])
async def test_a_pass_that_breaks_off_between_the_requests_of_a_series_loses_no_occurrence(
    company: Company, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serversync.adapters.act_series_occurrences import Occurrences

    await company.add(deletedexceptionslist=str(DAYS[1]))
    await moves_in_crm(company, DAYS[2], 15)
    await company.bring_into_step()
    await company.outlook(moves(6, 12))
    await company.bring_into_step()
    await company.execute("update recurringappointmentmaster set patternendtype = 1, occurrences = null")
    left = requests
    change = Occurrences._change

    async def breaks_off(self: Occurrences, *arguments: Any, **options: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        await change(self, *arguments, **options)

    monkeypatch.setattr(Occurrences, "_change", breaks_off)
    if requests <= 3:
        with pytest.raises(Killed):
            await company.once()
    monkeypatch.setattr(Occurrences, "_change", change)
    await company.bring_into_step()
    seen = await company.agree(40)
    assert [start.astimezone(BERLIN).hour for start, *_ in seen[:6]] == [9, 15, 9, 9, 12, 9]


@pytest.mark.parametrize(
    "columns",
    [
        {"patternendtype": 3},
        {"patternendtype": 1, "occurrences": 3},
        {"daysofweekmask": None},
        {"recurrencepatterntype": 3, "dayofmonth": 1},
        {"recurrencepatterntype": 2, "isnthmonthly": True, "dayofmonth": 3},
        {"endtime": FIRST - HOUR},
        {"interval": 0},
        {"daysofweekmask": 128},
    ],
)
async def test_the_database_refuses_what_is_no_series(company: Company, columns: dict[str, object]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await company.add(**columns)
