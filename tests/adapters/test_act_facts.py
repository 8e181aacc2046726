"""What items say of their records to whoever reads them in Outlook; exchangelib reads it."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import exchangelib
import pytest
from exchangelib import ExtendedProperty
from psycopg_pool import AsyncConnectionPool

from serversync.mapping.fields import PROPERTY_SET
from tests.adapters.meeting_company import ADA, BEN, REQUIRED, MeetingCompany
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import Company, grace, the_only
from tests.adapters.test_act_tasks import Office, outlook_task, the_task
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

HARBOUR = UUID("22222222-3333-4444-8555-666666666666")


class FactsProperty(ExtendedProperty):
    """The text as Outlook's object model and every EWS client can read it."""

    property_set_id = PROPERTY_SET
    property_name = "Facts"
    property_type = "String"


KINDS = (exchangelib.Contact, exchangelib.Task, exchangelib.CalendarItem)


@pytest.fixture(autouse=True)
def facts() -> Iterator[None]:
    for kind in KINDS:
        kind.register("facts", FactsProperty)
    yield
    for kind in KINDS:
        kind.deregister("facts")


@pytest.fixture
def office(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> Office:
    return Office(place, world, pool, query)


@pytest.fixture
async def harbour(pool: AsyncConnectionPool) -> UUID:
    async with pool.connection() as connection:
        await connection.execute("insert into account (accountid, name) values (%s, 'Harbour')", (HARBOUR,))
    return HARBOUR


def said(item: Any) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in item.facts.splitlines())


async def test_a_task_of_the_crm_says_whose_it_is_and_what_it_is_about(
    office: Office, harbour: UUID, world: SimpleNamespace
) -> None:
    key = await office.put(subject="Tea", regardingobjectid=harbour, regardingobjecttypecode="account")
    await office.bring_into_step()
    found = said(await office.outlook(the_task))
    since = found.pop("Tracked since")
    assert found == {
        "Record": f"task {key}",
        "Owner": world.ada.fullname,
        "Regarding": f"account {harbour} (Harbour)",
        "Tracked by": world.ada.fullname,
        "Organization": "serversync",
    }
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", since)


async def test_a_task_that_was_tracked_in_outlook_says_so_with_its_stamp(office: Office) -> None:
    await office.outlook(outlook_task())
    await office.bring_into_step()
    ((key,),) = office.tasks("activityid")
    assert said(await office.outlook(the_task))["Record"] == f"task {key}"


async def test_facts_alone_change_no_item_and_the_next_write_brings_them(
    office: Office, harbour: UUID
) -> None:
    await office.put(subject="Tea")
    await office.bring_into_step()
    before = await office.outlook(the_task)
    async with office.pool.connection() as connection:
        await connection.execute("update organization set name = 'Works'")
    await office.change("ownerid = ownerid")
    await office.bring_into_step()
    after = await office.outlook(the_task)
    assert (after.changekey, said(after)["Organization"]) == (before.changekey, "serversync")
    await office.change("subject = 'Coffee'")
    await office.bring_into_step()
    after = await office.outlook(the_task)
    assert (after.subject, said(after)["Organization"]) == ("Coffee", "Works")
    assert said(after)["Tracked since"] == said(before)["Tracked since"]


async def test_what_somebody_writes_into_the_facts_changes_nothing_in_the_crm(office: Office) -> None:
    await office.put(subject="Tea")
    await office.bring_into_step()
    before = office.tasks("xmin::text, subject, ownerid, regardingobjectid")

    def edit(ada: exchangelib.Account) -> None:
        mine = the_task(ada)
        mine.facts = "Owner: Ben"
        mine.save(update_fields=["facts"])

    await office.outlook(edit)
    await office.bring_into_step()
    assert office.tasks("xmin::text, subject, ownerid, regardingobjectid") == before


async def test_a_contact_says_whose_it_is_and_which_company_is_its_parent(
    place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, harbour: UUID
) -> None:
    one = Company(place, world, pool, query)
    await one.add(lastname="Hopper", parentcustomerid=harbour, parentcustomeridtype="account")
    await one.bring_into_step()
    assert said(await one.outlook(the_only))["Regarding"] == f"account {harbour} (Harbour)"


async def test_a_contact_of_outlook_is_stamped_and_says_its_record_at_once(
    place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any
) -> None:
    one = Company(place, world, pool, query)
    await one.outlook(grace)
    await one.bring_into_step()
    ((key,),) = one.rows("contactid")
    assert said(await one.outlook(the_only))["Record"] == f"contact {key}"


async def test_a_meeting_names_what_it_is_about_only_where_nobody_else_takes_part(
    company: MeetingCompany, harbour: UUID
) -> None:
    about = {"regardingobjectid": harbour, "regardingobjecttypecode": "account"}
    await company.add(ADA, **about)
    await company.settle()
    assert said(await company.the_only(ADA))["Regarding"] == f"account {harbour} (Harbour)"
    await company.add(BEN, people={ADA: REQUIRED}, subject="Review", **about)
    await company.settle()
    (item,) = [each for each in await company.calendar(BEN) if each.subject == "Review"]
    assert said(item)["Regarding"] == f"account {harbour}"
