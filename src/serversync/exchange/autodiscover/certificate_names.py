"""Reads whose certificate a server shows, so that a person sees it."""

import asyncio
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from serversync.exchange.endpoint import Endpoint

_SECONDS: Final = 5.0
_MOST: Final = 20


class NamingConnector(aiohttp.TCPConnector):
    """A connector that notes the names in the certificate of its latest connection; none without TLS."""

    names: tuple[str, ...] = ()

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        """See aiohttp."""
        connection = await super().connect(req, traces, timeout)
        transport = connection.transport
        self.names = _names(transport.get_extra_info("peercert")) if transport is not None else ()
        return connection


def _names(certificate: Any) -> tuple[str, ...]:
    alternative = [value for _, value in (certificate or {}).get("subjectAltName", ())]
    return tuple(alternative[:_MOST])


async def presented_names(endpoint: Endpoint, resolver: AbstractResolver | None) -> tuple[str, ...]:
    """Return the names in the certificate of a server whose own name is not among them.

    The chain is verified as always, only the name is not; the connection is closed before anything is sent.
    """
    host, port = endpoint.host, endpoint.port
    try:
        async with asyncio.timeout(_SECONDS):
            if resolver is not None:
                (first, *_) = await resolver.resolve(host, port)
                address, port = first["host"], first["port"]
            else:
                address = host
            _, writer = await asyncio.open_connection(
                address, port, ssl=_nameless_context(endpoint.ca_file), server_hostname=host
            )
            names = _names(writer.get_extra_info("peercert"))
            writer.transport.abort()
            return names
    except (OSError, ValueError, TimeoutError):
        return ()


@lru_cache(maxsize=16)
def _nameless_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # the chain is still verified; nothing is sent over such a connection
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
