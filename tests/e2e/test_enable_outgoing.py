"""Test & Enable really sends: the message arrives, is removed, and is no e-mail of anybody."""

import asyncio
from datetime import timedelta

import pytest

from serversync.adapters import sending_trial
from serversync.administration import connection, mailboxes
from serversync.crm.models import Email, Mailbox, TraceLog
from serversync.jobs.single import sync_now
from serversync.simulator import Fault, delivery
from tests.e2e.place import company
from tests.e2e.seen_by_exchangelib import account

ADA = "ada@example.org"


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        Mailbox.objects.update(outgoingemaildeliverymethod=2, enabledforoutgoingemail=False)
        yield made


def enable() -> Mailbox:
    connection.enable([mailboxes.find(ADA)])
    return Mailbox.objects.get(emailaddress=ADA)


def left_behind(place) -> list[str]:
    with account(place, ADA) as opened:
        return [m.subject for folder in (opened.inbox, opened.sent, opened.drafts) for m in folder.all()]


def test_a_mailbox_that_sends_to_itself_is_enabled_for_sending(place):
    mailbox = enable()
    assert (mailbox.incomingemailstatus, mailbox.outgoingemailstatus, mailbox.mailboxstatus) == (1, 1, 1)
    assert mailbox.enabledforoutgoingemail
    assert left_behind(place) == []
    told = TraceLog.objects.get(level=1)
    assert "incoming e-mail and outgoing e-mail is enabled" in (told.text or "")


def test_the_message_is_left_alone_by_passes_that_come_in_between(place, monkeypatch):
    monkeypatch.setattr(sending_trial, "_clear", leave_it)
    enable()
    asyncio.run(sync_now(place.mailboxes[ADA]))
    assert not Email.objects.exists()
    assert place.query("select reasoncode from messagetrace") == [("test-message",)]


async def leave_it(*_: object) -> None:
    """Delete nothing."""


def test_what_may_not_send_is_not_enabled_for_it_but_goes_on_reading(place):
    place.exchange.faults.add(Fault(operation="SendItem", response_code="ErrorSendAsDenied", times=None))
    mailbox = enable()
    assert (mailbox.incomingemailstatus, mailbox.outgoingemailstatus) == (1, 2)
    assert (mailbox.enabledforincomingemail, mailbox.enabledforoutgoingemail) == (True, False)
    assert left_behind(place) == []
    assert TraceLog.objects.filter(code="exchange.sending-denied", resolvedon=None).exists()


def test_a_message_that_does_not_arrive_is_said_to(place, monkeypatch):
    monkeypatch.setattr(sending_trial, "PATIENCE", timedelta(0))
    monkeypatch.setattr(delivery, "route", lambda *_: None)
    mailbox = enable()
    assert mailbox.outgoingemailstatus == 2
    alert = TraceLog.objects.filter(code="sending.test-message-missing").first()
    assert alert is not None
    assert "Get-MessageTrackingLog" in (alert.errordetails or "")
