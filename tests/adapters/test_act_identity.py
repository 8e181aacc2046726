"""Which item is which record where the stamp does not say so, with exchangelib as the person in Outlook."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import exchangelib
import pytest
from exchangelib import ExtendedProperty
from exchangelib.folders import Contacts, Folder

from serversync.rules.record import Direction, Kind
from tests.adapters.meeting_company import ADA, MeetingCompany
from tests.adapters.test_act_mailbox import extended as extended  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_act_store import RULES, Company, names, the_only
from tests.adapters.test_act_store import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.test_meetings import company as meetings  # noqa: F401 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

Act = Callable[[exchangelib.Account], object]


class Stamp(ExtendedProperty):
    """The record that an item is."""

    distinguished_property_set_id = "PublicStrings"
    property_name = "serversync-recordid"
    property_type = "String"


class SearchKey(ExtendedProperty):
    """PidTagSearchKey."""

    property_tag = 0x300B
    property_type = "Binary"


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    for kind in (exchangelib.Contact, exchangelib.CalendarItem):
        kind.register("stamp", Stamp)
        kind.register("search_key", SearchKey)
    yield
    for kind in (exchangelib.Contact, exchangelib.CalendarItem):
        kind.deregister("stamp")
        kind.deregister("search_key")


def strip(ada: exchangelib.Account) -> None:
    """A program that knows nothing of it takes the stamp of the only contact away."""
    item = the_only(ada)
    item.stamp = None
    item.save(update_fields=["stamp"])


def elsewhere(ada: exchangelib.Account) -> Folder:
    found = [each for each in ada.contacts.children if each.name == "Old"]
    return found[0] if found else Contacts(parent=ada.contacts, name="Old").save()


def move_away(ada: exchangelib.Account) -> None:
    the_only(ada).move(elsewhere(ada))


def bring_back(ada: exchangelib.Account) -> None:
    (item,) = elsewhere(ada).all()
    item.move(ada.contacts)


def to_another_mailbox(ada: exchangelib.Account) -> None:
    """Every contact is exported and uploaded again, as when a mailbox is brought over: the ids are others."""
    before = list(ada.contacts.all())
    streams = list(ada.export(before))
    ada.bulk_delete(before)
    ada.upload([(ada.contacts, one) for one in streams])


def retitle(title: str) -> Act:
    def act(ada: exchangelib.Account) -> None:
        item = the_only(ada)
        item.job_title = title
        item.save(update_fields=["job_title"])

    return act


async def in_step(company: Company) -> Any:
    """Grace is in both places, and her item has been looked at since it was linked."""
    key = await company.add(lastname="Hopper", emailaddress1="grace@example.com")
    await company.bring_into_step()
    await company.outlook(retitle("Captain"))
    await company.bring_into_step()
    return key


async def check_in_step(company: Company, key: Any) -> None:
    """There is one of her in either place still, and edits go both ways."""
    await company.bring_into_step()
    assert await company.outlook(lambda ada: the_only(ada).stamp) == str(key)
    await company.outlook(retitle("Commodore"))
    await company.edit(key, department="Navy")
    await company.bring_into_step()
    assert company.rows("contactid, jobtitle, department") == [(key, "Commodore", "Navy")]
    assert (await company.outlook(the_only)).department == "Navy"


async def test_the_search_key_of_an_item_is_kept_once_it_was_read_again(company: Company) -> None:
    await company.add(lastname="Hopper")
    await company.bring_into_step()
    assert company.query("select searchkey, itemchangedon from exchangesyncidmapping") == [(None, None)]
    await company.outlook(retitle("Captain"))
    await company.bring_into_step()
    item = await company.outlook(the_only)
    ((key, changed_on),) = company.query("select searchkey, itemchangedon from exchangesyncidmapping")
    assert (key.bytes, changed_on) == (item.search_key, item.last_modified_time)


async def test_a_stamp_that_another_program_took_away_is_written_again(company: Company) -> None:
    key = await in_step(company)
    await company.outlook(strip)
    await check_in_step(company, key)


async def test_a_stamp_that_is_taken_away_again_and_again_is_not_fought_over(company: Company) -> None:
    await in_step(company)
    for _ in range(16):
        await company.outlook(strip)
        await company.once()
        company.now = company.now.replace(minute=0)
    assert await company.outlook(lambda ada: the_only(ada).stamp) is None
    assert len(company.rows("1")) == 1


async def test_an_item_without_its_stamp_that_was_moved_out_and_in_again_is_the_same_record(
    company: Company,
) -> None:
    key = await in_step(company)
    for act in (strip, move_away, bring_back):
        await company.outlook(act)
    await check_in_step(company, key)


async def test_an_item_without_its_stamp_that_was_moved_away_rests_and_goes_on_when_it_is_back(
    company: Company,
) -> None:
    key = await in_step(company)
    await company.outlook(strip)
    await company.outlook(move_away)
    for _ in range(4):
        await company.once()
    await company.edit(key, department="Navy")
    await company.once()
    assert company.rows("contactid") == [(key,)]
    await company.outlook(bring_back)
    await check_in_step(company, key)


@pytest.mark.parametrize("acts", [("trash", "trash"), ("soft_delete", "recoverable_items_deletions")])
async def test_an_item_without_its_stamp_that_was_deleted_and_restored_at_once_is_the_same_record(
    company: Company, acts: tuple[str, str]
) -> None:
    key = await in_step(company)
    await company.outlook(strip)

    def delete_and_restore(ada: exchangelib.Account) -> None:
        item = the_only(ada)
        item.move_to_trash() if acts[0] == "trash" else item.soft_delete()
        (gone,) = getattr(ada, acts[1]).all()
        gone.move(ada.contacts)

    await company.outlook(delete_and_restore)
    await check_in_step(company, key)


async def test_an_item_without_its_stamp_that_is_deleted_is_deleted(company: Company) -> None:
    await in_step(company)
    await company.outlook(strip)
    await company.outlook(lambda ada: the_only(ada).move_to_trash())
    await company.bring_into_step()
    assert company.rows("1") == []


async def test_a_mailbox_that_was_brought_over_is_in_step_though_a_stamp_was_lost_on_the_way(
    company: Company,
) -> None:
    key = await in_step(company)
    other = await company.add(lastname="Lovelace")
    await company.bring_into_step()

    def strip_grace(ada: exchangelib.Account) -> None:
        (item,) = ada.contacts.filter(surname="Hopper")
        item.stamp = None
        item.save(update_fields=["stamp"])

    await company.outlook(strip_grace)
    await company.outlook(to_another_mailbox)
    async with company.pool.connection() as connection:
        await connection.execute("update exchangesyncfolder set syncstate = 'of the old mailbox'")
    await company.bring_into_step()
    assert await company.outlook(names) == ["Hopper", "Lovelace"]
    assert sorted(company.rows("contactid")) == sorted([(key,), (other,)])


async def test_of_an_item_and_its_copy_with_other_ids_the_copy_is_left_alone(company: Company) -> None:
    key = await in_step(company)

    def copy(ada: exchangelib.Account) -> None:
        twin = the_only(ada).copy(ada.contacts)
        (item,) = [each for each in ada.contacts.all() if each.id == twin[0]]
        item.job_title = "Another one"
        item.save(update_fields=["job_title"])

    await company.outlook(copy)
    await company.outlook(to_another_mailbox)
    await company.bring_into_step()
    assert company.rows("contactid, jobtitle") == [(key, "Captain")]
    ((item_id,),) = company.query("select exchangeentryid from exchangesyncidmapping")
    titles = await company.outlook(lambda ada: {each.id: each.job_title for each in ada.contacts.all()})
    assert (len(titles), titles[item_id]) == (2, "Captain")


async def test_a_copy_from_before_the_first_stamp_does_not_take_the_place_of_a_deleted_item(
    company: Company,
) -> None:
    def make(ada: exchangelib.Account) -> None:
        exchangelib.Contact(account=ada, folder=ada.contacts, display_name="Hopper", surname="Hopper").save()
        the_only(ada).copy(elsewhere(ada))

    await company.outlook(make)
    await company.bring_into_step()
    await company.outlook(retitle("Captain"))
    await company.bring_into_step()
    keys = await company.outlook(
        lambda ada: {each.search_key for each in (the_only(ada), *elsewhere(ada).all())}
    )
    assert len(keys) == 1
    async with (
        company.pool.connection() as connection
    ):  # Exchange tells whole seconds; all of this was in one
        await connection.execute(
            "update exchangesyncidmapping set itemchangedon = itemchangedon + interval '5 seconds'"
        )
    await company.outlook(lambda ada: the_only(ada).delete())
    await company.bring_into_step()
    assert company.rows("1") == []


async def test_a_copy_without_a_stamp_is_another_record_as_long_as_the_original_is_there(
    company: Company,
) -> None:
    key = await in_step(company)

    def copy(ada: exchangelib.Account) -> None:
        before = the_only(ada)
        before.copy(ada.contacts)
        (item,) = [each for each in ada.contacts.all() if each.id != before.id]
        item.stamp, item.surname, item.email_addresses = None, "Murray", []
        item.save(update_fields=["stamp", "surname", "email_addresses"])

    await company.outlook(copy)
    await company.bring_into_step()
    assert [(row[1], row[0] == key) for row in company.rows("contactid, lastname")] == [
        ("Hopper", True),
        ("Murray", False),
    ]


async def test_a_contact_copied_over_from_another_mailbox_is_not_her_record(
    company: Company, world: SimpleNamespace
) -> None:
    hers = await company.add(lastname="Hopper", ownerid=world.ben.pk)
    async with company.pool.connection() as connection:
        await connection.execute(
            "insert into exchangesyncidmapping (mailboxid, objectid, objecttypecode, stage, exchangeentryid)"
            " values (%s, %s, 'contact', 2, 'hers')",
            (world.other_mailbox, hers),
        )

    def copy_over(ada: exchangelib.Account) -> None:
        exchangelib.Contact(
            account=ada, folder=ada.contacts, display_name="Hopper", surname="Hopper", stamp=str(hers)
        ).save()

    await company.outlook(copy_over)
    await company.bring_into_step()
    mine = [row for row in company.rows("contactid, ownerid") if row[0] != hers]
    assert [owner for _, owner in mine] == [company.owner]
    assert await company.outlook(lambda ada: the_only(ada).stamp) == str(mine[0][0])
    await company.outlook(retitle("Captain"))
    await company.bring_into_step()
    assert company.query("select jobtitle from contact where contactid = %s", hers) == [(None,)]


async def test_items_of_which_nothing_goes_to_exchange_carry_their_stamp_and_nothing_else_is_written(
    company: Company,
) -> None:
    only_in = replace(RULES[Kind.CONTACT], limit=Direction.TO_CRM)
    company.run = replace(company.run, rules={Kind.CONTACT: only_in})

    def make(ada: exchangelib.Account) -> None:
        exchangelib.Contact(account=ada, folder=ada.contacts, display_name="Hopper", surname="Hopper").save()

    await company.outlook(make)
    await company.bring_into_step()
    ((key,),) = company.rows("contactid")
    assert await company.outlook(lambda ada: the_only(ada).stamp) == str(key)
    await company.edit(key, jobtitle="Commodore")
    for act in (retitle("Captain"), strip, move_away, bring_back):
        await company.outlook(act)
        await company.bring_into_step()
    assert (await company.outlook(the_only)).job_title == "Captain"
    assert company.rows("contactid") == [(key,)]


async def test_an_appointment_without_its_stamp_is_known_by_its_id(meetings: MeetingCompany) -> None:  # noqa: F811
    key = await meetings.add(ADA)
    await meetings.settle(ADA)

    def rewrite_and_move(ada: exchangelib.Account) -> None:
        (item,) = ada.calendar.all()
        item.stamp = None
        item.save(update_fields=["stamp"], send_meeting_invitations="SendToNone")
        item.move(ada.drafts)
        (item,) = ada.drafts.all()
        item.move(ada.calendar)

    await meetings.outlook(ADA, rewrite_and_move)
    for _ in range(4):
        await meetings.once(ADA)
    await meetings.edit(key, subject="Ship")
    await meetings.settle(ADA)
    item = await meetings.the_only(ADA)
    assert (item.subject, item.stamp) == ("Ship", str(key))
    assert meetings.rows("activityid, subject") == [(key, "Ship")]
