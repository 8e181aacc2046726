"""``mailbox why``: every reason in words, and an answer for what was never seen."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from serversync.administration import traces
from serversync.crm.models import Email, MailboxTrackingFolder, MessageTrace, Organization, SystemUser
from serversync.rules.email.acceptance import REASONS
from serversync.rules.email.explaining import ANSWERS, reasons

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def mailbox():
    Organization.objects.current()
    return SystemUser.objects.create_user(
        "ada@example.org", internalemailaddress="ada@example.org"
    ).defaultmailbox


def trace(mailbox, **columns):
    return MessageTrace.objects.create(mailboxid=mailbox, itemkey=uuid4(), receivedon=NOON, **columns)


def test_who_was_asked_and_what_was_looked_for_is_told(mailbox):
    trace(
        mailbox,
        messageid="<m@x>",
        outcome=7,
        reasoncode="no-correlation",
        detail={"tried": [[3, "<q@x>", "no such e-mail"]], "asked": [["Ada", 1, "no-correlation"]]},
    )
    (told,) = traces.why(mailbox, message_id="m@x")
    assert told.sentence == f"Not accepted. {REASONS['no-correlation']}"
    assert told.reasons == (
        "By In-Reply-To and References (<q@x>): no such e-mail.",
        "Ada, who wants answers to e-mails of the CRM, does not take it: it answers nothing.",
    )


def test_what_is_tried_again_says_when_and_what_is_given_up_says_so(mailbox):
    trace(mailbox, messageid="<a@x>", outcome=4, reasoncode="unreadable", attempts=2, nextattempton=NOON)
    trace(mailbox, messageid="<b@x>", outcome=4, reasoncode="unreadable", attempts=5)
    assert "tried again at 2026-03-02T12:00:00Z" in traces.why(mailbox, message_id="<a@x>")[0].reasons[0]
    assert "given up" in traces.why(mailbox, message_id="<b@x>")[0].reasons[0]


def test_a_message_never_seen_may_be_older_than_the_start(mailbox):
    trace(mailbox, outcome=3, reasoncode="before-process-email-from")
    (told,) = traces.why(mailbox, message_id="<never@x>")
    assert "1 messages were older than 'Process Email From'" in told.sentence
    assert told.trace is None


def test_a_message_never_seen_says_that_the_mailbox_does_not_run(mailbox):
    (told,) = traces.why(mailbox, subject="Offer")
    assert "No such message was seen in ada@example.org." in told.sentence
    assert len(told.sentence) > 60


def test_a_message_that_another_mailbox_tracked_says_so(mailbox):
    Email.objects.create(messageid="<m@x>", messageiddupcheck=uuid4())
    assert "tracked from another mailbox" in traces.why(mailbox, message_id="m@x")[0].sentence


def test_the_folders_that_are_read_are_named(mailbox):
    MailboxTrackingFolder.objects.create(
        mailboxid=mailbox, exchangefolderid="f", exchangefoldername="Project"
    )
    MailboxTrackingFolder.objects.create(
        mailboxid=mailbox, exchangefolderid="g", exchangefoldername="Gone", folderonboardingstatus=2
    )
    Organization.objects.update(autotracksentfolderitems=True)
    assert traces._watched(mailbox) == "Inbox, Sent Items, Project"


def test_every_reason_of_an_answer_has_its_words():
    assert set(ANSWERS) >= {"filter-all", "not-named", "not-approved", "takes-nothing"}
    assert reasons({"leftout": [["x.exe", 7, "blocked"]], "owner": "first in to"}) == [
        "Its owner is the first in to.",
        "Left out: x.exe (7 bytes): files of this kind are blocked.",
    ]
