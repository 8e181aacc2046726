"""Whose activity it is, in which queues it waits, what of it is left out, and internal mail."""

from datetime import timedelta
from uuid import uuid4

import pytest

from serversync.rules.email import content
from serversync.rules.email.internal import Opposite, judge_internal
from serversync.rules.email.kinds import Kind, kind_of
from serversync.rules.email.message import Attachment
from serversync.rules.email.ownership import owner_of
from serversync.rules.email.queueing import queues_of
from serversync.rules.email.retrying import BETWEEN_ATTEMPTS, next_attempt
from serversync.rules.email.settings import EmailSettings
from tests.unit.engine.fakes import NOON

ADA, BEN, CLEO = uuid4(), uuid4(), uuid4()
SUPPORT, SALES = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("lists", "correlated", "sender", "expected"),
    [
        ([[ADA, BEN], [], []], BEN, ADA, BEN),
        ([[ADA, BEN], [], []], CLEO, BEN, BEN),
        ([[ADA, BEN], [], []], CLEO, None, ADA),
        ([[], [BEN], [ADA]], ADA, ADA, BEN),
        ([[], [], [CLEO]], None, None, CLEO),
        ([[], [], []], ADA, ADA, BEN),
    ],
)
def test_the_first_list_with_somebody_decides_and_within_it_the_correlated_owner_first(
    lists, correlated, sender, expected
):
    owner = owner_of(lists, correlated_owner=correlated, sender_owner=sender, fallback=BEN)
    assert owner.ownerid == expected
    assert owner.reason


def queues(recipients, reading, *, is_new=True, **settings):
    return [
        q.queueid for q in queues_of(recipients, reading, is_new=is_new, settings=EmailSettings(**settings))
    ]


def test_queue_items_by_the_three_settings():
    assert queues([SUPPORT, SALES], SUPPORT) == [SUPPORT, SALES]
    assert queues([], SUPPORT) == [SUPPORT]
    assert queues([], SUPPORT, createqueueitemforsynchronizingmailbox=False) == []
    assert queues([SALES], None, createqueueitemsforacceptingqueuerecipients=False) == []
    assert queues([SALES], SUPPORT, is_new=False) == []
    later = {"ssscreateadditionalqueueitemsforalreadytrackedemail": True}
    assert queues([SALES], SUPPORT, is_new=False, **later) == [SUPPORT]


def attachment(name, size=10):
    return Attachment("id", name, "application/octet-stream", "", size, False, False)


def test_what_is_too_large_or_blocked_is_left_out_and_named():
    settings = EmailSettings(maxuploadfilesize=100, blockedattachments="exe; *.js;.vbs")
    files = [attachment("a.txt"), attachment("b.EXE "), attachment("c.js"), attachment("d.pdf", 101)]
    kept, left_out = content.judge_attachments(files, settings)
    assert [one.name for one in kept] == ["a.txt"]
    assert [(one.name, one.reason) for one in left_out] == [
        ("b.EXE ", "blocked"),
        ("c.js", "blocked"),
        ("d.pdf", "too-large"),
    ]
    assert content.notification(left_out) == content.ATTACHMENTS_MISSING
    assert content.notification([]) == 0
    assert {one.reason for one in left_out} <= set(content.LEFT_OUT)


def test_a_cut_body_says_more_than_a_missing_file():
    cut = content.LeftOut("body", 1, "body-too-long")
    assert content.notification([content.LeftOut("a", 1, "blocked"), cut]) == content.BODY_TRUNCATED


@pytest.mark.parametrize("size", range(1, 14))
def test_cutting_never_breaks_a_character(size):
    text = "aä€😀bö"
    for at_a_time in (1, 2, 3, 20):
        data = text.encode()
        chunks = [data[n : n + at_a_time] for n in range(0, len(data), at_a_time)]
        whole = b"".join(content.cut_chunks(chunks, size))
        if at_a_time == 20:
            assert text.startswith(whole.decode())
        assert len(whole) <= size


def test_short_bodies_are_not_touched():
    assert content.cut_text("short") == ("short", 0)


OTHER = [Opposite(uuid4(), "Ada@example.org")]


@pytest.mark.parametrize(
    ("sender", "to", "opposites", "settings", "ignored"),
    [
        (["systemuser"], ["systemuser"], OTHER, {"ignoreinternalemail": True}, True),
        (["systemuser"], ["systemuser"], OTHER, {}, False),
        (["systemuser"], ["systemuser"], [], {"ignoreinternalemail": True}, False),
        (["contact"], ["systemuser"], OTHER, {"ignoreinternalemail": True}, False),
        (["systemuser"], ["contact"], OTHER, {"ignoreinternalemail": True}, False),
        (["queue"], ["systemuser"], OTHER, {"ignoreinternalemail": True}, False),
        (
            ["queue"],
            ["systemuser"],
            OTHER,
            {"ignoreinternalemail": True, "ignoreinternalemailfromqueues": True},
            True,
        ),
        (["systemuser"], ["queue"], OTHER, {"ignoreinternalemail": True}, False),
        (
            ["systemuser"],
            ["queue"],
            OTHER,
            {"ignoreinternalemail": True, "donotignoreinternalemailtoqueues": False},
            True,
        ),
    ],
)
def test_internal_mail_by_its_settings(sender, to, opposites, settings, ignored):
    told = judge_internal(sender, to, "ada@example.org", opposites, EmailSettings(**settings))
    assert told.ignored is ignored


def test_without_the_enhancement_the_other_half_must_have_the_same_sender():
    settings = EmailSettings(ignoreinternalemail=True, ignoreinternalemaildetectionenhancement=False)
    users = ["systemuser"]
    assert judge_internal(users, users, "ADA@example.org", OTHER, settings).ignored
    assert not judge_internal(users, users, "ben@example.org", OTHER, settings).ignored


@pytest.mark.parametrize(
    ("item_class", "kind"),
    [
        ("IPM.Note", Kind.MAIL),
        ("IPM.Note.Custom", Kind.MAIL),
        ("", Kind.MAIL),
        ("IPM.Note.SMIME.MultipartSigned", Kind.SIGNED),
        ("IPM.Note.rpmsg.Microsoft.Rights", Kind.PROTECTED),
        ("REPORT.IPM.Note.NDR", Kind.REPORT),
        ("REPORT.IPM.Schedule.Meeting.Request.NDR", Kind.MEETING),
        ("IPM.Note.Rules.OofTemplate.Microsoft", Kind.AUTOMATIC),
        ("IPM.Outlook.Recall", Kind.RECALL),
        ("IPM.Recall.Report.Success", Kind.RECALL),
        ("IPM.Schedule.Meeting.Canceled", Kind.MEETING),
        ("IPM.TaskRequest.Accept", Kind.OTHER),
        ("IPM.Note.Microsoft.Conversation.Voice", Kind.OTHER),
    ],
)
def test_every_kind_of_item_is_known(item_class, kind):
    assert kind_of(item_class) is kind


def test_what_fails_is_tried_five_times():
    waits = [next_attempt(n, NOON) for n in range(1, 6)]
    assert waits == [NOON + BETWEEN_ATTEMPTS] * 4 + [None]
    assert timedelta(minutes=15) == BETWEEN_ATTEMPTS
    with pytest.raises(ValueError, match="first attempt"):
        next_attempt(0, NOON)
