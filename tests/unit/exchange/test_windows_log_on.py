"""NTLM and Negotiate against an acceptor that demands the channel binding."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import spnego
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego._ntlm_raw.crypto import md5
from spnego._ntlm_raw.messages import Authenticate, AvId, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from serversync.core.errors import (
    AnswerUnreadable,
    AuthenticationFailed,
    AuthenticationNotOffered,
    ConnectionLost,
)
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange import answers
from tests.unit.exchange.certificates import certificate_der
from tests.unit.exchange.conftest import Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
PASSWORD = "Correct-Horse-1"


class WindowsServer:
    """Answers GetFolder to connections that have logged on, and counts the log-ons."""

    def __init__(self, certificate: Path, offers: tuple[str, ...] = ("Negotiate", "NTLM")) -> None:
        der = certificate_der(certificate)
        assert x509.load_der_x509_certificate(der).signature_hash_algorithm.name == "sha256"
        digest = hashes.Hash(hashes.SHA256())
        digest.update(der)
        self.bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())
        self.offers = offers
        self.contexts: dict[object, spnego.ContextProxy] = {}
        self.members: set[object] = set()
        self.log_ons: list[str] = []
        self.refusals = 0
        self.requests = 0
        self.forget_after: int | None = None
        self.answers_to_challenge: web.Response | None = None

    async def handler(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests += 1
        connection = request.transport
        if connection in self.members and self.requests == self.forget_after:
            self.members.discard(connection)
        if connection in self.members:
            return self.inbox()
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme not in self.offers:
            return self.challenge()
        if connection not in self.contexts:
            ntlm = scheme == "NTLM"
            self.contexts[connection] = spnego.server(
                protocol="ntlm" if ntlm else "negotiate",
                options=NegotiateOptions.use_ntlm if ntlm else NegotiateOptions.use_negotiate,
            )
        context = self.contexts[connection]
        try:
            reply = context.step(base64.b64decode(token), channel_bindings=self.bindings)
        except SpnegoError:
            del self.contexts[connection]
            self.refusals += 1
            return self.challenge()
        if not context.complete:
            return self.challenge(f"{scheme} {base64.b64encode(reply).decode()}")
        if scheme == "NTLM" and not self.is_bound(base64.b64decode(token)):
            self.refusals += 1
            return self.challenge()
        assert body, "the request itself goes along with the last leg"
        self.members.add(connection)
        self.log_ons.append(f"{scheme} {context.client_principal}")
        return self.inbox()

    def is_bound(self, token: bytes) -> bool:
        """The acceptor lets an empty binding pass; Extended Protection "Require" does not."""
        response = Authenticate.unpack(token).nt_challenge_response
        assert len(response) > 24, "NTLMv2"
        pairs = NTClientChallengeV2.unpack(response[16:]).av_pairs
        return pairs[AvId.channel_bindings] == md5(self.bindings.pack())

    def challenge(self, *values: str) -> web.Response:
        response = web.Response(status=401)
        for value in values or self.offers:
            response.headers.add("WWW-Authenticate", value)
        return response

    def inbox(self) -> web.Response:
        return web.Response(body=answers.inbox().encode(), content_type="text/xml")


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "users"
    users.write_text(f"EXAMPLE:svc:{PASSWORD}\n:svc@example.org:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))


pytestmark = pytest.mark.usefixtures("accounts")


@asynccontextmanager
async def client_of(
    servers: Servers, server: WindowsServer, credentials: Credentials, connections: int = 4
) -> AsyncIterator[EwsClient]:
    async with servers.client(server.handler, credentials, connections=connections) as client:
        yield client


def account(
    username: str = "EXAMPLE\\svc", password: str = PASSWORD, scheme: Scheme = Scheme.AUTO
) -> Credentials:
    return Credentials(username=username, password=password, scheme=scheme)


@pytest.mark.parametrize("username", ["EXAMPLE\\svc", "svc@example.org"])
@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.NTLM])
async def test_ntlm_logs_on_with_the_channel_binding(servers: Servers, username: str, scheme: Scheme) -> None:
    server = WindowsServer(servers.certificate)
    async with client_of(servers, server, account(username, scheme=scheme)) as client:
        assert (await client.call(INBOX))[0].unwrap().total_count == 3
    assert server.log_ons == [f"NTLM {username}"]


async def test_negotiate_is_taken_where_ntlm_is_not_offered(servers: Servers) -> None:
    server = WindowsServer(servers.certificate, ("Negotiate",))
    async with client_of(servers, server, account()) as client:
        await client.call(INBOX)
        await client.call(INBOX)
    assert server.log_ons == ["Negotiate EXAMPLE\\svc"]


@pytest.mark.parametrize("offers", [("Negotiate",), ("Negotiate", "NTLM")])
async def test_where_negotiate_may_hold_a_ticket_the_request_goes_along_and_is_bound(
    servers: Servers, offers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serversync.exchange.auth.ntlm._MAY_BE_KERBEROS", True)
    bodies = []
    server = WindowsServer(servers.certificate, offers=offers)

    async def handler(request: web.Request) -> web.Response:
        bodies.append((request.headers.get("Authorization", "")[:9], bool(await request.read())))
        return await server.handler(request)

    async with servers.client(handler, account(scheme=Scheme.NEGOTIATE)) as client:
        (outcome,) = await client.call(INBOX)
        assert outcome.unwrap().display_name == "Inbox"
    assert server.log_ons == ["Negotiate EXAMPLE\\svc"]
    assert bodies[0] == ("", False), "asked first, for the certificate and the offer"
    assert set(bodies[1:]) == {("Negotiate", True)}


async def test_a_connection_logs_on_once(servers: Servers) -> None:
    server = WindowsServer(servers.certificate)
    async with client_of(servers, server, account(), connections=3) as client:
        for _ in range(5):
            await client.call(INBOX)
        assert len(server.log_ons) == 1
        assert server.requests == 6
        await asyncio.gather(*[client.call(INBOX) for _ in range(30)])
    assert len(server.log_ons) == 3


@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.NTLM, Scheme.NEGOTIATE])
async def test_a_wrong_password_is_tried_exactly_once_by_all_connections(
    servers: Servers, scheme: Scheme
) -> None:
    server = WindowsServer(servers.certificate)
    async with client_of(servers, server, account(password="wrong", scheme=scheme)) as client:
        errors = await asyncio.gather(*[client.call(INBOX) for _ in range(8)], return_exceptions=True)
        with pytest.raises(AuthenticationFailed, match=r"EXAMPLE\\svc"):
            await client.call(INBOX)
    assert {type(each) for each in errors} == {AuthenticationFailed}
    assert server.refusals == 1


async def test_a_wrong_channel_binding_is_refused(servers: Servers) -> None:
    server = WindowsServer(servers.authority.issue(name="another"))
    async with client_of(servers, server, account()) as client:
        with pytest.raises(AuthenticationFailed):
            await client.call(INBOX)
    assert server.refusals == 1
    assert server.log_ons == []


async def test_auto_never_takes_basic(servers: Servers) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})

    async with servers.client(handler, account()) as client:
        with pytest.raises(AuthenticationNotOffered, match="only Basic"):
            await client.call(INBOX)
    assert not any(each.startswith("Basic") for each in seen)


async def test_a_lost_log_on_is_repeated_once_on_a_new_connection(servers: Servers) -> None:
    server = WindowsServer(servers.certificate)
    server.forget_after = 3
    async with client_of(servers, server, account()) as client:
        await client.call(INBOX)
        await client.call(INBOX)
    assert len(server.log_ons) == 2


async def test_a_password_changed_in_the_middle_stops_after_two_refusals(servers: Servers) -> None:
    server = WindowsServer(servers.certificate)
    async with client_of(servers, server, account()) as client:
        await client.call(INBOX)
        server.members.clear()
        server.bindings = GssChannelBindings(application_data=b"changed")
        for _ in range(5):
            with pytest.raises(AuthenticationFailed):
                await client.call(INBOX)
    assert server.refusals == 2


async def test_a_proxy_that_closes_during_the_log_on_is_not_a_wrong_password(servers: Servers) -> None:
    server = WindowsServer(servers.certificate)

    async def handler(request: web.Request) -> web.Response:
        response = await server.handler(request)
        response.force_close()
        return response

    async with servers.client(handler, account()) as client:
        with pytest.raises(ConnectionLost, match="in the middle of the log-on"):
            await client.call(INBOX)


@pytest.mark.parametrize("token", ["Z2FyYmFnZQ==", "TlRMTVNTUAACAAAA", "***", "TlRMTVNTUAADAAAAAAAA"])
@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
async def test_a_malformed_challenge_is_told_apart_from_a_wrong_password(
    servers: Servers, scheme: str, token: str
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": f"{scheme} {token}"})

    async with servers.client(handler, account()) as client:
        with pytest.raises(AnswerUnreadable, match=f"{scheme} challenge is malformed"):
            await client.call(INBOX)


async def test_a_server_without_any_log_on_is_taken_at_its_word(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=403)

    async with servers.client(handler, account()) as client:
        with pytest.raises(Exception, match="forbids"):
            await client.call(INBOX)
