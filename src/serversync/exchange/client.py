"""The EWS client: one typed method for every operation, and streams for what is too big for memory.

All calls of one client go to one server as one account, over a fixed number of connections; ``mailbox``
says whom to act as. A call is one request: it never waits and never repeats by itself, but for a reading
operation on a kept-open connection that the server had closed meanwhile, and for the schema version of an
older server. An operation that changes something is never sent twice: after ``ConnectionLost`` nobody knows
whether it took effect, and the caller has to look.
"""

import binascii
import copy
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from lxml.etree import _Element
from msgspec.structs import replace

from serversync.core.errors import (
    AnswerUnreadable,
    ItemUnreadable,
    MailboxUnavailable,
    NotExchange,
    ServerBusy,
    ServiceError,
    VersionUnsupported,
)
from serversync.exchange import bisection, calls
from serversync.exchange.affinity import Affinity
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.auth.evidence import LogOnEvidence
from serversync.exchange.auth.flow import ASK_FOR_CHALLENGE
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.behaviour import Behaviour, behaviour_of
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.http_status import not_exchange, page_title, retry_after, status_error
from serversync.exchange.known_answers import KnownAnswer, KnownAnswers
from serversync.exchange.lane import Lane, Turn
from serversync.exchange.namespaces import t
from serversync.exchange.notifications import SILENCE, EventStream
from serversync.exchange.operations.create_attachment import CreateAttachment, NewFile
from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.get_streaming_events import GetStreamingEvents, StreamedAnswer
from serversync.exchange.operations.operation import Divisible, Operation
from serversync.exchange.outcome import Failure, Outcome
from serversync.exchange.product import Gate
from serversync.exchange.repair import StreamRepair
from serversync.exchange.response_codes import AnswerContext, Retry
from serversync.exchange.soap import (
    Envelope,
    NotAnEnvelope,
    content_of,
    envelope,
    open_envelope,
    parse_pieces,
)
from serversync.exchange.streaming import Base64Decoder, Decoder, DivertingReader, Sink, TextDecoder
from serversync.exchange.transport import Transport
from serversync.exchange.types.attachment import Attachment
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import AttachmentId, ItemId
from serversync.exchange.types.item import Item
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.exchange.upload import Source, Upload, upload
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo
from serversync.exchange.version_memory import OLDER, VersionMemory

__all__ = ["Credentials", "Endpoint", "EwsClient", "Scheme"]

R = TypeVar("R")

_CONTENT = frozenset({t("Content"), t("MimeContent")})
_ENOUGH_TO_JUDGE_BYTES = 1 << 16
_BEFORE_XML = b"\xef\xbb\xbf \t\r\n\x00"
_BODY = frozenset({t("Body")})


