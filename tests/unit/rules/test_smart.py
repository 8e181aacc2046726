"""Smart matching by words and people."""

import pytest

from serversync.rules.email.settings import HASH_FILTER_KEYWORDS
from serversync.rules.email.smart import (
    MOST_KEYS,
    address_hashes,
    are_alike,
    hash_of,
    subject_keys,
    word_hashes,
)


def words(subject, most=20):
    return word_hashes(subject, HASH_FILTER_KEYWORDS, most)


def people_in_common(*others):
    sent_to = frozenset({"a@x", "b@x"})
    return len(address_hashes(sent_to, 20) & address_hashes(frozenset(others), 20))


def test_the_hash_is_the_published_one():
    assert hash_of("offer") == hash_of("OFFER") == 1188655734133096393


@pytest.mark.parametrize(
    ("one", "other", "delta", "expected"),
    [
        ("RE: Offer 7", "Offer 7", 0, True),
        ("offer OFFER 7", "7 Offer", 0, True),
        ("Offer 7 urgent", "Offer 7", 0, False),
        ("Offer 7 urgent", "Offer 7", 1, True),
        ("Offer 7", "Offer 7 urgent", 1, True),
        ("Offer 8", "Offer 7", 2, False),
        ("RE:", "FW:", 0, False),
    ],
)
def test_words_are_alike_but_for_the_delta(one, other, delta, expected):
    assert are_alike(words(one), words(other), delta=delta) is expected


def test_people_are_the_same_whatever_their_case():
    assert people_in_common("A@X", "B@x", "c@x") == 2
    assert people_in_common("a@x", "c@x") == 1


def test_only_so_many_words_and_addresses_count():
    assert words("one two three", most=2) == words("one two four", most=2)
    assert len(address_hashes(frozenset(f"{n}@x" for n in range(50)), 20)) == 20


@pytest.mark.parametrize("delta", [1, 2])
def test_subjects_that_may_match_share_a_key(delta):
    longer, shorter = words("offer seven for the harbour"), words("offer seven for")
    shared = set(subject_keys(longer, delta=delta)) & set(subject_keys(shorter, delta=delta))
    assert bool(shared) is (delta >= 2)


def test_leaving_out_words_never_makes_too_many_keys():
    assert len(subject_keys(words(" ".join(map(str, range(20)))), delta=5)) <= MOST_KEYS
    assert subject_keys(frozenset(), delta=3) == ()
