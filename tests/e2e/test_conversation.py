"""A customer's mail and what follows: answered from the CRM, answered again, passed on; seen from both sides."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid

import pytest

from serversync.administration import composing, organization, sending
from serversync.crm.models import Account, Contact, Email, Mailbox
from serversync.crm.models.email import CorrelationMethod, EmailStatus
from serversync.jobs.single import deliver_now, sync_now
from tests.e2e.place import company
from tests.e2e.seen_by_exchangelib import account

ADA, BEN = "ada@example.org", "ben@example.org"
GRETE = "grete@harbour.example"


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        harbour = Account.objects.create(name="Harbour Ltd")
        Contact.objects.create(
            firstname="Grete",
            lastname="Hansen",
            emailaddress1=GRETE,
            parentcustomerid=harbour.pk,
            parentcustomeridtype="account",
        )
        Mailbox.objects.update(outgoingemaildeliverymethod=2)
        made.harbour = harbour
        yield made


def parsed(mime: bytes) -> EmailMessage:
    return message_from_bytes(mime, policy=policy.default)  # type: ignore[return-value]


def from_grete(place, subject, *, to=ADA, answers=None, headers=True, thread_index=None) -> str:
    """Grete writes; return the message id."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Grete Hansen <{GRETE}>", to, subject
    message["Date"] = "Mon, 05 Jan 2026 10:00:00 +0100"
    message["Message-ID"] = make_msgid(domain="harbour.example")
    if answers is not None and headers:
        message["In-Reply-To"] = answers
        message["References"] = answers
    if thread_index:
        message["Thread-Index"] = thread_index
    message.set_content("Hello\n")
    place.exchange.deliver(message.as_bytes(), [to])
    asyncio.run(sync_now(place.mailboxes[to]))
    return str(message["Message-ID"])


def tracked(message_id: str) -> Email:
    return Email.objects.get(messageid=message_id)


def send(email: Email) -> Email:
    sending.send(email)
    asyncio.run(deliver_now(email.pk))
    email.refresh_from_db()
    assert email.statuscode == EmailStatus.SENT
    return email


def test_a_conversation_lives_its_life(place):
    organization.change("allowunresolvedpartiesonemailsend", "yes")
    question = tracked(from_grete(place, "Crates"))
    Email.objects.filter(pk=question.pk).update(
        regardingobjectid=place.harbour.pk, regardingobjecttypecode="account"
    )
    answer = send(composing.reply(str(question.pk), {"body": "<p>Twelve.</p>"}))
    assert (answer.regardingobjectid, answer.parentactivityid) == (place.harbour.pk, question)
    sent = parsed(place.exchange.outbox[-1].mime)
    assert sent["In-Reply-To"] == question.messageid

    by_header = tracked(from_grete(place, "Re: something else", answers=answer.messageid))
    assert by_header.correlationmethod == CorrelationMethod.IN_REPLY_TO
    assert (by_header.correlatedactivityid, by_header.parentactivityid) == (answer, answer)
    assert by_header.correlatedsubjectchanged

    by_token = tracked(from_grete(place, f"Re: {answer.subject}", answers=answer.messageid, headers=False))
    assert by_token.correlationmethod == CorrelationMethod.TRACKING_TOKEN
    assert (by_token.correlatedactivityid, by_token.parentactivityid) == (answer, None)

    by_index = tracked(
        from_grete(
            place, "No token here", answers=answer.messageid, headers=False, thread_index=sent["Thread-Index"]
        )
    )
    assert by_index.correlationmethod == CorrelationMethod.CONVERSATION_INDEX

    for one in (by_header, by_token, by_index):
        assert one.regardingobjectid == place.harbour.pk, "what it is about is kept along the conversation"
        sender = one.activityparties.get(participationtypemask=1)
        assert sender.partyobjecttypecode == "contact"

    passed_on = send(composing.forward(str(by_header.pk), {"to": ["surveyor@quay.example"]}))
    assert passed_on.regardingobjectid == place.harbour.pk
    with account(place, ADA) as outlook:
        sent_items = {m.subject: m for m in outlook.sent.all()}
        inbox = {m.subject: m for m in outlook.inbox.all()}
    assert answer.subject in sent_items
    assert (
        inbox["No token here"].conversation_index[:22] == sent_items[answer.subject].conversation_index[:22]
    ), "Outlook shows one conversation"


def test_mail_between_colleagues_is_a_sent_and_a_received_activity(place):
    sent = send(composing.compose({"sender": ADA, "to": [BEN], "subject": "Lunch", "body": "<p>At one?</p>"}))
    asyncio.run(sync_now(place.mailboxes[BEN]))
    received = Email.objects.get(messageid=sent.messageid, directioncode=False)
    assert (received.statuscode, received.receivingmailboxid.emailaddress) == (EmailStatus.RECEIVED, BEN)


def test_where_internal_mail_is_ignored_there_is_one(place):
    organization.change("ignoreinternalemail", "yes")
    sent = send(composing.compose({"sender": ADA, "to": [BEN], "subject": "Lunch", "body": "<p>At one?</p>"}))
    asyncio.run(sync_now(place.mailboxes[BEN]))
    assert list(Email.objects.filter(messageid=sent.messageid)) == [sent]
