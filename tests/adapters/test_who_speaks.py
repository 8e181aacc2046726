"""Meetings whose organizer's mailbox is off: the next one that has them speaks, and falls silent again."""

from collections.abc import Callable
from typing import Any

import pytest
from exchangelib import Attendee, Mailbox
from psycopg_pool import AsyncConnectionPool

from serversync.mapping.fields import directions
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.plan import KindRules
from serversync.rules.record import Kind
from tests.adapters.meeting_company import ADA, BEN, CLEO, GRACE, HOUR, MeetingCompany, moment, next_week
from tests.adapters.test_meeting_life import agree, change
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.test_meetings import the_item
from tests.adapters.test_meetings_that_recur import DAYS, at, the_series, view, watch
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

OFF = {
    "deactivated": "update mailbox set statecode = 1, statuscode = 2 where mailboxid = %s",
    "switched off": "update mailbox set enabledforact = false where mailboxid = %s",
    "without the method": "update mailbox set actdeliverymethod = 0 where mailboxid = %s",
    "not approved": "update mailbox set emailrouteraccessapproval = 0 where mailboxid = %s",
    "without a profile": "update mailbox set emailserverprofile = null where mailboxid = %s",
}
ON: str = (
    "update mailbox set statecode = 0, statuscode = 1, enabledforact = true, actdeliverymethod = 1,"
    " emailrouteraccessapproval = 1, emailserverprofile = (select emailserverprofileid from emailserverprofile)"
    " where mailboxid = %s"
)


async def execute(company: MeetingCompany, statement: str, *arguments: Any) -> None:
    pool: AsyncConnectionPool = company.pool
    async with pool.connection() as connection:
        await connection.execute(statement.encode(), arguments)


async def stop(company: MeetingCompany, address: str, how: str = "switched off") -> None:
    await execute(company, OFF[how], company.mailboxes[address])


async def start(company: MeetingCompany, address: str) -> None:
    await execute(company, ON, company.mailboxes[address])


async def speakers(company: MeetingCompany, *addresses: str) -> list[str]:
    """Those of these mailboxes that speak for the only meeting, as their passes are told."""
    (key,) = [key for (key,) in company.rows("activityid")]
    found = [await company.store.records(company.run(each), [(Kind.APPOINTMENT, key)]) for each in addresses]
    says = [one[key].appointment for one in found]
    return [each for each, one in zip(addresses, says, strict=True) if one is not None and one.speaks]


def by_turns(company: MeetingCompany) -> tuple[str, str]:
    """Ben and Cleo in the order in which it is their turn to speak."""
    first, second = sorted((BEN, CLEO), key=lambda each: company.mailboxes[each])
    return first, second


async def called(company: MeetingCompany) -> None:
    """Ada has called a meeting in Outlook, and all have heard of it."""
    await company.meet(ADA, BEN, CLEO, GRACE, location="Room 1")
    await company.settle(ADA)
    await company.settle(BEN)
    await company.settle()
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


@pytest.mark.parametrize("how", OFF)
async def test_the_next_mailbox_speaks_until_that_of_the_organizer_is_back(
    company: MeetingCompany, how: str
) -> None:
    await called(company)
    assert await speakers(company, ADA, BEN, CLEO) == [ADA]
    await stop(company, ADA, how)
    assert await speakers(company, *by_turns(company)) == [by_turns(company)[0]]
    later = next_week() + HOUR
    await company.outlook(ADA, change(subject="Later", start=moment(later), end=moment(later + HOUR)))
    await company.settle(BEN, CLEO)
    await agree(company, "Later", later)
    assert company.rows("location, ownerid") == [("Room 1", company.users[ADA])]
    await company.outlook(CLEO, lambda cleo: the_item(cleo).accept())
    await company.settle(BEN, CLEO)
    assert company.parties()[CLEO][2] == 3
    await start(company, ADA)
    await company.settle()
    assert await speakers(company, ADA, BEN, CLEO) == [ADA]
    await agree(company, "Later", later)
    assert company.parties()[CLEO][2] == 3
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Later"]
    assert await company.settle() == 1


