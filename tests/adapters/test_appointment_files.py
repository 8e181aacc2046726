"""Files of appointments go both ways: exchangelib attaches, reads and removes them; each side's own stay beside one another."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import exchangelib
import pytest
from exchangelib import FileAttachment, ItemAttachment
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import FactsOfRecords
from serversync.adapters.act_files import Files
from serversync.adapters.act_mailbox import EwsActMailbox
from serversync.core import faults
from serversync.core.errors import ConnectionLost, ServiceError
from serversync.engine.act_ports import ActRun
from serversync.exchange.client import EwsClient
from serversync.mapping.fields import directions
from serversync.rules.attachments import PREFIX
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind
from serversync.simulator.faults import Fault
from tests.adapters.meeting_company import ADA, GRACE, REQUIRED, MeetingCompany
from tests.adapters.test_act_store import Killed, kill
from tests.adapters.test_calendar_subfolders import folder, move
from tests.property.act.world import Silent
from tests.simulator.conftest import SCHEMAS, account, make_exchange
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

WITH_FILES = {Kind.APPOINTMENT: KindRules({**directions(Kind.APPOINTMENT), PREFIX: Direction.BOTH})}
LARGEST = 1000
PLAN, AGENDA = b"the plan", b"the agenda"


class Told(Silent):
    """Keeps what could not be synchronized."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[tuple[str, str]] = []

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        self.errors.append((title, f"{error.code}: {error.details.get('name')}"))


