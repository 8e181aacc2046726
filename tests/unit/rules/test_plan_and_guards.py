"""What is done about a pair, as data; and the brakes on it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from serversync.rules.diff import Common
from serversync.rules.guards import (
    EACH,
    LOOP_WINDOW,
    LOOP_WRITES,
    Answer,
    Brake,
    Shown,
    Writes,
    brake,
    count_write,
    loops,
    still,
)
from serversync.rules.plan import (
    Deletion,
    Facts,
    KindRules,
    Leaving,
    Pair,
    Plan,
    Sight,
    Step,
    decide,
    make_plan,
)
from serversync.rules.record import Direction, Kind

RULES = KindRules({"subject": Direction.BOTH, "note": Direction.TO_EXCHANGE})
TEA, COFFEE, RUM = {"subject": "Tea"}, {"subject": "Coffee"}, {"subject": "Rum"}
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def pair(**values: object) -> Pair:
    return Pair(UUID(int=1), Kind.TASK, "Tea", **values)  # type: ignore[arg-type]


LINKED = pair(base=Common(TEA, TEA), crm=TEA, exchange=TEA)
CRM_DELETED = replace(LINKED, crm=None, crm_sight=Sight.GONE)
EXCHANGE_DELETED = replace(LINKED, exchange=None, exchange_sight=Sight.GONE)


@pytest.mark.parametrize(
    ("situation", "step"),
    [
        (pair(crm=TEA), Step.CREATE_IN_EXCHANGE),
        (pair(crm=TEA, in_filters=False), Step.NOTHING),
        (pair(exchange=TEA, takes_part=True), Step.CREATE_IN_CRM),
        (pair(exchange=TEA), Step.NOTHING),
        (pair(crm=TEA, exchange=TEA), Step.LINK),
        (pair(crm=TEA, exchange=COFFEE), Step.UPDATE_EXCHANGE),
        (LINKED, Step.NOTHING),
        (replace(LINKED, crm=COFFEE), Step.UPDATE_EXCHANGE),
        (replace(LINKED, exchange=COFFEE), Step.UPDATE_CRM),
        (replace(LINKED, crm=COFFEE, exchange=COFFEE), Step.NOTHING),
        (replace(LINKED, crm=None, crm_sight=Sight.MISSED_ONCE), Step.LOOK_AGAIN),
        (replace(LINKED, exchange=None, exchange_sight=Sight.MISSED_ONCE), Step.LOOK_AGAIN),
        (replace(CRM_DELETED, exchange=None, exchange_sight=Sight.MISSED_ONCE), Step.LOOK_AGAIN),
        (CRM_DELETED, Step.DELETE_IN_EXCHANGE),
        (EXCHANGE_DELETED, Step.DELETE_IN_CRM),
        (replace(CRM_DELETED, exchange=None, exchange_sight=Sight.GONE), Step.FORGET),
        (replace(CRM_DELETED, exchange=COFFEE), Step.CREATE_IN_CRM),
        (replace(EXCHANGE_DELETED, crm=COFFEE), Step.CREATE_IN_EXCHANGE),
        (replace(CRM_DELETED, facts=Facts(may_be_deleted=False)), Step.UNLINK),
        (replace(EXCHANGE_DELETED, is_parked=True), Step.UNLINK),
        (replace(EXCHANGE_DELETED, exchange_sight=Sight.AWAY), Step.NOTHING),
        (replace(CRM_DELETED, exchange=None, exchange_sight=Sight.AWAY), Step.UNLINK),
    ],
)
def test_each_situation_has_its_step(situation, step):
    assert decide(situation, RULES).step is step


SILENT = Facts(limit=Direction.NONE, own=frozenset({"note"}))


@pytest.mark.parametrize(
    ("situation", "step"),
    [
        (pair(crm=TEA, facts=Facts(may_be_made=False)), Step.NOTHING),
        (pair(exchange=TEA, takes_part=True, facts=Facts(may_be_taken_in=False)), Step.NOTHING),
        (pair(crm=TEA, exchange=TEA, facts=Facts(may_be_made=False, may_be_taken_in=False)), Step.LINK),
        (pair(crm=TEA, exchange=COFFEE, facts=SILENT), Step.LINK),
        (replace(LINKED, crm=COFFEE, facts=SILENT), Step.NOTHING),
        (replace(LINKED, exchange=COFFEE, facts=SILENT), Step.NOTHING),
        (replace(LINKED, crm=TEA | {"note": "x"}, facts=SILENT), Step.UPDATE_EXCHANGE),
        (replace(LINKED, exchange=COFFEE, facts=Facts(limit=Direction.TO_CRM)), Step.UPDATE_CRM),
        (replace(LINKED, crm=COFFEE, facts=Facts(limit=Direction.TO_CRM)), Step.NOTHING),
        (replace(LINKED, exchange=COFFEE, facts=Facts(is_withdrawn=True)), Step.DELETE_IN_EXCHANGE),
        (replace(LINKED, facts=Facts(is_withdrawn=True, may_be_deleted=False)), Step.NOTHING),
    ],
)
def test_what_is_special_about_a_pair_limits_what_is_done_about_it(situation, step):
    assert decide(situation, RULES).step is step


def test_leaving_the_filters_carries_over_the_last_edit_and_then_rests():
    action = decide(replace(LINKED, crm=COFFEE, in_filters=False), RULES)
    assert (action.step, action.parks) == (Step.UPDATE_EXCHANGE, True)


def test_a_parked_pair_is_left_alone_on_both_sides():
    parked = replace(LINKED, crm=COFFEE, exchange=RUM, in_filters=False, is_parked=True)
    assert decide(parked, RULES).step is Step.NOTHING


def test_a_pair_that_is_back_in_the_filters_goes_on_where_it_had_stopped():
    action = decide(replace(LINKED, exchange=RUM, is_parked=True), RULES)
    assert (action.step, action.merged.to_crm, action.parks) == (Step.UPDATE_CRM, RUM, False)


def test_leaving_the_filters_never_deletes_unless_somebody_chose_that():
    left = replace(LINKED, in_filters=False)
    assert decide(left, RULES).step is Step.NOTHING
    assert decide(left, replace(RULES, leaving=Leaving.DELETE)).step is Step.DELETE_IN_EXCHANGE


def test_an_edit_in_exchange_is_not_deleted_because_the_record_has_left():
    left = replace(LINKED, exchange=COFFEE, in_filters=False)
    action = decide(left, replace(RULES, leaving=Leaving.DELETE))
    assert (action.step, action.parks) == (Step.UPDATE_CRM, False)


@pytest.mark.parametrize(
    ("rule", "is_completed", "step"),
    [
        (Deletion.ALWAYS, True, Step.DELETE_IN_CRM),
        (Deletion.UNLESS_COMPLETED, True, Step.UNLINK),
        (Deletion.UNLESS_COMPLETED, False, Step.DELETE_IN_CRM),
        (Deletion.NEVER, False, Step.UNLINK),
    ],
)
def test_the_setting_says_what_a_deletion_in_exchange_means(rule, is_completed, step):
    situation = replace(EXCHANGE_DELETED, facts=Facts(is_completed=is_completed))
    assert decide(situation, replace(RULES, exchange_deletion=rule)).step is step


@pytest.mark.parametrize(
    ("situation", "limit", "step"),
    [
        (pair(crm=TEA), Direction.TO_CRM, Step.NOTHING),
        (pair(exchange=TEA, takes_part=True), Direction.TO_EXCHANGE, Step.NOTHING),
        (replace(LINKED, exchange=COFFEE), Direction.TO_EXCHANGE, Step.NOTHING),
        (replace(LINKED, crm=COFFEE), Direction.TO_CRM, Step.NOTHING),
        (EXCHANGE_DELETED, Direction.TO_EXCHANGE, Step.UNLINK),
        (CRM_DELETED, Direction.TO_CRM, Step.UNLINK),
        (replace(CRM_DELETED, exchange=COFFEE), Direction.TO_EXCHANGE, Step.UNLINK),
        (replace(LINKED, crm=COFFEE), Direction.NONE, Step.NOTHING),
    ],
)
def test_a_kind_that_goes_one_way_never_writes_against_it(situation, limit, step):
    assert decide(situation, replace(RULES, limit=limit)).step is step


def test_a_dry_run_names_counts_fields_and_conflicts():
    plan = make_plan([replace(LINKED, crm=COFFEE, exchange=RUM), LINKED], {Kind.TASK: RULES})
    assert plan.lines() == [
        "update Exchange: 1",
        (
            "update Exchange: task 'Tea' (edited on both sides); Exchange gets subject = 'Coffee'; "
            "conflict in subject: CRM 'Coffee', Exchange 'Rum', crm stays"
        ),
    ]


def deletions(count: int, linked: int) -> Plan:
    actions = [decide(replace(EXCHANGE_DELETED, crmid=uuid4()), RULES) for _ in range(count)]
    return Plan((*actions, decide(replace(LINKED, crm=COFFEE), RULES)), {Kind.TASK: linked})


def test_too_many_deletions_wait_while_the_rest_goes_on():
    plan, held = brake(deletions(11, 50), Brake(count=10, share=0.1))
    assert plan.counts == {Step.HOLD: 11, Step.UPDATE_EXCHANGE: 1}
    (waiting,) = held
    assert (waiting.deletions, waiting.linked, len(waiting.titles)) == (11, 50, 10)


@pytest.mark.parametrize(("count", "linked"), [(10, 10), (11, 5000)])
def test_few_deletions_or_a_small_share_need_no_answer(count, linked):
    plan, held = brake(deletions(count, linked), Brake(count=10, share=0.1))
    assert (plan.counts[Step.DELETE_IN_CRM], held) == (count, ())


def shown(plan: Plan, count: int) -> Shown:
    deleted = [a for a in plan.actions if a.step is Step.DELETE_IN_CRM]
    return frozenset((a.step, a.pair.crmid) for a in deleted[:count])


@pytest.mark.parametrize(
    ("answer", "step"), [(Answer.DELETE, Step.DELETE_IN_CRM), (Answer.KEEP, Step.UNLINK)]
)
def test_a_persons_answer_is_about_what_was_shown(answer, step):
    plan = deletions(40, 40)
    released, held = brake(plan, Brake(count=10, share=0.1), answer, shown(plan, 25))
    assert (released.counts[step], released.counts[Step.HOLD]) == (25, 15)
    (waiting,) = held
    assert waiting.deletions == len(waiting.records) == 15
    assert not waiting.records & {key for _, key in shown(plan, 25)}


def test_few_deletions_that_came_after_the_answer_need_none():
    plan = deletions(30, 40)
    released, held = brake(plan, Brake(count=10, share=0.1), Answer.KEEP, shown(plan, 25))
    assert (released.counts[Step.UNLINK], released.counts[Step.DELETE_IN_CRM], held) == (25, 5, ())


@pytest.mark.parametrize("answer", [Answer.NONE, Answer.DELETE, Answer.KEEP])
def test_an_answer_to_deletions_on_one_side_says_nothing_about_the_other(answer):
    plan = deletions(20, 20)
    other = frozenset((Step.DELETE_IN_EXCHANGE, key) for _, key in shown(plan, 20))
    released, held = brake(plan, Brake(count=10, share=0.1), answer, other)
    assert (released.counts[Step.HOLD], len(held)) == (20, 1)


LOST = replace(EXCHANGE_DELETED, told=TEA)
"""Its item went with the mailbox, and a person wants it to be made again."""


@pytest.mark.parametrize("rule", Deletion)
@pytest.mark.parametrize(
    "facts",
    [Facts(), Facts(is_completed=True, may_be_made=False), Facts(may_be_deleted=False), Facts(is_copy=True)],
)
def test_what_a_filled_mailbox_lacks_is_made_again_whatever_a_deletion_would_mean(rule, facts):
    action = decide(replace(LOST, facts=facts), replace(RULES, exchange_deletion=rule))
    assert (action.step, action.merged.to_exchange) == (Step.CREATE_IN_EXCHANGE, TEA)
    begun = decide(replace(LOST, facts=facts, base=None), replace(RULES, exchange_deletion=rule))
    assert (begun.step, begun.merged.to_exchange) == (Step.CREATE_IN_EXCHANGE, TEA)


@pytest.mark.parametrize(
    ("changed", "rules", "reason"),
    [
        ({"in_filters": False}, {}, "outside the user's filters"),
        ({"facts": Facts(is_withdrawn=True)}, {}, "cancelled in the CRM"),
        ({"facts": Facts(limit=Direction.TO_CRM)}, {}, "only an invitation"),
        ({"facts": Facts(limit=Direction.NONE)}, {}, "only an invitation"),
        ({}, {"limit": Direction.TO_CRM}, "not written to Exchange"),
    ],
)
@pytest.mark.parametrize("is_begun", [False, True])
def test_what_cannot_be_made_in_a_filled_mailbox_is_forgotten(changed, rules, reason, is_begun):
    base = None if is_begun else LOST.base
    action = decide(replace(LOST, base=base, **changed), replace(RULES, **rules))
    assert action.step is Step.FORGET
    assert reason in action.reason


def test_what_was_missed_once_is_looked_for_again_before_it_is_made_again():
    assert decide(replace(LOST, exchange_sight=Sight.MISSED_ONCE), RULES).step is Step.LOOK_AGAIN
    assert decide(replace(LOST, exchange=TEA), RULES).step is Step.NOTHING


@pytest.mark.parametrize("rule", Deletion)
def test_in_a_replaced_mailbox_nothing_ends_before_a_person_has_answered(rule):
    rules = replace(RULES, exchange_deletion=rule)
    plan = Plan((decide(EXCHANGE_DELETED, rules),), {Kind.TASK: 400})
    (action,) = plan.actions
    stopped, (waiting,) = brake(plan, EACH)
    assert (stopped.counts, waiting.step) == ({Step.HOLD: 1}, action.step)
    answered = frozenset({(action.step, action.pair.crmid)})
    assert brake(plan, EACH, Answer.DELETE, answered) == (plan, ())
    kept, held = brake(plan, EACH, Answer.KEEP, answered)
    assert (kept.counts, held) == ({Step.UNLINK: 1}, ())
    assert brake(plan, EACH, Answer.FILL, answered)[1] == (waiting,)


@pytest.mark.parametrize(
    "situation", [CRM_DELETED, replace(EXCHANGE_DELETED, crm=None, crm_sight=Sight.GONE), LINKED]
)
def test_a_pair_that_ends_for_another_reason_does_not_wait_in_a_replaced_mailbox(situation):
    action = decide(situation, replace(RULES, crm_deletion=Deletion.NEVER))
    assert not EACH.concerns(action)


def test_a_pair_is_parted_without_a_question_where_the_mailbox_was_not_replaced():
    action = decide(EXCHANGE_DELETED, replace(RULES, exchange_deletion=Deletion.NEVER))
    assert (action.step, Brake().concerns(action)) == (Step.UNLINK, False)


def test_a_pair_that_is_written_over_and_over_stands_still_until_the_hour_is_over():
    writes = Writes()
    for _ in range(LOOP_WRITES):
        assert not loops(writes, NOON)
        writes = count_write(writes, NOON)
    assert loops(writes, NOON)
    assert not loops(writes, NOON + LOOP_WINDOW)
    assert count_write(writes, NOON + LOOP_WINDOW).count == 1


def test_a_looping_pair_is_held_and_says_why():
    plan = make_plan([replace(LINKED, crm=COFFEE)], {Kind.TASK: RULES})
    (action,) = still(plan, {UUID(int=1): True}).actions
    assert (action.step, "back and forth" in action.reason) == (Step.HOLD, True)


def test_writes_long_ago_do_not_count():
    old = Writes(LOOP_WRITES - 1, NOON - timedelta(hours=2))
    assert not loops(count_write(old, NOON), NOON)
