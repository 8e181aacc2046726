"""The command line on the run's test database, beside a simulator of Exchange."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from serversync.simulator import Exchange, SimulatorThread

PASSWORD = "planted-Secret-4711"
ACCOUNT = "svc-crm@example.org"
ADA = "ada@example.org"
MAIL = (
    b"From: Grace Hopper <grace@example.com>\r\nTo: ada@example.org\r\nSubject: Compiler \x1b[31m\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n\r\nHello Ada\r\n"
)


@dataclass
class CommandLine:
    """Runs commands in this process and remembers everything that they wrote."""

    written: list[str]

    def __call__(self, *arguments: str, typed: str | None = None) -> Result:
        from serversync.cli.main import app

        result = CliRunner().invoke(app, list(arguments), input=typed)
        self.written += [result.stdout, result.stderr]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def run(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """Commands find the test database; at the end nothing that they wrote holds the password."""
    monkeypatch.setattr("serversync.cli.session.start_database", nullcontext)
    from serversync.crm.models import Organization

    Organization.objects.current()
    line = CommandLine([])
    yield line
    assert PASSWORD not in "".join(line.written)


@pytest.fixture
def exchange() -> Iterator[SimulatorThread]:
    """An Exchange with Ada's mailbox, and one message in it."""
    made = Exchange()
    made.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    made.add_mailbox(ADA)
    made.deliver(MAIL, [ADA])
    with SimulatorThread(made, schemes=("NTLM", "Negotiate")) as simulator:
        yield simulator


@pytest.fixture
def add_profile(run: CommandLine, exchange: SimulatorThread) -> Callable[..., Result]:
    """Add a profile of the simulator, with more options or other ones."""

    def add(name: str = "Exchange", *more: str, password: str = PASSWORD) -> Result:
        arguments = ["profile", "add", name, "--ews-url", exchange.url, "--username", ACCOUNT]
        trust = [] if "--ca" in more else ["--ca", str(exchange.ca_file)]
        return run(*arguments, *trust, "--password-stdin", *more, typed=f"{password}\n")

    return add


@pytest.fixture
def ready(run: CommandLine, add_profile: Callable[..., Result]) -> CommandLine:
    """Ada, with an approved mailbox on the simulator that was not tested yet."""
    for result in (
        add_profile(),
        run("settings", "set", "defaultemailserverprofileid", "exchange"),
        run("user", "add", ADA, "--name", "Ada Lovelace", "--track", "all"),
        run("mailbox", "apply-defaults", "--all"),
        run("mailbox", "approve", ADA),
    ):
        assert result.exit_code == 0, result.output
    return run
