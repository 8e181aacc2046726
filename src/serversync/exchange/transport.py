"""Carries one request to the server and its answer back, over a fixed number of connections.

Each slot is one connection at a time, because Windows log-ons belong to the connection: a slot logs on once
and is then reused, the most recently used first. No redirect is followed, since it would carry the log-on
to another place. Cookies are off: a slot serves many mailboxes, and what ties a request to its mailbox's
server is ``X-AnchorMailbox``; a shared cookie would tie it to another mailbox's.

As long as no log-on has succeeded, or the last one was refused, log-ons go one at a time, so that a wrong
password is not tried once a connection (accounts lock themselves). A guard carries this rule beyond one client;
without one, a client stops for good after one refusal, or after two where the password had worked before.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, nullcontext
from datetime import timedelta

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from msgspec import Struct
from yarl import URL

from serversync.core.clock import now
from serversync.core.errors import AnswerUnreadable, AuthenticationFailed, ConnectionLost
from serversync.exchange.auth.choice import authentication
from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.evidence import LogOnEvidence
from serversync.exchange.auth.flow import NO_LOG_ON, Authentication, Challenge, Leg
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.http_limits import HTTP_LIMITS
from serversync.exchange.network_errors import network_error
from serversync.exchange.tls import shrink_buffer, ssl_context
from serversync.exchange.upload import Upload

_KEEP_ALIVE_SECONDS = 100.0  # below the 120 s after which IIS closes an idle connection
_CONNECT_SECONDS = 30.0
_MOST_REFUSALS = 2
_ERROR_PAGE_BYTES = 1 << 20


class _Connector(aiohttp.TCPConnector):
    """A connector of one connection that tells which one it is."""

    current: asyncio.Transport | None = None
    certificate: bytes | None = None
    """The server's certificate on the current connection, DER."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        if (transport := connection.transport) is not self.current:
            self.current = transport
            tls = transport.get_extra_info("ssl_object") if transport is not None else None
            self.certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        return connection


class _Slot:
    """One connection and whether it is logged on."""

    def __init__(
        self,
        endpoint: Endpoint,
        headers: dict[str, str],
        *,
        read_bytes: int = 1 << 17,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._connector = _Connector(
            limit=1,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            ssl=ssl_context(endpoint.ca_file),
            resolver=resolver,
        )
        self.session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            read_bufsize=read_bytes,
            **HTTP_LIMITS,
        )
        self._logged_on: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection of the last request, open or not."""
        return self._connector.current

    @property
    def connection(self) -> asyncio.Transport | None:
        """The open connection, or ``None``."""
        current = self._connector.current
        return current if current is not None and not current.is_closing() else None

    @property
    def is_logged_on(self) -> bool:
        """Whether the open connection is the one that was logged on."""
        return self._logged_on is not None and self.connection is self._logged_on

    def logged_on(self) -> None:
        """Remember that the connection in use is logged on."""
        self._logged_on = self._connector.current

    def disconnect(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._logged_on = None
        if (connection := self.connection) is not None:
            connection.abort()
        self._connector.current = None

    @property
    def peer_certificate(self) -> bytes | None:
        """The server's certificate on the connection of the last request, DER."""
        return self._connector.certificate


class _Request(Struct, frozen=True, gc=False):
    """One request, how long it may take, and whether it may be sent twice."""

    body: bytes | Upload
    headers: dict[str, str]
    time_limit: aiohttp.ClientTimeout
    repeatable: bool

    def content(self) -> bytes | AsyncIterator[bytes]:
        """Return what is sent, from its beginning."""
        return self.body if isinstance(self.body, bytes) else self.body.pieces()


def _let_go(response: aiohttp.ClientResponse) -> None:
    """Give the connection back where the answer was read to its end; close it where it was not."""
    if response.content.at_eof():
        response.release()
    else:
        response.close()


