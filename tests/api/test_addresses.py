"""Every address of the API, asked by programs over HTTP: what it answers, whom, and how it refuses."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import get_resolver
from typer.testing import CliRunner

from serversync.administration import actor, apikeys, people, profiles
from serversync.core import clock
from serversync.crm.models import ApiKey, Audit, Email, EmailServerProfile, Mailbox, MessageTrace
from tests.api.conftest import PASSWORD, SERVICE
from tests.web.company import mailbox_of

MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
ADA, BEN = "/api/v1/mailboxes/ada@example.org", "/api/v1/mailboxes/ben@example.org"
PROFILE = "/api/v1/profiles/Main%20Exchange"
READ = (
    "/api/v1/mailboxes",
    ADA,
    f"{ADA}/why?subject=offer",
    "/api/v1/profiles",
    PROFILE,
    "/api/v1/alerts",
    "/api/v1/emails",
)
CHANGE = (f"{ADA}/sync", f"{PROFILE}/test")


def as_command(monkeypatch, *arguments):
    """What the command says with --json."""
    from contextlib import nullcontext

    from serversync.cli.main import app

    monkeypatch.setattr("serversync.cli.session.start_database", nullcontext)
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def pair(company):
    """Ada's mail has an address to ask for."""
    Email.objects.filter(pk=company.of_ada.pk).update(messageid="<offer@example.org>")
    MessageTrace.objects.filter(activityid=company.of_ada).update(messageid="<offer@example.org>")


def test_each_list_and_record_has_the_shape_of_its_command(company, program, monkeypatch):
    pair(company)
    dora = program(company.dora)
    key = str(company.of_ada.pk)
    for path, command in {
        "/api/v1/mailboxes": ("mailbox", "list"),
        ADA: ("mailbox", "show", "ada@example.org"),
        f"{ADA}/why?message-id={quote('<offer@example.org>')}": (
            *("mailbox", "why", "ada@example.org"),
            *("--message-id", "offer@example.org"),
        ),
        f"{ADA}/why?subject=nothing+like+it": (
            "mailbox",
            "why",
            "ada@example.org",
            "--subject",
            "nothing like it",
        ),
        "/api/v1/profiles": ("profile", "list"),
        "/api/v1/alerts": ("alert", "list"),
        "/api/v1/alerts?mailbox=ada@example.org&level=error&limit=5": (
            *("alert", "list", "--mailbox", "ada@example.org"),
            *("--level", "error", "--limit", "5"),
        ),
        "/api/v1/emails": ("email", "list"),
        "/api/v1/emails?search=offer&limit=1": ("email", "list", "--search", "offer", "--limit", "1"),
        f"/api/v1/emails/{key}": ("email", "show", key),
        f"/api/v1/emails/{quote('<offer@example.org>', safe='')}": ("email", "show", "offer@example.org"),
    }.items():
        answer = dora.get(path)
        assert answer.status == 200, path
        assert answer.json, path
        assert answer.json == as_command(monkeypatch, *command), path
    assert dora.get(PROFILE).json == as_command(monkeypatch, "profile", "list")[0]


def test_why_says_the_same_as_the_use_case(company, program):
    pair(company)
    (told,) = program(company.ada).get(f"{ADA}/why?message-id=offer@example.org").json
    assert told["sentence"].startswith("Tracked.")
    assert told["subject"] == "Offer for Ada"
    assert told["activityid"] == str(company.of_ada.pk)


def test_mailboxes_come_in_pages_that_name_the_next_one(company, program):
    dora = program(company.dora)
    first = dora.get("/api/v1/mailboxes?search=example.org&size=1")
    found = re.fullmatch(r'<(\S+)>; rel="next"', first.headers["link"])
    assert found
    second = dora.get(found[1])
    assert [one["name"] for one in first.json + second.json] == ["Ada", "Ben"]
    assert "link" not in second.headers
    assert dora.get("/api/v1/mailboxes?view=inactive").json == []
    assert [one["name"] for one in program(company.ada).get("/api/v1/mailboxes?view=my").json] == ["Ada"]
    assert dora.get("/api/v1/mailboxes?profile=Main+Exchange&search=ben").json[0]["name"] == "Ben"


