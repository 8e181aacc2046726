"""``serversync phonecall``, ``letter`` and ``fax``: entered, listed, changed, completed, opened again, deleted."""

import pytest

from tests.cli.conftest import ADA, CommandLine

KINDS = [
    ("phonecall", "phonenumber", "Made", "Open"),
    ("letter", "address", "Sent", "Draft"),
    ("fax", "faxnumber", "Completed", "Open"),
]


@pytest.mark.parametrize(("word", "column", "done", "begun"), KINDS)
def test_one_is_entered_changed_completed_and_opened_again(
    run: CommandLine, word: str, column: str, done: str, begun: str
) -> None:
    run("user", "add", ADA)
    run("user", "options", ADA, "--time-zone", "W. Europe Standard Time")
    where = ("--to", "+47 55 10", "--direction", "incoming", "--began", "2026-06-30")
    when = ("--start", "2026-06-29", "--due", "2026-07-01", "--remind", "2026-07-01T09:00")
    made = run.json(
        word, "add", "Offer", "--owner", ADA, *where, *when, "--importance", "high", "--body", "Two"
    )
    assert (made[column], made["directioncode"], made["actualstart"]) == ("+47 55 10", False, "2026-06-30")
    assert (made["scheduledstart"], made["scheduledend"]) == ("2026-06-29", "2026-07-01")
    assert (made["reminderon"], made["statuscodename"]) == ("2026-07-01T07:00:00Z", begun)
    assert (made["prioritycodename"], made["description"]) == ("High", "Two")
    key = made["activityid"]
    changed = run.json(word, "edit", key, "--to", "", "--due", "", "--remind", "", "--direction", "outgoing")
    assert (changed[column], changed["directioncode"]) == (None, True)
    assert (changed["scheduledend"], changed["reminderon"]) == (None, None)
    assert [one["subject"] for one in run.json(word, "list", "--search", "off")] == ["Offer"]
    completed = run.json(word, "complete", key)
    assert (completed["statuscodename"], completed["actualend"] is not None) == (done, True)
    refused = run(word, "edit", key, "--subject", "Other")
    assert (refused.exit_code, "open it again" in refused.stderr) == (2, True)
    opened = run.json(word, "open", key)
    assert (opened["statuscodename"], opened["actualend"]) == (begun, None)
    assert run.json(word, "cancel", key)["statuscodename"] == "Canceled"
    assert "Deleted Offer" in run(word, "delete", key).stdout
    assert run(word, "show", key).exit_code == 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--direction", "sideways"), "sideways is none of outgoing, incoming"),
        (("--due", "soon"), "Due Date"),
        (("--began", "soon"), "Began"),
        (("--start", "2026-01-02", "--due", "2026-01-01"), "it is before the start date"),
        (("--to", "x" * 201), "Phone Number"),
    ],
)
def test_what_cannot_be_used_is_refused(run: CommandLine, options: tuple[str, ...], words: str) -> None:
    run("user", "add", ADA)
    refused = run("phonecall", "add", "Offer", "--owner", ADA, *options)
    assert (refused.exit_code, words in refused.stderr) == (2, True), refused.stderr
    assert run.json("phonecall", "list") == []


def test_a_change_of_nothing_is_refused_and_one_without_an_owner_too(run: CommandLine) -> None:
    run("user", "add", ADA)
    made = run.json("fax", "add", "Offer", "--owner", ADA)
    assert run("fax", "edit", made["activityid"]).exit_code == 2
    refused = run("letter", "add", "Offer")
    assert (refused.exit_code, "say whose it is" in refused.stderr) == (2, True)
