"""Files of appointments: nobody hears of them, those of private ones stay in Exchange, and sub-folders have theirs."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import exchangelib
import pytest
from exchangelib import FileAttachment
from psycopg_pool import AsyncConnectionPool

from tests.adapters.file_company import AGENDA, PLAN, Office, opened
from tests.adapters.meeting_company import ADA, GRACE, REQUIRED
from tests.adapters.test_calendar_subfolders import folder, move
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.fixture
def office(
    world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    with opened(Office, world, pool, query, serve, monkeypatch) as made:
        yield made


async def test_nobody_hears_of_a_file(office: Office) -> None:
    key = await office.add(ADA, people={GRACE: REQUIRED})
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    assert office.mail_to_grace() == ["REQUEST: Kick-off"]
    await office.put(key, "agenda.txt", AGENDA)
    await office.ends()
    await office.drop("plan.txt")
    await office.ends()
    await office.both_have(agenda=AGENDA)
    assert office.mail_to_grace() == ["REQUEST: Kick-off"]


async def test_files_of_a_private_appointment_stay_in_exchange(office: Office) -> None:
    await office.meet(ADA, sensitivity="Private")
    await office.attach("plan.txt", PLAN)
    await office.ends()
    assert office.in_crm() == {}
    assert office.query("select count(*) from attachment") == [(0,)]
    assert await office.in_exchange() == {"plan.txt": PLAN}


async def test_one_that_becomes_private_keeps_in_the_crm_what_was_there(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("plan.txt", PLAN)
    await office.ends()
    await office.change(sensitivity="Private")
    await office.ends()
    await office.both_have(plan=PLAN)


async def test_an_appointment_in_a_sub_folder_of_the_calendar_has_its_files_there(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    travel = await folder(office)
    await move(office, travel)

    def add_the_agenda(_ada: exchangelib.Account) -> None:
        (item,) = travel.all()
        item.attach(FileAttachment(name="agenda.txt", content=AGENDA))

    await office.outlook(ADA, add_the_agenda)
    await office.ends()
    assert office.in_crm() == {"plan.txt": PLAN, "agenda.txt": AGENDA}
    await office.drop("plan.txt")
    await office.ends()
    left = await office.outlook(
        ADA, lambda _: [(a.name, a.content) for i in travel.all() for a in i.attachments]
    )
    assert (left, office.in_crm()) == ([("agenda.txt", AGENDA)], {"agenda.txt": AGENDA})
    assert office.alerts.errors == []
    assert office.rows("activityid") == [(key,)]
