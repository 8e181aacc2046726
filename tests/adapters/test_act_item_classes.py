"""Item classes: what is below the class of a kind is of the kind, and nothing else in a folder is taken for a record."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from serversync.administration import unsynchronized
from serversync.core.errors import ItemOfAnotherKind
from serversync.crm.models import Mailbox
from serversync.rules.record import Kind
from tests.adapters.every_kind import (
    WAYS,
    EveryKind,
    every_kind,
    items,
    made,
    the_only,
    title,
)
from tests.adapters.every_kind import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.every_kind import known as known  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import Client
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.fixture
def raw(place: Place) -> Iterator[Client]:
    """A bare client, for what exchangelib does not let one write."""
    client = Client(place.simulator)
    yield client
    client.close()


def become(company: EveryKind, item_id: str, item_class: str) -> None:
    """A program that speaks MAPI gives an item another class, which EWS refuses across kinds."""
    exchange = company.place.exchange
    with exchange.lock:
        mailbox, item = exchange.find_item(item_id)
        again = item.copy()
        again.item_class = item_class
        mailbox.store(again)


def create(raw: Client, folder: str, element: str) -> str:
    """Make an item by bare EWS, and return its id."""
    reply = raw.call(
        '<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>'
        f'<t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId><m:Items>{element}</m:Items></m:CreateItem>'
    )
    (found,) = reply.attributes(".//t:ItemId", "Id")
    return found


def classes(raw: Client, *ids: str) -> list[str]:
    return raw.get_items(*ids).texts(".//t:ItemClass")


CATEGORY = "<t:Categories><t:String>Tracked to Dynamics 365</t:String></t:Categories>"
TIMES = "<t:Start>{0}T09:00:00Z</t:Start><t:End>{0}T10:00:00Z</t:End>"
ELEMENTS = {Kind.CONTACT: "Contact", Kind.TASK: "Task", Kind.APPOINTMENT: "CalendarItem"}
SUBCLASSES = [
    (Kind.CONTACT, "IPM.Contact.Custom"),
    (Kind.CONTACT, "ipm.contact"),
    (Kind.CONTACT, "IPM.Contact." + "x" * 243),
    (Kind.TASK, "IPM.Task.Custom"),
    (Kind.TASK, "IPM.TASK"),
    (Kind.APPOINTMENT, "IPM.Appointment.Custom"),
    (Kind.APPOINTMENT, "IPM.Appointment.Live Meeting Request"),
]


@pytest.mark.parametrize(("kind", "item_class"), SUBCLASSES, ids=lambda each: str(each)[:40])
async def test_a_class_below_that_of_the_kind_takes_part_and_stays_what_it_is(
    company: EveryKind, raw: Client, kind: Kind, item_class: str
) -> None:
    name = "<t:Surname>Hopper</t:Surname>" if kind is Kind.CONTACT else ""
    subject = "" if kind is Kind.CONTACT else "<t:Subject>Hopper</t:Subject>"
    times = TIMES.format(f"{company.now.year + 1}-07-01") if kind is Kind.APPOINTMENT else ""
    element = ELEMENTS[kind]
    item_id = create(
        raw,
        WAYS[kind].folder,
        f"<t:{element}><t:ItemClass>{item_class}</t:ItemClass>{subject}{CATEGORY}{times}{name}</t:{element}>",
    )
    await company.bring_into_step()
    ((key,),) = company.rows_of(kind)
    await company.check_same(kind, key)
    assert classes(raw, item_id) == [item_class]
    item = await company.outlook(lambda ada: the_only(ada, kind))
    assert (item.id, item.item_class) == (item_id, item_class)


@every_kind
async def test_an_item_of_which_the_class_is_refined_goes_on_and_keeps_it(
    company: EveryKind, raw: Client, kind: Kind
) -> None:
    key = await company.in_step(kind)
    item = await company.outlook(lambda ada: the_only(ada, kind))
    become(company, item.id, f"{item.item_class}.Custom")
    await company.check_same(kind, key)
    assert classes(raw, item.id) == [f"{item.item_class}.Custom"]


# --- what lies among the items of a kind, and is none -----------------------------------------------------

MESSAGES = [
    "IPM.Note",
    "IPM.AbchPerson",
    "IPM.TaskRequest",
    "IPM.TaskRequest.Accept",
    "IPM.StickyNote",
    "IPM.Activity",
    "IPM",
    "IPM.Contacts",
    "IPM.Taskforce",
    "IPM.Appointments.Old",
    "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}",
    "x" * 255,
]
OTHERS = [
    *(
        f"<t:Message><t:ItemClass>{each}</t:ItemClass><t:Subject>S</t:Subject>{CATEGORY}</t:Message>"
        for each in MESSAGES
    ),
    f"<t:Message><t:Subject>No class</t:Subject>{CATEGORY}</t:Message>",
    f"<t:PostItem><t:Subject>Post</t:Subject>{CATEGORY}</t:PostItem>",
]
MEETING_MESSAGES = [
    "IPM.Schedule.Meeting.Request",
    "IPM.Schedule.Meeting.Resp.Pos",
    "IPM.Schedule.Meeting.Canceled",
]
FOLDERS = {"contacts": Kind.CONTACT, "tasks": Kind.TASK, "calendar": Kind.APPOINTMENT}


def drop_in(company: EveryKind, raw: Client, folder: str, kind: Kind) -> int:
    """Put into a folder whatever is none of its kind, and return how many that are."""
    ids = [create(raw, "drafts", each) for each in OTHERS]
    for item_class in MEETING_MESSAGES:
        ids.append(create(raw, "drafts", "<t:Message><t:Subject>Meeting</t:Subject></t:Message>"))
        become(company, ids[-1], item_class)
    ids.append(
        create(
            raw,
            "contacts",
            f"<t:DistributionList>{CATEGORY}<t:DisplayName>List</t:DisplayName></t:DistributionList>",
        )
    )
    ids += [made(company.place.ada, other).id for other in FOLDERS.values() if other is not kind]
    for each in ids:
        company.place.exchange.move(each, folder)
    return len(ids)


@pytest.mark.parametrize("folder", FOLDERS)
async def test_whatever_else_lies_in_a_folder_is_never_a_record_nor_an_error_and_is_told_of(
    company: EveryKind, raw: Client, folder: str
) -> None:
    kind = FOLDERS[folder]
    count = await company.outlook(lambda _: drop_in(company, raw, folder, kind))
    company.run = replace(company.run, may_write=False)
    for _ in range(2):  # as often as somebody asks
        told = (await company.once()).plan.lines()
        assert len(told) == count + 1
        assert f"no {kind.noun}: in Exchange it is a post (IPM.Post)" in "\n".join(told)
        assert "IPM.StickyNote" in "\n".join(told)
    company.run = replace(company.run, may_write=True)
    await company.bring_into_step()
    await company.outlook(lambda ada: made(ada, kind))
    await company.bring_into_step()
    one = await company.once()
    assert (one.result.failed, one.plan.actions) == (0, ())
    assert {each: len(company.rows_of(each)) for each in company.run.rules} == {
        each: int(each is kind) for each in company.run.rules
    }
    assert company.query("select count(*) from exchangesyncitem") == [(0,)]


def not_synchronized(company: EveryKind) -> list[unsynchronized.NotSynchronized]:
    """Return what a person is shown, and leave no session behind in this thread."""
    try:
        return unsynchronized.find_all(Mailbox.objects.get(pk=company.run.mailboxid))
    finally:
        connections.close_all()


# --- what becomes something else after it was linked -------------------------------------------------------


@every_kind
@pytest.mark.parametrize("item_class", ["IPM.Note", "IPM.DistList"])
async def test_an_item_that_is_of_another_kind_now_rests_says_so_and_goes_on_when_it_is_of_its_own_again(
    company: EveryKind, kind: Kind, item_class: str
) -> None:
    key = await company.in_step(kind)
    item = await company.outlook(lambda ada: the_only(ada, kind))
    become(company, item.id, item_class)
    for _ in range(3):
        one = await company.once()
        assert one.result.failed == 0
    assert company.rows_of(kind) == [(key,)]
    (listed,) = await sync_to_async(not_synchronized)(company)
    assert (listed.kind, listed.code, listed.retries) == (kind.value, ItemOfAnotherKind.code, 0)
    assert f"is no {kind.noun}: in Exchange it is" in listed.reason
    assert item_class in listed.reason
    await company.do(f"update {WAYS[kind].table} set {WAYS[kind].title} = 'Lieutenant'")
    await company.bring_into_step()
    become(company, item.id, item.item_class)
    await company.bring_into_step()
    assert await company.outlook(lambda ada: title(the_only(ada, kind))) == "Lieutenant"
    assert await sync_to_async(not_synchronized)(company) == []
    await company.check_same(kind, key)


@every_kind
async def test_an_item_that_is_of_another_kind_now_and_was_moved_is_not_taken_for_deleted(
    company: EveryKind, kind: Kind
) -> None:
    key = await company.in_step(kind)
    item = await company.outlook(lambda ada: the_only(ada, kind))
    become(company, item.id, "IPM.Note")
    moved = company.place.exchange.move(item.id, "drafts")
    for _ in range(4):
        assert (await company.once()).result.failed == 0
    assert company.rows_of(kind) == [(key,)]
    become(company, moved, item.item_class)
    company.place.exchange.move(moved, WAYS[kind].folder)
    await company.check_same(kind, key)


async def test_a_record_that_is_deleted_meanwhile_takes_nothing_of_another_kind_with_it(
    company: EveryKind,
) -> None:
    await company.in_step(Kind.CONTACT)
    item = await company.outlook(lambda ada: the_only(ada, Kind.CONTACT))
    become(company, item.id, "IPM.DistList")
    await company.once()
    await company.do("delete from contact")
    await company.bring_into_step()
    assert await company.outlook(lambda ada: [each.id for each in items(ada, Kind.CONTACT)]) == [item.id]
    assert company.query("select stage, lastsyncerror from exchangesyncidmapping") == [(3, None)]
