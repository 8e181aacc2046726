"""Streams: what is too big for memory goes through in pieces."""

import asyncio
import base64
import hashlib
import io
import tempfile
from pathlib import Path

import pytest
from aiohttp import web

from serversync.core.errors import ConnectionLost, ItemGone, ItemUnreadable, NotExchange, ServerBusy
from serversync.exchange.outcome import Failure
from serversync.exchange.types.attachment import FileAttachment, ItemAttachment
from serversync.exchange.types.ids import AttachmentId, ItemId
from serversync.exchange.types.shapes import BodyType
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Handler, Servers

ATTACHMENT = AttachmentId("a1")


def attached(content: str) -> str:
    return answers.answer(
        "GetAttachment",
        answers.success(
            "GetAttachment",
            '<m:Attachments><t:FileAttachment><t:AttachmentId Id="a1"/><t:Name>notes.txt</t:Name>'
            f"<t:Content>{content}</t:Content></t:FileAttachment></m:Attachments>",
        ),
    )


def with_body(text: str) -> str:
    return answers.answer(
        "GetItem",
        answers.success(
            "GetItem",
            f'<m:Items><t:Message><t:ItemId Id="1"/><t:Body BodyType="HTML">{text}</t:Body></t:Message></m:Items>',
        ),
    )


def replying(*texts: str, status: int = 200, content_type: str = "text/xml") -> Handler:
    """Answers with the texts, one after the other; the last one for ever."""
    left = list(texts)

    async def handler(request: web.Request) -> web.Response:
        text = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(
            body=text.encode("utf-8", "surrogatepass"), status=status, content_type=content_type
        )

    return handler


async def test_a_file_attachment_is_written_decoded(servers: Servers) -> None:
    content = bytes(range(256)) * 999
    sink = io.BytesIO(b"before")
    sink.seek(0, io.SEEK_END)
    async with servers.client(replying(attached(base64.encodebytes(content).decode()))) as client:
        attachment = (await client.download(ATTACHMENT, sink)).unwrap()
    assert sink.getvalue() == b"before" + content
    assert isinstance(attachment, FileAttachment)
    assert attachment.name == "notes.txt"


async def test_an_attached_item_is_written_as_mime(servers: Servers) -> None:
    mime = b"Subject: inner\r\n\r\nHello"
    payload = (
        '<m:Attachments><t:ItemAttachment><t:AttachmentId Id="a1"/><t:Name>inner</t:Name><t:Message>'
        f'<t:MimeContent CharacterSet="UTF-8">{base64.b64encode(mime).decode()}</t:MimeContent>'
        "<t:Subject>inner</t:Subject></t:Message></t:ItemAttachment></m:Attachments>"
    )
    sink = io.BytesIO()
    text = answers.answer("GetAttachment", answers.success("GetAttachment", payload))
    async with servers.client(replying(text)) as client:
        attachment = (await client.download(ATTACHMENT, sink)).unwrap()
    assert sink.getvalue() == mime
    assert isinstance(attachment, ItemAttachment)
    assert attachment.subject == "inner"


async def test_a_body_is_written_as_utf_8_and_its_type_is_told(servers: Servers) -> None:
    sink = io.BytesIO()
    async with servers.client(replying(with_body("&lt;p&gt;Grüße 🐎&lt;/p&gt;"))) as client:
        item = (await client.download_body(ItemId("1"), sink)).unwrap()
    assert sink.getvalue() == "<p>Grüße 🐎</p>".encode()
    assert item.body is not None
    assert item.body.body_type is BodyType.HTML


async def test_an_illegal_character_in_a_body_is_left_out_and_nothing_else(servers: Servers) -> None:
    sink = io.BytesIO()
    async with servers.client(replying(with_body("&lt;a&#x1F;&gt;\x0b&amp;&#0;z"))) as client:
        (await client.download_body(ItemId("1"), sink)).unwrap()
    assert sink.getvalue() == b"<a>&z"


async def test_a_failed_download_leaves_the_sink_as_it_was(servers: Servers) -> None:
    sink = io.BytesIO(b"before")
    sink.seek(0, io.SEEK_END)
    text = answers.answer("GetAttachment", answers.failure("GetAttachment", "ErrorItemNotFound"))
    async with servers.client(replying(text)) as client:
        outcome = await client.download(ATTACHMENT, sink)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, ItemGone)
    assert sink.getvalue() == b"before"


