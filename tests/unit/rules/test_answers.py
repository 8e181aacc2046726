"""What a mailbox has newly heard of the answers to a meeting."""

from uuid import UUID

import pytest

from serversync.rules.answers import RESPONSES, newly_heard
from serversync.rules.diff import Common
from serversync.rules.plan import KindRules, Pair, Step, decide
from serversync.rules.record import Direction, Fields, Kind

BEN, CLEO = "ben@example.org", "cleo@example.org"
KEY = UUID(int=1)
UNKNOWN, TENTATIVE, ACCEPT, NO_RESPONSE = 0, 2, 3, 5


def said(ben: int | None, cleo: int | None = None) -> Fields:
    """The answers that an item knows."""
    return {RESPONSES: ((BEN, None, ben), (CLEO, None, cleo))}


@pytest.mark.parametrize(
    ("before", "now", "is_news"),
    [
        (None, UNKNOWN, False),
        (None, NO_RESPONSE, True),
        (None, ACCEPT, True),
        (UNKNOWN, NO_RESPONSE, False),
        (NO_RESPONSE, UNKNOWN, False),
        (UNKNOWN, ACCEPT, True),
        (ACCEPT, ACCEPT, False),
        (ACCEPT, TENTATIVE, True),
        (ACCEPT, UNKNOWN, True),
        (ACCEPT, NO_RESPONSE, True),
        (ACCEPT, None, False),
    ],
)
def test_an_answer_is_news_where_the_item_did_not_have_it_and_none_only_where_it_had_one(
    before: int | None, now: int | None, is_news: bool
) -> None:
    expected = {RESPONSES: ((BEN, None, now),)} if is_news else {}
    assert newly_heard(said(now), said(before)) == expected


def test_an_item_that_was_never_compared_tells_the_answers_it_knows_and_every_name() -> None:
    item: Fields = {"subject": "Tea", RESPONSES: ((BEN, "Ben", UNKNOWN), (CLEO, None, ACCEPT))}
    assert newly_heard(item, {}) == {
        "subject": "Tea",
        RESPONSES: ((BEN, "Ben", None), (CLEO, None, ACCEPT)),
    }


def test_an_answer_of_one_takes_nothing_of_another_with_it() -> None:
    base = Common({}, said(UNKNOWN, UNKNOWN))
    pair = Pair(KEY, Kind.APPOINTMENT, base=base, crm={}, exchange=said(UNKNOWN, ACCEPT))
    action = decide(pair, KindRules({RESPONSES: Direction.TO_CRM}))
    assert (action.step, action.merged.to_crm) == (Step.UPDATE_CRM, {RESPONSES: ((CLEO, None, ACCEPT),)})


def test_an_item_that_meets_its_record_and_knows_of_no_answer_writes_nothing() -> None:
    pair = Pair(KEY, Kind.APPOINTMENT, crm={}, exchange=said(UNKNOWN, UNKNOWN))
    assert decide(pair, KindRules({RESPONSES: Direction.TO_CRM})).step is Step.LINK
