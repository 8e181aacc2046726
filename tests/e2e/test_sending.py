"""E-mails leave through Exchange: what the recipients get, what Sent Items keep, what the CRM knows afterwards."""

import asyncio
from email import message_from_bytes, policy

import pytest

from serversync.administration import composing, organization, profiles, sending
from serversync.crm.models import Email, EmailDelivery, Mailbox
from serversync.crm.models.email import EmailStatus
from serversync.jobs.single import deliver_now
from serversync.simulator import Fault
from tests.e2e.place import company
from tests.e2e.seen_by_exchangelib import account

ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        organization.change("allowunresolvedpartiesonemailsend", "yes")
        Mailbox.objects.update(outgoingemaildeliverymethod=2)
        yield made


def leave(values, *, reply_to=None, forward=None) -> Email:
    """Write an e-mail, send it, and wait until it has left, failed or waits."""
    if reply_to:
        email = composing.reply(str(reply_to.pk), values)
    elif forward:
        email = composing.forward(str(forward.pk), values)
    else:
        email = composing.compose({"sender": ADA, "subject": "Offer", **values})
    sending.send(email)
    asyncio.run(deliver_now(email.pk))
    email.refresh_from_db()
    return email


def parsed(mime: bytes):
    return message_from_bytes(mime, policy=policy.default)


def test_a_stranger_gets_what_was_written(place):
    picture = composing.NewFile("logo.png", b"\x89PNG-picture", "image/png", "logo@1")
    paper = composing.NewFile("Ängebot.pdf", b"%PDF" * 100_000, "application/pdf")
    email = leave(
        {
            "to": ["Grete <grete@harbour.example>"],
            "cc": ["cc@harbour.example"],
            "bcc": ["bcc@harbour.example"],
            "body": '<p>Dear Grete, see <img src="cid:logo@1"></p>',
            "files": [picture, paper],
            "importance": "high",
        }
    )
    assert (email.statuscode, sending.state(email)) == (EmailStatus.SENT, "It was sent.")
    (left,) = place.exchange.outbox
    assert left.recipients == ("grete@harbour.example", "cc@harbour.example", "bcc@harbour.example")
    mime = parsed(left.mime)
    assert mime["Subject"] == email.subject == f"Offer {email.trackingtoken}"
    assert (str(mime["To"]), mime["Bcc"]) == ("Grete <grete@harbour.example>", None)
    assert mime["Message-ID"] == email.messageid, "it is known afterwards"
    assert "Dear Grete" in mime.get_body(("html",)).get_content()
    files = {part.get_filename(): part.get_content() for part in mime.walk() if part.get_filename()}
    assert files == {"logo.png": picture.content, "Ängebot.pdf": paper.content}
    assert not EmailDelivery.objects.exists()


def test_a_colleague_gets_it_and_the_own_mailbox_keeps_a_copy(place):
    email = leave({"to": [BEN], "body": "<p>Hello Ben</p>"})
    assert email.statuscode == EmailStatus.SENT
    assert seen(place, ADA, "sent") == [(str(email.pk), email.subject, email.messageid)]
    assert seen(place, BEN, "inbox") == [(str(email.pk), email.subject, email.messageid)]
    assert seen(place, ADA, "drafts") == []


def seen(place, address, folder):
    """What exchangelib sees in a folder: stamp, subject and message id of each message."""
    with account(place, address) as opened:
        return [(m.serversync_stamp, m.subject, m.message_id) for m in getattr(opened, folder).all()]


def test_an_answer_belongs_to_the_conversation(place):
    place.exchange.deliver(
        b"From: Grete <grete@harbour.example>\r\nTo: ada@example.org\r\nSubject: Question\r\n"
        b"Message-ID: <q@harbour.example>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\n\r\nHow much?\r\n",
        [ADA],
    )
    asyncio.run(synchronize(place))
    question = Email.objects.get(messageid="<q@harbour.example>")
    answer = leave({"body": "<p>Much.</p>"}, reply_to=question)
    mime = parsed(place.exchange.outbox[-1].mime)
    assert mime["In-Reply-To"] == "<q@harbour.example>"
    assert mime["References"].split() == ["<q@harbour.example>"]
    assert answer.subject.startswith("Re: Question CRM:")
    again = leave({"to": ["other@harbour.example"]}, forward=answer)
    mime = parsed(place.exchange.outbox[-1].mime)
    assert mime["In-Reply-To"] is None
    assert mime["References"].split()[-1] == answer.messageid
    assert again.parentactivityid == answer


