"""Series with attendees between three synchronized users and an outsider: one record, told by its organizer alone."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import exchangelib
import pytest
from exchangelib import EWSDateTime, EWSTimeZone
from exchangelib import recurrence as el
from exchangelib.items import AcceptItem, TentativelyAcceptItem
from exchangelib.properties import ReferenceItemId
from exchangelib.services import CreateItem

from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.core import faults
from serversync.mapping.fields import directions
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.appointment import PrivateItems
from serversync.rules.plan import KindRules
from serversync.rules.record import Kind
from tests.adapters.meeting_company import ADA, BEN, CLEO, GRACE, MeetingCompany
from tests.adapters.test_meetings import EVERYBODY
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

BERLIN = EWSTimeZone("Europe/Berlin")
HOUR = dt.timedelta(hours=1)
TODAY = dt.datetime.now(dt.UTC).date()
MONDAY = TODAY + dt.timedelta(days=14 - TODAY.weekday())
DAYS = [MONDAY + dt.timedelta(7 * number) for number in range(4)]
LINKED = "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
SERIES = "select {} from recurringappointmentmaster order by createdon"
View = list[tuple[Any, ...]]


def at(day: dt.date, hour: int) -> EWSDateTime:
    return EWSDateTime(day.year, day.month, day.day, hour, 0, tzinfo=BERLIN)


@pytest.fixture(autouse=True)
def _series_too(company: MeetingCompany) -> None:
    company.rules = {
        Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT)),
        Kind.SERIES: KindRules(SERIES_DIRECTIONS),
    }


async def add(company: MeetingCompany, people: dict[str, int], **columns: Any) -> UUID:
    """Ada makes a series of four Mondays in the CRM."""
    key = uuid4()
    values = {
        "activityid": key,
        "ownerid": company.users[ADA],
        "subject": "Watch",
        "starttime": at(DAYS[0], 9),
        "endtime": at(DAYS[0], 10),
        "timezone": "Europe/Berlin",
        "recurrencepatterntype": 1,
        "daysofweekmask": 2,
        "patternstartdate": DAYS[0],
        "patternendtype": 2,
        "occurrences": 4,
        **columns,
    }
    await execute(
        company,
        f"insert into recurringappointmentmaster ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
        *values.values(),
    )
    await company.join(key, ADA, 7)
    for address, mask in people.items():
        await company.join(key, address, mask)
    return key


async def execute(company: MeetingCompany, statement: str, *arguments: Any) -> None:
    async with company.pool.connection() as connection:
        await connection.execute(statement, arguments)


async def move_in_crm(company: MeetingCompany, day: dt.date, hour: int) -> None:
    await execute(
        company,
        "insert into appointment (seriesid, instancetypecode, originalstartdate, scheduledstart, scheduledend)"
        " select activityid, 3, %s, %s, %s from recurringappointmentmaster",
        at(day, 9),
        at(day, hour),
        at(day, hour + 1),
    )


def watch(*people: str, **values: Any) -> Callable[[exchangelib.Account], Any]:
    def act(account: exchangelib.Account) -> Any:
        return exchangelib.CalendarItem(
            account=account,
            folder=account.calendar,
            subject="Watch",
            start=at(DAYS[0], 9),
            end=at(DAYS[0], 10),
            recurrence=el.Recurrence(
                pattern=el.WeeklyPattern(interval=1, weekdays=["Monday"]), start=DAYS[0], number=4
            ),
            categories=[TRACKED_CATEGORY],
            required_attendees=list(people) or None,
            **values,
        ).save(send_meeting_invitations="SendToAllAndSaveCopy")

    return act


def the_series(account: exchangelib.Account) -> Any:
    (found,) = [each for each in account.calendar.all() if each.recurrence is not None]
    return found


async def view(company: MeetingCompany, address: str) -> View:
    """What somebody sees in the calendar, without what was cancelled."""

    def look(account: exchangelib.Account) -> View:
        shown = account.calendar.view(start=at(DAYS[0], 0) - 24 * HOUR, end=at(DAYS[3], 0) + 400 * HOUR)
        return sorted((each.start, each.end, each.subject) for each in shown if not each.is_cancelled)

    found: View = await company.outlook(address, look)
    return found


async def agree(company: MeetingCompany, hours: dict[dt.date, int]) -> None:
    """Everybody sees the series at these hours, and all are linked with one record."""
    wanted = [(at(day, hour), at(day, hour + 1), "Watch") for day, hour in hours.items()]
    for address in (ADA, BEN, CLEO):
        assert await view(company, address) == wanted, address
    assert company.query(LINKED) == [(3, 1)]


async def test_a_series_of_the_crm_invites_everybody_once_and_is_one_record(company: MeetingCompany) -> None:
    key = await add(company, EVERYBODY)
    await company.settle()
    await agree(company, dict.fromkeys(DAYS, 9))
    assert company.query(SERIES.format("activityid, globalobjectid is not null")) == [(key, True)]
    assert company.mail_to_grace() == ["REQUEST: Watch"]
    assert await company.settle() == 1


async def test_a_series_of_outlook_is_one_record_with_its_people_and_their_answers(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO, GRACE))
    await company.settle(BEN, ADA, CLEO)
    await agree(company, dict.fromkeys(DAYS, 9))
    assert company.query(SERIES.format("ownerid, statecode, statuscode")) == [(company.users[ADA], 3, 5)]
    assert company.parties() == {
        ADA: (7, "systemuser", None),
        BEN: (5, "systemuser", 5),
        CLEO: (5, "systemuser", 5),
        GRACE: (5, "contact", 0),
    }
    await company.outlook(BEN, lambda ben: the_series(ben).accept())
    await company.outlook(CLEO, lambda cleo: the_series(cleo).decline())
    await company.settle()
    assert (company.parties()[BEN][2], company.parties()[CLEO][2]) == (3, 4)
    assert company.mail_to_grace() == ["REQUEST: Watch"]


async def test_changes_of_the_crm_are_told_once_by_the_organizer(company: MeetingCompany) -> None:
    company.allow(cancels=True)
    key = await add(company, EVERYBODY)
    await company.settle()
    await move_in_crm(company, DAYS[1], 14)
    await company.settle()
    await agree(company, {DAYS[0]: 9, DAYS[1]: 14, DAYS[2]: 9, DAYS[3]: 9})
    assert company.mail_to_grace() == ["REQUEST: Watch"] * 2
    await execute(company, "update recurringappointmentmaster set deletedexceptionslist = %s", str(DAYS[2]))
    await company.settle()
    await agree(company, {DAYS[0]: 9, DAYS[1]: 14, DAYS[3]: 9})
    assert company.mail_to_grace()[2:] == ["CANCEL: Canceled: Watch"]
    await execute(
        company, "delete from activityparty where activityid = %s and partyid = %s", key, company.grace
    )
    await company.settle()
    assert company.mail_to_grace()[3:] == ["CANCEL: Canceled: Watch"]
    await execute(company, "update recurringappointmentmaster set statecode = 2, statuscode = 4")
    await company.settle()
    assert await view(company, ADA) == await view(company, BEN) == []
    assert company.query(SERIES.format("statecode")) == [(2,)]
    assert len(company.exchange.outbox) == 4


async def test_changes_of_outlook_reach_the_crm_and_nobody_hears_of_them_again(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO, GRACE))
    await company.settle()

    def change(ada: exchangelib.Account) -> None:
        second = the_series(ada).occurrence(2)
        second.refresh()
        second.start, second.end = at(DAYS[1], 16), at(DAYS[1], 17)
        second.save(update_fields=["start", "end"], send_meeting_invitations="SendToAllAndSaveCopy")
        the_series(ada).occurrence(4).delete(send_meeting_cancellations="SendToAllAndSaveCopy")

    await company.outlook(ADA, change)
    await company.settle(CLEO, BEN, ADA)
    await agree(company, {DAYS[0]: 9, DAYS[1]: 16, DAYS[2]: 9})
    assert company.query(SERIES.format("deletedexceptionslist")) == [(str(DAYS[3]),)]
    assert company.rows("originalstartdate, scheduledstart") == [(at(DAYS[1], 9), at(DAYS[1], 16))]
    assert company.mail_to_grace() == ["REQUEST: Watch", "REQUEST: Watch", "CANCEL: Canceled: Watch"]
    await company.outlook(
        ADA, lambda ada: the_series(ada).move_to_trash(send_meeting_cancellations="SendToAllAndSaveCopy")
    )
    await company.settle()
    assert company.query(SERIES.format("activityid")) == []
    assert company.query("select count(*) from activityparty") == [(0,)]
    assert len(company.exchange.outbox) == 4


async def test_another_pattern_of_the_crm_is_told_and_seen_by_everybody(company: MeetingCompany) -> None:
    await add(company, EVERYBODY)
    await company.settle()
    await execute(company, "update recurringappointmentmaster set occurrences = 3, endtime = endtime")
    await company.settle()
    await agree(company, dict.fromkeys(DAYS[:3], 9))
    assert company.mail_to_grace() == ["REQUEST: Watch"] * 2


async def test_another_pattern_of_outlook_reaches_everybody_with_what_was_changed_before(
    company: MeetingCompany,
) -> None:
    await add(company, EVERYBODY)
    await company.settle()
    await move_in_crm(company, DAYS[1], 14)
    await company.settle()

    def shorten(ada: exchangelib.Account) -> None:
        mine = the_series(ada)
        mine.recurrence = el.Recurrence(
            pattern=el.WeeklyPattern(interval=1, weekdays=["Monday"]), start=DAYS[0], number=3
        )
        mine.save(update_fields=["recurrence"], send_meeting_invitations="SendToAllAndSaveCopy")

    await company.outlook(ADA, shorten)
    await company.settle()
    await agree(company, dict.fromkeys(DAYS[:3], 9))  # Outlook takes changes of single occurrences away
    assert company.query(SERIES.format("occurrences")) == [(3,)]
    assert company.rows("activityid") == []
    assert company.mail_to_grace() == ["REQUEST: Watch"] * 3


async def test_a_series_of_an_outsider_is_tracked_once_by_two_who_were_invited(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    mailboxes = {each: company.mailboxes[each] for each in (BEN, CLEO)}
    company.mailboxes = mailboxes  # Ada is somebody who is not synchronized

    def track(person: exchangelib.Account) -> None:
        item = the_series(person)
        item.categories = [TRACKED_CATEGORY]
        item.save(update_fields=["categories"], send_meeting_invitations="SendToNone")

    for address in mailboxes:
        await company.outlook(address, track)
    await company.settle()
    assert company.query(LINKED) == [(2, 1)]
    assert company.parties()[ADA][0] == 7
    await company.outlook(CLEO, lambda cleo: the_series(cleo).accept())
    await company.settle()
    assert company.parties()[CLEO][2] == 3


async def test_of_a_private_series_the_crm_hears_when_it_is_and_no_more(company: MeetingCompany) -> None:
    await company.outlook(ADA, watch(BEN, sensitivity="Private", body="Secret", location="Home"))
    await company.settle(ADA)
    assert company.query(SERIES.format("subject, description, location, occurrences")) == [
        ("Private appointment", None, None, 4)
    ]
    assert set(company.parties()) == {ADA}
    await execute(company, "update recurringappointmentmaster set subject = 'Known'")
    await company.settle(ADA)
    assert (await company.outlook(ADA, the_series)).subject == "Watch"
    assert len(company.exchange.outbox) == 0


async def test_a_private_series_is_left_out_where_the_setting_says_so(company: MeetingCompany) -> None:
    company.allow(private=PrivateItems.LEAVE_OUT)
    await company.outlook(ADA, watch(sensitivity="Private"))
    await company.settle(ADA)
    assert company.query(SERIES.format("subject")) == []


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["act.intended", "act.written", "act.settled"])
async def test_a_pass_that_is_killed_invites_nobody_twice(company: MeetingCompany, point: str) -> None:
    await add(company, EVERYBODY, deletedexceptionslist=str(DAYS[1]))

    def kill() -> None:
        raise Killed

    with faults.arm(point, kill), pytest.raises(Killed):
        await company.once(ADA)
    await company.settle()
    await agree(company, {DAYS[0]: 9, DAYS[2]: 9, DAYS[3]: 9})
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]


async def test_a_series_that_is_over_tells_nobody(company: MeetingCompany) -> None:
    past = DAYS[0] - dt.timedelta(days=70)
    await add(company, EVERYBODY, starttime=at(past, 9), endtime=at(past, 10), patternstartdate=past)
    await company.settle(ADA)
    assert (await company.outlook(ADA, the_series)).subject == "Watch"
    assert company.mail_to_grace() == []


# --- people and answers of single occurrences ----------------------------------------------------


def people_of_occurrences(company: MeetingCompany) -> dict[dt.date, dict[str, tuple[int, int | None]]]:
    """Part and answer of everybody who stands in the row of an occurrence, by day and address."""
    rows = company.query(
        "select (a.originalstartdate at time zone 'Europe/Berlin')::date,"
        " lower(coalesce(p.addressused, u.internalemailaddress, c.emailaddress1)), p.participationtypemask,"
        " p.responsestatus from appointment a join activityparty p using (activityid)"
        " left join systemuser u on u.systemuserid = p.partyid left join contact c on c.contactid = p.partyid"
        " where a.instancetypecode = 3"
    )
    found: dict[dt.date, dict[str, tuple[int, int | None]]] = {}
    for day, address, mask, answer in rows:
        found.setdefault(day, {})[address] = (mask, answer)
    return found


def one_of(account: exchangelib.Account, number: int) -> Any:
    found = the_series(account).occurrence(number)
    found.refresh()
    return found


async def test_answers_to_one_occurrence_come_back_to_it_alone(company: MeetingCompany) -> None:
    await company.outlook(ADA, watch(BEN, CLEO, GRACE))
    await company.settle()
    await company.outlook(BEN, lambda ben: the_series(ben).accept())
    await company.settle()
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())
    await company.outlook(CLEO, lambda cleo: one_of(cleo, 3).decline())
    await company.settle(ADA)
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}, DAYS[2]: {CLEO: (5, 4)}}
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}, DAYS[2]: {CLEO: (5, 4)}}
    assert company.query(
        "select responsestatus from activityparty p join recurringappointmentmaster r using (activityid)"
        " where partyid = %s",
        company.users[BEN],
    ) == [(3,)]
    assert company.mail_to_grace() == ["REQUEST: Watch"]
    assert await company.settle() == 1


def answers_silently(item: Any, answer: type[Any]) -> None:
    """Answer without a response to the organizer, as Outlook offers it."""
    calls = CreateItem(account=item.account).call(
        items=[answer(reference_item_id=ReferenceItemId(item.id, item.changekey))],
        folder=item.account.calendar,
        message_disposition="SaveOnly",
        send_meeting_invitations="SendToNone",
    )
    assert not [each for each in calls if isinstance(each, Exception)]


async def test_an_answer_without_a_response_to_one_occurrence_is_heard_from_the_guest_and_given_up_again(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: answers_silently(the_series(ben), AcceptItem))
    await company.outlook(BEN, lambda ben: answers_silently(one_of(ben, 2), TentativelyAcceptItem))
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}}
    await company.outlook(BEN, lambda ben: answers_silently(one_of(ben, 2), AcceptItem))
    await company.settle()
    assert people_of_occurrences(company) == {}
    assert company.rows("activityid") == []


async def test_what_was_answered_stays_where_its_occurrence_is_changed_and_goes_with_its_pattern(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: one_of(ben, 2).accept())
    await company.settle()
    await execute(
        company,
        "update appointment set location = 'Bridge', modifiedfieldsmask = 'location' where seriesid is not null",
    )
    await company.settle()
    assert (await company.outlook(CLEO, lambda cleo: one_of(cleo, 2).location)) == "Bridge"
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 3)}}
    await execute(
        company,
        "update appointment set location = null, modifiedfieldsmask = null where seriesid is not null",
    )
    await company.settle()
    assert not (await company.outlook(CLEO, lambda cleo: one_of(cleo, 2).location))
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 3)}}
    await execute(
        company,
        "update recurringappointmentmaster set starttime = %s, endtime = %s",
        at(DAYS[0], 11),
        at(DAYS[0], 12),
    )
    await company.settle()
    assert people_of_occurrences(company) == {}
    await agree(company, dict.fromkeys(DAYS, 11))


async def test_another_pattern_of_outlook_forgets_what_was_answered_to_single_occurrences(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: one_of(ben, 2).accept())
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 3)}}

    def later(ada: exchangelib.Account) -> None:
        mine = the_series(ada)
        mine.start, mine.end = at(DAYS[0], 11), at(DAYS[0], 12)
        mine.save(update_fields=["start", "end"], send_meeting_invitations="SendToAllAndSaveCopy")

    await company.outlook(ADA, later)
    await company.settle()
    await agree(company, dict.fromkeys(DAYS, 11))
    assert people_of_occurrences(company) == {}
    assert company.rows("activityid") == []


def shorter(ada: exchangelib.Account) -> None:
    """Give the series another pattern at the same time of day."""
    mine = the_series(ada)
    mine.recurrence = el.Recurrence(
        pattern=el.WeeklyPattern(interval=1, weekdays=["Monday"]), start=DAYS[0], number=3
    )
    mine.save(update_fields=["recurrence"], send_meeting_invitations="SendToAllAndSaveCopy")


async def test_the_same_answer_given_again_under_another_pattern_of_outlook_is_heard(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())
    await company.settle()
    await company.outlook(ADA, shorter)
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}}
    await agree(company, dict.fromkeys(DAYS[:3], 9))


async def test_the_same_answer_given_again_to_another_time_of_the_crm_is_heard(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())

    def elsewhere(ada: exchangelib.Account) -> None:
        third = one_of(ada, 3)
        third.location = "Bridge"
        third.save(update_fields=["location"], send_meeting_invitations="SendToAllAndSaveCopy")

    await company.outlook(ADA, elsewhere)
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}}
    await execute(
        company,
        "update recurringappointmentmaster set starttime = %s, endtime = %s",
        at(DAYS[0], 11),
        at(DAYS[0], 12),
    )
    await company.once(ADA)
    assert people_of_occurrences(company) == {}
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())
    await company.settle(ADA)  # Ben's mailbox would tell it too
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}}
    await agree(company, dict.fromkeys(DAYS, 11))


async def test_who_answered_under_an_older_pattern_is_no_guest_of_an_occurrence_that_is_changed_under_the_new_one(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())
    await company.settle()

    def change(ada: exchangelib.Account) -> None:
        shorter(ada)
        second = one_of(ada, 2)
        second.location = "Bridge"
        second.save(update_fields=["location"], send_meeting_invitations="SendToAllAndSaveCopy")

    await company.outlook(ADA, change)
    await company.settle()
    assert company.rows("location") == [("Bridge",)]
    assert people_of_occurrences(company) == {}
    await without_ben(company)


async def without_ben(company: MeetingCompany) -> None:
    """In the CRM Ben is taken out of the series, and of every occurrence with it."""
    await execute(
        company,
        "delete from activityparty p using recurringappointmentmaster r"
        " where p.activityid = r.activityid and p.partyid = %s",
        company.users[BEN],
    )
    await company.settle()
    assert await view(company, BEN) == []
    assert len(await view(company, CLEO)) == 3


async def test_an_occurrence_kept_for_its_text_follows_its_series_once_its_answer_has_gone(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: the_series(ben).accept())
    await company.outlook(BEN, lambda ben: one_of(ben, 2).tentatively_accept())
    await company.settle()
    await execute(
        company,
        "update appointment set location = 'Bridge', modifiedfieldsmask = 'location' where seriesid is not null",
    )
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}}
    await execute(company, "update recurringappointmentmaster set occurrences = 3")
    await company.settle()
    await agree(company, dict.fromkeys(DAYS[:3], 9))
    assert company.rows("location") == [("Bridge",)]
    assert people_of_occurrences(company) == {}  # nobody stands there with an answer that is none to it
    await company.outlook(BEN, lambda ben: the_series(ben).tentatively_accept())
    await company.settle()
    assert company.parties()[BEN][2] == 2
    assert people_of_occurrences(company) == {}
    await without_ben(company)


async def add_guest(company: MeetingCompany, day: dt.date, *people: str, named: str | None = None) -> UUID:
    """In the CRM somebody makes an occurrence one with people of its own."""
    key = uuid4()
    await execute(
        company,
        "insert into appointment (activityid, seriesid, instancetypecode, originalstartdate, scheduledstart, scheduledend,"
        " modifiedfieldsmask) select %s, activityid, 3, %s, %s, %s, %s from recurringappointmentmaster",
        key,
        at(day, 9),
        at(day, 9),
        at(day, 10),
        named,
    )
    for each in people:
        await company.join(key, each)
    return key


async def guests(company: MeetingCompany, number: int) -> set[str]:
    """Who is invited to an occurrence in the organizer's calendar."""

    def look(ada: exchangelib.Account) -> set[str]:
        return {each.mailbox.email_address.lower() for each in one_of(ada, number).required_attendees or ()}

    found: set[str] = await company.outlook(ADA, look)
    return found


