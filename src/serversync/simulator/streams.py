"""Tells what happens over an answer that stays open: complete envelopes back to back, in one chunked body."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from serversync.simulator.exchange import Exchange
from serversync.simulator.faults import Fault
from serversync.simulator.notification import render_notification
from serversync.simulator.operations import get_streaming_events
from serversync.simulator.response import EwsError, streamed_envelope
from serversync.simulator.soap import Answer
from serversync.simulator.subscriptions import OpenStream

Look = Callable[[bytes], None]
"""Is given each envelope before it is sent."""


async def tell(
    request: web.BaseRequest, opening: Answer, stream: OpenStream, exchange: Exchange, look: Look
) -> web.StreamResponse:
    """Send the first envelope and then whatever happens, until the time is up or the stream is ended.

    Args:
        request: The request that opened the stream.
        opening: The answer that says that it is open; a fault with ``truncate`` breaks the connection after so
            many bytes.
        stream: What it tells of.
        exchange: The state.
        look: Sees each envelope.
    """
    fault = opening.fault or Fault()
    answer = web.StreamResponse(headers={"Content-Type": "text/xml; charset=utf-8", **fault.headers})
    answer.enable_chunked_encoding()
    for name, value in opening.cookies.items():
        answer.set_cookie(name, value, path="/")
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    left = fault.truncate

    async def send(document: bytes) -> bool:
        """Send an envelope; ``False`` where the connection was broken on command."""
        nonlocal left
        look(document)
        if left is not None and len(document) >= left:
            await answer.write(document[:left])
            stream.is_cut = True
            return False
        left = None if left is None else left - len(document)
        await answer.write(document)
        return True

    try:
        await answer.prepare(request)
        stream.listen(lambda: loop.call_soon_threadsafe(woken.set))
        document: bytes | None = opening.body
        end = loop.time() + stream.duration.total_seconds()
        while document is not None and not stream.is_cut and await send(document):
            document = await _next(stream, exchange, woken, end)
    finally:
        with exchange.lock:
            exchange.subscriptions.close(stream)
    if stream.is_cut and request.transport is not None:
        request.transport.abort()
    return answer


async def _next(stream: OpenStream, exchange: Exchange, woken: asyncio.Event, end: float) -> bytes | None:
    """Wait for the next envelope; ``None`` after the one that ended the stream."""
    if stream.error == "closed":
        return None
    loop = asyncio.get_running_loop()
    alive = loop.time() + exchange.subscriptions.heartbeat.total_seconds()
    while True:
        woken.clear()
        if stream.is_cut:
            return None
        if (body := _news(stream, exchange)) is None and loop.time() >= end:
            stream.error, body = "closed", get_streaming_events.status("Closed")
        elif body is None and loop.time() >= alive:
            body = get_streaming_events.status("OK")
        if body is not None:
            return streamed_envelope(body, header=exchange.version.server_version_info)
        try:
            async with asyncio.timeout_at(min(end, alive)):
                await woken.wait()
        except TimeoutError:
            continue


def _news(stream: OpenStream, exchange: Exchange) -> str | None:
    """Return what is to be told now; an error ends the stream."""
    table = exchange.subscriptions
    with exchange.lock:
        if stream.error:
            code, stream.error = stream.error, "closed"
            return get_streaming_events.refusal(
                EwsError(code), [one.subscription_id for one in stream.subscriptions]
            )
        lost = [one.subscription_id for one in stream.subscriptions if not table.is_known(one)]
        if lost:
            stream.error = "closed"
            return get_streaming_events.refusal(EwsError("ErrorSubscriptionNotFound"), lost)
        notifications = []
        for one in stream.subscriptions:
            previous = one.position
            try:
                events, more = table.untold(one)
            except EwsError as error:
                table.remove(one)
                stream.error = "closed"
                return get_streaming_events.refusal(error, [one.subscription_id])
            if events:
                notifications.append(render_notification(table, one, events, previous=previous, more=more))
    return get_streaming_events.told(notifications) if notifications else None
