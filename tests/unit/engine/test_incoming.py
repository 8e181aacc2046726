"""The incoming pass against an Exchange and a CRM in memory."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.core.errors import (
    AnswerUnreadable,
    ItemGone,
    ItemUnreadable,
    LeaseLost,
    ServerBusy,
    SyncStateInvalid,
)
from serversync.engine import folder_pass
from serversync.engine.incoming import IncomingPass
from serversync.engine.ports import Change, ChangePage
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.parties import Record
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, FakeStore, a_message, a_run


async def sync(exchange, store, run=None, alerts=None):
    run = run or a_run()
    return await IncomingPass(run, exchange, store, alerts or FakeAlerts())()


async def test_each_new_message_becomes_one_activity():
    store = FakeStore()
    result = await sync(FakeExchange(*(a_message(f"m{n}") for n in range(250))), store)
    assert store.count() == len(store.emails) == 250
    assert result.by_outcome == {Outcome.TRACKED: 250}


async def test_a_second_pass_from_the_saved_position_reads_nothing():
    store, exchange, run = FakeStore(), FakeExchange(a_message("m1")), a_run()
    await sync(exchange, store, run)
    await sync(exchange, store, a_run(position=store.positions[run.mailboxid], listed_once=True))
    assert exchange.fetched == ["m1"]
    assert store.pages_written == 1


async def test_one_mail_in_three_mailboxes_is_one_activity():
    store = FakeStore()
    for address in ("ada", "ben", "cleo"):
        await sync(
            FakeExchange(a_message(f"{address}-1", message_id="<same@x>")),
            store,
            a_run(f"{address}@example.org"),
        )
    assert len(store.emails) == 1
    assert store.outcomes() == [Outcome.TRACKED, Outcome.ALREADY_TRACKED, Outcome.ALREADY_TRACKED]


async def test_a_replay_after_the_position_was_lost_changes_nothing_and_reads_no_message_again():
    store, run = FakeStore(), a_run()
    exchange = FakeExchange(a_message("m1"), a_message("m2"))
    await sync(exchange, store, run)
    before = dict(store.traces)
    exchange.positions_valid = False
    result = await sync(exchange, store, a_run(mailboxid=run.mailboxid, position="2", listed_once=True))
    assert result.replayed
    assert store.traces == before
    assert exchange.fetched == ["m1", "m2"]


async def test_new_ids_after_a_restored_mailbox_double_nothing():
    store, run = FakeStore(), a_run()
    await sync(FakeExchange(a_message("old", message_id="<a@x>", search_key="s")), store, run)
    restored = a_message("new", message_id="<a@x>", search_key="s", body="rendered by another version")
    await sync(FakeExchange(restored), store, run)
    assert len(store.emails) == 1


async def test_two_different_messages_that_share_their_message_id_are_both_tracked():
    store = FakeStore()
    await sync(
        FakeExchange(*(a_message(f"m{n}", message_id="<x@y>", body=f"text {n}") for n in range(3))), store
    )
    assert len(store.emails) == 3


async def test_the_same_message_twice_in_a_mailbox_is_tracked_once():
    store = FakeStore()
    await sync(FakeExchange(*(a_message(f"m{n}", message_id="<x@y>") for n in range(3))), store)
    assert len(store.emails) == 1
    assert store.count(Outcome.ALREADY_TRACKED) == 2


async def test_an_item_that_is_listed_twice_in_a_page_is_read_once():
    exchange, store = FakeExchange(a_message("m1")), FakeStore()
    exchange.arrive(exchange.items["m1"], Change.UPDATE)
    await sync(exchange, store)
    assert exchange.fetched == ["m1"]
    assert store.count() == 1


async def test_an_unreadable_item_is_set_aside_with_an_alert_and_the_rest_goes_on():
    exchange, store, alerts = FakeExchange(*(a_message(f"m{n}") for n in range(5))), FakeStore(), FakeAlerts()
    exchange.broken["m2"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    result = await sync(exchange, store, alerts=alerts)
    assert store.count() == 4
    assert result.failed == 1
    assert alerts.items == [("exchange.item-unreadable", "m2")]


async def test_an_item_that_was_set_aside_is_tracked_once_it_can_be_read():
    exchange, store, run = FakeExchange(a_message("m1")), FakeStore(), a_run()
    exchange.broken["m1"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    await sync(exchange, store, run)
    exchange.broken.clear()
    exchange.arrive(exchange.items["m1"], Change.UPDATE)
    await sync(exchange, store, a_run(mailboxid=run.mailboxid, position="1", listed_once=True))
    assert store.outcomes() == [Outcome.TRACKED]


async def test_an_item_that_is_gone_needs_no_alert():
    exchange, store, alerts = FakeExchange(a_message("m1")), FakeStore(), FakeAlerts()
    exchange.broken["m1"] = ItemGone()
    await sync(exchange, store, alerts=alerts)
    assert store.outcomes() == [Outcome.GONE]
    assert alerts.items == []


async def test_trouble_that_passes_sets_no_item_aside_and_writes_nothing_of_the_page():
    exchange, store = FakeExchange(a_message("m1"), a_message("m2")), FakeStore()
    exchange.broken["m2"] = ServerBusy(response_code="ErrorServerBusy")
    with pytest.raises(ServerBusy):
        await sync(exchange, store)
    assert not store.traces
    assert not store.positions


async def test_process_email_from_holds_back_old_mail_on_the_first_listing_only():
    exchange, store, run = (
        FakeExchange(a_message("old", received=NOON - timedelta(days=9))),
        FakeStore(),
        None,
    )
    run = a_run(process_from=NOON - timedelta(days=1))
    await sync(exchange, store, run)
    assert store.outcomes() == [Outcome.BEFORE_START]
    exchange.arrive(a_message("moved-in", received=NOON - timedelta(days=9)))
    await sync(
        exchange,
        store,
        a_run(mailboxid=run.mailboxid, process_from=run.process_from, position="1", listed_once=True),
    )
    assert store.outcomes() == [Outcome.TRACKED, Outcome.BEFORE_START]
    assert exchange.fetched == ["moved-in"]


async def test_other_kinds_of_item_are_not_fetched():
    exchange, store = FakeExchange(), FakeStore()
    exchange.arrive(a_message("request"), item_class="IPM.Schedule.Meeting.Request")
    await sync(exchange, store)
    assert store.outcomes() == [Outcome.NOT_MAIL]
    assert exchange.fetched == []


async def test_when_another_worker_was_faster_the_page_is_decided_anew():
    store, other = FakeStore(), FakeStore()
    await sync(FakeExchange(a_message("theirs", message_id="<same@x>")), other)

    def somebody_else_writes():
        store.emails.update(other.emails)

    store.before_write.append(somebody_else_writes)
    await sync(FakeExchange(a_message("mine", message_id="<same@x>"), a_message("own")), store)
    assert len(store.emails) == 2
    assert store.outcomes() == [Outcome.TRACKED, Outcome.ALREADY_TRACKED]


async def test_who_lost_the_lease_writes_nothing():
    store = FakeStore()
    store.lost = True
    with pytest.raises(LeaseLost):
        await sync(FakeExchange(a_message("m1")), store)
    assert not store.emails


async def test_a_page_too_heavy_for_memory_is_asked_for_again_in_smaller_parts(monkeypatch):
    monkeypatch.setattr(folder_pass, "PAGE_BYTES", 1000)
    exchange, store = FakeExchange(*(a_message(f"m{n}", body="x" * 400) for n in range(9))), FakeStore()
    await sync(exchange, store)
    assert store.count() == 9
    assert max(limit for limit in exchange.asked_limits if limit != folder_pass.PAGE_ITEMS) == 2
    assert exchange.discarded == store.pages_written


async def test_a_single_message_heavier_than_a_page_still_gets_through(monkeypatch):
    monkeypatch.setattr(folder_pass, "PAGE_BYTES", 10)
    store = FakeStore()
    await sync(FakeExchange(a_message("heavy", body="x" * 400)), store)
    assert store.count() == 1


async def test_a_server_that_never_moves_its_position_is_not_asked_for_ever():
    class Stuck(FakeExchange):
        async def changes(self, folder, position, *, limit):
            return ChangePage([], "same", is_last=False)

    with pytest.raises(AnswerUnreadable):
        await sync(Stuck(), FakeStore())


async def test_a_server_that_refuses_every_position_is_not_asked_for_ever():
    class Refusing(FakeExchange):
        async def changes(self, folder, position, *, limit):
            raise SyncStateInvalid(folder=folder, mailbox="ada@example.org")

    with pytest.raises(SyncStateInvalid):
        await sync(Refusing(), FakeStore(), a_run(position="1"))


async def test_an_empty_inbox_is_remembered_as_listed():
    store, run = FakeStore(), a_run()
    await sync(FakeExchange(), store, run)
    assert store.positions == {run.mailboxid: "0"}


async def test_sender_and_recipients_are_resolved():
    store, grete, ada = FakeStore(), uuid4(), uuid4()
    store.records_by_address = {
        "grete@harbour.example": [Record("contact", grete, None, NOON)],
        "ada@example.org": [Record("systemuser", ada, ada, NOON)],
    }
    await sync(FakeExchange(a_message("m1", to=("ADA@example.org", "who@where.example"))), store)
    (email,) = store.emails.values()
    assert email.judgement.sender.recordid == grete
    assert {a: [r.recordid for r in records] for a, records in email.judgement.recipients.items()} == {
        "ada@example.org": [ada]
    }


arrivals = st.lists(
    st.tuples(st.sampled_from(["ada", "ben", "cleo"]), st.integers(1, 6)),
    min_size=1,
    max_size=25,
    unique=True,
)


@given(arrivals, st.randoms(use_true_random=False), st.integers(1, 4))
async def test_neither_order_nor_mailbox_nor_page_size_changes_what_is_tracked(mail, random, page_size):
    async def tracked(order, boxes):
        store = FakeStore()
        for box in boxes:
            messages = [a_message(f"{box}-{n}", message_id=f"<{n}@x>") for who, n in order if who == box]
            await sync(FakeExchange(*messages, page_size=page_size), store, a_run(f"{box}@example.org"))
        return {email.message.message_id for email in store.emails.values()}, store.count()

    shuffled, boxes = list(mail), ["ada", "ben", "cleo"]
    random.shuffle(shuffled)
    random.shuffle(boxes)
    assert await tracked(mail, ["ada", "ben", "cleo"]) == await tracked(shuffled, boxes)
