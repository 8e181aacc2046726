"""The imitated server on the network: HTTPS on the loopback interface, as IIS in front of Exchange behaves."""

import asyncio
import gzip
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary, WeakSet

from aiohttp import web

from serversync.simulator.accounts import Account
from serversync.simulator.auth import Authenticator, Connection, ExtendedProtection, Scheme
from serversync.simulator.autodiscover.https_endpoint import AutodiscoverEndpoint
from serversync.simulator.certificates import CertificateOptions, ServerIdentity, issue, reissue
from serversync.simulator.exchange import Exchange
from serversync.simulator.faults import Fault
from serversync.simulator.plainrequests import EWS_PATH, PHOTO_PATH, answer_plain
from serversync.simulator.proxy import ReverseProxy
from serversync.simulator.pushes import Pusher
from serversync.simulator.response import SoapFault
from serversync.simulator.schema import schemas_in
from serversync.simulator.soap import Answer, PreparedRequest, SoapEndpoint
from serversync.simulator.streams import tell
from serversync.simulator.versions import Schema
from serversync.simulator.wire import (
    BODY_LIMIT,
    BODY_LIMIT_OF_2010,
    answer_stranger,
    page,
    read_body,
    reset,
    send_part,
)

_SCHEMA_FILES = {
    "/ews/types.xsd": "types.xsd",
    "/ews/messages.xsd": "messages.xsd",
    "/ews/services.wsdl": "services.wsdl",
}
_COMPRESS_FROM = 512
_SHUTDOWN_SECONDS = 0.5
_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Traffic:
    """A request that was answered, for those who want to look at it.

    Attributes:
        operation: Element name of the operation; ``None`` where the request could not be read.
        request: The body that came.
        status: The HTTP status.
        response: The envelope that was made, before compression and damage.
    """

    operation: str | None
    request: bytes
    status: int
    response: bytes


