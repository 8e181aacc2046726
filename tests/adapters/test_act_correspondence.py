"""Phone calls, letters and faxes are tasks in Outlook: a real PostgreSQL, the simulator, and exchangelib as the person."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import exchangelib
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from exchangelib import EWSDate, ExtendedProperty
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_settings
from serversync.adapters.act_mailbox import TRACKED_CATEGORY, EwsActMailbox
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.adapters.stamps import PROPERTY_SET
from serversync.administration import followed
from serversync.engine.act import ActPass
from serversync.engine.act_ports import FeedPage
from serversync.rules.guards import Brake
from serversync.rules.plan import Deletion
from serversync.rules.record import Direction, Kind
from tests.adapters.comparing import until_nothing_is_compared_any_more
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company
from tests.adapters.test_act_tasks import LAST_MONTH, TODAY, edited, outlook_task, reminder, the_task
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

NEXT_YEAR = TODAY.year + 1
NINE = dt.datetime(NEXT_YEAR, 7, 1, 9, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Statuses:
    """The statuses of a table: as it begins, completed, completed otherwise, and cancelled."""

    begun: int
    done: int
    otherwise: int
    canceled: int


TABLES = {
    "phonecall": Statuses(1, 2, 4, 3),
    "letter": Statuses(2, 4, 3, 5),
    "fax": Statuses(1, 2, 3, 5),
}
every_table = pytest.mark.parametrize("table", TABLES)


class Office(Company):
    """Ada's tasks, phone calls, letters and faxes, by the rules of the settings as they come."""

    def __init__(self, place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> None:
        super().__init__(place, world, pool, query)
        names = ", ".join(act_settings.COLUMNS)
        ((*values,),) = query(f"select {names} from organization")
        settings = dict(zip(act_settings.COLUMNS, values, strict=True))
        rules = act_settings.rules(settings)
        kinds = (Kind.TASK, Kind.PHONECALL, Kind.LETTER, Kind.FAX)
        self.run = replace(self.run, rules={kind: rules[kind] for kind in kinds})

    async def put(self, table: str, **columns: object) -> UUID:
        key = uuid4()
        values = {"activityid": key, "ownerid": self.owner, **columns}
        async with self.pool.connection() as connection:
            await connection.execute(
                f"insert into {table} ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
        return key

    async def do(self, statement: str, *values: object) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(statement, values)

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.query(f"select {columns} from {table} order by subject")
        return found

    def rule(self, **changes: Any) -> None:
        """Let every kind follow other settings."""
        rules = {kind: replace(each, **changes) for kind, each in self.run.rules.items()}
        self.run = replace(self.run, rules=rules)


@pytest.fixture
def office(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Office:
    return Office(place, world, pool, query)


def subjects(ada: exchangelib.Account) -> list[str]:
    return sorted(each.subject for each in ada.tasks.all())


# --- every row of the maps, both ways -----------------------------------------------------------------


@every_table
async def test_every_field_goes_to_outlook(office: Office, table: str) -> None:
    await office.put(
        table,
        subject="Offer",
        description="Two\npages",
        scheduledstart=dt.date(2026, 6, 30),
        scheduledend=dt.date(2026, 7, 1),
        prioritycode=2,
        reminderon=NINE,
    )
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.subject, found.importance, found.status) == ("Offer", "High", "NotStarted")
    assert (found.start_date, found.due_date) == (EWSDate(2026, 6, 30), EWSDate(2026, 7, 1))
    assert found.text_body.replace("\r\n", "\n").strip() == "Two\npages"
    assert (found.categories, reminder(found)) == ([TRACKED_CATEGORY], NINE)
    await office.do(
        f"update {table} set subject = 'Bid', description = null, scheduledstart = null, scheduledend = %s,"
        " prioritycode = 0, reminderon = null",
        dt.date(2026, 7, 2),
    )
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.subject, found.importance, found.due_date) == ("Bid", "Low", EWSDate(2026, 7, 2))
    assert ((found.text_body or "").strip(), found.start_date, reminder(found)) == ("", None, None)


@every_table
async def test_every_field_comes_back_from_outlook(office: Office, table: str) -> None:
    key = await office.put(table, subject="Offer", reminderon=NINE)
    await office.bring_into_step()
    await office.outlook(
        edited(
            subject="Bid",
            body="Two pages",
            start_date=EWSDate(2026, 6, 30),
            due_date=EWSDate(2026, 7, 1),
            importance="Low",
            reminder_is_set=False,
        )
    )
    await office.bring_into_step()
    columns = (
        "activityid, subject, description, scheduledstart, scheduledend, prioritycode, reminderon, ownerid"
    )
    dates = (dt.date(2026, 6, 30), dt.date(2026, 7, 1))
    assert office.rows(table, columns) == [(key, "Bid", "Two pages", *dates, 0, NINE, office.owner)]
    assert office.rows("task", "1") == []


@every_table
async def test_a_percentage_of_outlook_stays_there(office: Office, table: str) -> None:
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.outlook(edited(percent_complete=Decimal(40), status="InProgress"))
    await office.bring_into_step()
    await office.do(f"update {table} set subject = 'Bid'")
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.subject, found.percent_complete, found.status) == ("Bid", 40, "InProgress")
    assert office.rows(table, "statecode, statuscode") == [(0, TABLES[table].begun)]