def test_a_salesperson_sees_what_is_the_own_and_nothing_else(company, program):
    ada = program(company.ada)
    assert [one["emailaddress"] for one in ada.get("/api/v1/mailboxes").json] == ["ada@example.org"]
    assert [one["subject"] for one in ada.get("/api/v1/emails").json] == ["Offer for Ada"]
    assert [one["text"] for one in ada.get("/api/v1/alerts").json] == ["Trouble of Ada"]
    assert ada.get("/api/v1/profiles").json == []
    for path in (BEN, f"{BEN}/why?subject=x", f"/api/v1/emails/{company.of_ben.pk}", PROFILE):
        answer = ada.get(path)
        assert (answer.status, answer.error["code"]) == (404, "input.not-found"), path
    for path in (f"{BEN}/sync", f"{PROFILE}/test"):
        assert ada.post(path).status == 404, path
    assert b"Secret of Ben" not in b"".join(ada.got)


ROLES = ("System Administrator", "Mailbox Administrator", "Salesperson", "")
FAR = {"System Administrator", "Mailbox Administrator"}
REACH = {
    ("GET", "mailboxes/{}@example.org"): ({*FAR, "Salesperson"}, FAR),
    ("GET", "mailboxes/{}@example.org/why?subject=x"): ({*FAR, "Salesperson"}, FAR),
    ("POST", "mailboxes/{}@example.org/sync"): ({*FAR, "Salesperson"}, FAR),
    ("GET", "emails/{}"): ({*FAR, "Salesperson"}, {"System Administrator"}),
    ("GET", "profiles/Main%20Exchange"): (FAR, FAR),
}
"""By method and address: the roles that get it of what is their own, and those that get it of somebody else."""


@pytest.mark.parametrize("role", ROLES)
def test_an_address_answers_as_far_as_the_role_reaches(company, program, role):
    with actor.acting(actor.INSTALLATION):
        people.edit(company.ada, roles=[role] if role else [])
    Mailbox.objects.update(
        incomingemaildeliverymethod=2,
        enabledforincomingemail=True,
        emailrouteraccessapproval=1,
        nextpasson=datetime(2100, 1, 1, tzinfo=UTC),
    )
    EmailServerProfile.objects.update(incomingusername="x", incomingpassword=b"x")
    ada = program(company.ada)
    for (method, address), reached in REACH.items():
        for name, email, roles in zip(("ada", "ben"), (company.of_ada, company.of_ben), reached, strict=True):
            path = "/api/v1/" + address.format(email.pk if "emails" in address else name)
            answer = ada(method, path)
            assert answer.status == ((202 if method == "POST" else 200) if role in roles else 404), path


def test_who_may_not_read_the_mail_of_a_mailbox_sees_no_subject_in_why(company, program):
    with actor.acting(actor.INSTALLATION):
        people.edit(company.ada, roles=["Mailbox Administrator"])
    ada = program(company.ada)
    (hidden,) = ada.get(f"{BEN}/why?subject=secret").json
    assert (hidden["subject"], hidden["senderaddress"]) == ("***", "***")
    (shown,) = ada.get(f"{ADA}/why?subject=offer").json
    assert shown["subject"] == "Offer for Ada"
    assert b"Secret of Ben" not in b"".join(ada.got)


def test_roles_that_change_count_for_keys_at_once(company, program):
    ada = program(company.ada)
    assert ada.get(BEN).status == 404
    with actor.acting(actor.INSTALLATION):
        people.edit(company.ada, roles=["System Administrator"])
    assert ada.get(BEN).status == 200
    with actor.acting(actor.INSTALLATION):
        people.edit(company.ada, roles=[])
    assert ada.get(ADA).status == 404


