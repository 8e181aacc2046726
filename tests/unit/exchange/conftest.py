"""A TLS server on loopback that answers what a test tells it to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from tests.unit.exchange.certificates import Authority, server_context

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BASIC = Credentials(username="svc@example.org", password="Correct-Horse-1", scheme=Scheme.BASIC)


class Servers:
    """Starts servers and makes clients for them."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.certificate = authority.issue()

    @asynccontextmanager
    async def serve(
        self, handler: Handler, *, certificate: Path | None = None, plain: bool = False
    ) -> AsyncIterator[int]:
        """Run a handler behind TLS; gives the port."""

        async def as_iis(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            if not response.prepared:
                response.headers.setdefault("Server", "Microsoft-IIS/10.0")
            return response

        runner = web.ServerRunner(web.Server(as_iis, keepalive_timeout=60))
        await runner.setup()
        context = None if plain else server_context(certificate or self.certificate)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        try:
            yield port
        finally:
            await runner.cleanup()
            await asyncio.sleep(0)

    def endpoint(
        self, port: int, *, host: str = "localhost", seconds: float = 20, trusted: bool = True
    ) -> Endpoint:
        """The endpoint of a server on that port."""
        return Endpoint(
            url=f"https://{host}:{port}/EWS/Exchange.asmx",
            ca_file=self.authority.ca_file if trusted else None,
            timeout=timedelta(seconds=seconds),
        )

    @asynccontextmanager
    async def client(
        self, handler: Handler, credentials: Credentials = BASIC, *, connections: int = 4, **options: object
    ) -> AsyncIterator[EwsClient]:
        """A client of a server that runs a handler."""
        async with (
            self.serve(handler) as port,
            EwsClient(self.endpoint(port), credentials, connections=connections, **options) as client,
        ):
            yield client


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    """Servers with certificates of one authority."""
    return Servers(Authority(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
