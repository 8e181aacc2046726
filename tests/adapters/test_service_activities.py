"""Service activities go to the calendar of everybody who has them, as a copy each; nobody is ever told."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import exchangelib
import pytest
from psycopg_pool import AsyncConnectionPool

from tests.adapters.meeting_company import ADA, BEN, CLEO, DAY, GRACE, HOUR, next_week
from tests.adapters.service_company import CUSTOMER, RESOURCE, ServiceCompany, whole_day
from tests.adapters.test_meetings import opened_company
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.fixture
def company(
    world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServiceCompany]:
    with opened_company(ServiceCompany, world, pool, query, serve, monkeypatch) as made:
        yield made


async def test_the_owner_and_each_resource_have_a_copy_of_their_own_and_nobody_is_told(
    company: ServiceCompany,
) -> None:
    await company.offer(ADA, people={BEN: RESOURCE, GRACE: CUSTOMER}, location="Cellar")
    await company.settle()
    copies = [await company.the_only(address) for address in (ADA, BEN)]
    for address, item in zip((ADA, BEN), copies, strict=True):
        assert (item.subject, item.location, item.start) == ("Boiler", "Cellar", next_week())
        assert item.end == next_week() + HOUR
        assert (item.required_attendees, item.optional_attendees, item.resources) == (None, None, None)
        assert (item.is_meeting, item.meeting_request_was_sent, item.type) == (False, False, "Single")
        assert item.organizer.email_address == address
        assert "Tracked to Dynamics 365" in item.categories
    assert copies[0].uid != copies[1].uid
    assert await company.calendar(CLEO) == []
    assert company.links() == [(2, 1)]
    assert company.rows("subject") == []
    assert await company.is_silent()
    assert await company.settle() == 1


STATES = [
    (0, 1, "Free"),
    (0, 2, "Tentative"),
    (3, 3, "Busy"),
    (3, 4, "Busy"),
    (3, 6, "Busy"),
    (3, 7, "Busy"),
]


async def test_every_state_shows_in_the_calendar_and_what_is_over_as_free(company: ServiceCompany) -> None:
    keys = {
        status: await company.offer(ADA, subject=str(status), statecode=state, statuscode=status)
        for state, status, _ in STATES
    }
    await company.settle(ADA)
    items = {item.subject: item for item in await company.calendar(ADA)}
    assert {subject: item.legacy_free_busy_status for subject, item in items.items()} == {
        str(status): shown for _, status, shown in STATES
    }
    assert {subject for subject, item in items.items() if item.reminder_is_set} == {"2", "3", "4", "6", "7"}
    for status, (state, after) in {2: (1, 8), 3: (2, 9), 4: (2, 10), 1: (3, 7), 6: (0, 2)}.items():
        await company.change(keys[status], statecode=state, statuscode=after)
    await company.settle(ADA)
    assert {item.subject: item.legacy_free_busy_status for item in await company.calendar(ADA)} == {
        "1": "Busy",
        "2": "Free",
        "3": "Free",
        "4": "Free",
        "6": "Tentative",
        "7": "Busy",
    }
    assert await company.is_silent()


async def test_every_row_of_the_map_goes_to_exchange_and_its_changes_too(company: ServiceCompany) -> None:
    await company.tell("insert into account (name, accountid) values ('Contoso', gen_random_uuid())")
    ((account,),) = company.query("select accountid from account")
    key = await company.offer(
        ADA,
        description="Bring a ladder.",
        location="Cellar",
        prioritycode=2,
        regardingobjectid=account,
        regardingobjecttypecode="account",
        people={BEN: RESOURCE, GRACE: CUSTOMER, "van@example.com": RESOURCE},
    )
    await company.settle()
    for address in (ADA, BEN):
        item = await company.the_only(address)
        assert item.text_body.splitlines()[:5] == [
            "Customers: Grace Hopper <grace@example.com>",
            "Resources: Ben <ben@example.org>; van@example.com",
            "Regarding: Contoso",
            "",
            "Bring a ladder.",
        ]
        assert (item.importance, item.location, item.subject) == ("High", "Cellar", "Boiler")
        assert item.organizer.email_address == address
    later = next_week() + DAY
    await company.change(
        key,
        subject="Heating",
        scheduledstart=later,
        scheduledend=later + 2 * HOUR,
        location=None,
        description=None,
        prioritycode=0,
        regardingobjectid=None,
        regardingobjecttypecode=None,
    )
    await company.tell("delete from activityparty where participationtypemask = 11")
    await company.settle()
    for address in (ADA, BEN):
        item = await company.the_only(address)
        assert (item.subject, item.location, item.importance) == ("Heating", None, "Low")
        assert (item.start, item.end) == (later, later + 2 * HOUR)
        assert item.text_body.strip() == "Resources: Ben <ben@example.org>; van@example.com"
    assert await company.is_silent()
    assert await company.settle() == 1


async def test_whole_days_stay_the_days_that_they_are(company: ServiceCompany) -> None:
    first = next_week().date()
    await company.offer(
        ADA,
        start=whole_day(first),
        end=whole_day(first + 2 * DAY),
        isalldayevent=True,
        statecode=0,
        statuscode=1,
    )
    await company.settle(ADA)
    item = await company.the_only(ADA)
    assert (item.is_all_day, item.start, item.end) == (
        True,
        exchangelib.EWSDate.from_date(first),
        exchangelib.EWSDate.from_date(first + DAY),
    )
    assert await company.settle() == 1