@every_table
async def test_fields_that_only_the_crm_has_stay_as_they_are(office: Office, table: str) -> None:
    column = {"phonecall": "phonenumber", "letter": "address", "fax": "faxnumber"}[table]
    given = {column: "55 10", "directioncode": False, "actualstart": LAST_MONTH}
    await office.put(table, subject="Offer", **given)
    await office.bring_into_step()
    await office.outlook(edited(subject="Bid", status="Completed"))
    await office.bring_into_step()
    assert office.rows(table, f"subject, {column}, directioncode, actualstart") == [
        ("Bid", "55 10", False, LAST_MONTH)
    ]


# --- states -------------------------------------------------------------------------------------------


@every_table
async def test_what_is_done_in_outlook_is_completed_as_usual_and_opened_again(
    office: Office, table: str
) -> None:
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.outlook(edited(status="Completed"))
    await office.bring_into_step()
    states = "statecode, statuscode, actualend"
    assert office.rows(table, states) == [(1, TABLES[table].done, TODAY)]
    await office.outlook(edited(status="WaitingOnOthers"))
    await office.bring_into_step()
    assert office.rows(table, states) == [(0, TABLES[table].begun, None)]
    assert (await office.outlook(the_task)).status == "WaitingOnOthers"


@every_table
@pytest.mark.parametrize("which", ["done", "otherwise"])
async def test_what_is_completed_in_the_crm_is_completed_in_outlook_and_keeps_its_status(
    office: Office, table: str, which: str
) -> None:
    status = getattr(TABLES[table], which)
    await office.put(table, subject="Offer", reminderon=NINE)
    await office.bring_into_step()
    await office.do(f"update {table} set statecode = 1, statuscode = %s, actualend = %s", status, LAST_MONTH)
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.status, found.complete_date.date(), reminder(found)) == ("Completed", LAST_MONTH, None)
    await office.outlook(edited(subject="Bid"))
    await office.bring_into_step()
    assert office.rows(table, "subject, statecode, statuscode, actualend") == [("Bid", 1, status, LAST_MONTH)]
    await office.do(f"update {table} set statecode = 0, statuscode = %s", TABLES[table].begun)
    await office.bring_into_step()
    found = await office.outlook(the_task)
    assert (found.status, reminder(found)) == ("NotStarted", NINE)


@every_table
async def test_what_is_cancelled_is_completed_in_outlook_and_stays_cancelled(
    office: Office, table: str
) -> None:
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.do(f"update {table} set statecode = 2, statuscode = %s", TABLES[table].canceled)
    await office.bring_into_step()
    await office.outlook(edited(subject="Bid"))
    await office.bring_into_step()
    assert (await office.outlook(the_task)).status == "Completed"
    assert office.rows(table, "subject, statecode, statuscode") == [("Bid", 2, TABLES[table].canceled)]


