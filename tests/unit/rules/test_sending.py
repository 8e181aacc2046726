"""What to do about an e-mail whose sending was begun, for everything that can be seen of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.email.sending import (
    Place,
    Stage,
    Step,
    Trail,
    next_move,
    subject_with_token,
)

IN_FLIGHT = timedelta(seconds=90)
DRAFT = Trail(Place.DRAFTS, "d", "1", is_draft=True)
LEAVING = Trail(Place.OUTBOX, "o", "1", is_draft=True)
COPY = Trail(Place.SENT_ITEMS, "s", "1", is_draft=False, message_id="<1@example.org>")
FILED = Trail(Place.ELSEWHERE, "e", "1", is_draft=False)
TAKEN = Trail(Place.ELSEWHERE, "t", "1", is_draft=True)
LATER = IN_FLIGHT * 2
NOW = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("stage", "trails", "since", "everywhere", "step"),
    [
        (Stage.WAITING, [], None, False, Step.PREPARE),
        (Stage.PREPARING, [], None, False, Step.PREPARE),
        (Stage.PREPARING, [DRAFT], None, False, Step.PREPARE),
        (Stage.PREPARING, [COPY], None, False, Step.SENT),
        (Stage.PREPARING, [LEAVING], None, False, Step.WAIT),
        (Stage.SENDING, [DRAFT], NOW, False, Step.WAIT),
        (Stage.SENDING, [DRAFT], LATER, False, Step.SEND),
        (Stage.SENDING, [LEAVING], LATER, False, Step.WAIT),
        (Stage.SENDING, [COPY], NOW, False, Step.SENT),
        (Stage.SENDING, [DRAFT, COPY], LATER, False, Step.SENT),
        (Stage.SENDING, [], NOW, False, Step.WAIT),
        (Stage.SENDING, [], LATER, False, Step.SEARCH),
        (Stage.SENDING, [FILED], LATER, True, Step.SENT),
        (Stage.SENDING, [TAKEN], LATER, True, Step.WITHDRAWN),
        (Stage.SENDING, [], LATER, True, Step.SENT),
        (Stage.SENT, [], LATER, False, Step.WAIT),
        (Stage.SENT, [COPY], LATER, False, Step.SENT),
    ],
)
def test_the_next_move(stage, trails, since, everywhere, step) -> None:
    move = next_move(stage, trails, since_asked=since, in_flight=IN_FLIGHT, searched_everywhere=everywhere)
    assert move.step is step
    assert move.reason


@given(
    st.sampled_from(Stage),
    st.lists(st.sampled_from([DRAFT, LEAVING, COPY, FILED, TAKEN]), max_size=4),
    st.sampled_from([None, NOW, LATER]),
    st.booleans(),
)
def test_what_was_sent_is_never_sent_again(stage, trails, since, everywhere) -> None:
    move = next_move(stage, trails, since_asked=since, in_flight=IN_FLIGHT, searched_everywhere=everywhere)
    if any(not one.is_draft for one in trails):
        assert move.step is Step.SENT
    if move.step is Step.PREPARE:
        assert stage <= Stage.PREPARING, "once one draft may have been sent, no other is made"


@given(st.text(max_size=300), st.sampled_from([None, "CRM:0001001"]), st.integers(1, 400))
def test_a_subject_with_its_token_keeps_within_the_limit(subject, token, longest) -> None:
    whole = subject_with_token(subject, token, longest=longest)
    assert len(whole) <= longest
    if token and len(token) <= longest:
        assert whole.endswith(token)


def test_a_token_that_stands_there_already_is_not_put_twice() -> None:
    assert subject_with_token("Re: Offer CRM:0001001", "CRM:0001001", longest=255) == "Re: Offer CRM:0001001"