async def synchronize(place):
    from serversync.jobs.single import sync_now

    await sync_now(place.mailboxes[ADA])


def test_the_copy_goes_where_the_organization_does_not_want_it(place):
    organization.change("ssssaveoutgoingemailtoexchangesentfolder", "no")
    email = leave({"to": ["grete@harbour.example"]})
    assert email.statuscode == EmailStatus.SENT
    assert email.messageid
    assert seen(place, ADA, "sent") == []
    assert len(place.exchange.outbox) == 1


@pytest.mark.parametrize(
    ("code", "status", "alert"),
    [
        ("ErrorSendAsDenied", EmailStatus.FAILED, "exchange.sending-denied"),
        ("ErrorMessageSizeExceeded", EmailStatus.FAILED, "exchange.item-too-large"),
        ("ErrorInvalidRecipients", EmailStatus.FAILED, "exchange.recipients-refused"),
        ("ErrorQuotaExceeded", EmailStatus.PENDING_SEND, "exchange.mailbox-full"),
    ],
)
def test_what_exchange_refuses_has_its_name_and_remedy(place, code, status, alert):
    place.exchange.faults.add(Fault(operation="SendItem", response_code=code))
    email = leave({"to": ["grete@harbour.example"]})
    assert email.statuscode == status
    assert place.query("select code from tracelog where resolvedon is null") == [(alert,)]
    assert not place.exchange.outbox
    assert seen(place, ADA, "drafts") == [], "no draft is left behind"
    place.exchange.faults.clear()
    if status == EmailStatus.FAILED:
        email.refresh_from_db()
        sending.send(email)
    else:
        EmailDelivery.objects.update(dueon="2026-01-01T00:00:00Z", lasterror=None)
    asyncio.run(deliver_now(email.pk))
    email.refresh_from_db()
    assert (email.statuscode, len(place.exchange.outbox)) == (EmailStatus.SENT, 1)


@pytest.mark.parametrize("where", ["reset_before", "reset_after"])
@pytest.mark.parametrize("operation", ["CreateItem", "CreateAttachment", "SendItem"])
def test_a_connection_that_breaks_doubles_and_loses_nothing(place, operation, where):
    place.profile.timeoutmailboxconnectionafteramount = 1000
    place.profile.save()
    place.exchange.faults.add(Fault(operation=operation, **{where: True}))
    file = composing.NewFile("a.txt", b"a", "text/plain")
    email = leave({"to": ["grete@harbour.example"], "files": [file]})
    assert email.statuscode == EmailStatus.PENDING_SEND, "the answer was lost"
    for _ in range(20):
        EmailDelivery.objects.update(dueon="2026-01-01T00:00:00Z", lasterror=None)
        asyncio.run(deliver_now(email.pk))
        email.refresh_from_db()
        if email.statuscode == EmailStatus.SENT and not EmailDelivery.objects.exists():
            break
    assert email.statuscode == EmailStatus.SENT
    (left,) = place.exchange.outbox
    assert parsed(left.mime)["Message-ID"] == email.messageid
    assert seen(place, ADA, "drafts") == []
    assert [part.get_filename() for part in parsed(left.mime).iter_attachments()] == ["a.txt"]


def test_it_leaves_through_the_outgoing_server_location(place):
    location = place.simulator.url
    profiles.edit("Exchange", {"outgoingserverlocation": location})
    place.query_and_commit(
        "update emailserverprofile set incomingserverlocation = 'https://localhost:1/EWS/Exchange.asmx'"
    )
    assert leave({"to": ["grete@harbour.example"]}).statuscode == EmailStatus.SENT
    assert len(place.exchange.outbox) == 1
    profiles.edit("Exchange", {"outgoingserverlocation": ""})
    place.profile.refresh_from_db()
    assert place.profile.usesamesettingsforoutgoingconnections
    assert place.profile.outgoingserverlocation == place.profile.incomingserverlocation
