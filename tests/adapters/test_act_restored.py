"""Items of every kind that are deleted and restored, copied, moved, exported and uploaded: who is who afterwards."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import exchangelib
import pytest
from exchangelib.folders import Folder
from exchangelib.properties import ItemId

from serversync.rules.plan import Deletion
from serversync.rules.record import Kind
from tests.adapters.every_kind import (
    WAYS,
    EveryKind,
    every_kind,
    folder_of,
    items,
    made,
    put,
    retitle,
    the_only,
    title,
)
from tests.adapters.every_kind import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.every_kind import known as known  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


def trash(ada: exchangelib.Account, kind: Kind) -> None:
    the_only(ada, kind).move_to_trash()


def from_trash(ada: exchangelib.Account, kind: Kind) -> None:
    (gone,) = ada.trash.all()
    gone.move(folder_of(ada, kind))


def soft_delete(ada: exchangelib.Account, kind: Kind) -> None:
    the_only(ada, kind).soft_delete()


def recover(ada: exchangelib.Account, kind: Kind) -> None:
    (gone,) = ada.recoverable_items_deletions.all()
    gone.move(folder_of(ada, kind))


def elsewhere(ada: exchangelib.Account, kind: Kind) -> Folder:
    """A folder that takes no part."""
    found = [each for each in ada.drafts.children if each.name == "Old"]
    return found[0] if found else WAYS[kind].subfolder(parent=ada.drafts, name="Old").save()


def move_away(ada: exchangelib.Account, kind: Kind) -> None:
    the_only(ada, kind).move(elsewhere(ada, kind))


def bring_back(ada: exchangelib.Account, kind: Kind) -> None:
    (item,) = elsewhere(ada, kind).all()
    item.move(folder_of(ada, kind))


def strip(ada: exchangelib.Account, kind: Kind) -> None:
    """A program that knows nothing of it takes the stamp away."""
    put(the_only(ada, kind), stamp=None)


def export_and_upload(ada: exchangelib.Account, kind: Kind) -> None:
    """It is exported, deleted for good, and uploaded again: its id is another one."""
    item = the_only(ada, kind)
    (stream,) = ada.export([item])
    ada.bulk_delete(
        [item],
        delete_type="HardDelete",
        send_meeting_cancellations="SendToNone",
        affected_task_occurrences="AllOccurrences",
    )
    ada.upload([(folder_of(ada, kind), stream)])


Step = Callable[[exchangelib.Account, Kind], None] | None
"""What a person does; ``None`` is a pass."""
PASS = None
SAME: dict[str, tuple[Step, ...]] = {
    "deleted and restored at once": (trash, from_trash),
    "deleted and restored after the first look": (trash, PASS, from_trash),
    "deleted, believed, and restored": (trash, PASS, PASS, PASS, from_trash),
    "deleted for good and recovered at once": (soft_delete, recover),
    "deleted for good and recovered after the first look": (soft_delete, PASS, recover),
    "deleted for good, believed, and recovered": (soft_delete, PASS, PASS, PASS, recover),
    "deleted, emptied from there, and recovered": (
        trash,
        PASS,
        lambda ada, _: ada.trash.all().delete(
            delete_type="SoftDelete",
            affected_task_occurrences="AllOccurrences",
            send_meeting_cancellations="SendToNone",
        ),
        PASS,
        PASS,
        recover,
    ),
    "moved away and back at once": (move_away, bring_back),
    "moved away and back after passes": (move_away, PASS, PASS, PASS, bring_back),
    "moved away, stripped of its stamp there, and back": (
        move_away,
        PASS,
        lambda ada, kind: put(next(iter(elsewhere(ada, kind).all())), stamp=None),
        PASS,
        PASS,
        bring_back,
    ),
    "stripped of its stamp": (strip,),
    "stripped of its stamp, moved away and back": (strip, move_away, bring_back),
    "stripped of its stamp, moved away, and back after passes": (
        strip,
        move_away,
        PASS,
        PASS,
        PASS,
        bring_back,
    ),
    "stripped of its stamp, deleted and restored": (strip, trash, from_trash),
    "stripped of its stamp, deleted for good and recovered": (strip, soft_delete, recover),
    "stripped of its stamp, exported and uploaded": (strip, export_and_upload),
    "exported, deleted and uploaded": (export_and_upload,),
}


def believes_deletions(company: EveryKind) -> None:
    """What is deleted in Outlook is deleted in the CRM, whatever its kind."""
    rules = {
        kind: replace(each, exchange_deletion=Deletion.ALWAYS) for kind, each in company.run.rules.items()
    }
    company.run = replace(company.run, rules=rules)


async def carry_out(company: EveryKind, kind: Kind, steps: tuple[Step, ...]) -> None:
    for step in steps:
        if step is PASS:
            await company.once()
        else:
            await company.outlook(lambda ada, step=step: step(ada, kind))


@every_kind
@pytest.mark.parametrize("part", range(3))
async def test_what_is_there_again_is_the_same_record(company: EveryKind, kind: Kind, part: int) -> None:
    """One after the other, as it would befall one item: each begins where the one before has ended."""
    believes_deletions(company)
    key = await company.in_step(kind)
    for story, steps in list(SAME.items())[part::3]:
        await company.outlook(lambda ada, story=story: retitle(the_only(ada, kind), story[:40]))
        await company.bring_into_step()  # it is looked at again, and its search key known
        await carry_out(company, kind, steps)
        await company.check_there(kind, key, story)
        assert len(await company.outlook(lambda ada: items(ada, kind))) == 1, story
    await company.check_same(kind, key)


def copy_here(ada: exchangelib.Account, kind: Kind) -> None:
    oldest(ada, kind).copy(folder_of(ada, kind))


def copy_elsewhere_and_in(ada: exchangelib.Account, kind: Kind) -> None:
    oldest(ada, kind).copy(elsewhere(ada, kind))
    bring_back(ada, kind)


def upload_beside(ada: exchangelib.Account, kind: Kind) -> None:
    (stream,) = ada.export([oldest(ada, kind)])
    ada.upload([(folder_of(ada, kind), stream)])


def oldest(ada: exchangelib.Account, kind: Kind) -> Any:
    """The item of the record: its copies say something else."""
    (own,) = [each for each in items(ada, kind) if title(each) != "Copy"]
    return own


def name_the_copy(ada: exchangelib.Account, kind: Kind, item_id: str) -> None:
    (copy,) = [each for each in items(ada, kind) if title(each) != "Copy" and each.id != item_id]
    retitle(copy, "Copy")


COPIES: dict[str, Callable[[exchangelib.Account, Kind], None]] = {
    "copied beside it": copy_here,
    "copied to another folder and from there": copy_elsewhere_and_in,
    "exported and uploaded beside it": upload_beside,
}


@every_kind
async def test_a_copy_is_never_the_record_and_makes_none(company: EveryKind, kind: Kind) -> None:
    believes_deletions(company)
    key = await company.in_step(kind)
    for story, copies in COPIES.items():
        before = await company.outlook(lambda ada: oldest(ada, kind).id)
        await company.outlook(lambda ada, copies=copies: copies(ada, kind))
        await company.bring_into_step()
        await company.outlook(lambda ada, before=before: name_the_copy(ada, kind, before))
        await company.check_there(kind, key, story)
        assert await company.outlook(lambda ada: oldest(ada, kind).id) == before, story
    await company.outlook(lambda ada: oldest(ada, kind).move_to_trash())
    await company.bring_into_step()
    left = {title(each) for each in await company.outlook(lambda ada: items(ada, kind))}
    assert (left, company.others(kind)) == ({"Copy"}, [])
    if kind is not Kind.SERVICE:  # of which each has an own copy
        assert company.rows_of(kind) == []
    await company.outlook(lambda ada: from_trash(ada, kind))
    await company.check_same(kind, key, "brought back beside its copies")


@every_kind
async def test_an_older_state_that_is_uploaded_over_an_item_is_an_edit(
    company: EveryKind, kind: Kind
) -> None:
    key = await company.in_step(kind)
    (stream,) = await company.outlook(lambda ada: list(ada.export([the_only(ada, kind)])))
    await company.outlook(lambda ada: retitle(the_only(ada, kind), "Later"))
    await company.bring_into_step()

    def upload_over(ada: exchangelib.Account) -> None:
        item = the_only(ada, kind)
        ada.upload([(folder_of(ada, kind), (ItemId(item.id, item.changekey), False, stream))])

    await company.outlook(upload_over)
    await company.check_there(kind, key)
    titles = [title(each) for each in await company.outlook(lambda ada: items(ada, kind))]
    if kind is Kind.SERVICE:  # which goes to Exchange only
        assert company.rows_of(kind, WAYS[kind].title) == [("Hopper",)]
        return
    assert (titles, company.rows_of(kind, WAYS[kind].title)) == (["Captain"], [("Captain",)])


async def test_a_contact_that_is_kept_in_the_crm_is_left_alone_when_its_item_is_restored(
    company: EveryKind,
) -> None:
    key = await company.in_step(Kind.CONTACT)
    await carry_out(company, Kind.CONTACT, (trash, PASS, PASS, PASS, from_trash))
    await company.bring_into_step()
    assert company.rows_of(Kind.CONTACT) == [(key,)]
    await company.do("update contact set lastname = 'Admiral'")
    await company.bring_into_step()
    assert await company.outlook(lambda ada: the_only(ada, Kind.CONTACT).surname) == "Captain"


@every_kind
async def test_what_was_deleted_in_the_crm_and_is_restored_in_outlook_is_the_same_record_again(
    company: EveryKind, kind: Kind
) -> None:
    key = await company.in_step(kind)
    await company.do(f"delete from {WAYS[kind].table}")
    await company.bring_into_step()
    assert await company.outlook(lambda ada: items(ada, kind)) == []
    await company.outlook(lambda ada: from_trash(ada, kind))
    await company.bring_into_step()
    if kind is Kind.SERVICE:  # nothing of it goes to the CRM
        assert company.rows_of(kind) == []
        return
    await company.check_same(kind, key)


@pytest.mark.parametrize("kind", [Kind.PHONECALL, Kind.TASK], ids=lambda kind: kind.value)
async def test_one_copied_over_from_another_mailbox_is_not_the_record_there(
    company: EveryKind, world: SimpleNamespace, kind: Kind
) -> None:
    hers = await company.entered(kind, ownerid=world.ben.pk)
    await company.do(
        "insert into exchangesyncidmapping (mailboxid, objectid, objecttypecode, stage, exchangeentryid)"
        " values (%s, %s, %s, 2, 'hers')",
        world.other_mailbox,
        hers,
        kind.value,
    )
    await company.outlook(lambda ada: made(ada, Kind.TASK, stamp=str(hers)))
    await company.bring_into_step()
    ((mine, owner),) = [row for row in company.rows_of(Kind.TASK, "activityid, ownerid") if row[0] != hers]
    assert owner == company.owner
    assert await company.outlook(lambda ada: the_only(ada, Kind.TASK).stamp) == str(mine)
    await company.outlook(lambda ada: retitle(the_only(ada, Kind.TASK), "Captain"))
    await company.bring_into_step()
    assert company.query(f"select subject from {kind.value} where activityid = %s", hers) == [("Hopper",)]
