"""A transport as one user of a shared client sees it: its requests go in its turn."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Protocol

import aiohttp

from serversync.exchange.auth.evidence import LogOnEvidence
from serversync.exchange.auth.flow import NO_LOG_ON, Leg
from serversync.exchange.transport import Transport
from serversync.exchange.upload import Upload


class Turn(Protocol):
    """Decides when a request may be sent."""

    def request(self) -> AbstractAsyncContextManager[None]:
        """Surround one request, from its sending to the end of its answer.

        Raises:
            ServiceError: it may not be sent any more.
        """
        ...


class Lane:
    """Sends the requests of one user over a shared transport.

    Args:
        transport: The transport.
        turn: When requests may be sent.
    """

    def __init__(self, transport: Transport, turn: Turn) -> None:
        self._transport = transport
        self._turn = turn

    @property
    def has_logged_on(self) -> bool:
        """See ``Transport.has_logged_on``."""
        return self._transport.has_logged_on

    @property
    def evidence(self) -> LogOnEvidence:
        """See ``Transport.evidence``."""
        return self._transport.evidence

    async def ask_offer(self, leg: Leg = NO_LOG_ON) -> int:
        """See ``Transport.ask_offer``.

        Raises:
            ServiceError: as there; or the turn is over.
        """
        async with self._turn.request():
            return await self._transport.ask_offer(leg)

    @asynccontextmanager
    async def exchange(
        self,
        body: bytes | Upload,
        headers: dict[str, str],
        *,
        streamed: bool = False,
        repeatable: bool = True,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """See ``Transport.exchange``.

        Raises:
            ServiceError: as there; or the turn is over.
        """
        sending = self._transport.exchange(body, headers, streamed=streamed, repeatable=repeatable)
        async with self._turn.request(), sending as response:
            yield response

    async def ask(
        self, body: bytes | Upload, headers: dict[str, str], operation: str, *, repeatable: bool
    ) -> tuple[aiohttp.ClientResponse, list[bytes]]:
        """See ``Transport.ask``.

        Raises:
            ServiceError: as there; or the turn is over.
        """
        async with self._turn.request():
            return await self._transport.ask(body, headers, operation, repeatable=repeatable)

    @asynccontextmanager
    async def hanging(
        self, body: bytes, headers: dict[str, str], *, silence: timedelta
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """See ``Transport.hanging``; the turn lasts as long as the stream.

        Raises:
            ServiceError: as there; or the turn is over.
        """
        async with self._turn.request(), self._transport.hanging(body, headers, silence=silence) as response:
            yield response

    def chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        """See ``Transport.chunks``."""
        return self._transport.chunks(response)

    async def read(self, response: aiohttp.ClientResponse, operation: str) -> bytes:
        """See ``Transport.read``."""
        return await self._transport.read(response, operation)

    async def read_pieces(self, response: aiohttp.ClientResponse, operation: str) -> list[bytes]:
        """See ``Transport.read_pieces``."""
        return await self._transport.read_pieces(response, operation)

    async def close(self) -> None:
        """Do nothing: the shared transport is closed by whoever opened it."""
