"""Logging on, and why it is refused: every set-up of server, proxy and account that can be told apart."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from serversync.core.errors import (
    AuthenticationFailed,
    KerberosUnavailable,
    ServiceError,
)
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.auth.diagnosis import Cause, Diagnosis, diagnose_refusal
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_password_expiration_date import GetPasswordExpirationDate
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.simulator import Exchange, Fault, ReverseProxy, SimulatorServer
from serversync.simulator.accounts import Account

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
ACCOUNT, PASSWORD, ADA = "svc@example.org", "Correct-Horse-1", "ada@example.org"


@dataclass
class Place:
    """A server with its service account."""

    server: SimulatorServer
    account: Account
    given: str = PASSWORD
    scheme: Scheme = Scheme.AUTO
    clients: list[EwsClient] = field(default_factory=list)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(url=self.server.url, ca_file=self.server.ca_file)

    @property
    def credentials(self) -> Credentials:
        return Credentials(username=ACCOUNT, password=self.given, scheme=self.scheme)

    def client(self) -> EwsClient:
        return EwsClient(self.endpoint, self.credentials, connections=4)

    async def refusal(self, client: EwsClient) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            await client.call(INBOX, mailbox=ADA)
        return caught.value

    async def diagnosis(self, *, may_try_basic: bool = False) -> Diagnosis:
        async with self.client() as client:
            refused = await self.refusal(client)
        return await diagnose_refusal(self.endpoint, self.credentials, refused, may_try_basic=may_try_basic)


@asynccontextmanager
async def place(**options: object) -> AsyncIterator[Place]:
    exchange = Exchange("Exchange2019")
    account = exchange.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    exchange.add_mailbox(ADA)
    exchange.directory.lockout_threshold = 3
    async with SimulatorServer(exchange, **options) as server:  # type: ignore[arg-type]
        yield Place(server, account)


@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.NTLM, Scheme.NEGOTIATE])
async def test_windows_log_on_passes_with_extended_protection_required(scheme: Scheme) -> None:
    async with place(extended_protection="require") as here:
        here.scheme = scheme
        async with here.client() as client:
            assert (await client.call(INBOX, mailbox=ADA))[0].unwrap().display_name == "Inbox"


async def test_the_client_tells_offers_names_and_clock() -> None:
    async with place() as here, here.client() as client:
        here.server.exchange.clock_skew = timedelta(seconds=-240)
        evidence = await client.ask_offer()
        assert client.offered_schemes == ("NTLM", "Negotiate", "Basic")
        assert evidence.offers_basic_beside_windows
        assert evidence.target_info is not None
        assert evidence.target_info.netbios_domain == "EXAMPLE"
        assert evidence.clock_skew_seconds == pytest.approx(-240, abs=30)
        assert here.account.bad_passwords == 0


async def test_a_server_that_offers_ntlm_alone_needs_no_warning() -> None:
    async with place(schemes=("NTLM", "Negotiate")) as here, here.client() as client:
        assert not (await client.ask_offer()).offers_basic_beside_windows


async def test_auto_never_falls_back_to_basic() -> None:
    async with place(schemes=("Basic",)) as here:
        diagnosis = await here.diagnosis(may_try_basic=True)
        assert here.account.bad_passwords == 0
    assert (diagnosis.cause, diagnosis.is_certain) == (Cause.NOT_OFFERED, True)
    assert diagnosis.error.code == "exchange.authentication-not-offered"


@dataclass(frozen=True)
class Case:
    """A broken set-up and what must be said of it."""

    name: str
    cause: Cause
    code: str
    certain: bool
    options: dict[str, object] = field(default_factory=dict)
    password: str = PASSWORD
    scheme: Scheme = Scheme.NTLM
    may_try_basic: bool = True
    skew: timedelta = timedelta()


CASES = [
    Case("wrong password", Cause.WRONG_PASSWORD, "exchange.authentication-failed", True, password="wrong"),
    Case(
        "wrong password by Basic",
        Cause.WRONG_PASSWORD,
        "exchange.authentication-failed",
        True,
        password="wrong",
        scheme=Scheme.BASIC,
    ),
    Case(
        "wrong password, Basic not allowed",
        Cause.UNKNOWN,
        "exchange.authentication-failed",
        False,
        password="wrong",
        may_try_basic=False,
    ),
    Case(
        "Basic is switched off",
        Cause.NOT_OFFERED,
        "exchange.authentication-not-offered",
        True,
        {"schemes": ("NTLM", "Negotiate")},
        scheme=Scheme.BASIC,
    ),
    Case(
        "proxy with a certificate of its own, EP allowed",
        Cause.EXTENDED_PROTECTION,
        "exchange.extended-protection",
        True,
        {"extended_protection": "allow", "proxy": ReverseProxy()},
        may_try_basic=False,
    ),
    Case(
        "proxy with a certificate of its own, EP required",
        Cause.EXTENDED_PROTECTION,
        "exchange.extended-protection",
        False,
        {"extended_protection": "require", "proxy": ReverseProxy()},
    ),
    Case(
        "the same, Basic not allowed",
        Cause.UNKNOWN,
        "exchange.authentication-failed",
        False,
        {"extended_protection": "require", "proxy": ReverseProxy()},
        may_try_basic=False,
    ),
    Case(
        "the clock is ten minutes off",
        Cause.CLOCK_SKEW,
        "exchange.clock-skew",
        False,
        password="wrong",
        skew=timedelta(minutes=10),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_refusal_is_told_with_its_cause(case: Case) -> None:
    async with place(**case.options) as here:
        here.given, here.scheme = case.password, case.scheme
        here.server.exchange.clock_skew = case.skew
        diagnosis = await here.diagnosis(may_try_basic=case.may_try_basic)
        assert (diagnosis.cause, diagnosis.error.code) == (case.cause, case.code)
        assert diagnosis.is_certain is case.certain
        assert here.account.bad_passwords <= 2
        assert not here.account.is_locked
    told = f"{diagnosis.error} {diagnosis.error.remedy_text} {diagnosis.evidence}"
    assert case.password not in told.replace("wrong password", "")
    assert "{" not in told
    assert dict(diagnosis.evidence)["offered"]
    skew = dict(diagnosis.evidence).get("clock skew", "none")
    assert ("the server is ahead" in skew) if case.skew else "600 s" not in skew
    assert "-0" not in skew


async def test_a_proxy_that_shares_its_connections_is_never_called_a_wrong_password() -> None:
    proxy = ReverseProxy("haproxy", has_own_certificate=False, shares_connections=True)
    async with place(proxy=proxy) as here:
        diagnosis = await here.diagnosis(may_try_basic=True)
        assert here.account.bad_passwords == 0
    assert diagnosis.cause is Cause.EXTENDED_PROTECTION
    assert not diagnosis.is_certain
    assert "TCP mode" in diagnosis.error.remedy_text
    assert dict(diagnosis.evidence)["in between"] == "1.1 haproxy; haproxy"


async def test_a_refusal_that_ends_the_connection_is_still_told_as_a_refusal() -> None:
    proxy = ReverseProxy(has_own_certificate=False, closes_after_refusal=True)
    async with place(proxy=proxy) as here:
        here.given = "wrong"
        diagnosis = await here.diagnosis(may_try_basic=True)
        assert here.account.bad_passwords == 2
    assert diagnosis.cause is Cause.WRONG_PASSWORD


async def test_an_account_that_is_locked_while_it_is_used_is_told_as_blocked() -> None:
    async with place() as here, here.client() as client:
        await client.call(INBOX, mailbox=ADA)
        here.account.is_locked = True
        here.server.exchange.faults.add(Fault(http_status=401))
        refused = await here.refusal(client)
        diagnosis = await diagnose_refusal(here.endpoint, here.credentials, refused)
        here.account.unlock()
    assert diagnosis.cause is Cause.LOCKED_OR_CHANGED
    assert diagnosis.error.code == "exchange.account-blocked"


async def test_a_status_of_a_blocked_account_needs_no_further_log_on() -> None:
    async with place() as here:
        here.server.exchange.faults.add(Fault(http_status=456, times=None))
        diagnosis = await here.diagnosis(may_try_basic=True)
        assert here.account.bad_passwords == 0
    assert (diagnosis.cause, diagnosis.is_certain) == (Cause.LOCKED_OR_CHANGED, True)
    assert diagnosis.error.code == "exchange.account-blocked"


@pytest.mark.parametrize("code", ["ErrorPasswordExpired", "ErrorPasswordChangeRequired"])
async def test_an_expired_password_that_exchange_names_is_told(code: str) -> None:
    async with place() as here, here.client() as client:
        here.server.exchange.faults.add(Fault(response_code=code, soap_fault=True))
        refused = await here.refusal(client)
    assert refused.code == "exchange.password-expired"
    assert "without 'User must change password at next logon'" in refused.remedy_text


async def test_an_expired_password_is_refused_as_windows_does() -> None:
    async with place() as here:
        here.account.password_expires = datetime.now(UTC) - timedelta(days=1)
        async with here.client() as client:
            assert type(await here.refusal(client)) is AuthenticationFailed
        here.account.password_expires = None
        here.account.must_change_password = True
        async with here.client() as client:
            assert type(await here.refusal(client)) is AuthenticationFailed


@pytest.mark.parametrize("when", [datetime(2027, 3, 1, 7, 30, tzinfo=UTC), None])
async def test_the_date_when_a_password_expires_is_read(when: datetime | None) -> None:
    async with place() as here, here.client() as client:
        here.account.password_expires = when
        (found,) = await client.call(GetPasswordExpirationDate(ACCOUNT))
        assert found.unwrap().when == when
        (unknown,) = await client.call(GetPasswordExpirationDate("nobody@example.org"))
    assert unknown.error.code == "exchange.mailbox-not-found"


async def test_a_wrong_password_over_many_connections_costs_the_account_one_refusal() -> None:
    async with place() as here:
        here.given = "wrong"
        async with here.client() as client:
            refusals = await asyncio.gather(*(here.refusal(client) for _ in range(8)))
        assert here.account.bad_passwords == 1
    assert {type(one) for one in refusals} == {AuthenticationFailed}


async def test_a_log_on_lost_in_the_middle_is_made_again_once_on_a_new_connection() -> None:
    async with place() as here, here.client() as client:
        await client.call(INBOX, mailbox=ADA)
        here.server.exchange.faults.add(Fault(http_status=401))
        assert (await client.call(INBOX, mailbox=ADA))[0].unwrap().display_name == "Inbox"
        assert here.account.bad_passwords == 0


async def test_kerberos_without_its_library_or_ticket_says_what_is_missing() -> None:
    async with place() as here:
        here.scheme = Scheme.KERBEROS
        async with here.client() as client:
            refused = await here.refusal(client)
        assert here.account.bad_passwords == 0
    assert isinstance(refused, KerberosUnavailable)
    assert "serversync[kerberos]" in refused.remedy_text
    assert PASSWORD not in f"{refused} {refused.details}"


async def curl(here: Place, *options: str) -> tuple[str, str]:
    """Run curl; gives the status and the output."""
    process = await asyncio.create_subprocess_exec(
        "curl",
        "--silent",
        "--max-time",
        "20",
        "--cacert",
        str(here.server.ca_file),
        "--user",
        f"EXAMPLE\\svc:{here.given}",
        "--header",
        "Content-Type: text/xml",
        "--data",
        "<x/>",
        "--write-out",
        "\n%{http_code} %{num_connects}",
        "--verbose",
        *options,
        here.server.url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, log = await process.communicate()
    return out.decode().rsplit("\n", 1)[-1], log.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_logs_on_by_ntlm_over_one_connection() -> None:
    async with place() as here:
        status, log = await curl(here, "--ntlm")
        assert status == "500 1"
        assert "persistent-auth: true" in log.lower()
        here.given = "wrong"
        status, _ = await curl(here, "--ntlm")
        assert status.startswith("401")
        assert here.account.bad_passwords == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_logs_on_by_basic_even_where_extended_protection_refuses_its_ntlm() -> None:
    async with place(extended_protection="require") as here:
        assert (await curl(here, "--basic"))[0].startswith("500")
        assert (await curl(here, "--ntlm"))[0].startswith("401")
