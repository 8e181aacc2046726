"""Every version of Exchange that can be imitated: taken or refused with a clear text, also side by side."""

import re
import ssl
from collections import Counter

import aiohttp
import pytest

from serversync.core.errors import VersionUnsupported
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.behaviour import Generation
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.simulator import Exchange, SimulatorServer, Traffic

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
ACCOUNT, PASSWORD = "svc@example.org", "Correct-Horse-1"
PEOPLE = ("ada@example.org", "ben@example.org")


def organization(version: str) -> Exchange:
    exchange = Exchange(version)
    exchange.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    for address in PEOPLE:
        exchange.add_mailbox(address)
    return exchange


def client_of(server: SimulatorServer, **options: bool) -> EwsClient:
    credentials = Credentials(username=ACCOUNT, password=PASSWORD, scheme=Scheme.BASIC)
    return EwsClient(Endpoint(url=server.url, ca_file=server.ca_file), credentials, **options)


def versions_asked(server: SimulatorServer) -> list[str]:
    asked: list[str] = []

    def look(traffic: Traffic) -> None:
        asked.append(re.findall(r'RequestServerVersion Version="(\w+)"', traffic.request.decode())[0])

    server.on_response.append(look)
    return asked


@pytest.mark.parametrize(
    ("version", "generation"),
    [
        ("Exchange2010_SP3", Generation.EXCHANGE2010_SP3),
        ("Exchange2013_SP1", Generation.EXCHANGE2013_SP1),
        ("Exchange2016", Generation.EXCHANGE2016),
        ("Exchange2019", Generation.EXCHANGE2019),
        ("ExchangeSE", Generation.EXCHANGE2019),
    ],
)
async def test_a_supported_version_is_asked_in_its_schema(version: str, generation: Generation) -> None:
    async with SimulatorServer(organization(version)) as server, client_of(server) as client:
        asked = versions_asked(server)
        for _ in range(2):
            (folder,) = await client.call(INBOX, mailbox=PEOPLE[0])
            assert folder.unwrap().display_name == "Inbox"
        assert client.behaviour(PEOPLE[0]).generation is generation
    old = generation is Generation.EXCHANGE2010_SP3
    assert (
        asked
        == (["Exchange2013_SP1"] if old else []) + ["Exchange2010_SP2" if old else "Exchange2013_SP1"] * 2
    )


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("Exchange2007_SP1", r"Exchange Server 2007 SP1 \(8\.1\.436\.0\)"),
        ("Exchange2010", r"Exchange Server 2010 RTM \(14\.0\.639\.21\)"),
        ("Exchange2010_SP1", r"Exchange Server 2010 SP1 \(14\.1\.218\.15\)"),
        ("Exchange2010_SP2", r"Exchange Server 2010 SP2 \(14\.2\.328\.9\)"),
        ("Exchange2013", r"Exchange Server 2013 RTM \(15\.0\.516\.32\)"),
    ],
)
async def test_a_version_that_is_too_old_is_refused_by_name(version: str, words: str) -> None:
    async with SimulatorServer(organization(version)) as server, client_of(server) as client:
        with pytest.raises(VersionUnsupported, match=rf"{words} is not supported\."):
            await client.call(INBOX, mailbox=PEOPLE[0])


async def test_without_the_gate_an_old_version_answers() -> None:
    server = SimulatorServer(organization("Exchange2010_SP2"))
    async with server, client_of(server, require_supported=False) as client:
        (folder,) = await client.call(INBOX, mailbox=PEOPLE[0])
    assert folder.unwrap().display_name == "Inbox"


async def test_mailboxes_on_servers_of_several_versions_are_each_asked_in_their_schema() -> None:
    exchange = organization("Exchange2016")
    exchange.move_to_server(PEOPLE[0], "Exchange2010_SP3")
    async with SimulatorServer(exchange) as server, client_of(server) as client:
        asked = versions_asked(server)
        for _ in range(3):
            for address in PEOPLE:
                await client.call(INBOX, mailbox=address)
        behaviours = [client.behaviour(address).generation for address in PEOPLE]
    assert Counter(asked) == {"Exchange2013_SP1": 1 + 3, "Exchange2010_SP2": 3}
    assert behaviours == [Generation.EXCHANGE2010_SP3, Generation.EXCHANGE2016]


async def test_a_mailbox_that_moves_to_a_newer_server_is_asked_in_the_newer_schema() -> None:
    exchange = organization("Exchange2016")
    exchange.move_to_server(PEOPLE[0], "Exchange2010_SP3")
    async with SimulatorServer(exchange) as server, client_of(server) as client:
        await client.call(INBOX, mailbox=PEOPLE[0])
        exchange.move_to_server(PEOPLE[0], "Exchange2016")
        asked = versions_asked(server)
        for _ in range(2):
            await client.call(INBOX, mailbox=PEOPLE[0])
    assert asked == ["Exchange2010_SP2", "Exchange2013_SP1"]


async def test_the_build_is_told_before_anybody_logs_on() -> None:
    async with (
        SimulatorServer(organization("ExchangeSE")) as server,
        aiohttp.ClientSession() as session,
        session.post(server.url, ssl=ssl.create_default_context(cafile=server.ca_file)) as response,
    ):
        assert response.status == 401
        assert response.headers["X-OWA-Version"] == "15.2.2562.17"
