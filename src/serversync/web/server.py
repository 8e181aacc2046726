"""Serves the pages over HTTP, and stops in good order.

The caller has started the program (``serversync.bootstrap.start``) and gives back what that took when ``serve`` returns.
HTTPS belongs to the proxy in front; without one the pages are meant for this machine only.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from django.core.asgi import get_asgi_application

from serversync.core.errors import InputInvalid

_GRACE_SECONDS: Final = 10
"""How long requests that are being answered may go on when the server is to stop."""


class _Server(uvicorn.Server):
    """uvicorn without handlers of its own: it would raise the signal again and skip the caller's clean-up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        InputInvalid: the address is not one of this machine, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as reason:
        raise InputInvalid(field=f"address {host}:{port}", reason=str(reason)) from reason


async def serve(
    host: str,
    port: int,
    *,
    started: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until told to stop, then let the requests that are under way finish.

    Args:
        host: Name or address to listen on.
        port: Port to listen on; 0 takes a free one.
        started: Called with the address of the pages once they answer.
        stop: Stops the server when set. Without it SIGTERM and SIGINT do.

    Raises:
        InputInvalid: the address cannot be listened on.
    """
    listening = listen(host, port)
    config = uvicorn.Config(
        get_asgi_application(),
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config)
    stopping = stop or asyncio.Event()
    with _until_signalled(stopping) if stop is None else _nothing():
        running = asyncio.create_task(server.serve(sockets=[listening]))
        waiting = asyncio.create_task(stopping.wait())
        try:
            await _answering(server, running)
            if started is not None and server.started:
                shown = f"[{host}]" if ":" in host else host
                started(f"http://{shown}:{listening.getsockname()[1]}/")
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            waiting.cancel()
            await running
            listening.close()


async def _answering(server: uvicorn.Server, running: "asyncio.Task[None]") -> None:
    """Wait until the server accepts connections, or has given up."""
    while not server.started and not running.done():
        await asyncio.wait({running}, timeout=0.01)


@contextmanager
def _until_signalled(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