async def test_a_mailbox_that_has_lost_its_links_leaves_the_meeting_to_the_next(
    company: MeetingCompany,
) -> None:
    await called(company)
    await company.outlook(ADA, change(subject="Later"))
    await company.settle(BEN, CLEO)
    assert company.rows("subject") == [("Kick-off",)]
    await execute(company, "delete from exchangesyncidmapping where mailboxid = %s", company.mailboxes[ADA])
    assert await speakers(company, *by_turns(company)) == [by_turns(company)[0]]
    await company.settle(BEN, CLEO)
    assert company.rows("subject, ownerid") == [("Later", company.users[ADA])]
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Later"]


async def test_what_a_silent_mailbox_has_heard_is_told_when_it_comes_to_speak(
    company: MeetingCompany,
) -> None:
    await called(company)
    await company.outlook(ADA, change(subject="Later", location="Room 2"))
    await company.settle(BEN, CLEO)  # Ada's mailbox speaks, and has not been looked at
    assert company.rows("subject, location") == [("Kick-off", "Room 1")]
    await stop(company, ADA)
    await company.settle(BEN, CLEO)
    assert company.rows("subject, location") == [("Later", "Room 2")]
    await start(company, ADA)
    await company.settle()
    await agree(company, "Later", next_week())
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Later"]


async def test_where_that_one_stops_too_the_one_after_it_speaks(company: MeetingCompany) -> None:
    await called(company)
    first, second = by_turns(company)
    await stop(company, ADA)
    await stop(company, first, "deactivated")
    assert await speakers(company, second) == [second]
    await company.outlook(ADA, change(subject="Later"))
    await company.settle(second)
    assert company.rows("subject") == [("Later",)]
    await start(company, first)
    assert await speakers(company, first, second) == [first]
    await company.settle(BEN, CLEO)
    await start(company, ADA)
    await company.settle()
    await agree(company, "Later", next_week())


async def test_an_attendees_own_copy_changes_the_meeting_for_nobody(company: MeetingCompany) -> None:
    await called(company)
    await stop(company, ADA)

    def rename(person: Any) -> None:
        mine = the_item(person)
        mine.subject = "Boring"
        mine.save(update_fields=["subject"], send_meeting_invitations="SendToNone")

    first, second = by_turns(company)
    await company.outlook(first, rename)
    await company.settle(BEN, CLEO)
    assert company.rows("subject") == [("Boring",)]
    await start(company, ADA)
    await company.settle()
    assert company.rows("subject") == [("Kick-off",)]
    assert [(await company.the_only(each)).subject for each in (ADA, first, second)] == [
        "Kick-off",
        "Boring",
        "Kick-off",
    ]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


async def test_an_edit_in_the_crm_waits_for_the_organizers_mailbox(company: MeetingCompany) -> None:
    await called(company)
    (key,) = [key for (key,) in company.rows("activityid")]
    await stop(company, ADA)
    await company.edit(key, location="Hall")
    await company.settle(BEN, CLEO)
    assert company.rows("location") == [("Hall",)]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]
    await start(company, ADA)
    await company.settle()
    assert {(await company.the_only(each)).location for each in (ADA, BEN, CLEO)} == {"Hall"}
    assert company.mail_to_grace() == ["REQUEST: Kick-off"] * 2


async def test_an_edit_in_the_crm_waits_also_where_the_next_mailbox_has_never_looked_at_the_meeting(
    company: MeetingCompany,
) -> None:
    await company.meet(ADA, BEN, CLEO, GRACE, location="Room 1")
    await company.settle(ADA)
    (key,) = [key for (key,) in company.rows("activityid")]
    await company.edit(key, location="Room 9")
    await company.outlook(ADA, change(subject="Later"))
    await stop(company, ADA)
    await company.settle(BEN, CLEO)
    assert company.rows("subject, location") == [("Later", "Room 9")]
    await start(company, ADA)
    await company.settle()
    assert company.rows("subject, location") == [("Later", "Room 9")]
    assert [each.location for each in await company.calendar(CLEO)] == ["Room 9"]
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Later", "REQUEST: Later"]
    assert await company.settle() == 1