class SimulatorServer:
    """Serves an Exchange at ``url`` while the ``async with`` block lasts.

    Attributes:
        exchange: The state that it serves.
        on_response: Called with each SOAP exchange.

    Args:
        exchange: The state.
        port: TCP port; 0 for any free one.
        extended_protection: ``off``, ``allow`` or ``require``.
        schemes: The authentication that is offered, in this order.
        schema_dir: Folder of Microsoft's schemas; with it requests are validated and the files are served.
        tls: What the certificate is like.
        proxy: What stands between client and server; ``None`` for nothing.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        port: int = 0,
        extended_protection: ExtendedProtection = "off",
        schemes: tuple[Scheme, ...] = ("NTLM", "Negotiate", "Basic"),
        schema_dir: Path | None = None,
        tls: CertificateOptions | None = None,
        proxy: ReverseProxy | None = None,
    ) -> None:
        self.exchange = exchange
        self.on_response: list[Callable[[Traffic], None]] = []
        self._wanted_port = port
        self._port = 0
        self._protection: ExtendedProtection = extended_protection
        self._schemes = schemes
        self._schemas = schemas_in(schema_dir) if schema_dir else None
        self._tls = tls or CertificateOptions()
        self._proxy = proxy
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._identity: ServerIdentity | None = None
        self._authenticator: Authenticator | None = None
        self._autodiscover: AutodiscoverEndpoint | None = None
        self._endpoint = SoapEndpoint(exchange, self._schemas)
        self._runner: web.ServerRunner | None = None
        self._connections: WeakKeyDictionary[object, Connection] = WeakKeyDictionary()
        self._transports: WeakSet[asyncio.Transport] = WeakSet()
        self._hanging: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The EWS address."""
        return f"https://localhost:{self._port}/EWS/Exchange.asmx"

    @property
    def identity(self) -> ServerIdentity:
        """The certificate in use.

        Raises:
            RuntimeError: the server does not run.
        """
        if self._identity is None:
            raise RuntimeError("the server does not run")
        return self._identity

    @property
    def ca_file(self) -> Path:
        """PEM file of the authority to trust; exists while the server runs."""
        return self.identity.ca_file

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Issue the certificate and listen.

        Raises:
            OSError: the port is taken.
        """
        try:
            await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def _listen(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="serversync-simulator-")
        self._identity = issue(Path(self._folder.name), self._tls)
        self.exchange.certificate_changed.append(self._renew)
        self._authenticator = self._make_authenticator(self._exchange_certificate(), self._protection)
        without_protection = self._make_authenticator(self._identity, "off")
        self._autodiscover = AutodiscoverEndpoint(self.exchange, without_protection, lambda: self.url)
        # Answers that are delayed on purpose do not delay the end.
        serving = web.Server(self._handle, access_log=None, keepalive_timeout=120)
        self._runner = web.ServerRunner(serving, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._wanted_port, ssl_context=self._identity.context)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self._hanging.add(asyncio.create_task(Pusher(self.exchange).run()))

    def _make_authenticator(self, identity: ServerIdentity, protection: ExtendedProtection) -> Authenticator:
        return Authenticator(
            self.exchange.directory,
            schemes=self._schemes,
            extended_protection=protection,
            channel_binding=identity.channel_binding,
            domain=self.exchange.netbios_domain,
            dns_domain=self.exchange.domain,
            now=self._now,
        )

    def _exchange_certificate(self) -> ServerIdentity:
        """Return the certificate of the server itself, which is not the one shown where a proxy has its own."""
        if self._proxy is None or not self._proxy.has_own_certificate:
            return self.identity
        behind = Path(self.identity.ca_file).parent / "behind"
        behind.mkdir(exist_ok=True)
        return issue(behind, CertificateOptions())

    def _renew(self, options: CertificateOptions) -> None:
        """Show another certificate to those who connect from now on; channel bindings follow it."""
        self._identity = reissue(self.identity, replace(options, names=self._tls.names))
        self._authenticator = self._make_authenticator(self._exchange_certificate(), self._protection)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.exchange.clock_skew

    async def stop(self) -> None:
        """Close all connections and remove the certificate."""
        if self._renew in self.exchange.certificate_changed:
            self.exchange.certificate_changed.remove(self._renew)
        hanging = [task for task in self._hanging if task is not asyncio.current_task()]
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        self._hanging.clear()
        if self._runner is not None:
            await self._runner.cleanup()
        for transport in list(self._transports):
            transport.abort()  # clients that do not answer the end of TLS are not waited for
        await asyncio.sleep(0)
        if self._folder is not None:
            self._folder.cleanup()
        self._runner = self._folder = self._identity = self._authenticator = self._autodiscover = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is not None:
            self._transports.add(request.transport)
        try:
            response = await self._respond(request)
        except web.HTTPClientError as refusal:
            response = page(refusal.status, refusal.reason)
            response.force_close()  # the rest of the body would be taken for the next request
        except ConnectionResetError:
            return web.Response(
                status=400
            )  # the client has gone in the middle of its request; nobody reads this
        response.headers["Server"] = "Microsoft-IIS/10.0" if self._proxy is None else self._proxy.name
        if self._proxy is not None:
            response.headers["Via"] = f"1.1 {self._proxy.name}"
        response.headers["Date"] = format_datetime(self._now(), usegmt=True)
        response.headers["X-Powered-By"] = "ASP.NET"
        response.headers["request-id"] = str(uuid.uuid4())
        response.headers["X-FEServer"] = "EXCH01"
        response.headers["X-OWA-Version"] = self.exchange.version.number
        if self.exchange.version.schema >= Schema.EXCHANGE2013:
            response.headers["X-BEServer"] = response.headers["X-DiagInfo"] = "EXCH01"
            response.headers["X-CalculatedBETarget"] = f"exch01.{self.exchange.domain}"
        elif not response.prepared and "exchangecookie" not in request.cookies:
            response.set_cookie("exchangecookie", uuid.uuid4().hex, path="/", httponly=True)
        if client_id := request.headers.get("client-request-id"):
            response.headers["client-request-id"] = client_id
        return response

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        is_old = self.exchange.version.schema < Schema.EXCHANGE2013
        body = await read_body(request, BODY_LIMIT_OF_2010 if is_old else BODY_LIMIT)
        path = request.path.lower()
        if self._autodiscover is not None and AutodiscoverEndpoint.is_for(path):
            return await self._autodiscover.respond(request, body)
        if path not in {EWS_PATH, PHOTO_PATH} and path not in _SCHEMA_FILES:
            return page(404, "Not Found")
        if (fault := self.exchange.faults.for_stranger()) is not None:
            return await answer_stranger(request, fault)
        return await self._ews(request, body, path)

    async def _ews(self, request: web.BaseRequest, body: bytes, path: str) -> web.StreamResponse:
        """Answer a request to the EWS directory, which asks everybody to log on."""
        authenticator = self._authenticator
        if authenticator is None or request.transport is None:
            return page(503, "Service Unavailable")
        connection = self._connections.setdefault(request.transport, Connection())
        if self._proxy is not None and self._proxy.shares_connections:
            connection = Connection()
        outcome = authenticator.authenticate(request.headers.get("Authorization"), connection)
        if outcome.account is None:
            refusal = web.Response(status=401)
            for challenge in outcome.challenges:
                refusal.headers.add("WWW-Authenticate", challenge)
            if outcome.failed and self._proxy is not None and self._proxy.closes_after_refusal:
                refusal.headers["Connection"] = "close"
                refusal.force_close()
            return refusal
        if path in _SCHEMA_FILES:
            return self._schema_file(_SCHEMA_FILES[path])
        response = answer_plain(request, self.exchange) or await self._post(
            request, body, outcome.account, authenticator
        )
        if outcome.persists and not response.prepared:
            response.headers["Persistent-Auth"] = "true"
        return response

    async def _post(
        self, request: web.BaseRequest, body: bytes, account: Account, authenticator: Authenticator
    ) -> web.StreamResponse:
        prepared = self._endpoint.prepare(body, account, request.headers)
        load, who = self.exchange.load, account.address.lower()

        def has_left() -> bool:
            return request.transport is None or request.transport.is_closing()

        is_stream = prepared.operation == "GetStreamingEvents"
        counted = load.under_way(who, prepared.address, has_left=has_left if is_stream else None)
        with counted, self._let_in(who, prepared) as delay:
            response = await self._carry_out(request, body, prepared, authenticator, delay)
            if has_left():
                load.cut_off[who] += 1
            return response

    @contextmanager
    def _let_in(self, who: str, prepared: PreparedRequest) -> Iterator[float]:
        """Hold a request against the throttling policy, and give the seconds that it is delayed."""
        with ExitStack() as stack:
            delay = timedelta()
            if prepared.refusal is None and prepared.address is not None:
                admission = self.exchange.throttle.request(
                    who,
                    prepared.address,
                    prepared.operation or "",
                    hanging=prepared.operation == "GetStreamingEvents",
                    find=prepared.results_asked_for,
                )
                try:
                    delay = stack.enter_context(admission)
                except SoapFault as refusal:
                    prepared.refusal = refusal
            yield delay.total_seconds()

    async def _carry_out(
        self,
        request: web.BaseRequest,
        body: bytes,
        prepared: PreparedRequest,
        authenticator: Authenticator,
        delay: float,
    ) -> web.StreamResponse:
        fault = prepared.fault or Fault()
        if fault.delay or delay:
            await asyncio.sleep(fault.delay + delay)
        if fault.reset_before:
            return reset(request)
        if fault.http_status is not None and fault.body is None:
            planned = page(fault.http_status, "planned", fault.headers)
            for offer in authenticator.offers if fault.http_status == 401 else ():
                planned.headers.add("WWW-Authenticate", offer)
            return planned
        answer = self._endpoint.answer(prepared)
        for look in self.on_response:
            look(Traffic(answer.operation, body, answer.status, answer.body))
        if answer.stream is not None:
            return await self._stream(request, body, answer)
        return await self._send(request, answer)

    async def _stream(self, request: web.BaseRequest, body: bytes, answer: Answer) -> web.StreamResponse:
        """Tell what happens until the stream ends, or the server does."""

        def look(document: bytes) -> None:
            for see in self.on_response if document is not answer.body else ():
                see(Traffic(answer.operation, body, answer.status, document))

        task = asyncio.current_task()
        if task is None or answer.stream is None:
            raise RuntimeError("a stream is told in a task")
        self._hanging.add(task)
        try:
            return await tell(request, answer, answer.stream, self.exchange, look)
        finally:
            self._hanging.discard(task)

    def _schema_file(self, name: str) -> web.StreamResponse:
        if self._schemas is None:
            return page(404, "Not Found")
        content = self._schemas.file(self.exchange.version.schema_folder, name)
        return web.Response(body=content, content_type="text/xml")

    async def _send(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        fault = answer.fault or Fault()
        if fault.reset_after:
            return reset(request)
        status = answer.status
        body = answer.body
        if fault.body is not None:
            status, body = fault.http_status or 200, fault.body
        if fault.garble:
            middle = len(body) // 2
            body = body[:middle] + b"\x00<\xff&" + body[middle + 4 :]
        headers = {"Content-Type": _XML, **answer.headers, **fault.headers}
        if fault.truncate is not None:
            return await send_part(request, status, headers, body, fault.truncate)
        if len(body) >= _COMPRESS_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
            headers["Vary"] = "Accept-Encoding"
        response = web.Response(status=status, body=body, headers=headers)
        for name, value in answer.cookies.items():
            response.set_cookie(name, value, path="/")
        return response
