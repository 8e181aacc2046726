"""A simulator on a thread, a bare client for it, and a check of everything it says against Microsoft's schemas."""

import base64
import http.client
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exchangelib
import pytest
from lxml import etree

from serversync.simulator import Exchange, SimulatorThread, Traffic
from serversync.simulator.schema import schemas_in
from serversync.simulator.versions import REQUEST_VERSIONS, request_schema_folder

SHARED = Path(__file__).parents[3] / "shared"
SCHEMAS = SHARED / "ews-schema"
CORPUS = SHARED / "mail-corpus"
ACCOUNT = "svc-crm@example.org"
PASSWORD = "correct horse battery"
MAILBOX = "ada@example.org"
NS = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "e": "http://schemas.microsoft.com/exchange/services/2006/errors",
}
PLAIN = (
    b"From: Grace Hopper <grace@example.com>\r\nTo: ada@example.org\r\nSubject: Compiler\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n\r\nHello Ada\r\n"
)


def plain(number: int) -> bytes:
    """A small message of its own."""
    return PLAIN.replace(b"<1@", f"<{number}@".encode()).replace(b"Compiler", f"Compiler {number}".encode())


@dataclass
class Reply:
    """What came back over HTTP."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def xml(self) -> Any:
        return etree.fromstring(self.body)

    def texts(self, path: str) -> list[str]:
        return [element.text or "" for element in self.xml.iterfind(path, NS)]

    def attributes(self, path: str, name: str) -> list[str]:
        return [element.get(name) for element in self.xml.iterfind(path, NS)]

    @property
    def codes(self) -> list[str]:
        return self.texts(".//m:ResponseCode") + self.texts(".//e:ResponseCode")


def envelope(operation: str, *, version: str | None = "Exchange2013_SP1", header: str = "") -> str:
    """Wrap an operation; the prefixes m and t are declared."""
    wanted = f'<t:RequestServerVersion Version="{version}"/>' if version else ""
    return (
        f'<s:Envelope xmlns:s="{NS["s"]}" xmlns:m="{NS["m"]}" xmlns:t="{NS["t"]}">'
        f"<s:Header>{wanted}{header}</s:Header><s:Body>{operation}</s:Body></s:Envelope>"
    )


def impersonate(address: str, element: str = "PrimarySmtpAddress") -> str:
    """The impersonation header."""
    return (
        f"<t:ExchangeImpersonation><t:ConnectingSID><t:{element}>{address}</t:{element}>"
        "</t:ConnectingSID></t:ExchangeImpersonation>"
    )


def basic(user: str = ACCOUNT, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Client:
    """One keep-alive connection to the simulator."""

    def __init__(self, simulator: SimulatorThread) -> None:
        self.simulator = simulator
        context = ssl.create_default_context(cafile=str(simulator.ca_file))
        self.connection = http.client.HTTPSConnection(
            "localhost", simulator.server.port, context=context, timeout=10
        )

    def send(
        self,
        body: str | bytes,
        *,
        authorization: str | None = "basic",
        path: str = "/EWS/Exchange.asmx",
        headers: dict[str, str] | None = None,
        method: str = "POST",
    ) -> Reply:
        sent = {"Content-Type": "text/xml; charset=utf-8", **(headers or {})}
        if authorization:
            sent["Authorization"] = basic() if authorization == "basic" else authorization
        payload = body.encode() if isinstance(body, str) else body
        self.connection.request(method, path, payload, sent)
        answer = self.connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())

    def call(
        self, operation: str, *, mailbox: str | None = MAILBOX, version: str | None = "Exchange2013_SP1"
    ) -> Reply:
        header = impersonate(mailbox) if mailbox else ""
        return self.send(envelope(operation, version=version, header=header))

    def sync(
        self, state: str = "", *, limit: int = 512, folder: str = "inbox", ignore: tuple[str, ...] = ()
    ) -> Reply:
        given = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        skipped = "".join(f'<t:ItemId Id="{one}"/>' for one in ignore)
        return self.call(
            "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
            f'<m:SyncFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SyncFolderId>{given}'
            f"{f'<m:Ignore>{skipped}</m:Ignore>' if skipped else ''}"
            f"<m:MaxChangesReturned>{limit}</m:MaxChangesReturned></m:SyncFolderItems>"
        )

    def get_items(self, *ids: str, shape: str = "<t:BaseShape>AllProperties</t:BaseShape>") -> Reply:
        listed = "".join(f'<t:ItemId Id="{one}"/>' for one in ids)
        return self.call(
            f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape><m:ItemIds>{listed}</m:ItemIds></m:GetItem>"
        )

    def close(self) -> None:
        self.connection.close()


GET_INBOX = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
)


class SchemaCheck:
    """Looks at all traffic; what is invalid is told at the end of the test."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.problems: list[str] = []
        self.seen = 0

    def __call__(self, traffic: Traffic) -> None:
        if traffic.status != 200 or self.exchange.illegal_characters == "reference":
            return
        self.seen += 1
        answer = etree.fromstring(traffic.response).find("s:Body", NS)[0]
        folder = self.exchange.version.schema_folder
        self.problems += [
            f"answer to {traffic.operation}: {one}" for one in COLLECTION.violations(folder, answer)
        ]
        request = etree.fromstring(traffic.request, etree.XMLParser(remove_comments=True, remove_pis=True))
        wanted = request.find("s:Header/t:RequestServerVersion", NS)
        schema = self.exchange.version.schema if wanted is None else REQUEST_VERSIONS[wanted.get("Version")]
        folder = request_schema_folder(schema)
        body = request.find("s:Body", NS)[0]
        self.problems += [
            f"request {traffic.operation}: {one}" for one in COLLECTION.violations(folder, body)
        ]