@pytest.mark.parametrize("content", ["AAA", "AA=A", "A*==", "QQ==QQ=="])
async def test_content_that_is_no_base64_is_unreadable(servers: Servers, content: str) -> None:
    sink = io.BytesIO()
    async with servers.client(replying(attached(content))) as client:
        outcome = await client.download(ATTACHMENT, sink)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, ItemUnreadable)
    assert sink.getvalue() == b""


async def test_an_answer_that_stays_broken_is_unreadable(servers: Servers) -> None:
    sink = io.BytesIO()
    async with servers.client(replying(attached("QUJD").replace("</soap:Envelope>", "</no>"))) as client:
        outcome = await client.download(ATTACHMENT, sink)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, ItemUnreadable)
    assert sink.getvalue() == b""


async def test_a_download_that_breaks_off_leaves_nothing_behind(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Server": "Microsoft-IIS/10.0"})
        await response.prepare(request)
        await response.write(attached("QUJD" * 100_000)[:200_000].encode())
        request.transport.abort()
        return response

    sink = io.BytesIO()
    async with servers.client(handler) as client:
        with pytest.raises(ConnectionLost):
            await client.download(ATTACHMENT, sink)
    assert sink.getvalue() == b""


async def test_a_busy_server_is_busy_for_downloads_too(servers: Servers) -> None:
    async with servers.client(replying(answers.fault("ErrorServerBusy"), status=500)) as client:
        with pytest.raises(ServerBusy):
            await client.download(ATTACHMENT, io.BytesIO())


async def test_a_web_page_instead_of_a_download_is_not_exchange(servers: Servers) -> None:
    page = "<html><head><title>Log on</title></head><body></body></html>"
    async with servers.client(replying(page, content_type="text/html")) as client:
        with pytest.raises(NotExchange, match="Log on"):
            await client.download(ATTACHMENT, io.BytesIO())


async def test_an_answer_that_starts_with_an_empty_line_is_no_web_page(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Server": "Microsoft-IIS/10.0"})
        await response.prepare(request)
        await response.write(b"\r\n")
        await asyncio.sleep(0.05)
        await response.write(attached("QUJD").replace('<?xml version="1.0" encoding="utf-8"?>', "").encode())
        return response

    sink = io.BytesIO()
    async with servers.client(handler) as client:
        (await client.download(ATTACHMENT, sink)).unwrap()
    assert sink.getvalue() == b"ABC"


async def test_a_sink_that_is_closed_is_not_blamed_on_the_item(servers: Servers) -> None:
    class Closing(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise ValueError("I/O operation on closed file")

    async with servers.client(replying(attached("QUJD"))) as client:
        with pytest.raises(ValueError, match="closed file"):
            await client.download(ATTACHMENT, Closing())


async def test_a_disk_that_is_full_is_not_blamed_on_the_network(servers: Servers) -> None:
    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    async with servers.client(replying(attached("QUJD"))) as client:
        with pytest.raises(OSError, match="No space left"):
            await client.download(ATTACHMENT, Full())


def resident_bytes() -> int:
    """The memory of this process at the moment."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc to see its own memory")
async def test_a_hundred_megabytes_pass_in_flat_memory(servers: Servers) -> None:
    most = 0
    piece = hashlib.sha512(b"x").digest() * 12 * 1024  # 768 KB, a multiple of 3
    encoded = base64.b64encode(piece)
    head, tail = attached("CONTENT").encode().split(b"CONTENT")

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal most
        response = web.StreamResponse(headers={"Server": "Microsoft-IIS/10.0"})
        await response.prepare(request)
        await response.write(head)
        for _ in range(136):
            most = max(most, resident_bytes())
            await response.write(encoded)
        await response.write(tail)
        return response

    with tempfile.TemporaryFile() as sink:
        async with servers.client(handler) as client:
            before = resident_bytes()
            (await client.download(ATTACHMENT, sink)).unwrap()
        assert sink.tell() == 136 * len(piece) > 100_000_000
    assert most - before < 20 << 20