async def test_what_was_on_its_way_when_the_organizers_mailbox_stopped_waits_for_it(
    company: MeetingCompany,
) -> None:
    await called(company)
    (key,) = [key for (key,) in company.rows("activityid")]
    await company.edit(key, location="Hall")
    await execute(
        company,
        "update exchangesyncidmapping set intent = jsonb_build_object('crm', base -> 'crm', 'exchange',"
        " jsonb_build_object('location', 'Hall')) where mailboxid = %s",
        company.mailboxes[ADA],
    )
    await stop(company, ADA)
    await company.outlook(ADA, change(subject="Later", location="Room 3"))
    await company.settle(BEN, CLEO)
    assert company.rows("subject, location") == [("Later", "Hall")]
    await start(company, ADA)
    await company.settle()
    assert {(await company.the_only(each)).location for each in (ADA, BEN, CLEO)} == {"Hall"}
    assert company.rows("subject, location") == [("Later", "Hall")]


async def test_the_cancelled_copy_of_who_was_left_out_speaks_for_nobody(company: MeetingCompany) -> None:
    await called(company)
    first, second = by_turns(company)
    await company.outlook(
        ADA, change(location="Room 2", required_attendees=[Attendee(mailbox=Mailbox(email_address=second))])
    )
    await company.settle(ADA)
    await stop(company, ADA)
    await company.settle(first, second)
    assert (await company.the_only(first)).is_cancelled
    assert company.rows("location, statecode") == [("Room 2", 3)]
    assert await speakers(company, second) == [second]
    await start(company, ADA)
    await company.settle()
    assert company.rows("location, statecode") == [("Room 2", 3)]
    assert await company.settle() == 1


async def test_a_meeting_that_is_called_off_meanwhile_is_cancelled_in_the_crm(
    company: MeetingCompany,
) -> None:
    await called(company)
    await stop(company, ADA)
    await company.outlook(ADA, lambda ada: the_item(ada).cancel())
    await company.settle(BEN, CLEO)
    assert company.rows("statecode, statuscode") == [(2, 4)]
    await start(company, ADA)
    await company.settle()
    assert company.rows("statecode, statuscode") == [(2, 4)]
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "CANCEL: Canceled: Kick-off"]


async def test_without_approval_by_rule_of_the_organization_all_are_synchronized(
    company: MeetingCompany,
) -> None:
    await called(company)
    await stop(company, ADA, "not approved")
    assert await speakers(company, *by_turns(company)) == [by_turns(company)[0]]
    await execute(company, "update organization set requireapprovalforuseremail = false")
    assert await speakers(company, ADA, BEN, CLEO) == [ADA]


def moves(index: int, hour: int) -> Callable[[Any], None]:
    def act(ada: Any) -> None:
        one = the_series(ada).occurrence(index)
        one.refresh()
        one.start, one.end = at(DAYS[index - 1], hour), at(DAYS[index - 1], hour + 1)
        one.save(update_fields=["start", "end"], send_meeting_invitations="SendToAllAndSaveCopy")

    return act


async def test_a_series_is_kept_in_step_by_the_next_mailbox_with_its_occurrences(
    company: MeetingCompany,
) -> None:
    company.rules = {
        Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT)),
        Kind.SERIES: KindRules(SERIES_DIRECTIONS),
    }
    await company.outlook(ADA, watch(BEN, CLEO, GRACE))
    await company.settle()
    await stop(company, ADA)
    await company.outlook(ADA, moves(2, 14))
    await company.settle(BEN, CLEO)
    assert company.rows("originalstartdate, scheduledstart") == [(at(DAYS[1], 9), at(DAYS[1], 14))]
    await company.outlook(
        ADA,
        lambda ada: the_series(ada).occurrence(3).delete(send_meeting_cancellations="SendToAllAndSaveCopy"),
    )
    await company.settle(BEN, CLEO)
    assert company.query("select deletedexceptionslist from recurringappointmentmaster") == [(str(DAYS[2]),)]
    told = company.mail_to_grace()
    await start(company, ADA)
    await company.settle()
    seen = [await view(company, each) for each in (ADA, BEN, CLEO)]
    assert [[begin for begin, _, _ in one] for one in seen] == [
        [at(DAYS[0], 9), at(DAYS[1], 14), at(DAYS[3], 9)]
    ] * 3
    assert company.mail_to_grace() == told
    assert company.query(
        "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
    ) == [(3, 1)]
