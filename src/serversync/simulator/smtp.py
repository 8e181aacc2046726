"""Mail from outside: an SMTP server on the loopback interface that injects what it gets."""

import asyncio
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from serversync.simulator import transport
from serversync.simulator.exchange import Exchange
from serversync.simulator.mimeheaders import with_headers


class _Gateway:
    """Answers the commands as Exchange's front end does; aiosmtpd calls these methods by their names."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._exchange.is_own_domain(address):
            return "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
        if self._exchange.find_mailbox(address) is None:
            return "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        with self._exchange.lock:
            message_id = self._exchange.new_message_id(content)
            mime = with_headers(content, {"Message-ID": message_id})
            arrived = transport.Envelope(envelope.mail_from or "", tuple(envelope.rcpt_tos), mime)
            transport.route(self._exchange, arrived)
        return "250 2.6.0 Queued mail for delivery"


class SmtpListener:
    """Takes mail for the mailboxes while the ``async with`` block lasts.

    Args:
        exchange: The state.
        port: TCP port on the loopback interface; 0 for any free one.
    """

    def __init__(self, exchange: Exchange, port: int = 0) -> None:
        self._exchange = exchange
        self._wanted_port = port
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            RuntimeError: it does not listen.
        """
        if self._server is None:
            raise RuntimeError("the SMTP listener does not run")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        gateway = _Gateway(self._exchange)

        def session() -> SMTP:
            return SMTP(
                gateway,
                data_size_limit=self._exchange.largest_message,
                enable_SMTPUTF8=True,
                hostname=f"EXCH01.{self._exchange.domain}",
                ident="Microsoft ESMTP MAIL Service ready",
                loop=loop,
            )

        self._server = await loop.create_server(session, "127.0.0.1", self._wanted_port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
