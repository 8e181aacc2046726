"""Occurrences that were left behind with the people that their series had: which they are, and what is to be written."""

from uuid import UUID

from serversync.mapping.appointment import INVITED
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.diff import Common
from serversync.rules.plan import KindRules, Pair, Step, decide
from serversync.rules.record import Fields, Kind
from serversync.rules.series.changes import DELETED, Own
from serversync.rules.series.following import (
    PEOPLE,
    caught_up,
    kept_people,
    left_behind,
    with_followers,
)
from serversync.rules.series.timetable import PATTERN

WHO = "requiredattendees"
BEN, BOTH = ("ben@example.org",), ("ben@example.org", "grace@example.com")
FIRST, SECOND, THIRD = (f"occurrence:2026-07-0{day}" for day in (1, 2, 3))
WANTED: Fields = {WHO: BOTH}
BEFORE: Fields = {WHO: BEN, FIRST: Own(fields=(("location", "Hall"),)).value(), THIRD: DELETED}
AFTER: Fields = {
    WHO: BOTH,
    FIRST: Own(fields=(("location", "Hall"), (WHO, BEN))).value(),
    SECOND: Own(fields=((WHO, BEN),)).value(),
    THIRD: DELETED,
}
BEHIND = {each: Own(fields=((WHO, BEN),)).value() for each in (FIRST, SECOND)}


def test_the_people_are_those_of_meetings() -> None:
    assert PEOPLE == INVITED


def test_occurrences_that_still_have_the_people_of_before_are_left_behind() -> None:
    assert left_behind(kept_people(WANTED, BEFORE, None), WANTED, AFTER) == BEHIND


def test_nobody_invited_is_a_list_of_people_too() -> None:
    now = {WHO: BEN, FIRST: Own(fields=((WHO, None),)).value()}
    kept = kept_people({WHO: BEN}, {}, None)
    assert left_behind(kept, {WHO: BEN}, now) == {FIRST: now[FIRST]}


def test_other_people_of_an_occurrence_are_its_own() -> None:
    now = {**AFTER, FIRST: Own(fields=((WHO, ("cleo@example.org",)),)).value()}
    assert left_behind(kept_people(WANTED, BEFORE, None), WANTED, now).keys() == {SECOND}


def test_where_somebody_else_has_changed_the_people_of_the_series_nothing_is_left_behind() -> None:
    now = {**AFTER, WHO: ("cleo@example.org",)}
    assert left_behind(kept_people(WANTED, BEFORE, None), WANTED, now) == {}


def test_what_was_left_behind_stays_so_whatever_is_written_next() -> None:
    for wanted in ({WHO: ("cleo@example.org",)}, {"subject": "Tea"}, {PATTERN: ("another",)}):
        kept = kept_people(wanted, caught_up(AFTER, BEHIND), BEHIND)
        assert left_behind(kept, wanted, AFTER) == BEHIND


def test_a_new_pattern_leaves_nothing_behind() -> None:
    assert kept_people({PATTERN: ("another",), WHO: BOTH}, BEFORE, None) == {}
    assert with_followers({PATTERN: ("another",)}, BEFORE, BEHIND) == {PATTERN: ("another",)}


def test_a_series_is_looked_at_as_if_its_occurrences_had_followed() -> None:
    assert caught_up(AFTER, BEHIND) == {WHO: BOTH, FIRST: BEFORE[FIRST], THIRD: DELETED}


def test_what_is_written_otherwise_of_an_occurrence_comes_before_that_it_follows() -> None:
    assert with_followers({FIRST: DELETED}, caught_up(AFTER, BEHIND), BEHIND) == {
        FIRST: DELETED,
        SECOND: None,
    }


def test_a_pair_whose_occurrences_were_left_behind_is_written_though_both_sides_say_the_same() -> None:
    same = caught_up(AFTER, BEHIND)
    pair = Pair(UUID(int=1), Kind.SERIES, base=Common(same, same), crm=same, exchange=same, behind=BEHIND)
    action = decide(pair, KindRules(SERIES_DIRECTIONS))
    assert action.step is Step.UPDATE_EXCHANGE
    assert action.merged.to_exchange == {FIRST: BEFORE[FIRST], SECOND: None}
    assert action.reason == "occurrences have not followed their series, whose people were changed"
