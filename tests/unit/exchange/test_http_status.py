"""What HTTP answers without SOAP mean."""

from datetime import timedelta

import pytest
from aiohttp import web

from serversync.core.errors import (
    AccessForbidden,
    AnswerUnreadable,
    AuthenticationFailed,
    ItemTooLarge,
    NotExchange,
    RequestRefused,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.http_status import page_title, retry_after, status_error
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange.answers import CONTEXT
from tests.unit.exchange.conftest import Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
URL = "https://mail.example.org/EWS/Exchange.asmx"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, NotExchange),
        (400, RequestRefused),
        (403, AccessForbidden),
        (404, NotExchange),
        (405, NotExchange),
        (413, ItemTooLarge),
        (418, NotExchange),
        (429, ServerBusy),
        (440, NotExchange),
        (449, ServerBusy),
        (456, AuthenticationFailed),
        (500, ServerUnreachable),
        (502, ServerUnreachable),
        (503, ServerBusy),
        (504, ServerUnreachable),
    ],
)
async def test_each_status_has_its_error(servers: Servers, status: int, kind: type[ServiceError]) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, text="no")

    async with servers.client(handler) as client:
        with pytest.raises(kind) as caught:
            await client.call(INBOX)
    assert type(caught.value) is kind
    assert "-" not in str(caught.value).split()


def test_an_error_page_redirect_is_overload() -> None:
    headers = {"Location": "/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"}
    assert isinstance(status_error(302, headers, b"", CONTEXT, URL), ServerBusy)


async def test_a_redirect_is_told_without_its_query_and_never_followed(servers: Servers) -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=302, headers={"Location": "https://owa.example.org/owa/auth?token=secret"})

    async with servers.client(handler) as client:
        with pytest.raises(NotExchange, match=r"redirects to https://owa\.example\.org/owa/auth\.") as caught:
            await client.call(INBOX)
    assert "secret" not in str(caught.value.details)
    assert paths == ["/EWS/Exchange.asmx"]


async def test_a_web_page_is_told_by_its_title(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        page = "<!DOCTYPE html><html><head><title>\n Log on &amp; wait </title></head></html>"
        return web.Response(text=page, content_type="text/html")

    async with servers.client(handler) as client:
        with pytest.raises(NotExchange, match='a web page answered, "Log on & wait"'):
            await client.call(INBOX)


@pytest.mark.parametrize("body", ["", "OK", '{"error": 1}'])
async def test_a_body_that_is_no_xml_is_not_exchange(servers: Servers, body: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=body)

    async with servers.client(handler) as client:
        with pytest.raises(NotExchange):
            await client.call(INBOX)


async def test_another_xml_document_is_not_exchange(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="<rss/>", content_type="text/xml")

    async with servers.client(handler) as client:
        with pytest.raises(NotExchange, match="another kind"):
            await client.call(INBOX)


@pytest.mark.parametrize(
    "entity", ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<?x?><!-- <a --><!DOCTYPE a><a/>"]
)
async def test_a_document_type_is_refused(servers: Servers, entity: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=entity, content_type="text/xml")

    async with servers.client(handler) as client:
        with pytest.raises(AnswerUnreadable, match="document type"):
            await client.call(INBOX)


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("120", 120),
        ("-5", 0),
        ("99999999999", 86400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_the_pause_of_a_busy_server_is_read(value: str, pause: int | None) -> None:
    assert retry_after({"Retry-After": value}) == (None if pause is None else timedelta(seconds=pause))


def test_a_busy_server_tells_its_pause_and_its_front_end_code() -> None:
    error = status_error(503, {"Retry-After": "7", "X-CasErrorCode": "ServerNotFound"}, b"", CONTEXT, URL)
    assert error is not None
    assert error.details["back_off"] == timedelta(seconds=7)
    assert error.details["cas_error_code"] == "ServerNotFound"


def test_soap_under_500_is_left_to_the_soap_parser() -> None:
    assert status_error(500, {}, b"<s:Envelope/>", CONTEXT, URL) is None


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"<html><body>no title</body></html>", ""),
        (b"\xef\xbb\xbf  <!DOCTYPE HTML><title>x</title>", "x"),
        (b"<soap:Envelope>", None),
        (b"", None),
    ],
)
def test_titles_come_from_pages_only(body: bytes, title: str | None) -> None:
    assert page_title(body) == title
