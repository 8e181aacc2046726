"""HTTP as IIS speaks it: methods, content types, compression, and requests of which two servers may think differently."""

import contextlib
import gzip
import socket
import ssl
import zlib

import pytest
from lxml import etree

from tests.simulator.conftest import (
    GET_INBOX,
    MAILBOX,
    SCHEMAS,
    Client,
    Serve,
    basic,
    envelope,
    impersonate,
    make_exchange,
)

BODY = envelope(GET_INBOX, header=impersonate(MAILBOX)).encode()
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def ask(
    client: Client,
    *lines: str,
    body: bytes = b"",
    method: str = "POST",
    content_type: str = "text/xml; charset=utf-8",
    path: str = "/EWS/Exchange.asmx",
    ending: str = "\r\n",
) -> bytes:
    """Send a request as it is on a connection of its own, and return what comes back until a page ends or it is closed."""
    own = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: {basic()}", "Connection: close")
    head = ending.join((*own, f"Content-Type: {content_type}", *lines, "", ""))
    server = client.simulator.server
    context = ssl.create_default_context(cafile=str(client.simulator.ca_file))
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain_socket,
        context.wrap_socket(plain_socket, server_hostname="localhost") as connection,
    ):
        with contextlib.suppress(
            ssl.SSLEOFError, ConnectionError
        ):  # who is refused early may still be sending
            connection.sendall(head.encode("latin-1") + body)
        found = b""
        with contextlib.suppress(ConnectionError):  # what came before it was cut off counts
            while b"</html>" not in found and (piece := connection.recv(65536)):
                found += piece
    return found


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("method", "wanted", "header"),
    [
        ("GET", 302, b"Location: /EWS/Services.wsdl"),
        ("HEAD", 302, b"Location: /EWS/Services.wsdl"),
        ("OPTIONS", 200, b"Allow: OPTIONS, GET, HEAD, POST"),
        ("PUT", 405, b"Allow: OPTIONS, GET, HEAD, POST"),
        ("DELETE", 405, b"Allow: OPTIONS, GET, HEAD, POST"),
        ("PROPFIND", 405, b"Allow: OPTIONS, GET, HEAD, POST"),
    ],
)
def test_other_methods_are_answered_as_by_iis(
    client: Client, method: str, wanted: int, header: bytes
) -> None:
    answer = ask(client, "Content-Length: 0", method=method)
    assert status(answer) == wanted
    assert header in answer
    assert method != "HEAD" or answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("content_type", "wanted"),
    [
        ("text/xml", 200),
        ("TEXT/XML; CHARSET=utf-8; action=x", 200),
        ("application/soap+xml; charset=utf-8", 415),
        ("application/xml", 415),
        ("application/json", 415),
        ("text/plain", 415),
    ],
)
def test_only_soap_of_the_first_version_is_read(client: Client, content_type: str, wanted: int) -> None:
    assert status(ask(client, LENGTH, body=BODY, content_type=content_type)) == wanted


