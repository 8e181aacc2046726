"""An outgoing HTTP proxy: TLS and the log-on go through it untouched."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from msgspec.structs import replace

from serversync.core.errors import CertificateUntrusted, ServerUnreachable
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import BASIC, Servers
from tests.unit.exchange.test_windows_log_on import WindowsServer, account, accounts

__all__ = ["accounts"]

INBOX = GetFolder((DistinguishedFolderId("inbox"),))


@asynccontextmanager
async def proxy(requests: list[str], status: str = "200 Connection established") -> AsyncIterator[int]:
    """A proxy that notes what it is asked and passes everything on; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        requests.append(head)
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if not status.startswith("200"):
            writer.close()
            return
        host, _, port = head.split()[1].rpartition(":")
        upstream = await asyncio.open_connection(host, int(port))
        for pair in ((reader, upstream[1]), (upstream[0], writer)):
            task = asyncio.create_task(pump(*pair))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*tasks)


async def fine(request: web.Request) -> web.Response:
    return web.Response(body=answers.inbox().encode(), content_type="text/xml")


@pytest.mark.usefixtures("accounts")
async def test_a_bound_log_on_goes_through_the_proxy_once(servers: Servers) -> None:
    requests: list[str] = []
    server = WindowsServer(servers.certificate)
    async with servers.serve(server.handler) as port, proxy(requests) as through:
        endpoint = replace(servers.endpoint(port), proxy=f"http://127.0.0.1:{through}")
        async with EwsClient(endpoint, account()) as client:
            await client.call(INBOX)
            await client.call(INBOX)
    assert len(requests) == len(server.log_ons) == 1
    assert requests[0].startswith(f"CONNECT localhost:{port} ")


async def test_the_proxy_gets_its_own_credentials_and_not_those_of_exchange(servers: Servers) -> None:
    requests: list[str] = []
    async with servers.serve(fine) as port, proxy(requests) as through:
        endpoint = replace(servers.endpoint(port), proxy=f"http://user:secret@127.0.0.1:{through}")
        async with EwsClient(endpoint, BASIC) as client:
            await client.call(INBOX)
    assert f"Basic {base64.b64encode(b'user:secret').decode()}" in requests[0]
    assert requests[0].count("uthorization") == 1


async def test_a_certificate_is_verified_through_the_proxy_too(servers: Servers) -> None:
    async with servers.serve(fine) as port, proxy([]) as through:
        endpoint = replace(servers.endpoint(port, trusted=False), proxy=f"http://127.0.0.1:{through}")
        async with EwsClient(endpoint, BASIC) as client:
            with pytest.raises(CertificateUntrusted):
                await client.call(INBOX)


async def test_a_proxy_that_refuses_is_named(servers: Servers) -> None:
    async with proxy([], "407 Proxy Authentication Required") as through:
        endpoint = replace(servers.endpoint(443), proxy=f"http://127.0.0.1:{through}")
        async with EwsClient(endpoint, BASIC) as client:
            with pytest.raises(ServerUnreachable, match=r"the proxy 127\.0\.0\.1 .* HTTP 407"):
                await client.call(INBOX)
