"""Tasks in step between a real PostgreSQL and the simulator, with exchangelib as the person in Outlook."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import exchangelib
import pytest
from exchangelib import EWSDate, EWSDateTime, ExtendedProperty
from exchangelib.recurrence import DailyPattern, TaskRecurrence, WeeklyPattern
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_settings
from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.rules.record import Direction, Kind
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

TODAY = dt.datetime.now(dt.UTC).date()
LAST_MONTH = TODAY - dt.timedelta(days=30)


class Office(Company):
    """Ada's tasks in both places, kept in step by the rules of the settings as they come."""

    def __init__(self, place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> None:
        super().__init__(place, world, pool, query)
        names = ", ".join(act_settings.COLUMNS)
        ((*values,),) = query(f"select {names} from organization")
        settings = dict(zip(act_settings.COLUMNS, values, strict=True))
        self.run = replace(self.run, rules={Kind.TASK: act_settings.rules(settings)[Kind.TASK]})

    async def put(self, **columns: object) -> UUID:
        key = uuid4()
        values = {"activityid": key, "ownerid": self.owner, **columns}
        async with self.pool.connection() as connection:
            await connection.execute(
                f"insert into task ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
        return key

    async def change(self, assignments: str, *values: object) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(f"update task set {assignments}", values)

    def tasks(self, columns: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.query(f"select {columns} from task order by subject")
        return found


@pytest.fixture
def office(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Office:
    return Office(place, world, pool, query)


def outlook_task(**values: Any) -> Callable[[exchangelib.Account], object]:
    """Makes a task in Outlook."""

    def make(ada: exchangelib.Account) -> object:
        given = {"subject": "Tea", "categories": [TRACKED_CATEGORY], **values}
        return exchangelib.Task(account=ada, folder=ada.tasks, **given).save()

    return make


def the_task(ada: exchangelib.Account) -> Any:
    (found,) = ada.tasks.all()
    return found


def edited(**values: Any) -> Callable[[exchangelib.Account], object]:
    """Edits the only task in Outlook."""

    def edit(ada: exchangelib.Account) -> None:
        mine = the_task(ada)
        for name, value in values.items():
            setattr(mine, name, value)
        mine.save(update_fields=list(values))

    return edit


async def test_every_field_of_a_task_goes_to_outlook(office: Office) -> None:
    await office.put(
        subject="Tea",
        description="Two\ncups",
        scheduledstart=dt.date(2026, 6, 30),
        scheduledend=dt.date(2026, 7, 1),
        percentcomplete=40,
        prioritycode=2,
    )
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.subject, found.importance, found.status, found.percent_complete) == (
        "Tea",
        "High",
        "InProgress",
        40,
    )
    assert (found.start_date, found.due_date) == (EWSDate(2026, 6, 30), EWSDate(2026, 7, 1))
    assert found.text_body.replace("\r\n", "\n").strip() == "Two\ncups"
    assert found.categories == [TRACKED_CATEGORY]


async def test_every_field_of_a_task_comes_from_outlook(office: Office) -> None:
    await office.outlook(
        outlook_task(
            body="Two cups",
            start_date=EWSDate(2026, 6, 30),
            due_date=EWSDate(2026, 7, 1),
            importance="Low",
            status="WaitingOnOthers",
        )
    )
    await office.bring_into_step()
    assert office.tasks(
        "subject, description, scheduledstart, scheduledend, percentcomplete, prioritycode, statecode, statuscode,"
        " ownerid"
    ) == [("Tea", "Two cups", dt.date(2026, 6, 30), dt.date(2026, 7, 1), 0, 0, 0, 4, office.owner)]


async def test_a_task_without_the_category_stays_with_its_owner(office: Office) -> None:
    await office.outlook(outlook_task(categories=None))
    await office.bring_into_step()
    assert office.tasks("1") == []


async def test_a_task_completed_in_the_crm_is_completed_in_outlook_today(office: Office) -> None:
    await office.put(subject="Tea", percentcomplete=30)
    await office.bring_into_step()
    await office.change("statecode = 1, statuscode = 5")
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.status, found.percent_complete, found.complete_date.date()) == ("Completed", 100, TODAY)
    assert office.tasks("percentcomplete, actualend") == [(100, TODAY)]


async def test_a_task_completed_on_a_day_in_the_crm_has_that_day_in_outlook(office: Office) -> None:
    await office.put(subject="Tea")
    await office.bring_into_step()
    await office.change("actualend = %s", LAST_MONTH)
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.status, found.complete_date.date()) == ("Completed", LAST_MONTH)


async def test_a_task_completed_in_outlook_is_completed_in_the_crm_and_opened_again(office: Office) -> None:
    await office.outlook(outlook_task())
    await office.bring_into_step()
    await office.outlook(edited(status="Completed"))
    await office.bring_into_step()
    assert office.tasks("statecode, statuscode, percentcomplete, actualend") == [(1, 5, 100, TODAY)]
    await office.outlook(edited(status="InProgress", percent_complete=Decimal(50)))
    await office.bring_into_step()
    assert office.tasks("statecode, statuscode, percentcomplete, actualend") == [(0, 3, 50, None)]


async def test_a_task_whose_percentage_reaches_100_is_completed_on_both_sides(office: Office) -> None:
    await office.put(subject="Tea", percentcomplete=30)
    await office.bring_into_step()
    await office.change("percentcomplete = 100")
    await office.bring_into_step()
    assert (await office.outlook(the_task)).status == "Completed"
    assert office.tasks("statecode, statuscode") == [(1, 5)]


async def test_a_cancelled_task_is_completed_in_outlook_and_stays_cancelled_in_the_crm(
    office: Office,
) -> None:
    await office.put(subject="Tea", percentcomplete=30)
    await office.bring_into_step()
    await office.change("statecode = 2, statuscode = 6")
    await office.bring_into_step()
    await office.outlook(edited(subject="Coffee"))
    await office.bring_into_step()
    assert (await office.outlook(the_task)).status == "Completed"
    assert office.tasks("subject, statecode, percentcomplete") == [("Coffee", 2, 30)]


async def test_completed_tasks_of_the_crm_are_not_made_in_outlook(office: Office) -> None:
    await office.put(subject="Tea", statecode=1, statuscode=5)
    await office.bring_into_step()
    assert await office.outlook(lambda ada: ada.tasks.all().count()) == 0


async def test_a_completed_task_deleted_in_the_crm_stays_in_outlook_and_an_open_one_goes(
    office: Office,
) -> None:
    await office.put(subject="Coffee")
    await office.outlook(outlook_task(status="Completed"))
    await office.bring_into_step()
    async with office.pool.connection() as connection:
        await connection.execute("delete from task")
    await office.bring_into_step()
    assert (await office.outlook(the_task)).subject == "Tea"


async def test_a_task_of_somebody_else_is_not_made_here(office: Office, world: SimpleNamespace) -> None:
    await office.put(subject="Tea", ownerid=world.ben.pk)
    await office.bring_into_step()
    assert await office.outlook(lambda ada: ada.tasks.all().count()) == 0


async def test_a_task_that_is_given_to_somebody_else_rests_in_outlook(
    office: Office, world: SimpleNamespace
) -> None:
    await office.put(subject="Tea")
    await office.bring_into_step()
    await office.change("ownerid = %s, subject = 'Coffee'", world.ben.pk)
    await office.bring_into_step()
    await office.change("subject = 'Cocoa'")
    await office.bring_into_step()
    assert (await office.outlook(the_task)).subject == "Coffee"


async def test_a_recurring_task_stays_in_outlook_untouched_and_is_said_to(office: Office) -> None:
    weekly = TaskRecurrence(
        pattern=WeeklyPattern(interval=1, weekdays=["Monday"]), start=EWSDate(2026, 7, 6), number=5
    )
    await office.outlook(outlook_task(recurrence=weekly, start_date=EWSDate(2026, 7, 6)))
    before = (await office.outlook(the_task)).changekey
    await office.once()
    assert office.tasks("1") == []
    assert (await office.outlook(the_task)).changekey == before
    ((error,),) = office.query("select lastsyncerror from exchangesyncitem")
    assert error.startswith(
        'act.series-not-in-crm: The recurring task "Tea" in ada@example.org is not synchronized'
    )


def five_days() -> TaskRecurrence:
    return TaskRecurrence(pattern=DailyPattern(interval=1), start=EWSDate.from_date(TODAY), number=5)


async def test_a_task_that_recurs_since_it_was_linked_rests_and_its_completed_occurrence_is_a_copy(
    office: Office,
) -> None:
    key = await office.put(subject="Tea", scheduledend=TODAY)
    await office.bring_into_step()
    await office.outlook(edited(recurrence=five_days()))
    await office.once()
    await office.outlook(edited(status="Completed"))
    for _ in range(4):
        await office.once()
    assert sorted(await office.outlook(lambda ada: [each.status for each in ada.tasks.all()])) == [
        "Completed",
        "NotStarted",
    ]
    assert office.tasks("activityid, statecode") == [(key, 0)]
    # The one that is left behind is known as a copy, and the pair is still that of the task that recurs.
    ((copy,),) = office.query("select exchangeentryid from exchangesyncitem where copyof is not null")
    ((linked, error),) = office.query("select exchangeentryid, lastsyncerror from exchangesyncidmapping")
    recurring = await office.outlook(
        lambda ada: next(e.id for e in ada.tasks.all() if e.status != "Completed")
    )
    assert (linked, copy != linked) == (recurring, True)
    assert error.startswith("act.series-not-in-crm")


async def test_a_task_that_recurs_and_was_moved_away_is_not_believed_to_be_deleted(office: Office) -> None:
    await office.put(subject="Tea", scheduledend=TODAY)
    await office.bring_into_step()
    await office.outlook(edited(recurrence=five_days()))

    def move_away(ada: exchangelib.Account) -> None:
        the_task(ada).move(exchangelib.folders.Tasks(parent=ada.tasks, name="Old").save())

    await office.outlook(move_away)
    for _ in range(4):
        await office.once()
    assert office.tasks("subject") == [("Tea",)]


class Ownership(ExtendedProperty):
    """Whose a task is: 1 on the copy of who gave it away, 2 on that of who took it over (PidLidTaskOwnership)."""

    distinguished_property_set_id = "Task"
    property_id = 0x8129
    property_type = "Integer"


@pytest.fixture
def ownership() -> Iterator[None]:
    exchangelib.Task.register("ownership", Ownership)
    yield
    exchangelib.Task.deregister("ownership")


@pytest.mark.usefixtures("ownership")
@pytest.mark.parametrize(("whose", "takes_assigned"), [(1, False), (1, True), (2, False)])
async def test_a_task_that_was_assigned_is_left_alone_and_says_why(
    office: Office, whose: int, takes_assigned: bool
) -> None:
    office.place.takes_assigned = takes_assigned
    await office.outlook(outlook_task(ownership=whose))
    before = (await office.outlook(the_task)).changekey
    await office.once()
    assert office.tasks("1") == []
    assert (await office.outlook(the_task)).changekey == before
    ((error,),) = office.query("select lastsyncerror from exchangesyncitem")
    reason = (
        "it was assigned to somebody else, who owns it now" if whose == 1 else "it was assigned in Outlook"
    )
    assert error == f'act.task-assigned: The task "Tea" in ada@example.org is not synchronized: {reason}.'


@pytest.mark.usefixtures("ownership")
async def test_a_task_that_was_taken_over_is_synchronized_where_the_setting_says_so(office: Office) -> None:
    office.place.takes_assigned = True
    await office.outlook(outlook_task(ownership=2))
    await office.bring_into_step()
    await office.change("subject = 'Coffee'")
    await office.bring_into_step()
    assert (await office.outlook(the_task)).subject == "Coffee"


@pytest.mark.usefixtures("ownership")
async def test_a_task_given_away_since_is_never_written_nor_deleted_and_goes_on_when_it_comes_back(
    office: Office,
) -> None:
    await office.put(subject="Tea")
    await office.bring_into_step()
    await office.outlook(edited(ownership=1))
    before = (await office.outlook(the_task)).changekey
    await office.change("subject = 'Coffee'")
    await office.once()
    assert (await office.outlook(the_task)).changekey == before
    ((error,),) = office.query("select lastsyncerror from exchangesyncidmapping")
    assert error.startswith("act.task-assigned")
    await office.outlook(edited(ownership=0))
    office.now += dt.timedelta(days=1)
    await office.bring_into_step()
    assert (await office.outlook(the_task)).subject == "Coffee"
    await office.outlook(edited(ownership=1))
    async with office.pool.connection() as connection:
        await connection.execute("delete from task")
    for _ in range(4):
        await office.once()
    assert (await office.outlook(the_task)).subject == "Coffee"


NEXT_YEAR = TODAY.year + 1
# In Berlin, New York and Sydney: before, in the hour of, and after the change of the clock; and midnight.
MOMENTS = [
    dt.datetime(NEXT_YEAR, 3, 28, 23, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    dt.datetime(NEXT_YEAR, 10, 31, 1, 30, tzinfo=ZoneInfo("America/New_York")),
    dt.datetime(NEXT_YEAR, 4, 4, 2, 30, tzinfo=ZoneInfo("Australia/Sydney")),
    dt.datetime(NEXT_YEAR, 7, 1, 0, 0, tzinfo=ZoneInfo("Pacific/Auckland")),
    dt.datetime(NEXT_YEAR, 1, 1, 0, 0, tzinfo=dt.UTC),
]


def reminder(found: Any) -> dt.datetime | None:
    return found.reminder_due_by if found.reminder_is_set else None


def back(office: Office) -> None:
    """An administrator lets reminders go both ways."""
    office.run = replace(
        office.run,
        rules={
            kind: replace(rules, directions={**rules.directions, "reminderon": Direction.BOTH})
            for kind, rules in office.run.rules.items()
        },
    )


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda each: each.isoformat())
async def test_a_reminder_is_the_same_moment_in_outlook_and_the_dates_of_the_task_stay(
    office: Office, moment: dt.datetime
) -> None:
    day = moment.date()
    await office.put(subject="Tea", scheduledend=day, reminderon=moment)
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert reminder(found) == moment.astimezone(dt.UTC)
    assert found.due_date == day
    await office.change("reminderon = reminderon + interval '1 week'")
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert reminder(found) == moment.astimezone(dt.UTC) + dt.timedelta(weeks=1)
    assert (found.due_date, office.tasks("scheduledend")) == (day, [(day,)])
    await office.change("reminderon = null")
    await office.bring_into_step()
    assert reminder(await office.outlook(the_task)) is None


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda each: each.isoformat())
async def test_a_reminder_set_in_outlook_comes_to_the_crm_where_it_goes_both_ways(
    office: Office, moment: dt.datetime
) -> None:
    back(office)
    at = EWSDateTime.from_datetime(moment.astimezone(dt.UTC))
    await office.outlook(outlook_task(reminder_is_set=True, reminder_due_by=at))
    await office.bring_into_step()
    assert office.tasks("reminderon, scheduledend") == [(moment.astimezone(dt.UTC), None)]
    await office.outlook(edited(reminder_is_set=False))
    await office.bring_into_step()
    assert office.tasks("reminderon") == [(None,)]


