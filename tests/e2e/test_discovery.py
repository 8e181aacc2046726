"""Our search against the simulator: over its DNS, its plain HTTP and its three services, with each thing that goes wrong."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from serversync.adapters.probe.examiner import ConnectionExaminer
from serversync.adapters.probe.target import Target
from serversync.core import clock
from serversync.core.errors import AutodiscoverHostNotAllowed, AutodiscoverUnavailable, ServiceError
from serversync.engine.probe import Finished, Report, run
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.autodiscover.discover import Discovery, Network, Question, Step, discover, find
from serversync.exchange.autodiscover.srv import DnsSrv
from serversync.exchange.autodiscover.steps import Protocol
from serversync.exchange.version import RequestServerVersion
from serversync.simulator import (
    AutodiscoverFault,
    CertificateOptions,
    DnsResponder,
    Exchange,
    PlainHttpListener,
    SimulatorServer,
)

ADA, SERVICE, PASSWORD = "ada@example.org", "svc-crm@example.org", "correct horse"
HOSTS = ("example.org", "autodiscover.example.org", "mail.example.org")
BASIC = Credentials(username=SERVICE, password=PASSWORD, scheme=Scheme.BASIC)
NTLM = Credentials(username=SERVICE, password=PASSWORD, scheme=Scheme.NTLM)
MAIL = "https://mail.example.org/autodiscover/autodiscover.svc"


class Ports(AbstractResolver):
    """Maps names and ports to ports on loopback."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], int] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if (host, port) not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        at = self.known[host, port]
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=at, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Company:
    exchange: Exchange
    server: SimulatorServer
    listener: PlainHttpListener
    names: DnsResponder
    ports: Ports
    stack: AsyncExitStack
    ca_file: Path

    def network(self, seconds: float = 20) -> Network:
        return Network(
            ca_file=self.ca_file,
            timeout=timedelta(seconds=seconds),
            resolver=self.ports,
            srv=DnsSrv(("127.0.0.1",), port=self.names.port, timeout=timedelta(seconds=5)),
        )

    async def find(self, credentials: Credentials = BASIC, **question: object) -> Discovery:
        return await find(Question(address=ADA, **question), credentials, self.network())

    async def steps(self, seconds: float = 20, **question: object) -> tuple[list[Step], ServiceError | None]:
        steps: list[Step] = []
        asked = Question(address=ADA, **question)
        try:
            async with aclosing(discover(asked, BASIC, self.network(seconds))) as search:
                async for step in search:
                    steps.append(step)  # noqa: PERF401 - what came before an error is kept
        except ServiceError as error:
            return steps, error
        return steps, None

    def only_at(self, *hosts: str) -> None:
        """Let a web site answer at every other host."""
        for host in HOSTS:
            if host not in hosts:
                self.exchange.autodiscover.faults.append(AutodiscoverFault(host=host))


def make_exchange(version: str = "Exchange2016") -> Exchange:
    exchange = Exchange(version)
    exchange.add_account(SERVICE, password=PASSWORD)
    exchange.add_mailbox(ADA)
    return exchange


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    async with AsyncExitStack() as stack:
        exchange = make_exchange()
        certificate = CertificateOptions(names=(*HOSTS, "localhost"))
        server = SimulatorServer(exchange, tls=certificate, extended_protection="require")
        await stack.enter_async_context(server)
        listener = await stack.enter_async_context(PlainHttpListener(exchange, own_url=server.url))
        names = await stack.enter_async_context(DnsResponder())
        ports = Ports()
        ports.known = {(host, 443): server.port for host in HOSTS}
        ports.known["autodiscover.example.org", 80] = listener.port
        yield Company(exchange, server, listener, names, ports, stack, server.ca_file)


@pytest.mark.parametrize("credentials", [BASIC, NTLM], ids=["Basic", "NTLM"])
async def test_a_mailbox_is_found_over_soap(company: Company, credentials: Credentials) -> None:
    company.exchange.autodiscover.grouping_information = "Site-7"
    found = await company.find(credentials)
    assert found.ews_url == company.server.url
    assert found.primary_smtp_address == ADA
    assert found.request_server_version is RequestServerVersion.EXCHANGE2013_SP1
    assert str(found.server_version) == "15.1.2507.6"
    assert found.grouping_information == "Site-7"


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("Exchange2007_SP1", None),
        ("Exchange2010_SP3", RequestServerVersion.EXCHANGE2010_SP2),
        ("Exchange2013_SP1", RequestServerVersion.EXCHANGE2013_SP1),
        ("ExchangeSE", RequestServerVersion.EXCHANGE2013_SP1),
    ],
)
async def test_the_schema_follows_from_the_version(version: str, wanted: RequestServerVersion | None) -> None:
    exchange = make_exchange(version)
    async with SimulatorServer(exchange) as server:
        given = (
            f"https://localhost:{server.port}/autodiscover/autodiscover.{'xml' if wanted is None else 'svc'}"
        )
        network = Network(ca_file=server.ca_file)
        found = await find(Question(address=ADA, given_url=given), BASIC, network)
        assert found.request_server_version is wanted
        assert found.server_version is not None
        assert found.server_version.major_version == exchange.version.build[0]


