"""A running simulator is asked, broken and healed from outside; its state survives in a file."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from serversync.simulator import Exchange, Fault, SimulatorThread
from serversync.simulator.administration import Administration
from serversync.simulator.breaking import ACTIONS, NotUnderstoodError, act, make_fault
from serversync.simulator.codec import UnreadableError
from serversync.simulator.control import COMMANDS, control
from serversync.simulator.mailbox import Quota
from serversync.simulator.rules import Actions, InboxRule
from serversync.simulator.seed import SeededMail
from serversync.simulator.snapshot import load, save
from serversync.simulator.throttling import ThrottlingPolicy
from tests.simulator.conftest import ACCOUNT, GET_INBOX, MAILBOX, Client, Serve, make_exchange, plain

REQUEST = (
    b"From: ben@example.com\r\nTo: ada@example.org\r\nSubject: Review\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:r1\r\nDTSTART:20260323T090000Z\r\n"
    b"DTEND:20260323T100000Z\r\nORGANIZER:mailto:ben@example.com\r\nATTENDEE:mailto:ada@example.org\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def about(exchange: Exchange, tmp_path: Path) -> Iterator[Path]:
    """A simulator with its interface; the file says where it is."""
    administration = Administration(exchange, snapshot=tmp_path / "state")
    file = tmp_path / "about.json"
    with SimulatorThread(exchange, beside=(administration,)):
        file.write_text(
            json.dumps({"admin_url": administration.url, "admin_token": administration.token}) + "\n"
        )
        yield file


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    code = control(argv)
    answer = json.loads(capsys.readouterr().out)
    return answer if code == 0 else (code, answer)


def test_nobody_gets_in_without_the_token(about: Path) -> None:
    url = json.loads(about.read_text())["admin_url"]
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        request = urllib.request.Request(url + "/status", headers=headers)  # noqa: S310 - the address is ours
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(request)  # noqa: S310 - the address is ours
        refused.value.close()


def test_faults_are_added_listed_and_cleared(
    exchange: Exchange, about: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--about", str(about))
    asked = ("--operation", "GetFolder", "--response-code", "ErrorServerBusy", "--nth", "2", "--always")
    told(capsys, "break", *where, *asked)
    expected = {"operation": "GetFolder", "response_code": "ErrorServerBusy", "nth": 2, "times": None}
    assert told(capsys, "list", *where) == [expected | {"seen": 0, "happened": 0}]
    assert [one.operation for one in exchange.faults] == ["GetFolder"]
    assert told(capsys, "status", *where)["faults"] == 1
    assert told(capsys, "clear", *where) == {"cleared": 1}
    assert list(exchange.faults) == []


def test_mail_is_delivered_looked_at_and_bounced(
    exchange: Exchange, about: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--about", str(about))
    (tmp_path / "one.eml").write_bytes(plain(1))
    (item,) = told(capsys, "deliver", *where, str(tmp_path / "one.eml"), MAILBOX)["item_ids"]
    assert exchange.find_item(item)[1].mime == plain(1)
    code, answer = told(capsys, "deliver", *where, str(tmp_path / "one.eml"), "nobody@example.org")
    assert (code, "nobody@example.org" in answer["error"]) == (1, True)
    assert told(capsys, "outbox", *where) == []
    assert told(capsys, "bounce", *where, "7")[0] == 1


def test_a_command_says_when_there_is_no_simulator(
    about: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SERVERSYNC_SIMULATOR", raising=False)
    assert control(["status"]) == 2
    monkeypatch.setenv("SERVERSYNC_SIMULATOR", about.read_text())
    assert control(["status"]) == 0
    gone = json.loads(about.read_text()) | {"admin_url": "http://127.0.0.1:1"}
    monkeypatch.setenv("SERVERSYNC_SIMULATOR", json.dumps(gone))
    assert control(["status"]) == 2
    assert "does not answer" in capsys.readouterr().err


def test_each_action_does_something_or_says_what_it_needs(exchange: Exchange) -> None:
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    given = {
        "seconds": 60.0,
        "item_id": item,
        "mailbox": MAILBOX,
        "account": ACCOUNT,
        "version": "Exchange2010_SP3",
    }
    for name, needs in ACTIONS.items():
        if needs:
            with pytest.raises(NotUnderstoodError, match="needs"):
                act(exchange, name, {})
        act(exchange, name, given)
    assert exchange.clock_skew.total_seconds() == 60
    assert exchange.illegal_characters == "reference"
    assert exchange.mailbox(MAILBOX).generation == 2
    assert exchange.version_of(exchange.mailbox(MAILBOX)).name == "Exchange2010_SP3"
    account = exchange.directory.find(ACCOUNT)
    assert account is not None
    assert account.is_locked
    for name, wrong in (("nothing", given), ("move-mailbox", given | {"mailbox": "x@example.org"})):
        with pytest.raises(NotUnderstoodError):
            act(exchange, name, wrong)


@pytest.mark.parametrize("wanted", [{"nonsense": 1}, {"nth": "1"}, {"nth": True}, {"garble": 1}])
def test_a_fault_that_makes_no_sense_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstoodError):
        make_fault(wanted)
    assert make_fault({"delay": 1, "times": None}) == Fault(delay=1, times=None)


def test_a_fault_with_a_probability_happens_now_and_then(exchange: Exchange, client: Client) -> None:
    fault = exchange.faults.add(
        Fault(operation="GetFolder", response_code="ErrorItemNotFound", probability=0.5, times=None)
    )
    codes = [client.call(GET_INBOX).codes[0] for _ in range(40)]
    assert 5 < codes.count("ErrorItemNotFound") < 35
    assert fault.happened == codes.count("ErrorItemNotFound")


def test_a_garbled_answer_is_no_xml(exchange: Exchange, client: Client) -> None:
    exchange.faults.add(Fault(operation="GetFolder", garble=True))
    reply = client.call(GET_INBOX)
    assert b"\x00<\xff&" in reply.body
    assert client.call(GET_INBOX).codes == ["NoError"]


def test_the_state_survives_in_a_file_with_ids_and_positions(tmp_path: Path, serve: Serve) -> None:
    exchange = make_exchange("Exchange2019")
    exchange.seed_mailbox(MAILBOX, SeededMail(7, attachments=True), 20)
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    mailbox = exchange.mailbox(MAILBOX)
    mailbox.create_folder("Own")
    mailbox.quota, mailbox.oof.state = Quota(prohibit_send=5), "Enabled"
    mailbox.rules.append(InboxRule("1", "r", actions=Actions(delete=True)))
    with serve(exchange) as simulator:
        client = Client(simulator)
        state = client.sync().texts(".//m:SyncState")[0]
        before = client.get_items(item, mailbox.item_id(mailbox.item(5))).body
        client.close()
    save(exchange, tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    restored = load(tmp_path / "state")
    assert restored.mailbox(MAILBOX).rules == mailbox.rules
    assert (restored.mailbox(MAILBOX).quota, restored.mailbox(MAILBOX).oof) == (mailbox.quota, mailbox.oof)
    with serve(restored) as simulator:
        client = Client(simulator)
        assert client.get_items(item, mailbox.item_id(mailbox.item(5))).body == before
        assert client.sync(state).texts(".//t:Create") == []
        restored.deliver(plain(2), [MAILBOX])
        client.close()
    assert len(restored.mailbox(MAILBOX).distinguished_folder("deleteditems").items) == 1


def test_a_snapshot_keeps_what_waits_and_what_is_in_force(tmp_path: Path) -> None:
    exchange = make_exchange()
    exchange.clock_skew = timedelta(minutes=7)
    exchange.directory.lockout_threshold = 3
    exchange.throttling = ThrottlingPolicy.of(exchange.version)
    exchange.attendant.is_held = True
    exchange.deliver(REQUEST, [MAILBOX])
    save(exchange, tmp_path / "state")
    restored = load(tmp_path / "state")
    assert restored.clock_skew == timedelta(minutes=7)
    assert restored.directory.lockout_threshold == 3
    assert restored.throttling == exchange.throttling
    calendar = restored.mailbox(MAILBOX).distinguished_folder("calendar")
    assert (restored.attendant.is_held, len(calendar.items)) == (True, 0)
    assert (restored.process_meetings(), len(calendar.items)) == (1, 1)


def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"nonsense", b"\x1f\x8b\x08"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(UnreadableError):
            load(tmp_path / "x")


def test_the_command_takes_up_its_state_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serversync.simulator", "--mailboxes", "1", "--smtp-port", "0"]
    command += ["--snapshot", str(tmp_path / "state")]
    (tmp_path / "one.eml").write_bytes(plain(1))
    counts = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            (tmp_path / "about").write_text(line)
            where = ["--about", str(tmp_path / "about")]
            assert json.loads(line)["smtp_port"] > 0
            address = json.loads(line)["mailboxes"][0]
            asked = [sys.executable, "-m", "serversync.simulator"]
            status = subprocess.run([*asked, "status", *where], capture_output=True, check=True)
            counts.append(json.loads(status.stdout)["messages"])
            delivery = [*asked, "deliver", *where, str(tmp_path / "one.eml"), address]
            subprocess.run(delivery, check=True, capture_output=True)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
    assert counts == [0, 1]
    assert {"break", "list", "clear", "deliver", "status"} <= set(COMMANDS)
