"""Streams of notifications through the whole client, against a TLS server."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web

from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    MailboxUnavailable,
    NotExchange,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
    SubscriptionLost,
)
from serversync.exchange.affinity import Affinity
from serversync.exchange.operations.get_streaming_events import ConnectionStatus, StreamedAnswer
from serversync.exchange.operations.unsubscribe import Unsubscribe
from serversync.exchange.tls import shrink_buffer
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Servers

OPERATION = "GetStreamingEvents"
OK = answers.answer(OPERATION, answers.success(OPERATION, "<m:ConnectionStatus>OK</m:ConnectionStatus>"))
CLOSED = answers.answer(
    OPERATION, answers.success(OPERATION, "<m:ConnectionStatus>Closed</m:ConnectionStatus>")
)


def news(subscription_id: str) -> str:
    """An envelope with one event."""
    event = (
        "<t:NewMailEvent><t:TimeStamp>2026-01-05T09:00:00Z</t:TimeStamp><t:ItemId Id='i' ChangeKey='k'/>"
        "<t:ParentFolderId Id='f' ChangeKey='k'/></t:NewMailEvent>"
    )
    found = f"<t:Notification><t:SubscriptionId>{subscription_id}</t:SubscriptionId>{event}</t:Notification>"
    return answers.answer(
        OPERATION, answers.success(OPERATION, f"<m:Notifications>{found}</m:Notifications>")
    )


def lost(code: str, *subscription_ids: str) -> str:
    """An envelope that ends a stream."""
    ids = "".join(f"<t:SubscriptionId>{each}</t:SubscriptionId>" for each in subscription_ids)
    extra = f"<m:ErrorSubscriptionIds>{ids}</m:ErrorSubscriptionIds>" if ids else ""
    return answers.answer(OPERATION, answers.failure(OPERATION, code, extra))


Writer = Callable[[web.StreamResponse], Awaitable[None]]


def streaming(write: Writer, headers: dict[str, str] | None = None) -> Callable[[web.Request], object]:
    """A handler that answers with a stream."""

    async def handler(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(
            headers={
                "Server": "Microsoft-IIS/10.0",
                "Content-Type": "text/xml; charset=utf-8",
                **(headers or {}),
            }
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        await write(response)
        return response

    return handler


def sending(*pieces: bytes | str) -> Writer:
    async def write(response: web.StreamResponse) -> None:
        for piece in pieces:
            await response.write(piece.encode() if isinstance(piece, str) else piece)

    return write


async def read(servers: Servers, handler: object, **options: object) -> list[StreamedAnswer]:
    async with (
        servers.client(handler) as client,
        client.stream(["s1", "s2"], mailbox="ada@example.org", **options) as events,
    ):
        return [answer async for answer in events]


async def test_envelopes_come_one_by_one_until_the_server_closes(servers: Servers) -> None:
    data = "\ufeff" + OK + "\r\n" + news("s2") + OK + CLOSED
    found = await read(servers, streaming(sending(data[:700], data[700:901], data[901:], "never read")))
    assert [one.connection_status for one in found] == [
        ConnectionStatus.OK,
        None,
        ConnectionStatus.OK,
        ConnectionStatus.CLOSED,
    ]
    (notification,) = found[1].notifications
    assert (notification.subscription_id, notification.events[0].element) == ("s2", "NewMailEvent")


async def test_an_event_is_told_while_the_stream_stays_open(servers: Servers) -> None:
    told = asyncio.Event()

    async def write(response: web.StreamResponse) -> None:
        await response.write((OK + news("s1")).encode())
        await told.wait()
        await response.write(CLOSED.encode())

    async with servers.client(streaming(write)) as client, client.stream(["s1"]) as events:
        async for answer in events:
            if answer.notifications:
                told.set()
    assert told.is_set()


async def test_a_compressed_stream_is_told_as_it_comes(servers: Servers) -> None:
    told = asyncio.Event()

    async def write(response: web.StreamResponse) -> None:
        packer = zlib.compressobj(wbits=31)
        await response.write(packer.compress((OK + news("s1")).encode()) + packer.flush(zlib.Z_SYNC_FLUSH))
        await told.wait()
        await response.write(packer.compress(CLOSED.encode()) + packer.flush())

    handler = streaming(write, {"Content-Encoding": "gzip"})
    async with servers.client(handler) as client, client.stream(["s1"]) as events:
        async for answer in events:
            if answer.notifications:
                told.set()
    assert told.is_set()


async def test_an_illegal_character_in_an_envelope_does_not_end_the_stream(servers: Servers) -> None:
    found = await read(servers, streaming(sending(news("s&#x1F;2") + CLOSED)))
    assert found[0].notifications[0].subscription_id == "s2"


async def test_a_request_names_the_subscriptions_and_asks_for_no_compression(servers: Servers) -> None:
    seen: list[tuple[web.Request, str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request, await request.text()))
        return web.Response(body=CLOSED.encode(), content_type="text/xml")

    await read(servers, handler, connection_timeout=timedelta(minutes=90))
    request, body = seen[0]
    assert "<t:SubscriptionId>s1</t:SubscriptionId><t:SubscriptionId>s2</t:SubscriptionId>" in body
    assert "<m:ConnectionTimeout>30</m:ConnectionTimeout>" in body
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["X-AnchorMailbox"] == "ada@example.org"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ErrorSubscriptionNotFound", SubscriptionLost),
        ("ErrorMissedNotificationEvents", SubscriptionLost),
        ("ErrorReadEventsFailed", SubscriptionLost),
        ("ErrorExpiredSubscription", SubscriptionLost),
        ("ErrorInvalidSubscription", SubscriptionLost),
        ("ErrorSubscriptionUnsubscribed", SubscriptionLost),
        ("ErrorNewEventStreamConnectionOpened", SubscriptionLost),
        ("ErrorExceededConnectionCount", ServerBusy),
        ("ErrorProxyRequestNotAllowed", MailboxUnavailable),
    ],
)
async def test_an_error_of_the_stream_is_raised_after_what_came_before(
    servers: Servers, code: str, error: type[ServiceError]
) -> None:
    seen: list[StreamedAnswer] = []

    async def follow() -> None:
        async for answer in events:
            seen.append(answer)  # noqa: PERF401 - what came before the error counts

    async with (
        servers.client(streaming(sending(OK + news("s1") + lost(code, "s2")))) as client,
        client.stream(["s1", "s2"], mailbox="ada@example.org") as events,
    ):
        with pytest.raises(error) as caught:
            await follow()
    assert len(seen) == 2
    assert caught.value.details["subscription_ids"] == ("s2",)
    assert caught.value.details["response_code"] == code


@pytest.mark.parametrize(
    ("write", "error", "reason"),
    [
        (sending(OK), ConnectionLost, "without being closed"),
        (sending(OK, news("s1")[:50]), ConnectionLost, "in the middle"),
        (sending("<html><head><title>Log on</title></head></html>"), NotExchange, "Log on"),
        (sending(OK, "<!DOCTYPE a><a></a>"), AnswerUnreadable, "document type"),
        (sending(OK, "<a></a>"), NotExchange, "another kind"),
    ],
)
async def test_a_stream_that_breaks_says_how(
    servers: Servers, write: Writer, error: type[ServiceError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        await read(servers, streaming(write))


async def test_a_stream_whose_connection_is_cut_is_lost(servers: Servers) -> None:
    async def write(response: web.StreamResponse) -> None:
        await response.write(OK.encode())
        response._req.transport.abort()

    with pytest.raises(ConnectionLost):
        await read(servers, streaming(write))


async def test_a_silent_stream_is_dead(servers: Servers) -> None:
    async def write(response: web.StreamResponse) -> None:
        await response.write(OK.encode())
        await asyncio.Event().wait()

    with pytest.raises(ServerUnreachable):
        await read(servers, streaming(write), silence=timedelta(milliseconds=200))


async def test_a_refused_stream_raises_the_fault(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(
            body=answers.fault("ErrorServerBusy").encode(), status=500, content_type="text/xml"
        )

    with pytest.raises(ServerBusy):
        await read(servers, handler)


async def test_an_older_server_is_met_in_its_own_version(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        is_new = 'Version="Exchange2013_SP1"' in await request.text()
        body = answers.fault("ErrorInvalidServerVersion") if is_new else OK + CLOSED
        return web.Response(body=body.encode(), status=500 if is_new else 200, content_type="text/xml")

    assert len(await read(servers, handler)) == 2


async def test_a_group_keeps_its_anchor_and_its_affinity_cookies(servers: Servers) -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        body = (
            CLOSED
            if "GetStreamingEvents" in await request.text()
            else answers.answer("Unsubscribe", answers.success("Unsubscribe", ""))
        )
        response = web.Response(body=body.encode(), content_type="text/xml")
        response.set_cookie("X-BackEndOverrideCookie", "EXCH01~1941997017", path="/")
        response.set_cookie("session", "other", path="/")
        return response

    affinity = Affinity("ada@example.org")
    async with servers.client(handler) as client:
        await client.call(Unsubscribe("s"), mailbox="ben@example.org", affinity=affinity)
        async with client.stream(["s"], mailbox="ada@example.org", affinity=affinity) as events:
            assert len([answer async for answer in events]) == 1
        affinity.forget()
        await client.call(Unsubscribe("s"), mailbox="ben@example.org", affinity=affinity)
    assert [r.headers.get("Cookie") for r in seen] == [
        None,
        "X-BackEndOverrideCookie=EXCH01~1941997017",
        None,
    ]
    assert {r.headers["X-AnchorMailbox"] for r in seen} == {"ada@example.org"}
    assert {r.headers["X-PreferServerAffinity"] for r in seen} == {"true"}


async def test_streams_take_no_connection_from_the_calls(servers: Servers) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        if "Unsubscribe" in await request.text():
            body = answers.answer("Unsubscribe", answers.success("Unsubscribe", ""))
            return web.Response(body=body.encode(), content_type="text/xml")
        response = web.StreamResponse(headers={"Server": "Microsoft-IIS/10.0", "Content-Type": "text/xml"})
        await response.prepare(request)
        await response.write(OK.encode())
        await release.wait()
        await response.write(CLOSED.encode())
        return response

    async with (
        servers.client(handler, connections=1) as client,
        client.stream(["s1"]) as first,
        client.stream(["s2"]) as second,
    ):
        (outcome,) = await client.call(Unsubscribe("s3"))
        assert outcome.unwrap() is True
        release.set()
        assert [len([a async for a in events]) for events in (first, second)] == [2, 2]


async def test_the_buffer_of_a_stream_is_small(servers: Servers) -> None:
    release = asyncio.Event()

    async def write(response: web.StreamResponse) -> None:
        await response.write(OK.encode())
        await release.wait()

    async with servers.client(streaming(write)) as client, client.stream(["s1"]) as events:
        async for _ in events:
            break
        (slot,) = client._open_transport()._hanging
        assert len(slot.transport._ssl_protocol._ssl_buffer) == 32 * 1024
        release.set()
    assert not shrink_buffer(None)
