"""What is tracked, as whose and for whom, depends neither on the order of arrival nor on whose mailbox is read first."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from serversync.engine.incoming import IncomingPass
from serversync.rules.email.filtering import Filter, NewSender
from serversync.rules.email.message import Address
from serversync.rules.email.parties import Record
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, FakeStore, a_message, a_principal, a_run

NAMES = ("ada", "ben", "support")
SENDERS = {"grete@x": "contact", "jonas@x": "lead", "pat@x": None, "ben@example.org": "systemuser"}

letters = st.lists(
    st.tuples(
        st.sampled_from(sorted(SENDERS)),
        st.sets(st.sampled_from(NAMES), min_size=1),
        st.sets(st.sampled_from(NAMES)),
    ),
    min_size=1,
    max_size=8,
)
choices = st.fixed_dictionaries({name: st.sampled_from(Filter) for name in NAMES})


def build(choice, newcomer):
    """The CRM with two users and a queue, and the mailbox of each."""
    store, runs = FakeStore(), {}
    for number, name in enumerate(NAMES):
        table = "queue" if name == "support" else "systemuser"
        principal = a_principal(
            f"{name}@example.org",
            table=table,
            takes=choice[name],
            recordid=UUID(int=number + 1),
            new_sender=newcomer,
        )
        store.add_principal(principal)
        runs[name] = a_run(f"{name}@example.org")
        store.readers[runs[name].mailboxid] = principal
    for number, (address, table) in enumerate(SENDERS.items()):
        if table in ("contact", "lead"):
            recordid = UUID(int=100 + number)
            store.records_by_address[address] = [Record(table, recordid, None, NOON)]
    return store, runs


def written(mail):
    """The letters as they lie in every mailbox: those named, and those with a blind copy."""
    boxes = {name: [] for name in NAMES}
    for number, (sender, to, hidden) in enumerate(mail):
        letter = a_message(f"m{number}", message_id=f"<{number}@x>", sent=NOON + timedelta(minutes=number))
        letter.sender = Address("", sender)
        letter.to = [Address("", f"{name}@example.org") for name in NAMES if name in to]
        for name in {*to, *hidden}:
            boxes[name].append(replace(letter, item_id=f"{name}-{number}"))
    return boxes


async def outcome(mail, choice, newcomer, order, random):
    """What stands in the CRM after every mailbox was read once, in this order."""
    store, runs = build(choice, newcomer)
    boxes = written(mail)
    for name in order:
        messages = list(boxes[name])
        random.shuffle(messages)
        await IncomingPass(runs[name], FakeExchange(*messages), store, FakeAlerts())()
    return store, {
        email.message.message_id: (
            email.judgement.ownership.ownerid,
            email.judgement.sender.table if email.judgement.sender else None,
            {a: [r.recordid for r in records] for a, records in email.judgement.recipients.items()},
        )
        for email in store.emails.values()
    }


@settings(max_examples=60, deadline=None)
@given(letters, choices, st.permutations(NAMES), st.randoms(use_true_random=False))
async def test_neither_order_nor_mailbox_changes_what_is_tracked_or_whose_it_is(mail, choice, order, random):
    named = [(sender, to, set()) for sender, to, _ in mail]
    _, one = await outcome(named, choice, NewSender.NOTHING, NAMES, random)
    _, other = await outcome(named, choice, NewSender.NOTHING, order, random)
    assert one == other


@settings(max_examples=60, deadline=None)
@given(letters, choices, st.permutations(NAMES), st.randoms(use_true_random=False))
async def test_with_blind_copies_the_same_messages_are_tracked(mail, choice, order, random):
    _, one = await outcome(mail, choice, NewSender.NOTHING, NAMES, random)
    _, other = await outcome(mail, choice, NewSender.NOTHING, order, random)
    assert set(one) == set(other)


@settings(max_examples=40, deadline=None)
@given(letters, choices, st.sampled_from(NewSender), st.randoms(use_true_random=False))
async def test_reading_everything_again_changes_nothing(mail, choice, newcomer, random):
    store, runs = build(choice, newcomer)
    boxes = written(mail)
    exchanges = {name: FakeExchange(*boxes[name]) for name in NAMES}
    for name in NAMES:
        await IncomingPass(runs[name], exchanges[name], store, FakeAlerts())()
    before = dict(store.traces), dict(store.emails), set(store.queue_items), list(store.people)
    for name in random.sample(NAMES, 3):
        run = replace(runs[name], position=None, listed_once=False)
        await IncomingPass(run, exchanges[name], store, FakeAlerts())()
    assert (store.traces, store.emails, store.queue_items, store.people) == before