async def test_a_guest_of_one_occurrence_is_invited_from_the_crm_to_that_one_alone(
    company: MeetingCompany,
) -> None:
    await add(company, {BEN: 5})
    await company.settle()
    mails = len(await inbox(company, BEN))
    await add_guest(company, DAYS[1], GRACE)
    await company.settle()
    assert [await guests(company, number) for number in (1, 2, 3)] == [{BEN}, {BEN, GRACE}, {BEN}]
    assert company.mail_to_grace() == ["REQUEST: Watch"]
    assert len(await inbox(company, BEN)) == mails
    assert people_of_occurrences(company)[DAYS[1]][GRACE] == (5, None)
    assert await company.settle() == 1


async def test_who_is_not_invited_to_one_occurrence_of_the_crm_is_told_of_that_one_alone(
    company: MeetingCompany,
) -> None:
    await add(company, {BEN: 5, GRACE: 5})
    await company.settle()
    await add_guest(company, DAYS[1], BEN, named="requiredattendees")
    await company.settle()
    assert [await guests(company, number) for number in (1, 2, 3)] == [{BEN, GRACE}, {BEN}, {BEN, GRACE}]
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]
    assert await view(company, BEN) == await view(company, ADA)
    assert await company.settle() == 1


def invite(number: int, *people: str) -> Callable[[exchangelib.Account], None]:
    """In Outlook the organizer says who is invited to one occurrence."""

    def act(ada: exchangelib.Account) -> None:
        one = one_of(ada, number)
        one.required_attendees = list(people)
        one.save(update_fields=["required_attendees"], send_meeting_invitations="SendToChangedAndSaveCopy")

    return act


