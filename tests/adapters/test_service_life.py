"""The life of a copy of a service activity: edited, deleted, moved, copied by its user; finished, left or deleted in the CRM."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import exchangelib
import pytest
from exchangelib.recurrence import DailyPattern, Recurrence
from psycopg_pool import AsyncConnectionPool

from serversync.core import faults
from serversync.rules.plan import Leaving
from serversync.rules.record import Kind
from tests.adapters.meeting_company import ADA, BEN, CLEO, DAY, GRACE, HOUR, next_week
from tests.adapters.service_company import CUSTOMER, RESOURCE, ServiceCompany
from tests.adapters.test_meetings import opened_company, the_item
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


@pytest.fixture
def company(
    world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServiceCompany]:
    with opened_company(ServiceCompany, world, pool, query, serve, monkeypatch) as made:
        yield made


def delete(person: Any) -> None:
    """Somebody deletes the only item of the calendar in Outlook."""
    the_item(person).move_to_trash()


async def test_what_is_edited_in_exchange_stays_there_until_the_same_changes_in_the_crm(
    company: ServiceCompany,
) -> None:
    key = await company.offer(ADA, location="Cellar", people={BEN: RESOURCE})
    await company.settle()

    def edit(ada: Any) -> None:
        item = the_item(ada)
        item.subject, item.location, item.sensitivity = "Mine", "Attic", "Private"
        item.save(update_fields=["subject", "location", "sensitivity"], send_meeting_invitations="SendToNone")

    await company.outlook(ADA, edit)
    await company.settle()
    item = await company.the_only(ADA)
    assert (item.subject, item.location, item.sensitivity) == ("Mine", "Attic", "Private")
    assert (await company.the_only(BEN)).subject == "Boiler"
    assert company.services("subject, location") == [("Boiler", "Cellar")]
    await company.change(key, location="Roof")
    await company.settle()
    item = await company.the_only(ADA)
    assert (item.subject, item.location, item.sensitivity) == ("Mine", "Roof", "Private")
    assert (await company.the_only(BEN)).location == "Roof"
    assert (company.rows("subject"), company.links()) == ([], [(2, 1)])
    assert await company.is_silent()


async def test_who_deletes_the_own_copy_does_without_it_until_the_record_changes(
    company: ServiceCompany,
) -> None:
    key = await company.offer(ADA, people={BEN: RESOURCE})
    await company.settle()
    await company.outlook(BEN, delete)
    await company.settle()
    assert (await company.calendar(BEN), len(company.services())) == ([], 1)
    assert (await company.the_only(ADA)).subject == "Boiler"
    assert company.links() == [(1, 1)]
    await company.tell("update exchangesyncfolder set isfollowed = false")  # everything is compared again
    await company.settle()
    assert await company.calendar(BEN) == []
    await company.change(key, subject="Heating")
    await company.settle()
    assert (await company.the_only(BEN)).subject == "Heating"
    assert company.links() == [(2, 1)]
    assert await company.is_silent()


async def test_an_edit_that_meets_the_deletion_of_the_copy_makes_it_again(company: ServiceCompany) -> None:
    key = await company.offer(ADA)
    await company.settle(ADA)
    await company.outlook(ADA, delete)
    await company.change(key, subject="Heating")
    await company.settle(ADA)
    assert (await company.the_only(ADA)).subject == "Heating"


async def test_a_copy_that_is_brought_back_goes_on(company: ServiceCompany) -> None:
    key = await company.offer(ADA)
    await company.settle(ADA)
    await company.outlook(ADA, delete)
    await company.settle(ADA)

    def bring_back(ada: Any) -> None:
        (item,) = ada.trash.all()
        item.move(ada.calendar)

    await company.outlook(ADA, bring_back)
    await company.settle(ADA)
    await company.change(key, subject="Heating")
    await company.settle(ADA)
    assert (await company.the_only(ADA)).subject == "Heating"
    assert (company.rows("subject"), company.links()) == ([], [(1, 1)])


async def test_moved_to_a_sub_folder_it_goes_on_and_copied_the_second_one_is_left_alone(
    company: ServiceCompany,
) -> None:
    key = await company.offer(ADA)
    await company.settle(ADA)
    folders: list[Any] = []

    def move(ada: Any) -> None:
        folder = exchangelib.folders.Calendar(parent=ada.calendar, name="Repairs")
        folder.save()
        folders.append(folder)
        item, _ = ada.calendar.all().order_by("datetime_created")
        item.move(folder)

    await company.outlook(ADA, lambda ada: the_item(ada).copy(ada.calendar))
    await company.settle(ADA)
    await company.outlook(ADA, move)
    await company.settle(ADA)
    company.now += HOUR  # sub-folders are looked for now and then
    await company.change(key, subject="Heating")
    await company.settle(ADA)
    company.now += HOUR
    await company.settle(ADA)
    (moved,) = await company.outlook(ADA, lambda _: [each.subject for each in folders[0].all()])
    assert moved == "Heating"
    assert (await company.the_only(ADA)).subject == "Boiler"
    assert (company.rows("subject"), company.links()) == ([], [(1, 1)])


async def test_a_copy_that_becomes_a_series_is_its_users_own(company: ServiceCompany) -> None:
    key = await company.offer(ADA)
    await company.settle(ADA)

    def repeat(ada: Any) -> None:
        item = the_item(ada)
        item.recurrence = Recurrence(pattern=DailyPattern(interval=1), start=item.start.date(), number=3)
        item.save(update_fields=["recurrence"], send_meeting_invitations="SendToNone")

    await company.outlook(ADA, repeat)
    await company.settle(ADA)
    assert company.links() == [(0, 0)]
    assert company.query("select count(*) from recurringappointmentmaster") == [(0,)]
    await company.change(key, subject="Heating")
    await company.settle(ADA)
    assert sorted((item.subject, item.type) for item in await company.calendar(ADA)) == [
        ("Boiler", "RecurringMaster"),
        ("Heating", "Single"),
    ]
    assert (company.rows("subject"), company.links()) == ([], [(1, 1)])
    assert company.query("select count(*) from recurringappointmentmaster") == [(0,)]


async def test_who_is_no_resource_any_more_keeps_a_copy_that_rests_or_loses_it_by_the_setting(
    company: ServiceCompany,
) -> None:
    key = await company.offer(ADA, people={BEN: RESOURCE, CLEO: RESOURCE})
    await company.settle()
    await company.leave(key, BEN)
    await company.settle()
    await company.change(key, subject="Heating")
    await company.settle()
    assert [(await company.the_only(each)).subject for each in (ADA, BEN, CLEO)] == [
        "Heating",
        "Boiler",
        "Heating",
    ]
    company.rules[Kind.SERVICE] = replace(company.rules[Kind.SERVICE], leaving=Leaving.DELETE)
    await company.leave(key, CLEO)
    await company.settle()
    assert await company.calendar(CLEO) == []
    await company.join(key, BEN, RESOURCE)
    await company.settle()
    assert (await company.the_only(BEN)).subject == "Heating"
    assert await company.is_silent()


async def test_deleted_in_the_crm_every_copy_goes_and_what_is_over_stays(company: ServiceCompany) -> None:
    ahead = await company.offer(ADA, people={BEN: RESOURCE})
    over = await company.offer(ADA, subject="Over", start=next_week() - 9 * DAY, people={BEN: RESOURCE})
    await company.settle()
    for key in (ahead, over):
        await company.remove(key)
    await company.settle()
    for address in (ADA, BEN):
        assert (await company.the_only(address)).subject == "Over"
    assert (company.links(), company.query("select count(*) from activityparty")) == ([(0, 0)], [(0,)])
    assert await company.is_silent()


async def test_cancelled_it_shows_as_free_and_goes_where_the_setting_says_so(company: ServiceCompany) -> None:
    key = await company.offer(ADA, people={BEN: RESOURCE})
    await company.settle()
    await company.change(key, statecode=2, statuscode=9)
    await company.settle()
    assert [(await company.the_only(each)).legacy_free_busy_status for each in (ADA, BEN)] == ["Free", "Free"]
    await company.change(key, statecode=3, statuscode=4)
    await company.settle()
    company.allow(cancels=True)
    await company.change(key, statecode=2, statuscode=10)
    await company.settle()
    assert (await company.calendar(ADA), await company.calendar(BEN)) == ([], [])
    assert len(company.services()) == 1
    assert await company.is_silent()


async def test_old_ones_do_not_begin_and_a_plan_writes_nothing(company: ServiceCompany) -> None:
    company.allow(starts_on=company.now - 30 * DAY)
    await company.offer(ADA, subject="Old", start=next_week() - 60 * DAY)
    await company.offer(ADA, subject="New")
    await company.settle(ADA)
    assert (await company.the_only(ADA)).subject == "New"


async def test_what_the_feed_forgets_and_lost_links_double_nothing(company: ServiceCompany) -> None:
    key = await company.offer(ADA, people={BEN: RESOURCE})
    await company.settle()
    await company.tell("delete from exchangesyncidmapping")
    await company.tell("delete from exchangesyncfolder")
    await company.settle()
    await company.change(key, subject="Heating")
    await company.settle()
    for address in (ADA, BEN):
        assert (await company.the_only(address)).subject == "Heating"
    assert (company.rows("subject"), company.links()) == ([], [(2, 1)])


POINTS = ("act.claimed", "act.heard", "act.planned", "act.intended", "act.written", "act.settled")


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_any_point_there_is_one_copy_each_and_nobody_is_told(
    company: ServiceCompany, point: str
) -> None:
    key = await company.offer(ADA, people={BEN: RESOURCE, GRACE: CUSTOMER})
    await killed_once(company, point)
    await company.settle()
    await company.change(key, subject="Heating")
    await killed_once(company, point)
    await company.settle()
    for address in (ADA, BEN):
        assert (await company.the_only(address)).subject == "Heating"
    await company.remove(key)
    await killed_once(company, point)
    await company.settle()
    assert (await company.calendar(ADA), await company.calendar(BEN)) == ([], [])
    assert await company.is_silent()


class Killed(Exception):
    """The pass ended here."""


async def killed_once(company: ServiceCompany, point: str) -> None:
    """One pass over each mailbox that dies at a point, where it gets there."""

    def die() -> None:
        raise Killed

    for address in (ADA, BEN):
        with faults.arm(point, die):
            try:
                await company.once(address)
            except Killed:
                company.now += dt.timedelta(minutes=5)


@pytest.mark.parametrize("seed", [11, 12])
async def test_histories_of_people_on_both_sides_end_with_what_the_record_says(
    company: ServiceCompany, seed: int
) -> None:
    await History(company, random.Random(seed)).play(24)  # noqa: S311 - no secret


class History:
    """People who edit, delete, copy and bring back on both sides, with passes at any moment."""

    def __init__(self, company: ServiceCompany, chance: random.Random) -> None:
        self.company = company
        self.chance = chance
        self.keys: list[Any] = []
        self.count = 0

    async def play(self, steps: int) -> None:
        acts = (
            self.offer,
            self.change,
            self.change,
            self.finish,
            self.remove,
            self.edit_copy,
            self.delete_copy,
            self.bring_back,
            self.copy,
            self.take_part,
            self.pass_over,
            self.pass_over,
            self.pass_over,
        )
        for _ in range(steps):
            await self.chance.choice(acts)()
        await self.company.settle()
        # What everybody has deleted or edited is as the record says again once the record has changed.
        for key in self.keys:
            self.count += 1
            await self.company.change(
                key, subject=f"final {self.count}", statecode=3, statuscode=4, location=f"room {self.count}"
            )
        await self.company.settle()
        await self.company.settle()
        await self.agree()

    async def agree(self) -> None:
        company = self.company
        for address in (ADA, BEN):
            user = company.users[address]
            wanted = company.query(
                "select subject, location from serviceappointment s where ownerid = %s or exists (select from"
                " activityparty p where p.activityid = s.activityid and p.partyid = %s) order by subject",
                user,
                user,
            )
            items = await company.calendar(address)
            finals = sorted(
                (item.subject, item.location)
                for item in items
                if item.subject.startswith("final ") and "copied" not in (item.categories or ())
            )
            assert finals == wanted, address
        assert company.rows("subject") == []
        assert await company.is_silent()

    async def offer(self) -> None:
        if len(self.keys) < 4:
            self.count += 1
            people = {BEN: RESOURCE} if self.chance.random() < 0.7 else {}
            self.keys.append(await self.company.offer(ADA, subject=f"offer {self.count}", people=people))

    async def change(self) -> None:
        if self.keys:
            self.count += 1
            await self.company.change(self.chance.choice(self.keys), subject=f"change {self.count}")

    async def finish(self) -> None:
        if self.keys:
            state = self.chance.choice([(1, 8), (2, 9), (3, 4), (0, 2)])
            await self.company.change(self.chance.choice(self.keys), statecode=state[0], statuscode=state[1])

    async def remove(self) -> None:
        if self.keys and self.chance.random() < 0.4:
            key = self.keys.pop(self.chance.randrange(len(self.keys)))
            await self.company.remove(key)

    async def take_part(self) -> None:
        if self.keys:
            key = self.chance.choice(self.keys)
            await self.company.leave(key, BEN)
            if self.chance.random() < 0.5:
                await self.company.join(key, BEN, RESOURCE)

    async def pass_over(self) -> None:
        await self.company.once(self.chance.choice((ADA, BEN)))

    async def _of_somebody(self, act: Any) -> str:
        index = self.chance.randrange(8)

        def choose(person: Any) -> None:
            items = [item for item in person.calendar.all() if "copied" not in (item.categories or ())]
            if items:
                act(person, items[index % len(items)])

        address = self.chance.choice((ADA, BEN))
        await self.company.outlook(address, choose)
        return address

    async def edit_copy(self) -> None:
        self.count += 1

        def edit(_: Any, item: Any) -> None:
            item.subject, item.location = f"own {self.count}", "elsewhere"
            item.save(update_fields=["subject", "location"], send_meeting_invitations="SendToNone")

        await self._of_somebody(edit)

    async def delete_copy(self) -> None:
        await self._of_somebody(lambda _, item: item.move_to_trash())

    async def copy(self) -> None:
        def make(person: Any, item: Any) -> None:
            before = {each.id for each in person.calendar.all().only("subject")}
            item.copy(person.calendar)
            (made,) = [each for each in person.calendar.all() if each.id not in before]
            made.categories = [*(made.categories or ()), "copied"]
            made.save(update_fields=["categories"], send_meeting_invitations="SendToNone")

        if self.chance.random() < 0.3:
            # Where the first one is deleted before anybody has looked, nobody can tell a copy from what was moved.
            await self.company.once(await self._of_somebody(make))

    async def bring_back(self) -> None:
        def restore(person: Any) -> None:
            items = [item for item in person.trash.all() if "copied" not in (item.categories or ())]
            if items:
                items[0].move(person.calendar)

        await self.company.outlook(self.chance.choice((ADA, BEN)), restore)
