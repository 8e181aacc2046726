"""What HTTP answers without SOAP mean."""

import re
from datetime import timedelta

import pytest
from aiohttp import web

from serversync.core.errors import (
    AccessForbidden,
    AccountBlocked,
    AnswerUnreadable,
    ItemTooLarge,
    NotExchange,
    RequestRefused,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
    Transient,
)
from serversync.exchange.codes.rule import Retry
from serversync.exchange.http_status import (
    REDIRECT_RULES,
    STATUS_RULES,
    page_title,
    retry_after,
    rule_for_status,
    status_error,
)
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
        (456, AccountBlocked),
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
        return web.Response(status=302, headers={"Location": "https://owa.example.org/owa/?token=secret"})

    async with servers.client(handler) as client:
        with pytest.raises(NotExchange, match=r"redirects to https://owa\.example\.org/owa/\.") as caught:
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


@pytest.mark.parametrize("status", STATUS_RULES)
def test_every_row_of_the_table_becomes_a_whole_sentence(status: int) -> None:
    rule = STATUS_RULES[status]
    error = status_error(status, {}, b"<html><title>no</title></html>", CONTEXT, URL)
    assert type(error) is rule.error
    assert "{" not in f"{error}{error.remedy_text}"
    assert not re.search(r"(^|[\s(])-[\s).,]", f"{error} {error.remedy_text}")
    assert error.details["status"] == status
    assert error.details["title"] == "no"


@pytest.mark.parametrize("status", STATUS_RULES)
def test_only_a_status_that_passes_or_names_a_wrong_address_is_sent_again(status: int) -> None:
    rule = STATUS_RULES[status]
    again = rule.retry is not Retry.NEVER
    assert again == (issubclass(rule.error, Transient) or rule.retry is Retry.REDISCOVER)


@pytest.mark.parametrize(
    ("location", "kind", "words"),
    [
        ("/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx", ServerBusy, "error page"),
        ("https://mail.example.org/owa/auth/logon.aspx?url=x", NotExchange, "log-on page"),
        ("/my.policy", NotExchange, "log-on page, /my.policy"),
        ("https://sts.example.org/adfs/ls/?wa=secret", NotExchange, "https://sts.example.org/adfs/ls/."),
        ("https://other.example.org/EWS/Exchange.asmx", NotExchange, "https://other.example.org/EWS"),
        ("", NotExchange, "redirects to nowhere"),
        ("http://[", NotExchange, "an address that is none"),
        ("\x00", NotExchange, "redirects to nowhere"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_judged_by_where_it_leads(
    status: int, location: str, kind: type[ServiceError], words: str
) -> None:
    error = status_error(status, {"Location": location}, b"", CONTEXT, URL)
    assert type(error) is kind
    assert words in str(error)
    assert "secret" not in str(error.details)


def test_every_row_of_the_redirects_can_be_reached() -> None:
    examples = ["/ews/genericerrorpage.htm", "/owa/auth/logon.aspx", "/elsewhere"]
    assert [rule_for_status(302, one) for one in examples] == [rule for _, rule in REDIRECT_RULES]


def test_a_log_on_page_of_a_proxy_has_its_own_remedy() -> None:
    error = status_error(440, {}, b"", CONTEXT, URL)
    assert error is not None
    assert "without pre-authentication" in error.remedy_text


@pytest.mark.parametrize("status", [505, 520, 599])
def test_any_other_status_above_500_passes(status: int) -> None:
    assert isinstance(status_error(status, {}, b"", CONTEXT, URL), ServerUnreachable)
