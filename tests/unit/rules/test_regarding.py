"""What a record is about: which texts name a record, what is news, and the company that follows the parent."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.diff import Common
from serversync.rules.merge import Merged
from serversync.rules.plan import KindRules, Pair, Step, decide
from serversync.rules.record import Direction, Kind, Side
from serversync.rules.regarding import (
    COMPANY,
    REGARDING,
    Company,
    newly_said,
    normal,
    parsed,
    reference,
    with_company,
    without_dropped,
)

A, B = (reference("account", UUID(int=number)) for number in (1, 2))
BOTH = {REGARDING: Direction.BOTH, COMPANY: Direction.TO_EXCHANGE}


@given(st.text())
def test_what_is_written_in_one_way_stays_that_way(text: str) -> None:
    found = normal(text)
    assert found is None or normal(found) == found
    assert (found is None) == (not text.strip())


@given(st.sampled_from(["account", "contact", "lead"]), st.uuids())
def test_a_reference_names_the_record_that_it_was_made_of(table: str, key: UUID) -> None:
    assert parsed(reference(table, key)) == (table, key)
    assert normal(f" {table.upper()} : {str(key).upper()} ") == reference(table, key)


def test_what_is_known_or_empty_is_no_news() -> None:
    base = Common({REGARDING: A}, {REGARDING: A})
    assert newly_said(REGARDING, base, {}, {REGARDING: B}) == B
    assert newly_said(REGARDING, base, {}, {REGARDING: A}) is None
    assert newly_said(REGARDING, base, {REGARDING: B}, {REGARDING: B}) is None
    assert newly_said(REGARDING, base, {}, {}) is None
    assert newly_said(REGARDING, None, {}, {REGARDING: A}) == A


def test_a_record_that_is_to_be_made_again_is_looked_up_again() -> None:
    base = Common({REGARDING: A}, {REGARDING: A})
    assert newly_said(REGARDING, base, None, {REGARDING: A}) == A


def test_only_what_has_gone_with_the_stamp_is_forgotten() -> None:
    base = Common({REGARDING: A, "subject": "Tea"}, {REGARDING: A, "subject": "Tea"})
    assert without_dropped(base, {"subject": "Tea"}) == Common({"subject": "Tea"}, {"subject": "Tea"})
    assert without_dropped(base, {REGARDING: B}) is base
    never = Common({"subject": "Tea"}, {"subject": "Tea"})
    assert without_dropped(never, {}) is never


def test_the_company_follows_a_parent_only_where_companies_are_written() -> None:
    chosen = Merged({REGARDING: A}, {})
    harbour = Company(A, "Harbour")
    follows = with_company(chosen, harbour, crm={}, exchange={REGARDING: A}, directions=BOTH)
    assert follows == Merged({REGARDING: A}, {COMPANY: "Harbour"})
    alone = {REGARDING: Direction.BOTH}
    assert with_company(chosen, harbour, crm={}, exchange={}, directions=alone) == chosen
    is_there = with_company(chosen, harbour, crm={}, exchange={COMPANY: "Harbour"}, directions=BOTH)
    assert is_there == chosen


@pytest.mark.parametrize("decided", [Merged({REGARDING: A}, {}), Merged({}, {REGARDING: A})])
def test_a_choice_on_either_side_comes_before_what_was_typed(decided: Merged) -> None:
    typed = Company(B, "Works", is_typed=True)
    found = with_company(decided, typed, crm={}, exchange={}, directions=BOTH)
    assert (found.to_crm.get(REGARDING), found.to_exchange.get(REGARDING)) == (
        decided.to_crm.get(REGARDING),
        decided.to_exchange.get(REGARDING),
    )


def test_a_typed_company_is_written_to_both_sides_and_a_plan_says_why() -> None:
    base = Common({}, {COMPANY: "Old"})
    typed = Company(B, "Works", is_typed=True, why="the account 'Works' becomes its parent")
    pair = Pair(
        UUID(int=9),
        Kind.CONTACT,
        "Grace",
        base=base,
        crm={},
        exchange={COMPANY: "works"},
        preferred=Side.CRM,
        company=typed,
    )
    action = decide(pair, KindRules(BOTH))
    assert action.step is Step.UPDATE_BOTH
    assert action.merged.to_crm == {REGARDING: B}
    assert action.merged.to_exchange == {REGARDING: B, COMPANY: "Works"}
    assert "edited in Exchange; the account 'Works' becomes its parent" in action.line()
