"""Plain HTTP on loopback, where clients look for a redirect; and a bait for what should never be sent there."""

from types import TracebackType
from typing import Self

from aiohttp import web

from serversync.simulator.autodiscover.https_endpoint import as_response, page
from serversync.simulator.autodiscover.service import Asked, AutodiscoverService, form_of
from serversync.simulator.exchange import Exchange

_MOST_BYTES = 1 << 20


class PlainHttpListener:
    """Listens while the ``async with`` block lasts; ``exchange.autodiscover`` says what it answers and has seen.

    Args:
        exchange: The state.
        port: TCP port on the loopback interface; 0 for any free one.
        own_url: The EWS address that it tells where a POST is answered.
    """

    def __init__(self, exchange: Exchange, *, port: int = 0, own_url: str = "") -> None:
        self._exchange = exchange
        self._service = AutodiscoverService(exchange)
        self._wanted_port = port
        self._own_url = own_url
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), handle_signals=False)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._wanted_port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read(_MOST_BYTES)
        form = form_of(request.path)
        authorization = "Authorization" in request.headers
        asked = Asked("http", request.method, request.host, request.path_qs, authorization, body)
        self._service.note(form, asked)
        configuration = self._exchange.autodiscover
        if form is not None and request.method == "POST" and configuration.http_accepts_post:
            return as_response(self._service.answer(form, asked, self._own_url))
        if configuration.http_redirect is None:
            return page(404, "Not Found")
        return page(302, "Object moved", {"Location": configuration.http_redirect})
