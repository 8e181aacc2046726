"""Reports come back for e-mails that were sent: whom they did not reach is seen on them, with the reason."""

import pytest
from django.test import Client

from serversync.administration import organization, sending
from serversync.crm.models import Email, EmailDeliveryReport, Mailbox, SystemUser, UserSettings
from serversync.crm.models.email import EmailStatus
from tests.e2e.place import company
from tests.e2e.test_mail_rules import sync
from tests.e2e.test_sending import ADA, leave

GRETE, HANS = "grete@harbour.example", "hans@harbour.example"
POSTFIX = """From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: ada@example.org
Subject: Undelivered Mail Returned to Sender
Date: Mon, 2 Mar 2026 10:00:00 +0100
Message-Id: <{action}.{address}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: Recipient address rejected:
    User unknown

--b
Content-Type: {original}

From: ada@example.org
Subject: whatever
Message-ID: {message_id}

--b--
"""
"""As Postfix writes it: neither In-Reply-To nor the old subject, but the headers of what came back."""


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        organization.change("allowunresolvedpartiesonemailsend", "yes")
        Mailbox.objects.update(outgoingemaildeliverymethod=2)
        yield made


def report(email, address=GRETE, action="failed", status="5.1.1", original="text/rfc822-headers"):
    text = POSTFIX.format(
        address=address, action=action, status=status, original=original, message_id=email.messageid
    )
    return text.replace("\n", "\r\n").encode()


def told(email):
    email.refresh_from_db()
    rows = EmailDeliveryReport.objects.filter(activityid=email).order_by("address")
    return [(one.address, one.fate, one.status, one.reason) for one in rows]


def test_exchanges_own_report_marks_the_recipient_and_the_e_mail_stays_sent(place):
    email = leave({"to": [GRETE, HANS]})
    place.exchange.bounce(
        place.exchange.outbox[0], status="5.1.10", diagnostic="RESOLVER.ADR.RecipientNotFound"
    )
    sync(place, ADA)
    assert email.statuscode == EmailStatus.SENT
    marked = told(email)
    assert [one[:3] for one in marked] == [(GRETE, 1, "5.1.10"), (HANS, 1, "5.1.10")]
    assert "RESOLVER.ADR.RecipientNotFound" in marked[0][3]
    assert sending.state(email) == f"It was sent, but did not reach {GRETE}, {HANS}."
    ((text, occurrences),) = place.query(
        "select text, occurrences from tracelog where code = 'sending.not-delivered' and resolvedon is null"
    )
    for word in (email.subject, GRETE, HANS, "RecipientNotFound"):
        assert word in text
    assert occurrences == 1


@pytest.mark.parametrize("original", ["text/rfc822-headers", "message/rfc822"])
def test_a_report_of_another_mail_server_is_understood(place, original):
    email = leave({"to": [GRETE, HANS]})
    place.exchange.deliver(report(email, original=original), [ADA])
    sync(place, ADA)
    ((address, fate, status, reason),) = told(email)
    assert (address, fate, status) == (GRETE, 1, "5.1.1")
    assert reason == f"550 5.1.1 <{GRETE}>: Recipient address rejected: User unknown"
    found = Email.objects.get(subject="Undelivered Mail Returned to Sender")
    assert found.correlatedactivityid == email, "the report belongs to the e-mail as well"


def test_it_is_marked_though_nobody_takes_the_report_and_nothing_is_correlated(place):
    UserSettings.objects.update(incomingemailfilteringmethod=4)
    email = leave({"to": [GRETE]})
    organization.change("emailcorrelationenabled", "no")
    organization.change("istrackingtokenenabled", "no")
    place.exchange.deliver(report(email), [ADA])
    sync(place, ADA)
    assert [address for address, *_ in told(email)] == [GRETE]
    assert Email.objects.count() == 1


@pytest.mark.parametrize("tokens", ["yes", "no"])
def test_before_its_message_id_is_known_it_is_found_by_token_or_conversation(place, tokens):
    organization.change("istrackingtokenenabled", tokens)
    email = leave({"to": [GRETE]})
    Email.objects.filter(pk=email.pk).update(messageid=None)
    place.exchange.bounce(place.exchange.outbox[-1])
    sync(place, ADA)
    assert [address for address, *_ in told(email)] == [GRETE]


def test_a_delay_is_no_alert_and_ends_when_it_has_arrived(place):
    email = leave({"to": [GRETE]})
    place.exchange.deliver(report(email, action="delayed", status="4.4.1"), [ADA])
    sync(place, ADA)
    assert [(fate, status) for _, fate, status, _ in told(email)] == [(2, "4.4.1")]
    assert place.query("select count(*) from tracelog where code = 'sending.not-delivered'") == [(0,)]
    assert sending.state(email) == "It was sent."
    place.exchange.deliver(report(email, action="delivered", status="2.0.0"), [ADA])
    sync(place, ADA)
    assert told(email) == []


