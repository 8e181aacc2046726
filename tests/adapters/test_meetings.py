"""Meetings between three synchronized users and an outsider, in the CRM and in every mailbox."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from exchangelib.items import AcceptItem
from exchangelib.properties import ReferenceItemId
from exchangelib.services import CreateItem
from psycopg_pool import AsyncConnectionPool

from tests.adapters.meeting_company import ADA, BEN, CLEO, GRACE, HOUR, REQUIRED, MeetingCompany, next_week
from tests.simulator.conftest import SCHEMAS, account, make_exchange
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

UTC = dt.UTC


T = TypeVar("T", bound=MeetingCompany)


@contextmanager
def opened_company(
    kind: type[T],
    world: SimpleNamespace,
    pool: AsyncConnectionPool,
    query: Any,
    serve: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[T]:
    """Give a company of this kind with Ada, Ben and Cleo."""
    from serversync.crm.models import ExchangeSyncMailbox, Mailbox, SystemUser

    cleo = SystemUser.objects.create_user(CLEO, fullname="Cleo", internalemailaddress=CLEO)
    users = {ADA: world.ada, BEN: world.ben, CLEO: cleo}
    exchange = make_exchange()
    for address in (BEN, CLEO):
        exchange.add_mailbox(address, display_name=users[address].fullname)
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as simulator:
        made = kind(exchange, simulator, pool, query)
        opened = [account(simulator, monkeypatch, address=address) for address in users]
        for (address, user), manager in zip(users.items(), opened, strict=True):
            ExchangeSyncMailbox.objects.get_or_create(mailboxid_id=user.defaultmailbox_id)
            made.know(address, user.pk, user.defaultmailbox_id, manager.__enter__())
        Mailbox.objects.filter(pk__in=made.mailboxes.values()).update(
            emailserverprofile=world.profile, actdeliverymethod=1, emailrouteraccessapproval=1
        )
        yield made
        for manager in opened:
            manager.__exit__(None, None, None)


@pytest.fixture
def company(
    world: SimpleNamespace, pool: AsyncConnectionPool, query: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MeetingCompany]:
    with opened_company(MeetingCompany, world, pool, query, serve, monkeypatch) as made:
        yield made


EVERYBODY = {BEN: REQUIRED, CLEO: REQUIRED, GRACE: REQUIRED}


async def test_a_meeting_of_the_crm_stands_in_every_mailbox_and_is_one_record(
    company: MeetingCompany,
) -> None:
    key = await company.add(ADA, people=EVERYBODY, location="Room 1", description="Be there")
    await company.settle()
    for address in (ADA, BEN, CLEO):
        item = await company.the_only(address)
        assert (item.subject, item.location, item.start) == ("Kick-off", "Room 1", next_week())
    assert company.rows("activityid, subject") == [(key, "Kick-off")]
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]
    assert company.query(
        "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
    ) == [(3, 1)]
    assert await company.settle() == 1


async def test_a_meeting_tracked_by_its_organizer_is_one_record_with_everybodys_answers(
    company: MeetingCompany,
) -> None:
    await company.meet(ADA, BEN, CLEO, GRACE, location="Room 1")
    await company.settle()
    assert company.rows("subject, location, ownerid, statecode, statuscode") == [
        ("Kick-off", "Room 1", company.users[ADA], 3, 5)
    ]
    assert company.parties() == {
        ADA: (7, "systemuser", None),
        BEN: (5, "systemuser", 5),
        CLEO: (5, "systemuser", 5),
        GRACE: (5, "contact", 0),
    }
    assert company.query(
        "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
    ) == [(3, 1)]
    await company.outlook(BEN, lambda ben: the_item(ben).accept())
    await company.settle()
    assert company.parties()[BEN] == (5, "systemuser", 3)
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]


def accept_without_a_response(person: Any) -> None:
    mine = the_item(person)
    answer = AcceptItem(reference_item_id=ReferenceItemId(mine.id, mine.changekey))
    calls = CreateItem(account=person).call(
        items=[answer],
        folder=person.calendar,
        message_disposition="SaveOnly",
        send_meeting_invitations="SendToNone",
    )
    assert not [each for each in calls if isinstance(each, Exception)]


async def test_an_answer_given_without_a_response_outlasts_what_the_organizer_hears_from_others(
    company: MeetingCompany,
) -> None:
    await company.meet(ADA, BEN, CLEO)
    await company.settle()
    await company.outlook(BEN, accept_without_a_response)
    await company.settle()
    assert company.parties()[BEN] == (5, "systemuser", 3)
    await company.outlook(CLEO, lambda cleo: the_item(cleo).tentatively_accept())
    await company.settle()
    answers = await company.outlook(
        ADA,
        lambda ada: {
            one.mailbox.email_address: one.response_type for one in the_item(ada).required_attendees
        },
    )
    assert answers == {BEN: "Unknown", CLEO: "Tentative"}
    assert company.parties()[BEN] == (5, "systemuser", 3)
    assert company.parties()[CLEO] == (5, "systemuser", 2)


def the_item(person: Any) -> Any:
    (found,) = person.calendar.all()
    return found


async def test_a_meeting_tracked_by_somebody_who_was_invited_is_the_organizers_record(
    company: MeetingCompany,
) -> None:
    await company.meet(ADA, BEN, CLEO, categories=[])
    await company.settle()
    assert company.rows("subject") == []

    def track(ben: Any) -> None:
        mine = the_item(ben)
        mine.categories = ["Tracked to Dynamics 365"]
        mine.save(update_fields=["categories"])

    await company.outlook(BEN, track)
    await company.settle(BEN)
    assert company.rows("subject, ownerid") == [("Kick-off", company.users[ADA])]
    await company.settle()
    assert company.query(
        "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
    ) == [(3, 1)]


async def test_two_mailboxes_that_meet_a_meeting_at_once_make_one_record(company: MeetingCompany) -> None:
    outsider_invites(company)
    await company.settle()
    assert len(company.rows("subject")) == 0
    for address in (BEN, CLEO):
        await company.outlook(address, track_all)
    key = company.query("select 1")
    assert key
    await company.once(BEN)
    async with company.pool.connection() as connection:  # Cleo's pass has read before Ben's has written
        await connection.execute(
            "delete from exchangesyncidmapping where mailboxid = %s", (company.mailboxes[CLEO],)
        )
    await company.settle()
    assert company.rows("subject, statecode, statuscode") == [("Planning", 0, 2)]
    assert company.parties()[GRACE][0] == 7
    assert company.query(
        "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
    ) == [(2, 1)]


def track_all(person: Any) -> None:
    for item in person.calendar.all():
        item.categories = ["Tracked to Dynamics 365"]
        item.save(update_fields=["categories"])


def outsider_invites(
    company: MeetingCompany,
    *,
    method: str = "REQUEST",
    sequence: int = 0,
    summary: str = "Planning",
    hour: int = 9,
) -> None:
    """Grace, whose calendar is elsewhere, invites Ben and Cleo by mail, or tells them something new."""
    start = next_week().replace(hour=hour)
    status = "CANCELLED" if method == "CANCEL" else "CONFIRMED"
    calendar = "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Elsewhere//Calendar//EN",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            "UID:planning@example.com",
            f"SEQUENCE:{sequence}",
            f"DTSTAMP:{start:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
            f"DTEND:{start + HOUR:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{summary}",
            f"STATUS:{status}",
            f"ORGANIZER;CN=Grace Hopper:mailto:{GRACE}",
            f"ATTENDEE;ROLE=REQ-PARTICIPANT;CN=Ben:mailto:{BEN}",
            f"ATTENDEE;ROLE=REQ-PARTICIPANT;CN=Cleo:mailto:{CLEO}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
    message = (
        f"From: Grace Hopper <{GRACE}>\r\nTo: {BEN}, {CLEO}\r\nSubject: {summary}\r\n"
        f"Message-ID: <{method}{sequence}@example.com>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n{calendar}"
    )
    company.exchange.deliver(message.encode(), [BEN, CLEO])


async def test_an_outsiders_meeting_follows_what_the_outsider_says_and_nobody_writes_to_it(
    company: MeetingCompany,
) -> None:
    outsider_invites(company)
    for address in (BEN, CLEO):
        await company.outlook(address, track_all)
    await company.settle()
    ((key, start),) = company.rows("activityid, scheduledstart")
    assert start == next_week()
    await company.outlook(BEN, lambda ben: the_item(ben).accept())
    await company.settle()
    assert company.parties()[BEN][2] == 3
    sent = len(company.exchange.outbox)
    await company.edit(key, subject="Ours", location="Here")
    await company.settle()
    assert (await company.the_only(BEN)).subject == "Planning"
    outsider_invites(company, sequence=1, summary="Planning, later", hour=11)
    await company.settle()
    assert company.rows("subject, location, scheduledstart") == [
        ("Planning, later", "Here", next_week().replace(hour=11))
    ]
    outsider_invites(company, method="CANCEL", sequence=2, summary="Planning, later", hour=11)
    await company.settle()
    assert company.rows("statecode, statuscode") == [(2, 4)]
    assert len(company.exchange.outbox) == sent
