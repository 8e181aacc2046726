"""Files leave as downloads, a piece at a time."""

import tracemalloc
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.urls import reverse

from serversync.rules.attachments import safe_name
from serversync.web.pages.mail.files import PIECE, pieces
from tests.web.company import Company, attach, logged_in, mailbox_of, track


@pytest.fixture
async def own_thread() -> AsyncIterator[None]:
    """Closes the connection of the thread in which asynchronous views ask the database."""
    yield
    await sync_to_async(connections.close_all)()


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_file_of_whatever_kind_is_a_download(company: Company) -> None:
    file = attach(company.of_ada, b"<script>alert(1)</script>", "page.html", mimetype="text/html")
    answer = logged_in(company.ada).get(reverse("file", args=[company.of_ada.pk, file.pk]))
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Length"] == "25"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("Entwürfe.png", "Entwürfe.png"),
        ("...", "attachment"),
        (None, "attachment"),
    ],
)
def test_a_file_name_has_no_folders_and_no_control_characters(name: str | None, shown: str) -> None:
    assert safe_name(name) == shown


def test_a_file_name_outside_ascii_arrives_unharmed(company: Company) -> None:
    file = attach(company.of_ada, b"x", "Entwürfe.png")
    answer = logged_in(company.ada).get(reverse("file", args=[company.of_ada.pk, file.pk]))
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Entw%C3%BCrfe.png"


def stored(size: int) -> str:
    """Store a file of ``size`` bytes without having it in memory here."""
    key = str(uuid4())
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into attachment (attachmentid, body, filesize) values (%s, decode(repeat('ab', %s), 'hex'), %s)",
            [key, size, size],
        )
    return key


async def length_of(found: AsyncIterator[bytes]) -> int:
    return sum([len(piece) async for piece in found])


async def test_a_large_file_is_never_in_memory_as_a_whole(company: Company, own_thread: None) -> None:
    size = 24 * 1024 * 1024 + 5
    key = await sync_to_async(stored)(size)
    tracemalloc.start()
    try:
        assert await length_of(pieces(key)) == size  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * PIECE


async def test_a_download_arrives_byte_for_byte(company: Company, own_thread: None) -> None:
    content = bytes(range(256)) * (PIECE // 256 * 2 + 3)
    file = await sync_to_async(lambda: attach(track(mailbox_of(company.ada), "Big"), content, "big.bin"))()
    client = AsyncClient()
    await client.aforce_login(company.ada)
    answer = await client.get(reverse("file", args=[file.activityid_id, file.pk]))
    assert isinstance(answer, StreamingHttpResponse)
    found = [piece async for piece in answer]
    assert b"".join(found) == content
    assert len(found) > 2
