"""``serversync filter``: filters of a user and templates, listed, tried without effect, changed, reset."""

from tests.cli.conftest import ADA, CommandLine


def test_a_filter_is_tried_added_changed_and_taken_away(run: CommandLine) -> None:
    run("user", "add", ADA)
    run("--as", ADA, "contact", "add", "Hopper", "--email", "grace@example.com")
    listed = run.json("filter", "list", "--user", ADA)
    assert [one["name"] for one in listed if one["kind"] == "contact"] == ["My Outlook Contacts"]
    (mine,) = [one for one in listed if one["kind"] == "contact"]
    assert mine["lets_in"] == "Owner is the user and State is Active"
    tried = run("filter", "edit", mine["key"], "--where", "lastname eq Curie", "--dry-run")
    assert "contact: 0 in the filters" in tried.stdout
    (preview,) = run.json("filter", "edit", mine["key"], "--where", "lastname eq hopper", "--dry-run")
    assert (preview["records"], preview["would_begin"], preview["would_leave"]) == (1, 1, 0)
    assert run.json("filter", "list", "--user", ADA) == listed
    changed = run.json("filter", "edit", mine["key"], "--where", "lastname eq Curie", "--any")
    assert changed["conditions"] == [{"attribute": "lastname", "operator": "eq", "value": "Curie"}]
    made = run.json("filter", "add", "task", "Urgent", "--where", "prioritycode eq High", "--user", ADA)
    assert made["lets_in"] == "Importance is High"
    assert run("filter", "deactivate", made["key"], "--dry-run").exit_code == 0
    assert run.json("filter", "deactivate", made["key"])["statecode"] == 1
    assert run.json("filter", "activate", made["key"])["statecode"] == 0
    assert "Deleted Urgent" in run("filter", "delete", made["key"]).stdout
    assert {one["kind"] for one in run.json("filter", "preview", ADA)} == {
        "appointment",
        "contact",
        "fax",
        "letter",
        "phonecall",
        "recurringappointmentmaster",
        "serviceappointment",
        "task",
    }
    assert run("filter", "reset", ADA, "--dry-run").exit_code == 0
    assert run.json("filter", "reset", ADA) == {"users": 1, "replaced": 11}
    assert "lastname" not in run("filter", "list", "--user", ADA).stdout


def test_templates_are_changed_without_a_user_and_given_to_everybody(run: CommandLine) -> None:
    run("user", "add", ADA)
    (contacts,) = [one for one in run.json("filter", "list") if one["kind"] == "contact"]
    run("filter", "edit", contacts["key"], "--template", "--where", "address1_city eq Lisbon")
    assert run.json("filter", "reset", "--everybody")["users"] == 1
    (mine,) = [one for one in run.json("filter", "list", "--user", ADA) if one["kind"] == "contact"]
    assert mine["lets_in"].endswith("is Lisbon")
    refused = run("filter", "delete", contacts["key"], "--template")
    assert (refused.exit_code, "deactivate it instead" in refused.stderr) == (2, True)


def test_what_makes_no_sense_is_refused_with_what_would(run: CommandLine) -> None:
    run("user", "add", ADA)
    for arguments, reason in (
        (("contact", "x", "--where", "shoesize eq 3"), "there is no attribute 'shoesize'"),
        (("contact", "x", "--where", "statecode"), "attribute operator"),
        (("contact", "x"), "at least one condition"),
        (("invoice", "x", "--where", "a null"), "invoice"),
    ):
        refused = run("filter", "add", *arguments, "--user", ADA)
        assert refused.exit_code in (2, 5)
        assert reason in refused.stderr
    named = {one["name"]: one for one in run.json("filter", "attributes", "appointment")}
    assert named["activityparty"]["operators"] == "eq-userid"
    assert "0 (Low)" in named["prioritycode"]["options"]