# --- what takes part ----------------------------------------------------------------------------------


@every_table
async def test_only_the_open_ones_of_the_owner_begin_to_take_part(
    office: Office, world: SimpleNamespace, table: str
) -> None:
    await office.put(table, subject="Over", statecode=1, statuscode=TABLES[table].done)
    await office.put(table, subject="Of Ben", ownerid=world.ben.pk)
    await office.put(table, subject="Mine")
    await office.bring_into_step()
    assert await office.outlook(subjects) == ["Mine"]


@every_table
async def test_one_that_is_given_to_somebody_else_rests_in_outlook(
    office: Office, world: SimpleNamespace, table: str
) -> None:
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.do(f"update {table} set ownerid = %s, subject = 'Bid'", world.ben.pk)
    await office.bring_into_step()
    await office.do(f"update {table} set subject = 'Other'")
    await office.bring_into_step()
    assert await office.outlook(subjects) == ["Bid"]


async def test_a_new_task_of_outlook_becomes_a_task_and_nothing_else(office: Office) -> None:
    await office.outlook(outlook_task(subject="Tea"))
    await office.bring_into_step()
    assert office.rows("task", "subject") == [("Tea",)]
    assert [office.rows(table, "1") for table in TABLES] == [[], [], []]


async def test_all_four_kinds_share_the_folder(office: Office) -> None:
    for table in TABLES:
        await office.put(table, subject=f"A {table}")
    await office.put("task", subject="A task")
    await office.outlook(outlook_task(subject="Tea"))
    await office.bring_into_step()
    assert await office.outlook(subjects) == ["A fax", "A letter", "A phonecall", "A task", "Tea"]

    def edit(ada: exchangelib.Account) -> None:
        for each in ada.tasks.all():
            each.subject += "!"
            each.save(update_fields=["subject"])

    await office.outlook(edit)
    await office.bring_into_step()
    assert [office.rows(table, "subject") for table in TABLES] == [
        [("A phonecall!",)],
        [("A letter!",)],
        [("A fax!",)],
    ]
    assert office.rows("task", "subject") == [("A task!",), ("Tea!",)]
    kinds = "select objecttypecode, count(*) from exchangesyncidmapping where stage = 2 group by 1 order by 1"
    assert office.query(kinds) == [("fax", 1), ("letter", 1), ("phonecall", 1), ("task", 2)]


def copied(ada: exchangelib.Account) -> None:
    """Copies the only task in Outlook."""
    the_task(ada).copy(ada.tasks)


@every_table
async def test_a_copy_is_never_taken_for_anything(office: Office, table: str) -> None:
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.outlook(copied)
    await office.bring_into_step()
    assert office.rows(table, "subject") == [("Offer",)]
    assert office.rows("task", "1") == []
    ((count,),) = office.query("select count(*) from exchangesyncitem where copyof is not null")
    assert count == 1


def moved_out_and_back(ada: exchangelib.Account) -> None:
    """Moves the only task elsewhere and back, and edits it: it has another id then."""
    old = exchangelib.folders.Tasks(parent=ada.tasks, name="Old").save()
    the_task(ada).move(old)
    (mine,) = old.all()
    mine.move(ada.tasks)
    edited(subject="Bid", percent_complete=Decimal(40))(ada)


@every_table
async def test_one_that_was_moved_goes_on_as_what_it_is(office: Office, table: str) -> None:
    key = await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.outlook(moved_out_and_back)
    await office.bring_into_step()
    assert office.rows(table, "activityid, subject, statecode") == [(key, "Bid", 0)]
    assert office.rows("task", "1") == []


@every_table
async def test_where_the_links_are_lost_its_stamp_says_what_it_is(office: Office, table: str) -> None:
    key = await office.put(table, subject="Offer", prioritycode=2)
    await office.bring_into_step()
    for lost in ("exchangesyncidmapping", "exchangesyncfolder", "exchangesyncitem", "exchangesyncrecord"):
        await office.do(f"delete from {lost}")
    await office.outlook(edited(percent_complete=Decimal(40)))
    await office.bring_into_step()
    assert office.rows(table, "activityid, subject, prioritycode") == [(key, "Offer", 2)]
    assert office.rows("task", "1") == []
    assert await office.outlook(subjects) == ["Offer"]
    await office.do(f"update {table} set subject = 'Bid'")
    await office.bring_into_step()
    assert await office.outlook(subjects) == ["Bid"]


