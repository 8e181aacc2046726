"""A real server with the API, on the run's database, and programs that ask it with keys."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from serversync.simulator import Exchange, SimulatorThread

PASSWORD = "planted-Secret-4711"
SERVICE = "svc-crm@example.org"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json", self.content
        return json.loads(self.content)

    @property
    def error(self) -> dict[str, str]:
        told = self.json
        assert set(told) == {"error"}
        assert set(told["error"]) == {"code", "message", "remedy"}
        assert told["error"]["remedy"].endswith(".")
        return dict(told["error"])


@dataclass
class Program:
    """Asks as the user of its key, and remembers everything that it got."""

    port: int
    key: str | None
    got: list[bytes]

    def __call__(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, content, {**sent, **(headers or {})})
            response = connection.getresponse()
            answer = Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()
        self.got.append(answer.content)
        return answer

    def get(self, path: str) -> Answer:
        return self("GET", path)

    def post(self, path: str, body: object = None) -> Answer:
        return self("POST", path, body)


@pytest.fixture
def server(database_dsn: str) -> Iterator[int]:
    """The port of a running server."""
    from serversync.web.server import serve

    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    listening, address = threading.Event(), []

    def started(url: str) -> None:
        address.append(url)
        listening.set()

    thread = threading.Thread(
        target=lambda: loop.run_until_complete(serve("127.0.0.1", 0, started=started, stop=stop))
    )
    thread.start()
    try:
        assert listening.wait(60)
        port = urlsplit(address[0]).port
        assert port is not None
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


@pytest.fixture
def company(database_dsn: str) -> Any:
    """Dora administrates, Ada and Ben each have a mailbox with mail."""
    from serversync.crm.models import Organization
    from tests.web.company import found

    Organization.objects.current()
    return found()


@pytest.fixture
def program(server: int, company: Any, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., Program]]:
    """Makes a program that asks as a user; at the end no answer and no line of the log holds a password or a key."""
    from serversync.administration import actor, apikeys

    caplog.set_level(logging.WARNING)  # what a running program writes of its libraries
    got: list[bytes] = []
    keys: list[str] = []

    def make(user: Any = None) -> Program:
        key = None
        if user is not None:
            with actor.acting(actor.INSTALLATION):
                _, key = apikeys.add(user.domainname, f"Key {len(keys)}")
            keys.append(key)
        return Program(server, key, got)

    yield make
    logged = [record.getMessage() for record in caplog.get_records("call")]
    everything = "\n".join([*(one.decode() for one in got), *logged])
    for secret in (PASSWORD, *keys):
        assert secret not in everything


@pytest.fixture
def exchange() -> Iterator[SimulatorThread]:
    """An Exchange with the mailboxes of the company."""
    made = Exchange()
    made.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for name in ("ada", "ben"):
        made.add_mailbox(f"{name}@example.org")
    with SimulatorThread(made) as running:
        yield running
