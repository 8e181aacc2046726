"""Workers run over the event loop that costs least, and over asyncio's own where there is no other."""

import asyncio
import importlib.util
import socket
from datetime import timedelta

import pytest

from serversync.core.errors import (
    CertificateUntrusted,
    ConnectionRefused,
    HostUnknown,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.client import Credentials, Endpoint, EwsClient, Scheme
from serversync.exchange.inspection import certificates, wire
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.outcome import Success
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.jobs import loop
from serversync.simulator import Exchange, SimulatorThread


async def running_loop():
    return type(asyncio.get_running_loop()).__module__


def test_a_worker_runs_over_uvloop():
    pytest.importorskip("uvloop")
    assert loop.run(running_loop()).startswith("uvloop")


def test_without_uvloop_a_worker_runs_over_the_loop_of_asyncio(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert loop.run(running_loop()).startswith("asyncio")


def test_what_a_worker_raises_is_raised():
    async def fail():
        raise LookupError("no worker")

    with pytest.raises(LookupError, match="no worker"):
        loop.run(fail())


@pytest.fixture(scope="module")
def simulator():
    exchange = Exchange()
    exchange.add_account("svc-crm@example.org", password="password", impersonation=True)
    exchange.add_mailbox("ada@example.org")
    with SimulatorThread(exchange) as running:
        yield running


async def ask(url, ca_file, seconds=30, scheme=Scheme.NTLM):
    """Ask for an Inbox; return what came of it."""
    endpoint = Endpoint(url=url, ca_file=ca_file, timeout=timedelta(seconds=seconds))
    account = Credentials(username="svc-crm@example.org", password="password", scheme=scheme)
    async with EwsClient(endpoint, account) as client:
        try:
            (outcome,) = await client.call(
                GetFolder((DistinguishedFolderId("inbox"),)), mailbox="ada@example.org"
            )
        except ServiceError as error:
            return type(error)
        return type(outcome)


@pytest.mark.parametrize("scheme", [Scheme.NTLM, Scheme.BASIC])
def test_exchange_is_read_over_the_loop_of_workers(simulator, scheme):
    assert loop.run(ask(simulator.url, simulator.ca_file, scheme=scheme)) is Success


def test_certificates_are_looked_at_over_the_loop_of_workers(simulator):
    endpoint = Endpoint(url=simulator.url, ca_file=simulator.ca_file)
    agreed = loop.run(wire.secured(endpoint, "127.0.0.1", seconds=30))
    assert certificates.read(agreed.chain[0]).subject == "CN=localhost"


def test_what_keeps_a_connection_from_working_is_told_apart_over_the_loop_of_workers(simulator):
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as gone:
        refused = gone.getsockname()[1]
        gone.close()
        silent_url = f"https://localhost:{silent.getsockname()[1]}/"
        assert loop.run(ask("https://exchange.invalid/", simulator.ca_file)) is HostUnknown
        assert loop.run(ask(f"https://localhost:{refused}/", simulator.ca_file)) is ConnectionRefused
        assert loop.run(ask(silent_url, simulator.ca_file, seconds=0.3)) is ServerUnreachable
        assert loop.run(ask(simulator.url, None)) is CertificateUntrusted
