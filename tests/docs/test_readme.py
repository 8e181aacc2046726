"""The commands of the README do what it says, in its order, against an Exchange; so do the examples in Python."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from serversync.simulator import Exchange, SimulatorThread

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
ADDRESS = "https://mail.example.org/EWS/Exchange.asmx"
ADA, SUPPORT, ACCOUNT = "ada@example.org", "support@example.org", "svc-crm@example.org"
PASSWORD = "planted-Secret-4711"
MAIL = (
    b"From: Grace Hopper <grace@example.com>\r\nTo: ada@example.org, support@example.org\r\nSubject: Compiler\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n\r\nHello Ada\r\n"
)


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    """The Exchange of the README: its service account, its two mailboxes, one message in both."""
    exchange = Exchange()
    exchange.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    exchange.add_mailbox(ADA)
    exchange.add_mailbox(SUPPORT)
    exchange.deliver(MAIL, [ADA, SUPPORT])
    with SimulatorThread(exchange) as running:
        yield running


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell's environment with the program on its path and a data folder of its own."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SERVERSYNC_", "DJANGO_"))
    }
    kept.pop("DATABASE_URL", None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "SERVERSYNC_DATA": str(tmp_path / "data"), "COLUMNS": "200"}


def serve(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Start what keeps running, open its page, end it as a service manager does."""
    process = subprocess.Popen(
        [*command.split(), "--port", "0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"Pages: (\S+)", process.stdout.readline())
        assert found
        with urllib.request.urlopen(f"{found[1]}readyz", timeout=300) as answer:  # noqa: S310 - our own http address
            assert answer.read() == b"ready\n"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=300)
    assert process.returncode == 0


def test_the_steps_to_connect_an_exchange_work_in_their_order(
    simulator: SimulatorThread, environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copy(simulator.ca_file, tmp_path / "company-ca.pem")
    (tmp_path / "password.txt").write_text(f"{PASSWORD}\n")
    (tmp_path / "log-in.txt").write_text(f"{PASSWORD}-2\n")
    said = {}
    for command in COMMANDS:
        if command == "serversync serve":
            serve(command, tmp_path, environment)
            continue
        done = subprocess.run(
            ["bash", "-c", command.replace(ADDRESS, simulator.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert PASSWORD not in done.stdout + done.stderr
        said[" ".join(command.split()[1:3])] = done.stdout
    assert "ok        Account may act as the sample mailbox" in said["profile test"]
    assert "Items in the Inbox: 1" in said["profile test"]
    assert f"{ADA}: 1 tracked" in said["mailbox sync"]
    assert f"{SUPPORT}: 1 already tracked" in said["mailbox sync"]
    assert "Tracked." in said["mailbox why"]
    assert said["email list"].count("Compiler") == 1
    assert "every stored password" in said["doctor"]


def test_the_steps_use_every_command_that_connecting_needs() -> None:
    used = {" ".join(command.split()[1:3]) for command in COMMANDS}
    assert {"profile add", "profile test", "settings set", "user add", "queue add", "serve"} <= used
    assert {
        f"mailbox {verb}" for verb in ("apply-defaults", "approve", "test-enable", "sync", "list", "why")
    } <= used


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.MULTILINE))
    assert {"demo", "test", "check", "bench", "clean", "fix", "lock", "run"} <= named
    assert named <= targets


def test_the_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert first
    assert [line.split()[:2] for line in first[1].splitlines()] == [["make", "demo"], ["make", "test"]]
    assert README.index(first[0]) < 50


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("given", "command"),
    [
        (["ONCE=1", "MAIL=DIR"], 'demo --once --mail "DIR"'),
        (["ONCE=1"], "demo --once"),
    ],
)
def test_make_demo_runs_the_demonstration(given: list[str], command: str) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    told = subprocess.run(
        ["make", "-n", "-o", ".venv/.run", "demo", *given],
        cwd=ROOT,
        env=own | {"MAIL": "/var/mail/ada"},  # what a log-in shell sets means something else
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1].strip() == f".venv/bin/serversync {command}"


def test_the_example_with_exchangelib_runs(environment: dict[str, str]) -> None:
    page = (ROOT / "docs" / "reference" / "simulator.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "['Hello']\n"), done.stderr
