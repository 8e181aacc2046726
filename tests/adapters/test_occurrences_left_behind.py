"""Changed occurrences get the new people of their series wherever a pass is killed; exchangelib looks who is invited."""

from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID

import exchangelib
import pytest

from serversync.core import faults
from tests.adapters.meeting_company import ADA, BEN, CLEO, GRACE, MeetingCompany
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.test_meetings_that_recur import (
    DAYS,
    Killed,
    _series_too,  # noqa: F401 - a fixture
    add,
    at,
    execute,
    guests,
    inbox,
    move_in_crm,
    one_of,
    people_of_occurrences,
    view,
)
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

POINTS = [(point, 1) for point in (*faults.ACT_PASS, *faults.ACT_SERIES)] + [
    ("act.occurrence-written", n) for n in (2, 3)
]
"""Where a pass is killed, and the how-manieth time that it gets there."""
ANSWERED = {day: {BEN: (5, 2)} for day in DAYS[1:]}


def kill_at(time: int) -> Callable[[], None]:
    left = time

    def kill() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    return kill


async def killed(company: MeetingCompany, point: str, time: int = 1) -> None:
    with faults.arm(point, kill_at(time)), pytest.raises(Killed):
        await company.once(ADA)


async def a_series_with_answered_occurrences(company: MeetingCompany) -> UUID:
    """Two were moved, and Ben has answered three: Exchange keeps a list of people with each that was answered."""
    key = await add(company, {BEN: 5})
    await company.settle()
    await move_in_crm(company, DAYS[1], 14)
    await move_in_crm(company, DAYS[2], 15)
    await company.settle()
    for number in (2, 3, 4):
        await company.outlook(BEN, lambda ben, n=number: one_of(ben, n).tentatively_accept())
    await company.settle()
    assert people_of_occurrences(company) == ANSWERED
    return key


async def invite_in_crm(company: MeetingCompany, key: UUID) -> None:
    await company.join(key, GRACE)


async def leave_out_in_crm(company: MeetingCompany, key: UUID) -> None:
    await execute(
        company, "delete from activityparty where activityid = %s and partyid = %s", key, company.grace
    )


async def everybody(company: MeetingCompany) -> list[set[str]]:
    return [await guests(company, number) for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(("point", "time"), POINTS)
async def test_wherever_a_pass_is_killed_every_occurrence_gets_the_people_of_its_series_who_are_told_once(
    company: MeetingCompany, point: str, time: int
) -> None:
    key = await a_series_with_answered_occurrences(company)
    mails = len(await inbox(company, BEN))
    await invite_in_crm(company, key)
    await killed(company, point, time)
    await company.settle()
    assert await everybody(company) == [{BEN, GRACE}] * 4
    assert company.mail_to_grace() == ["REQUEST: Watch"]
    await leave_out_in_crm(company, key)
    await killed(company, point, time)
    await company.settle()
    assert await everybody(company) == [{BEN}] * 4
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]
    assert people_of_occurrences(company) == ANSWERED
    assert len(await inbox(company, BEN)) == mails
    assert [start.hour for start, *_ in await view(company, BEN)] == [
        start.hour for start, *_ in await view(company, ADA)
    ]
    assert await company.settle() == 1


async def test_a_pass_that_is_killed_again_and_again_leaves_no_occurrence_behind(
    company: MeetingCompany,
) -> None:
    key = await a_series_with_answered_occurrences(company)
    await invite_in_crm(company, key)
    for point in ("act.series-written", "act.intended", "act.series-written", "act.occurrence-written"):
        await killed(company, point)
    assert sorted(map(len, await everybody(company))) == [1, 1, 2, 2]
    await company.settle()
    assert await everybody(company) == [{BEN, GRACE}] * 4
    assert company.mail_to_grace() == ["REQUEST: Watch"]


async def test_who_changes_the_mind_after_the_kill_reaches_every_occurrence(company: MeetingCompany) -> None:
    key = await a_series_with_answered_occurrences(company)
    await invite_in_crm(company, key)
    await killed(company, "act.series-written")
    await leave_out_in_crm(company, key)
    await company.join(key, CLEO)
    await company.settle()
    assert await everybody(company) == [{BEN, CLEO}] * 4
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]
    assert people_of_occurrences(company) == ANSWERED


async def test_what_is_made_of_an_occurrence_in_outlook_after_the_kill_stays_and_it_follows_nevertheless(
    company: MeetingCompany,
) -> None:
    key = await a_series_with_answered_occurrences(company)
    await invite_in_crm(company, key)
    await killed(company, "act.series-written")

    def to_the_bridge(ada: exchangelib.Account) -> str:
        second = one_of(ada, 2)
        second.location = "Bridge"
        second.save(update_fields=["location"], send_meeting_invitations="SendToNone")
        return str(one_of(ada, 2).location)

    assert await company.outlook(ADA, to_the_bridge) == "Bridge"
    await company.settle()
    assert await everybody(company) == [{BEN, GRACE}] * 4
    assert await company.outlook(ADA, lambda ada: one_of(ada, 2).location) == "Bridge"
    assert company.rows("location") == [("Bridge",), (None,), (None,)]
    assert company.mail_to_grace() == ["REQUEST: Watch"]


async def test_an_occurrence_with_people_of_its_own_keeps_them_also_after_a_kill(
    company: MeetingCompany,
) -> None:
    key = await a_series_with_answered_occurrences(company)
    await execute(
        company,
        "update appointment set modifiedfieldsmask = 'scheduledstart,requiredattendees' where originalstartdate = %s",
        at(DAYS[1], 9),
    )
    ((second,),) = company.query(
        "select activityid from appointment where originalstartdate = %s", at(DAYS[1], 9)
    )
    await company.join(second, CLEO)
    await company.settle()
    await invite_in_crm(company, key)
    await killed(company, "act.series-written")
    await company.settle()
    assert await everybody(company) == [{BEN, GRACE}, {BEN, CLEO}, {BEN, GRACE}, {BEN, GRACE}]
    assert company.mail_to_grace() == ["REQUEST: Watch"]


@pytest.mark.parametrize("is_killed", [True, False])
async def test_who_is_invited_while_one_occurrence_is_cancelled_hears_of_both_once(
    company: MeetingCompany, is_killed: bool
) -> None:
    key = await a_series_with_answered_occurrences(company)
    await invite_in_crm(company, key)
    await execute(company, "delete from appointment where originalstartdate = %s", at(DAYS[1], 9))
    await execute(company, "update recurringappointmentmaster set deletedexceptionslist = %s", str(DAYS[1]))
    with ExitStack() as stack:
        if is_killed:
            stack.enter_context(faults.arm("act.series-written", kill_at(1)))
            stack.enter_context(pytest.raises(Killed))
        await company.once(ADA)
    await company.settle()
    assert [await guests(company, number) for number in (1, 3, 4)] == [{BEN, GRACE}] * 3
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]
    assert len(await view(company, BEN)) == len(await view(company, ADA)) == 3
