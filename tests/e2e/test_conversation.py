"""A customer's mail and what follows: answered from the CRM, answered again, passed on; seen from both sides."""

import asyncio
from base64 import b64decode, b64encode
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid

import exchangelib
import pytest

from serversync.administration import composing, organization, sending
from serversync.crm.models import (
    Account,
    Contact,
    Email,
    Mailbox,
    MailboxTrackingFolder,
    SystemUser,
    UserSettings,
)
from serversync.crm.models.email import CorrelationMethod, EmailStatus
from serversync.jobs.single import deliver_now, sync_now
from serversync.rules.email.filtering import Filter
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


def from_grete(
    place, subject, *, to=ADA, answers=None, headers=True, thread_index=None, cc=None, sender=GRETE
) -> str:
    """Grete writes, or somebody else from outside; return the message id."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Grete Hansen <{sender}>", to, subject
    if cc is not None:
        message["Cc"] = cc
    message["Date"] = "Mon, 05 Jan 2026 10:00:00 +0100"
    message["Message-ID"] = make_msgid(domain="harbour.example")
    if answers is not None and headers:
        message["In-Reply-To"] = answers
        message["References"] = answers
    if thread_index:
        message["Thread-Index"] = thread_index
    message.set_content("Hello\n")
    here = [one for one in (to, cc) if one in place.mailboxes]
    place.exchange.deliver(message.as_bytes(), here)
    asyncio.run(sync_now(place.mailboxes[to]))
    return str(message["Message-ID"])


def child_of(thread_index: str) -> str:
    """Return the conversation index of an answer: that of what it answers, and five bytes of its own."""
    return b64encode(b64decode(thread_index) + bytes(5)).decode()


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


def in_the_crm(email):
    """What the CRM says of an e-mail: record, parent, and who took part as what."""
    email.refresh_from_db()
    parent = email.parentactivityid
    return (
        email.regardingobjectid,
        parent.subject if parent else None,
        sorted(
            (party.participationtypemask, party.partyobjecttypecode or "", party.addressused)
            for party in email.activityparties.all()
        ),
    )


def test_two_companies_write_and_every_activity_is_where_it_belongs(place):
    """A customer's mail is tracked, answered, answered again under another subject, forwarded, and filed."""
    UserSettings.objects.update(incomingemailfilteringmethod=Filter.RESPONSES)
    UserSettings.objects.filter(systemuserid__internalemailaddress=ADA).update(
        incomingemailfilteringmethod=Filter.CUSTOMERS
    )
    quay = Account.objects.create(name="Quay & Sons", emailaddress1="office@quay.example")
    project = Account.objects.create(name="The harbour project")
    sender, to, cc = 1, 2, 3

    # Grete of Harbour Ltd writes to Ada with a copy to Ben, and a stranger's mail is nobody's business.
    from_grete(place, "Crates", cc=BEN)
    from_grete(place, "Advertisement", sender="stranger@nowhere.example")
    asyncio.run(sync_now(place.mailboxes[BEN]))
    question = Email.objects.get()
    assert question.acceptingentityid == SystemUser.objects.get(internalemailaddress=ADA).pk
    assert in_the_crm(question) == (
        None,
        None,
        [(sender, "contact", GRETE), (to, "systemuser", ADA), (cc, "systemuser", BEN)],
    )
    Email.objects.filter(pk=question.pk).update(
        regardingobjectid=place.harbour.pk, regardingobjecttypecode="account"
    )

    # Ada answers from the CRM, to all.
    answer = send(composing.reply(str(question.pk), {"body": "<p>Twelve.</p>"}, to_all=True))
    on_the_wire = parsed(place.exchange.outbox[-1].mime)
    assert in_the_crm(answer) == (
        place.harbour.pk,
        "Crates",
        [(sender, "systemuser", ADA), (to, "contact", GRETE), (cc, "systemuser", BEN)],
    )

    # Grete answers under a subject of her own, and brings the other company in.
    again = tracked(
        from_grete(
            place,
            "Now about the crane",
            answers=answer.messageid,
            thread_index=child_of(on_the_wire["Thread-Index"]),
            cc="office@quay.example",
        )
    )
    assert again.correlatedsubjectchanged
    assert in_the_crm(again) == (
        place.harbour.pk,
        answer.subject,
        [(sender, "contact", GRETE), (to, "systemuser", ADA), (cc, "account", "office@quay.example")],
    )

    # Ada forwards it to the other company, which answers her.
    passed_on = send(composing.forward(str(again.pk), {"to": ["office@quay.example"]}))
    forwarded = parsed(place.exchange.outbox[-1].mime)
    assert in_the_crm(passed_on) == (
        place.harbour.pk,
        "Now about the crane",
        [(sender, "systemuser", ADA), (to, "account", "office@quay.example")],
    )
    reply = from_grete(
        place,
        f"Re: {passed_on.subject}",
        answers=passed_on.messageid,
        thread_index=child_of(forwarded["Thread-Index"]),
        sender="office@quay.example",
    )
    from_quay = tracked(reply)
    assert in_the_crm(from_quay) == (
        place.harbour.pk,
        passed_on.subject,
        [(sender, "account", "office@quay.example"), (to, "systemuser", ADA)],
    )
    assert from_quay.emailsender == quay.pk

    # Ada files Grete's second mail into a folder of the project: that is what it is about from now on.
    with account(place, ADA) as outlook:
        folder = exchangelib.folders.Messages(parent=outlook.inbox, name="Harbour project")
        folder.save()
        MailboxTrackingFolder.objects.create(
            mailboxid_id=place.mailboxes[ADA],
            exchangefolderid=folder.id,
            exchangefoldername=folder.name,
            regardingobjectid=project.pk,
            regardingobjecttypecode="account",
        )
        outlook.inbox.get(subject="Now about the crane").move(folder)
    asyncio.run(sync_now(place.mailboxes[ADA]))
    assert in_the_crm(again)[0] == project.pk
    assert [in_the_crm(one)[0] for one in (question, answer, passed_on, from_quay)] == [place.harbour.pk] * 4
    assert Email.objects.count() == 5, "each message is one activity"

    # What Outlook shows: one conversation, in the Inbox, in Sent Items, in the folder.
    with account(place, ADA) as outlook:
        filed = next(f for f in outlook.inbox.children if f.name == "Harbour project")
        shown = [
            one
            for folder in (outlook.inbox, outlook.sent, filed)
            for one in folder.all()
            if one.subject != "Advertisement"
        ]
    assert len(shown) == 5
    assert {one.conversation_index[:22] for one in shown} == {b64decode(on_the_wire["Thread-Index"])[:22]}
