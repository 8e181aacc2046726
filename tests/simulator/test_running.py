"""Starting and stopping: the command, the thread, good and bad certificates."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from serversync.simulator import CertificateOptions, Exchange, SimulatorServer, SimulatorThread
from serversync.simulator.main import arguments, build
from tests.simulator.conftest import GET_INBOX, MAILBOX, Client, basic, envelope, impersonate, make_exchange


def test_the_command_says_where_it_is_and_ends_when_asked() -> None:
    command = [
        sys.executable,
        "-m",
        "serversync.simulator",
        "--mailboxes",
        "2",
        "--messages",
        "3",
        "--version",
        "ExchangeSE",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        about = json.loads(process.stdout.readline())
        context = ssl.create_default_context(cafile=about["ca_file"])
        request = urllib.request.Request(  # noqa: S310 - the address is ours
            about["url"],
            data=envelope(GET_INBOX, header=impersonate(about["mailboxes"][1])).encode(),
            headers={"Content-Type": "text/xml", "Authorization": basic(about["account"], about["password"])},
        )
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310 - the address is ours
            assert b"<t:TotalCount>3</t:TotalCount>" in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stdout.read() == ""
    assert not os.path.exists(about["ca_file"])  # noqa: PTH110 - the path came as text


def test_the_command_delivers_the_messages_of_a_folder(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.eml").write_bytes(b"Subject: one\r\n\r\n")
    (tmp_path / "2.eml").write_bytes(b"Subject: two\r\n\r\n")
    (tmp_path / "note.txt").write_bytes(b"no mail")
    exchange = build(arguments().parse_args(["--mail", str(tmp_path), "--mailboxes", "2"]), "p")
    assert [len(mailbox.inbox.items) for mailbox in exchange.mailboxes] == [2, 0]


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        (CertificateOptions(names=("mail.elsewhere.example",)), "hostname mismatch"),
        (CertificateOptions(is_expired=True), "expired"),
        (CertificateOptions(is_trusted=False), "unable to get local issuer certificate"),
    ],
)
def test_bad_certificates_are_bad_in_the_way_asked_for(tls: CertificateOptions, reason: str) -> None:
    with SimulatorThread(make_exchange(), tls=tls) as simulator:
        client = Client(simulator)
        with pytest.raises(ssl.SSLCertVerificationError, match=rf"(?i){reason}"):
            client.call(GET_INBOX)
        client.close()


def test_the_ip_address_is_in_the_certificate(client: Client) -> None:
    context = ssl.create_default_context(cafile=str(client.simulator.ca_file))
    with pytest.raises(urllib.error.HTTPError, match="401") as caught:
        urllib.request.urlopen(client.simulator.url.replace("localhost", "127.0.0.1"), context=context)  # noqa: S310
    caught.value.close()


async def test_the_server_serves_within_a_loop_too() -> None:
    async with SimulatorServer(make_exchange()) as server:
        assert server.ca_file.is_file()
        assert server.url == f"https://localhost:{server.port}/EWS/Exchange.asmx"
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.ca_file


def test_a_port_in_use_is_reported_to_the_starting_thread(client: Client) -> None:
    taken = client.simulator.server.port
    with pytest.raises(OSError, match="address already in use"):
        SimulatorThread(Exchange(), port=taken).__enter__()


def test_mail_can_be_delivered_from_another_thread_while_it_serves(
    exchange: Exchange, client: Client
) -> None:
    exchange.deliver(b"Subject: x\r\n\r\n", [MAILBOX])
    assert client.call(GET_INBOX).texts(".//t:TotalCount") == ["1"]


def test_an_unknown_product_is_refused() -> None:
    with pytest.raises(ValueError, match="Exchange2016"):
        Exchange("Exchange5.5")