async def inbox(company: MeetingCompany, address: str) -> list[str]:
    """The subjects of what somebody has received."""
    found: list[str] = await company.outlook(address, lambda who: [each.subject for each in who.inbox.all()])
    return found


async def test_people_of_one_occurrence_of_outlook_reach_the_crm_and_are_told_once(
    company: MeetingCompany,
) -> None:
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(ADA, invite(2, BEN, GRACE))
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, None), GRACE: (5, None)}}
    assert company.rows("modifiedfieldsmask") == [("requiredattendees",)]
    assert company.mail_to_grace() == ["REQUEST: Watch"]
    await company.outlook(ADA, invite(2, BEN, CLEO))
    await company.settle()
    assert people_of_occurrences(company) == {}
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]
    assert await company.settle() == 1


async def test_a_changed_occurrence_gets_the_new_people_of_its_series_who_hear_of_it_once(
    company: MeetingCompany,
) -> None:
    key = await add(company, {BEN: 5})
    await company.settle()
    await move_in_crm(company, DAYS[1], 14)
    await company.settle()
    await company.join(key, GRACE)
    await company.settle()
    assert [await guests(company, number) for number in (1, 2, 3)] == [{BEN, GRACE}] * 3
    assert company.mail_to_grace() == ["REQUEST: Watch"]
    await execute(
        company, "delete from activityparty where activityid = %s and partyid = %s", key, company.grace
    )
    await company.settle()
    assert [await guests(company, number) for number in (1, 2, 3)] == [{BEN}] * 3
    assert company.mail_to_grace() == ["REQUEST: Watch", "CANCEL: Canceled: Watch"]
    assert people_of_occurrences(company) == {}
    assert await company.settle() == 1


