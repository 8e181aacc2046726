"""Every other command: what it changes, what it lists, what it refuses, and with which exit code."""

import json
import os
import subprocess
import sys

import pytest

from tests.cli.conftest import ACCOUNT, ADA, PASSWORD


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("user", "list"), "serversync user add"),
        (("queue", "list"), "serversync queue add"),
        (("profile", "list"), "serversync profile add"),
        (("mailbox", "list"), "serversync user add"),
        (("email", "list"), "serversync mailbox list"),
        (("alert", "list"), "There are no alerts"),
    ],
)
def test_an_empty_listing_says_what_to_do_first(run, arguments, says):
    assert says in run(*arguments).stdout
    assert run.json(*arguments) == []


def test_contacts_and_accounts_are_added_and_listed(run):
    assert "serversync contact add" in run("contact", "list").stdout
    grete = run.json(
        "contact",
        "add",
        "Sørensen",
        "--first-name",
        "Grete",
        "--company",
        "Harbour",
        "--email",
        "g@harbour.example",
    )
    assert (grete["fullname"], grete["emailaddress1"]) == ("Grete Sørensen", "g@harbour.example")
    run("account", "add", "Harbour Coffee", "--number", "K-1")
    run("account", "add", "Lighthouse")
    assert [one["name"] for one in run.json("account", "list")] == ["Lighthouse", "Harbour Coffee"]
    assert [one["name"] for one in run.json("account", "list", "--limit", "1")] == ["Lighthouse"]
    assert [one["name"] for one in run.json("account", "list", "--search", "K-1")] == ["Harbour Coffee"]
    assert [one["fullname"] for one in run.json("contact", "list", "--search", "harbour grete")] == [
        "Grete Sørensen"
    ]
    refused = run("contact", "add", "Nobody", "--email", "not an address")
    assert refused.exit_code == 2
    assert "Email" in refused.stderr


def test_users_and_queues_come_with_mailboxes(run):
    user = run.json("user", "add", ADA, "--name", "Ada Lovelace")
    queue = run.json("queue", "add", "Support", "--address", "support@example.org", "--owner", ADA)
    assert queue["ownerid"] == user["systemuserid"]
    assert "password" not in user
    assert [one["emailaddress"] for one in run.json("mailbox", "list")] == [ADA, "support@example.org"]
    assert [one["fullname"] for one in run.json("user", "list", "--search", "LOVE")] == ["Ada Lovelace"]
    assert [one["name"] for one in run.json("queue", "list")] == ["Support"]
    assert "Ada Lovelace" in run("user", "list").stdout


def test_a_log_in_password_comes_from_standard_input(run):
    from serversync.crm.models import SystemUser

    run("user", "add", "dora", "--admin", "--password-stdin", typed=f"{PASSWORD}\n")
    dora = SystemUser.objects.get(domainname="dora")
    assert dora.check_password(PASSWORD)
    assert dora.is_superuser


def test_a_password_of_a_profile_comes_from_a_file_or_the_environment(run, tmp_path, monkeypatch):
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    location = ("--ews-url", "mail.example.org", "--username", ACCOUNT)
    added = run.json("profile", "add", "One", *location, "--password-file", str(file))
    assert added["isincomingpasswordset"] is True
    assert added["incomingserverlocation"] == "https://mail.example.org/EWS/Exchange.asmx"
    monkeypatch.setenv("SERVERSYNC_PASSWORD", PASSWORD)
    assert run.json("profile", "add", "Two", *location)["isincomingpasswordset"] is True
    assert run.json("profile", "edit", "two", "--auth", "basic", "--name", "Three")["name"] == "Three"


def test_an_unknown_setting_or_value_is_refused_with_what_is_allowed(run):
    assert run.json("settings", "set", "pollingintervalinseconds", "60")["value"] == 60
    shown = {one["name"]: one for one in run.json("settings", "show")}
    assert shown["pollingintervalinseconds"]["value"] == 60
    assert shown["maxuploadfilesize"]["default"] == 5_242_880
    too_much = run("settings", "set", "pollingintervalinseconds", "86401")
    assert too_much.exit_code == 2
    assert "86401 is not within 1 to 86400" in too_much.stderr
    assert run("settings", "set", "nosuchsetting", "1").exit_code == 5
    assert "pollingintervalinseconds" in run("settings", "show", "polling").stdout


