"""Contacts in step between a real PostgreSQL and the simulator, with exchangelib as the person in Outlook."""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import exchangelib
import pytest
from exchangelib import EWSDate
from exchangelib.indexed_properties import EmailAddress, PhoneNumber
from msgspec import structs
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_facts import FactsOfRecords
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.administration import unsynchronized
from serversync.core import faults
from serversync.core.errors import (
    ChangeConflict,
    ConnectionLost,
    ItemUnreadable,
    LeaseLost,
    RecordRefused,
    ServiceError,
)
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActRun, CrmChange, Due, FeedPage, Heard, Link, Settlement, Stage
from serversync.mapping.fields import directions
from serversync.rules.diff import Common
from serversync.rules.guards import Held
from serversync.rules.plan import Deletion, KindRules, Plan
from serversync.rules.record import Fields, Kind, Side
from serversync.simulator.faults import Fault
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.property.act.world import Silent
from tests.simulator.conftest import MAILBOX
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

RULES = {Kind.CONTACT: KindRules(directions(Kind.CONTACT))}


class Alerts(Silent):
    """Keeps the plan of a mailbox that may not be written."""

    plan: Plan | None = None
    waiting: Sequence[Held] = ()

    async def held(self, run: ActRun, held: Sequence[Held]) -> None:
        self.waiting = held

    async def planned(self, run: ActRun, plan: Plan) -> None:
        self.plan = plan