async def test_pox_and_json_are_enough(company: Company) -> None:
    company.exchange.autodiscover.faults.append(AutodiscoverFault(form="SOAP"))
    assert (await company.find()).source.endswith("example.org/autodiscover/autodiscover.xml")
    company.exchange.autodiscover.faults.append(AutodiscoverFault(form="POX"))
    found = await company.find()
    assert ".json?" in found.source
    assert found.ews_url == company.server.url


async def test_the_redirect_of_plain_http_needs_consent_and_gets_no_password(company: Company) -> None:
    company.only_at("mail.example.org")
    company.exchange.autodiscover.http_redirect = MAIL
    company.exchange.autodiscover.http_accepts_post = True
    with pytest.raises(AutodiscoverHostNotAllowed, match=r"mail\.example\.org"):
        await company.find()
    assert not any(one.host == "mail.example.org" for one in company.exchange.autodiscover.seen)
    assert (await company.find(allowed_hosts=("mail.example.org",))).source == MAIL
    plain = [one for one in company.exchange.autodiscover.seen if one.scheme == "http"]
    assert {(one.method, one.authorization, one.body) for one in plain} == {("GET", False, 0)}


async def test_an_srv_record_needs_consent(company: Company) -> None:
    company.only_at("mail.example.org")
    company.names.add_autodiscover("example.org", "mail.example.org")
    with pytest.raises(AutodiscoverHostNotAllowed, match="SRV record"):
        await company.find()
    assert (await company.find(allowed_hosts=("mail.example.org",))).source == MAIL


async def test_silent_name_servers_are_trouble_that_passes(company: Company) -> None:
    company.only_at()
    company.names.is_silent = True
    network = company.network()
    network = Network(
        ca_file=network.ca_file,
        resolver=network.resolver,
        srv=DnsSrv(("127.0.0.1",), port=company.names.port, timeout=timedelta(seconds=0.2)),
    )
    with pytest.raises(AutodiscoverUnavailable, match="DNS server"):
        await find(Question(address=ADA), BASIC, network)


async def test_redirects_by_url_and_address_are_followed(company: Company) -> None:
    company.exchange.add_mailbox("al@example.org")
    company.exchange.autodiscover.redirect_addresses[ADA] = "al@example.org"
    company.exchange.autodiscover.redirect_urls["al@example.org"] = MAIL
    found = await company.find(allowed_hosts=("mail.example.org",))
    assert (found.source, found.primary_smtp_address, found.address) == (MAIL, "al@example.org", ADA)


GARBAGE = AutodiscoverFault(form="SOAP", http_status=200, body=b"\x00\xff<oops", content_type="text/xml")
BOMB = AutodiscoverFault(
    form="SOAP",
    http_status=200,
    content_type="text/xml",
    body=b'<!DOCTYPE a [<!ENTITY x "x"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
)
PAGE = AutodiscoverFault(form="SOAP", http_status=200, body=b"<html><title>Welcome</title></html>")


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (AutodiscoverFault(form="SOAP"), "autodiscover.not-here", "HTTP 404"),
        (PAGE, "autodiscover.not-here", "Welcome"),
        (GARBAGE, "autodiscover.not-here", "not as Autodiscover"),
        (BOMB, "autodiscover.not-here", "document type"),
        (AutodiscoverFault(form="SOAP", http_status=403), "autodiscover.not-here", "HTTP 403"),
        (AutodiscoverFault(form="SOAP", http_status=500), "exchange.unreachable", "HTTP 500"),
        (AutodiscoverFault(form="SOAP", http_status=503), "exchange.busy", "HTTP 503"),
        (AutodiscoverFault(form="SOAP", reset=True), "exchange.connection-lost", "broke"),
        (
            AutodiscoverFault(form="SOAP", http_status=401, headers={"WWW-Authenticate": "Digest x"}),
            "exchange.authentication-not-offered",
            "Digest",
        ),
        (
            AutodiscoverFault(form="SOAP", http_status=401, headers={"WWW-Authenticate": "Basic realm=x"}),
            "exchange.authentication-failed",
            SERVICE,
        ),
        (
            AutodiscoverFault(form="SOAP", http_status=302, location="http://example.org/"),
            "profile.insecure-address",
            "not encrypted",
        ),
    ],
)
async def test_each_failure_is_a_step_of_its_own_and_the_search_goes_on(
    company: Company, fault: AutodiscoverFault, code: str, words: str
) -> None:
    fault.host, fault.happened, fault.seen = "example.org", 0, 0
    company.only_at("example.org", "autodiscover.example.org")
    company.exchange.autodiscover.faults.insert(0, fault)
    company.exchange.autodiscover.faults.insert(0, AutodiscoverFault(host="example.org", form="POX"))
    steps, error = await company.steps()
    assert error is None
    assert steps[-1].discovery is not None
    url = (
        "http://example.org/"
        if code == "profile.insecure-address"
        else "https://example.org/autodiscover/autodiscover.svc"
    )
    (step,) = [one for one in steps if one.url == url]
    assert step.error is not None
    assert step.error.code == code
    assert words in str(step.error)
    assert step.error.remedy_text.endswith(".")


