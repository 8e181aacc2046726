"""Searches over real connections: who sees the password, and what a person gets to see of each attempt."""

import base64
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from serversync.core.errors import (
    AuthenticationFailed,
    AutodiscoverFailed,
    AutodiscoverHostNotAllowed,
    AutodiscoverUnavailable,
    ServiceError,
)
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.autodiscover.discover import Discovery, Network, Question, Step, discover, find
from serversync.exchange.autodiscover.steps import Outcome, Place, SrvRecord
from tests.unit.exchange.autodiscover.worlds import ADA, EWS, HOST, pox_settings, soap_settings
from tests.unit.exchange.conftest import BASIC, Servers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NTLM = Credentials(username="svc@example.org", password="Correct-Horse-1", scheme=Scheme.NTLM)
AUTO = Credentials(username="svc@example.org", password="Correct-Horse-1")


class Names(AbstractResolver):
    """Maps names and ports to ports on loopback; anything else is unknown."""

    def __init__(self) -> None:
        self.ports: dict[tuple[str, int], int] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if (host, port) not in self.ports:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self.ports[host, port],
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Internet:
    """A little internet: names, servers, and all requests that came."""

    servers: Servers
    stack: AsyncExitStack
    names: Names = field(default_factory=Names)
    seen: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    records: dict[str, tuple[SrvRecord, ...]] = field(default_factory=dict)

    async def serve(
        self,
        host: str,
        handler: Handler,
        *,
        port: int = 443,
        certificate_for: str | None = None,
        days: int = 30,
    ) -> None:
        plain = port == 80
        name = f"auto-{certificate_for or host}-{days}"
        certificate = None
        if not plain:
            certificate = self.servers.authority.issue(certificate_for or host, days=days, name=name)

        async def watched(request: web.Request) -> web.StreamResponse:
            self.seen.append(
                (request.scheme, request.host, request.method, request.headers.get("Authorization"))
            )
            return await handler(request)

        serving = self.servers.serve(watched, certificate=certificate, plain=plain)
        self.names.ports[host, port] = await self.stack.enter_async_context(serving)

    async def srv(self, name: str) -> tuple[SrvRecord, ...]:
        return self.records.get(name, ())

    def network(self, *, trusted: bool = True) -> Network:
        return Network(
            ca_file=self.servers.authority.ca_file if trusted else None,
            timeout=timedelta(seconds=10),
            resolver=self.names,
            srv=self.srv,
        )

    async def find(self, credentials: Credentials = BASIC, **question: object) -> Discovery:
        return await find(Question(address=ADA, **question), credentials, self.network())

    async def steps(self, credentials: Credentials = BASIC, **question: object) -> list[Step]:
        """All steps of a search that finds nothing."""
        steps: list[Step] = []

        asked = Question(address=ADA, **question)
        async with aclosing(discover(asked, credentials, self.network())) as search:
            with pytest.raises(ServiceError):
                await _collect(search, steps)
        return steps

    @property
    def with_password(self) -> set[tuple[str, str]]:
        return {(scheme, host) for scheme, host, _, header in self.seen if header is not None}


async def _collect(search: AsyncGenerator[Step, None], steps: list[Step]) -> None:
    async for step in search:
        steps.append(step)  # noqa: PERF401 - what came before an error is kept


@pytest.fixture
async def internet(servers: Servers) -> AsyncIterator[Internet]:
    async with AsyncExitStack() as stack:
        yield Internet(servers, stack)


def answers(body: bytes, **options: object) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/xml", **options)

    return handler


def asks_for_basic(body: bytes) -> Handler:
    """A service that answers whoever knows the password."""
    right = "Basic " + base64.b64encode(b"svc@example.org:Correct-Horse-1").decode()

    async def handler(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != right:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if not request.path.endswith(".svc"):
            return web.Response(status=404)
        return web.Response(body=body, content_type="text/xml")

    return handler


def redirects(location: str, status: int = 302) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": location})

    return handler


async def test_the_account_logs_on_where_it_is_asked_to(internet: Internet) -> None:
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()))
    found = await internet.find()
    assert found.ews_url == EWS
    assert [method for _, _, method, _ in internet.seen] == ["POST", "POST"]
    assert internet.seen[0][3] is None
    assert internet.with_password == {("https", "autodiscover.example.org")}


async def test_a_web_site_that_asks_for_no_log_on_never_sees_the_password(internet: Internet) -> None:
    page = b"<!DOCTYPE html><html><head><title>Example Ltd</title></head></html>"
    await internet.serve("example.org", answers(page, status=404))
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()))
    await internet.find()
    assert internet.with_password == {("https", "autodiscover.example.org")}


async def test_plain_http_never_sees_the_password_even_where_it_asks(internet: Internet) -> None:
    await internet.serve("autodiscover.example.org", asks_for_basic(pox_settings()), port=80)
    steps = await internet.steps()
    assert [one[:3] for one in internet.seen] == [("http", "autodiscover.example.org", "GET")]
    assert not internet.with_password
    (step,) = [step for step in steps if step.place is Place.HTTP_REDIRECT]
    assert step.status == 401
    assert ("offered authentication", "Basic") in step.evidence