async def test_guests_of_one_occurrence_stay_with_it_where_its_series_gets_another_end(
    company: MeetingCompany,
) -> None:
    await add(company, {BEN: 5})
    await add_guest(company, DAYS[1], CLEO)
    await company.settle()
    await execute(company, "update recurringappointmentmaster set occurrences = 3")
    await company.settle()
    assert [await guests(company, number) for number in (1, 2, 3)] == [{BEN}, {BEN, CLEO}, {BEN}]
    assert people_of_occurrences(company)[DAYS[1]].keys() == {BEN, CLEO}
    assert len(await company.outlook(ADA, lambda ada: list(one_of(ada, 2).required_attendees))) == 2


@pytest.mark.parametrize("point", ["act.intended", "act.written", "act.settled"])
async def test_a_guest_of_one_occurrence_is_invited_once_whenever_the_pass_is_killed(
    company: MeetingCompany, point: str
) -> None:
    await add(company, {BEN: 5})
    await company.settle()
    await add_guest(company, DAYS[1], GRACE)

    def kill() -> None:
        raise Killed

    with faults.arm(point, kill), pytest.raises(Killed):
        await company.once(ADA)
    await company.settle()
    assert await guests(company, 2) == {BEN, GRACE}
    assert company.mail_to_grace() == ["REQUEST: Watch"]


