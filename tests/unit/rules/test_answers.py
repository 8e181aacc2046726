"""What a mailbox has newly heard of the answers to a meeting."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from serversync.rules.answers import RESPONSES, newly_heard, of_occurrences, of_the_whole, with_occurrences
from serversync.rules.diff import Common
from serversync.rules.plan import KindRules, Pair, Step, decide
from serversync.rules.record import Direction, Fields, Kind, Value
from serversync.rules.series.timetable import PATTERN, TIMES

BEN, CLEO = "ben@example.org", "cleo@example.org"
KEY = UUID(int=1)
UNKNOWN, TENTATIVE, ACCEPT, DECLINE, NO_RESPONSE = 0, 2, 3, 4, 5


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


DAY = date(2026, 7, 8)


def single(ben: int | None) -> Fields:
    """Ben has accepted the series, and answered one occurrence."""
    whole = ((BEN, None, ACCEPT),)
    return {RESPONSES: with_occurrences(whole, {DAY: ((BEN, "Ben", ben),)})}


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        (ACCEPT, TENTATIVE, TENTATIVE),
        (TENTATIVE, TENTATIVE, None),
        (TENTATIVE, NO_RESPONSE, NO_RESPONSE),
        (ACCEPT, UNKNOWN, None),
        (TENTATIVE, UNKNOWN, UNKNOWN),
        (ACCEPT, None, None),
    ],
)
def test_an_answer_to_one_occurrence_is_news_of_its_own(
    before: int | None, now: int | None, news: int | None
) -> None:
    expected = [] if news is None else [(BEN, "Ben", news)]
    heard = newly_heard(single(now), single(before)).get(RESPONSES)
    assert of_the_whole(heard) == []
    assert of_occurrences(heard).get(DAY, []) == expected


@pytest.mark.parametrize("now", [ACCEPT, None])
def test_an_occurrence_that_is_answered_as_its_series_again_has_no_answer_of_its_own(now: int | None) -> None:
    heard = newly_heard(single(now), single(TENTATIVE))[RESPONSES]
    assert of_the_whole(heard) == []
    assert of_occurrences(heard) == {DAY: [(BEN, "Ben", None)]}


def test_an_item_that_says_nothing_of_answers_takes_none_to_single_occurrences_away() -> None:
    assert newly_heard({RESPONSES: None}, single(TENTATIVE)) == {}


def test_a_new_answer_to_the_series_is_none_to_an_occurrence_that_was_answered_otherwise() -> None:
    before, now = single(TENTATIVE), single(TENTATIVE)
    declined = tuple((*each[:2], 4, *each[3:]) if len(each) == 3 else each for each in _entries(now))
    heard = newly_heard({RESPONSES: declined}, before)[RESPONSES]
    assert heard == ((BEN, None, 4),)


def _entries(fields: Fields) -> list[tuple[Value, ...]]:
    said = fields[RESPONSES]
    assert isinstance(said, tuple)
    return [each for each in said if isinstance(each, tuple)]


def test_of_a_guest_of_one_occurrence_the_series_knows_no_answer() -> None:
    said = with_occurrences((), {DAY: ((BEN, None, UNKNOWN),)})
    assert said is None
    said = with_occurrences((), {DAY: ((BEN, None, ACCEPT),)})
    assert of_occurrences(said) == {DAY: [(BEN, None, ACCEPT)]}


def test_a_new_pattern_of_the_crm_takes_the_answers_to_single_occurrences_away() -> None:
    rules = KindRules({RESPONSES: Direction.TO_CRM, PATTERN: Direction.BOTH})
    pair = Pair(
        KEY,
        Kind.SERIES,
        base=Common({PATTERN: "old"}, {PATTERN: "old", **single(ACCEPT)}),
        crm={PATTERN: "new"},
        exchange={PATTERN: "old", **single(TENTATIVE)},
    )
    action = decide(pair, rules)
    assert (action.merged.to_crm, action.merged.to_exchange) == ({}, {PATTERN: "new"})
    known = replace(pair, base=Common({PATTERN: "old"}, {PATTERN: "old", **single(TENTATIVE)}))
    heard = decide(known, rules).merged.to_crm[RESPONSES]
    assert of_occurrences(heard) == {DAY: [(BEN, "Ben", None)]}
    assert decide(replace(pair, crm={PATTERN: "old"}), rules).merged.to_crm.keys() == {RESPONSES}


@pytest.mark.parametrize("name", [PATTERN, TIMES])
@pytest.mark.parametrize(
    ("now", "news"), [(TENTATIVE, TENTATIVE), (DECLINE, DECLINE), (NO_RESPONSE, NO_RESPONSE), (ACCEPT, None)]
)
def test_under_another_pattern_of_outlook_every_answer_to_an_occurrence_is_heard_anew(
    name: str, now: int, news: int | None
) -> None:
    pair = Pair(
        KEY,
        Kind.SERIES,
        base=Common({name: "old"}, {name: "old", **single(TENTATIVE)}),
        crm={name: "old"},
        exchange={name: "new", **single(now)},
    )
    rules = KindRules({RESPONSES: Direction.TO_CRM, name: Direction.BOTH})
    to_crm = decide(pair, rules).merged.to_crm
    assert to_crm.keys() == {name, RESPONSES}
    assert of_occurrences(to_crm[RESPONSES]) == {DAY: [(BEN, "Ben", news)]}
    silent = KindRules({name: Direction.BOTH})
    assert decide(pair, silent).merged.to_crm == {name: "new"}
