"""What tasks are about goes both ways; exchangelib chooses it and reads it."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.administration import unsynchronized
from serversync.engine.act_ports import ActRun
from serversync.rules.merge import Preference
from serversync.rules.record import Kind, Side
from tests.adapters.regarding_property import HARBOUR, WORKS, add_accounts, chosen, known_to_exchangelib
from tests.adapters.test_act_filters import in_django
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_tasks import Office, edited, outlook_task, the_task
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

ABOUT = "regardingobjecttypecode, regardingobjectid"


class Counting(ActStoreOnPostgres):
    """Counts how often it is asked for names."""

    asked = 0

    async def names_of(self, run: ActRun, references: Any) -> dict[str, str]:
        self.asked += 1
        return await super().names_of(run, references)


@pytest.fixture(autouse=True)
def regarding() -> Iterator[None]:
    with known_to_exchangelib():
        yield


@pytest.fixture
async def office(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Office:
    await add_accounts(pool, world.ada.pk)
    made = Office(place, world, pool, query)
    made.store = Counting(pool)
    return made


async def about_harbour(office: Office) -> UUID:
    """A task that is about Harbour on both sides."""
    key = await office.put(subject="Tea", regardingobjectid=HARBOUR, regardingobjecttypecode="account")
    await office.bring_into_step()
    assert (await office.outlook(the_task)).regarding == f"account:{HARBOUR}"
    return key


def listed(office: Office) -> list[str]:
    """What the list of items not synchronized says of the mailbox."""
    rows = office.query("select lastsyncerror from exchangesyncidmapping where lastsyncerror is not null")
    return [error for (error,) in rows]


async def test_what_a_task_is_about_goes_to_exchange_and_is_taken_away_there(office: Office) -> None:
    await about_harbour(office)
    await office.change("regardingobjectid = null, regardingobjecttypecode = null")
    await office.bring_into_step()
    assert (await office.outlook(the_task)).regarding is None


async def test_what_a_task_is_about_comes_from_exchange_and_goes_again(office: Office) -> None:
    await office.outlook(outlook_task(regarding=f" Account:{{{str(HARBOUR).upper()}}}"))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [("account", HARBOUR)]
    await office.outlook(chosen(the_task, f"account:{WORKS}"))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [("account", WORKS)]
    await office.outlook(chosen(the_task, None))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [(None, None)]


async def test_an_empty_text_is_none_as_well(office: Office) -> None:
    await about_harbour(office)
    await office.outlook(chosen(the_task, "  "))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [(None, None)]


@pytest.mark.parametrize("table", ["contact", "lead"])
async def test_a_task_can_be_about_a_contact_or_a_lead(office: Office, table: str) -> None:
    key = uuid4()
    async with office.pool.connection() as connection:
        await connection.execute(f"insert into {table} ({table}id, lastname) values (%s, 'Hopper')", (key,))
    await office.outlook(outlook_task(regarding=f"{table}:{key}"))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [(table, key)]
    assert not listed(office)


async def test_nothing_is_asked_and_nothing_more_written_where_nothing_is_newly_said(office: Office) -> None:
    await about_harbour(office)
    await office.put(subject="Walk")
    await office.bring_into_step()
    await office.change("subject = 'Coffee' where subject = 'Tea'")
    await office.bring_into_step()
    assert isinstance(office.store, Counting)
    assert office.store.asked == 0
    walk = await office.outlook(lambda ada: next(each for each in ada.tasks.all() if each.subject == "Walk"))
    assert walk.regarding is None


async def test_all_of_a_batch_are_asked_for_at_once(office: Office) -> None:
    for number, account in enumerate((HARBOUR, WORKS, HARBOUR)):
        await office.outlook(outlook_task(subject=f"{number}", regarding=f"account:{account}"))
    await office.bring_into_step()
    assert office.tasks("regardingobjectid") == [(HARBOUR,), (WORKS,), (HARBOUR,)]
    assert isinstance(office.store, Counting)
    assert office.store.asked == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("Harbour", "it has to be the name of a table, a colon and an id"),
        ("account:7", "it has to be the name of a table, a colon and an id"),
        (f"organization:{HARBOUR}", "the table has to be one of account, contact, lead"),
        (f"account:{UUID(int=8)}", "there is no such record that the user of the mailbox may read"),
        (f"contact:{HARBOUR}", "there is no such record that the user of the mailbox may read"),
    ],
)
async def test_what_leads_nowhere_is_set_aside_and_the_rest_goes_on(
    office: Office, world: SimpleNamespace, value: str, reason: str
) -> None:
    await about_harbour(office)
    await office.outlook(chosen(the_task, value, subject="Coffee"))
    await office.bring_into_step()
    assert office.tasks(f"subject, {ABOUT}") == [("Coffee", "account", HARBOUR)]
    assert (await office.outlook(the_task)).regarding == value
    (error,) = listed(office)
    assert error.startswith("act.regarding-not-synchronized: ")
    assert value in error
    assert reason in error
    (shown,) = await in_django(lambda: unsynchronized.find_all(world.ada.defaultmailbox))
    assert reason in str(shown)
    await office.change("regardingobjectid = %s", WORKS)
    await office.bring_into_step()
    assert (await office.outlook(the_task)).regarding == value, "nothing is overwritten silently"
    await office.outlook(chosen(the_task, f"account:{HARBOUR}"))
    await office.bring_into_step()
    assert not listed(office)
    assert (await office.outlook(the_task)).regarding == f"account:{WORKS}"


async def test_what_the_user_may_not_read_cannot_be_chosen(office: Office, world: SimpleNamespace) -> None:
    async with office.pool.connection() as connection:
        await connection.execute(
            "update roleprivileges p set privilegedepthmask = 1 from role r where r.roleid = p.roleid"
            " and r.name = 'Salesperson' and p.privilegename = 'prvReadAccount'"
        )
        await connection.execute(
            "update account set ownerid = %s where accountid = %s", (world.ben.pk, WORKS)
        )
    await office.outlook(outlook_task(regarding=f"account:{WORKS}"))
    await office.bring_into_step()
    assert office.tasks(f"subject, {ABOUT}") == [("Tea", None, None)]
    assert len(listed(office)) == 1
    await office.outlook(chosen(the_task, f"account:{HARBOUR}"))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [("account", HARBOUR)]
    assert not listed(office)


@pytest.mark.parametrize(("depth", "reached"), [(1, "a"), (2, "ab"), (4, "abc"), (8, "abcd"), (None, "")])
async def test_how_far_a_user_reads_is_how_far_one_can_choose(
    office: Office, world: SimpleNamespace, depth: int | None, reached: str
) -> None:
    """Ada's own, Ben's in her unit, Cleo's in a unit below, and Dora's beside it."""

    def fill() -> dict[str, UUID]:
        from serversync.crm.models import Account, BusinessUnit, RolePrivileges, SystemUser

        root = BusinessUnit.objects.get(parentbusinessunitid=None)
        unit = BusinessUnit.objects.create(name="Sales", parentbusinessunitid=root)
        below = BusinessUnit.objects.create(name="Lisbon", parentbusinessunitid=unit)
        cleo = SystemUser.objects.create_user("cleo", businessunitid=below)
        dora = SystemUser.objects.create_user("dora")
        SystemUser.objects.filter(pk__in=[world.ada.pk, world.ben.pk]).update(businessunitid=unit)
        owners = {"a": world.ada, "b": world.ben, "c": cleo, "d": dora}
        keys: dict[str, UUID] = {
            word: Account.objects.create(name=word, ownerid=owner).pk for word, owner in owners.items()
        }
        rows = RolePrivileges.objects.filter(roleid__name="Salesperson", privilegename="prvReadAccount")
        if depth is None:
            rows.delete()
        else:
            rows.update(privilegedepthmask=depth)
        return keys

    keys = await in_django(fill)
    references = {f"account:{key}": word for word, key in keys.items()}
    names = await office.store.names_of(office.run, list(references))
    assert names == {each: word for each, word in references.items() if word in reached}


async def test_where_both_sides_choose_the_rule_decides_and_the_other_choice_is_shown(office: Office) -> None:
    third = uuid4()
    async with office.pool.connection() as connection:
        await connection.execute("insert into account (accountid, name) values (%s, 'Third')", (third,))
    key = await about_harbour(office)
    await office.change("regardingobjectid = %s", WORKS)
    await office.outlook(chosen(the_task, f"account:{third}"))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [("account", WORKS)]
    assert (await office.outlook(the_task)).regarding == f"account:{WORKS}"
    (link,) = (await office.store.links(office.run, [key])).values()
    assert [(each.name, each.lost, each.winner) for each in link.conflicts] == [
        ("regardingobjectid", f"account:{third}", Side.CRM)
    ]
    prefers = replace(office.run.rules[Kind.TASK], preference=Preference.EXCHANGE)
    office.run = replace(office.run, rules={Kind.TASK: prefers})
    await office.change("regardingobjectid = %s", HARBOUR)
    await office.outlook(chosen(the_task, None))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [(None, None)]


async def test_a_client_that_drops_all_that_it_does_not_know_has_said_nothing(office: Office) -> None:
    await about_harbour(office)
    await office.outlook(chosen(the_task, None, stamp=None, subject="Coffee"))
    await office.bring_into_step()
    assert office.tasks(f"subject, {ABOUT}") == [("Coffee", "account", HARBOUR)]
    found = await office.outlook(the_task)
    assert (found.regarding, bool(found.stamp)) == (f"account:{HARBOUR}", True)


async def forget_in_base(office: Office) -> None:
    """The pairs are of a time when nobody asked what they are about."""
    async with office.pool.connection() as connection:
        await connection.execute(
            "update exchangesyncidmapping"
            " set base = base #- '{crm,regardingobjectid}' #- '{exchange,regardingobjectid}'"
        )


async def test_pairs_of_before_are_not_written_for_that_alone(office: Office) -> None:
    await about_harbour(office)
    await forget_in_base(office)
    assert (await office.once()).plan.lines() == ["nothing to do"]


async def test_an_item_that_never_said_what_it_is_about_gets_it_with_its_next_change(office: Office) -> None:
    await about_harbour(office)
    await forget_in_base(office)
    await office.outlook(chosen(the_task, None, subject="Coffee"))
    await office.bring_into_step()
    assert office.tasks(f"subject, {ABOUT}") == [("Coffee", "account", HARBOUR)]
    assert (await office.outlook(the_task)).regarding == f"account:{HARBOUR}"


async def test_a_record_that_was_deleted_stays_named_until_somebody_chooses_anew(office: Office) -> None:
    await about_harbour(office)
    async with office.pool.connection() as connection:
        await connection.execute("delete from account where accountid = %s", (HARBOUR,))
    await office.outlook(edited(subject="Coffee"))
    await office.bring_into_step()
    assert office.tasks(f"subject, {ABOUT}") == [("Coffee", "account", HARBOUR)]
    assert not listed(office)
    await office.outlook(chosen(the_task, f"account:{WORKS}"))
    await office.bring_into_step()
    await office.outlook(chosen(the_task, f"account:{HARBOUR}"))
    await office.bring_into_step()
    assert office.tasks(ABOUT) == [("account", WORKS)]
    assert len(listed(office)) == 1


async def test_accounts_that_are_merged_are_followed(office: Office) -> None:
    await about_harbour(office)
    async with office.pool.connection() as connection:
        await connection.execute(
            "update account set statecode = 1, statuscode = 2 where accountid = %s", (HARBOUR,)
        )
    await office.change("regardingobjectid = %s where regardingobjectid = %s", WORKS, HARBOUR)
    await office.bring_into_step()
    assert (await office.outlook(the_task)).regarding == f"account:{WORKS}"
    assert office.tasks(ABOUT) == [("account", WORKS)]


async def test_a_new_task_goes_on_without_what_cannot_be_used(office: Office) -> None:
    await office.outlook(outlook_task(regarding="the harbour"))
    await office.bring_into_step()
    assert office.tasks(f"subject, {ABOUT}") == [("Tea", None, None)]
    assert len(listed(office)) == 1


async def test_of_what_nobody_tracks_nothing_is_said(office: Office) -> None:
    await office.outlook(outlook_task(categories=None, regarding="the harbour"))
    one = await office.once()
    assert one.result.failed == 0
    assert office.tasks("1") == []


async def test_a_trial_says_which_record_it_would_be_about(office: Office) -> None:
    await about_harbour(office)
    await office.outlook(chosen(the_task, f"account:{WORKS}"))
    office.run = replace(office.run, may_write=False)
    (line,) = (await office.once()).plan.lines()[1:]
    assert f"CRM gets regardingobjectid = 'account:{WORKS}'" in line