@every_table
async def test_a_folder_that_is_listed_anew_makes_nothing_twice(office: Office, table: str) -> None:
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.do("update exchangesyncfolder set syncstate = null")
    await office.bring_into_step()
    assert office.rows(table, "subject") == [("Offer",)]
    assert office.rows("task", "1") == []
    assert await office.outlook(subjects) == ["Offer"]


# --- deletions ----------------------------------------------------------------------------------------


@every_table
async def test_one_that_is_deleted_in_the_crm_goes_and_a_completed_one_stays(
    office: Office, table: str
) -> None:
    await office.put(table, subject="Open")
    done = await office.put(table, subject="Done")
    await office.bring_into_step()
    await office.do(
        f"update {table} set statecode = 1, statuscode = %s where activityid = %s", TABLES[table].done, done
    )
    await office.bring_into_step()
    await office.do(f"delete from {table}")
    await office.bring_into_step()
    assert await office.outlook(subjects) == ["Done"]


@every_table
@pytest.mark.parametrize(
    ("deletion", "left"), [(Deletion.ALWAYS, 0), (Deletion.UNLESS_COMPLETED, 0), (Deletion.NEVER, 1)]
)
async def test_one_that_is_deleted_in_outlook_goes_as_the_setting_of_tasks_says(
    office: Office, table: str, deletion: Deletion, left: int
) -> None:
    office.rule(exchange_deletion=deletion)
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.outlook(lambda ada: the_task(ada).delete())
    await office.bring_into_step()
    assert len(office.rows(table, "1")) == left


@every_table
async def test_one_that_is_brought_back_is_the_same_again(office: Office, table: str) -> None:
    key = await office.put(table, subject="Offer", description="Two pages")
    await office.bring_into_step()
    await office.outlook(lambda ada: the_task(ada).move_to_trash())
    await office.bring_into_step()
    assert office.rows(table, "1") == []

    def bring_back(ada: exchangelib.Account) -> None:
        (mine,) = [each for each in ada.trash.all() if isinstance(each, exchangelib.Task)]
        mine.move(ada.tasks)

    await office.outlook(bring_back)
    await office.bring_into_step()
    assert office.rows(table, "activityid, subject, description, statuscode") == [
        (key, "Offer", "Two pages", TABLES[table].begun)
    ]
    assert office.rows("task", "1") == []


async def test_the_brake_counts_each_kind_for_itself(office: Office) -> None:
    office.run = replace(office.run, brake=Brake(count=1, share=0.1))
    for number in range(3):
        await office.put("fax", subject=f"Fax {number}")
    await office.put("letter", subject="Letter")
    await office.bring_into_step()
    await office.do("delete from fax")
    await office.do("delete from letter")
    for _ in range(2):
        await office.once()
    assert await office.outlook(subjects) == ["Fax 0", "Fax 1", "Fax 2"]


# --- settings, conflicts, facts -----------------------------------------------------------------------


@every_table
async def test_the_direction_of_tasks_holds_for_it(office: Office, table: str) -> None:
    office.rule(limit=Direction.TO_EXCHANGE)
    await office.put(table, subject="Offer")
    await office.bring_into_step()
    await office.outlook(edited(subject="Bid"))
    await office.bring_into_step()
    assert office.rows(table, "subject") == [("Offer",)]


async def test_a_conflict_is_settled_and_both_values_are_kept(office: Office) -> None:
    await office.put("phonecall", subject="Offer")
    await office.bring_into_step()
    await office.do("update phonecall set subject = 'Bid'")
    await office.outlook(edited(subject="Tender"))
    await office.bring_into_step()
    assert (await office.outlook(subjects), office.rows("phonecall", "subject")) == (["Bid"], [("Bid",)])
    ((conflicts,),) = office.query("select conflicts from exchangesyncidmapping")
    assert [(one["crm"], one["exchange"]) for one in conflicts] == [("Bid", "Tender")]


