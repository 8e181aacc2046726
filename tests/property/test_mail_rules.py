"""Tokens, smart matching, filters and content, whatever the input."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.email.content import cut_chunks
from serversync.rules.email.correlation import Book, Earlier, correlate, hashes_to_store, keys_of
from serversync.rules.email.filtering import Filter, Principal, ask
from serversync.rules.email.message import Address
from serversync.rules.email.parties import Record, resolve_sender
from serversync.rules.email.settings import EmailSettings
from serversync.rules.email.smart import MOST_KEYS, WINDOW, are_alike, subject_keys, word_hashes
from serversync.rules.email.token import issue, tokens_in, without_tokens
from tests.unit.engine.fakes import NOON, a_message

DAY = datetime(2026, 1, 1, tzinfo=UTC)
prefixes = st.sampled_from(["CRM:", "Contoso", "A-1:"])
users, messages = st.integers(1, 10**7), st.integers(0, 10**7)
digits = st.tuples(st.integers(1, 10), st.integers(1, 9))


@given(
    prefixes,
    digits,
    st.integers(0, 2_147_483_647),
    st.lists(st.tuples(users, messages), max_size=40, unique=True),
)
def test_under_one_choice_of_digits_no_two_tokens_are_alike(prefix, widths, base, numbers):
    tokens = {
        issue(prefix, base=base, user=user, message=message, user_digits=widths[0], message_digits=widths[1])
        for user, message in numbers
    }
    assert len(tokens) == len(numbers)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(990, 1100), st.integers(90, 1100))
def test_neighbours_past_the_roll_over_are_not_alike(user_digits, message_digits, user, message):
    around = [(u, m) for u in range(user, user + 12) for m in range(message, message + 12)]
    around += [(u // 10, 10 * m + u % 10) for u, m in around]
    tokens = {
        pair: issue(
            "CRM:",
            base=0,
            user=max(pair[0], 1),
            message=pair[1],
            user_digits=user_digits,
            message_digits=message_digits,
        )
        for pair in set(around)
    }
    assert len(set(tokens.values())) == len({(max(u, 1), m) for u, m in tokens})


@given(prefixes, digits, users, messages, st.text("abc 123:", max_size=20), st.text("abc :-", max_size=20))
def test_an_issued_token_is_found_again_in_a_subject(prefix, widths, user, message, before, after):
    token = issue(prefix, base=0, user=user, message=message, user_digits=widths[0], message_digits=widths[1])
    subject = f"{before} {token} {after}"
    if len(token) - len(prefix) >= 3:
        assert token in tokens_in(subject, (prefix,))
        assert token not in without_tokens(subject, (prefix,))


subjects = st.lists(
    st.sampled_from(["offer", "order", "seven", "harbour", "urgent", "late", "new", "a", "b", "c"]),
    max_size=8,
).map(" ".join)


@given(subjects, subjects, st.integers(0, 3))
def test_subjects_that_match_always_share_a_key(one, other, delta):
    these, those = (word_hashes(text, "", 20) for text in (one, other))
    keys = [subject_keys(words, delta=delta) for words in (these, those)]
    if are_alike(these, those, delta=delta) and all(len(one) < MOST_KEYS for one in keys):
        assert set(keys[0]) & set(keys[1])


circles = st.frozensets(st.sampled_from(["a@x", "B@x", "b@x", "c@x", "d@x"]), max_size=4)
earlier_mails = st.builds(
    Earlier,
    st.uuids(),
    st.sampled_from(["<own@x>", "<1@x>", "<2@x>", None]),
    subjects,
    st.none() | st.integers(-100, 5).map(lambda days: NOON + timedelta(days=days)),
    addresses=circles,
    is_outgoing=st.booleans(),
)


@given(
    st.lists(earlier_mails, max_size=12, unique_by=lambda one: one.activityid),
    subjects,
    circles,
    st.integers(0, 2),
    st.integers(0, 3),
)
def test_smart_matching_finds_the_latest_of_all_that_fit(mails, subject, circle, delta, fewest):
    settings = EmailSettings(
        enablesmartmatching=True, hashdeltasubjectcount=delta, hashminaddresscount=fewest
    )
    message = a_message("m", message_id="<own@x>", subject=subject)
    message.sender, message.to = None, [Address("", one) for one in circle]
    book = Book()
    for one in mails:
        book.add(one, hashes_to_store(one.subject, settings))
    people = {one.lower() for one in circle}
    fitting = [
        one
        for one in mails
        if one.messageid != "<own@x>"
        and are_alike(word_hashes(subject, "", 20), word_hashes(one.subject, "", 20), delta=delta)
        and len(people & {address.lower() for address in one.addresses}) >= fewest
        and (one.sent_on is None or NOON - WINDOW <= one.sent_on < NOON)
    ]
    latest = max(
        fitting,
        key=lambda one: (one.sent_on.timestamp() if one.sent_on else 0, one.is_outgoing, one.activityid.int),
        default=None,
    )
    assert correlate(message, keys_of(message, settings), book, settings).earlier == latest


@given(st.text(), st.integers(0, 60), st.integers(1, 9))
def test_a_cut_body_is_the_beginning_of_the_whole(text, limit, at_a_time):
    data = text.encode("utf-8", "surrogatepass")
    whole = b"".join(cut_chunks([data[n : n + at_a_time] for n in range(0, len(data), at_a_time)], limit))
    assert data.startswith(whole)
    assert limit >= len(data) or len(whole) <= limit
    assert len(whole) == len(data) or len(whole) > limit - 4


people = st.builds(
    Principal,
    st.sampled_from(["systemuser", "queue"]),
    st.integers(1, 6).map(lambda n: UUID(int=n)),
    st.just("somebody"),
    st.sampled_from(Filter),
    st.integers(1, 6).map(lambda n: UUID(int=n)),
    st.booleans(),
    st.booleans(),
)
senders = st.lists(
    st.builds(
        Record,
        st.sampled_from(["systemuser", "contact", "account", "lead", "queue"]),
        st.uuids(),
        st.none() | st.integers(1, 6).map(lambda n: UUID(int=n)),
        st.just(DAY),
    ),
    max_size=4,
)


@given(st.lists(people, max_size=5), people, people, senders, st.booleans())
def test_whose_mailbox_is_read_never_changes_who_of_the_named_accepts(named, one, other, found, correlated):
    settings = EmailSettings()
    alone = ask(named, None, found, correlated=correlated, settings=settings)
    for reader in (one, other):
        acceptance = ask(named, reader, found, correlated=correlated, settings=settings)
        if alone.acceptor is not None:
            assert acceptance.acceptor == alone.acceptor
        elif acceptance.acceptor is not None:
            assert acceptance.acceptor == reader
            assert acceptance.reason == "filter-all"


@given(senders, st.randoms(use_true_random=False))
def test_the_order_of_records_never_changes_who_the_sender_is(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    owner = UUID(int=1)
    assert resolve_sender(found, owner=owner) == resolve_sender(shuffled, owner=owner)
