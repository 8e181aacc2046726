"""Filters of users decide which records stand in a mailbox; leaving them deletes nothing that nobody wanted deleted."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_filters, act_tables
from serversync.adapters.act_leases import ActLeasesOnPostgres, claim_one
from serversync.administration import filterpreview, syncfilters
from serversync.administration.syncfilters import FilterEntries
from serversync.crm.models import SavedQuery, UserQuery
from serversync.engine.act_ports import RecordFilter
from serversync.rules.filters import Condition, Filter, Operator
from serversync.rules.guards import Brake
from serversync.rules.plan import Leaving
from serversync.rules.record import Kind
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, names
from tests.adapters.test_act_store import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

MINE = ("ownerid", "eq-userid", "")
LISBON = ("address1_city", "eq", "Lisbon")


async def in_django(act: Any, *arguments: Any, **named: Any) -> Any:
    def done() -> Any:
        try:
            return act(*arguments, **named)
        finally:
            connections.close_all()

    return await sync_to_async(done)()


async def begun(company: Company) -> dict[Kind, RecordFilter]:
    """What a worker takes up for the mailbox."""
    lease = timedelta(seconds=30)
    async with company.pool.connection() as connection:
        await connection.execute(
            "update mailbox set actdeliverymethod = 1 where mailboxid = %s", (company.run.mailboxid,)
        )
        await connection.execute("update exchangesyncmailbox set leaseuntil = null")
        fence = await claim_one(connection, company.run.mailboxid, host="here", lease=lease)
    assert fence is not None
    leases = ActLeasesOnPostgres(company.pool, host="here", lease=lease)
    claim = await leases.begin(company.run.mailboxid, fence)
    assert claim is not None
    company.run = replace(company.run, filters=claim.run.filters, fence=fence)
    return dict(claim.run.filters)


def contact_filter() -> UserQuery:
    return UserQuery.objects.get(returnedtypecode="contact")


async def edit(*conditions: tuple[str, str, str]) -> None:
    def done() -> None:
        syncfilters.edit(contact_filter(), FilterEntries(conditions=conditions))

    await in_django(done)


async def test_an_edited_filter_takes_out_of_step_what_leaves_it_and_deletes_nothing(
    company: Company,
) -> None:
    here = await company.add(lastname="Hopper", address1_city="Lisbon")
    await company.add(lastname="Lovelace", address1_city="London")
    await begun(company)
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace"]
    await edit(MINE, LISBON)
    await begun(company)
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace"]
    assert company.rows("lastname") == [("Hopper",), ("Lovelace",)]
    assert company.query("select itemsubject from exchangesyncidmapping where isparked") == [("Lovelace",)]
    await company.edit(here, jobtitle="Captain")
    async with company.pool.connection() as connection:
        await connection.execute("update contact set jobtitle = 'Countess' where lastname = 'Lovelace'")
    await company.bring_into_step()
    titles = await company.outlook(lambda ada: sorted(str(each.job_title) for each in ada.contacts.all()))
    assert titles == ["Captain", "None"]
    await edit(MINE)
    await begun(company)
    await company.bring_into_step()
    titles = await company.outlook(lambda ada: sorted(str(each.job_title) for each in ada.contacts.all()))
    assert titles == ["Captain", "Countess"]


async def test_what_leaves_is_deleted_only_where_the_setting_says_so_and_within_the_brake(
    company: Company,
) -> None:
    for number in range(4):
        await company.add(lastname=f"Person {number}", address1_city="London" if number else "Lisbon")
    await begun(company)
    await company.bring_into_step()
    leaving = {kind: replace(rule, leaving=Leaving.DELETE) for kind, rule in company.run.rules.items()}
    company.run = replace(company.run, rules=leaving, brake=Brake(count=2, share=0.1))
    await edit(MINE, LISBON)
    await begun(company)
    for _ in range(3):
        await company.once()
    assert [(each.deletions, each.linked) for each in company.alerts.waiting] == [(3, 4)]
    assert len(await company.outlook(names)) == 4
    company.run = replace(company.run, brake=Brake(count=10, share=0.1))
    await company.bring_into_step()
    assert await company.outlook(names) == ["Person 0"]
    assert len(company.rows("1")) == 4


async def test_without_an_active_filter_nothing_is_let_in(company: Company) -> None:
    await begun(company)
    await in_django(lambda: syncfilters.set_state(contact_filter(), active=False))
    assert (await begun(company))[Kind.CONTACT].expression == "(false)"
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    assert await company.outlook(names) == []


async def test_a_filter_beyond_the_users_own_hears_of_what_others_change(
    company: Company, world: SimpleNamespace
) -> None:
    await begun(company)
    await edit(LISBON)
    assert not (await begun(company))[Kind.CONTACT].is_confined
    theirs = await company.add(lastname="Hopper", address1_city="London", ownerid=world.ben.pk)
    await company.bring_into_step()
    assert await company.outlook(names) == []
    await company.edit(theirs, address1_city="LISBON")
    assert company.query("select mailboxid, objectid from exchangesyncrecord") == [(world.mailbox, theirs)], (
        "the trigger tells a mailbox whose filters reach so far"
    )
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper"]


async def test_a_filter_shows_nothing_that_the_user_may_not_read(
    company: Company, world: SimpleNamespace
) -> None:
    await begun(company)
    await edit(LISBON)
    await company.add(lastname="Hopper", address1_city="Lisbon", ownerid=world.ben.pk)
    await company.add(lastname="Lovelace", address1_city="Lisbon")
    async with company.pool.connection() as connection:
        await connection.execute(
            "update roleprivileges p set privilegedepthmask = 1 from role r where r.roleid = p.roleid"
            " and r.name = 'Salesperson' and p.privilegename = 'prvReadContact'"
        )
    assert (await begun(company))[Kind.CONTACT].is_confined
    await company.bring_into_step()
    assert await company.outlook(names) == ["Lovelace"]
    async with company.pool.connection() as connection:
        await connection.execute("delete from systemuserroles where systemuserid = %s", (world.ada.pk,))
    assert (await begun(company))[Kind.CONTACT].expression == "(false)"


@pytest.mark.parametrize(("depth", "seen"), [(1, 1), (2, 2), (4, 3), (8, 4)])
async def test_how_far_a_user_reads_is_how_far_a_filter_reaches(
    company: Company, world: SimpleNamespace, depth: int, seen: int
) -> None:
    """Ada's own, Ben's in her unit, Cleo's in a unit below, and Dora's beside it."""

    def fill() -> None:
        from serversync.crm.models import BusinessUnit, Contact, RolePrivileges, SystemUser

        root = BusinessUnit.objects.get(parentbusinessunitid=None)
        unit = BusinessUnit.objects.create(name="Sales", parentbusinessunitid=root)
        below = BusinessUnit.objects.create(name="Lisbon", parentbusinessunitid=unit)
        cleo = SystemUser.objects.create_user("cleo", businessunitid=below)
        dora = SystemUser.objects.create_user("dora")
        SystemUser.objects.filter(pk__in=[world.ada.pk, world.ben.pk]).update(businessunitid=unit)
        for owner in (world.ada, world.ben, cleo, dora):
            Contact.objects.create(lastname=str(owner), address1_city="Lisbon", ownerid_id=owner.pk)
        RolePrivileges.objects.filter(roleid__name="Salesperson", privilegename="prvReadContact").update(
            privilegedepthmask=depth
        )

    await begun(company)
    await in_django(fill)
    await edit(LISBON)
    let_in = (await begun(company))[Kind.CONTACT].expression
    count = company.query(
        f"select count(*) from contact r join mailbox m on m.mailboxid = %s where {let_in}", world.mailbox
    )
    assert count == [(seen,)]


async def test_a_user_gets_the_templates_once_and_a_template_changes_nothing_later(company: Company) -> None:
    def templates(*, city: str) -> None:
        SavedQuery.objects.filter(returnedtypecode="contact").update(
            conditions=[{"attribute": "address1_city", "operator": "eq", "value": city}]
        )

    await in_django(templates, city="Lisbon")
    assert "lower('Lisbon')" in (await begun(company))[Kind.CONTACT].expression
    await in_django(templates, city="Porto")
    assert "lower('Lisbon')" in (await begun(company))[Kind.CONTACT].expression
    user = await in_django(lambda: contact_filter().ownerid)
    assert await in_django(syncfilters.reset, [user]) == 11
    assert "lower('Porto')" in (await begun(company))[Kind.CONTACT].expression


async def test_a_preview_counts_what_the_next_pass_then_does(company: Company) -> None:
    await company.add(lastname="Hopper", address1_city="Lisbon")
    await company.add(lastname="Lovelace", address1_city="London")
    await begun(company)
    await company.bring_into_step()
    await company.add(lastname="Curie", address1_city="Lisbon")

    def look() -> filterpreview.Preview:
        row = contact_filter()
        draft = syncfilters.drafted(row, FilterEntries(conditions=[MINE, LISBON]))
        return filterpreview.changed(row.ownerid, draft)

    seen = await in_django(look)
    assert (seen.records, seen.would_begin, seen.would_return, seen.would_leave) == (2, 1, 0, 1)
    assert (seen.leaving, seen.is_deleted) == (("Lovelace",), False)
    assert "nothing is deleted" in seen.sentence
    await edit(MINE, LISBON)
    await begun(company)
    await company.bring_into_step()
    assert await company.outlook(names) == ["Curie", "Hopper", "Lovelace"]
    seen = await in_django(look)
    assert (seen.records, seen.would_begin, seen.would_leave) == (2, 0, 0)

    def back() -> filterpreview.Preview:
        row = contact_filter()
        return filterpreview.changed(row.ownerid, syncfilters.drafted(row, FilterEntries(conditions=[MINE])))

    assert (await in_django(back)).would_return == 1


ROWS: list[dict[str, Any]] = [
    {"lastname": "O'Neill", "address1_city": "100% Lisbon", "statecode": 0, "donotemail": True},
    {"lastname": "Hopper", "address1_city": "Lisbon", "statecode": 1, "birthdate": "1906-12-09"},
    {"lastname": "Curie", "address1_city": None, "statecode": 0, "birthdate": "1867-11-07"},
]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("lastname", Operator.EQ, "o'neill"), ["O'Neill"]),
        (Condition("lastname", Operator.NE, "Hopper"), ["Curie", "O'Neill"]),
        (Condition("address1_city", Operator.NE, "Lisbon"), ["Curie", "O'Neill"]),
        (Condition("address1_city", Operator.IN, ("lisbon", "x")), ["Hopper"]),
        (Condition("address1_city", Operator.NOT_IN, ("lisbon",)), ["Curie", "O'Neill"]),
        (Condition("address1_city", Operator.BEGINS_WITH, "100%"), ["O'Neill"]),
        (Condition("address1_city", Operator.CONTAINS, "LIS"), ["Hopper", "O'Neill"]),
        (Condition("address1_city", Operator.CONTAINS, "{given}"), []),
        (Condition("address1_city", Operator.NULL), ["Curie"]),
        (Condition("address1_city", Operator.NOT_NULL), ["Hopper", "O'Neill"]),
        (Condition("statecode", Operator.EQ, 1), ["Hopper"]),
        (Condition("statecode", Operator.NOT_IN, (1,)), ["Curie", "O'Neill"]),
        (Condition("donotemail", Operator.EQ, True), ["O'Neill"]),
        (Condition("donotemail", Operator.NE, True), ["Curie", "Hopper"]),
        (Condition("birthdate", Operator.LT, "1900-01-01"), ["Curie"]),
        (Condition("birthdate", Operator.GE, "1906-12-09"), ["Hopper"]),
        (Condition("createdon", Operator.GT, "2026-01-01T00:00:00+00:00"), ["Curie", "Hopper", "O'Neill"]),
        (Condition("ownerid", Operator.EQ_USERID), ["Curie", "Hopper", "O'Neill"]),
        (Condition("ownerid", Operator.NE_USERID), []),
    ],
    ids=str,
)
def test_each_comparison_means_in_the_database_what_it_says(
    world: SimpleNamespace, condition: Condition, expected: list[str]
) -> None:
    let_in = act_filters.expression(Kind.CONTACT, [Filter((condition,))])
    with psycopg.connect(world.dsn) as connection:
        for row in ROWS:
            given = {**row, "ownerid": world.ada.pk, "statuscode": row["statecode"] + 1}
            connection.execute(
                f"insert into contact ({', '.join(given)}) values ({', '.join(['%s'] * len(given))})",
                list(given.values()),
            )
        statement = (
            "select r.lastname from contact r join mailbox m on m.mailboxid = %(box)s"
            f" where {let_in} order by 1"
        )
        found = connection.execute(statement.encode(), {"box": world.mailbox}).fetchall()
    assert [name for (name,) in found] == expected


@pytest.mark.parametrize("kind", Kind)
def test_the_default_filters_of_each_kind_are_understood_by_the_database(
    world: SimpleNamespace, kind: Kind
) -> None:
    table = act_tables.TABLES[kind]
    let_in = act_filters.defaults(kind)
    assert let_in.is_confined
    with psycopg.connect(world.dsn) as connection:
        rows = connection.execute(
            f"select 1 from {table.name} r join mailbox m on m.mailboxid = %s where"
            f" {act_tables.begins(kind, let_in.expression)}",
            (world.mailbox,),
        ).fetchall()
    assert rows == []


async def test_the_own_records_of_a_user_are_found_by_an_index(
    company: Company, world: SimpleNamespace, pool: AsyncConnectionPool
) -> None:
    both = [Filter((Condition("ownerid", Operator.EQ_USERID), Condition("statecode", Operator.EQ, 0)))] * 2
    let_in = act_filters.expression(Kind.CONTACT, both)
    async with pool.connection() as connection:
        await connection.execute(
            "insert into contact (contactid, lastname) select gen_random_uuid(), 'L' || n"
            " from generate_series(1, 5000) n"
        )
        await connection.execute("analyze contact")
        cursor = await connection.execute(
            "explain select 1 from contact r join mailbox m on m.mailboxid = %s where"
            f" {act_tables.begins(Kind.CONTACT, let_in)}".encode(),
            (world.mailbox,),
        )
        plan = "\n".join(line for (line,) in await cursor.fetchall())
    assert "Seq Scan on contact" not in plan, plan
