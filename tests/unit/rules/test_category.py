"""What is done to a mailbox's list of categories, and by which names the category is known."""

from serversync.rules.email.category import COLOR, InMailbox, Move, Step, TrackingCategory, after, next_move

TRACKED, ORANGE = "Tracked to Dynamics 365", 1
NEW = TrackingCategory(TRACKED, TRACKED)
KEPT = TrackingCategory(TRACKED, TRACKED, TRACKED, "id-1")
RED = InMailbox("id-9", "Red category", 0)
OURS = InMailbox("id-1", TRACKED, ORANGE)


def test_it_is_added_where_it_is_not_there() -> None:
    assert next_move(NEW, [RED]) == Move(Step.ADD, InMailbox("", TRACKED, COLOR))


def test_one_that_is_there_under_the_name_is_taken_over_with_its_colour() -> None:
    there = InMailbox("id-5", TRACKED.upper(), 7)
    assert next_move(NEW, [RED, there]) == Move(Step.NOTHING, there)


def test_a_new_name_that_people_gave_it_is_kept() -> None:
    renamed = OURS._replace(name="CRM", color=3)
    assert next_move(KEPT, [RED, renamed]) == Move(Step.NOTHING, renamed)
    known = after(KEPT, renamed, [RED, renamed])
    assert (known.name, known.former, known.color, known.others) == ("CRM", (TRACKED,), 3, {"Red category"})
    assert next_move(known, [renamed]) == Move(Step.NOTHING, renamed)


def test_one_that_was_deleted_is_made_again_under_its_id_and_the_name_it_had() -> None:
    known = KEPT._replace(name="CRM", former=(TRACKED,))
    assert next_move(known, [RED]) == Move(Step.ADD, InMailbox("id-1", "CRM", COLOR))


def test_another_name_of_the_organization_renames_it_whatever_people_call_it() -> None:
    wanted = KEPT._replace(name="CRM", wanted="Contoso")
    renamed = InMailbox("id-1", "CRM", 3)
    assert next_move(wanted, [renamed]) == Move(Step.RENAME, InMailbox("id-1", "Contoso", 3))
    known = after(wanted, InMailbox("id-1", "Contoso", 3), [renamed])
    assert (known.name, known.former, known.wanted_before) == ("Contoso", ("CRM",), "Contoso")


def test_another_name_that_is_there_already_takes_its_place() -> None:
    other = InMailbox("id-7", "Contoso", 4)
    assert next_move(KEPT._replace(wanted="Contoso"), [OURS, other]) == Move(Step.NOTHING, other)


def test_where_categories_do_not_count_it_is_taken_out_once() -> None:
    off = KEPT._replace(is_on=False)
    assert next_move(off, [RED, OURS]) == Move(Step.REMOVE, OURS)
    assert next_move(off, [RED]).step is Step.NOTHING


def test_switched_on_again_it_has_the_id_that_it_had() -> None:
    off = after(KEPT._replace(is_on=False), OURS, [OURS])
    assert next_move(off._replace(is_on=True), [RED]) == Move(Step.ADD, InMailbox("id-1", TRACKED, COLOR))
