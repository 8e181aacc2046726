"""Bodies of requests and pages of IIS, and the ways in which a connection is broken on command."""

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from serversync.simulator.faults import Fault

BODY_LIMIT = 64 * 1024 * 1024
"""How many bytes of a request IIS lets through."""
BODY_LIMIT_OF_2010 = 35 * 1024 * 1024
"""The same for 2010 and older."""


async def read_body(request: web.BaseRequest, limit: int = BODY_LIMIT) -> bytes:
    """Read the whole body, unpacked.

    Args:
        request: The request.
        limit: How many bytes it may have.

    Raises:
        aiohttp.web.HTTPRequestEntityTooLarge: it is longer than IIS lets through, or says that it will be.
        aiohttp.web.HTTPExpectationFailed: the client expects something that nobody does.
        aiohttp.web.HTTPBadRequest: it is not compressed as it says, or not in the pieces that it announces.
    """
    expected = request.headers.get("Expect", "").lower()
    if expected not in {"", "100-continue"}:
        raise web.HTTPExpectationFailed
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(limit, request.content_length or 0)
    if expected and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise web.HTTPRequestEntityTooLarge(limit, len(body))
    except (RequestPayloadError, HttpProcessingError) as problem:
        raise web.HTTPBadRequest from problem
    return bytes(body)


def page(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return a page as IIS writes it."""
    body = f"<!DOCTYPE html><html><head><title>{status} - {text}</title></head><body><h2>{status} - {text}</h2></body></html>"
    return web.Response(status=status, text=body, content_type="text/html", headers=headers)


def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Break the connection; what is returned never leaves."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def answer_stranger(request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
    """Carry out what goes wrong before the log-on, as at a proxy in front of the server."""
    await asyncio.sleep(fault.delay)
    if fault.reset_before:
        return reset(request)
    if fault.body is not None:
        return web.Response(status=fault.http_status or 200, body=fault.body, headers=fault.headers)
    return page(fault.http_status or 503, "planned", fault.headers)


async def send_part(
    request: web.BaseRequest, status: int, headers: dict[str, str], body: bytes, size: int
) -> web.StreamResponse:
    """Announce the whole body, send its beginning, and break the connection."""
    response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:size])
    if request.transport is not None:
        request.transport.close()
    return response