async def test_a_call_that_was_received_and_is_ticked_off_in_outlook_too_stays_received(
    office: Office,
) -> None:
    await office.put("phonecall", subject="Offer")
    await office.bring_into_step()
    await office.do("update phonecall set statecode = 1, statuscode = 4")
    await office.outlook(edited(status="Completed"))
    await office.bring_into_step()
    assert office.rows("phonecall", "statecode, statuscode") == [(1, 4)]


class FactsProperty(ExtendedProperty):
    """What an item says of its record."""

    property_set_id = PROPERTY_SET
    property_name = "Facts"
    property_type = "String"


@pytest.fixture
def facts() -> Iterator[None]:
    exchangelib.Task.register("facts", FactsProperty)
    yield
    exchangelib.Task.deregister("facts")


@pytest.mark.usefixtures("facts")
@every_table
async def test_the_item_says_what_its_record_is(office: Office, table: str) -> None:
    key = await office.put(table, subject="Offer")
    await office.bring_into_step()
    assert f"Record: {table} {key}" in (await office.outlook(the_task)).facts.splitlines()


# --- what it costs ------------------------------------------------------------------------------------


class Counting(AsyncCursor[Any]):
    """Counts statements."""

    count: ClassVar[int] = 0

    async def execute(self, *args: Any, **options: Any) -> Any:
        Counting.count += 1
        return await super().execute(*args, **options)


class Heard:
    """A mailbox whose feeds are counted."""

    def __init__(self, mailbox: EwsActMailbox) -> None:
        self._mailbox = mailbox
        self.feeds: list[Kind] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mailbox, name)

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        self.feeds.append(kind)
        return await self._mailbox.feed(kind, position)


async def idle_pass(office: Office, pool: AsyncConnectionPool) -> tuple[list[Kind], int]:
    """Return the feeds that an idle pass hears, and how many statements it makes."""
    Counting.count = 0
    async with office.place.open() as mailbox:
        heard = Heard(mailbox)
        store = ActStoreOnPostgres(pool)
        one = ActPass(office.run, heard, store, office.alerts, clock=lambda: office.now)
        await one()
    assert one.plan.actions == ()
    return heard.feeds, Counting.count


async def test_an_idle_pass_hears_one_feed_and_asks_no_more_than_for_tasks_alone(
    office: Office, world: SimpleNamespace
) -> None:
    for table in ("task", *TABLES):
        await office.put(table, subject=f"A {table}")
    await office.bring_into_step()
    await until_nothing_is_compared_any_more(office)

    async def configure(connection: AsyncConnection[Any]) -> None:
        connection.cursor_factory = Counting

    opened = AsyncConnectionPool(
        world.dsn, min_size=1, max_size=1, open=False, kwargs={"autocommit": True}, configure=configure
    )
    async with opened as pool:
        feeds, statements = await idle_pass(office, pool)
        office.run = replace(office.run, rules={Kind.TASK: office.run.rules[Kind.TASK]})
        assert (feeds, statements) == await idle_pass(office, pool)
    assert (feeds, statements > 3) == ([Kind.TASK], True)


async def test_what_is_not_followed_any_more_comes_back_as_a_whole(office: Office) -> None:
    await office.put("fax", subject="Offer")
    await office.bring_into_step()
    assert await sync_to_async(followed.leave)() == 0
    await office.do(
        "update exchangesyncfolder set modifiedon = now() - interval '8 days' where syncstate is null"
    )
    assert await sync_to_async(followed.leave)() == 0, "the feed of tasks tells of faxes"
    await office.do("update exchangesyncfolder set modifiedon = now() - interval '8 days'")
    assert await sync_to_async(followed.leave)() == 4
    await office.do("update fax set subject = 'Bid'")
    assert office.query("select count(*) from exchangesyncrecord") == [(0,)]
    await office.bring_into_step()
    assert await office.outlook(subjects) == ["Bid"]
    await sync_to_async(connections.close_all)()
