"""What else may stand behind an address: servers that are no Exchange, and proxies, on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _listening(serve: Serve, writers: list[asyncio.StreamWriter]) -> AsyncIterator[int]:
    """Serve until the block ends, then close every connection and wait until they are."""
    handlers: set[asyncio.Task] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        for task in handlers:
            task.cancel()
        closing = [writer.wait_closed() for writer in writers]
        await asyncio.gather(*closing, *handlers, return_exceptions=True)


@asynccontextmanager
async def answering(bytes_out: bytes | None) -> AsyncIterator[int]:
    """A server that answers whatever comes with these bytes and closes; ``None`` never answers. Gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if bytes_out is None:
            await asyncio.Event().wait()
        await reader.read(65536)
        writer.write(bytes_out or b"")
        await writer.drain()
        writer.close()

    async with _listening(serve, []) as port:
        yield port


@contextlib.contextmanager
def full() -> Iterator[int]:
    """A port whose queue of waiting connections is full, so that no further one is answered."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(listener.getsockname())
        yield listener.getsockname()[1]


@asynccontextmanager
async def proxy(status: str = "200 Connection established") -> AsyncIterator[int]:
    """An HTTP proxy that answers CONNECT with a status, and passes everything on where that is 200."""
    writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if not status.startswith("200"):
            writer.close()
            return
        host, _, port = head.split()[1].rpartition(":")
        upstream = await asyncio.open_connection(host, int(port))
        writers.append(upstream[1])
        await asyncio.gather(pump(reader, upstream[1]), pump(upstream[0], writer))

    async with _listening(serve, writers) as port:
        yield port