async def test_a_reminder_set_or_dismissed_in_outlook_stays_there_by_default(office: Office) -> None:
    await office.put(subject="Tea", reminderon=MOMENTS[0])
    await office.bring_into_step()
    await office.outlook(edited(reminder_is_set=False))
    await office.bring_into_step()
    assert office.tasks("reminderon") == [(MOMENTS[0],)]
    assert reminder(await office.outlook(the_task)) is None


async def test_a_task_that_is_over_reminds_nobody_and_opened_again_it_does(office: Office) -> None:
    await office.put(subject="Tea", reminderon=MOMENTS[0])
    await office.bring_into_step()
    await office.change("statecode = 1, statuscode = 5")
    await office.bring_into_step()
    assert reminder(await office.outlook(the_task)) is None
    await office.change("statecode = 0, statuscode = 2")
    await office.bring_into_step()
    assert reminder(await office.outlook(the_task)) == MOMENTS[0]


@pytest.mark.parametrize(("hours", "is_set"), [(20, True), (30, False)])
async def test_a_reminder_of_long_ago_is_not_set(office: Office, hours: int, is_set: bool) -> None:
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    await office.put(subject="Tea", reminderon=ago)
    await office.bring_into_step()
    assert (await office.outlook(the_task)).reminder_is_set is is_set
    assert office.tasks("reminderon") == [(ago,)]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"percentcomplete": 100}, (1, 5, 100, TODAY)),
        ({"percentcomplete": 40}, (0, 3, 40, None)),
        ({"statecode": 1, "statuscode": 5}, (1, 5, 100, TODAY)),
        ({"actualend": LAST_MONTH}, (1, 5, 100, LAST_MONTH)),
        ({"statecode": 0, "statuscode": 4, "percentcomplete": 20}, (0, 4, 20, None)),
        ({"statecode": 2, "statuscode": 6, "percentcomplete": 20}, (2, 6, 20, None)),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
async def test_the_database_keeps_state_percentage_and_completion_together(
    office: Office, given: dict[str, object], stored: tuple[object, ...]
) -> None:
    await office.put(subject="Tea", **given)
    assert office.tasks("statecode, statuscode, percentcomplete, actualend") == [stored]
