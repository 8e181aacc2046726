"""What an EWS address says to somebody who has not logged on: the schemes it offers, and whose server it is."""

import time

import aiohttp
from msgspec import Struct

from serversync.exchange.auth.flow import Challenge
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.http_limits import HTTP_LIMITS
from serversync.exchange.http_status import page_title
from serversync.exchange.network_errors import network_error
from serversync.exchange.tls import ssl_context

_ENOUGH = 1 << 16
_TELLING = (
    "Server", "X-FEServer", "X-CalculatedBETarget", "X-OWA-Version", "X-Powered-By", "Via", "X-CasErrorCode",
    "request-id", "Date", "Location",
)  # fmt: skip


class Greeting(Struct, frozen=True, gc=False, kw_only=True):
    """The first answer of an address, without credentials.

    ``schemes`` are the offered ones in the server's order and spelling; ``headers`` those that tell something.
    """

    status: int
    schemes: tuple[str, ...]
    headers: dict[str, str]
    body: bytes
    title: str | None
    milliseconds: int

    def offers(self, scheme: str) -> bool:
        """Tell whether a scheme is offered."""
        return scheme.lower() in (one.lower() for one in self.schemes)


async def greet(endpoint: Endpoint, *, user_agent: str, seconds: float) -> Greeting:
    """Send an empty request without credentials and without following anything.

    Raises:
        ServiceError: DNS, TCP, TLS, time-out: the class says which.
    """
    limit = aiohttp.ClientTimeout(total=seconds)
    connector = aiohttp.TCPConnector(limit=1, ssl=ssl_context(endpoint.ca_file))
    began = time.monotonic()
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=limit, **HTTP_LIMITS
            ) as session,
            session.post(
                endpoint.url,
                data=b"",
                headers={"User-Agent": user_agent, "Content-Type": "text/xml; charset=utf-8"},
                allow_redirects=False,
                proxy=endpoint.proxy,
            ) as response,
        ):
            body = await _beginning(response)
            values = tuple(response.headers.getall("WWW-Authenticate", ()))
            return Greeting(
                status=response.status,
                schemes=tuple(Challenge(values).offered.split(", ")) if values else (),
                headers={name: response.headers[name] for name in _TELLING if name in response.headers},
                body=body,
                title=page_title(body),
                milliseconds=round((time.monotonic() - began) * 1000),
            )
    except (aiohttp.ClientError, OSError) as error:
        raise network_error(error, endpoint) from error


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    pieces = bytearray()
    async for chunk in response.content.iter_any():
        pieces += chunk
        if len(pieces) >= _ENOUGH:
            break
    return bytes(pieces[:_ENOUGH])
