"""Autodiscover behind the server's HTTPS: faults first, then who it is, then the answer."""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from aiohttp import web

from serversync.simulator.auth import Authenticator, Connection
from serversync.simulator.autodiscover.configuration import AutodiscoverFault
from serversync.simulator.autodiscover.service import Answered, Asked, AutodiscoverService, form_of
from serversync.simulator.exchange import Exchange

_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"


class AutodiscoverEndpoint:
    """Answers the requests under ``/autodiscover``.

    Its Extended Protection is always off, as setup leaves it on a real server.
    """

    def __init__(self, exchange: Exchange, authenticator: Authenticator, own_url: Callable[[], str]) -> None:
        self._service = AutodiscoverService(exchange)
        self._authenticator = authenticator
        self._own_url = own_url
        self._connections: WeakKeyDictionary[object, Connection] = WeakKeyDictionary()

    @staticmethod
    def is_for(path: str) -> bool:
        """Whether a path belongs here."""
        return form_of(path) is not None

    async def respond(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Answer a request.

        Args:
            request: The request; its body has been read.
            body: The body.
        """
        form = form_of(request.path)
        header = request.headers.get("Authorization")
        asked = Asked("https", request.method, request.host, request.path_qs, header is not None, body)
        address = self._service.note(form, asked)
        if form is None:
            return page(404, "Not Found")
        if (fault := self._service.fault(form, asked, address)) is not None:
            return await carry_out(fault, request)
        if not self._service.is_offered(form):
            return page(404, "Not Found")
        if form != "JSON":
            if request.transport is None:
                return page(503, "Service Unavailable")
            connection = self._connections.setdefault(request.transport, Connection())
            outcome = self._authenticator.authenticate(header, connection)
            if outcome.account is None:
                refusal = web.Response(status=401)
                for challenge in outcome.challenges:
                    refusal.headers.add("WWW-Authenticate", challenge)
                return refusal
        return as_response(self._service.answer(form, asked, self._own_url()))


async def carry_out(fault: AutodiscoverFault, request: web.BaseRequest) -> web.StreamResponse:
    """Let a fault happen."""
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.reset and request.transport is not None:
        request.transport.abort()
        return web.Response(status=500)
    headers = dict(fault.headers)
    if fault.location is not None:
        headers["Location"] = fault.location
    if fault.body is None:
        return page(fault.http_status, "Example Ltd", headers)
    headers["Content-Type"] = fault.content_type
    return web.Response(status=fault.http_status, body=fault.body, headers=headers)


def as_response(answer: Answered) -> web.Response:
    """Return an answer for aiohttp."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def page(status: int, title: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return a small web page."""
    return web.Response(
        status=status,
        body=_PAGE % (title.encode(), title.encode()),
        headers={"Content-Type": "text/html; charset=utf-8", **(headers or {})},
    )
