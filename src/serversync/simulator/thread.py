"""The simulator on a thread of its own, for programs and tests that are not asynchronous."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from serversync.simulator.auth import ExtendedProtection, Scheme
from serversync.simulator.certificates import CertificateOptions
from serversync.simulator.exchange import Exchange
from serversync.simulator.proxy import ReverseProxy
from serversync.simulator.server import SimulatorServer


class SimulatorThread:
    """Serves an Exchange from another thread while the ``with`` block lasts; arguments as ``SimulatorServer``.

    ``beside`` are listeners that run with it, for example a ``DnsResponder`` or a ``PlainHttpListener``.

    Attributes:
        exchange: The state; its methods may be called from this thread.
        server: The server, for its hooks.
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
        beside: Sequence[AbstractAsyncContextManager[object]] = (),
        proxy: ReverseProxy | None = None,
    ) -> None:
        self._beside = beside
        self.exchange = exchange
        self.server = SimulatorServer(
            exchange,
            port=port,
            extended_protection=extended_protection,
            schemes=schemes,
            schema_dir=schema_dir,
            tls=tls,
            proxy=proxy,
        )
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="serversync-simulator", daemon=True)

    @property
    def url(self) -> str:
        """The EWS address."""
        return self.server.url

    @property
    def ca_file(self) -> Path:
        """PEM file of the authority to trust."""
        return self.server.ca_file

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = self._started.result()
        if self._end is not None:
            loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:
            if self._started.done():
                raise
            self._started.set_exception(problem)

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with self.server, AsyncExitStack() as stack:
            for listener in self._beside:
                await stack.enter_async_context(listener)
            self._started.set_result(asyncio.get_running_loop())
            await self._end.wait()