class EwsClient:
    """Reads mailboxes of one Exchange server as one account; use it as ``async with``.

    Args:
        endpoint: The server.
        credentials: The account.
        connections: The most connections at the same time, and so the most calls.
        user_agent: Names the program to the server and its access policies.
        version: The schema that requests speak; an older server is met in its own by itself.
        max_answer_bytes: Answers that are read into memory may have so many bytes, unpacked.
        guard: Decides who may try the password, where others use the same account.
        require_supported: Refuse servers that are too old, Exchange Online, and what is no Exchange.
        allow_other_servers: Of these, let pass what is no Exchange but speaks its protocol.
    """

    def __init__(  # noqa: PLR0913 - each is an option of its own
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        connections: int = 10,
        user_agent: str = "serversync",
        version: RequestServerVersion = RequestServerVersion.EXCHANGE2013_SP1,
        max_answer_bytes: int = 64 << 20,
        guard: LogOnGuard | None = None,
        require_supported: bool = True,
        allow_other_servers: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self._account = credentials.username
        self._credentials = credentials
        self._connections = connections
        self._user_agent = user_agent
        self._versions = VersionMemory(version)
        self._gate = Gate(allow_other_servers) if require_supported else None
        self._admitted: set[ServerVersionInfo] = set()
        self._known = KnownAnswers()
        self._max_answer_bytes = max_answer_bytes
        self._guard = guard
        self._transport: Transport | Lane | None = None
        self._server_version: ServerVersionInfo | None = None

    async def __aenter__(self) -> Self:
        self._transport = Transport(
            self.endpoint,
            self._credentials,
            connections=self._connections,
            user_agent=self._user_agent,
            max_answer_bytes=self._max_answer_bytes,
            guard=self._guard,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    @property
    def has_logged_on(self) -> bool:
        """Whether the server has accepted the account, whatever it answered then."""
        return self._transport is not None and self._transport.has_logged_on

    @property
    def server_version(self) -> ServerVersionInfo | None:
        """The build of the server that answered last, or ``None`` before the first answer."""
        return self._server_version

    @property
    def log_on(self) -> LogOnEvidence:
        """What was seen of the server while logging on: offers, names, clock."""
        return self._open_transport().evidence

    @property
    def offered_schemes(self) -> tuple[str, ...]:
        """What the server offers for logging on, as far as it has said it; see ``ask_offer``."""
        return self.log_on.offered_schemes

    async def ask_offer(self) -> LogOnEvidence:
        """Ask the server without credentials what it offers, who it is and what time it has.

        Raises:
            ServiceError: DNS, TCP, TLS, time-out: the class says which.
        """
        transport = self._open_transport()
        await transport.ask_offer()
        if "ntlm" in {name.lower() for name in transport.evidence.offered_schemes}:
            await transport.ask_offer(ASK_FOR_CHALLENGE)
        return transport.evidence

    def behaviour(self, mailbox: str | None = None) -> Behaviour:
        """Return what the server of a mailbox can do, as far as it is known by now."""
        return behaviour_of(self._server_version, self._versions.version_for(mailbox))

    async def call(
        self, operation: Operation[R], *, mailbox: str | None = None, affinity: Affinity | None = None
    ) -> list[Outcome[R]]:
        """Send one request.

        Args:
            operation: What to ask.
            mailbox: The address of the mailbox to act as; ``None`` acts as the account itself.
            affinity: The group whose server must answer; ``None`` for the mailbox's own.

        Returns:
            One outcome for each thing asked for, in order.

        Raises:
            ServiceError: the request as a whole failed; the class says what happens next.
        """
        return await self._versioned(
            mailbox, lambda version: self._call(operation, version, mailbox, affinity)
        )

    async def call_known(
        self,
        operation: Operation[R],
        meaning: Callable[[list[Outcome[R]]], str | None],
        *,
        mailbox: str | None = None,
    ) -> str | None:
        """Send one request with a short answer, and return what it means; one that is known is not read again.

        The answer is not compressed: packing and unpacking it costs more than it saves.

        Args:
            operation: What to ask.
            meaning: Makes a short text of the outcomes, of them alone and always the same of the same ones; ``None``
                is not remembered.
            mailbox: The address of the mailbox to act as.

        Raises:
            ServiceError: the request as a whole failed, or ``meaning`` raised it.
        """
        return await self._versioned(
            mailbox, lambda version: self._call_known(operation, meaning, version, mailbox)
        )

    async def call_bisecting(
        self, operation: Divisible[R], *, mailbox: str | None = None
    ) -> list[Outcome[R]]:
        """Send one request; where one item spoils its answer, find this item and bring all others.

        Args:
            operation: What to ask, for example ``GetItem``.
            mailbox: The address of the mailbox to act as.

        Returns:
            One outcome for each item, in order; the bad ones are failures.

        Raises:
            ServiceError: the request as a whole failed, whatever its items.
        """
        return await bisection.call_bisecting(
            lambda part: self.call(part, mailbox=mailbox),
            lambda part: self.call(part, mailbox=mailbox),
            operation,
        )

    async def download(
        self, attachment_id: AttachmentId, sink: Sink, *, mailbox: str | None = None
    ) -> Outcome[Attachment]:
        """Write the content of an attachment into ``sink`` as it arrives, in little memory.

        An attached item is written as its MIME content.

        Returns:
            The attachment without its content; a failure leaves the sink as it was.

        Raises:
            ServiceError: the request as a whole failed; the sink is as it was.
        """
        return await self._stream(GetAttachment((attachment_id,)), sink, _CONTENT, Base64Decoder, mailbox)

    async def download_body(
        self, item_id: ItemId, sink: Sink, *, body_type: BodyType = BodyType.HTML, mailbox: str | None = None
    ) -> Outcome[Item]:
        """Write the body of an item into ``sink`` as UTF-8 as it arrives, in little memory.

        Returns:
            The item with its id and an empty body that tells its type; a failure leaves the sink as it was.

        Raises:
            ServiceError: the request as a whole failed; the sink is as it was.
        """
        shape = ItemShape(body_type=body_type, additional_properties=(FieldURI("item:Body"),))
        return await self._stream(GetItem((item_id,), shape), sink, _BODY, TextDecoder, mailbox)

    async def download_mime(
        self, item_id: ItemId, sink: Sink, *, mailbox: str | None = None
    ) -> Outcome[Item]:
        """Write the MIME content of an item into ``sink`` as it arrives, in little memory.

        Returns:
            The item with its id; a failure leaves the sink as it was.

        Raises:
            ServiceError: the request as a whole failed; the sink is as it was.
        """
        shape = ItemShape(include_mime_content=True)
        return await self._stream(GetItem((item_id,), shape), sink, _CONTENT, Base64Decoder, mailbox)

    async def upload(
        self,
        parent_item_id: ItemId,
        file: NewFile,
        length: int,
        open_source: Callable[[], Source],
        *,
        mailbox: str | None = None,
    ) -> Outcome[AttachmentId]:
        """Attach a file to an item, its content sent as it is read, in little memory.

        Args:
            parent_item_id: The item, with its current change key.
            file: Name and type of the file, without content.
            length: How many bytes its content has.
            open_source: Opens the content from its beginning.
            mailbox: The address of the mailbox to act as.

        Returns:
            The id of the attachment, with the item's new change key.

        Raises:
            ServiceError: the request as a whole failed; where ``ConnectionLost``, nobody knows whether it took
                effect. Content that is shorter than announced breaks the connection.
        """
        operation = CreateAttachment(parent_item_id, (file,))

        async def attempt(version: RequestServerVersion) -> list[Outcome[AttachmentId]]:
            request = upload(envelope(operation, version, mailbox), length, open_source)
            return await self._answer(operation, request, mailbox)

        (outcome,) = await self._versioned(mailbox, attempt)
        return outcome

    async def _versioned(
        self, mailbox: str | None, attempt: Callable[[RequestServerVersion], Awaitable[R]]
    ) -> R:
        """Speak the version that the mailbox's server knows, and find it out where necessary.

        The oldest schema is only spoken to learn which product it is, where a server that refuses the others
        does not say so.
        """
        version = self._versions.version_for(mailbox)
        was_refused = False
        while True:
            try:
                result = await attempt(version)
            except VersionUnsupported as error:
                older = OLDER.get(version)
                is_told = error.details.get("build") and older is RequestServerVersion.EXCHANGE2007_SP1
                if older is None or is_told or "response_code" not in error.details:
                    raise
                version, was_refused = older, True
            except MailboxUnavailable as error:
                if error.details.get("retry") == Retry.REDISCOVER.value:
                    self._versions.forget(mailbox)
                raise
            else:
                if was_refused:
                    self._versions.found(mailbox, version)
                return result

    @asynccontextmanager
    async def stream(
        self,
        subscription_ids: Sequence[str],
        *,
        mailbox: str | None = None,
        affinity: Affinity | None = None,
        connection_timeout: timedelta = timedelta(minutes=29),
        silence: timedelta = SILENCE,
    ) -> AsyncIterator[EventStream]:
        """Open a stream of the events of up to 200 streaming subscriptions; it ends with the block.

        Args:
            subscription_ids: Subscriptions that this account made, of mailboxes on one server.
            mailbox: Whom to act as: a mailbox of the group, whose budget the open connection then counts in.
            affinity: What the group's subscriptions were made with.
            connection_timeout: After which the server closes the stream, 1 to 30 minutes.
            silence: Without a sign of life for so long the stream counts as dead.

        Raises:
            ServiceError: the stream cannot be opened; see ``EventStream`` for what may happen later.
        """
        operation = GetStreamingEvents(tuple(subscription_ids), connection_timeout)
        async with AsyncExitStack() as stack:
            response = await self._versioned(
                mailbox,
                lambda version: self._open_stream(stack, operation, version, mailbox, affinity, silence),
            )
            context = self._context(operation, mailbox, response)

            def read(document: bytes) -> StreamedAnswer:
                root = self._parse(response, [document], context)
                (outcome,) = operation.from_xml(self._content(root, context, response), context)
                return outcome.unwrap()

            pieces = await stack.enter_async_context(aclosing(self._pieces(response, context)))
            yield EventStream(pieces, read, host=self.endpoint.host)

    async def _open_stream(
        self,
        stack: AsyncExitStack,
        operation: GetStreamingEvents,
        version: RequestServerVersion,
        mailbox: str | None,
        affinity: Affinity | None,
        silence: timedelta,
    ) -> aiohttp.ClientResponse:
        transport = self._open_transport()
        request = envelope(operation, version, mailbox)
        async with AsyncExitStack() as opening:
            response = await opening.enter_async_context(
                transport.hanging(request, _headers(mailbox, affinity), silence=silence)
            )
            if affinity is not None:
                affinity.learn(response.headers)
            if response.status != 200:
                context = self._context(operation, mailbox, response)
                document = await transport.read(response, operation.name)
                self._content(self._parse(response, [document], context), context, response)
                raise AnswerUnreadable(**context.details(), reason=f"HTTP {response.status} with an answer")
            stack.push_async_exit(opening.pop_all())
        return response

    async def _pieces(
        self, response: aiohttp.ClientResponse, context: AnswerContext
    ) -> AsyncGenerator[bytes, None]:
        """Give the pieces of a stream, after a look at whether it is one."""
        judged = False
        async with aclosing(self._open_transport().chunks(response)) as chunks:
            async for chunk in chunks:
                if not judged and chunk.strip(_BEFORE_XML):
                    self._refuse_page(chunk, context)
                    judged = True
                yield chunk

    async def _call(
        self,
        operation: Operation[R],
        version: RequestServerVersion,
        mailbox: str | None,
        affinity: Affinity | None,
    ) -> list[Outcome[R]]:
        request = envelope(operation, version, mailbox)
        return await self._answer(operation, request, mailbox, affinity)

    async def _answer(
        self,
        operation: Operation[R],
        request: bytes | Upload,
        mailbox: str | None,
        affinity: Affinity | None = None,
    ) -> list[Outcome[R]]:
        response, pieces = await self._open_transport().ask(
            request, _headers(mailbox, affinity), operation.name, repeatable=operation.repeatable
        )
        if affinity is not None:
            affinity.learn(response.headers)
        context = self._context(operation, mailbox, response)
        root = self._parse(response, pieces, context)
        return operation.from_xml(self._content(root, context, response), context)

    async def _call_known(
        self,
        operation: Operation[R],
        meaning: Callable[[list[Outcome[R]]], str | None],
        version: RequestServerVersion,
        mailbox: str | None,
    ) -> str | None:
        request = envelope(operation, version, mailbox)
        response, pieces = await self._open_transport().ask(
            request,
            {**_headers(mailbox), "Accept-Encoding": "identity"},
            operation.name,
            repeatable=operation.repeatable,
        )
        context = self._context(operation, mailbox, response)
        key = self._known.key(request, pieces)
        if response.status == 200 and (known := self._known.get(key)) is not None:
            self._server_version = known.build
            self._versions.heard(mailbox, known.build)
            return known.meaning
        opened, context = self._admit(self._parse(response, pieces, context), context, response)
        told = meaning(operation.from_xml(self._opened(opened, context, response), context))
        if response.status == 200 and told is not None and opened.server_version is not None:
            self._known.keep(key, KnownAnswer(told, opened.server_version))
        return told

    async def _stream(
        self,
        operation: Operation[R],
        sink: Sink,
        tags: frozenset[str],
        decoder: Callable[[Callable[[bytes], object]], Decoder],
        mailbox: str | None,
    ) -> Outcome[R]:
        start = sink.tell()

        async def attempt(version: RequestServerVersion) -> Outcome[R]:
            try:
                return await self._stream_once(
                    operation, version, mailbox, DivertingReader(tags, decoder(sink.write))
                )
            except NotAnEnvelope:
                sink.seek(start)
                sink.truncate()
            reader = DivertingReader(tags, decoder(sink.write), coding="utf-8")
            return await self._stream_once(operation, version, mailbox, reader, StreamRepair())

        try:
            outcome = await self._versioned(mailbox, attempt)
        except ServiceError:
            sink.seek(start)
            sink.truncate()
            raise
        except (NotAnEnvelope, binascii.Error) as error:
            outcome = Failure(
                ItemUnreadable(mailbox=mailbox, response_code="its answer cannot be read", cause=str(error)),
                "Unreadable",
                str(error),
            )
        if isinstance(outcome, Failure):
            sink.seek(start)
            sink.truncate()
        return outcome

    async def _stream_once(
        self,
        operation: Operation[R],
        version: RequestServerVersion,
        mailbox: str | None,
        reader: DivertingReader,
        repair: StreamRepair | None = None,
    ) -> Outcome[R]:
        transport = self._open_transport()
        request = envelope(operation, version, mailbox)
        async with transport.exchange(request, _headers(mailbox), streamed=True) as response:
            context = self._context(operation, mailbox, response)
            if response.status != 200:
                pieces = await transport.read_pieces(response, operation.name)
                root = self._parse(response, pieces, context)
            else:
                judged = False
                async with aclosing(transport.chunks(response)) as chunks:
                    async for chunk in chunks:
                        if not judged and chunk.strip(_BEFORE_XML):
                            self._refuse_page(chunk, context)
                            judged = True
                        reader.feed(chunk if repair is None else repair.feed(chunk))
                if repair is not None:
                    reader.feed(repair.close())
                root = reader.close()
        (outcome,) = operation.from_xml(self._content(root, context, response), context)
        return outcome

    def lane(self, turn: Turn) -> "EwsClient":
        """Return a client over the same connections whose requests go in their turn; it needs no closing."""
        transport = self._open_transport()
        if isinstance(transport, Lane):
            raise TypeError("a lane has no lanes")
        client = copy.copy(self)
        client._transport = Lane(transport, turn)  # noqa: SLF001 - it is one of ours
        return client

    def _open_transport(self) -> Transport | Lane:
        if self._transport is None:
            raise RuntimeError("the client is not open: use it as 'async with EwsClient(...) as client'")
        return self._transport

    def _context(
        self, operation: Operation[Any], mailbox: str | None, response: aiohttp.ClientResponse
    ) -> AnswerContext:
        request_id = response.headers.get("request-id") or response.headers.get("client-request-id")
        calls.note(operation.name, response.status, request_id)
        return AnswerContext(
            operation=operation.name,
            host=self.endpoint.host,
            account=self._account,
            mailbox=mailbox,
            request_id=request_id,
        )

    def _parse(
        self, response: aiohttp.ClientResponse, pieces: Sequence[bytes], context: AnswerContext
    ) -> _Element:
        """Return the root of an answer, which came in these pieces.

        Raises:
            NotExchange: something else than Exchange answered.
            AnswerUnreadable: the answer is broken.
            ServiceError: its HTTP status says enough.
        """
        start = pieces[0] if pieces and len(pieces[0]) >= _ENOUGH_TO_JUDGE_BYTES else b"".join(pieces)
        error = status_error(response.status, response.headers, start, context, self.endpoint.url)
        if error is not None:
            raise error
        self._refuse_page(start, context)
        try:
            return parse_pieces(pieces)
        except NotAnEnvelope as broken:
            error = status_error(response.status, response.headers, b"", context, self.endpoint.url)
            if error is not None:
                raise error from broken
            raise AnswerUnreadable(**context.details(), reason=str(broken)) from broken

    def _refuse_page(self, start: bytes, context: AnswerContext) -> None:
        """Judge by the beginning of a body.

        Raises:
            NotExchange: it is no XML: a web page, or anything else.
        """
        if page_title(start) is not None or not start.lstrip(_BEFORE_XML).startswith(
            (b"<", b"\xff\xfe", b"\xfe\xff")
        ):
            reason = "the answer is not XML" if start else "the answer is empty"
            raise not_exchange(context, self.endpoint.url, start, reason)

    def _content(self, root: _Element, context: AnswerContext, response: aiohttp.ClientResponse) -> _Element:
        """Return the response element.

        Raises:
            NotExchange: the document is no SOAP envelope.
            VersionUnsupported: another server than those that this client works with.
            ServiceError: it holds a fault.
        """
        opened, context = self._admit(root, context, response)
        return self._opened(opened, context, response)

    def _admit(
        self, root: _Element, context: AnswerContext, response: aiohttp.ClientResponse
    ) -> tuple[Envelope, AnswerContext]:
        """Return the envelope, of a server that this client works with, and the context with its build.

        Raises:
            NotExchange: the document is no SOAP envelope.
            VersionUnsupported: another server than those that this client works with.
        """
        try:
            opened = open_envelope(root)
        except NotAnEnvelope as error:
            raise NotExchange(**context.details(), address=self.endpoint.url, reason=str(error)) from error
        build = opened.server_version
        if build is not None:
            self._server_version = build
            context = replace(context, build=str(build))
        if self._gate is not None and (build is None or build not in self._admitted):
            if build is not None or not opened.is_fault:
                self._gate.check(build, response.headers, context)
            if build is not None:
                self._admitted.add(build)
        if build is not None:
            self._versions.heard(context.mailbox, build)
        return opened, context

    def _opened(self, opened: Envelope, context: AnswerContext, response: aiohttp.ClientResponse) -> _Element:
        """Return the response element of an envelope.

        Raises:
            ServiceError: it holds a fault.
        """
        try:
            return content_of(opened, context)
        except ServerBusy as busy:
            busy.details["back_off"] = busy.details.get("back_off") or retry_after(response.headers)
            raise


def _headers(mailbox: str | None, affinity: Affinity | None = None) -> dict[str, str]:
    headers = {"client-request-id": str(uuid.uuid4()), "return-client-request-id": "true"}
    if affinity is not None:
        headers |= affinity.headers()
    elif mailbox is not None:
        headers["X-AnchorMailbox"] = mailbox
    return headers