AMBIGUOUS = {
    "two lengths": ((LENGTH, "Content-Length: 5"), BODY),
    "the same length twice": ((LENGTH, LENGTH), BODY),
    "a length and chunks": ((LENGTH, "Transfer-Encoding: chunked"), CHUNKED),
    "chunks and identity": (("Transfer-Encoding: chunked, identity",), CHUNKED),
    "chunks that are none": (("Transfer-Encoding: xchunked",), CHUNKED),
    "a blank before the colon": (("Transfer-Encoding : chunked",), CHUNKED),
    "a negative length": (("Content-Length: -5",), BODY),
    "a signed length": ((f"Content-Length: +{len(BODY)}",), BODY),
    "a length in hex": ((f"Content-Length: {len(BODY):#x}",), BODY),
    "a folded line": (("X-A: a\r\n b", LENGTH), BODY),
    "a second host": (("Host: elsewhere", LENGTH), BODY),
    "a zero byte": (("X-A: a\0b", LENGTH), BODY),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_two_servers_may_read_differently_is_refused(client: Client, name: str) -> None:
    lines, body = AMBIGUOUS[name]
    answer = ask(client, *lines, body=body)
    assert (status(answer), answer.count(b"HTTP/1.")) == (400, 1)
    assert b"NoError" not in answer
    assert client.call(GET_INBOX).codes == ["NoError"]


def test_lines_that_end_without_a_carriage_return_are_refused(client: Client) -> None:
    assert status(ask(client, LENGTH, body=BODY, ending="\n")) == 400


def test_two_requests_in_one_breath_are_both_answered(client: Client) -> None:
    head = (
        f"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic()}\r\n"
        f"Content-Type: text/xml\r\n{LENGTH}\r\nConnection: close\r\n\r\n"
    )
    first = head.replace("Connection: close\r\n", "").encode() + BODY
    server = client.simulator.server
    context = ssl.create_default_context(cafile=str(client.simulator.ca_file))
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain_socket,
        context.wrap_socket(plain_socket, server_hostname="localhost") as connection,
    ):
        connection.sendall(first + head.encode() + BODY)
        found = b""
        while piece := connection.recv(65536):
            found += piece
    assert found.count(b"<m:ResponseCode>NoError</m:ResponseCode>") == 2


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_requests_are_read(client: Client, encoding: str, pack) -> None:
    packed = pack(BODY)
    answer = ask(client, f"Content-Encoding: {encoding}", f"Content-Length: {len(packed)}", body=packed)
    assert b"NoError" in answer


def test_a_request_that_grows_beyond_the_limit_when_unpacked_is_refused(client: Client) -> None:
    packed = gzip.compress(b" " * (65 * 1024 * 1024), 9)
    answer = ask(client, "Content-Encoding: gzip", f"Content-Length: {len(packed)}", body=packed)
    assert status(answer) == 413
    assert client.call(GET_INBOX).codes == ["NoError"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_request_that_is_not_compressed_as_it_says_is_refused(client: Client, encoding: str) -> None:
    answer = ask(client, f"Content-Encoding: {encoding}", "Content-Length: 10", body=b"not packed")
    assert status(answer) == 400
    assert b"Traceback" not in answer
    assert client.call(GET_INBOX).codes == ["NoError"]


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(client: Client) -> None:
    answer = ask(client, f"Content-Length: {64 * 1024 * 1024 + 1}", "Expect: 100-continue")
    assert status(answer) == 413
    assert b"100 Continue" not in answer


def test_an_expectation_that_nobody_fulfils_is_refused(client: Client) -> None:
    assert status(ask(client, LENGTH, "Expect: 200-ok", body=BODY)) == 417


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/ews/EXCHANGE.ASMX", 200),
        ("/EWS/Exchange.asmx?x=1", 200),
        ("/EWS/Exchange%2Easmx", 200),
        ("https://localhost/EWS/Exchange.asmx", 200),
        ("/EWS/../../etc/passwd", 404),
        ("/EWS/Exchange.asmx%00", 404),
        ("/", 404),
    ],
)
def test_paths_are_read_as_by_iis(client: Client, path: str, wanted: int) -> None:
    assert status(ask(client, LENGTH, body=BODY, path=path)) == wanted


@pytest.mark.parametrize("lines", [["X-A: " + "a" * 70_000], [f"X-{n}: 1" for n in range(2_000)]])
def test_heads_without_end_are_refused(client: Client, lines: list[str]) -> None:
    assert status(ask(client, *lines, LENGTH, body=BODY)) == 400
    assert client.call(GET_INBOX).codes == ["NoError"]


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="../shared/ews-schema is not here")
@pytest.mark.parametrize("product", ["Exchange2010_SP3", "Exchange2013_SP1", "Exchange2016", "ExchangeSE"])
def test_the_description_names_no_service_as_that_of_a_real_server(product: str, serve: Serve) -> None:
    with serve(make_exchange(product), schema_dir=SCHEMAS) as simulator:
        client = Client(simulator)
        reply = client.send("", path="/ews/services.wsdl", method="GET")
        client.close()
    names = {etree.QName(one).localname for one in reply.xml.iterchildren("{*}*")}
    assert {"types", "message", "portType", "binding"} <= names
    assert "service" not in names