def test_an_act_on_what_may_be_read_but_not_changed_is_forbidden(company, program):
    with actor.acting(actor.INSTALLATION):
        people.edit(company.ada, roles=["Mailbox Administrator"])
    ada = program(company.ada)
    assert ada.get(PROFILE).status == 200
    refused = ada.post(f"{PROFILE}/test")
    assert (refused.status, refused.error["code"]) == (403, "access.privilege-missing")
    assert "prvWriteEmailServerProfile" in refused.error["message"]
    assert not Audit.objects.filter(act="profile.test").exists()


def test_without_a_key_in_force_no_address_answers(company, program):
    expired, disabled, removed = (program(user) for user in (company.ada, company.ben, company.dora))
    row = ApiKey.objects.get(systemuserid=company.ada)
    ApiKey.objects.filter(pk=row.pk).update(expireson=row.createdon - timedelta(days=1))
    ApiKey.objects.filter(systemuserid=company.dora).delete()
    with actor.acting(actor.INSTALLATION):
        people.edit(company.ben, disabled=True)
    for asking in (program(), expired, disabled, removed):
        for method, path in [
            *(("GET", one) for one in READ),
            *(("POST", one) for one in CHANGE),
            ("GET", "/api/v1/x"),
        ]:
            answer = asking(method, path)
            assert (answer.status, answer.error["code"]) == (401, "access.key-refused"), path
            assert answer.headers["www-authenticate"] == 'Bearer realm="serversync"'
    assert not Audit.objects.filter(act__in=["mailbox.sync", "profile.test"]).exists()


def test_no_other_scheme_and_no_cookie_lets_anybody_in(company, program):
    browser = Client()
    browser.force_login(company.dora)
    session = browser.cookies["sessionid"].value
    nobody = program()
    key = program(company.dora).key
    for headers in (
        {"Cookie": f"sessionid={session}"},
        {"Authorization": f"Basic {key}"},
        {"Authorization": f"{key}"},
        {"Authorization": "Bearer"},
        {"X-Api-Key": f"{key}"},
    ):
        assert nobody("GET", "/api/v1/mailboxes", headers=headers).status == 401
    assert nobody.get(f"/api/v1/mailboxes?key={key}").status == 401
    assert nobody("GET", "/api/v1/mailboxes", headers={"Authorization": f"bearer  {key}"}).status == 200


def test_the_key_acts_and_not_who_is_logged_in_beside_it(company, program):
    browser = Client()
    browser.force_login(company.dora)
    ada = program(company.ada)
    answer = ada("GET", BEN, headers={"Cookie": f"sessionid={browser.cookies['sessionid'].value}"})
    assert answer.status == 404


def test_acts_are_written_down_with_who_and_which_way(company, program):
    mailbox = mailbox_of(company.ada)
    Mailbox.objects.filter(pk=mailbox.pk).update(
        incomingemaildeliverymethod=2,
        enabledforincomingemail=True,
        emailrouteraccessapproval=1,
        nextpasson=datetime(2100, 1, 1, tzinfo=UTC),
    )
    EmailServerProfile.objects.update(incomingusername="x", incomingpassword=b"x")
    answer = program(company.ada).post(f"{ADA}/sync")
    assert answer.status == 202, answer.content
    assert answer.json["emailaddress"] == "ada@example.org"
    row = Audit.objects.get(act="mailbox.sync")
    assert (row.actorname, row.channel, row.address) == ("Ada", "API", "127.0.0.1")
    mailbox.refresh_from_db()
    assert mailbox.nextpasson is not None
    assert mailbox.nextpasson <= clock.now()


def test_a_mailbox_that_may_not_run_says_why(company, program):
    refused = program(company.dora).post(f"{ADA}/sync")
    assert refused.status == 400
    assert "ada@example.org" in refused.error["message"]


