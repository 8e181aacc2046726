"""A mailbox that another one has replaced is filled again from the CRM: nothing twice, and nobody is invited again."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import exchangelib
import pytest
from psycopg_pool import AsyncConnectionPool

from serversync.core import faults
from serversync.core.errors import ServiceError
from serversync.engine.act_ports import ActRun
from serversync.mapping.fields import directions
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.guards import EACH, Answer, Shown
from serversync.rules.plan import Deletion, KindRules, Step
from serversync.rules.record import Kind
from serversync.simulator import Fault
from tests.adapters.meeting_company import ADA, BEN, GRACE, HOUR, MeetingCompany, next_week
from tests.adapters.test_meeting_life import change
from tests.adapters.test_meetings import opened_company
from tests.adapters.test_meetings_that_recur import DAYS, at, the_series, view, watch
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

KEPT = KindRules(directions(Kind.CONTACT), exchange_deletion=Deletion.NEVER)
RULES = {
    Kind.CONTACT: KEPT,
    Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT)),
    Kind.SERIES: KindRules(SERIES_DIRECTIONS),
}


class Killed(BaseException):
    """The process is gone."""


class ReplacedCompany(MeetingCompany):
    """Of the mailboxes that were replaced a person may say what becomes of what they lack."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.rules = dict(RULES)
        self.replaced: set[str] = set()
        self.answer = Answer.NONE
        self.shown: Shown = frozenset()

    def run(self, address: str) -> ActRun:
        run = super().run(address)
        if address not in self.replaced:
            return run
        return replace(run, brake=EACH, is_replaced=True, answer=self.answer, shown=self.shown)

    async def replace_mailbox(self, address: str) -> None:
        """Somebody gets a new mailbox, in which there is nothing, under the same address."""

        def empty(account: exchangelib.Account) -> None:
            for folder in (account.calendar, account.contacts):
                ids = list(folder.all().only("id", "changekey"))
                account.bulk_delete(ids, delete_type="HardDelete", send_meeting_cancellations="SendToNone")

        await self.outlook(address, empty)
        self.replaced.add(address)

    async def held(self, address: str) -> dict[Step, set[str]]:
        """Look twice, and return what waits for a person, who is shown it."""
        await self.once(address)
        one = await self.once(address)
        waiting = [action for action in one.plan.actions if one._run.brake.concerns(action)]
        self.shown = frozenset((action.step, action.pair.crmid) for action in waiting)
        return {
            step: {action.pair.title for action in waiting if action.step is step}
            for step in {action.step for action in waiting}
        }

    async def contact(self, name: str) -> UUID:
        key = uuid4()
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into contact (contactid, lastname, ownerid) values (%s, %s, %s)",
                (key, name, self.users[ADA]),
            )
        return key

    async def people(self, address: str) -> list[str]:
        """The contacts of somebody in Outlook."""

        def names(account: exchangelib.Account) -> list[str]:
            return sorted(one.surname for one in account.contacts.all())

        found: list[str] = await self.outlook(address, names)
        return found

    def bens_answer(self) -> int | None:
        """What Ben has answered to the meeting that Ada has called."""
        [(answer,)] = self.query(
            "select p.responsestatus from activityparty p join appointment a on a.activityid = p.activityid"
            " where p.participationtypemask = 5 and p.partyid = %s and a.ownerid = %s",
            self.users[BEN],
            self.users[ADA],
        )
        found: int | None = answer
        return found

    def links(self, address: str) -> list[tuple[str, int]]:
        """Kind and stage of all pairs of a mailbox."""
        found: list[tuple[str, int]] = self.query(
            "select objecttypecode, stage from exchangesyncidmapping where mailboxid = %s order by 1, 2",
            self.mailboxes[address],
        )
        return found


@pytest.fixture
def company(
    world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ReplacedCompany]:
    with opened_company(ReplacedCompany, world, pool, query, serve, monkeypatch) as made:
        yield made