def test_edit_and_reject_change_mailboxes(ready):
    (edited,) = ready.json("mailbox", "edit", ADA, "--process-email-from", "2026-01-31", "--inactive")
    assert (edited["processemailreceivedafter"], edited["state"]) == ("2026-01-31T00:00:00Z", "inactive")
    (back,) = ready.json(
        "mailbox", "edit", ADA, "--process-email-from", "-", "--active", "--incoming", "none"
    )
    assert (back["processemailreceivedafter"], back["state"]) == (None, "method")
    (rejected,) = ready.json("mailbox", "reject", ADA)
    assert rejected["emailrouteraccessapprovalname"] == "Rejected"
    assert ready.json("mailbox", "show", ADA)["mailboxid"] == edited["mailboxid"]
    assert "E-mail address" in ready("mailbox", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (("mailbox", "show", "nobody@example.org"), 5, "There is no mailbox called nobody@example.org"),
        (("mailbox", "approve"), 2, "name some addresses, or give --all"),
        (("user", "add", "ada", "--address", "ada"), 2, "is not an e-mail address"),
        (("profile", "add", "X", "--username", ACCOUNT), 2, "nobody can be asked"),
        (("profile", "add", "X", "--ews-url", "x.org"), 2, "give --username"),
        (("profile", "add", "X", "--username", ACCOUNT, "--autodiscover"), 2, "nobody can be asked"),
        (("profile", "add", "X", "--username", ACCOUNT, "--ews-url", "x.org"), 2, "nobody can be asked"),
        (("email", "show", "1@example.org"), 5, "There is no email called"),
        (("mailbox", "list", "--profile", "X"), 5, "There is no profile called X"),
        (("alert", "list", "--level", "loud"), 2, "'loud' is not one of information, warning, error"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_exit_code(run, arguments, exit_code, says):
    result = run(*arguments)
    assert result.exit_code == exit_code
    assert says in result.stderr
    assert "What to do: " in result.stderr
    document = json.loads(run(*arguments, "--json").stderr)
    assert says in document["error"]["sentence"]


@pytest.mark.parametrize(
    ("more", "exit_code", "says"),
    [
        (("--ews-url", "http://mail.example.org/"), 2, "profile.insecure-address"),
        (("--ews-url", "ftp://mail.example.org/"), 2, "profile.address-invalid"),
        (("--ews-url", "mail.example.org", "--ca", __file__), 2, "holds no certificate in PEM form"),
        (("--ews-url", "mail.example.org", "--ca", "/no/such/file"), 2, "cannot be read"),
        (
            ("--ews-url", "mail.example.org", "--auth", "kerberos"),
            2,
            "not one of auto, ntlm, negotiate, basic",
        ),
        (("--ews-url", "mail.example.org", "--max-connections", "301"), 2, "not within 1 to 300"),
        (("--ews-url", "mail.example.org", "--username", "svc"), 2, "not a user principal name"),
        (("--autodiscover", "--ews-url", "mail.example.org"), 2, "give either this or a server location"),
        (("--autodiscover", "--autodiscover-hosts", "*.org"), 2, "it has a single label"),
        (("--autodiscover", "--autodiscover-url", "http://example.org/"), 2, "is not encrypted"),
    ],
)
def test_a_profile_is_checked_when_it_is_entered(run, more, exit_code, says):
    account = () if "--username" in more else ("--username", ACCOUNT)
    result = run("profile", "add", "X", *account, *more, "--password-stdin", typed=f"{PASSWORD}\n")
    assert result.exit_code == exit_code
    assert says in result.stderr
    assert run.json("profile", "list") == []


def test_doctor_names_what_is_missing_and_is_content_when_nothing_is(ready):
    ready("mailbox", "test-enable", ADA)
    checks = {one["name"]: one for one in ready.json("doctor")}
    assert checks["profile Exchange"]["result"] == "ok"
    assert checks["mailboxes"]["evidence"] == "1 of 1 synchronize"
    assert checks["worker"]["result"] == "warning"
    from serversync.crm.models import EmailServerProfile

    EmailServerProfile.objects.update(incomingpassword=None)
    result = ready("doctor")
    assert result.exit_code == 3
    assert "it has no password" in result.stdout
    assert "profile edit 'Exchange'" in result.stdout


def serversync(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from serversync.cli.main import main; main()", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_process_of_its_own_lists_what_is_in_the_database(run, database_dsn):
    run("user", "add", ADA)
    done = serversync("user", "list", "--json", DATABASE_URL=database_dsn)
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["domainname"] for one in json.loads(done.stdout)] == [ADA]


def test_a_database_that_does_not_answer_is_transient_and_no_traceback(free_port):
    done = serversync("user", "list", DATABASE_URL=f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port}/x")
    assert done.returncode == 4
    assert done.stderr.startswith("Error database.unavailable: ")
    assert PASSWORD not in done.stderr
    examined = serversync("doctor", "--json", DATABASE_URL="mysql://x")
    assert examined.returncode == 3
    assert json.loads(examined.stdout)[0]["result"] == "failed"


def test_unknown_options_are_a_usage_error_and_help_names_the_exit_codes():
    assert serversync("user", "list", "--no-such").returncode == 2
    told = serversync("--help")
    assert told.returncode == 0
    assert "5 not found" in told.stdout
    assert serversync("simulator", "--help").stdout.startswith("usage: serversync simulator")


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