def test_test_connection_answers_with_its_tree_of_steps(company, program, exchange, monkeypatch):
    with actor.acting(actor.INSTALLATION):
        profiles.add(
            "Simulated / one",
            {
                "incomingserverlocation": exchange.url,
                "incomingusername": SERVICE,
                "incomingpassword": PASSWORD,
                "incominguseimpersonation": True,
                "cafile": exchange.ca_file,
            },
        )
    dora = program(company.dora)
    address = f"/api/v1/profiles/{quote('Simulated / one', safe='')}"
    told = dora.post(f"{address}/test", {"mailbox": "ada@example.org"}).json
    assert told["result"] in {"ok", "warning"}
    assert told["mailbox"] == "ada@example.org"
    command = as_command(monkeypatch, "profile", "test", "Simulated / one", "--mailbox", "ada@example.org")
    assert set(told) == set(command)
    assert [(one["key"], one["result"]) for one in told["steps"]] == [
        (one["key"], one["result"]) for one in command["steps"]
    ]
    kept = dora.get(address).json
    assert kept["isincomingpasswordset"] is True
    assert "incomingpassword" not in kept


def test_a_test_that_fails_is_an_answer_with_its_remedy(company, program, exchange):
    with actor.acting(actor.INSTALLATION):
        profiles.add(
            "Simulated",
            {
                "incomingserverlocation": exchange.url,
                "incomingusername": SERVICE,
                "incomingpassword": "wrong",
                "cafile": exchange.ca_file,
            },
        )
    answer = program(company.dora).post("/api/v1/profiles/Simulated/test", {"mailbox": "ada@example.org"})
    assert (answer.status, answer.json["result"]) == (200, "failed")
    failed = next(one for one in answer.json["steps"] if one["result"] == "failed")
    assert failed["remedy"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b'{"mailbox": 1}',
        b'{"password": "x"}',
        b"\xff",
        b"x" * 3_000_000,
        b'{"mailbox": "\\u0000"}',
        b'{"mailbox": "\\ud800"}',
        b"[" * 5000,
    ],
)
def test_a_body_that_cannot_be_used_is_refused_and_nothing_is_done(company, program, body):
    answer = program(company.dora).post(f"{PROFILE}/test", body)
    assert (answer.status, answer.error["code"]) == (400, "input.invalid")
    assert not Audit.objects.filter(act="profile.test").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/mailboxes?filter=x",
        "/api/v1/mailboxes?view=nonsense",
        "/api/v1/mailboxes?page=0",
        "/api/v1/mailboxes?page=-1",
        "/api/v1/mailboxes?size=501",
        "/api/v1/mailboxes?size=%C2%B2",
        "/api/v1/mailboxes?page=" + "9" * 5000,
        "/api/v1/mailboxes?search=a&search=b",
        f"{ADA}?x=1",
        f"{ADA}/why",
        f"{ADA}/why?subject=a&message-id=b",
        "/api/v1/alerts?level=loud",
        "/api/v1/alerts?healed=perhaps",
        "/api/v1/emails?limit=1001",
    ],
)
def test_a_query_that_cannot_be_used_is_refused(company, program, path):
    answer = program(company.dora).get(path)
    assert (answer.status, answer.error["code"]) == (400, "input.invalid")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/mailboxes/a%00b",
        "/api/v1/emails/%00",
        "/api/v1/profiles/%00",
        "/api/v1/mailboxes?search=%00",
        f"{ADA}/why?message-id=%00",
        "/api/v1/emails?search=a%00",
    ],
)
def test_what_no_column_can_hold_is_refused(company, program, path):
    answer = program(company.dora).get(path)
    assert (answer.status, answer.error["code"]) == (400, "input.invalid")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/mailboxes/%ff",
        "/api/v1/emails/%ff",
        "/api/v1/emails/" + "x" * 4000,
        "/api/v1/profiles/%F0%9F%90%A6",
        "/api/v1/mailboxes/'%20or%20''='",
    ],
)
def test_odd_names_are_only_not_found(company, program, path):
    answer = program(company.dora).get(path)
    assert (answer.status, answer.error["code"]) == (404, "input.not-found")


