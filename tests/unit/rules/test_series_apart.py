"""A text that goes one way goes that way of single occurrences too; times and deletions go both ways all the same."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.diff import Common
from serversync.rules.plan import Action, KindRules, Pair, Step, decide
from serversync.rules.record import Direction, Fields, Kind, Value
from serversync.rules.series.apart import joined, split
from serversync.rules.series.changes import DELETED, Own
from serversync.rules.series.recurrence import Recurrence, Unit
from serversync.rules.series.timetable import Times, Timetable, timetable_values

FIRST = date(2026, 7, 1)
DAY = "occurrence:2026-07-02"
LOCATION = frozenset({"location"})
NOON = datetime(2026, 7, 2, 12, tzinfo=UTC)
SERIES: dict[str, Value] = {
    "subject": "Watch",
    "location": "Tower",
    **timetable_values(
        Timetable(
            Recurrence(Unit.DAY, FIRST), Times(time(9), timedelta(hours=1), is_all_day=False, zone="Etc/UTC")
        )
    ),
}


def own(*, moved: bool = False, **fields: Value) -> Value:
    times = (NOON, NOON + timedelta(hours=1)) if moved else (None, None)
    return Own(*times, tuple(sorted(fields.items()))).value()


def rules(direction: Direction, **given: Any) -> KindRules:
    return KindRules({**SERIES_DIRECTIONS, "location": direction}, **given)


def decided(
    direction: Direction, crm: Value, exchange: Value, base: tuple[Value, Value] = (None, None), **given: Any
) -> Action:
    def picture(value: Value) -> Fields:
        return SERIES if value is None else {**SERIES, DAY: value}

    pair = Pair(
        UUID(int=1),
        Kind.SERIES,
        base=Common(picture(base[0]), picture(base[1])),
        crm=picture(crm),
        exchange=picture(exchange),
    )
    action = decide(pair, rules(direction, **given))
    assert action.pair is pair
    return action


@pytest.mark.parametrize(
    ("direction", "to_crm", "to_exchange"),
    [
        (Direction.BOTH, {}, {DAY: own(location="Quay")}),
        (Direction.TO_EXCHANGE, {}, {DAY: own(location="Quay")}),
        (Direction.TO_CRM, {}, {}),
        (Direction.NONE, {}, {}),
    ],
)
def test_what_the_crm_changes_of_an_occurrence_goes_where_its_field_goes(
    direction: Direction, to_crm: Fields, to_exchange: Fields
) -> None:
    merged = decided(direction, own(location="Quay"), None).merged
    assert (merged.to_crm, merged.to_exchange) == (to_crm, to_exchange)


@pytest.mark.parametrize(
    ("direction", "to_crm"),
    [
        (Direction.BOTH, {DAY: own(location="Quay")}),
        (Direction.TO_CRM, {DAY: own(location="Quay")}),
        (Direction.TO_EXCHANGE, {}),
        (Direction.NONE, {}),
    ],
)
def test_what_outlook_changes_of_an_occurrence_goes_where_its_field_goes(
    direction: Direction, to_crm: Fields
) -> None:
    merged = decided(direction, None, own(location="Quay")).merged
    assert (merged.to_crm, merged.to_exchange) == (to_crm, {})


def test_a_move_takes_along_no_text_that_stays_and_takes_none_away() -> None:
    merged = decided(
        Direction.TO_CRM,
        own(moved=True, location="Quay"),
        own(location="Hall"),
        (None, own(location="Hall")),
    ).merged
    assert merged.to_exchange == {DAY: own(moved=True, location="Hall")}
    assert merged.to_crm == {}
    assert merged.conflicts == ()


def test_both_sides_change_one_occurrence_in_what_each_has_a_say_in() -> None:
    merged = decided(Direction.TO_CRM, own(subject="Late"), own(location="Hall")).merged
    assert merged.to_exchange == {DAY: own(subject="Late", location="Hall")}
    assert merged.to_crm == {DAY: own(subject="Late", location="Hall")}
    assert merged.conflicts == ()


def test_a_text_that_is_as_the_series_again_is_so_on_the_other_side() -> None:
    had = own(location="Hall", subject="Late")
    merged = decided(Direction.TO_CRM, had, own(subject="Late"), (had, had)).merged
    assert merged.to_crm == {DAY: own(subject="Late")}


def test_a_deletion_goes_both_ways_whatever_its_texts_do() -> None:
    had = own(location="Hall")
    assert decided(Direction.TO_CRM, DELETED, had, (had, had)).merged.to_exchange == {DAY: DELETED}
    assert decided(Direction.TO_EXCHANGE, had, DELETED, (had, had)).merged.to_crm == {DAY: DELETED}


def test_a_new_pattern_carries_along_what_exchange_has_of_its_own() -> None:
    hall = own(location="Hall")
    later = timetable_values(
        Timetable(
            Recurrence(Unit.DAY, FIRST), Times(time(10), timedelta(hours=1), is_all_day=False, zone="Etc/UTC")
        )
    )
    pair = Pair(
        UUID(int=1),
        Kind.SERIES,
        base=Common({**SERIES, DAY: own(location="Quay")}, {**SERIES, DAY: hall}),
        crm={**SERIES, **later, DAY: own(location="Quay")},
        exchange={**SERIES, DAY: hall},
    )
    merged = decide(pair, rules(Direction.NONE)).merged
    assert merged.to_exchange == {"starttime": later["starttime"], DAY: hall}


def test_what_is_made_on_the_other_side_has_what_goes_there() -> None:
    crm = {**SERIES, DAY: own(moved=True, location="Quay")}
    action = decide(Pair(UUID(int=1), Kind.SERIES, crm=crm), rules(Direction.TO_CRM))
    assert action.step is Step.CREATE_IN_EXCHANGE
    assert action.merged.to_exchange[DAY] == own(moved=True)
    assert "location" not in action.merged.to_exchange


def test_a_kind_that_goes_one_way_as_a_whole_goes_so_with_its_occurrences() -> None:
    merged = decided(
        Direction.TO_CRM, own(subject="Late"), own(location="Hall"), limit=Direction.TO_EXCHANGE
    ).merged
    assert (merged.to_crm, merged.to_exchange) == ({}, {DAY: own(subject="Late", location="Hall")})


@pytest.mark.parametrize(
    "value", [own(moved=True), own(location=None, subject="x"), own(location="x"), DELETED, None]
)
def test_what_was_split_is_joined_as_it_was(value: Value) -> None:
    picture = {**SERIES, DAY: value}
    assert joined(split(picture, LOCATION) or {}, None) == picture