class Office(MeetingCompany):
    """The company, with the files of its appointments."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.files = Files(self.pool)
        self.rules = dict(WITH_FILES)
        self.alerts = Told()
        self.asked: Counter[str] = Counter()

    def mailbox(self, client: EwsClient, address: str, calendar: Calendar) -> EwsActMailbox:
        counting = Counting(client, self.asked)
        own = Attachments(
            counting,  # type: ignore[arg-type]
            address,
            self.files,
            mailboxid=self.mailboxes[address],
            largest=LARGEST,
            blocked="exe",
        )
        facts = FactsOfRecords(self.pool, self.mailboxes[address])
        return EwsActMailbox(client, address, calendar=calendar, facts=facts, attachments=own)

    async def ends(self) -> None:
        await self.settle(ADA)

    async def once(self, address: str = ADA, alerts: Silent | None = None) -> Any:
        return await super().once(address, alerts or self.alerts)

    async def put(self, key: UUID, name: str, content: bytes) -> None:
        """Somebody attaches a file in the CRM, as the pages do."""
        fileid = await self.files.take_in(content, "text/plain")
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into activitymimeattachment (activityid, objecttypecode, attachmentid, filename)"
                " values (%s, 'appointment', %s, %s)",
                (key, fileid, name),
            )

    async def drop(self, name: str) -> None:
        """Somebody takes a file away in the CRM."""
        async with self.pool.connection() as connection:
            await connection.execute("delete from activitymimeattachment where filename = %s", (name,))

    def in_crm(self) -> dict[str, bytes]:
        rows = self.query(
            "select f.filename, a.body from activitymimeattachment f join attachment a"
            " on a.attachmentid = f.attachmentid where f.objecttypecode = 'appointment'"
        )
        assert len(dict(rows)) == len(rows), "a file is there twice"
        return {name: bytes(body) for name, body in rows}

    async def in_exchange(self) -> dict[str, bytes]:
        found = await self.outlook(ADA, lambda ada: [(a.name, a.content) for a in the_item(ada).attachments])
        assert len(dict(found)) == len(found), "a file is there twice"
        return dict(found)

    async def both_have(self, **files: bytes) -> None:
        wanted = {f"{name}.txt": content for name, content in files.items()}
        assert (self.in_crm(), await self.in_exchange()) == (wanted, wanted)


class Counting:
    """A client that counts what it is asked for."""

    def __init__(self, client: EwsClient, asked: Counter[str]) -> None:
        self._client = client
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        self._asked[name] += 1
        return getattr(self._client, name)


@pytest.fixture
def office(
    world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    exchange = make_exchange()
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as simulator:
        made = Office(exchange, simulator, pool, query)
        with account(simulator, monkeypatch) as ada:
            made.know(ADA, world.ada.pk, world.mailbox, ada)
            yield made


def the_item(ada: exchangelib.Account) -> Any:
    (found,) = ada.calendar.all()
    return found


def attach(name: str, content: bytes, **more: Any) -> Any:
    """Somebody attaches a file to the only appointment in Outlook."""
    return lambda ada: the_item(ada).attach(FileAttachment(name=name, content=content, **more))


def detach(name: str) -> Any:
    """Somebody takes one away."""

    def act(ada: exchangelib.Account) -> None:
        item = the_item(ada)
        item.detach([each for each in item.attachments if each.name == name])

    return act


async def test_a_file_goes_either_way_and_goes_away_either_way(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.both_have(plan=PLAN)
    await office.outlook(ADA, attach("agenda.txt", AGENDA))
    await office.ends()
    await office.both_have(plan=PLAN, agenda=AGENDA)
    await office.outlook(ADA, detach("plan.txt"))
    await office.ends()
    await office.both_have(agenda=AGENDA)
    await office.drop("agenda.txt")
    await office.ends()
    await office.both_have()


async def test_a_tracked_appointment_brings_its_files(office: Office) -> None:
    await office.meet(ADA)
    await office.outlook(ADA, attach("plan.txt", PLAN))
    await office.ends()
    await office.both_have(plan=PLAN)


async def test_what_both_sides_attach_is_on_both_sides_and_no_conflict(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "same.txt", PLAN)
    await office.ends()
    await office.put(key, "ours.txt", PLAN)
    await office.outlook(ADA, attach("theirs.txt", AGENDA))
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
    await office.outlook(ADA, detach("plan.txt"))
    await office.outlook(ADA, attach("plan.txt", b"the best plan"))
    await office.ends()
    await office.both_have(plan=b"the best plan")


async def test_what_stays_is_neither_fetched_nor_attached_again(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.outlook(ADA, lambda ada: list(ada.calendar.all()))
    await office.ends()
    await office.outlook(ADA, attach("agenda.txt", AGENDA))
    await office.ends()
    before = office.asked["download"], office.asked["upload"]
    assert before == (1, 1)
    await office.edit(key, subject="Kick-off, again")
    await office.ends()

    def move(ada: exchangelib.Account) -> None:
        item = the_item(ada)
        item.location = "Room 2"
        item.save(update_fields=["location"], send_meeting_invitations="SendToNone")

    await office.outlook(ADA, move)
    await office.ends()
    assert office.rows("subject, location") == [("Kick-off, again", "Room 2")]
    assert (office.asked["download"], office.asked["upload"]) == before


async def test_without_the_setting_nothing_is_looked_at_and_files_stay_where_they_are(office: Office) -> None:
    office.rules = {Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT))}
    key = await office.add(ADA)
    await office.put(key, "ours.txt", PLAN)
    await office.ends()
    await office.outlook(ADA, attach("theirs.txt", AGENDA))
    await office.ends()
    assert office.in_crm() == {"ours.txt": PLAN}
    assert await office.in_exchange() == {"theirs.txt": AGENDA}


async def test_pictures_of_the_body_and_attached_items_are_left_alone(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()

    def more(ada: exchangelib.Account) -> None:
        item = the_item(ada)
        item.attach(FileAttachment(name="logo.png", content=b"logo", is_inline=True, content_id="logo"))
        item.attach(ItemAttachment(name="mail", item=exchangelib.Message(subject="mail", body="x")))

    await office.outlook(ADA, more)
    await office.drop("plan.txt")
    await office.ends()
    assert office.in_crm() == {}
    assert await office.outlook(ADA, lambda ada: sorted(a.name for a in the_item(ada).attachments)) == [
        "logo.png",
        "mail",
    ]


async def test_what_is_too_large_or_blocked_is_set_aside_and_the_rest_goes_on(office: Office) -> None:
    await office.meet(ADA)
    await office.outlook(ADA, attach("big.txt", b"x" * (LARGEST + 1)))
    await office.outlook(ADA, attach("setup.exe", b"MZ"))
    await office.outlook(ADA, attach("plan.txt", PLAN))
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
    assert (await office.the_only(ADA)).subject == "Again"


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
    await office.outlook(ADA, attach("plan.txt", PLAN))
    await office.ends()
    assert office.in_crm() == {}
    assert office.query("select count(*) from attachment") == [(0,)]
    assert await office.in_exchange() == {"plan.txt": PLAN}


async def test_one_that_becomes_private_keeps_in_the_crm_what_was_there(office: Office) -> None:
    await office.meet(ADA)
    await office.outlook(ADA, attach("plan.txt", PLAN))
    await office.ends()

    def hide(ada: exchangelib.Account) -> None:
        item = the_item(ada)
        item.sensitivity = "Private"
        item.save(update_fields=["sensitivity"], send_meeting_invitations="SendToNone")

    await office.outlook(ADA, hide)
    await office.ends()
    await office.both_have(plan=PLAN)


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
    await office.outlook(ADA, attach("agenda.txt", AGENDA))
    with pytest.raises(Killed), faults.arm(point, kill):
        await office.once()
    await office.ends()
    await office.both_have(plan=PLAN, agenda=AGENDA)


async def test_files_go_with_their_appointment(office: Office) -> None:
    key = await office.add(ADA)
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    await office.delete(key)
    assert office.in_crm() == {}
    assert office.query("select count(*) from attachmentinquestion") == [(2,)]


async def test_only_the_way_that_the_kind_goes_is_gone(office: Office) -> None:
    rules = WITH_FILES[Kind.APPOINTMENT]
    office.rules = {Kind.APPOINTMENT: replace(rules, limit=Direction.TO_CRM)}
    await office.meet(ADA)
    await office.outlook(ADA, attach("agenda.txt", AGENDA))
    await office.ends()
    (key,) = (row[0] for row in office.rows("activityid"))
    await office.put(key, "plan.txt", PLAN)
    await office.ends()
    assert office.in_crm() == {"plan.txt": PLAN, "agenda.txt": AGENDA}
    assert await office.in_exchange() == {"agenda.txt": AGENDA}


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
