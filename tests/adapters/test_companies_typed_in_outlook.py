"""A company that is typed in Outlook chooses the parent of a contact where a setting says so, or is left alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_leases import ActLeasesOnPostgres, claim_one
from serversync.administration import companies, organization
from serversync.administration.filters import options_of
from serversync.rules.record import Direction, Kind
from tests.adapters.regarding_property import HARBOUR, WORKS, add_accounts, chosen, known_to_exchangelib
from tests.adapters.test_act_filters import in_django
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, the_only
from tests.adapters.test_parents_of_contacts import PARENT, made, shown
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.fixture(autouse=True)
def regarding() -> Iterator[None]:
    with known_to_exchangelib():
        yield


@pytest.fixture
async def company(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Company:
    await add_accounts(pool, world.ada.pk)
    made = Company(place, world, pool, query)
    made.run = replace(made.run, takes_companies=True)
    return made


def typed(text: str | None) -> Any:
    """Somebody types a company for the only contact."""

    def act(ada: Any) -> None:
        mine = the_only(ada)
        mine.company_name = text
        mine.save(update_fields=["company_name"])

    return act


async def take_up(company: Company) -> None:
    """Pass from now on by what a worker takes up for the mailbox: the settings and the options of its user."""
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
    rules = {Kind.CONTACT: claim.run.rules[Kind.CONTACT]}
    company.run = replace(claim.run, rules=rules, may_write=True)


async def test_the_one_account_of_the_name_becomes_the_parent_and_gives_its_spelling(
    company: Company,
) -> None:
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    await company.outlook(typed("HARBOUR"))
    (action,) = (await company.once()).plan.actions
    assert "the account 'Harbour' becomes its parent" in action.line()
    assert company.rows(PARENT) == [("account", HARBOUR)]
    assert await shown(company) == ("Harbour", f"account:{HARBOUR}")
    await company.outlook(typed("Works"))
    await company.bring_into_step()
    assert company.rows(PARENT) == [("account", WORKS)]
    assert await shown(company) == ("Works", f"account:{WORKS}")
    assert await company.bring_into_step() == 1


async def test_a_new_contact_of_outlook_gets_the_account_of_its_company(company: Company) -> None:
    await company.outlook(made(company_name="harbour"))
    await company.once()
    assert company.rows(PARENT) == [("account", HARBOUR)]
    assert await shown(company) == ("Harbour", f"account:{HARBOUR}")
    assert await company.bring_into_step() == 1


@pytest.mark.parametrize(
    ("text", "count"), [("Elsewhere", "no active account"), ("Works", "more than one active account")]
)
async def test_a_company_of_no_account_or_of_several_is_left_alone_and_the_plan_says_so(
    company: Company, text: str, count: str
) -> None:
    async with company.pool.connection() as connection:
        await connection.execute("insert into account (accountid, name) values (%s, 'works')", (uuid4(),))
    await company.add(lastname="Hopper", parentcustomerid=HARBOUR, parentcustomeridtype="account")
    await company.bring_into_step()
    await company.outlook(typed(text))
    lines = (await company.once()).plan.lines()
    said = f"the parent stays: {count} that the user may read is called '{text}'"
    assert lines == ["nothing to do", f"nothing: contact 'Hopper' (edited in Exchange; {said})"]
    await company.bring_into_step()
    assert company.rows(PARENT) == [("account", HARBOUR)]
    assert await shown(company) == (text, f"account:{HARBOUR}")


async def test_inactive_accounts_and_those_that_one_may_not_read_have_no_name(
    company: Company, world: SimpleNamespace
) -> None:
    async with company.pool.connection() as connection:
        await connection.execute(
            "update account set statecode = 1, statuscode = 2 where accountid = %s", (HARBOUR,)
        )
        await connection.execute(
            "update account set ownerid = %s where accountid = %s", (world.ben.pk, WORKS)
        )
        await connection.execute(
            "update roleprivileges set privilegedepthmask = 1 where privilegename = 'prvReadAccount'"
        )
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    for text in ("Harbour", "Works"):
        await company.outlook(typed(text))
        await company.bring_into_step()
        assert company.rows(PARENT) == [(None, None)]
        assert await shown(company) == (text, None)


async def test_a_parent_that_is_chosen_comes_before_a_company_that_is_typed(company: Company) -> None:
    key = await company.add(lastname="Hopper")
    await company.bring_into_step()
    await company.outlook(chosen(the_only, f"account:{HARBOUR}", company_name="Works"))
    await company.bring_into_step()
    assert await shown(company) == ("Harbour", f"account:{HARBOUR}")
    await company.outlook(typed("Harbour ltd"))
    await company.edit(key, parentcustomerid=WORKS)
    await company.bring_into_step()
    assert company.rows(PARENT) == [("account", WORKS)]
    assert await shown(company) == ("Works", f"account:{WORKS}")


async def test_taking_the_company_away_takes_no_parent_away(company: Company) -> None:
    await company.add(lastname="Hopper", parentcustomerid=HARBOUR, parentcustomeridtype="account")
    await company.bring_into_step()
    await company.outlook(typed(None))
    await company.bring_into_step()
    assert company.rows(PARENT) == [("account", HARBOUR)]


async def test_without_the_setting_a_company_is_a_text(company: Company) -> None:
    company.run = replace(company.run, takes_companies=False)
    await company.outlook(made(company_name="Harbour"))
    await company.bring_into_step()
    assert company.rows(f"lastname, {PARENT}") == [("Hopper", None, None)]
    assert await shown(company) == ("Harbour", None)


async def test_the_setting_and_the_option_of_the_user_are_taken_up(
    company: Company, world: SimpleNamespace
) -> None:
    await take_up(company)
    assert not company.run.takes_companies
    assert company.run.rules[Kind.CONTACT].effective["parentcustomerid"] is Direction.TO_EXCHANGE
    await in_django(organization.change, "companynamechoosesparent", "true")
    await take_up(company)
    assert company.run.takes_companies
    await in_django(companies.choose, world.ada, are_updated=False)
    assert not (await in_django(options_of, world.ada)).synccontactcompany
    await take_up(company)
    assert not company.run.takes_companies
    assert "parentcustomerid" not in company.run.rules[Kind.CONTACT].effective


async def test_companies_that_are_left_alone_stay_and_the_parent_goes_both_ways(
    company: Company, world: SimpleNamespace
) -> None:
    await in_django(companies.choose, world.ada, are_updated=False)
    await take_up(company)
    key = await company.add(lastname="Hopper", parentcustomerid=HARBOUR, parentcustomeridtype="account")
    await company.bring_into_step()
    assert await shown(company) == (None, f"account:{HARBOUR}")
    await company.outlook(typed("My own word for it"))
    await company.edit(key, parentcustomerid=WORKS)
    await company.bring_into_step()
    assert await shown(company) == ("My own word for it", f"account:{WORKS}")
    await company.outlook(chosen(the_only, f"account:{HARBOUR}"))
    await company.bring_into_step()
    assert company.rows(PARENT) == [("account", HARBOUR)]
    assert await shown(company) == ("My own word for it", f"account:{HARBOUR}")
