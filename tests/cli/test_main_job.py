"""From nothing to tracked mail with commands alone."""

import json

from tests.cli.conftest import ACCOUNT, ADA, PASSWORD


def test_commands_alone_lead_to_tracked_mail(ready):
    (tested,) = ready.json("mailbox", "test-enable", ADA)
    assert (tested["error"], tested["incomingemailstatusname"], tested["state"]) == (None, "Success", "due")

    (done,) = ready.json("mailbox", "sync", ADA, "--wait")
    assert (done["emailaddress"], done["outcomes"], done["error"]) == (ADA, {"tracked": 1}, None)

    (email,) = ready.json("email", "list")
    assert (email["sender"], email["messageid"]) == ("grace@example.com", "<1@example.com>")
    shown = ready.json("email", "show", email["activityid"])
    assert "Hello Ada" in shown["description"]
    assert {party["addressused"]: party["partyobjecttypecode"] for party in shown["activityparties"]} == {
        "grace@example.com": None,
        ADA: "systemuser",
    }
    assert ready.json("email", "show", "1@example.com")["activityid"] == email["activityid"]
    assert ready.json("email", "list", "--search", "nothing like it") == []
    assert len(ready.json("email", "list", "--mailbox", ADA)) == 1

    (why,) = ready.json("mailbox", "why", ADA, "--message-id", "1@example.com")
    assert why["outcomename"] == "Tracked"
    assert why["sentence"] == "Tracked. Ada Lovelace takes all e-mail messages."
    (unseen,) = ready.json("mailbox", "why", ADA, "--subject", "never sent")
    assert unseen["sentence"].startswith("No such message was seen in ada@example.org. Its Inbox was read")

    (mailbox,) = ready.json("mailbox", "list")
    assert (mailbox["state"], mailbox["mayrun"]) == ("scheduled", True)
    told = {one["code"]: one for one in ready.json("alert", "list")}
    praise = told["mailbox.test-succeeded"]
    assert (praise["levelname"], praise["emailaddress"]) == ("Information", ADA)


def test_what_a_message_says_does_not_steer_the_terminal(ready):
    ready("mailbox", "test-enable", ADA)
    synced = ready("mailbox", "sync", ADA, "--wait")
    assert synced.stdout.startswith(f"{ADA}: 1 tracked, in ")
    listed = ready("email", "list")
    assert "Compiler" in listed.stdout
    assert "\x1b" not in listed.stdout
    shown = ready("email", "show", "1@example.com")
    assert "Sender: Grace Hopper <grace@example.com> (unresolved)" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_sync_without_waiting_makes_the_mailbox_due(ready):
    ready("mailbox", "test-enable", ADA)
    from serversync.crm.models import Mailbox

    Mailbox.objects.update(nextpasson="2100-01-01T00:00:00Z")
    (due,) = ready.json("mailbox", "sync", ADA)
    assert due["state"] == "due"


def test_a_mailbox_that_may_not_run_is_refused_with_what_to_do(run):
    run("user", "add", ADA, "--track", "all")
    refused = run("mailbox", "sync", ADA)
    assert refused.exit_code == 2
    assert "it has no Server Profile. Choose one: serversync mailbox apply-defaults" in refused.stderr


def test_profile_test_takes_every_step(ready):
    told = ready.json("profile", "test", "Exchange")
    assert (told["mailbox"], told["result"]) == (ADA, "ok")
    steps = {step["key"]: step for step in told["steps"]}
    assert [step["result"] for step in told["steps"] if step["result"] != "ok"] == ["skipped"] * 3
    assert {"label": "Items in the Inbox", "text": "1"} in steps["impersonation"]["evidence"]
    assert [part["title"] for part in steps["folders"]["parts"]][:2] == ["Inbox", "Sent Items"]
    shown = ready("profile", "test", "exchange").stdout
    assert "ok        TLS and certificate" in shown
    assert "Exchange: ok, " in shown
    (profile,) = ready.json("profile", "list")
    assert (profile["lasttestexecutionstatusname"], profile["mailboxes"]) == ("Success", 1)
    kept = json.loads(profile["lasttestresponse"])
    assert [step["key"] for step in kept["steps"]] == list(steps)