COLLECTION = schemas_in(SCHEMAS)
Serve = Callable[..., AbstractContextManager[SimulatorThread]]


def make_exchange(version: str = "Exchange2016") -> Exchange:
    """An Exchange with the service account and one mailbox."""
    made = Exchange(version)
    made.add_account(ACCOUNT, password=PASSWORD, domain_login="EXAMPLE\\svc-crm", impersonation=True)
    made.add_mailbox(MAILBOX, display_name="Ada Lovelace")
    return made


@pytest.fixture
def exchange() -> Exchange:
    return make_exchange()


@pytest.fixture
def serve() -> Serve:
    """Serve an Exchange; everything said is checked against the schemas where they are at hand."""

    @contextmanager
    def start(exchange: Exchange, **options: Any) -> Iterator[SimulatorThread]:
        check = SchemaCheck(exchange)
        with SimulatorThread(exchange, **options) as simulator:
            if SCHEMAS.is_dir():
                simulator.server.on_response.append(check)
            yield simulator
        assert check.problems == []

    return start


@pytest.fixture
def client(exchange: Exchange, serve: Serve) -> Iterator[Client]:
    with serve(exchange) as simulator:
        opened = Client(simulator)
        yield opened
        opened.close()


@contextmanager
def account(
    simulator: SimulatorThread,
    monkeypatch: pytest.MonkeyPatch,
    auth_type: str = exchangelib.BASIC,
    *,
    user: str = ACCOUNT,
    password: str = PASSWORD,
    address: str = MAILBOX,
    access_type: str = exchangelib.IMPERSONATION,
) -> Iterator[exchangelib.Account]:
    """An exchangelib account on the simulator; closes its connections."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(simulator.ca_file))
    logging.getLogger("exchangelib").setLevel(logging.CRITICAL)
    configuration = exchangelib.Configuration(
        service_endpoint=simulator.url,
        credentials=exchangelib.Credentials(user, password),
        auth_type=auth_type,
        retry_policy=exchangelib.FailFast(),
        max_connections=1,
    )
    opened = exchangelib.Account(
        address, config=configuration, access_type=access_type, default_timezone=exchangelib.UTC
    )
    try:
        yield opened
    finally:
        opened.protocol.close()
        exchangelib.close_connections()


@pytest.fixture
def ada(exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[exchangelib.Account]:
    """exchangelib in Ada's mailbox; every request is validated as a real server does."""
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with serve(exchange, schema_dir=schema_dir) as simulator, account(simulator, monkeypatch) as opened:
        yield opened