class Company:
    """One mailbox, its contacts in both places, and passes between them."""

    def __init__(self, place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> None:
        self.place = place
        self.pool = pool
        place.facts = FactsOfRecords(pool, world.mailbox)
        self.query = query
        self.owner: UUID = world.ada.pk
        self.run = ActRun(world.mailbox, MAILBOX, 0, RULES)
        self.store = ActStoreOnPostgres(pool)
        self.alerts = Alerts()
        self.now = dt.datetime.now(dt.UTC)

    async def once(self) -> ActPass:
        async with self.place.open() as mailbox:
            one = ActPass(self.run, mailbox, self.store, self.alerts, clock=lambda: self.now)
            try:
                await one()
            finally:
                self.now += dt.timedelta(minutes=5)
        return one

    async def bring_into_step(self) -> int:
        for count in range(1, 6):
            await self.once()
            for kind in self.run.rules:
                await self.store.hear_records(self.run, kind)
            if not await self.store.due(self.run, self.now):
                return count
        raise AssertionError("it never comes to rest")

    async def add(self, **columns: object) -> UUID:
        key = uuid4()
        values = {"contactid": key, "ownerid": self.owner, **columns}
        async with self.pool.connection() as connection:
            await connection.execute(
                f"insert into contact ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
        return key

    async def edit(self, key: UUID, **columns: object) -> None:
        async with self.pool.connection() as connection:
            for name, value in columns.items():
                await connection.execute(
                    f"update contact set {name} = %s where contactid = %s",
                    (value, key),
                )

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.query(f"select {columns} from contact order by lastname")
        return found

    async def outlook(self, act: Callable[[exchangelib.Account], object]) -> Any:
        return await asyncio.to_thread(act, self.place.ada)


@pytest.fixture
def company(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Company:
    return Company(place, world, pool, query)


def grace(ada: exchangelib.Account) -> object:
    """Grace is made in Outlook."""
    return exchangelib.Contact(
        account=ada,
        folder=ada.contacts,
        display_name="Grace Hopper",
        given_name="Grace",
        surname="Hopper",
        birthday=EWSDate(1906, 12, 9),
        email_addresses=[EmailAddress(label="EmailAddress1", email="grace@example.com")],
    ).save()


def the_only(ada: exchangelib.Account) -> Any:
    (found,) = ada.contacts.all()
    return found


def names(ada: exchangelib.Account) -> list[str]:
    return sorted(each.surname for each in ada.contacts.all())


async def test_contacts_of_both_sides_are_on_both_sides_after_a_pass(company: Company) -> None:
    await company.outlook(grace)
    await company.add(firstname="Ada", lastname="Lovelace", birthdate=dt.date(1815, 12, 10))
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace"]
    assert company.rows("fullname, birthdate, emailaddress1, ownerid") == [
        ("Grace Hopper", dt.date(1906, 12, 9), "grace@example.com", company.owner),
        (None, dt.date(1815, 12, 10), None, company.owner),
    ]


async def test_edits_of_both_sides_meet_and_a_conflict_is_kept_to_be_shown(company: Company) -> None:
    key = await company.add(lastname="Hopper", jobtitle="Captain")
    await company.bring_into_step()

    def edit(ada: exchangelib.Account) -> None:
        mine = the_only(ada)
        mine.job_title = "Commodore"
        mine.phone_numbers = [PhoneNumber(label="MobilePhone", phone_number="+1 2")]
        mine.save(update_fields=["job_title", "phone_numbers"])

    await company.outlook(edit)
    await company.edit(key, jobtitle="Rear admiral", department="Navy")
    await company.bring_into_step()
    assert company.rows("jobtitle, department, mobilephone") == [("Rear admiral", "Navy", "+1 2")]
    found = await company.outlook(the_only)
    assert (found.job_title, found.department) == ("Rear admiral", "Navy")
    (link,) = (await company.store.links(company.run, [key])).values()
    assert [(each.name, each.lost, each.winner) for each in link.conflicts] == [
        ("jobtitle", "Commodore", Side.CRM)
    ]


async def test_a_contact_deleted_in_outlook_is_deleted_after_a_second_look_or_kept(company: Company) -> None:
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    await company.outlook(lambda ada: the_only(ada).move_to_trash())
    company.run = replace(
        company.run, rules={Kind.CONTACT: replace(RULES[Kind.CONTACT], exchange_deletion=Deletion.NEVER)}
    )
    await company.once()
    assert company.query("select stage from exchangesyncidmapping") == [(2,)]
    await company.bring_into_step()
    assert company.query("select stage, isunlinkedincrm from exchangesyncidmapping") == [(3, True)]
    assert len(company.rows("1")) == 1


async def test_a_contact_deleted_in_the_crm_lies_in_deleted_items(company: Company) -> None:
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    async with company.pool.connection() as connection:
        await connection.execute("delete from contact")
    await company.bring_into_step()
    assert await company.outlook(names) == []
    assert await company.outlook(lambda ada: [each.surname for each in ada.trash.all()]) == ["Hopper"]


async def test_a_deactivated_contact_rests_with_its_last_edit_and_goes_on_later(company: Company) -> None:
    key = await company.add(lastname="Hopper")
    await company.bring_into_step()
    await company.edit(key, jobtitle="Rear admiral")
    await company.edit(key, statecode=0)
    async with company.pool.connection() as connection:
        await connection.execute("update contact set statecode = 1, statuscode = 2")
    await company.bring_into_step()
    assert (await company.outlook(the_only)).job_title == "Rear admiral"
    await company.edit(key, jobtitle="Retired")
    await company.bring_into_step()
    assert (await company.outlook(the_only)).job_title == "Rear admiral"
    async with company.pool.connection() as connection:
        await connection.execute("update contact set statecode = 0, statuscode = 1")
    await company.bring_into_step()
    assert (await company.outlook(the_only)).job_title == "Retired"


async def test_the_company_is_the_name_of_the_parent_and_stays_in_outlook_without_one(
    company: Company,
) -> None:
    account, key = uuid4(), await company.add(lastname="Hopper")

    async def sql(statement: str, *values: object) -> None:
        async with company.pool.connection() as connection:
            await connection.execute(statement.encode(), values)

    def of_outlook(ada: exchangelib.Account) -> str | None:
        name: str | None = the_only(ada).company_name
        return name

    await company.bring_into_step()
    assert await company.outlook(of_outlook) is None

    def write(ada: exchangelib.Account) -> None:
        item = the_only(ada)
        item.company_name = "Navy"
        item.save(update_fields=["company_name"])

    await company.outlook(write)
    await company.bring_into_step()
    assert await company.outlook(of_outlook) == "Navy"
    await sql("insert into account (accountid, name) values (%s, 'Remington Rand')", account)
    await company.edit(key, parentcustomerid=account, parentcustomeridtype="account")
    await company.bring_into_step()
    assert await company.outlook(of_outlook) == "Remington Rand"
    await sql("update account set name = 'Sperry' where accountid = %s", account)
    await company.bring_into_step()
    assert await company.outlook(of_outlook) == "Sperry"
    await company.edit(key, parentcustomerid=None, parentcustomeridtype=None)
    await company.bring_into_step()
    assert await company.outlook(of_outlook) is None
    assert company.rows("parentcustomerid, company") == [(None, None)]


async def test_a_contact_of_somebody_else_stays_with_her(company: Company, world: SimpleNamespace) -> None:
    await company.add(lastname="Hopper", ownerid=world.ben.pk)
    await company.bring_into_step()
    assert await company.outlook(names) == []


async def test_a_copy_made_in_outlook_is_left_alone(company: Company) -> None:
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    await company.outlook(lambda ada: the_only(ada).copy(ada.contacts))
    await company.bring_into_step()
    await company.bring_into_step()
    assert (await company.outlook(names), len(company.rows("1"))) == (["Hopper", "Hopper"], 1)
    assert company.query("select count(copyof) from exchangesyncitem") == [(1,)]


async def test_a_lost_position_makes_nothing_twice(company: Company) -> None:
    await company.outlook(grace)
    await company.add(lastname="Lovelace")
    await company.bring_into_step()
    async with company.pool.connection() as connection:
        await connection.execute("update exchangesyncfolder set syncstate = 'nonsense'")
    await company.bring_into_step()
    assert (await company.outlook(names), len(company.rows("1"))) == (["Hopper", "Lovelace"], 2)


async def test_lost_links_are_found_again_by_their_stamps(company: Company) -> None:
    await company.outlook(grace)
    await company.add(lastname="Lovelace")
    await company.bring_into_step()
    async with company.pool.connection() as connection:
        for table in ("exchangesyncidmapping", "exchangesyncfolder", "exchangesyncitem"):
            await connection.execute(f"delete from {table}")
    await company.bring_into_step()
    assert (await company.outlook(names), len(company.rows("1"))) == (["Hopper", "Lovelace"], 2)


async def test_the_same_contact_on_both_sides_becomes_one(company: Company) -> None:
    await company.outlook(grace)
    await company.add(emailaddress1="GRACE@example.com", jobtitle="Rear admiral")
    await company.bring_into_step()
    assert company.rows("lastname, jobtitle") == [("Hopper", "Rear admiral")]
    assert (await company.outlook(the_only)).job_title == "Rear admiral"


async def test_a_name_that_is_too_long_for_the_crm_stays_whole_in_exchange(company: Company) -> None:
    long = "N" * 200
    await company.outlook(
        lambda ada: exchangelib.Contact(
            account=ada, folder=ada.contacts, display_name="N", surname="N", nickname=long
        ).save()
    )
    await company.bring_into_step()
    assert company.rows("nickname") == [(long[:100],)]
    assert await company.bring_into_step() == 1
    assert (await company.outlook(the_only)).nickname == long


async def test_a_mailbox_that_may_not_be_written_yet_gets_a_plan_and_nothing_else(company: Company) -> None:
    await company.outlook(grace)
    await company.add(lastname="Lovelace")
    company.run = replace(company.run, may_write=False)
    await company.once()
    assert company.alerts.plan is not None
    assert company.alerts.plan.lines()[0] == "create in the CRM: 1, create in Exchange: 1"
    assert (await company.outlook(names), company.rows("lastname")) == (["Hopper"], [("Lovelace",)])
    company.run = replace(company.run, may_write=True)
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace"]


class Killed(BaseException):
    """The process is gone."""


def kill() -> None:
    raise Killed


@pytest.mark.parametrize("point", faults.ACT_PASS)
async def test_killed_at_any_point_both_sides_are_right_after_the_next_pass(
    company: Company, point: str
) -> None:
    await company.outlook(grace)
    await company.add(lastname="Lovelace")
    with pytest.raises(Killed), faults.arm(point, kill):
        await company.once()
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace"]
    assert [row[0] for row in company.rows("lastname")] == ["Hopper", "Lovelace"]


@pytest.mark.parametrize("operation", ["CreateItem", "UpdateItem"])
async def test_a_request_that_is_refused_as_a_whole_is_made_again_for_each_item(
    company: Company, operation: str
) -> None:
    keys = [await company.add(lastname=name) for name in ("Hopper", "Lovelace", "Noether")]
    if operation == "UpdateItem":
        await company.bring_into_step()
        for key in keys:
            await company.edit(key, jobtitle="Scholar")
    faults = company.place.exchange.faults
    # The request for all three is refused, and so is one of them alone.
    faults.add(Fault(operation=operation, response_code="ErrorSchemaValidation"))
    faults.add(Fault(operation=operation, response_code="ErrorSchemaValidation", nth=3))
    one = await company.once()
    assert one.result.failed == 1
    assert company.query("select count(*) from exchangesyncidmapping where retries = 1") == [(1,)]
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace", "Noether"]


async def test_a_lost_answer_to_many_creations_makes_none_of_them_twice(company: Company) -> None:
    for name in ("Hopper", "Lovelace", "Noether"):
        await company.add(lastname=name)
    company.place.exchange.faults.add(Fault(operation="CreateItem", reset_after=True))
    with pytest.raises(ConnectionLost):
        await company.once()
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace", "Noether"]


# --- the store by itself ------------------------------------------------------------------------------


@pytest.fixture
def run(world: SimpleNamespace) -> ActRun:
    return ActRun(world.mailbox, MAILBOX, 0, RULES)


@pytest.fixture
def store(pool: AsyncConnectionPool) -> ActStoreOnPostgres:
    return ActStoreOnPostgres(pool)


FULL = Link(
    UUID(int=7),
    Kind.CONTACT,
    Stage.LINKED,
    title="Grace",
    item_id="i1",
    change_key="k1",
    base=Common({"birthdate": dt.date(1906, 12, 9)}, {"lastname": "Hopper"}),
    crm_version=12,
    due_on=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    retries=2,
    error="exchange.busy",
)


async def settle(
    store: ActStoreOnPostgres,
    run: ActRun,
    link: Link,
    fields: Fields | None,
    version: int | None = None,
) -> Link:
    """Settle one link together with a record that is made, or that is changed or deleted at this version."""
    (outcome,) = await store.settle(
        run, [Settlement(link, CrmChange(link.crmid, link.kind, version, fields))]
    )
    if isinstance(outcome, ServiceError):
        raise outcome
    return outcome


async def test_a_link_comes_back_as_it_was_kept(store: ActStoreOnPostgres, run: ActRun) -> None:
    await store.keep(run, [structs.replace(FULL, stage=Stage.GONE), FULL])
    assert await store.links(run, [FULL.crmid, UUID(int=8)]) == {FULL.crmid: FULL}
    assert await store.linked(run) == {Kind.CONTACT: 1}


async def test_whoever_has_lost_the_lease_writes_nothing(store: ActStoreOnPostgres, run: ActRun) -> None:
    old = replace(run, fence=99)
    with pytest.raises(LeaseLost):
        await store.keep(old, [FULL])
    with pytest.raises(LeaseLost):
        await settle(store, old, FULL, {"lastname": "x"})
    assert await store.links(run, [FULL.crmid]) == {}


async def test_a_record_that_was_changed_meanwhile_is_not_written(
    store: ActStoreOnPostgres, run: ActRun
) -> None:
    made = await settle(store, run, FULL, {"lastname": "Hopper"})
    for version, fields in (
        (made.crm_version - 1, {"lastname": "x"}),
        (made.crm_version - 1, None),
        (None, {"lastname": "y"}),
    ):
        with pytest.raises(ChangeConflict):
            await settle(store, run, made, fields, version)
    found = (await store.records(run, [(Kind.CONTACT, FULL.crmid)]))[FULL.crmid]
    assert (found.version, dict(found.fields)) == (made.crm_version, {"lastname": "Hopper"})


async def test_of_many_records_the_one_that_the_database_refuses_is_left_out(
    store: ActStoreOnPostgres, run: ActRun
) -> None:
    def new(number: int, fields: Fields) -> Settlement:
        link = Link(UUID(int=number), Kind.CONTACT, Stage.LINKED, item_id=f"i{number}")
        return Settlement(link, CrmChange(link.crmid, link.kind, None, fields))

    outcomes = await store.settle(
        run, [new(n, {"lastname": "N\0" if n == 3 else f"N{n}", "jobtitle": "Clerk"}) for n in range(5)]
    )
    assert [type(each) for each in outcomes] == [Link, Link, Link, RecordRefused, Link]
    ids = [(Kind.CONTACT, UUID(int=n)) for n in range(5)]
    assert sorted(str(r.fields["lastname"]) for r in (await store.records(run, ids)).values()) == [
        "N0",
        "N1",
        "N2",
        "N4",
    ]
    assert len(await store.links(run, [key for _, key in ids])) == 4


async def test_what_was_heard_is_due_until_it_is_done_and_an_echo_is_not(
    store: ActStoreOnPostgres, run: ActRun
) -> None:
    now = dt.datetime.now(dt.UTC)
    await settle(store, run, structs.replace(FULL, due_on=None), {"lastname": "x"})
    echo, new = Heard("i1", "k1", is_gone=False), Heard("i2", "k", is_gone=False)
    await store.hear(run, Kind.CONTACT, FeedPage([echo, new, new], "p1", is_last=True))
    due = await store.due(run, now)
    # The contact has no owner of this mailbox's filters to leave: it was made for her.
    assert [(each.item_id, each.link) for each in due] == [("i2", None)]
    assert await store.position(run, Kind.CONTACT) == "p1"
    await store.defer(run, due[0], ItemUnreadable(item="i2"), now + dt.timedelta(minutes=5))
    assert await store.due(run, now) == []
    assert await store.due(run, now + dt.timedelta(minutes=5)) == [
        Due(None, None, Kind.CONTACT, "i2", retries=1)
    ]
    await store.done(run, Kind.CONTACT, ["i2"])
    assert await store.due(run, now + dt.timedelta(minutes=5)) == []


@pytest.mark.parametrize(
    ("error", "is_due"), [("exchange.item-unreadable: It could not be read.", False), ("", True)]
)
async def test_an_ignored_link_that_is_not_listed_any_more_is_due_when_its_item_changes(
    store: ActStoreOnPostgres, run: ActRun, error: str, is_due: bool
) -> None:
    now = dt.datetime.now(dt.UTC)
    await settle(store, run, structs.replace(FULL, due_on=None), {"lastname": "x"})
    await store.keep(run, [structs.replace(FULL, due_on=unsynchronized.IGNORED, error=error)])
    assert await store.due(run, now) == []
    await store.hear(run, Kind.CONTACT, FeedPage([Heard("i1", "k2", is_gone=False)], "p1", is_last=True))
    assert [each.crmid for each in await store.due(run, now)] == ([FULL.crmid] if is_due else [])


async def test_what_a_full_listing_does_not_name_is_to_be_looked_for(
    store: ActStoreOnPostgres, run: ActRun
) -> None:
    now = dt.datetime.now(dt.UTC)
    await settle(store, run, structs.replace(FULL, due_on=None), {"lastname": "x"})
    await store.begin_listing(run, Kind.CONTACT)
    await store.hear(run, Kind.CONTACT, FeedPage([], "p1", is_last=False))
    assert await store.due(run, now) == []
    await store.hear(run, Kind.CONTACT, FeedPage([], "p2", is_last=True))
    assert [each.crmid for each in await store.due(run, now)] == [FULL.crmid]


async def test_a_copy_is_remembered_and_never_due(store: ActStoreOnPostgres, run: ActRun) -> None:
    await store.done(run, Kind.CONTACT, ["i9"], copy_of=FULL.crmid)
    await store.hear(run, Kind.CONTACT, FeedPage([Heard("i9", "k", is_gone=False)], "p", is_last=True))
    assert await store.copies(run, ["i9", "i8"]) == {"i9"}
    assert await store.due(run, dt.datetime.now(dt.UTC)) == []
