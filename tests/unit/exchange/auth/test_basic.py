"""Basic authentication."""

import base64

import pytest
from aiohttp import web

from serversync.core.errors import AuthenticationFailed, AuthenticationNotOffered
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
BASIC = Credentials(username="svc@example.org", password="pässword:1", scheme=Scheme.BASIC)


def test_credentials_never_show_the_password() -> None:
    assert "pässword" not in repr(BASIC)
    assert "pässword" not in f"{BASIC} {(BASIC,)} {list(BASIC.__rich_repr__())}"


async def test_basic_goes_along_with_every_request_at_once(servers: Servers) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(body=answers.inbox().encode(), content_type="text/xml")

    async with servers.client(handler, BASIC) as client:
        await client.call(INBOX)
        await client.call(INBOX)
    expected = "Basic " + base64.b64encode("svc@example.org:pässword:1".encode()).decode()
    assert seen == [expected, expected]


async def test_a_refused_password_is_sent_once_only(servers: Servers) -> None:
    requests = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})

    async with servers.client(handler, BASIC) as client:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed, match="user name or password of svc@example"):
                await client.call(INBOX)
    assert requests == 1


async def test_a_server_without_basic_is_told_apart_from_a_wrong_password(servers: Servers) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = web.Response(status=401)
        response.headers.add("WWW-Authenticate", "Negotiate")
        response.headers.add("WWW-Authenticate", "NTLM")
        return response

    async with servers.client(handler, BASIC) as client:
        with pytest.raises(
            AuthenticationNotOffered, match="does not offer Basic authentication, only Negotiate, NTLM"
        ):
            await client.call(INBOX)
