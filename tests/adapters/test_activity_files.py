"""Files of appointments and tasks go both ways: exchangelib attaches, reads and removes them; each side's own stay side by side."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import exchangelib
import pytest
from exchangelib import FileAttachment, ItemAttachment
from psycopg_pool import AsyncConnectionPool

from serversync.core import faults
from serversync.core.errors import ConnectionLost
from serversync.mapping.fields import directions
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction
from serversync.simulator.faults import Fault
from tests.adapters.file_company import AGENDA, LARGEST, PLAN, Office, TaskOffice, opened
from tests.adapters.meeting_company import ADA
from tests.adapters.test_act_store import Killed, kill
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.fixture(params=[Office, TaskOffice], ids=["appointment", "task"])
def office(
    request: pytest.FixtureRequest,
    world: SimpleNamespace,
    pool: AsyncConnectionPool,
    query: Any,
    serve: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    with opened(request.param, world, pool, query, serve, monkeypatch) as made:
        yield made


async def test_a_file_goes_either_way_and_goes_away_either_way(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.both_have(plan=PLAN)
    await office.attach("agenda.txt", AGENDA)
    await office.ends()
    await office.both_have(plan=PLAN, agenda=AGENDA)
    await office.detach("plan.txt")
    await office.ends()
    await office.both_have(agenda=AGENDA)
    await office.drop("agenda.txt")
    await office.ends()
    await office.both_have()


async def test_what_is_tracked_brings_its_files(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("plan.txt", PLAN)
    await office.ends()
    await office.both_have(plan=PLAN)


async def test_what_both_sides_attach_is_on_both_sides_and_no_conflict(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "same.txt", PLAN)
    await office.ends()
    await office.put(key, "ours.txt", PLAN)
    await office.attach("theirs.txt", AGENDA)
    await office.ends()
    await office.both_have(same=PLAN, ours=PLAN, theirs=AGENDA)
    assert office.query("select conflicts from exchangesyncidmapping") == [([],)]


async def test_a_file_that_is_replaced_under_its_name_is_the_new_one_on_both_sides(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.drop("plan.txt")
    await office.put(key, "plan.txt", b"a better plan")
    await office.ends()
    await office.both_have(plan=b"a better plan")
    await office.detach("plan.txt")
    await office.attach("plan.txt", b"the best plan")
    await office.ends()
    await office.both_have(plan=b"the best plan")


async def test_what_stays_is_neither_fetched_nor_attached_again(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.attach("agenda.txt", AGENDA)
    await office.ends()
    before = office.asked["download"], office.asked["upload"]
    assert before == (1, 1)
    await office.edit(key, subject="Kick-off, again")
    await office.ends()
    await office.change(importance="High")
    await office.ends()
    assert office.rows("subject, prioritycode") == [("Kick-off, again", 2)]
    assert (office.asked["download"], office.asked["upload"]) == before


async def test_without_the_setting_nothing_is_looked_at_and_files_stay_where_they_are(office: Office) -> None:
    office.rules = {office.kind: KindRules(directions(office.kind))}
    key = await office.add(ADA)
    await office.put(key, "ours.txt", PLAN)
    await office.ends()
    await office.attach("theirs.txt", AGENDA)
    await office.ends()
    assert office.in_crm() == {"ours.txt": PLAN}
    assert await office.in_exchange() == {"theirs.txt": AGENDA}


async def test_pictures_of_the_body_and_attached_items_are_left_alone(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()

    def more(ada: exchangelib.Account) -> None:
        item = office.the_item(ada)
        item.attach(FileAttachment(name="logo.png", content=b"logo", is_inline=True, content_id="logo"))
        item.attach(ItemAttachment(name="mail", item=exchangelib.Message(subject="mail", body="x")))

    await office.outlook(ADA, more)
    await office.drop("plan.txt")
    await office.ends()
    assert office.in_crm() == {}
    assert await office.outlook(
        ADA, lambda ada: sorted(a.name for a in office.the_item(ada).attachments)
    ) == [
        "logo.png",
        "mail",
    ]


async def test_what_is_too_large_or_blocked_is_set_aside_and_the_rest_goes_on(office: Office) -> None:
    await office.meet(ADA)
    await office.attach("big.txt", b"x" * (LARGEST + 1))
    await office.attach("setup.exe", b"MZ")
    await office.attach("plan.txt", PLAN)
    await office.ends()
    assert (office.in_crm(), office.rows("subject")) == ({"plan.txt": PLAN}, [("Kick-off",)])
    code = "act.attachment-not-synchronized"
    assert set(office.alerts.errors) == {("Kick-off", f"{code}: {name}") for name in ("big.txt", "setup.exe")}
    ((error,),) = office.query("select lastsyncerror from exchangesyncidmapping")
    assert error.startswith(code)
    (key,) = (row[0] for row in office.rows("activityid"))
    await office.edit(key, subject="Again")
    await office.drop("plan.txt")
    await office.ends()
    assert set(await office.in_exchange()) == {"big.txt", "setup.exe"}
    assert (await office.outlook(ADA, office.the_item)).subject == "Again"


async def test_a_file_that_exchange_refuses_is_set_aside_and_the_others_are_attached(office: Office) -> None:
    key = await office.add(ADA)
    await office.ends()
    refusal = Fault(operation="CreateAttachment", response_code="ErrorAttachmentSizeLimitExceeded")
    office.exchange.faults.add(refusal)
    await office.put(key, "agenda.txt", AGENDA)
    await office.put(key, "plan.txt", PLAN)
    await office.once()
    assert len(await office.in_exchange()) == 1
    assert len(office.alerts.errors) == 1
    await office.edit(key, subject="Again")
    await office.ends()
    await office.both_have(agenda=AGENDA, plan=PLAN)
    assert office.query("select lastsyncerror from exchangesyncidmapping") == [(None,)]


@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_that_is_lost_doubles_no_file(office: Office, times: int) -> None:
    key = await office.add(ADA)
    await office.ends()
    await office.put(key, "plan.txt", PLAN)
    await office.put(key, "agenda.txt", AGENDA)
    office.exchange.faults.add(Fault(operation="CreateAttachment", reset_after=True, nth=times))
    with pytest.raises(ConnectionLost):
        await office.once()
    await office.ends()
    await office.both_have(plan=PLAN, agenda=AGENDA)


@pytest.mark.parametrize("point", [*faults.ACT_PASS, *faults.ACT_FILES])
async def test_killed_at_each_named_point_every_file_is_there_once(office: Office, point: str) -> None:
    key = await office.add(ADA)
    await office.put(key, "old.txt", b"old")
    await office.ends()
    await office.put(key, "plan.txt", PLAN)
    await office.drop("old.txt")
    await office.attach("agenda.txt", AGENDA)
    with pytest.raises(Killed), faults.arm(point, kill):
        await office.once()
    await office.ends()
    await office.both_have(plan=PLAN, agenda=AGENDA)


async def test_files_go_with_what_had_them(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.delete(key)
    assert office.in_crm() == {}
    assert office.query("select count(*) from attachmentinquestion") == [(2,)]


async def test_only_the_way_that_the_kind_goes_is_gone(office: Office) -> None:
    office.rules = {office.kind: replace(office.rules[office.kind], limit=Direction.TO_CRM)}
    await office.meet(ADA)
    await office.attach("agenda.txt", AGENDA)
    await office.ends()
    (key,) = (row[0] for row in office.rows("activityid"))
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    assert office.in_crm() == {"plan.txt": PLAN, "agenda.txt": AGENDA}
    assert await office.in_exchange() == {"agenda.txt": AGENDA}
