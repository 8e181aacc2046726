"""Requests grow smaller with trouble, and bit by bit larger again with answers."""

from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.batching import BatchSize


def test_without_trouble_requests_have_their_usual_size():
    assert BatchSize().of(512) == 512


def test_each_failure_in_a_row_halves_them():
    assert [BatchSize(failures).of(512) for failures in range(5)] == [512, 256, 128, 64, 32]


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_there_is_always_something_to_ask_for(failures, usual):
    assert 1 <= BatchSize(failures).of(usual) <= usual


@given(st.integers(0, 50))
def test_answers_bring_back_the_usual_size_and_never_more(failures):
    size, sizes = BatchSize(failures), []
    for _ in range(17):
        sizes.append(size.of(512))
        size.answered()
    assert sizes == sorted(sizes)
    assert size.of(512) == 512


def test_a_first_answer_is_not_followed_at_once_by_what_failed():
    size = BatchSize(1)
    size.answered()
    assert size.of(512) < 320
