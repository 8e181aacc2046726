"""Whoever reads a remedy in a page is shown the way in the pages, not a command."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from serversync.administration import actor, organization
from serversync.cli.main import app
from serversync.crm.models import Mailbox, TraceLog
from serversync.web.ways import in_pages
from tests.web.company import Company, logged_in, mailbox_of

SOURCE = Path(__file__).parents[2] / "src" / "serversync"
WORDS = {
    *(one.name for one in app.registered_groups),
    *(one.name or one.callback.__name__ for one in app.registered_commands if one.callback),
}
COMMAND = re.compile(rf"serversync ({'|'.join(sorted(filter(None, WORDS)))})\b")
WITHOUT_A_PAGE = {"worker", "serve", "secrets"}
"""Commands for the machine itself."""


def strings(tree: ast.AST) -> Iterator[str]:
    """Every text of a module with what it is filled with written as ``X``; docstrings are none."""
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in within | alone:
            yield node.value if isinstance(node.value, str) else ""


def remedies() -> list[str]:
    """Every text that people may come to read in a page and that names a command."""
    found = []
    for layer in ("administration", "engine", "adapters", "core"):
        for path in sorted((SOURCE / layer).rglob("*.py")):
            found += [text for text in strings(ast.parse(path.read_text())) if COMMAND.search(text)]
    return found


def test_the_search_for_remedies_finds_some() -> None:
    assert len(remedies()) > 20


@pytest.mark.parametrize("text", remedies())
def test_no_command_is_left_that_has_a_page(text: str) -> None:
    shown = in_pages(re.sub(r"\{(\w+)\}", r"X", text))
    left = set(COMMAND.findall(shown)) - WITHOUT_A_PAGE
    assert not left, shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Choose it: serversync mailbox edit ada@example.org --incoming server-side.",
            "Choose it: Edit > Incoming Email.",
        ),
        (
            "Choose one: serversync mailbox apply-defaults a@b.c, or mailbox edit a@b.c --profile NAME.",
            "Choose one: Apply Default Email Settings, or Edit > Server Profile.",
        ),
        (
            "Use it: serversync profile edit 'My (old) one' --auth ntlm.",
            "Use it: Email Server Profiles > My (old) one > Credentials > Authentication.",
        ),
        (
            "Give it: serversync profile edit PROFILE --proxy http://USER@PROXY:PORT --proxy-password-file FILE, or not.",
            "Give it: Email Server Profiles > Advanced > Proxy, or not.",
        ),
        (
            "Wait, or: 'serversync user unlock LOGIN'.",
            "Wait, or: Users > Lift the pause after failed log-ins.",
        ),
        ("Start one: serversync worker.", "Start one: serversync worker."),
        ("Nothing to replace.", "Nothing to replace."),
    ],
)
def test_a_command_becomes_the_way_in_the_pages(text: str, shown: str) -> None:
    assert in_pages(text) == shown


def test_a_mailbox_that_the_profile_may_not_touch_is_told_where_to_allow_it(company: Company) -> None:
    from serversync.administration import profiles

    box = mailbox_of(company.ada)
    with actor.acting(actor.INSTALLATION):
        organization.change("requireapprovalforuseremail", "no")
        profiles.add(
            "Main",
            {
                "incomingserverlocation": "mail.example.org",
                "incomingusername": "svc@example.org",
                "incomingpassword": "planted-Secret-4711",
                "allow": ["other.example"],
            },
        )
    Mailbox.objects.filter(pk=box.pk).update(
        emailserverprofile=profiles_pk("Main"), incomingemaildeliverymethod=2
    )
    page = logged_in(company.dora).get(reverse("mailbox", args=[box.pk])).content.decode()
    assert "Email Server Profiles &gt; Main &gt; Advanced &gt; Allowed Mailboxes" in page
    assert "serversync profile" not in page


def profiles_pk(name: str) -> object:
    from serversync.crm.models import EmailServerProfile

    return EmailServerProfile.objects.get(name=name).pk


def test_an_alert_says_the_way_in_the_pages(company: Company) -> None:
    TraceLog.objects.update(errordetails="Approve it: serversync mailbox approve ada@example.org.")
    page = logged_in(company.ada).get("/alerts/").content.decode()
    assert "More Commands &gt; Approve Email" in page


def test_whoever_lacks_a_privilege_is_told_where_roles_are_given(company: Company) -> None:
    page = logged_in(company.ada).get("/settings/").content.decode()
    assert "Users &gt; Roles" in page
    assert "serversync user" not in page
