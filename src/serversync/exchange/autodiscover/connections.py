"""Carries the requests of a search over the network, and brings the replies.

A POST goes out without the account first. Only where it is answered with 401 does the account log on, with the
authentication that the profile chose (Basic only where it was chosen), channel-bound, over a verified certificate.
"""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from msgspec import Struct

from serversync.core.errors import CertificateWrongHost, ServiceError
from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.flow import Challenge
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.autodiscover.certificate_names import NamingConnector, presented_names
from serversync.exchange.autodiscover.documents import LARGEST
from serversync.exchange.autodiscover.srv import DnsSrv, SrvLookup
from serversync.exchange.autodiscover.steps import Get, Post, Reply, Request, Resolve
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.http_limits import HTTP_LIMITS
from serversync.exchange.network_errors import network_error
from serversync.exchange.tls import ssl_context
from serversync.exchange.transport import Transport

_XML: Final = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml"}


class Network(Struct, frozen=True, kw_only=True):
    """How a search reaches servers.

    Attributes:
        ca_file: PEM file of an authority to trust beside the system's own.
        timeout: The longest time for one request.
        proxy: URL of an outgoing HTTP proxy.
        user_agent: Names the program to the servers.
        resolver: Turns names into addresses; ``None`` for the system's own.
        srv: Asks for SRV records.
    """

    ca_file: Path | None = None
    timeout: timedelta = timedelta(seconds=20)
    proxy: str | None = None
    user_agent: str = "serversync"
    resolver: AbstractResolver | None = None
    srv: SrvLookup = DnsSrv()

    def __repr__(self) -> str:
        return f"Network(ca_file={self.ca_file!s}, timeout={self.timeout})"


class Connections:
    """Performs requests, each over a connection of its own."""

    def __init__(self, credentials: Credentials, network: Network, guard: LogOnGuard | None = None) -> None:
        self._credentials = credentials
        self._network = network
        self._guard = guard

    async def perform(self, request: Request) -> Reply:
        """Return what came back; what went wrong is in it."""
        started = time.monotonic()
        try:
            reply = await self._perform(request)
        except ServiceError as error:
            names = await self._presented(request, error)
            reply = Reply(error=error, certificate_names=names)
        milliseconds = round((time.monotonic() - started) * 1000)
        return Reply(
            milliseconds=milliseconds,
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            error=reply.error,
            offered=reply.offered,
            certificate_names=reply.certificate_names,
            records=reply.records,
        )

    async def _perform(self, request: Request) -> Reply:
        match request:
            case Resolve(name=name):
                return Reply(records=await self._network.srv(name))
            case Get(url=url):
                return await self._anonymous("GET", url, b"", {})
            case Post(url=url, body=body, address=address):
                reply = await self._anonymous("POST", url, body, {"X-AnchorMailbox": address})
                return await self._logged_on(request, reply) if reply.status == 401 else reply

    def _endpoint(self, url: str) -> Endpoint:
        """Return the endpoint; for plain HTTP one that serves to word errors only."""
        network = self._network
        if url.startswith("http://"):
            parts = urlsplit(url)
            url = f"https://{parts.hostname}:{parts.port or 80}{parts.path}"
        return Endpoint(url=url, ca_file=network.ca_file, timeout=network.timeout, proxy=network.proxy)

    async def _anonymous(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Ask without credentials; nothing is followed.

        Raises:
            ServiceError: no answer.
        """
        network = self._network
        endpoint = self._endpoint(url)
        seconds = network.timeout.total_seconds()
        connector = NamingConnector(
            ssl=ssl_context(network.ca_file), resolver=network.resolver, force_close=True
        )
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"User-Agent": network.user_agent},
                    timeout=aiohttp.ClientTimeout(total=seconds),
                    **HTTP_LIMITS,
                ) as session,
                session.request(
                    method,
                    url,
                    data=body or None,
                    headers={**(_XML if method == "POST" else {}), **headers},
                    allow_redirects=False,
                    proxy=network.proxy,
                ) as response,
            ):
                return _reply(response, await _read(response), connector.names)
        except (aiohttp.ClientError, OSError) as error:
            raise network_error(error, endpoint) from error

    async def _logged_on(self, request: Post, refused: Reply) -> Reply:
        """Ask again, logged on.

        Raises:
            ServiceError: no answer over the network.
        """
        transport = Transport(
            self._endpoint(request.url),
            self._credentials,
            connections=1,
            user_agent=self._network.user_agent,
            max_answer_bytes=LARGEST,
            guard=self._guard,
            resolver=self._network.resolver,
        )
        try:
            async with transport.exchange(request.body, {"X-AnchorMailbox": request.address}) as response:
                content = await transport.read(response, "Autodiscover")
                reply = _reply(response, content, refused.certificate_names)
        except ServiceError as error:
            return Reply(
                status=refused.status,
                headers=refused.headers,
                error=error,
                offered=refused.offered,
                certificate_names=refused.certificate_names,
            )
        finally:
            await transport.close()
        return Reply(
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            offered=refused.offered,
            certificate_names=reply.certificate_names,
        )

    async def _presented(self, request: Request, error: ServiceError) -> tuple[str, ...]:
        """Return the names of a certificate that was refused for its name; nothing is sent to read them."""
        if isinstance(request, Resolve) or not isinstance(error, CertificateWrongHost):
            return ()
        if self._network.proxy is not None:
            return ()
        return await presented_names(self._endpoint(request.url), self._network.resolver)


def _reply(response: aiohttp.ClientResponse, content: bytes, names: tuple[str, ...]) -> Reply:
    values = tuple(response.headers.getall("WWW-Authenticate", ()))
    return Reply(
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=content,
        offered=Challenge(values).offered if values else "",
        certificate_names=names,
    )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read the body, up to the limit and one byte more."""
    pieces: list[bytes] = []
    size = 0
    async with aclosing(_chunks(response)) as chunks:
        async for chunk in chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size > LARGEST:
                break
    return b"".join(pieces)[: LARGEST + 1]


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async for chunk in response.content.iter_any():
        yield chunk
