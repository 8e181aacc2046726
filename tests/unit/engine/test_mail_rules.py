"""What the incoming pass makes of filters, answers, folders, categories, queues and unknown senders."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from serversync.core import faults
from serversync.core.errors import ItemGone, ItemUnreadable, SyncStateInvalid
from serversync.engine.ports import ActionKind, Change, Listed, MailFolder
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.correlation import Regarding
from serversync.rules.email.filtering import Filter, NewSender
from serversync.rules.email.judgement import FolderKind
from serversync.rules.email.message import Address, Attachment
from serversync.rules.email.settings import EmailSettings
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, FakeStore, a_message, a_principal, a_run
from tests.unit.engine.test_incoming import sync

CATEGORY = "Tracked to Dynamics 365"
ABOUT = Regarding(uuid4(), "account")
FOLDER = MailFolder(
    FolderKind.TRACKED, "tracked", "Project", exchange_id="f1", trackingid=uuid4(), regarding=ABOUT
)
SENT = MailFolder(FolderKind.SENT, "sentitems", "Sent Items")


def a_store(takes=Filter.RESPONSES, settings=None, **more):
    """A store in which Ada, who is among the recipients, takes what is said."""
    store = FakeStore(settings)
    store.ada = store.add_principal(a_principal(takes=takes, **more))
    store.run = a_run()
    store.readers[store.run.mailboxid] = store.ada
    return store


def again(store, position="1"):
    return a_run(mailboxid=store.run.mailboxid, position=position, listed_once=True)


def decisions(store):
    return sorted((t.decision.outcome.name, t.decision.reason) for t in store.traces.values())


async def test_only_answers_are_tracked_where_only_answers_are_wanted():
    store = a_store()
    first = FakeExchange(a_message("q", message_id="<q@x>"))
    store.readers[(other := a_run()).mailboxid] = store.add_principal(a_principal("ben@example.org"))
    first.items["q"].to.append(Address("Ben", "ben@example.org"))
    await sync(first, store, other)
    exchange = FakeExchange(
        a_message("a1", in_reply_to="<q@x>", sent=NOON + timedelta(hours=1)),
        a_message("a2", in_reply_to="<never@x>"),
    )
    await sync(exchange, store, store.run)
    assert decisions(store) == [
        ("NOT_ACCEPTED", "no-correlation"),
        ("TRACKED", "filter-all"),
        ("TRACKED", "filter-response"),
    ]


async def test_an_answer_in_the_same_page_finds_what_it_answers_whatever_the_order():
    store = a_store(Filter.ALL)
    question = a_message("q", message_id="<q@x>")
    reply = a_message("r", in_reply_to="<q@x>", sent=NOON + timedelta(hours=1))
    await sync(FakeExchange(reply, question), store, store.run)
    by_id = {e.message.item_id: e for e in store.emails.values()}
    assert by_id["r"].correlated == by_id["r"].parent == by_id["q"].activityid
    assert by_id["q"].correlated is None


async def test_an_answer_to_a_copy_belongs_to_the_activity_that_was_there():
    store = a_store(Filter.ALL)
    await sync(FakeExchange(a_message("ben-q", message_id="<q@x>")), store, a_run("ben@example.org"))
    (there,) = store.emails.values()
    reply = a_message("r", in_reply_to="<q@x>", sent=NOON + timedelta(hours=1))
    await sync(FakeExchange(a_message("q", message_id="<q@x>"), reply), store, store.run)
    (answer,) = (e for e in store.emails.values() if e.message.item_id == "r")
    assert answer.correlated == there.activityid


async def test_files_of_what_nobody_takes_are_not_fetched():
    store, message = a_store(Filter.NONE), a_message("m1")
    message.attachments = [Attachment("a1", "offer.pdf", "application/pdf", "", 9, False, False)]
    exchange = FakeExchange(message)
    await sync(exchange, store, store.run)
    assert exchange.attachments_fetched == []
    assert decisions(store) == [("NOT_ACCEPTED", "takes-nothing")]


async def test_what_is_left_out_is_not_fetched_and_stands_on_the_record():
    settings = EmailSettings(maxuploadfilesize=5, blockedattachments="exe")
    store, message = a_store(Filter.ALL, settings), a_message("m1")
    message.attachments = [
        Attachment(n, n, "x/y", "", size, False, False)
        for n, size in (("a.txt", 5), ("b.exe", 1), ("c.txt", 6))
    ]
    exchange = FakeExchange(message)
    await sync(exchange, store, store.run)
    (email,) = store.emails.values()
    assert exchange.attachments_fetched == ["a.txt"]
    assert [(one.name, one.reason) for one in email.judgement.left_out] == [
        ("b.exe", "blocked"),
        ("c.txt", "too-large"),
        ("a.txt", "unreadable"),
    ]


async def test_what_was_refused_stays_refused_in_a_replay_until_somebody_marks_it():
    store, exchange = a_store(), FakeExchange(a_message("m1"))
    await sync(exchange, store, store.run)
    before = dict(store.traces)
    exchange.positions_valid = False
    await sync(exchange, store, again(store))
    assert store.traces == before
    assert exchange.fetched == ["m1"]
    exchange.arrive(replace(exchange.items["m1"], categories=(CATEGORY,)), Change.UPDATE)
    await sync(exchange, store, again(store))
    assert decisions(store) == [("TRACKED", "category")]


async def test_removing_the_category_untracks_and_adding_it_tracks_again():
    store = a_store(Filter.NONE)
    message = a_message("m1", categories=(CATEGORY, "Red"))
    exchange = FakeExchange(message)
    await sync(exchange, store, store.run)
    exchange.arrive(replace(message, categories=("Red",)), Change.UPDATE)
    await sync(exchange, store, again(store))
    assert decisions(store) == [("UNTRACKED", "category-removed")]
    assert len(store.emails) == 1
    exchange.arrive(message, Change.UPDATE)
    await sync(exchange, store, again(store, "2"))
    assert decisions(store) == [("ALREADY_TRACKED", "copy")]


async def test_a_tracked_message_without_the_category_is_not_untracked_by_a_change():
    store = a_store(Filter.ALL)
    exchange = FakeExchange(a_message("m1"))
    await sync(exchange, store, store.run)
    exchange.arrive(exchange.items["m1"], Change.UPDATE)
    await sync(exchange, store, again(store))
    assert store.outcomes() == [Outcome.TRACKED]


async def test_the_category_counts_for_old_messages_and_not_where_it_is_switched_off():
    old = a_message("m1", received=NOON - timedelta(days=99), categories=(CATEGORY,))
    for on, expected in ((True, "category"), (False, "before-process-email-from")):
        store = a_store(Filter.NONE, EmailSettings(trackcategorizeditems=on))
        await sync(FakeExchange(old), store, replace(store.run, process_from=NOON))
        assert [reason for _, reason in decisions(store)] == [expected]


async def test_a_message_in_a_tracked_folder_is_tracked_and_about_the_folders_record():
    store, exchange = a_store(Filter.NONE), FakeExchange()
    store.plans[store.run.mailboxid] = {"folders": (FOLDER,)}
    exchange.arrive(a_message("m1"), folder="f1")
    await sync(exchange, store, store.run)
    (email,) = store.emails.values()
    assert decisions(store) == [("TRACKED", "tracked-folder")]
    assert email.judgement.regarding == ABOUT
    assert email.judgement.acceptance.acceptor is None
    assert store.folder_positions == {(store.run.mailboxid, "f1"): "1"}


async def test_moving_a_tracked_message_into_a_folder_gives_it_the_folders_record():
    store = a_store(Filter.ALL)
    store.plans[store.run.mailboxid] = {"folders": (FOLDER,)}
    exchange = FakeExchange(a_message("in-inbox", message_id="<m@x>", search_key="s"))
    await sync(exchange, store, store.run)
    exchange.arrive(a_message("in-folder", message_id="<m@x>", search_key="s"), folder="f1")
    await sync(exchange, store, again(store))
    (email,) = store.emails.values()
    assert store.regardings[email.activityid] == ABOUT


@pytest.mark.parametrize("gone", [ItemGone, SyncStateInvalid])
async def test_a_tracked_folder_that_is_gone_stops_nothing_else(gone):
    store, alerts = a_store(Filter.ALL), FakeAlerts()
    other = FOLDER._replace(exchange_id="f2", name="Other")
    store.plans[store.run.mailboxid] = {"folders": (FOLDER, other)}
    exchange = FakeExchange(a_message("m1"))
    exchange.gone = gone
    exchange.gone_folders.add("f1")
    exchange.arrive(a_message("m2"), folder="f2")
    await sync(exchange, store, store.run, alerts)
    assert store.count() == 2
    assert (store.missing, alerts.mailboxes) == (["Project"], ["mailbox.tracked-folder-missing"])


async def test_a_tracked_folder_that_was_moved_out_of_the_inbox_is_read_no_more():
    store, alerts = a_store(Filter.ALL), FakeAlerts()
    exchange = FakeExchange()
    exchange.arrive(a_message("m1"), folder="f1")
    exchange.moved_out.add("f1")
    store.plans[store.run.mailboxid] = {"folders": (FOLDER,), "forget_reasons_after": 90}
    await sync(exchange, store, store.run, alerts)
    assert store.count() == 0
    assert (store.missing, alerts.mailboxes) == (["Project"], ["mailbox.tracked-folder-missing"])


async def test_what_lies_in_sent_items_is_outgoing_and_what_we_sent_is_known():
    store, exchange = a_store(Filter.ALL), FakeExchange()
    store.plans[store.run.mailboxid] = {"folders": (SENT,)}
    exchange.arrive(a_message("m1", to=("grete@harbour.example",)), folder="sentitems")
    await sync(exchange, store, store.run)
    (email,) = store.emails.values()
    assert store.outgoing == {email.activityid}
    assert email.judgement.ownership.ownerid == store.ada.ownerid
    ours, strange = a_message("m2", stamp=str(email.activityid)), a_message("m3", stamp="no id of ours")
    exchange.arrive(ours, folder="sentitems")
    exchange.arrive(strange, folder="sentitems")
    await sync(exchange, store, again(store, "0"))
    assert decisions(store) == [
        ("ALREADY_TRACKED", "ours"),
        ("TRACKED", "filter-all"),
        ("TRACKED", "filter-all"),
    ]


async def test_internal_mail_is_two_activities_or_one_whichever_half_comes_first():
    for ignore, expected in ((False, 2), (True, 1)):
        for sent_first in (True, False):
            store = a_store(Filter.ALL, EmailSettings(ignoreinternalemail=ignore))
            ben = store.add_principal(a_principal("ben@example.org"))
            store.readers[(benrun := a_run("ben@example.org")).mailboxid] = ben
            store.plans[benrun.mailboxid] = {"folders": (SENT,)}
            letter = a_message("ada", message_id="<i@x>")
            letter.sender = Address("Ben", "ben@example.org")
            mine, theirs = FakeExchange(letter), FakeExchange()
            theirs.arrive(replace(letter, item_id="ben"), folder="sentitems")
            passes = [(mine, store.run), (theirs, benrun)]
            for exchange, run in reversed(passes) if sent_first else passes:
                await sync(exchange, store, run)
            assert len(store.emails) == expected


async def test_two_workers_at_both_halves_of_internal_mail_make_one_activity():
    store = a_store(Filter.ALL, EmailSettings(ignoreinternalemail=True))
    ben = store.add_principal(a_principal("ben@example.org"))
    store.readers[(benrun := a_run("ben@example.org")).mailboxid] = ben
    store.plans[benrun.mailboxid] = {"folders": (SENT,)}
    letter = a_message("ada", message_id="<i@x>")
    letter.sender = Address("Ben", "ben@example.org")
    received, sent = FakeExchange(letter), FakeExchange()
    sent.arrive(replace(letter, item_id="ben"), folder="sentitems")
    twin = a_store(Filter.ALL, EmailSettings(ignoreinternalemail=True))
    twin.records_by_address, twin.known_principals = store.records_by_address, store.known_principals
    await sync(received, twin, store.run)
    store.before_write = [lambda: None, lambda: store.emails.update(twin.emails)]
    await sync(sent, store, benrun)
    assert len(store.emails) == 1


async def test_a_queue_among_the_recipients_gets_an_item_and_later_ones_by_the_setting():
    settings = EmailSettings(ssscreateadditionalqueueitemsforalreadytrackedemail=True)
    store = a_store(Filter.ALL, settings)
    support = store.add_principal(a_principal("support@example.org", table="queue"))
    hidden = store.add_principal(a_principal("hidden@example.org", table="queue"))
    message = a_message("m1", message_id="<m@x>", to=("ada@example.org", "support@example.org"))
    await sync(FakeExchange(message), store, store.run)
    (activity,) = (e.activityid for e in store.emails.values())
    assert store.queue_items == {(support.recordid, activity)}
    run = a_run("hidden@example.org")
    store.readers[run.mailboxid] = hidden
    await sync(FakeExchange(replace(message, item_id="h")), store, run)
    assert store.queue_items == {(support.recordid, activity), (hidden.recordid, activity)}


@pytest.mark.parametrize(
    ("wanted", "on", "item_class", "tables"),
    [
        (NewSender.CONTACT, True, "IPM.Note", ["contact"]),
        (NewSender.LEAD, True, "IPM.Note", ["lead"]),
        (NewSender.NOTHING, True, "IPM.Note", []),
        (NewSender.CONTACT, False, "IPM.Note", []),
        (NewSender.CONTACT, True, "REPORT.IPM.Note.NDR", []),
        (NewSender.CONTACT, True, "IPM.Note.Rules.OofTemplate.Microsoft", []),
    ],
)
async def test_an_unknown_sender_becomes_what_the_taker_chose(wanted, on, item_class, tables):
    store = a_store(Filter.ALL, EmailSettings(autocreatecontactonpromote=on), new_sender=wanted)
    await sync(
        FakeExchange(*(replace(a_message(f"m{n}"), item_class=item_class) for n in range(3))),
        store,
        store.run,
    )
    assert [person.table for person in store.people] == tables
    assert {e.judgement.sender.table for e in store.emails.values() if e.judgement.sender} == set(tables)


async def test_a_sender_who_became_known_in_the_same_moment_is_not_made_twice():
    store = a_store(Filter.ALL, new_sender=NewSender.CONTACT)
    other = a_store(Filter.ALL, new_sender=NewSender.CONTACT)
    await sync(FakeExchange(a_message("theirs")), other, other.run)
    store.before_write.append(
        lambda: store.records_by_address.update(
            {a: r for a, r in other.records_by_address.items() if "grete" in a}
        )
    )
    await sync(FakeExchange(a_message("mine")), store, store.run)
    assert store.people == []
    (email,) = store.emails.values()
    assert email.judgement.sender.recordid == other.people[0].recordid


async def test_deleting_after_processing_comes_after_the_commit_and_survives_a_death():
    store, exchange = a_store(Filter.ALL), FakeExchange(a_message("m1"))
    store.plans[store.run.mailboxid] = {"delete_after_processing": True}

    class Killed(Exception):
        pass

    def die():
        raise Killed

    for point in faults.INCOMING_ACTIONS:
        with faults.arm(point, die), pytest.raises(Killed):
            await sync(exchange, store, store.run if point == "incoming.before-actions" else again(store))
        assert store.count() == 1
        assert len(store.pending) == 1
    await sync(exchange, store, again(store))
    assert set(exchange.performed) == {(ActionKind.DELETE, "m1", "")}
    assert store.pending == {}


async def test_what_nobody_takes_is_never_deleted():
    store, exchange = a_store(Filter.NONE), FakeExchange(a_message("m1"))
    store.plans[store.run.mailboxid] = {"delete_after_processing": True}
    await sync(exchange, store, store.run)
    assert (exchange.performed, store.pending) == ([], {})


async def test_tracked_messages_get_the_category_where_the_organization_wants_it():
    store = a_store(Filter.ALL)
    store.plans[store.run.mailboxid] = {"stamps_category": True}
    exchange = FakeExchange(a_message("m1"), a_message("m2", categories=(CATEGORY,)))
    await sync(exchange, store, store.run)
    assert exchange.performed == [(ActionKind.ADD_CATEGORY, "m1", CATEGORY)]


async def test_what_cannot_be_read_is_tried_five_times_then_marked_and_moved():
    store, exchange = a_store(Filter.ALL), FakeExchange(a_message("m1"))
    store.plans[store.run.mailboxid] = {"move_undeliverable": True}
    exchange.broken["m1"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    await sync(exchange, store, store.run)
    for attempt in range(2, 6):
        assert exchange.performed == []
        store.retry_due = [Listed(Change.UPDATE, "m1", exchange.items["m1"].item_key)]
        await sync(exchange, store, again(store))
        (trace,) = store.traces.values()
        assert (trace.attempts, trace.next_attempt is None) == (attempt, attempt == 5)
    assert exchange.performed == [
        (ActionKind.ADD_CATEGORY, "m1", f"{CATEGORY} (Undeliverable)"),
        (ActionKind.MOVE_UNDELIVERABLE, "m1", ""),
    ]


async def test_a_retry_that_succeeds_tracks_the_message():
    store, exchange = a_store(Filter.ALL), FakeExchange(a_message("m1"))
    exchange.broken["m1"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    await sync(exchange, store, store.run)
    exchange.broken.clear()
    store.retry_due = [Listed(Change.UPDATE, "m1", exchange.items["m1"].item_key)]
    await sync(exchange, store, again(store))
    assert store.outcomes() == [Outcome.TRACKED]


async def test_an_action_that_exchange_refuses_is_kept_and_told_after_five_times():
    store, exchange, alerts = a_store(Filter.ALL), FakeExchange(a_message("m1")), FakeAlerts()
    store.plans[store.run.mailboxid] = {"delete_after_processing": True}
    exchange.refuses[ActionKind.DELETE, "m1"] = ItemUnreadable(response_code="ErrorCannotDeleteObject")
    await sync(exchange, store, store.run, alerts)
    assert len(store.pending) == 1


FORWARDED = (
    b"From: Grete <grete@harbour.example>\r\nTo: ben@example.org\r\nSubject: Offer\r\nMessage-ID: <in@x>\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0100\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n"
)


@pytest.mark.parametrize(
    ("forwards", "attached", "expected"),
    [
        (True, True, ("TRACKED", "filter-all")),
        (False, True, ("NOT_ACCEPTED", "invalid-forward")),
        (True, False, ("NOT_ACCEPTED", "invalid-forward")),
    ],
)
async def test_a_forward_mailbox_takes_what_a_user_forwards_as_an_attachment(forwards, attached, expected):
    store, run = FakeStore(), a_run("forward@example.org", ownerid=None)
    store.plans[run.mailboxid] = {"is_forward_mailbox": True, "readerid": None}
    store.add_principal(a_principal("ben@example.org", forwards=forwards))
    wrapper = a_message("w1", message_id="<out@x>", subject="FW: Offer")
    wrapper.sender = Address("Ben", "ben@example.org")
    if attached:
        wrapper.attachments = [Attachment("a1", "Offer.eml", "message/rfc822", "", 9, False, True, FORWARDED)]
    await sync(FakeExchange(wrapper), store, run)
    assert decisions(store) == [expected]
    if expected[0] == "TRACKED":
        (email,) = store.emails.values()
        assert (email.message.message_id, email.message.body.strip()) == ("<in@x>", "Grüße")
        assert email.message.sender.address == "grete@harbour.example"
