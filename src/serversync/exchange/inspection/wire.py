"""TCP to a server, directly or through an HTTP proxy, and TLS on top of it; nothing is sent over it."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from serversync.core.errors import ConnectionRefused, ServerUnreachable, ServiceError
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.network_errors import network_error
from serversync.exchange.tls import ssl_context


class Proxy(Struct, frozen=True, gc=False):
    """An HTTP proxy; never shows the credentials that it may need."""

    scheme: str
    host: str
    port: int
    authorization: str | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{self.host}:{self.port})"

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Return the proxy that a URL names; without a port 80, or 443 for https."""
        parts = urlsplit(url)
        authorization = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        usual = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname or "", parts.port or usual, authorization)


class Secured(Struct, frozen=True, gc=False):
    """A TLS connection as it was agreed: protocol, cipher, and the certificates that the server sent (DER)."""

    protocol: str
    cipher: str
    chain: tuple[bytes, ...]


@asynccontextmanager
async def connected(
    endpoint: Endpoint, address: str, *, seconds: float
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a TCP connection that ends at the server: to ``address``, which is the proxy's where there is one.

    Raises:
        ServiceError: nobody listens, nothing answers, or the proxy refuses.
    """
    proxy = Proxy.parse(endpoint.proxy) if endpoint.proxy else None
    writer: asyncio.StreamWriter | None = None
    try:
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(
                    address, proxy.port if proxy else endpoint.port
                )
                if proxy is not None:
                    await _tunnel(proxy, endpoint, reader, writer)
        except TimeoutError as error:
            raise ServerUnreachable(
                **_peer(endpoint, proxy), reason=f"no connection within {seconds:g} s"
            ) from error
        except OSError as error:
            raise _refused(error, endpoint, proxy) from error
        yield reader, writer
    finally:
        if writer is not None:
            writer.transport.abort()


async def secured(endpoint: Endpoint, address: str, *, seconds: float) -> Secured:
    """Set up TLS as every connection of the profile would, verified.

    Raises:
        ServiceError: TLS could not be set up, or the certificate does not stand up; the class says which.
    """
    return await _handshake(endpoint, address, ssl_context(endpoint.ca_file), seconds=seconds)


async def presented(endpoint: Endpoint, address: str, *, seconds: float) -> Secured:
    """Look at the certificates of a server that did not stand up to verification, to say what is wrong with them.

    Nothing is sent over this connection and nothing is read from it: it ends with the handshake.

    Raises:
        ServiceError: TLS could not be set up at all.
    """
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    return await _handshake(endpoint, address, looking, seconds=seconds)


async def _handshake(endpoint: Endpoint, address: str, context: ssl.SSLContext, *, seconds: float) -> Secured:
    async with connected(endpoint, address, seconds=seconds) as (_, writer):
        try:
            async with asyncio.timeout(seconds):
                await writer.start_tls(context, server_hostname=endpoint.host)
        except TimeoutError as error:
            raise ServerUnreachable(
                host=endpoint.host, port=endpoint.port, reason=f"TLS was not set up within {seconds:g} s"
            ) from error
        except ConnectionError as error:
            raise ServerUnreachable(
                host=endpoint.host,
                port=endpoint.port,
                reason="TLS could not be set up (the other side closed the connection in the middle of it)",
            ) from error
        except OSError as error:
            raise network_error(error, endpoint) from error
        tls = writer.get_extra_info("ssl_object")
        cipher = tls.cipher()
        return Secured(tls.version() or "", cipher[0] if cipher else "", _chain(tls))


def _chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return what the server sent; public only from Python 3.13 on, the same object carries it before."""
    asked = cast("Any", tls)
    if hasattr(asked, "get_unverified_chain"):
        return tuple(bytes(one) for one in asked.get_unverified_chain())
    sent = asked._sslobj.get_unverified_chain() or ()  # noqa: SLF001 - see above
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in sent)


async def _tunnel(
    proxy: Proxy, endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    if proxy.scheme == "https":
        await writer.start_tls(ssl_context(endpoint.ca_file), server_hostname=proxy.host)
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    target = f"{host}:{endpoint.port}"
    head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
    if proxy.authorization:
        head += f"Proxy-Authorization: {proxy.authorization}\r\n"
    writer.write(f"{head}\r\n".encode())
    await writer.drain()
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ServerUnreachable(**_peer(endpoint, proxy), reason="it does not answer as a proxy") from error
    status = answer.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    code = int(status[1]) if len(status) > 1 and status[1].isdigit() else 0
    if not status[0].startswith("HTTP/") or not 200 <= code < 300:
        reason = f"the proxy answered HTTP {code}" if code else "it does not answer as a proxy"
        raise ServerUnreachable(**_peer(endpoint, proxy), reason=reason, proxy_status=code)


def _peer(endpoint: Endpoint, proxy: Proxy | None) -> dict[str, object]:
    if proxy is None:
        return {"host": endpoint.host, "port": endpoint.port, "address": endpoint.url}
    return {
        "host": f"the proxy {proxy.host}",
        "port": proxy.port,
        "address": endpoint.url,
        "host_wanted": f"{endpoint.host}:{endpoint.port}",
    }


def _refused(error: OSError, endpoint: Endpoint, proxy: Proxy | None) -> ServiceError:
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(**_peer(endpoint, proxy))
    if isinstance(error, ssl.SSLError):
        return network_error(error, endpoint)
    return ServerUnreachable(**_peer(endpoint, proxy), reason=error.strerror or str(error)[:200])
