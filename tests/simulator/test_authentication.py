"""Basic, NTLM and Negotiate as IIS does them, with Extended Protection off, allowed and required."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings

from serversync.simulator import Exchange, ReverseProxy, SimulatorThread
from tests.simulator.conftest import (
    ACCOUNT,
    GET_INBOX,
    MAILBOX,
    PASSWORD,
    Client,
    Reply,
    Serve,
    basic,
    envelope,
    impersonate,
)

REQUEST = envelope(GET_INBOX, header=impersonate(MAILBOX))
NO_BINDING = b""
WRONG_BINDING = b"tls-server-end-point:" + bytes(32)


def challenge(reply: Reply, scheme: str) -> bytes:
    found = [one for one in reply.headers.get_all("WWW-Authenticate") if one.startswith(f"{scheme} ")]
    return base64.b64decode(found[0].partition(" ")[2])


def handshake(
    client: Client,
    *,
    user: str = "EXAMPLE\\svc-crm",
    password: str = PASSWORD,
    binding: bytes | None = None,
    scheme: str = "NTLM",
) -> Reply:
    """Walk through the three messages; returns the last answer."""
    data = client.simulator.server.identity.channel_binding if binding is None else binding
    context = spnego.client(
        user,
        password,
        protocol=scheme.lower(),
        options=spnego.NegotiateOptions.use_ntlm if scheme == "NTLM" else spnego.NegotiateOptions.none,
        hostname="localhost",
        service="http",
        channel_bindings=GssChannelBindings(application_data=data) if data else None,
    )

    def say(token: bytes | None) -> Reply:
        return client.send(REQUEST, authorization=f"{scheme} {base64.b64encode(token or b'').decode()}")

    first = say(context.step())
    assert first.status == 401
    return say(context.step(challenge(first, scheme)))


@pytest.fixture
def protected(request: pytest.FixtureRequest, exchange: Exchange, serve: Serve):
    with serve(exchange, extended_protection=request.param) as simulator:
        opened = Client(simulator)
        yield opened
        opened.close()


def test_without_credentials_each_scheme_is_offered_in_a_header_of_its_own(client: Client) -> None:
    reply = client.send(REQUEST, authorization=None)
    assert reply.status == 401
    assert reply.headers.get_all("WWW-Authenticate") == ["NTLM", "Negotiate", 'Basic realm="localhost"']
    assert reply.body == b""


def test_get_without_credentials_is_unauthorized(client: Client) -> None:
    assert client.send(b"", authorization=None, method="GET").status == 401


@pytest.mark.parametrize("user", [ACCOUNT, "EXAMPLE\\svc-crm", "example\\SVC-CRM", "svc-crm"])
def test_basic_takes_the_address_and_the_domain_log_in(client: Client, user: str) -> None:
    assert client.send(REQUEST, authorization=basic(user)).status == 200


@pytest.mark.parametrize(
    "header",
    [
        basic(password="wrong"),
        basic("nobody@example.org"),
        "Basic %%%",
        "Digest AAAA",
        "NTLM AAAA",
        "Basic AAAA",
    ],
)
def test_wrong_or_garbled_credentials_are_unauthorized(client: Client, header: str) -> None:
    assert client.send(REQUEST, authorization=header).status == 401


def test_basic_authenticates_one_request_only(client: Client) -> None:
    assert client.send(REQUEST).status == 200
    assert client.send(REQUEST, authorization=None).status == 401


@pytest.mark.parametrize("user", [ACCOUNT, "EXAMPLE\\svc-crm"])
@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_ntlm_authenticates_the_connection(client: Client, user: str, scheme: str) -> None:
    assert handshake(client, user=user, scheme=scheme).status == 200
    assert client.send(REQUEST, authorization=None).status == 200
    other = Client(client.simulator)
    assert other.send(REQUEST, authorization=None).status == 401
    other.close()


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_ntlm_with_a_wrong_password_is_unauthorized(client: Client, scheme: str) -> None:
    assert handshake(client, password="wrong", scheme=scheme).status == 401
    assert client.send(REQUEST, authorization=None).status == 401


def test_ntlm_of_an_unknown_user_is_unauthorized(client: Client) -> None:
    assert handshake(client, user="EXAMPLE\\nobody").status == 401


def test_a_last_message_without_a_challenge_is_unauthorized(client: Client) -> None:
    token = base64.b64encode(b"NTLMSSP\x00\x03\x00\x00\x00" + bytes(80)).decode()
    assert client.send(REQUEST, authorization=f"NTLM {token}").status == 401


def test_a_captured_last_message_cannot_be_used_again(client: Client) -> None:
    assert handshake(client).status == 200
    token = base64.b64encode(b"NTLMSSP\x00\x03\x00\x00\x00" + bytes(80)).decode()
    assert client.send(REQUEST, authorization=f"NTLM {token}").status == 401
    assert client.send(REQUEST, authorization=None).status == 401


@pytest.mark.parametrize(
    ("protected", "binding", "status"),
    [
        ("off", None, 200),
        ("off", WRONG_BINDING, 200),
        ("off", NO_BINDING, 200),
        ("allow", None, 200),
        ("allow", WRONG_BINDING, 401),
        ("allow", NO_BINDING, 200),
        ("require", None, 200),
        ("require", WRONG_BINDING, 401),
        ("require", NO_BINDING, 401),
    ],
    indirect=["protected"],
)
@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_extended_protection_judges_the_channel_binding(
    protected: Client, binding: bytes | None, status: int, scheme: str
) -> None:
    assert handshake(protected, binding=binding, scheme=scheme).status == status


def test_a_proxy_with_another_certificate_breaks_extended_protection(
    exchange: Exchange, serve: Serve
) -> None:
    with SimulatorThread(Exchange()) as proxy, serve(exchange, extended_protection="require") as simulator:
        client = Client(simulator)
        assert handshake(client, binding=proxy.server.identity.channel_binding).status == 401
        client.close()


@pytest.mark.parametrize("protected", ["require"], indirect=True)
def test_extended_protection_leaves_basic_alone(protected: Client) -> None:
    assert protected.send(REQUEST).status == 200


def test_only_offered_schemes_are_accepted(exchange: Exchange, serve: Serve) -> None:
    with serve(exchange, schemes=("NTLM",)) as simulator:
        client = Client(simulator)
        reply = client.send(REQUEST)
        assert (reply.status, reply.headers.get_all("WWW-Authenticate")) == (401, ["NTLM"])
        client.close()


def test_an_account_is_locked_after_too_many_wrong_passwords(exchange: Exchange, client: Client) -> None:
    exchange.directory.lockout_threshold = 2
    for _ in range(2):
        assert client.send(REQUEST, authorization=basic(password="wrong")).status == 401
    assert client.send(REQUEST).status == 401
    assert handshake(client).status == 401


def test_a_locked_account_gets_in_again_when_it_is_unlocked(exchange: Exchange, client: Client) -> None:
    exchange.directory.lockout_threshold = 1
    account = exchange.directory.find(ACCOUNT)
    assert account is not None
    assert client.send(REQUEST, authorization=basic(password="wrong")).status == 401
    assert client.send(REQUEST).status == 401
    account.unlock()
    assert client.send(REQUEST).status == 200


@pytest.mark.parametrize("how", ["date", "must change"])
def test_an_expired_password_is_refused_and_counts_nothing(
    exchange: Exchange, client: Client, how: str
) -> None:
    account = exchange.directory.find(ACCOUNT)
    assert account is not None
    account.password_expires = datetime.now(UTC) if how == "date" else None
    account.must_change_password = how == "must change"
    assert client.send(REQUEST).status == 401
    assert handshake(client).status == 401
    assert account.bad_passwords == 0


def test_the_date_of_a_password_is_told(exchange: Exchange, client: Client) -> None:
    account = exchange.directory.find(ACCOUNT)
    assert account is not None
    ask = f"<m:GetPasswordExpirationDate><m:MailboxSmtpAddress>{ACCOUNT}</m:MailboxSmtpAddress></m:GetPasswordExpirationDate>"
    assert client.call(ask, mailbox=None).texts(".//m:PasswordExpirationDate") == ["9999-12-31T23:59:59Z"]
    account.password_expires = datetime(2027, 3, 1, 7, 30, tzinfo=UTC)
    assert client.call(ask, mailbox=None).texts(".//m:PasswordExpirationDate") == ["2027-03-01T07:30:00Z"]
    reply = client.call(ask.replace(ACCOUNT, "nobody@example.org"), mailbox=None)
    assert reply.codes == ["ErrorNonExistentMailbox"]


def test_an_accepted_log_on_says_that_it_lasts(client: Client) -> None:
    assert handshake(client).headers["Persistent-Auth"] == "true"
    assert "Persistent-Auth" not in client.send(REQUEST, authorization=None).headers


def test_a_proxy_may_end_the_connection_after_a_refused_log_on(exchange: Exchange, serve: Serve) -> None:
    proxy = ReverseProxy(has_own_certificate=False, closes_after_refusal=True)
    with serve(exchange, proxy=proxy) as simulator:
        client = Client(simulator)
        assert handshake(client).status == 200
        assert handshake(client, password="wrong").headers["Connection"] == "close"
        client.close()


def test_a_clock_that_is_ahead_shows_in_the_challenge_and_in_the_date(
    exchange: Exchange, client: Client
) -> None:
    exchange.clock_skew = timedelta(hours=1)
    reply = client.send(REQUEST, authorization=None)
    told = parsedate_to_datetime(reply.headers["Date"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < told < timedelta(minutes=61)
    assert reply.headers.get_all("Date") == [reply.headers["Date"]]


def test_a_proxy_hides_iis_and_may_lose_the_connection_of_a_log_on(exchange: Exchange, serve: Serve) -> None:
    proxy = ReverseProxy("edge", has_own_certificate=False, shares_connections=True)
    with serve(exchange, proxy=proxy) as simulator:
        client = Client(simulator)
        assert handshake(client).status == 401
        reply = client.send(REQUEST)
        assert (reply.status, reply.headers["Server"], reply.headers["Via"]) == (200, "edge", "1.1 edge")
        client.close()


def test_a_proxy_with_its_own_certificate_fails_extended_protection(exchange: Exchange, serve: Serve) -> None:
    with serve(exchange, proxy=ReverseProxy(), extended_protection="allow") as simulator:
        client = Client(simulator)
        assert handshake(client).status == 401
        assert handshake(client, binding=NO_BINDING).status == 200
        client.close()