def test_whoever_was_not_reached_at_last_is_not_merely_late_afterwards(place):
    email = leave({"to": [GRETE]})
    for action in ("delayed", "failed", "delayed"):
        place.exchange.deliver(report(email, action=action), [ADA])
    sync(place, ADA)
    assert [fate for _, fate, *_ in told(email)] == [1]
    place.exchange.deliver(report(email, action="delayed"), [ADA])
    sync(place, ADA)
    assert [fate for _, fate, *_ in told(email)] == [1]


def test_reading_the_report_again_changes_nothing(place):
    email = leave({"to": [GRETE]})
    place.exchange.deliver(report(email), [ADA])
    sync(place, ADA)
    before = told(email)
    place.exchange.mailbox(ADA).invalidate_sync_states()
    sync(place, ADA)
    assert told(email) == before
    assert place.query("select occurrences from tracelog where code = 'sending.not-delivered'") == [(1,)]


def test_mail_that_only_quotes_an_id_receipts_and_reports_on_received_mail_mark_nothing(place):
    email = leave({"to": [GRETE]})
    plain = report(email).replace(b"multipart/report; report-type=delivery-status", b"multipart/mixed")
    place.exchange.deliver(plain, [ADA])
    receipt = report(email).replace(b"message/delivery-status", b"message/disposition-notification")
    place.exchange.deliver(
        receipt.replace(b"Action: failed", b"Disposition: manual-action; displayed"), [ADA]
    )
    received = leave({"to": [GRETE], "subject": "In"})
    Email.objects.filter(pk=received.pk).update(directioncode=False, statuscode=4)
    place.exchange.deliver(report(received), [ADA])
    sync(place, ADA)
    assert not EmailDeliveryReport.objects.exists()


def test_the_pages_show_whom_it_did_not_reach_and_why(place):
    email = leave({"to": [GRETE, HANS]})
    place.exchange.deliver(report(email), [ADA])
    place.exchange.deliver(report(email, address="member@list.example"), [ADA])
    sync(place, ADA)
    client = Client()
    client.force_login(SystemUser.objects.create_superuser("root", password="a long password"))
    page = client.get(f"/mail/{email.pk}/").content.decode()
    assert page.count("Not delivered") == 2
    assert "User unknown" in page
    assert "member@list.example" in page
    assert "Not delivered to all" in client.get("/mail/").content.decode()


QMAIL = """From: MAILER-DAEMON@mx.example
To: ada@example.org
Subject: failure notice
Message-Id: <1.qmail@mx.example>

Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<grete@harbour.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 User unknown

--- Below this line is a copy of the message.

From: ada@example.org
Message-ID: {message_id}

Good day
"""
"""Plain mail for Exchange: only its words say what it is."""


def test_a_report_in_words_marks_too_and_belongs_to_the_e_mail(place):
    email = leave({"to": [GRETE]})
    place.exchange.deliver(QMAIL.format(message_id=email.messageid).replace("\n", "\r\n").encode(), [ADA])
    sync(place, ADA)
    assert [one[:3] for one in told(email)] == [(GRETE, 1, "5.1.1")]
    assert Email.objects.get(subject="failure notice").correlatedactivityid == email
    assert place.query("select count(*) from tracelog where code = 'sending.not-delivered'") == [(1,)]
    assert place.query(
        "select count(*) from contact where lower(emailaddress1) = 'mailer-daemon@mx.example'"
    ) == [(0,)]


def test_the_same_words_of_anybody_else_mark_nothing(place):
    email = leave({"to": [GRETE]})
    text = QMAIL.format(message_id=email.messageid).replace("MAILER-DAEMON@", "hans@")
    place.exchange.deliver(text.replace("\n", "\r\n").encode(), [ADA])
    sync(place, ADA)
    assert told(email) == []


@pytest.mark.parametrize(
    "hostile",
    [
        (
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: "
            b"message/delivery-status\r\n\r\n\r\n\x00\xff Final-Recipient: rfc822;\r\nAction: failed\r\n--b--\r\n"
        ),
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nnothing\r\n",
    ],
)
def test_a_broken_report_stops_nobody(place, hostile):
    head = b"From: a@b.example\r\nTo: ada@example.org\r\nSubject: broken\r\n"
    place.exchange.deliver(head + hostile, [ADA])
    sync(place, ADA)
    assert place.query("select outcome from messagetrace") == [(1,)]