async def test_who_is_invited_to_one_occurrence_alone_makes_no_record_of_it_and_answers_it(
    company: MeetingCompany,
) -> None:
    await add(company, {BEN: 5})
    await company.settle()
    key = await add_guest(company, DAYS[1], CLEO)
    await company.settle()

    def track(cleo: exchangelib.Account) -> None:
        (mine,) = cleo.calendar.all()
        assert (mine.start, mine.subject) == (at(DAYS[1], 9), "Watch")
        mine.categories = [TRACKED_CATEGORY]
        mine.save(update_fields=["categories"], send_meeting_invitations="SendToNone")
        (mine,) = cleo.calendar.all()
        mine.accept()

    await company.outlook(CLEO, track)
    await company.settle(CLEO, ADA, BEN)
    assert company.rows("activityid, instancetypecode") == [(key, 3)]
    assert company.query(SERIES.format("subject")) == [("Watch",)]
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, None), CLEO: (5, 3)}}
    assert await company.settle() == 1


async def test_an_occurrence_that_looks_like_a_meeting_of_its_own_is_left_to_its_series(
    company: MeetingCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may tell of a guest's occurrence as of any single meeting; its id is that of the series."""
    await add(company, {BEN: 5})
    await add_guest(company, DAYS[1], CLEO)
    await company.settle(ADA)
    monkeypatch.setattr("serversync.adapters.act_calendar._is_single", lambda _item: True)

    def track(cleo: exchangelib.Account) -> None:
        (mine,) = cleo.calendar.all()
        mine.categories = [TRACKED_CATEGORY]
        mine.save(update_fields=["categories"], send_meeting_invitations="SendToNone")

    await company.outlook(CLEO, track)
    await company.settle(CLEO, ADA)
    assert company.rows("instancetypecode") == [(3,)]
    assert company.query(
        "select count(*) from exchangesyncidmapping where mailboxid = %s", company.mailboxes[CLEO]
    ) == [(0,)]