def test_profile_test_can_be_copied_as_markdown(ready):
    text = ready("profile", "test", "Exchange", "--outside", "ben@example.org", "--markdown").stdout
    assert text.startswith("# Test Connection of Exchange: WARNING\n")
    assert "## Mailboxes outside of the scope are denied: WARNING" in text
    assert "**What to do:** Name a mailbox that exists" in text
    assert "- Server: `Microsoft-IIS/10.0`" in text


def test_a_wrong_password_is_told_with_its_remedy(run, add_profile):
    add_profile(password=PASSWORD + "x")
    failed = run("profile", "test", "Exchange")
    assert failed.exit_code == 3
    assert "FAILED    Account logs on" in failed.stdout
    assert "skipped   Folders open" in failed.stdout
    assert failed.stderr.startswith(
        "Account logs on: Error exchange.authentication-failed: localhost refused"
    )
    assert "What to do: Check user name" in failed.stderr
    assert run.json("profile", "list")[0]["lastauthorizationstatusname"] == "Failure"
    told = json.loads(run("profile", "test", "Exchange", "--json").stdout)
    assert told["result"] == "failed"


def test_test_enable_says_which_mailbox_failed_and_why(ready, exchange):
    ready("user", "add", "ben@example.org")
    ready("mailbox", "apply-defaults", "ben@example.org")
    ready("mailbox", "approve", "ben@example.org")
    result = ready("mailbox", "test-enable", "--all")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{ADA}: OK")
    assert "ben@example.org: Error exchange.mailbox-not-found" in result.stderr
    alone = ready("mailbox", "test-enable", "ben@example.org", "--json")
    assert alone.exit_code == 3
    assert json.loads(alone.stdout)[0]["error"]["code"] == "exchange.mailbox-not-found"
    alerts = {alert["emailaddress"]: alert for alert in ready.json("alert", "list", "--level", "error")}
    assert alerts["ben@example.org"]["occurrences"] == 2
    assert len(alerts) == 2, "the owner of the profile is told too"
    (mailbox,) = ready.json("mailbox", "list", "--search", "ben")
    assert (mailbox["state"], mailbox["incomingemailstatusname"]) == ("stopped", "Failure")

    exchange.exchange.add_mailbox("ben@example.org")
    assert ready("mailbox", "test-enable", "ben@example.org").exit_code == 0
    assert ready.json("alert", "list", "--level", "error") == []


def test_a_mailbox_that_autodiscover_finds_is_tested_and_synchronized(run, exchange):
    ask = exchange.url.replace("/EWS/Exchange.asmx", "/autodiscover/autodiscover.svc")
    added = run(
        *("profile", "add", "Exchange", "--autodiscover", "--autodiscover-url", ask, "--username", ACCOUNT),
        *("--ca", str(exchange.ca_file), "--autodiscover-hosts", "*.example.org", "--password-stdin"),
        typed=f"{PASSWORD}\n",
    )
    assert added.stdout.startswith("Added the profile Exchange: its server is found by autodiscover")
    for arguments in (
        ("settings", "set", "defaultemailserverprofileid", "exchange"),
        ("user", "add", ADA, "--name", "Ada Lovelace", "--track", "all"),
        ("mailbox", "apply-defaults", "--all"),
        ("mailbox", "approve", ADA),
        ("mailbox", "test-enable", ADA),
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
    (done,) = run.json("mailbox", "sync", ADA, "--wait")
    assert (done["outcomes"], done["error"]) == ({"tracked": 1}, None)
    (mailbox,) = run.json("mailbox", "list")
    assert mailbox["ewsurl"] == exchange.url
    assert len(exchange.exchange.autodiscover.seen) <= 3, "one search, by a 401 and a log-on"

    assert run("profile", "edit", "Exchange", "--autodiscover-hosts", "-").exit_code == 0
    (profile,) = run.json("profile", "list")
    assert (profile["autodiscoverhosts"], profile["useautodiscover"]) == (None, True)
    (mailbox,) = run.json("mailbox", "list")
    assert mailbox["ewsurl"] is None, "what was found under other rules is not used any more"
    assert run("profile", "edit", "Exchange", "--ews-url", exchange.url).exit_code == 0
    assert run.json("profile", "list")[0]["useautodiscover"] is False