@pytest.fixture
async def settled(company: ReplacedCompany) -> ReplacedCompany:
    """In Ada's mailbox are two contacts, a meeting of her own and one that Ben has called."""
    for name in ("Hopper", "Lovelace"):
        await company.contact(name)
    await company.meet(ADA, BEN, GRACE, location="Room 1")
    await company.meet(
        BEN, ADA, GRACE, subject="Planning", start=next_week() + 2 * HOUR, end=next_week() + 3 * HOUR
    )
    await company.settle(ADA)
    await company.settle()
    await company.outlook(BEN, lambda ben: ben.calendar.get(subject="Kick-off").accept())
    await company.settle()
    return company


@pytest.fixture
async def lost(settled: ReplacedCompany) -> ReplacedCompany:
    """The mailbox was replaced."""
    await settled.replace_mailbox(ADA)
    return settled


INVITED = ["REQUEST: Kick-off", "REQUEST: Planning"]


async def test_what_a_replaced_mailbox_lacks_is_neither_deleted_nor_parted_before_a_person_has_answered(
    lost: ReplacedCompany,
) -> None:
    before = lost.links(ADA)
    assert await lost.held(ADA) == {
        Step.UNLINK: {"Hopper", "Lovelace", "Planning"},
        Step.DELETE_IN_CRM: {"Kick-off"},
    }
    assert lost.links(ADA) == before
    assert {subject for (subject,) in lost.rows("subject")} == {"Kick-off", "Planning"}


async def fill(company: ReplacedCompany) -> None:
    """A person has the mailbox filled again; after the pass it is a mailbox like any other."""
    company.answer = Answer.FILL
    await company.once(ADA)
    company.replaced.clear()
    await company.settle()


async def all_is_back(company: ReplacedCompany) -> None:
    assert await company.people(ADA) == ["Hopper", "Lovelace"]
    back = await company.the_only(ADA)
    assert (back.subject, back.location, back.start) == ("Kick-off", "Room 1", next_week())
    assert back.is_from_me or back.organizer.email_address == ADA
    there = await company.outlook(BEN, lambda ben: ben.calendar.get(subject="Kick-off"))
    assert there.uid == back.uid
    assert {each.mailbox.email_address for each in back.required_attendees} == {BEN, GRACE}
    assert company.mail_to_grace() == INVITED
    assert company.links(ADA) == [("appointment", 2), ("appointment", 4), ("contact", 2), ("contact", 2)]
    assert sorted(company.rows("subject")) == [("Kick-off",), ("Planning",)]
    assert await company.settle() == 1


async def test_a_replaced_mailbox_is_filled_again_and_nobody_is_invited_again(lost: ReplacedCompany) -> None:
    await lost.held(ADA)
    await fill(lost)
    await all_is_back(lost)
    assert lost.bens_answer() == 3
    # It is the same meeting still: who is told of a change has it already, and answers reach the new item.
    await lost.outlook(ADA, change(subject="Later"))
    await lost.settle()
    assert lost.mail_to_grace() == [*INVITED, "REQUEST: Later"]
    assert {item.subject for item in await lost.calendar(BEN)} == {"Later", "Planning"}
    await lost.outlook(BEN, lambda ben: ben.calendar.get(subject="Later").decline())
    await lost.settle()
    assert lost.bens_answer() == 4


@pytest.mark.parametrize("point", [*faults.ACT_PASS, "act.written again"])
async def test_a_pass_that_fills_a_mailbox_is_killed_and_the_next_one_goes_on(
    lost: ReplacedCompany, point: str
) -> None:
    await lost.held(ADA)
    lost.answer = Answer.FILL
    times = 2 if point.endswith(" again") else 1

    def kill() -> None:
        nonlocal times
        times -= 1
        if not times:
            raise Killed

    with pytest.raises(Killed), faults.arm(point.removesuffix(" again"), kill):
        await lost.once(ADA)
    lost.now -= dt.timedelta(minutes=5)
    await lost.once(ADA)
    # What may have been under way was passed over, and the answer was about this pass.
    lost.answer, lost.shown = Answer.NONE, frozenset()
    await lost.once(ADA)
    lost.replaced.clear()
    await lost.settle()
    await all_is_back(lost)


