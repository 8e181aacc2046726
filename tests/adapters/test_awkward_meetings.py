"""Meetings whose people come back or change parts, and days at which clocks and calendars end."""

import datetime as dt
from typing import Any

import exchangelib
import pytest

from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from tests.adapters.meeting_company import (
    ADA,
    BEN,
    CLEO,
    DAY,
    GRACE,
    HOUR,
    OPTIONAL,
    REQUIRED,
    MeetingCompany,
    next_week,
)
from tests.adapters.test_meetings import EVERYBODY, the_item
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

SANTIAGO = exchangelib.EWSTimeZone("America/Santiago")


async def test_who_is_taken_out_and_invited_again_has_the_meeting_again(company: MeetingCompany) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    async with company.pool.connection() as connection:
        await connection.execute(
            "delete from activityparty where activityid = %s and partyid = any(%s)",
            (key, [company.users[BEN], company.grace]),
        )
    await company.settle()
    assert (await company.the_only(BEN)).is_cancelled
    for address in (BEN, GRACE):
        await company.join(key, address)
    await company.settle()
    await company.edit(key, location="Room 1")
    await company.settle()
    for address in (ADA, BEN, CLEO):
        item = await company.the_only(address)
        assert (item.subject, item.location, bool(item.is_cancelled)) == ("Kick-off", "Room 1", False)
    assert company.rows("subject, location, statecode") == [("Kick-off", "Room 1", 3)]
    assert company.mail_to_grace() == [
        "REQUEST: Kick-off",
        "CANCEL: Canceled: Kick-off",
        "REQUEST: Kick-off",
        "REQUEST: Kick-off",
    ]


async def test_who_gets_another_part_in_outlook_keeps_the_answer(company: MeetingCompany) -> None:
    await company.meet(ADA, BEN, CLEO, GRACE)
    await company.settle()
    await company.outlook(BEN, lambda ben: the_item(ben).accept())
    await company.settle()
    assert company.parties()[BEN] == (REQUIRED, "systemuser", 3)

    def spare(ada: Any) -> None:
        mine = the_item(ada)
        mine.optional_attendees = [BEN, GRACE]
        mine.required_attendees = [CLEO]
        mine.save(
            update_fields=["optional_attendees", "required_attendees"],
            send_meeting_invitations="SendToChangedAndSaveCopy",
        )

    await company.outlook(ADA, spare)
    await company.settle()
    parties = company.parties()
    assert parties[BEN] == (OPTIONAL, "systemuser", 3)
    assert parties[GRACE][:2] == (OPTIONAL, "contact")
    assert parties[CLEO][:2] == (REQUIRED, "systemuser")
    assert company.query("select count(*) from activityparty") == [(4,)]


async def test_a_whole_day_is_one_day_where_the_next_one_has_no_midnight(company: MeetingCompany) -> None:
    day = exchangelib.EWSDate(2027, 9, 4)  # in Chile the clock goes from midnight to one on the 5th

    def make(ada: Any) -> None:
        exchangelib.CalendarItem(
            account=ada,
            folder=ada.calendar,
            subject="Fair",
            is_all_day=True,
            start=day,
            end=day,
            _start_timezone=SANTIAGO,
            _end_timezone=SANTIAGO,
            categories=[TRACKED_CATEGORY],
        ).save()

    await company.outlook(ADA, make)
    await company.settle(ADA)
    first = dt.datetime(2027, 9, 4, tzinfo=dt.UTC)
    assert company.rows("scheduledstart, scheduledend, isalldayevent") == [(first, first + DAY, True)]


@pytest.mark.parametrize("is_all_day", [True, False])
async def test_what_lies_outside_all_calendars_is_set_aside_and_the_others_go_on(
    company: MeetingCompany, is_all_day: bool
) -> None:
    last = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
    await company.add(ADA, subject="Open end", start=last, end=last + HOUR, isalldayevent=is_all_day)
    await company.add(ADA)
    await company.once(ADA)
    await company.once(ADA)
    assert [item.subject for item in await company.calendar(ADA)] == ["Kick-off"]
    ((error,),) = company.query(
        "select lastsyncerror from exchangesyncidmapping where itemsubject = 'Open end'"
    )
    assert error.startswith("exchange.value-refused: ")
    assert "ErrorCalendarOutOfRange" in error


async def test_a_change_beyond_all_calendars_is_set_aside_and_the_item_stays(company: MeetingCompany) -> None:
    key = await company.add(ADA)
    await company.settle(ADA)
    last = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
    await company.edit(key, scheduledstart=last, scheduledend=last, isalldayevent=True)
    await company.once(ADA)
    assert (await company.the_only(ADA)).start == next_week()
    ((error,),) = company.query("select lastsyncerror from exchangesyncidmapping")
    assert error.startswith("exchange.value-refused: ")
