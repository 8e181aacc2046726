"""The life of a meeting between three synchronized users and an outsider, started from either side, and killed passes."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from serversync.core import faults
from serversync.rules.appointment import PrivateItems
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
    moment,
    next_week,
)
from tests.adapters.test_meetings import EVERYBODY, the_item
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

LINKED = "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"


def change(**values: Any) -> Callable[[Any], None]:
    """The organizer changes the meeting in Outlook, and everybody hears of it."""

    def act(person: Any) -> None:
        mine = the_item(person)
        for name, value in values.items():
            setattr(mine, name, value)
        mine.save(update_fields=list(values), send_meeting_invitations="SendToAllAndSaveCopy")

    return act


async def agree(company: MeetingCompany, subject: str, start: dt.datetime) -> None:
    """Every calendar and the CRM say the same."""
    for address in (ADA, BEN, CLEO):
        item = await company.the_only(address)
        assert (item.subject, item.start) == (subject, start), address
    assert company.rows("subject, scheduledstart, scheduledend") == [(subject, start, start + HOUR)]
    assert company.query(LINKED) == [(3, 1)]


async def test_a_meeting_that_begins_in_the_crm_lives_its_life(company: MeetingCompany) -> None:
    company.allow(cancels=True)
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await agree(company, "Kick-off", next_week())
    await company.outlook(BEN, lambda ben: the_item(ben).accept())
    await company.outlook(CLEO, lambda cleo: the_item(cleo).decline())
    await company.settle()
    assert (company.parties()[BEN][2], company.parties()[CLEO][2]) == (3, 4)
    later = next_week() + DAY
    await company.edit(key, scheduledstart=later, scheduledend=later + HOUR, subject="Kick-off, later")
    await company.settle(ADA)
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Kick-off, later"]
    assert (await company.the_only(BEN)).start == later
    await company.settle()
    assert company.rows("subject, scheduledstart") == [("Kick-off, later", later)]
    await company.edit(key, statecode=2, statuscode=4)
    await company.settle()
    assert await company.calendar(ADA) == []
    assert [each.is_cancelled for each in await company.calendar(BEN)] == [True]
    assert company.rows("statecode") == [(2,)]
    assert company.mail_to_grace()[2:] == ["CANCEL: Canceled: Kick-off, later"]
    await company.settle()
    assert len(company.exchange.outbox) == 3


async def test_a_meeting_that_begins_in_outlook_lives_its_life(company: MeetingCompany) -> None:
    await company.meet(ADA, BEN, CLEO, GRACE)
    await company.settle()
    await agree(company, "Kick-off", next_week())
    await company.outlook(BEN, lambda ben: the_item(ben).tentatively_accept())
    await company.settle()
    assert company.parties()[BEN][2] == 2
    later = next_week() + DAY
    await company.outlook(ADA, change(start=moment(later), end=moment(later + HOUR), subject="Later"))
    await company.settle()
    await agree(company, "Later", later)
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Later"]
    await company.outlook(
        ADA, lambda ada: the_item(ada).move_to_trash(send_meeting_cancellations="SendToAllAndSaveCopy")
    )
    await company.settle()
    assert company.rows("subject") == []
    assert company.query(LINKED) == [(0, 0)]
    assert company.mail_to_grace()[2:] == ["CANCEL: Canceled: Later"]


async def test_an_edit_on_either_side_is_told_once_and_the_other_way_round_not_at_all(
    company: MeetingCompany,
) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await company.outlook(ADA, change(location="Room 2"))
    await company.settle()
    assert company.rows("location") == [("Room 2",)]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"] * 2  # Ada's own, and nothing of ours
    await company.edit(key, description="Bring a pen")
    await company.settle()
    assert (await company.the_only(BEN)).text_body.strip() == "Bring a pen"
    assert company.mail_to_grace() == ["REQUEST: Kick-off"] * 3
    await company.edit(key, regardingobjectid=key, regardingobjecttypecode="account")
    await company.settle()
    assert len(company.exchange.outbox) == 3


async def test_who_is_added_hears_of_it_and_who_is_removed_is_cancelled_and_nobody_else(
    company: MeetingCompany,
) -> None:
    key = await company.add(ADA, people={GRACE: REQUIRED})
    await company.settle()
    await company.join(key, BEN, OPTIONAL)
    await company.settle()
    assert (await company.the_only(BEN)).subject == "Kick-off"
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]
    mine = await company.the_only(ADA)
    assert [each.mailbox.email_address for each in mine.optional_attendees] == [BEN]
    assert [each.mailbox.name for each in mine.required_attendees] == ["Grace Hopper"]
    async with company.pool.connection() as connection:
        await connection.execute("delete from activityparty where participationtypemask = 6")
    await company.settle()
    assert [each.is_cancelled for each in await company.calendar(BEN)] == [True]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


async def test_a_setting_keeps_everybody_from_hearing_of_it(company: MeetingCompany) -> None:
    company.allow(may_send=False)
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await company.edit(key, subject="Changed")
    await company.settle()
    assert (await company.the_only(ADA)).subject == "Changed"
    await company.delete(key)
    await company.settle()
    assert [await company.calendar(address) for address in (ADA, BEN, CLEO)] == [[], [], []]
    assert company.exchange.outbox == []


async def test_a_meeting_of_the_past_is_made_in_silence_and_its_deletion_takes_nothing(
    company: MeetingCompany,
) -> None:
    before = next_week() - 30 * DAY
    key = await company.add(ADA, start=before, people={GRACE: REQUIRED})
    await company.settle()
    assert (await company.the_only(ADA)).reminder_is_set is False
    await company.edit(key, subject="It was good")
    await company.settle()
    assert (await company.the_only(ADA)).subject == "It was good"
    await company.delete(key)
    await company.settle()
    assert (await company.the_only(ADA)).subject == "It was good"
    assert company.exchange.outbox == []
    assert company.query("select stage from exchangesyncidmapping") == [(3,)]


async def test_what_ended_before_the_window_does_not_begin_on_either_side(company: MeetingCompany) -> None:
    company.allow(starts_on=dt.datetime.now(dt.UTC))
    before = next_week() - 30 * DAY
    await company.add(ADA, start=before, subject="Old")
    await company.meet(BEN, start=before, subject="Old too")
    await company.settle()
    assert await company.calendar(ADA) == []
    assert company.rows("subject") == [("Old",)]


async def test_an_attendee_who_deletes_a_meeting_takes_it_from_nobody_else(company: MeetingCompany) -> None:
    await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await company.outlook(
        BEN, lambda ben: the_item(ben).move_to_trash(send_meeting_cancellations="SendToNone")
    )
    await company.settle()
    assert [row[0] for row in company.rows("subject")] == ["Kick-off"]
    assert (await company.the_only(ADA)).subject == (await company.the_only(CLEO)).subject == "Kick-off"
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


async def test_a_meeting_deleted_in_the_crm_is_cancelled_by_its_organizer(company: MeetingCompany) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.settle()
    await company.delete(key)
    await company.settle()
    assert await company.calendar(ADA) == []
    assert [each.is_cancelled for each in await company.calendar(BEN)] == [True]
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "CANCEL: Canceled: Kick-off"]


async def test_a_cancelled_appointment_shows_as_free_where_it_may_not_take_its_meeting_along(
    company: MeetingCompany,
) -> None:
    key = await company.add(ADA)
    await company.settle()
    await company.edit(key, statecode=2, statuscode=4)
    await company.settle()
    await company.outlook(ADA, change(subject="Nobody hears"))
    await company.settle()
    assert (await company.the_only(ADA)).legacy_free_busy_status == "Free"
    assert company.rows("subject, statecode") == [("Kick-off", 2)]


async def test_an_appointment_of_ones_own_is_made_on_either_side_and_invites_nobody(
    company: MeetingCompany,
) -> None:
    await company.add(None, owner=ADA, subject="Dentist")
    await company.meet(ADA, subject="Lunch", start=next_week() + DAY)
    await company.settle()
    assert [each.subject for each in await company.calendar(ADA)] == ["Dentist", "Lunch"]
    assert sorted(row[0] for row in company.rows("subject")) == ["Dentist", "Lunch"]
    assert company.exchange.outbox == []
    assert await company.calendar(BEN) == []


@pytest.mark.parametrize(
    ("private", "expected"),
    [
        (PrivateItems.LEAVE_OUT, []),
        (PrivateItems.WITHOUT_CONTENT, [("Private appointment", None, True)]),
        (PrivateItems.WHOLE, [("Doctor", "Clinic", True)]),
    ],
)
async def test_what_is_private_stays_as_private_as_the_setting_says(
    company: MeetingCompany, private: PrivateItems, expected: list[Any]
) -> None:
    company.allow(private=private)
    await company.meet(ADA, subject="Doctor", location="Clinic", sensitivity="Private")
    await company.settle()
    assert company.rows("subject, location, ismapiprivate") == expected


async def test_nothing_is_written_to_a_private_item(company: MeetingCompany) -> None:
    await company.meet(ADA, subject="Doctor", sensitivity="Private")
    await company.settle()
    ((key,),) = company.rows("activityid")
    await company.edit(key, subject="Renamed", location="Here")
    await company.settle()
    item = await company.the_only(ADA)
    assert (item.subject, item.location) == ("Doctor", None)


async def test_whole_days_are_the_same_dates_on_both_sides_over_a_change_of_the_clock(
    company: MeetingCompany,
) -> None:
    first = dt.datetime(2027, 3, 27, tzinfo=dt.UTC)  # the clock changes on the 28th
    await company.add(ADA, start=first, end=first + 4 * DAY, isalldayevent=True, subject="Fair")
    await company.settle()
    item = await company.the_only(ADA)
    assert (item.is_all_day, item.start, item.end) == (True, first.date(), (first + 3 * DAY).date())
    start = await company.outlook(ADA, lambda ada: the_raw_start(company))
    assert start == first - HOUR  # midnight in Berlin, before the clock changes

    def move(ada: Any) -> None:
        mine = the_item(ada)
        mine.start, mine.end = moment(first + DAY - HOUR), moment(first + 2 * DAY - 2 * HOUR)
        mine.save(update_fields=["start", "end"], send_meeting_invitations="SendToNone")

    await company.outlook(ADA, move)
    await company.settle()
    assert company.rows("scheduledstart, scheduledend, isalldayevent") == [
        (first + DAY, first + 2 * DAY, True)
    ]


def the_raw_start(company: MeetingCompany) -> dt.datetime:
    """When an all-day event begins, as the server keeps it."""
    mailbox = company.exchange.mailbox(ADA)
    (number,) = mailbox.distinguished_folder("calendar").items
    start: dt.datetime = (mailbox.item(number).properties or {})["calendar:Start"]
    return start


async def test_a_series_is_left_alone(company: MeetingCompany) -> None:
    from exchangelib import EWSDate
    from exchangelib.recurrence import DailyPattern, Recurrence

    start = EWSDate.from_date(next_week().date())
    await company.meet(ADA, recurrence=Recurrence(pattern=DailyPattern(interval=1), start=start, number=3))
    await company.settle()
    assert company.rows("subject") == []


class Killed(BaseException):
    """The process is gone."""


def kill() -> None:
    raise Killed


@pytest.mark.parametrize("point", faults.ACT_PASS)
async def test_killed_at_any_point_everybody_hears_once_and_has_one_meeting(
    company: MeetingCompany, point: str
) -> None:
    key = await company.add(ADA, people=EVERYBODY)
    await company.meet(BEN, CLEO, subject="Review", start=next_week() + DAY)
    for address in (ADA, BEN):
        with pytest.raises(Killed), faults.arm(point, kill):
            await company.once(address)
    await company.settle()
    await company.edit(key, subject="Changed")
    with pytest.raises(Killed), faults.arm(point, kill):
        await company.once(ADA)
    await company.settle()
    for address in (BEN, CLEO):
        assert [each.subject for each in await company.calendar(address)] == ["Changed", "Review"]
    assert sorted(row[0] for row in company.rows("subject")) == ["Changed", "Review"]
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Changed"]
    assert company.query(LINKED) == [(5, 2)]
