"""Each way in which a server cannot be reached has an error of its own."""

import asyncio
import errno
import socket
from pathlib import Path
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web

from serversync.core.errors import (
    CertificateExpired,
    CertificateUntrusted,
    CertificateWrongHost,
    ConnectionLost,
    ConnectionRefused,
    HostUnknown,
    InputInvalid,
    InsecureAddress,
    NotExchange,
    ServerUnreachable,
)
from serversync.exchange.client import Endpoint, EwsClient
from serversync.exchange.network_errors import network_error
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.tls import ssl_context
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import BASIC, Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
ENDPOINT = Endpoint(url="https://mail.example.org/EWS/Exchange.asmx")


async def fine(request: web.Request) -> web.Response:
    return web.Response(body=answers.inbox().encode(), content_type="text/xml")


async def ask(endpoint: Endpoint) -> None:
    async with EwsClient(endpoint, BASIC) as client:
        await client.call(INBOX)


async def test_an_unknown_authority_is_not_trusted(servers: Servers) -> None:
    async with servers.serve(fine) as port:
        with pytest.raises(CertificateUntrusted) as caught:
            await ask(servers.endpoint(port, trusted=False))
    assert caught.value.details["host"] == "localhost"


async def test_a_certificate_for_another_host_is_refused(servers: Servers) -> None:
    other = servers.authority.issue("mail.example.org", name="other")
    async with servers.serve(fine, certificate=other) as port:
        with pytest.raises(CertificateWrongHost, match="localhost"):
            await ask(servers.endpoint(port))


async def test_a_certificate_without_the_address_is_refused(servers: Servers) -> None:
    other = servers.authority.issue("mail.example.org", name="other-address")
    async with servers.serve(fine, certificate=other) as port:
        with pytest.raises(CertificateWrongHost):
            await ask(servers.endpoint(port, host="127.0.0.1"))


async def test_an_expired_certificate_is_refused(servers: Servers) -> None:
    old = servers.authority.issue(days=-1, name="expired")
    async with servers.serve(fine, certificate=old) as port:
        with pytest.raises(CertificateExpired):
            await ask(servers.endpoint(port))


async def test_a_port_without_encryption_gets_no_password(servers: Servers) -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    async with servers.serve(handler, plain=True) as port:
        with pytest.raises(InsecureAddress):
            await ask(servers.endpoint(port))
    assert not seen


async def test_a_refused_connection_is_told_with_its_port(servers: Servers, free_port: int) -> None:
    with pytest.raises(ConnectionRefused, match=f"port {free_port}"):
        await ask(servers.endpoint(free_port))


async def test_a_server_that_does_not_answer_in_time_is_unreachable(servers: Servers) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with servers.serve(handler) as port:
        with pytest.raises(ServerUnreachable, match=r"no answer within 0\.1 s"):
            await ask(servers.endpoint(port, seconds=0.1))
        release.set()


async def test_a_server_that_never_finishes_tls_is_unreachable(servers: Servers) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ServerUnreachable, match=r"no (connection|answer) within"):
            await ask(servers.endpoint(silent.getsockname()[1], seconds=0.1))


async def test_a_proxy_is_named_when_it_is_the_one_that_refuses(servers: Servers, free_port: int) -> None:
    endpoint = Endpoint(url=ENDPOINT.url, proxy=f"http://user:secret@127.0.0.1:{free_port}")
    with pytest.raises(ConnectionRefused, match="the proxy 127") as caught:
        await ask(endpoint)
    assert "secret" not in f"{caught.value!r} {caught.value.details} {endpoint!r}"


async def test_a_server_that_does_not_speak_http_is_not_exchange(servers: Servers) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()

    from tests.unit.exchange.certificates import server_context

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=server_context(servers.certificate))
    async with server:
        with pytest.raises(NotExchange, match="does not speak HTTP"):
            await ask(servers.endpoint(server.sockets[0].getsockname()[1]))


def dns_error(number: int) -> aiohttp.ClientConnectorDNSError:
    return aiohttp.ClientConnectorDNSError(
        Mock(host="mail.example.org", port=443), socket.gaierror(number, "no")
    )


def test_an_unknown_name_is_told() -> None:
    assert isinstance(network_error(dns_error(socket.EAI_NONAME), ENDPOINT), HostUnknown)


def test_dns_servers_that_do_not_answer_are_tried_again() -> None:
    assert isinstance(network_error(dns_error(socket.EAI_AGAIN), ENDPOINT), ServerUnreachable)


def test_a_network_without_a_route_is_unreachable() -> None:
    cause = OSError(errno.ENETUNREACH, "Network is unreachable")
    error = network_error(aiohttp.ClientConnectorError(Mock(), cause), ENDPOINT)
    assert isinstance(error, ServerUnreachable)
    assert "Network is unreachable" in str(error)


def test_a_reset_is_a_lost_connection() -> None:
    assert isinstance(network_error(ConnectionResetError(104, "reset"), ENDPOINT), ConnectionLost)


def test_a_ca_file_that_is_missing_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"nowhere\.pem: No such file"):
        ssl_context(tmp_path / "nowhere.pem")


def test_a_ca_file_without_a_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(InputInvalid, match="holds no PEM certificate"):
        ssl_context(tmp_path / "empty.pem")


def test_one_context_is_shared_until_the_ca_file_changes(servers: Servers, tmp_path: Path) -> None:
    copy = tmp_path / "ca.pem"
    copy.write_bytes(servers.authority.ca_file.read_bytes())
    first = ssl_context(copy)
    assert ssl_context(copy) is first
    copy.write_bytes(copy.read_bytes() * 2)
    assert ssl_context(copy) is not first
