"""Which messages are one and the same."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.email.identity import Known, content_digest, identity, item_key, judge, twin
from serversync.rules.email.message import Address, Attachment

SENT = datetime(2026, 3, 2, 8, 30, 0, 250_000, tzinfo=UTC)


def key(
    message_id="<a@example.org>", sender="ada@example.org", sent=SENT, subject="Offer", direction="incoming"
):
    return identity(message_id, sender, sent, subject, direction=direction)


def attachment(name="a.txt", content=b"x"):
    return Attachment("id", name, "text/plain", "", len(content), False, False, content)


def test_copies_in_other_mailboxes_have_the_same_identity():
    assert key() == key(
        message_id=" A@EXAMPLE.org ", sender="Ada@Example.org", sent=SENT.replace(microsecond=0)
    )


def test_a_scanner_that_repeats_its_message_id_sends_different_messages():
    assert key(sent=SENT) != key(sent=SENT.replace(hour=9))
    assert key(subject="Scan 1") != key(subject="Scan 2")
    assert key(sender="scanner1@example.org") != key(sender="scanner2@example.org")


def test_the_sent_and_the_received_side_of_internal_mail_are_two():
    assert key(direction="outgoing") != key()


def test_item_ids_that_differ_in_case_only_are_different_items():
    assert item_key("AAMkA=") != item_key("AAMka=")


def test_the_content_counts_body_and_attachments():
    assert content_digest("a", [attachment()]) == content_digest("a", [attachment()])
    assert content_digest("a", []) != content_digest("b", [])
    assert content_digest("a", []) != content_digest("a", [attachment()])
    assert content_digest("a", [attachment()]) != content_digest("a", [attachment(content=b"y")])
    assert content_digest("a", [attachment()]) != content_digest("a", [attachment(name="b.txt")])


def test_the_content_counts_the_people():
    ada = Address("Ada", "ada@example.org")
    assert content_digest("a", [], [ada]) != content_digest("a", [], [])
    assert content_digest("a", [], [ada]) != content_digest("a", [], [ada._replace(name="Ben")])


FIRST = uuid4()
MINE, OTHER = UUID(int=1), UUID(int=2)


def test_an_unknown_message_is_new_under_its_identity():
    assert judge(key(), MINE, "s1", known={}, held={}) == (None, key())


def test_the_same_content_is_a_copy_wherever_it_is():
    known = {key(): Known(FIRST, MINE)}
    assert judge(key(), MINE, "s2", known=known, held={FIRST: {"s1"}}).activityid == FIRST


def test_a_rewritten_copy_in_another_mailbox_is_still_a_copy():
    known = {key(): Known(FIRST, OTHER)}
    assert judge(key(), MINE, "s1", known=known, held={}).activityid == FIRST


def test_a_second_item_of_the_same_mailbox_with_other_content_is_a_message_of_its_own():
    known = {key(): Known(FIRST, OTHER)}
    assert judge(key(), MINE, "s2", known=known, held={FIRST: {"s1"}}) == (None, twin(key(), MINE))


def test_a_moved_item_that_renders_differently_after_a_migration_is_not_doubled():
    known = {key(): Known(FIRST, OTHER)}
    assert judge(key(), MINE, "s1", known=known, held={FIRST: {"s1"}}).activityid == FIRST


def test_a_second_look_at_a_twin_finds_the_twin():
    second = uuid4()
    known = {key(): Known(FIRST, OTHER), twin(key(), MINE): Known(second, MINE)}
    assert judge(key(), MINE, "s9", known=known, held={FIRST: {"s1"}}).activityid == second


contents = st.lists(st.sampled_from([UUID(int=n) for n in range(1, 5)]), min_size=1, max_size=8)


@given(contents, st.randoms(use_true_random=False))
def test_the_order_of_arrival_in_a_mailbox_does_not_change_how_many_activities_there_are(arriving, random):
    def activities(order):
        known, held = {}, {}
        for n, content in enumerate(order):
            verdict = judge(key(), content, f"s{n}", known=known, held=held)
            activity = verdict.activityid or uuid4()
            known.setdefault(verdict.dupcheck, Known(activity, content))
            held.setdefault(activity, set()).add(f"s{n}")
        return {k.contentdigest for k in known.values()}

    shuffled = list(arriving)
    random.shuffle(shuffled)
    assert activities(arriving) == activities(shuffled) == set(arriving)
