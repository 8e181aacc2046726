"""Somebody makes another person the organizer in the CRM: in Exchange a meeting cannot change hands, and nothing is told of it."""

from typing import Any
from uuid import UUID

import pytest

from serversync.core import faults
from tests.adapters.meeting_company import (
    ADA,
    BEN,
    CLEO,
    GRACE,
    HOUR,
    ORGANIZER,
    REQUIRED,
    MeetingCompany,
    next_week,
)
from tests.adapters.test_meeting_life import Killed, kill
from tests.adapters.test_meetings import EVERYBODY, outsider_invites, track_all
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


async def take_part(company: MeetingCompany, key: UUID, address: str, mask: int) -> None:
    """Somebody gives a person of a meeting another part in the CRM."""
    async with company.pool.connection() as connection:
        await connection.execute(
            "update activityparty set participationtypemask = %s where activityid = %s and partyid = %s",
            (mask, key, company.grace if address == GRACE else company.users[address]),
        )


async def hand_over(company: MeetingCompany, key: UUID, *, before: str = ADA, after: str = BEN) -> None:
    """Somebody makes another one the organizer in the CRM."""
    await take_part(company, key, before, REQUIRED)
    await take_part(company, key, after, ORGANIZER)


def organizers(company: MeetingCompany) -> list[str]:
    """Who organizes in the CRM; somebody may be invited besides."""
    rows = company.query(
        "select coalesce(u.internalemailaddress, c.emailaddress1) from activityparty p"
        " left join systemuser u on u.systemuserid = p.partyid left join contact c on c.contactid = p.partyid"
        " where p.participationtypemask = 7"
    )
    return [address for (address,) in rows]


def conflicts(company: MeetingCompany, address: str) -> Any:
    ((found,),) = company.query(
        "select conflicts from exchangesyncidmapping where mailboxid = %s", company.mailboxes[address]
    )
    return found


async def test_the_organizer_is_put_back_and_nobody_hears_of_it(company: MeetingCompany) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await hand_over(company, key)
    await company.settle()
    assert company.rows("subject, statecode, statuscode") == [("Kick-off", 3, 5)]
    assert organizers(company) == [ADA]
    assert conflicts(company, ADA) == [
        {"name": "organizer", "crm": {"group": [BEN]}, "exchange": {"group": [ADA]}, "winner": "exchange"}
    ]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]
    await company.edit(key, subject="Review")
    await company.settle()
    assert (await company.the_only(ADA)).subject == (await company.the_only(CLEO)).subject == "Review"
    assert company.rows("subject, statecode, statuscode") == [("Review", 3, 5)]
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Review"]


async def test_it_is_put_back_too_where_the_mailbox_of_the_new_one_comes_first(
    company: MeetingCompany,
) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await take_part(company, key, BEN, ORGANIZER)
    async with company.pool.connection() as connection:
        await connection.execute(
            "delete from activityparty where activityid = %s and partyid = %s", (key, company.users[ADA])
        )
    await company.once(BEN)
    assert organizers(company) == [ADA]
    await company.settle()
    assert (organizers(company), company.rows("statecode")) == ([ADA], [(3,)])
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


@pytest.mark.parametrize("point", ["act.intended", "act.written"])
async def test_it_is_put_back_where_the_pass_of_the_organizer_was_killed(
    company: MeetingCompany, point: str
) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await hand_over(company, key)
    with pytest.raises(Killed), faults.arm(point, kill):
        await company.once(ADA)
    await company.settle(BEN, CLEO)
    await company.settle()
    assert company.rows("subject, statecode, statuscode") == [("Kick-off", 3, 5)]
    assert organizers(company) == [ADA]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


async def test_the_meeting_of_an_outsider_stays_the_outsiders_and_is_still_followed(
    company: MeetingCompany,
) -> None:
    outsider_invites(company)
    for address in (BEN, CLEO):
        await company.outlook(address, track_all)
    await company.settle()
    ((key,),) = company.rows("activityid")
    await hand_over(company, key, before=GRACE)
    outsider_invites(company, sequence=1, summary="Planning, later", hour=11)
    await company.settle()
    assert organizers(company) == [GRACE]
    later = next_week().replace(hour=11)
    assert company.rows("subject, scheduledstart, scheduledend") == [("Planning, later", later, later + HOUR)]
    outsider_invites(company, method="CANCEL", sequence=2, summary="Planning, later", hour=11)
    await company.settle()
    assert company.rows("statecode, statuscode") == [(2, 4)]
    assert company.exchange.outbox == []
