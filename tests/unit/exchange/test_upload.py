"""The content of a file goes along piece by piece, and exactly as it is."""

import base64
import io

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from serversync.core.errors import ConnectionLost
from serversync.exchange.operations.create_attachment import NewFile
from serversync.exchange.types.ids import ItemId
from serversync.exchange.upload import PIECE_BYTES, upload
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Servers


def varied(length: int) -> bytes:
    return (bytes(range(251)) * (length // 251 + 1))[:length]


FRAME = b"<a><t:Content></t:Content></a>"


@given(st.integers(0, 3), st.integers(-2, 2), st.integers(1, 70_000))
async def test_the_pieces_are_the_whole(pieces: int, more: int, at_a_time: int) -> None:
    content = varied(max(0, pieces * PIECE_BYTES + more))

    def opened():  # type: ignore[no-untyped-def]
        file = io.BytesIO(content)
        return lambda size: file.read(min(size, at_a_time))

    body = upload(FRAME, len(content), opened)
    sent = b"".join([piece async for piece in body.pieces()])
    assert sent == b"<a><t:Content>" + base64.b64encode(content) + b"</t:Content></a>"
    assert body.size_bytes == len(sent)


async def test_content_that_ends_early_is_not_sent_as_if_it_were_whole() -> None:
    body = upload(FRAME, 10, lambda: io.BytesIO(b"short").read)
    with pytest.raises(OSError, match="shorter"):
        [piece async for piece in body.pieces()]


def test_a_request_without_a_place_for_content_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no one place"):
        upload(b"<a/>", 1, lambda: io.BytesIO(b"x").read)


ATTACHED = answers.answer(
    "CreateAttachment",
    answers.success(
        "CreateAttachment",
        '<m:Attachments><t:FileAttachment><t:AttachmentId Id="f" RootItemId="a" RootItemChangeKey="k2"/>'
        "</t:FileAttachment></m:Attachments>",
    ),
)


async def test_a_file_arrives_whole_and_announced(servers: Servers) -> None:
    content = varied(3 * PIECE_BYTES + 1)
    seen: list[tuple[str | None, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers.get("Content-Length"), await request.read()))
        return web.Response(body=ATTACHED.encode(), content_type="text/xml", charset="utf-8")

    async with servers.client(handler) as client:
        outcome = await client.upload(
            ItemId("a", "k"),
            NewFile(name="<t:Content></t:Content>"),
            len(content),
            lambda: io.BytesIO(content).read,
            mailbox="ada@example.org",
        )
    assert outcome.unwrap().root_item_change_key == "k2"
    ((announced, body),) = seen
    assert announced == str(len(body))
    assert base64.b64encode(content) in body


async def test_a_file_that_is_shorter_breaks_the_request(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=ATTACHED.encode(), content_type="text/xml", charset="utf-8")

    async with servers.client(handler) as client:
        with pytest.raises(ConnectionLost):
            await client.upload(
                ItemId("a", "k"), NewFile(name="x"), 1 << 20, lambda: io.BytesIO(b"short").read
            )
