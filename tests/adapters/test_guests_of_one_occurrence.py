"""What guests of one occurrence of a series alone answer without a response: told by their own mailboxes, and only as news."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import exchangelib
import pytest
from exchangelib.items import AcceptItem, DeclineItem, TentativelyAcceptItem

from serversync.adapters.act_guest_items import days_of
from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.core import faults
from serversync.exchange.client import EwsClient
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind
from tests.adapters.meeting_company import ADA, BEN, CLEO, MeetingCompany
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.test_meetings_that_recur import (
    DAYS,
    Killed,
    _series_too,  # noqa: F401 - a fixture
    add,
    add_guest,
    answers_silently,
    at,
    execute,
    invite,
    one_of,
    people_of_occurrences,
    the_series,
    watch,
)
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

ITEMS = "select count(*) from exchangesyncitem where mailboxid = %s and isheard"


async def invited(company: MeetingCompany) -> UUID:
    """Ada has a series with Ben, and Cleo is a guest of its second occurrence; everybody knows of it."""
    await add(company, {BEN: 5})
    await company.settle()
    key = await add_guest(company, DAYS[1], CLEO)
    await company.settle()
    return key


def the_only(account: exchangelib.Account) -> Any:
    (mine,) = account.calendar.all()
    return mine


async def answer(company: MeetingCompany, what: type[Any]) -> None:
    """Cleo answers without a response."""
    await company.outlook(CLEO, lambda cleo: answers_silently(the_only(cleo), what))


async def test_an_answer_without_a_response_is_told_by_the_guests_own_mailbox(
    company: MeetingCompany,
) -> None:
    key = await invited(company)
    await answer(company, AcceptItem)
    await company.settle(CLEO)
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, None), CLEO: (5, 3)}}
    await company.settle()
    await answer(company, TentativelyAcceptItem)
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, None), CLEO: (5, 2)}}
    assert company.rows("activityid, instancetypecode") == [(key, 3)]
    assert company.mail_to_grace() == []
    assert company.query(ITEMS, company.mailboxes[CLEO]) == [(0,)]
    assert await company.settle() == 1


async def test_of_two_occurrences_each_keeps_its_own_answer(company: MeetingCompany) -> None:
    await invited(company)
    await add_guest(company, DAYS[3], CLEO)
    await company.settle()

    def both(cleo: exchangelib.Account) -> None:
        for mine in list(cleo.calendar.all()):
            answers_silently(mine, AcceptItem if mine.start == at(DAYS[1], 9) else TentativelyAcceptItem)

    await company.outlook(CLEO, both)
    await company.settle()
    assert people_of_occurrences(company) == {
        DAYS[1]: {BEN: (5, None), CLEO: (5, 3)},
        DAYS[3]: {BEN: (5, None), CLEO: (5, 2)},
    }


async def test_a_guest_of_outlook_is_heard_before_the_organizers_mailbox_has_told_of_the_guest(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN))
    await company.settle()
    await company.outlook(ADA, invite(2, BEN, CLEO))
    await answer(company, AcceptItem)
    await company.once(CLEO)
    assert company.rows("activityid") == []
    assert company.query(ITEMS, company.mailboxes[CLEO]) == [(1,)]
    await company.settle(ADA)
    company.now += dt.timedelta(minutes=5)
    await company.settle(CLEO)
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, None), CLEO: (5, 3)}}
    assert company.query(ITEMS, company.mailboxes[CLEO]) == [(0,)]


async def test_an_answer_to_an_occurrence_that_the_crm_never_hears_of_is_given_up_when_that_is_over(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN))
    await company.settle()
    await company.outlook(ADA, invite(2, BEN, CLEO))
    await answer(company, AcceptItem)
    await company.once(CLEO)
    company.now += dt.timedelta(days=40)
    await company.once(CLEO)
    assert company.query(ITEMS, company.mailboxes[CLEO]) == [(0,)]
    assert company.rows("activityid") == []


async def test_what_another_mailbox_has_told_meanwhile_is_not_taken_back(company: MeetingCompany) -> None:
    key = await invited(company)
    await answer(company, AcceptItem)
    await company.settle()
    await execute(company, "update activityparty set responsestatus = 2 where activityid = %s", key)

    def touch(cleo: exchangelib.Account) -> None:
        mine = the_only(cleo)
        mine.categories = [TRACKED_CATEGORY]
        mine.save(update_fields=["categories"], send_meeting_invitations="SendToNone")

    await company.outlook(CLEO, touch)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 2)


async def test_an_answer_that_exchange_takes_back_is_taken_back_in_the_crm(company: MeetingCompany) -> None:
    await invited(company)
    await answer(company, AcceptItem)
    await company.settle()

    def move(ada: exchangelib.Account) -> None:
        one = one_of(ada, 2)
        one.start, one.end = at(DAYS[1], 11), at(DAYS[1], 12)
        one.save(update_fields=["start", "end"], send_meeting_invitations="SendToAllAndSaveCopy")

    await company.outlook(ADA, move)
    await company.settle()
    assert (await company.outlook(CLEO, the_only)).my_response_type == "NoResponseReceived"
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 5)
    await answer(company, AcceptItem)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 3)


async def test_who_declines_silently_or_deletes_the_occurrence_tells_nothing(company: MeetingCompany) -> None:
    await invited(company)
    await answer(company, AcceptItem)
    await company.settle()
    await answer(company, DeclineItem)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 3)
    assert company.query(
        "select count(*) from exchangesyncitem where mailboxid = %s", company.mailboxes[CLEO]
    ) == [(0,)]


async def test_a_declined_occurrence_that_stands_in_the_calendar_is_told(company: MeetingCompany) -> None:
    """Newer clients leave there what was declined; here somebody takes it back out of Deleted Items."""
    await invited(company)
    await answer(company, DeclineItem)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, None)

    def take_back(cleo: exchangelib.Account) -> None:
        cleo.trash.get(subject="Watch").move(cleo.calendar)

    await company.outlook(CLEO, take_back)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 4)


@pytest.mark.parametrize("point", ["act.heard", "act.planned", "act.finished"])
async def test_a_pass_that_is_killed_tells_the_answer_once_all_the_same(
    company: MeetingCompany, point: str
) -> None:
    await invited(company)
    await answer(company, AcceptItem)

    def kill() -> None:
        raise Killed

    with faults.arm(point, kill), pytest.raises(Killed):
        await company.once(CLEO)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 3)
    assert await company.settle() == 1


async def test_nothing_is_told_where_series_are_not_synchronized_to_the_crm(company: MeetingCompany) -> None:
    await invited(company)
    company.rules[Kind.SERIES] = KindRules(SERIES_DIRECTIONS, limit=Direction.TO_EXCHANGE)
    await answer(company, AcceptItem)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, None)


async def test_a_completed_series_hears_no_answer(company: MeetingCompany) -> None:
    await invited(company)
    await execute(company, "update recurringappointmentmaster set statecode = 1, statuscode = 3")
    await company.settle()
    await answer(company, AcceptItem)
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, None)


async def test_a_pass_that_only_plans_tells_nothing_and_the_next_one_does(
    company: MeetingCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invited(company)
    await answer(company, AcceptItem)
    run = company.run
    with monkeypatch.context() as planning:
        planning.setattr(company, "run", lambda address: replace(run(address), may_write=False))
        await company.once(CLEO)
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, None)
    await company.settle(CLEO)
    assert people_of_occurrences(company)[DAYS[1]][CLEO] == (5, 3)


async def test_exchange_is_asked_only_by_mailboxes_with_an_answered_occurrence(
    company: MeetingCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str | None, int]] = []

    async def recorded(client: EwsClient, mailbox: str | None, item_ids: Sequence[str]) -> Any:
        asked.append((mailbox, len(item_ids)))
        return await days_of(client, mailbox, item_ids)

    monkeypatch.setattr("serversync.adapters.act_mailbox.days_of", recorded)
    await invited(company)
    await company.meet(ADA, BEN, CLEO)
    await company.outlook(BEN, lambda ben: answers_silently(one_of(ben, 2), AcceptItem))
    await company.settle()
    known = {each for each in asked if each[0] != CLEO}
    await company.outlook(CLEO, lambda cleo: answers_silently(cleo.calendar.get(subject="Watch"), AcceptItem))
    asked.clear()
    await company.settle()
    assert (known, asked) == (set(), [(CLEO, 1)])


async def test_who_silently_declines_an_occurrence_of_the_own_series_keeps_the_answer_in_the_crm(
    company: MeetingCompany,
) -> None:
    """It is deleted from the own copy of the series, as after a mere deletion; nothing tells the two apart."""
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: answers_silently(the_series(ben), AcceptItem))
    await company.settle()
    await company.outlook(BEN, lambda ben: answers_silently(one_of(ben, 2), DeclineItem))
    await company.outlook(CLEO, lambda cleo: one_of(cleo, 2).delete(send_meeting_cancellations="SendToNone"))

    def gone(account: exchangelib.Account) -> list[dt.datetime]:
        return [each.start for each in the_series(account).deleted_occurrences or ()]

    assert await company.outlook(BEN, gone) == await company.outlook(CLEO, gone) == [at(DAYS[1], 9)]
    await company.settle()
    assert people_of_occurrences(company) == {}
    assert company.query("select deletedexceptionslist from recurringappointmentmaster") == [(None,)]
    assert await company.settle() == 1