async def test_a_server_that_hangs_costs_its_time_out_and_no_more(company: Company) -> None:
    company.exchange.autodiscover.faults.append(AutodiscoverFault(host="example.org", delay=3600))
    steps, error = await company.steps(seconds=1)
    assert error is None
    (step,) = [one for one in steps if one.error is not None]
    assert "no answer within 1 s" in str(step.error)


async def test_a_host_with_the_certificate_of_another_gets_nothing(company: Company) -> None:
    hosting = CertificateOptions(names=("www.hosting.example",))
    other = await company.stack.enter_async_context(SimulatorServer(company.exchange, tls=hosting))
    company.ports.known["example.org", 443] = other.port
    both = company.ca_file.with_name("both.pem")
    both.write_bytes(company.ca_file.read_bytes() + other.ca_file.read_bytes())
    company.ca_file = both
    steps, error = await company.steps()
    assert error is None
    (step,) = [one for one in steps if one.error is not None]
    assert step.error is not None
    assert step.error.code == "exchange.certificate-wrong-host"
    assert ("certificate", "www.hosting.example") in step.evidence
    assert {one.host for one in company.exchange.autodiscover.seen} == {"autodiscover.example.org"}


async def test_a_wrong_password_is_tried_twice_and_locks_nobody_out(company: Company) -> None:
    company.exchange.directory.lockout_threshold = 3
    wrong = Credentials(username=SERVICE, password="guessed", scheme=Scheme.NTLM)
    with pytest.raises(ServiceError) as caught:
        await company.find(wrong)
    assert caught.value.code == "exchange.authentication-failed"
    account = company.exchange.directory.find(SERVICE)
    assert account is not None
    assert account.bad_passwords == 2
    assert not account.is_locked


async def test_the_order_is_the_one_of_the_documentation(company: Company) -> None:
    company.only_at()
    steps, error = await company.steps()
    assert error is not None
    assert error.code == "autodiscover.failed"
    page = Path(__file__).parents[2] / "docs" / "explanation" / "autodiscover.md"
    rows = page.read_text(encoding="utf-8").split("## What is asked")[1].split("\n\n")[2].splitlines()[2:]
    assert len(rows) == 7
    assert steps[0].protocol is Protocol.LDAP
    assert "left out" in rows[0]
    shown = [step.url.partition("?")[0] for step in steps[1:]]
    assert shown == [
        "https://example.org/autodiscover/autodiscover.svc",
        "https://example.org/autodiscover/autodiscover.xml",
        "https://autodiscover.example.org/autodiscover/autodiscover.svc",
        "https://autodiscover.example.org/autodiscover/autodiscover.xml",
        "http://autodiscover.example.org/autodiscover/autodiscover.xml",
        "_autodiscover._tcp.example.org",
        "https://example.org/autodiscover/autodiscover.json",
        "https://autodiscover.example.org/autodiscover/autodiscover.json",
    ]
    for url, row in ((shown[0], 2), (shown[2], 3), (shown[4], 4), (shown[5], 5)):
        assert url in rows[row]


async def examined(company: Company, **target: object) -> dict[str, Report]:
    """Test Connection of a profile that finds its server."""
    profile = Target(
        profile="Exchange",
        location=None,
        autodiscover=True,
        username=SERVICE,
        password=PASSWORD,
        scheme=Scheme.BASIC,
        ca_file=company.ca_file,
        timeout=timedelta(seconds=20),
        sample=ADA,
        **target,
    )
    async with ConnectionExaminer(
        profile, now=clock.now, user_agent="test", search_network=company.network()
    ) as examiner:
        events = [event async for event in run(examiner, monotonic=monotonic)]
    assert PASSWORD not in repr(events)
    return {event.report.step.key: event.report for event in events if isinstance(event, Finished)}


async def test_test_connection_shows_every_attempt_and_goes_on_with_what_was_found(company: Company) -> None:
    company.exchange.add_account(SERVICE, password=PASSWORD, impersonation=True)
    company.only_at("autodiscover.example.org")
    reports = await examined(company)
    found = reports["autodiscover"]
    assert found.finding.sentence == f"{ADA} is served at {company.server.url}."
    assert [part.finding.result.value for part in found.parts] == ["skipped", "failed", "failed", "ok"]
    assert "HTTP 404" in dict(found.parts[1].finding.evidence)["Status"]
    assert reports["folders"].finding.result.value == "ok"


async def test_test_connection_names_the_host_that_has_to_be_allowed(company: Company) -> None:
    company.only_at("mail.example.org")
    company.names.add_autodiscover("example.org", "mail.example.org")
    found = (await examined(company))["autodiscover"]
    assert found.finding.code == "autodiscover.host-not-allowed"
    assert "--autodiscover-hosts mail.example.org" in found.finding.remedy
    reports = await examined(company, autodiscover_hosts=("mail.example.org",))
    assert reports["autodiscover"].finding.result.value == "ok"