class Transport:
    """Sends requests to one server as one account.

    Args:
        endpoint: The server.
        credentials: The account.
        connections: The most connections at the same time.
        user_agent: Names the program to the server.
        max_answer_bytes: Answers that are read into memory may have so many bytes.
        guard: Who else tries the same password.
        resolver: Turns the host name into addresses; ``None`` for the system's own.
        scheme: How to log on, where the credentials do not say it; for diagnoses.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        connections: int,
        user_agent: str,
        max_answer_bytes: int,
        guard: LogOnGuard | None = None,
        resolver: AbstractResolver | None = None,
        scheme: Authentication | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._url = URL(endpoint.url)
        self._resolver = resolver
        self._authentication = scheme or authentication(credentials, endpoint.host)
        self.evidence = LogOnEvidence()
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "text/xml",
            "Accept-Encoding": "gzip",
            "Content-Type": "text/xml; charset=utf-8",
        }
        self._max_answer_bytes = max_answer_bytes
        seconds = endpoint.timeout.total_seconds()
        connect = min(seconds, _CONNECT_SECONDS)
        self._call_timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=connect)
        self._stream_timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=seconds)
        self._free = asyncio.Semaphore(connections)
        self._idle: list[_Slot] = []
        self._slots: list[_Slot] = []
        self._hanging: set[_Slot] = set()
        self._gate = asyncio.Lock()
        self._guard = guard
        self._proven = False
        self._refusals = 0
        self._refused: AuthenticationFailed | None = None

    @property
    def has_logged_on(self) -> bool:
        """Whether the account was accepted at least once."""
        return self._proven

    async def close(self) -> None:
        """Close all connections."""
        slots, self._slots, self._idle = [*self._slots, *self._hanging], [], []
        self._hanging.clear()
        for slot in slots:
            await slot.session.close()

    @asynccontextmanager
    async def exchange(
        self,
        body: bytes | Upload,
        headers: dict[str, str],
        *,
        streamed: bool = False,
        repeatable: bool = True,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the answer, logged on, its body unread; the connection is held meanwhile.

        Args:
            body: The SOAP envelope.
            headers: Headers of this request beside the common ones.
            streamed: The answer may take as long as it likes while bytes keep coming.
            repeatable: It may be sent again where a connection that was kept open turns out to be closed; what
                changes something may not, since nobody knows whether it took effect.

        Raises:
            ServiceError: DNS, TCP, TLS, time-out, log-on: the class says which.
        """
        async with self._slot() as slot:
            timeout = self._stream_timeout if streamed else self._call_timeout
            request = _Request(body, headers, timeout, repeatable)
            response = await self._with_fresh_connection(slot, request)
            try:
                yield response
            finally:
                _let_go(response)

    async def ask(
        self, body: bytes | Upload, headers: dict[str, str], operation: str, *, repeatable: bool
    ) -> tuple[aiohttp.ClientResponse, list[bytes]]:
        """Send a request and return the answer, logged on, with its whole body in the pieces in which it came.

        It does what ``exchange`` and ``read_pieces`` do together, with less in between: every poll is one of these.

        Args:
            body: The SOAP envelope.
            headers: Headers of this request beside the common ones.
            operation: What is asked, for errors.
            repeatable: See ``exchange``.

        Raises:
            ServiceError: DNS, TCP, TLS, time-out, log-on: the class says which.
            AnswerUnreadable: see ``read_pieces``.
        """
        request = _Request(body, headers, self._call_timeout, repeatable)
        async with self._free:
            slot = self._take_slot()
            try:
                response = await self._with_fresh_connection(slot, request)
                try:
                    return response, await self.read_pieces(response, operation)
                finally:
                    _let_go(response)
            finally:
                self._idle.append(slot)

    @asynccontextmanager
    async def hanging(
        self, body: bytes, headers: dict[str, str], *, silence: timedelta
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request whose answer stays open, over a connection of its own, which ends with the block.

        It is not one of the connections that calls share, since it would be taken from them for half an hour;
        and it is not compressed, since whatever compresses collects.

        Args:
            body: The SOAP envelope.
            headers: Headers of this request beside the common ones.
            silence: After so long without a byte the connection counts as dead.

        Raises:
            ServiceError: DNS, TCP, TLS, time-out, log-on: the class says which.
        """
        slot = _Slot(
            self._endpoint,
            {**self._headers, "Accept-Encoding": "identity"},
            read_bytes=1 << 14,
            resolver=self._resolver,
        )
        self._hanging.add(slot)
        connect = self._call_timeout.sock_connect
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=silence.total_seconds())
        try:
            response = await self._logged_on(slot, _Request(body, headers, timeout, repeatable=True))
            shrink_buffer(slot.transport)
            try:
                yield response
            finally:
                response.close()
        finally:
            self._hanging.discard(slot)
            await slot.session.close()

    async def chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        """Give the body of an answer as it arrives; inside of ``exchange``.

        Raises:
            ConnectionLost: the connection broke, or the compressed body is broken.
            ServerUnreachable: the time-out passed.
        """
        try:
            async for chunk in response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise network_error(error, self._endpoint) from error

    async def read(self, response: aiohttp.ClientResponse, operation: str) -> bytes:
        """Return the whole body of an answer as one; inside of ``exchange``. See ``read_pieces``."""
        return b"".join(await self.read_pieces(response, operation))

    async def read_pieces(self, response: aiohttp.ClientResponse, operation: str) -> list[bytes]:
        """Return the whole body of an answer in the pieces in which it came; inside of ``exchange``.

        Raises:
            AnswerUnreadable: it is larger than this client takes into memory (``limit`` in the details).
            ConnectionLost: the connection broke, or the compressed body is broken.
            ServerUnreachable: the time-out passed.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            # By chunks as they were unpacked: ``iter_any`` puts what has come meanwhile together, a copy for nothing.
            async for chunk, _ in response.content.iter_chunks():
                size += len(chunk)
                if size > self._max_answer_bytes:
                    limit = self._max_answer_bytes
                    raise AnswerUnreadable(
                        operation=operation, limit=limit, reason=f"it is larger than {limit} bytes"
                    )
                if chunk:
                    pieces.append(chunk)
        except (aiohttp.ClientError, OSError) as error:
            raise network_error(error, self._endpoint) from error
        return pieces

    async def ask_offer(self, leg: Leg = NO_LOG_ON) -> int:
        """Send a request that holds nothing secret, so that ``evidence`` knows what the server says to it.

        Args:
            leg: Nothing, for what is offered, or ``ASK_FOR_CHALLENGE`` for the names and the clock of the server.

        Returns:
            The HTTP status; 401 where a log-on is wanted.

        Raises:
            ServiceError: DNS, TCP, TLS, time-out: the class says which.
        """
        async with self._slot() as slot:
            request = _Request(b"", {}, self._call_timeout, repeatable=True)
            response = await self._send(slot, request, leg)
            if response.status == 401:
                values = response.headers.getall("WWW-Authenticate", ())
                self.evidence.see(values, response.headers, now())
            await self._drain(response)
            slot.disconnect()
            return response.status

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[_Slot]:
        async with self._free:
            slot = self._take_slot()
            try:
                yield slot
            finally:
                self._idle.append(slot)

    def _take_slot(self) -> _Slot:
        """Return a slot that nobody uses, to be put back among the idle ones."""
        if self._idle:
            return self._idle.pop()
        slot = _Slot(self._endpoint, self._headers, resolver=self._resolver)
        self._slots.append(slot)
        return slot

    async def _with_fresh_connection(self, slot: _Slot, request: _Request) -> aiohttp.ClientResponse:
        """Send; what may be repeated once more where a kept-open connection turns out to be closed."""
        reused = slot.connection is not None
        try:
            return await self._logged_on(slot, request)
        except ConnectionLost:
            slot.disconnect()
            if not reused or not request.repeatable:
                raise
            return await self._logged_on(slot, request)

    async def _logged_on(self, slot: _Slot, request: _Request) -> aiohttp.ClientResponse:
        if self._authentication.belongs_to_connection and slot.is_logged_on:
            response = await self._send(slot, request)
            if response.status != 401:
                return response
            # The log-on was lost in the middle of the session: a proxy, or trouble with the directory.
            response.close()
            slot.disconnect()
        if self._proven and not self._refusals:
            return await self._log_on(slot, request)
        answered: aiohttp.ClientResponse | None = None
        try:
            async with self._gate, self._guard.attempt() if self._guard else nullcontext():
                answered = await self._log_on(slot, request)
        except BaseException:
            if answered is not None:  # the guard could not write down that the password is right
                answered.close()
            raise
        return answered

    async def _log_on(self, slot: _Slot, request: _Request) -> aiohttp.ClientResponse:
        if self._refused is not None:
            raise type(self._refused)(**self._refused.details)
        flow = self._authentication.flow()
        leg: Leg = next(flow)
        first: asyncio.Transport | None = None
        while True:
            response = await self._send(slot, request, leg)
            if response.status != 401:
                if leg.is_last:
                    self._proven, self._refusals = True, 0
                    slot.logged_on()
                return response
            values = tuple(response.headers.getall("WWW-Authenticate", ()))
            self.evidence.see(values, response.headers, now())
            challenge = Challenge(values, slot.peer_certificate)
            await self._drain(response)
            if first is not None and slot.transport is not first:
                raise self._lost_in_log_on(slot)
            first = slot.transport
            try:
                leg = flow.send(challenge)
            except AuthenticationFailed as error:
                error.details["worked_before"] = self._proven
                self._count_refusal(error)
                slot.disconnect()
                raise
            if slot.connection is None:
                raise self._lost_in_log_on(slot)

    def _lost_in_log_on(self, slot: _Slot) -> ConnectionLost:
        """Return the error for a log-on whose legs would have to go over several connections."""
        slot.disconnect()
        reason = "it was closed in the middle of the log-on; a proxy in between may not support Windows authentication"
        return ConnectionLost(host=self._endpoint.host, reason=reason)

    def _count_refusal(self, error: AuthenticationFailed) -> None:
        """Stop for good after a refusal, or after two where the same password has worked before or a guard counts."""
        self._refusals += 1
        if self._refusals >= _MOST_REFUSALS or not (self._proven or self._guard):
            self._refused = error

    async def _send(self, slot: _Slot, request: _Request, leg: Leg | None = None) -> aiohttp.ClientResponse:
        """Send the request; with a leg of a log-on that is not the last one, only its headers."""
        headers = request.headers
        if leg is not None and leg.authorization:
            headers = {**headers, "Authorization": leg.authorization}
        is_whole = leg is None or leg.is_last
        if is_whole and isinstance(request.body, Upload):
            headers = {**headers, "Content-Length": str(request.body.size_bytes)}
        try:
            return await slot.session.post(
                self._url,
                data=request.content() if is_whole else b"",
                headers=headers,
                allow_redirects=False,
                timeout=request.time_limit,
                proxy=self._endpoint.proxy,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise network_error(error, self._endpoint) from error

    async def _drain(self, response: aiohttp.ClientResponse) -> None:
        """Read a refusal to its end, so that its connection can go on; close it where that is too long."""
        size = 0
        try:
            async with aclosing(self.chunks(response)) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > _ERROR_PAGE_BYTES:
                        return
        finally:
            _let_go(response)