@pytest.mark.parametrize(
    "path", ["/api/v1/", "/api/v1/mailboxes/", "/api/v1/nothing", "/api/v1/mailboxes/a/b/c"]
)
def test_an_unknown_address_is_not_found_in_json(company, program, path):
    answer = program(company.dora).get(path)
    assert (answer.status, answer.error["code"]) == (404, "input.not-found")


def test_what_is_beside_the_version_is_not_found_in_json(company, program):
    answer = program(company.dora).get("/api/v2/mailboxes")
    assert (answer.status, answer.error["code"]) == (404, "http.404")


def test_another_host_name_is_refused_in_json(company, program):
    answer = program(company.dora)("GET", "/api/v1/mailboxes", headers={"Host": "evil.example"})
    assert (answer.status, answer.error["code"]) == (400, "http.400")


def test_an_unknown_method_is_told_which_ones_there_are(company, program):
    dora = program(company.dora)
    for path in READ:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = dora(method, path.partition("?")[0])
            assert (answer.status, answer.error["code"]) == (405, "http.405"), path
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    for path in CHANGE:
        answer = dora.get(path)
        assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS"), path


def test_head_is_get_without_the_content_and_options_names_the_methods(company, program):
    dora = program(company.dora)
    for path in READ:
        head = dora("HEAD", path)
        assert (head.status, head.content) == (200, b""), path
        assert head.headers["content-type"] == "application/json"
        options = dora("OPTIONS", path)
        assert (options.status, options.content) == (204, b"")
        assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    assert program()("OPTIONS", "/api/v1/mailboxes").status == 401


def test_every_answer_has_the_security_headers_and_no_cookie(company, program):
    for asking in (program(company.dora), program()):
        for path in (*READ, "/api/v1/nothing"):
            headers = asking.get(path).headers
            assert "default-src 'self'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cache-control"] == "private, no-store"
            assert "set-cookie" not in headers
            assert "access-control-allow-origin" not in headers


def test_a_defect_of_ours_is_told_in_json_without_its_reasons(company, program, monkeypatch):
    def broken(*_arguments, **_options):
        raise ZeroDivisionError("the reason of a developer")

    monkeypatch.setattr("serversync.administration.mailboxes.show", broken)
    answer = program(company.dora).get(ADA)
    assert (answer.status, answer.error["code"]) == (500, "http.500")
    assert b"developer" not in answer.content


def test_a_database_that_is_away_is_told_as_something_that_passes(company, program, monkeypatch):
    from django.db import OperationalError

    def away(*_arguments, **_options):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("serversync.administration.mailboxes.show", away)
    answer = program(company.dora).get(ADA)
    assert (answer.status, answer.error["code"]) == (503, "database.unavailable")


def test_every_address_is_in_the_manual_with_an_example():
    told = MANUAL.read_text(encoding="utf-8")
    for one in get_resolver("serversync.api.urls").url_patterns:
        if one.name in {"api-root", "api-nowhere"}:
            continue
        shown = re.sub(
            r"<\w+:(\w+)>", lambda found: {"reference": "ADDRESS", "name": "NAME"}[found[1]], str(one.pattern)
        )
        shown = shown.replace("emails/ADDRESS", "emails/ID")
        assert f"`/api/v1/{shown}`" in told, shown
    assert "curl" in told


def test_keys_by_command_are_shown_once(company, monkeypatch):
    made = as_command(monkeypatch, "user", "key", "add", "ada", "Script", "--days", "30")
    assert made["key"].startswith(made["firstcharacters"])
    (listed,) = as_command(monkeypatch, "user", "key", "list")
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert (listed["domainname"], listed["name"], listed["lastusedon"]) == ("ada", "Script", None)
    with actor.acting(actor.INSTALLATION):
        assert apikeys.actor_of(made["key"], address="192.0.2.7").user == company.ada
    assert as_command(monkeypatch, "user", "key", "remove", listed["apikeyid"])["name"] == "Script"
    assert as_command(monkeypatch, "user", "key", "list", "ada") == []
