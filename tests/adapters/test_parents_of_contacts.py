"""The parent of a contact, chosen in the CRM or in Outlook, and the company that follows it."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import exchangelib
import pytest
from psycopg_pool import AsyncConnectionPool

from tests.adapters.regarding_property import HARBOUR, WORKS, add_accounts, chosen, known_to_exchangelib
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, the_only
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

PARENT = "parentcustomeridtype, parentcustomerid"


@pytest.fixture(autouse=True)
def regarding() -> Iterator[None]:
    with known_to_exchangelib():
        yield


@pytest.fixture
async def company(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Company:
    await add_accounts(pool, world.ada.pk)
    return Company(place, world, pool, query)


def made(**values: Any) -> Callable[[exchangelib.Account], object]:
    """Grace is made in Outlook."""

    def make(ada: exchangelib.Account) -> object:
        return exchangelib.Contact(
            account=ada,
            folder=ada.contacts,
            display_name="Grace Hopper",
            given_name="Grace",
            surname="Hopper",
            **values,
        ).save()

    return make


async def shown(company: Company) -> tuple[str | None, str | None]:
    """Company and reference as exchangelib reads them."""
    found = await company.outlook(the_only)
    return found.company_name, found.regarding


async def test_the_parent_goes_to_outlook_with_its_name_and_is_taken_away_there(company: Company) -> None:
    key = await company.add(lastname="Hopper", parentcustomerid=HARBOUR, parentcustomeridtype="account")
    await company.bring_into_step()
    assert await shown(company) == ("Harbour", f"account:{HARBOUR}")
    await company.edit(key, parentcustomerid=WORKS)
    await company.bring_into_step()
    assert await shown(company) == ("Works", f"account:{WORKS}")
    async with company.pool.connection() as connection:
        await connection.execute("update contact set parentcustomerid = null, parentcustomeridtype = null")
    await company.bring_into_step()
    assert await shown(company) == (None, None)


async def test_a_parent_chosen_in_outlook_is_the_records_and_the_company_follows_at_once(
    company: Company,
) -> None:
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    await company.outlook(chosen(the_only, f"account:{HARBOUR}"))
    await company.once()
    assert company.rows(PARENT) == [("account", HARBOUR)]
    assert await shown(company) == ("Harbour", f"account:{HARBOUR}")
    await company.outlook(chosen(the_only, f"account:{WORKS}", company_name="Somewhere"))
    await company.bring_into_step()
    assert company.rows(PARENT) == [("account", WORKS)]
    assert await shown(company) == ("Works", f"account:{WORKS}")
    async with company.pool.connection() as connection:
        await connection.execute("update account set name = 'Iron Works' where accountid = %s", (WORKS,))
    await company.bring_into_step()
    assert await shown(company) == ("Iron Works", f"account:{WORKS}")
    await company.outlook(chosen(the_only, None))
    await company.bring_into_step()
    assert company.rows(PARENT) == [(None, None)]
    assert await shown(company) == (None, None)
    assert await company.bring_into_step() == 1


async def test_a_new_contact_of_outlook_has_its_parent_and_the_company_at_once(company: Company) -> None:
    await company.outlook(made(regarding=f"account:{HARBOUR}"))
    await company.once()
    assert company.rows(f"lastname, {PARENT}") == [("Hopper", "account", HARBOUR)]
    assert await shown(company) == ("Harbour", f"account:{HARBOUR}")
    assert await company.bring_into_step() == 1


async def test_a_company_of_ones_own_stays_where_the_parent_is_taken_away(company: Company) -> None:
    await company.add(lastname="Hopper", parentcustomerid=HARBOUR, parentcustomeridtype="account")
    await company.bring_into_step()
    await company.outlook(chosen(the_only, None, company_name="On her own"))
    await company.bring_into_step()
    assert company.rows(PARENT) == [(None, None)]
    assert await shown(company) == ("On her own", None)


async def test_the_parent_can_be_a_contact_but_neither_a_lead_nor_the_contact_itself(
    company: Company,
) -> None:
    boss = uuid4()
    key = await company.add(lastname="Hopper")
    async with company.pool.connection() as connection:
        await connection.execute(
            "insert into contact (contactid, lastname, fullname) values (%s, 'Zuse', 'Konrad Zuse')", (boss,)
        )
    await company.bring_into_step()
    await company.outlook(chosen(the_only, f"contact:{boss}"))
    await company.bring_into_step()
    assert company.rows(PARENT)[0] == ("contact", boss)
    assert await shown(company) == ("Konrad Zuse", f"contact:{boss}")
    for value in (f"contact:{key}", f"lead:{boss}"):
        await company.outlook(chosen(the_only, value))
        await company.bring_into_step()
        assert company.rows(PARENT)[0] == ("contact", boss)
        ((error,),) = company.query(
            "select lastsyncerror from exchangesyncidmapping where objectid = %s", key
        )
        assert error.startswith("act.regarding-not-synchronized: ")


async def test_accounts_that_are_merged_take_their_contacts_along(company: Company) -> None:
    await company.add(lastname="Hopper", parentcustomerid=HARBOUR, parentcustomeridtype="account")
    await company.bring_into_step()
    async with company.pool.connection() as connection, connection.transaction():
        await connection.execute("update contact set parentcustomerid = %s", (WORKS,))
        await connection.execute(
            "update account set statecode = 1, statuscode = 2 where accountid = %s", (HARBOUR,)
        )
    await company.bring_into_step()
    assert await shown(company) == ("Works", f"account:{WORKS}")
