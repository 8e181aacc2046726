"""What every answer carries, the addresses for monitoring, static files, and the server itself."""

import asyncio
import os
import re
import signal
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from django.db import DatabaseError
from django.test import Client

import serversync.web
from serversync.core.errors import InputInvalid
from serversync.web.server import listen, serve
from tests.web.company import Company, logged_in, mailbox_of

CSS = Path(serversync.web.__file__).parent / "static" / "serversync" / "serversync.css"


def all_pages(company: Company) -> list[str]:
    return [
        "/mailboxes/",
        f"/mailboxes/{mailbox_of(company.ada).pk}/",
        "/mail/",
        f"/mail/{company.of_ada.pk}/",
        "/alerts/",
        "/nothing-here/",
    ]


def test_every_page_has_the_security_headers(company: Company) -> None:
    client = logged_in(company.dora)
    for address in [*all_pages(company), "/log-in/", "/healthz"]:
        headers = client.get(address).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"], address
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], address
        assert "unsafe" not in headers["Content-Security-Policy"], address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["X-Frame-Options"] == "DENY", address
        assert headers["Cache-Control"] == "private, no-store" or "no-cache" in headers["Cache-Control"], (
            address
        )


class Elements(HTMLParser):
    """Collects what a page must or must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_no_page_needs_inline_scripts_or_styles(company: Company) -> None:
    client = logged_in(company.dora)
    for address in all_pages(company):
        parser = Elements()
        parser.feed(client.get(address).content.decode())
        for tag, attributes in parser.found:
            assert tag != "style"
            assert tag != "script" or attributes.get("src"), address
            assert not any(name == "style" or name.startswith(("on", "hx-on")) for name in attributes), (
                address
            )


def test_pages_have_landmarks_labels_captions_and_scopes(company: Company) -> None:
    client = logged_in(company.dora)
    for address in all_pages(company):
        parser = Elements()
        parser.feed(client.get(address).content.decode())
        tags = [tag for tag, _ in parser.found]
        assert tags.count("main") == tags.count("h1") == 1, address
        assert tags.count("table") == tags.count("caption"), address
        assert all(a.get("scope") for tag, a in parser.found if tag == "th"), address
        labelled = {a.get("for") for tag, a in parser.found if tag == "label"}
        inputs = [a for tag, a in parser.found if tag == "input" and a.get("type") != "hidden"]
        assert all(a.get("id") in labelled for a in inputs), address
        ids = [a["id"] for _, a in parser.found if "id" in a]
        assert len(ids) == len(set(ids)), address


def test_cookies_cannot_be_read_by_scripts_or_sent_from_other_sites(company: Company, client: Client) -> None:
    client.get("/log-in/")
    client.post("/log-in/", {"username": "ada", "password": "a long password"})
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def test_another_host_name_is_refused(company: Company) -> None:
    assert Client(headers={"host": "evil.example"}).get("/log-in/").status_code == 400


def test_health_needs_no_database_and_no_log_in(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_ready_means_that_the_database_answers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/readyz").content == b"ready\n"

    def broken(_connection: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("serversync.web.pages.health.views.MigrationExecutor", broken)
    assert client.get("/readyz").status_code == 503


def test_style_and_script_come_without_a_log_in(client: Client) -> None:
    for address, kind in (
        ("serversync/serversync.css", "text/css"),
        ("django_htmx/htmx-2.min.js", "javascript"),
    ):
        answer = client.get(f"/static/{address}")
        assert answer.status_code == 200
        assert kind in answer["Content-Type"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert len(answer.content) > 1000
        again = client.get(f"/static/{address}", headers={"if-modified-since": answer["Last-Modified"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_style_sheet_is_small_and_loads_nothing() -> None:
    text = CSS.read_text()
    assert len(text.encode()) < 30_000
    assert not re.search(r"url\(|@import", text)


async def get(address: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status, await answer.text()


async def served(stop: asyncio.Event | None) -> "tuple[asyncio.Task[None], str]":
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve("127.0.0.1", 0, started=address.set_result, stop=stop))
    return task, await address


async def test_the_server_answers_until_told_to_stop() -> None:
    stop = asyncio.Event()
    task, address = await served(stop)
    assert await get(f"{address}healthz") == (200, "ok\n")
    assert (await get(f"{address}static/serversync/serversync.css"))[0] == 200
    stop.set()
    await asyncio.wait_for(task, 10)
    with pytest.raises(aiohttp.ClientConnectionError):
        await get(f"{address}healthz")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_server_and_the_caller_cleans_up(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    task, _ = await served(None)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(task, 10)
    assert signal.getsignal(number) is before


def test_a_port_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(InputInvalid, match=r"127\.0\.0\.1"):
        listen("127.0.0.1", taken.getsockname()[1])
