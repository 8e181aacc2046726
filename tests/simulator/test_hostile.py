"""Hostile and broken clients harm neither the server nor the mailboxes of others."""

import http.client
import resource
import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from serversync.simulator import Exchange, SimulatorThread
from tests.simulator.conftest import GET_INBOX, MAILBOX, Client, Serve, basic, envelope, impersonate, plain

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9))
    + "]>"
    + envelope(GET_INBOX.replace("inbox", "&j;"))
)
GOOD = envelope(GET_INBOX, header=impersonate(MAILBOX))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 100,
        b"<",
        b"<a>" * 50_000,
        GOOD.encode()[:-20],
        GOOD.encode("utf-16")[3:],
        LAUGHS.encode(),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        envelope("<m:Nonsense/>").encode(),
        envelope('<x:GetFolder xmlns:x="urn:x"/>').encode(),
        envelope(GET_INBOX + GET_INBOX).encode(),
    ],
    ids=["empty", "zeros", "open", "deep", "cut", "shifted", "laughs", "file", "unknown", "foreign", "two"],
)
def test_what_is_no_request_is_a_fault_and_the_next_request_is_served(client: Client, body: bytes) -> None:
    reply = client.send(body)
    assert reply.status in {400, 500}
    assert b"root:" not in reply.body
    assert len(reply.body) < 10_000
    assert client.call(GET_INBOX).codes == ["NoError"]


def test_nested_entities_cost_no_memory(client: Client) -> None:
    client.send(LAUGHS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20):
        assert client.send(LAUGHS).codes == ["ErrorSchemaValidation"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_body_beyond_the_limit_is_refused(client: Client) -> None:
    try:
        assert client.send(b" " * (64 * 1024 * 1024 + 1)).status == 413
    except (ConnectionError, ssl.SSLError):
        client.connection.close()  # IIS breaks off as well, where the client does not listen while it writes
    assert client.call(GET_INBOX).codes == ["NoError"]


def _open(simulator: SimulatorThread) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(simulator.ca_file))
    plain_socket = socket.create_connection(("127.0.0.1", simulator.server.port), timeout=20)
    return context.wrap_socket(plain_socket, server_hostname="localhost")


def test_writers_that_never_end_hold_nobody_up(exchange: Exchange, serve: Serve) -> None:
    with serve(exchange) as simulator:
        head = f"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\r\nAuthorization: {basic()}\r\nContent-Type: text/xml\r\n"
        slow = [_open(simulator) for _ in range(30)]
        for index, one in enumerate(slow):
            one.sendall(head.encode() if index % 2 else f"{head}Content-Length: 5000\r\n\r\n<s:Env".encode())
        client = Client(simulator)
        assert client.call(GET_INBOX).codes == ["NoError"]
        client.close()
        for one in slow:
            one.close()


def _together(count: int, act: Callable[[int], None]) -> list[BaseException]:
    problems: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait(60)
            act(number)
        except (AssertionError, OSError, http.client.HTTPException, threading.BrokenBarrierError) as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def test_two_hundred_connections_at_once_are_all_served(exchange: Exchange, serve: Serve) -> None:
    other = "grace@example.org"
    exchange.add_mailbox(other)
    exchange.deliver(plain(1), [MAILBOX])
    with serve(exchange) as simulator:

        def ask(number: int) -> None:
            client = Client(simulator)
            client.connection.timeout = 60
            if number % 4 == 3:
                assert client.send(LAUGHS).status == 500
            else:
                address, total = ((MAILBOX, "1"), (other, "0"))[number % 2]
                reply = client.call(GET_INBOX, mailbox=address)
                assert reply.texts(".//t:TotalCount") == [total]
            client.close()

        assert _together(200, ask) == []
