"""What servers and the boxes before them answer beside what the documentation shows: read, or told for what it is."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from serversync.core.errors import (
    AnswerUnreadable,
    ConnectionLost,
    NotExchange,
    ServerBusy,
    ServerUnreachable,
)
from serversync.exchange.affinity import Affinity
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange.certificates import server_context
from tests.unit.exchange.conftest import BASIC, Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
BUILD = (
    '<h:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507" MinorBuildNumber="6"'
    f' Version="V2017_07_11" xmlns:h="{TYPES}" xmlns="{TYPES}"/>'
)
FOLDER = (
    '<m:GetFolderResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    f' xmlns:t="{TYPES}"><m:ResponseMessages><m:GetFolderResponseMessage ResponseClass="Success">'
    '<m:ResponseCode>NoError</m:ResponseCode><m:Folders><t:Folder><t:FolderId Id="AAA=" ChangeKey="AQ=="/>'
    "<t:DisplayName>Eingänge</t:DisplayName><t:TotalCount>3</t:TotalCount></t:Folder></m:Folders>"
    "</m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse>"
)
IIS = (
    "Server: Microsoft-IIS/10.0\r\nX-CalculatedBETarget: exch01.corp\r\nX-DiagInfo: EXCH01\r\nX-FEServer: EXCH01\r\n"
    "X-BackEndHttpStatus: 200\r\nSet-Cookie: exchangecookie=abc; path=/\r\n"
)
PAGE = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0"><html><head><title>Outlook</title></head></html>'


def envelope(body: str = FOLDER, *, soap: str = SOAP_11, coding: str = "utf-8") -> str:
    return (
        f'<?xml version="1.0" encoding="{coding}"?><s:Envelope xmlns:s="{soap}"><s:Header>{BUILD}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def fault(*, pause: int | None = None) -> str:
    value = f'<t:Value Name="BackOffMilliseconds">{pause}</t:Value>' if pause is not None else ""
    errors = "http://schemas.microsoft.com/exchange/services/2006/errors"
    return envelope(
        f'<s:Fault><faultcode xmlns:a="{TYPES}">a:ErrorServerBusy</faultcode><faultstring>Busy.</faultstring><detail>'
        f'<e:ResponseCode xmlns:e="{errors}">ErrorServerBusy</e:ResponseCode>'
        f'<t:MessageXml xmlns:t="{TYPES}">{value}</t:MessageXml></detail></s:Fault>'
    )


def http(
    status: str = "200 OK", body: str | bytes | None = None, *headers: str, version: str = "1.1"
) -> bytes:
    content = envelope() if body is None else body
    data = content.encode() if isinstance(content, str) else content
    lines = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(data)}"))
    return f"HTTP/{version} {status}\r\n{IIS}{lines}\r\n".encode() + data


def chunked(body: str, *, extension: str = "", trailer: str = "") -> bytes:
    data = body.encode()
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
    lines = b"".join(f"{len(piece):X}{extension}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    head = f"HTTP/1.1 200 OK\r\n{IIS}Transfer-Encoding: chunked\r\n\r\n".encode()
    return head + lines + f"0\r\n{trailer}\r\n".encode()


@asynccontextmanager
async def answering(servers: Servers, answers: Sequence[bytes], *, closes: bool) -> AsyncIterator[EwsClient]:
    """Give a client of a server that gives these answers one after the other, the last one for ever."""
    remaining = list(answers)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                writer.write(remaining.pop(0) if len(remaining) > 1 else remaining[0])
                await writer.drain()
                if closes:
                    break
        writer.close()

    server = await asyncio.start_server(
        serve, "127.0.0.1", 0, ssl=server_context(servers.certificate), limit=1 << 20
    )
    port = server.sockets[0].getsockname()[1]
    try:
        async with EwsClient(servers.endpoint(port, seconds=10), BASIC) as client:
            yield client
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


LONG = "X-Auth: " + "a" * 60_000
READ = {
    "HTTP/1.0": ([http(version="1.0")], True),
    "no length, until the end": (
        [f"HTTP/1.0 200 OK\r\n{IIS}\r\n{envelope()}".encode()],
        True,
    ),
    "closed after each answer": ([http("200 OK", None, "Connection: close")], True),
    "in pieces": ([chunked(envelope())], False),
    "in pieces with extensions and a trailer": (
        [chunked(envelope(), extension=";a=b", trailer="X-Sum: 1\r\n")],
        False,
    ),
    "100 Continue first": ([b"HTTP/1.1 100 Continue\r\n\r\n" + http()], False),
    "103 Early Hints first": ([b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + http()], False),
    "a status without a word": ([http("200 ")], False),
    "called HTML": ([http("200 OK", None, "Content-Type: text/html")], False),
    "a header of 60 KB": ([http("200 OK", None, LONG)], False),
    "300 headers": ([http("200 OK", None, *[f"X-{number}: a" for number in range(300)])], False),
    "a folded header": ([http("200 OK", None, "X-Name: a\r\n  b")], False),
    "line ends without carriage returns": ([http().replace(b"\r\n", b"\n")], False),
    "compressed in capitals": (
        [http("200 OK", gzip.compress(envelope().encode()), "Content-Encoding: GZIP")],
        False,
    ),
    "in Latin-1": ([http("200 OK", envelope(coding="iso-8859-1").encode("latin-1"))], False),
    "in windows-1252": ([http("200 OK", envelope(coding="Windows-1252").encode("cp1252"))], False),
    "in UTF-16 without a mark": ([http("200 OK", envelope(coding="utf-16").encode("utf-16-le"))], False),
    "in UTF-16 the other way": ([http("200 OK", envelope(coding="utf-16").encode("utf-16-be"))], False),
    "in a coding that nobody knows": ([http("200 OK", envelope(coding="x-mine"))], False),
    "in SOAP 1.2": ([http("200 OK", envelope(soap=SOAP_12))], False),
    "other prefixes": ([http("200 OK", envelope(FOLDER.replace("m:", "q1:").replace(":m=", ":q1=")))], False),
    "comments and instructions": (
        [http("200 OK", envelope(FOLDER.replace("<m:Folders>", "<!-- a --><?b c?><m:Folders>")))],
        False,
    ),
    "elements that nobody knows": (
        [http("200 OK", envelope(FOLDER.replace("<t:TotalCount>", "<t:New><t:A/></t:New><t:TotalCount>")))],
        False,
    ),
    "white space everywhere": ([http("200 OK", envelope(FOLDER.replace("><", ">\r\n  <")))], False),
    "SOAP under 500 that is no fault": ([http("500 Internal Server Error")], False),
}


@pytest.mark.parametrize("name", READ)
async def test_a_strange_answer_is_read(servers: Servers, name: str) -> None:
    answers, closes = READ[name]
    async with answering(servers, answers, closes=closes) as client:
        for _ in range(3):
            (outcome,) = await client.call(INBOX, mailbox="ada@example.org")
            assert outcome.unwrap().display_name == "Eingänge"
            assert outcome.unwrap().total_count == 3


SOON = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
SUBCODE = (
    '<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value xmlns:a="urn:a">a:ErrorServerBusy</s:Value>'
    "</s:Subcode></s:Code><s:Reason><s:Text>Busy.</s:Text></s:Reason></s:Fault>"
)
TOLD = {
    "a log-on page of XHTML": (
        [http("200 OK", f'<?xml version="1.0"?>\n{PAGE}')],
        NotExchange,
        'a web page answered, "Outlook"',
    ),
    "a page after a comment": ([http("200 OK", f"<!-- Copyright -->\n{PAGE}")], NotExchange, "Outlook"),
    "a page of 503 that speaks of an Envelope": (
        [http("503 Service Unavailable", PAGE.replace("Outlook", "Envelope"))],
        ServerBusy,
        "HTTP 503",
    ),
    "half a fault": ([http("500 Internal Server Error", fault()[:-20])], ServerUnreachable, "HTTP 500"),
    "half a fault of 503": ([http("503 Service Unavailable", fault()[:-20])], ServerBusy, "HTTP 503"),
    "a fault of SOAP 1.2": (
        [http("500 Internal Server Error", envelope(SUBCODE, soap=SOAP_12))],
        ServerBusy,
        "ErrorServerBusy",
    ),
    "compressed as nobody asked for": (
        [http("200 OK", b"\x1b\x00", "Content-Encoding: br")],
        AnswerUnreadable,
        "compressed as nobody asked for",
    ),
    "no HTTP at all": ([b"220 mail ESMTP\r\n"], NotExchange, "does not speak HTTP"),
    "another protocol": (
        [http("101 Switching Protocols", "", "Upgrade: h2c", "Connection: Upgrade")],
        NotExchange,
        "HTTP 101",
    ),
    "two documents": ([http("200 OK", envelope() + envelope())], AnswerUnreadable, "could not be read"),
    "a length that is never reached": ([http()[:-20]], ConnectionLost, "broke"),
}


@pytest.mark.parametrize("name", TOLD)
async def test_what_cannot_be_read_is_told_for_what_it_is(servers: Servers, name: str) -> None:
    answers, kind, words = TOLD[name]
    async with answering(servers, answers, closes=True) as client:
        with pytest.raises(kind, match=words) as caught:
            await client.call(INBOX, mailbox="ada@example.org")
    assert "\n" not in str(caught.value)
    assert BASIC.password not in str(caught.value)


HOUR = timedelta(hours=1)
PAUSES = {
    "in a fault under 500": (
        http("500 Internal Server Error", fault(pause=29_774)),
        timedelta(seconds=29.774),
    ),
    "in a fault under 503": (http("503 Service Unavailable", fault(pause=5000)), timedelta(seconds=5)),
    "in a fault under 200": (http("200 OK", fault(pause=1000)), timedelta(seconds=1)),
    "in a header beside a fault": (
        http("500 Internal Server Error", fault(), "Retry-After: 7"),
        timedelta(seconds=7),
    ),
    "in both": (
        http("500 Internal Server Error", fault(pause=1500), "Retry-After: 7"),
        timedelta(seconds=1.5),
    ),
    "as a date": (http("503 Service Unavailable", "", f"Retry-After: {SOON}"), HOUR),
    "as no number": (http("503 Service Unavailable", "", "Retry-After: soon"), None),
    "less than nothing": (http("500 Internal Server Error", fault(pause=-1)), None),
    "longer than a day": (http("500 Internal Server Error", fault(pause=99_999_999_999)), None),
}


@pytest.mark.parametrize("name", PAUSES)
async def test_a_busy_server_says_how_long_to_wait(servers: Servers, name: str) -> None:
    answer, pause = PAUSES[name]
    async with answering(servers, [answer], closes=False) as client:
        with pytest.raises(ServerBusy) as caught:
            await client.call(INBOX, mailbox="ada@example.org")
    told = caught.value.details["back_off"]
    if pause is HOUR:
        assert timedelta() < told <= HOUR
    else:
        assert told == pause


COOKIES = [
    ("X-BackEndCookie=S-1-5=u56L; expires=Mon, 27-Nov-2090 18:00:00 GMT; path=/EWS; secure; HttpOnly", True),
    ("exchangecookie=abc; path=/; SameSite=None", True),
    ("exchangecookie=abc; Max-Age=100", True),
    ("exchangecookie=abc; expires=whenever", True),
    ("X-BackEndCookie=; expires=Thu, 01-Jan-1970 00:00:00 GMT", False),
    ("X-BackEndCookie=S-1-5=u56L; expires=Thu, 01 Jan 2015 00:00:00 GMT", False),
    ("exchangecookie=abc; Max-Age=0", False),
    ('exchangecookie=""', False),
]


@pytest.mark.parametrize(("line", "is_kept"), COOKIES)
def test_a_cookie_that_the_server_takes_back_is_dropped(line: str, is_kept: bool) -> None:
    affinity = Affinity("ada@example.org")
    name = line.partition("=")[0]
    for value in (f"{name}=before", line):
        affinity.learn(CIMultiDictProxy(CIMultiDict([("Set-Cookie", value)])))
    assert ("Cookie" in affinity.headers()) is is_kept
