"""One verdict a pair, and field by field what each side gets."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.diff import MIRROR, Common, State, Verdict, judge, state
from serversync.rules.merge import Preference, merge
from serversync.rules.record import Direction, Side

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
VALUES = st.sampled_from([None, "", "tea", "milk", "rum", ("a", 1)])
FIELDS = st.dictionaries(st.sampled_from(["subject", "body"]), VALUES)
NAMES = ("subject", "body")
BASES = st.none() | st.builds(Common, FIELDS, FIELDS)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, None, State.NEVER),
        (None, {}, State.NEW),
        ({"a": 1}, None, State.GONE),
        ({"a": 1}, {"a": 1, "b": 2}, State.SAME),
        ({"a": 1}, {"a": 2}, State.EDITED),
        ({"a": 1}, {}, State.EDITED),
        ({}, {"a": None}, State.SAME),
    ],
)
def test_a_side_is_held_against_its_own_picture(before, now, expected):
    assert state(before, now, ["a"]) is expected


@given(BASES, st.none() | FIELDS, st.none() | FIELDS)
def test_swapping_the_sides_mirrors_the_verdict(base, crm, exchange):
    verdict = judge(base, crm, exchange, NAMES)
    mirrored = None if base is None else Common(base.exchange, base.crm)
    assert judge(mirrored, exchange, crm, NAMES) is MIRROR.get(verdict, verdict)


@given(BASES, st.none() | FIELDS, st.none() | FIELDS)
def test_every_pair_has_a_verdict(base, crm, exchange):
    assert judge(base, crm, exchange, NAMES) in Verdict


def test_texts_that_differ_from_the_start_are_in_step_until_one_of_them_changes():
    base = Common({"body": "tea"}, {"body": "<b>tea</b>"})
    assert judge(base, {"body": "tea"}, {"body": "<b>tea</b>"}, ["body"]) is Verdict.IN_STEP
    merged = merge(
        base, {"body": "tea"}, {"body": "<b>tea</b>"}, directions={"body": Direction.BOTH}, winner=Side.CRM
    )
    assert merged.is_nothing


EXPECTED = {
    # (crm changed, exchange changed, direction) -> (crm gets, exchange gets)
    (True, False, Direction.BOTH): (False, True),
    (False, True, Direction.BOTH): (True, False),
    (True, False, Direction.TO_EXCHANGE): (False, True),
    (False, True, Direction.TO_EXCHANGE): (False, False),
    (True, True, Direction.TO_EXCHANGE): (False, True),
    (True, False, Direction.TO_CRM): (False, False),
    (False, True, Direction.TO_CRM): (True, False),
    (True, True, Direction.TO_CRM): (True, False),
}


@pytest.mark.parametrize(
    ("crm", "exchange", "direction"), list(product([True, False], [True, False], Direction))
)
def test_a_field_goes_the_way_it_may_and_only_where_its_source_changed(crm, exchange, direction):
    if crm and exchange and direction is Direction.BOTH:
        pytest.skip("a conflict; see below")
    merged = merge(
        Common({"f": "old"}, {"f": "old"}),
        {"f": "ours" if crm else "old"},
        {"f": "theirs" if exchange else "old"},
        directions={"f": direction},
        winner=Side.CRM,
    )
    to_crm, to_exchange = EXPECTED.get((crm, exchange, direction), (False, False))
    assert merged.to_crm == ({"f": "theirs"} if to_crm else {})
    assert merged.to_exchange == ({"f": "ours"} if to_exchange else {})
    assert not merged.conflicts


@pytest.mark.parametrize("winner", Side)
def test_in_a_conflict_one_value_stays_and_the_other_is_kept_to_be_shown(winner):
    merged = merge(
        Common({"f": "old"}, {"f": "old"}),
        {"f": "ours"},
        {"f": "theirs"},
        directions={"f": Direction.BOTH},
        winner=winner,
    )
    (conflict,) = merged.conflicts
    assert (conflict.crm, conflict.exchange, conflict.winner) == ("ours", "theirs", winner)
    assert conflict.lost == ("theirs" if winner is Side.CRM else "ours")
    assert merged.to_crm == ({} if winner is Side.CRM else {"f": "theirs"})
    assert merged.to_exchange == ({"f": "ours"} if winner is Side.CRM else {})


@given(BASES, FIELDS, FIELDS, st.sampled_from(Side))
def test_after_a_merge_both_ways_the_sides_agree_or_were_never_touched(base, crm, exchange, winner):
    merged = merge(base, crm, exchange, directions=dict.fromkeys(NAMES, Direction.BOTH), winner=winner)
    for name in NAMES:
        after_crm = merged.to_crm.get(name, crm.get(name))
        after_exchange = merged.to_exchange.get(name, exchange.get(name))
        is_untouched = name not in merged.to_crm and name not in merged.to_exchange
        assert after_crm == after_exchange or is_untouched


@given(BASES, FIELDS, FIELDS, st.sampled_from(Side))
def test_merging_twice_changes_nothing_more(base, crm, exchange, winner):
    directions = dict.fromkeys(NAMES, Direction.BOTH)
    merged = merge(base, crm, exchange, directions=directions, winner=winner)
    crm, exchange = {**crm, **merged.to_crm}, {**exchange, **merged.to_exchange}
    assert merge(Common(crm, exchange), crm, exchange, directions=directions, winner=winner).is_nothing


def test_of_two_that_meet_for_the_first_time_the_empty_field_takes_the_others_value():
    merged = merge(
        None,
        {"a": "ours", "b": None},
        {"a": "", "b": "theirs"},
        directions=dict.fromkeys("ab", Direction.BOTH),
        winner=Side.CRM,
    )
    assert (merged.to_crm, merged.to_exchange, merged.conflicts) == ({"b": "theirs"}, {"a": "ours"}, ())


@pytest.mark.parametrize(
    ("preference", "exchange_is_later", "winner"),
    [
        (Preference.CRM, True, Side.CRM),
        (Preference.EXCHANGE, False, Side.EXCHANGE),
        (Preference.LATEST, True, Side.EXCHANGE),
        (Preference.LATEST, False, Side.CRM),
    ],
)
def test_the_preference_says_whose_value_stays(preference, exchange_is_later, winner):
    later = timedelta(minutes=1 if exchange_is_later else -1)
    assert preference.winner(NOON, NOON + later) is winner


def test_where_it_cannot_be_told_who_was_later_the_crm_stays():
    assert Preference.LATEST.winner(None, NOON) is Side.CRM
