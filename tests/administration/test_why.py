"""``mailbox why``: every reason in words, and an answer for what was never seen."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from serversync.administration import traces
from serversync.crm.models import Email, MailboxTrackingFolder, MessageTrace, Organization, SystemUser
from serversync.crm.models.messagetrace import LONGEST_SUBJECT
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


def told_of(mailbox, part):
    return [one.trace.subject for one in traces.why(mailbox, subject=part) if one.trace]


def test_a_part_of_a_subject_is_found_anywhere_in_it_and_in_any_case(mailbox):
    trace(mailbox, subject="The Lighthouse, 100% done")
    trace(mailbox, subject="Møller & Ünal")
    trace(mailbox, subject="")
    trace(mailbox)
    for part in ("the light", "HOUSE, 100%", "thouse", "0% d"):
        assert told_of(mailbox, part) == ["The Lighthouse, 100% done"]
    assert told_of(mailbox, "MØLLER & ü") == ["Møller & Ünal"]
    assert told_of(mailbox, "10_%") == []


@pytest.mark.parametrize("length", [LONGEST_SUBJECT, LONGEST_SUBJECT + 1, 2000])
def test_a_part_of_a_subject_is_found_however_long_this_is(mailbox, length):
    """No entry of an index has room for two thousand characters of four bytes that cannot be compressed."""
    characters = "".join(chr(0x20000 + number * 7919 % 40_000) for number in range(length - 5))
    trace(mailbox, subject=f"{characters}needl")
    trace(mailbox, subject="needl")
    assert len(told_of(mailbox, "needl")) == 2
    assert told_of(mailbox, characters[-50:]) == [f"{characters}needl"]


def test_the_latest_messages_with_a_part_of_a_subject_are_told_of_whatever_their_length(mailbox):
    wanted = []
    for minute in range(30):
        subject = f"Offer {minute}" if minute % 2 else f"Offer {minute} {'x' * LONGEST_SUBJECT}"
        made = trace(mailbox, subject=subject)
        MessageTrace.objects.filter(pk=made.pk).update(receivedon=NOON + timedelta(minutes=minute))
        wanted.insert(0, subject)
    assert told_of(mailbox, "offer") == wanted[:20]


def test_messages_of_other_mailboxes_are_not_told_of(mailbox):
    ben = SystemUser.objects.create_user("ben@example.org", internalemailaddress="ben@example.org")
    trace(ben.defaultmailbox, subject="Offer")
    trace(ben.defaultmailbox, subject=f"Offer {'x' * LONGEST_SUBJECT}")
    assert told_of(mailbox, "offer") == []


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
