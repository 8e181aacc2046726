"""exchangelib, which knows nothing of us, finds mailboxes of the simulator by their address alone.

Names and ports are mapped to loopback below it: by a DNS server of the simulator's for what it asks itself, and in
``socket.getaddrinfo`` for its connections. Nothing of exchangelib's own search is changed.
"""

import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import exchangelib
import pytest
from exchangelib.autodiscover import Autodiscovery, cache, discover
from exchangelib.errors import AutoDiscoverCircularRedirect, AutoDiscoverFailed, ErrorNonExistentMailbox

from serversync.simulator import (
    AutodiscoverFault,
    CertificateOptions,
    DnsResponder,
    Exchange,
    PlainHttpListener,
    SimulatorThread,
)
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, make_exchange, plain

LOGIN = exchangelib.Credentials(ACCOUNT, PASSWORD)
NAMES = ("example.org", "autodiscover.example.org", "mail.example.org", "localhost")


@dataclass
class Place:
    exchange: Exchange
    simulator: SimulatorThread
    names: DnsResponder
    listener: PlainHttpListener

    @property
    def asked(self) -> list[str]:
        """The hosts that were asked with a password, each once, in order."""
        return list(dict.fromkeys(one.host for one in self.exchange.autodiscover.seen if one.authorization))


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Place]:
    """A simulator that exchangelib reaches as example.org, autodiscover.example.org and mail.example.org."""
    exchange, names = make_exchange(), DnsResponder()
    listener = PlainHttpListener(exchange)
    for name in NAMES[:3]:
        names.add(name, "A", "127.0.0.1")
    certificate = CertificateOptions(names=(*NAMES, "127.0.0.1"))
    with SimulatorThread(exchange, tls=certificate, beside=(names, listener)) as simulator:
        ports = {443: simulator.server.port, 80: listener.port}
        resolve = socket.getaddrinfo

        def mapped(host: str, port: int, *arguments: object, **options: object) -> list:
            if host in NAMES[:3]:
                host, port = "127.0.0.1", ports.get(port, port)
            return resolve(host, port, *arguments, **options)

        monkeypatch.setattr(socket, "getaddrinfo", mapped)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(simulator.ca_file))
        monkeypatch.setattr(Autodiscovery, "DNS_RESOLVER_KWARGS", {"configure": False})
        servers = {"nameservers": ["127.0.0.1"], "port": names.port, "timeout": 5}
        monkeypatch.setattr(Autodiscovery, "DNS_RESOLVER_ATTRS", servers)
        monkeypatch.setattr(cache, "AUTODISCOVER_PERSISTENT_STORAGE", tmp_path / "cache")
        logging.getLogger("exchangelib").setLevel(logging.CRITICAL)
        try:
            yield Place(exchange, simulator, names, listener)
        finally:
            exchangelib.autodiscover.clear_cache()
            exchangelib.close_connections()


def only_at(place: Place, host: str) -> None:
    """Let a web site answer at every other host."""
    for other in NAMES[:3]:
        if other != host:
            place.exchange.autodiscover.faults.append(AutodiscoverFault(host=other, http_status=404))


def find(address: str = MAILBOX) -> exchangelib.properties.UserResponse:
    found, protocol = discover(address, credentials=LOGIN)
    protocol.close()
    return found


@pytest.mark.parametrize("host", ["example.org", "autodiscover.example.org"])
def test_it_finds_a_mailbox_at_either_host_of_the_domain(place: Place, host: str) -> None:
    only_at(place, host)
    found = find()
    assert found.ews_url == place.simulator.url
    assert found.autodiscover_smtp_address == MAILBOX
    assert found.version.api_version == "Exchange2016"
    assert place.asked == [host]


def test_it_follows_the_redirect_of_plain_http_and_gives_it_no_password(place: Place) -> None:
    only_at(place, "mail.example.org")
    place.exchange.autodiscover.http_redirect = "https://mail.example.org/autodiscover/autodiscover.svc"
    assert find().ews_url == place.simulator.url
    plain_requests = [one for one in place.exchange.autodiscover.seen if one.scheme == "http"]
    assert [(one.method, one.authorization) for one in plain_requests] == [("GET", False)]


def test_it_follows_an_srv_record(place: Place) -> None:
    only_at(place, "mail.example.org")
    place.names.add_autodiscover("example.org", "mail.example.org")
    assert find().ews_url == place.simulator.url
    assert ("_autodiscover._tcp.example.org.", "SRV") in place.names.asked


def test_it_follows_a_redirect_by_url(place: Place) -> None:
    target = "https://mail.example.org/autodiscover/autodiscover.svc"
    place.exchange.autodiscover.redirect_urls[MAILBOX] = target
    assert find().ews_url == place.simulator.url
    assert place.asked == ["example.org", "mail.example.org"]


def test_it_sees_a_circle_of_urls(place: Place) -> None:
    target = "https://example.org/autodiscover/autodiscover.svc"
    place.exchange.autodiscover.redirect_urls[MAILBOX] = target
    place.exchange.autodiscover.redirects_in_circles = True
    with pytest.raises(AutoDiscoverFailed):
        find()


def test_it_follows_a_redirect_by_address(place: Place) -> None:
    place.exchange.add_mailbox("al@example.org")
    place.exchange.autodiscover.redirect_addresses[MAILBOX] = "al@example.org"
    assert find().autodiscover_smtp_address == "al@example.org"


def test_it_sees_a_circle_of_addresses(place: Place) -> None:
    place.exchange.autodiscover.redirect_addresses |= {MAILBOX: "b@example.org", "b@example.org": MAILBOX}
    with pytest.raises(AutoDiscoverCircularRedirect):
        find()


def test_it_is_told_that_there_is_no_such_mailbox(place: Place) -> None:
    with pytest.raises(ErrorNonExistentMailbox):
        find("nobody@example.org")


def test_an_account_found_by_its_address_reads_its_mail(place: Place) -> None:
    place.exchange.deliver(plain(1), [MAILBOX])
    account = exchangelib.Account(
        MAILBOX,
        credentials=LOGIN,
        autodiscover=True,
        access_type=exchangelib.IMPERSONATION,
        default_timezone=exchangelib.UTC,
    )
    try:
        assert [item.subject for item in account.inbox.all()] == ["Compiler 1"]
        assert account.protocol.service_endpoint == place.simulator.url
    finally:
        account.protocol.close()
