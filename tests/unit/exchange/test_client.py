"""Calls through the whole client, against a TLS server."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    ImpersonationDenied,
    ItemTooLarge,
    ItemUnreadable,
    ServerBusy,
    VersionUnsupported,
)
from serversync.exchange.auth.evidence import LogOnEvidence
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.send_item import SendItem
from serversync.exchange.outcome import Failure, Success
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))


def xml(text: str, status: int = 200) -> web.Response:
    return web.Response(body=text.encode(), status=status, content_type="text/xml", charset="utf-8")


async def test_a_folder_is_read_as_the_impersonated_mailbox(servers: Servers) -> None:
    seen: list[tuple[web.Request, str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request, await request.text()))
        return xml(answers.inbox())

    async with servers.client(handler) as client:
        (outcome,) = await client.call(INBOX, mailbox="ada@example.org")
        assert outcome.unwrap().display_name == "Inbox"
        assert str(client.server_version) == "15.2.1748.10"
    request, body = seen[0]
    assert request.headers["X-AnchorMailbox"] == "ada@example.org"
    assert request.headers["Accept-Encoding"] == "gzip"
    assert request.headers["client-request-id"]
    assert request.headers["return-client-request-id"] == "true"
    assert "<t:SmtpAddress>ada@example.org</t:SmtpAddress>" in body


async def test_a_call_for_the_account_itself_names_no_mailbox(servers: Servers) -> None:
    seen: list[tuple[web.Request, str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request, await request.text()))
        return xml(answers.inbox())

    async with servers.client(handler) as client:
        await client.call(INBOX)
    assert "X-AnchorMailbox" not in seen[0][0].headers
    assert "ExchangeImpersonation" not in seen[0][1]


async def test_a_fault_becomes_its_error_with_the_request_id(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = xml(answers.fault("ErrorImpersonateUserDenied"), 500)
        response.headers["request-id"] = "4711"
        return response

    async with servers.client(handler) as client:
        with pytest.raises(ImpersonationDenied) as caught:
            await client.call(INBOX, mailbox="ada@example.org")
    assert caught.value.details["request_id"] == "4711"
    assert str(caught.value) == "svc@example.org is not allowed to impersonate ada@example.org."


async def test_the_pause_that_exchange_asks_for_is_kept(servers: Servers) -> None:
    extra = '<t:MessageXml><t:Value Name="BackOffMilliseconds">2500</t:Value></t:MessageXml>'

    async def handler(request: web.Request) -> web.Response:
        return xml(answers.fault("ErrorServerBusy", extra), 500)

    async with servers.client(handler) as client:
        with pytest.raises(ServerBusy) as caught:
            await client.call(INBOX)
    assert caught.value.details["back_off"].total_seconds() == 2.5


async def test_an_older_server_is_asked_in_its_own_version_and_remembered(servers: Servers) -> None:
    versions: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        versions.append(re.findall(r'RequestServerVersion Version="(\w+)"', await request.text())[0])
        old = versions[-1] == "Exchange2010_SP2"
        return xml(answers.inbox()) if old else xml(answers.fault("ErrorInvalidServerVersion"), 500)

    async with servers.client(handler) as client:
        await client.call(INBOX, mailbox="ada@example.org")
        await client.call(INBOX, mailbox="ada@example.org")
    assert versions == ["Exchange2013_SP1", "Exchange2010_SP2", "Exchange2010_SP2"]


async def test_a_server_that_knows_neither_version_is_not_supported(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return xml(answers.fault("ErrorInvalidServerVersion"), 500)

    async with servers.client(handler) as client:
        with pytest.raises(VersionUnsupported):
            await client.call(INBOX)


async def test_a_compressed_answer_is_unpacked(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = xml(answers.inbox())
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with servers.client(handler) as client:
        assert isinstance((await client.call(INBOX))[0], Success)


async def test_an_answer_larger_than_allowed_is_not_read_to_its_end(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return xml("x" * 200_000)

    async with servers.client(handler, max_answer_bytes=100_000) as client:
        with pytest.raises(AnswerUnreadable) as caught:
            await client.call(INBOX)
    assert caught.value.details["limit"] == 100_000


async def test_an_answer_that_breaks_off_is_a_lost_connection(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<soap")
        request.transport.abort()
        return response

    async with servers.client(handler) as client:
        with pytest.raises(ConnectionLost):
            await client.call(INBOX)


class Guard:
    """A guard that once cannot write down that the password was right, since its database went away."""

    def __init__(self) -> None:
        self.attempts = 0

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        self.attempts += 1
        yield
        if self.attempts == 1:
            raise InterruptedError


class Slow:
    """A server whose first answer does not come to its end."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.requests = 0
        self.may_end = asyncio.Event()

    async def handler(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.requests > 1:
            return xml(answers.inbox())
        headers = {"Content-Length": "1000", "WWW-Authenticate": "Basic"}
        response = web.StreamResponse(status=self.status, headers=headers)
        await response.prepare(request)
        await response.write(b"<soap")
        await self.may_end.wait()
        return response


async def test_an_answer_whose_log_on_the_guard_could_not_note_lets_its_connection_go(
    servers: Servers,
) -> None:
    slow = Slow(200)
    async with servers.client(slow.handler, connections=1, guard=Guard()) as client:
        with pytest.raises(InterruptedError):
            await client.call(INBOX)
        async with asyncio.timeout(10):
            await client.call(INBOX)
        slow.may_end.set()


async def test_a_call_that_is_cancelled_within_a_refusal_lets_its_connection_go(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, refused, see = Slow(401), asyncio.Event(), LogOnEvidence.see

    def seen(*given: Any) -> None:
        see(*given)
        refused.set()

    monkeypatch.setattr(LogOnEvidence, "see", seen)
    async with servers.client(slow.handler, connections=1) as client:
        calling = asyncio.create_task(client.call(INBOX))
        await refused.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        async with asyncio.timeout(10):
            await client.call(INBOX)
        slow.may_end.set()


async def test_a_connection_closed_while_idle_is_replaced_silently(servers: Servers) -> None:
    transports: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        transports.append(request.transport)
        if len(transports) == 2:
            request.transport.abort()
        return xml(answers.inbox())

    async with servers.client(handler) as client:
        await client.call(INBOX)
        await client.call(INBOX)
    assert len(transports) == 3
    assert transports[0] is transports[1] is not transports[2]


async def test_what_changes_something_is_never_sent_twice_by_itself(servers: Servers) -> None:
    operations: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        operations.append("SendItem" if "m:SendItem" in await request.text() else "GetFolder")
        if len(operations) == 2 and request.transport is not None:
            request.transport.abort()
        return xml(answers.inbox())

    async with servers.client(handler) as client:
        await client.call(INBOX)
        with pytest.raises(ConnectionLost):
            await client.call(SendItem(item_ids=(ItemId("a", "k"),)))
        await client.call(INBOX)
    assert operations == ["GetFolder", "SendItem", "GetFolder"]


async def test_never_more_connections_than_allowed(servers: Servers) -> None:
    running = most = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return xml(answers.inbox())

    async with servers.client(handler, connections=3) as client:
        outcomes = await asyncio.gather(*[client.call(INBOX) for _ in range(12)])
    assert len(outcomes) == 12
    assert most == 3


async def test_calls_one_after_the_other_use_one_connection(servers: Servers) -> None:
    transports = set()

    async def handler(request: web.Request) -> web.Response:
        transports.add(request.transport)
        return xml(answers.inbox())

    async with servers.client(handler, connections=3) as client:
        for _ in range(5):
            await client.call(INBOX)
    assert len(transports) == 1


def items(*numbers: int) -> GetItem:
    return GetItem(tuple(ItemId(str(number)) for number in numbers))


def asked_ids(body: str) -> list[int]:
    return [int(each) for each in re.findall(r'ItemId Id="(\d+)"', body)]


async def test_one_item_that_spoils_the_answer_is_found_and_all_others_come(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.text()
        ids = asked_ids(body)
        subject = "<broken" if 13 in ids and "item:Subject" in body else "Hello"
        return xml(answers.answer("GetItem", *[answers.message(each, subject) for each in ids]))

    async with servers.client(handler) as client:
        outcomes = await client.call_bisecting(items(*range(20)))
    bad = outcomes.pop(13)
    assert isinstance(bad, Failure)
    assert isinstance(bad.error, ItemUnreadable)
    assert [each.unwrap().item_id.id for each in outcomes] == [str(n) for n in range(20) if n != 13]


async def test_an_item_that_breaks_the_connection_is_found(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.text()
        ids = asked_ids(body)
        if 3 in ids and "item:Subject" in body:
            request.transport.abort()
        return xml(answers.answer("GetItem", *[answers.message(each) for each in ids]))

    async with servers.client(handler) as client:
        outcomes = await client.call_bisecting(items(1, 2, 3, 4))
    assert [type(each) for each in outcomes] == [Success, Success, Failure, Success]


async def test_a_line_that_breaks_everything_blames_no_item(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        request.transport.abort()
        return web.Response()

    async with servers.client(handler) as client:
        with pytest.raises(ConnectionLost):
            await client.call_bisecting(items(1, 2, 3))


async def test_a_proxy_that_garbles_everything_blames_no_item(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return xml("<soap:Envelope")

    async with servers.client(handler) as client:
        with pytest.raises(AnswerUnreadable):
            await client.call_bisecting(items(1))


async def test_an_item_larger_than_the_limit_is_set_aside_as_too_large(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.text()
        subject = "x" * 60_000 if "item:Subject" in body else ""
        big = [answers.message(each, subject if each == 2 else "") for each in asked_ids(body)]
        return xml(answers.answer("GetItem", *big))

    async with servers.client(handler, max_answer_bytes=50_000) as client:
        outcomes = await client.call_bisecting(items(1, 2))
    assert isinstance(outcomes[0], Success)
    assert isinstance(outcomes[1].error, ItemTooLarge)


async def test_the_password_shows_nowhere(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return xml(answers.fault("ErrorServerBusy"), 500)

    async with servers.client(handler) as client:
        with pytest.raises(ServerBusy) as caught:
            await client.call(INBOX)
        shown = repr((client.__dict__, caught.value, caught.value.details))
    assert "Correct-Horse-1" not in shown
    assert base64.b64encode(b"svc@example.org:Correct-Horse-1").decode() not in shown