async def test_an_item_that_was_not_written_though_we_were_told_to_is_made_later_in_silence(
    lost: ReplacedCompany,
) -> None:
    await lost.held(ADA)
    lost.answer = Answer.FILL
    lost.exchange.faults.add(Fault(operation="CreateItem", reset_before=True, times=None))
    with pytest.raises(ServiceError):
        await lost.once(ADA)
    lost.exchange.faults.clear()
    lost.answer, lost.shown = Answer.NONE, frozenset()
    for _ in range(3):
        await lost.once(ADA)
    assert (await lost.the_only(ADA)).subject == "Kick-off"
    assert lost.mail_to_grace() == INVITED


async def test_what_has_come_back_by_itself_is_not_made_twice(settled: ReplacedCompany) -> None:
    """A contact and the meeting of a backup were brought into the new mailbox; they carry our stamp."""

    def save(ada: exchangelib.Account) -> list[tuple[str, str]]:
        ids = {
            "contacts": ada.contacts.get(surname="Hopper"),
            "calendar": ada.calendar.get(subject="Kick-off"),
        }
        return [(folder, data) for folder, item in ids.items() for data in ada.export([item])]

    backup = await settled.outlook(ADA, save)
    await settled.replace_mailbox(ADA)
    await settled.held(ADA)
    await settled.outlook(ADA, lambda ada: ada.upload([(getattr(ada, name), data) for name, data in backup]))
    await fill(settled)
    await all_is_back(settled)


async def test_who_was_invited_hears_of_what_was_changed_since_and_of_nothing_else(
    lost: ReplacedCompany,
) -> None:
    [(key,)] = lost.query("select activityid from appointment where subject = 'Kick-off'")
    await lost.held(ADA)
    await lost.edit(key, location="Room 2")
    await fill(lost)
    assert (await lost.the_only(ADA)).location == "Room 2"
    assert (await lost.outlook(BEN, lambda ben: ben.calendar.get(subject="Kick-off"))).location == "Room 2"
    assert lost.mail_to_grace() == [*INVITED, "REQUEST: Kick-off"]


@pytest.mark.parametrize("is_broken_off", [False, True], ids=["at once", "broken off after the master"])
async def test_a_series_is_filled_again_with_its_days_and_nobody_hears_of_it(
    company: ReplacedCompany, *, is_broken_off: bool
) -> None:
    await company.outlook(ADA, watch(BEN, GRACE))
    await company.settle()

    def differ(ada: exchangelib.Account) -> None:
        second = the_series(ada).occurrence(2)
        second.refresh()
        second.start, second.end = at(DAYS[1], 16), at(DAYS[1], 17)
        second.save(update_fields=["start", "end"], send_meeting_invitations="SendToAllAndSaveCopy")
        the_series(ada).occurrence(4).delete(send_meeting_cancellations="SendToAllAndSaveCopy")

    await company.outlook(ADA, differ)
    await company.settle()
    before, told = await view(company, ADA), company.mail_to_grace()
    uid = (await company.outlook(ADA, the_series)).uid
    await company.replace_mailbox(ADA)
    await company.held(ADA)
    if is_broken_off:
        company.exchange.faults.add(Fault(operation="UpdateItem", reset_before=True, times=None))
        company.answer = Answer.FILL
        with pytest.raises(ServiceError):
            await company.once(ADA)
        company.exchange.faults.clear()
        company.answer, company.shown = Answer.NONE, frozenset()
        company.replaced.clear()
        await company.settle()
    else:
        await fill(company)
    assert await view(company, ADA) == before == await view(company, BEN)
    assert (await company.outlook(ADA, the_series)).uid == uid
    assert company.mail_to_grace() == told
    assert company.query("select count(*) from recurringappointmentmaster") == [(1,)]
    assert await company.settle() == 1