async def test_the_redirect_of_plain_http_is_followed_over_https_alone(internet: Internet) -> None:
    target = "https://mail.example.org/autodiscover/autodiscover.svc"
    await internet.serve("autodiscover.example.org", redirects(target), port=80)
    await internet.serve("mail.example.org", asks_for_basic(soap_settings()))
    with pytest.raises(AutodiscoverHostNotAllowed):
        await internet.find()
    assert {host for _, host, _, _ in internet.seen} == {"autodiscover.example.org"}
    assert (await internet.find(allowed_hosts=("mail.example.org",))).source == target
    assert internet.with_password == {("https", "mail.example.org")}


async def test_a_redirect_down_to_plain_http_gets_nothing(internet: Internet) -> None:
    plain = "http://autodiscover.example.org/autodiscover/autodiscover.svc"
    await internet.serve("autodiscover.example.org", redirects(plain, 307))
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()), port=80)
    steps = await internet.steps(allowed_hosts=("*.example.org",))
    assert not internet.with_password
    assert "profile.insecure-address" in {step.error.code for step in steps if step.error}
    assert {method for scheme, _, method, _ in internet.seen if scheme == "http"} == {"GET"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"certificate_for": "www.hosting.example"}, "exchange.certificate-wrong-host"),
        ({"days": -1}, "exchange.certificate-expired"),
    ],
)
async def test_a_bad_certificate_gets_nothing_and_is_shown(
    internet: Internet, options: dict, code: str
) -> None:
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()), **options)
    steps = await internet.steps()
    assert internet.seen == []
    (step,) = [step for step in steps if step.url == f"{HOST}.svc"]
    assert step.error is not None
    assert step.error.code == code
    if "certificate_for" in options:
        assert ("certificate", "www.hosting.example") in step.evidence


async def test_an_authority_that_is_not_trusted_gets_nothing(internet: Internet) -> None:
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()))
    with pytest.raises(AutodiscoverFailed, match="not trusted"):
        await find(Question(address=ADA), BASIC, internet.network(trusted=False))
    assert internet.seen == []


async def test_an_srv_record_leads_to_another_port(internet: Internet) -> None:
    internet.records["_autodiscover._tcp.example.org"] = (SrvRecord(0, 0, 8443, "mail.example.org"),)
    await internet.serve("mail.example.org", asks_for_basic(soap_settings()), port=8443)
    found = await internet.find(allowed_hosts=("mail.example.org",))
    assert found.source == "https://mail.example.org:8443/autodiscover/autodiscover.svc"


@pytest.mark.parametrize("credentials", [NTLM, AUTO])
async def test_basic_is_never_taken_by_itself(internet: Internet, credentials: Credentials) -> None:
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()))
    steps = await internet.steps(credentials)
    (step,) = [step for step in steps if step.url == f"{HOST}.svc"]
    assert step.error is not None
    assert step.error.code == "exchange.authentication-not-offered"
    assert not any((header or "").startswith("Basic") for _, _, _, header in internet.seen)


async def test_two_refusals_are_all_that_a_wrong_password_costs(internet: Internet) -> None:
    wrong = Credentials(username="svc@example.org", password="guessed", scheme=Scheme.BASIC)
    for host in ("example.org", "autodiscover.example.org"):
        await internet.serve(host, asks_for_basic(soap_settings()))
    with pytest.raises(AuthenticationFailed):
        await internet.find(wrong)
    assert len([header for _, _, _, header in internet.seen if header]) == 2


async def test_an_endless_answer_is_cut(internet: Internet) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/xml"})
        await response.prepare(request)
        for _ in range(64):
            await response.write(b"<!-- more and more -->" * 4096)
        return response

    await internet.serve("autodiscover.example.org", handler)
    steps = await internet.steps()
    (step,) = [step for step in steps if step.url == f"{HOST}.svc"]
    assert "larger than" in str(step.error)


async def test_a_dns_server_that_is_silent_is_transient(internet: Internet) -> None:
    async def silent(name: str) -> tuple[SrvRecord, ...]:
        from serversync.core.errors import ServerUnreachable

        raise ServerUnreachable(host="The DNS server", port=53, reason="it gave no answer")

    network = Network(resolver=internet.names, srv=silent)
    with pytest.raises(AutodiscoverUnavailable, match="gave no answer"):
        await find(Question(address=ADA), BASIC, network)


async def test_each_step_says_how_long_it_took_and_who_answered(internet: Internet) -> None:
    await internet.serve("autodiscover.example.org", asks_for_basic(soap_settings()))
    question = Question(address=ADA)
    async with aclosing(discover(question, BASIC, internet.network())) as search:
        steps = [step async for step in search]
    last = steps[-1]
    assert last.outcome is Outcome.FOUND
    assert last.discovery is not None
    assert last.status == 200
    assert ("certificate", "autodiscover.example.org") in last.evidence
    assert ("offered authentication", "Basic") in last.evidence
    assert "Correct-Horse-1" not in repr(steps)
