"""Every way in which a connection is known to be broken: Test Connection names the step and the exact remedy."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from serversync.core import clock
from serversync.core.errors import HostUnknown, SecretKeyUnusable, ServerUnreachable
from serversync.engine.probe import STEPS, Result
from serversync.exchange.auth.credentials import Scheme
from serversync.simulator import CertificateOptions, ReverseProxy
from tests.e2e.connections import ADA, BOARD, PASSWORD, SERVICE, Place, examine, failures, place, warnings
from tests.e2e.other_servers import answering, full, proxy

PAGE = b"<!DOCTYPE html><html><head><title>Please sign in</title></head><body>Hello</body></html>"


@dataclass
class Broken:
    """One broken set-up, and what the administrator has to be told."""

    step: str
    code: str
    remedy: str
    breaking: Callable[[Place], Awaitable[None]]
    result: Result = Result.FAILED
    options: dict = field(default_factory=dict)


CASES: dict[str, Broken] = {}


def broken(step, code, remedy, *, result=Result.FAILED, **options):
    """Register a broken set-up: the function changes a correct one."""

    def register(breaking):
        CASES[breaking.__name__] = Broken(step, code, remedy, breaking, result, options)
        return breaking

    return register


def same(name, step, code, remedy, *, result=Result.FAILED, options=None, **fault):
    """Register a set-up that is broken by one fault of the simulator, or by the options of its server alone."""

    async def breaking(where):
        if fault:
            where.fault(**fault)

    CASES[name] = Broken(step, code, remedy, breaking, result, options or {})


def elsewhere(where, port):
    where.change(location=f"https://localhost:{port}/EWS/Exchange.asmx")


# --- the profile -----------------------------------------------------------------------------------


@broken("profile", "secrets.key-unusable", "enter the passwords of the profiles again")
async def its_password_cannot_be_opened(where):
    where.change(problem=SecretKeyUnusable(source="/data/secret.key"))


@broken("profile", "profile.insecure-address", "https://")
async def its_address_is_not_encrypted(where):
    where.change(location="http://mail.example.org/EWS/Exchange.asmx")


@broken("profile", "input.invalid", "CA file")
async def its_ca_file_is_gone(where):
    where.change(ca_file=Path("/nonexistent/ca.pem"))


@broken("profile", "", "profile edit 'Exchange' --ca FILE", result=Result.WARNING)
async def its_authority_ends_soon(where):
    where.now = lambda: clock.now() + timedelta(days=350)


@broken("sample", "profile.mailbox-not-allowed", "serversync profile edit 'Exchange' --allow ada@example.org")
async def the_mailbox_is_not_on_the_allow_list(where):
    where.change(allowed=("example.com", "board@example.org"))


# --- autodiscover ----------------------------------------------------------------------------------


def found_by_autodiscover(where):
    """Let the profile find its server, beginning at the simulator."""
    url = where.server.url.replace("/EWS/Exchange.asmx", "/autodiscover/autodiscover.svc")
    where.change(location=None, autodiscover=True, autodiscover_url=url)


@broken("autodiscover", "autodiscover.exchange-online", "Take the mailbox out of this profile")
async def the_mailbox_is_in_the_cloud(where):
    found_by_autodiscover(where)
    where.exchange.autodiscover.redirect_addresses[ADA] = "ada@example.mail.onmicrosoft.com"


@broken("autodiscover", "autodiscover.domain-unusable", "give the server location of the profile by hand")
async def the_domain_is_a_registry(where):
    where.change(location=None, autodiscover=True, sample="ada@co.uk", allowed=())


# --- DNS and TCP -----------------------------------------------------------------------------------


@broken("dns", "exchange.host-unknown", "Check the spelling of the server location")
async def the_name_is_unknown(where):
    async def resolve(host, port, *, seconds):
        raise HostUnknown(host=host)

    where.resolve = resolve


@broken("dns", "exchange.unreachable", "resolvectl status")
async def no_dns_server_answers(where):
    async def resolve(host, port, *, seconds):
        raise ServerUnreachable(host=host, port=port, reason="the DNS servers did not answer")

    where.resolve = resolve


@broken("dns", "", "Give a name that the certificate carries", result=Result.WARNING)
async def the_location_is_an_ip_address(where):
    where.change(location=where.server.url.replace("localhost", "127.0.0.1"))


@broken("tcp", "exchange.connection-refused", "Check the port in the server location")
async def nobody_listens(where):
    elsewhere(where, 1)


@broken("tcp", "exchange.unreachable", "firewalls let this machine reach localhost on port")
async def a_firewall_drops_everything(where):
    where.change(timeout=timedelta(seconds=0.3))
    elsewhere(where, where.stack.enter_context(full()))


@broken("tcp", "", "Take addresses that do not answer out of DNS", result=Result.WARNING)
async def one_of_two_addresses_is_dead(where):
    async def resolve(host, port, *, seconds):
        return ["127.0.0.1", "127.0.0.9"]

    where.resolve = resolve


@broken("tcp", "exchange.connection-refused", "the proxy 127.0.0.1")
async def the_proxy_is_down(where):
    where.change(proxy="http://127.0.0.1:1")


@broken("tcp", "exchange.unreachable", "--proxy-password-file")
async def the_proxy_wants_a_password(where):
    port = await where.stack.enter_async_context(proxy("407 Proxy Authentication Required"))
    where.change(proxy=f"http://127.0.0.1:{port}")


@broken("tcp", "exchange.unreachable", "Let the proxy connect to localhost:")
async def the_proxy_forbids_the_server(where):
    port = await where.stack.enter_async_context(proxy("403 Forbidden"))
    where.change(proxy=f"http://127.0.0.1:{port}")


@broken("tcp", "exchange.unreachable", "on port")
async def the_proxy_is_none(where):
    port = await where.stack.enter_async_context(answering(b"220 mail.example.org ESMTP\r\n"))
    where.change(proxy=f"http://127.0.0.1:{port}")


# --- TLS -------------------------------------------------------------------------------------------


@broken("tls", "profile.insecure-address", "Use the https:// address")
async def the_port_speaks_plain_http(where):
    elsewhere(where, await where.stack.enter_async_context(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")))


@broken("tls", "exchange.unreachable", "TLS 1.2 or 1.3")
async def tls_hangs(where):
    where.change(timeout=timedelta(seconds=0.3))
    elsewhere(where, await where.stack.enter_async_context(answering(None)))


@broken("tls", "exchange.unreachable", "TLS 1.2 or 1.3")
async def tls_is_cut(where):
    elsewhere(where, await where.stack.enter_async_context(answering(b"")))


@broken("tls", "exchange.certificate-untrusted", "profile edit 'Exchange' --ca FILE")
async def the_ca_file_is_missing(where):
    where.change(ca_file=None)


def certificate(name, code, remedy, *, result=Result.FAILED, **options):
    same(name, "tls", code, remedy, result=result, options={"tls": CertificateOptions(**options)})


UNTRUSTED = "exchange.certificate-untrusted"
certificate("the_intermediate_is_missing", UNTRUSTED, "If CN=serversync simulator issuing CA is an intermediate", intermediate="missing")  # fmt: skip
certificate("another_authority", UNTRUSTED, "ends at CN=Some other CA", is_trusted=False, intermediate="sent")
certificate("self_signed", UNTRUSTED, "New-ExchangeCertificate -GenerateRequest", is_self_signed=True)
certificate("a_weak_key", UNTRUSTED, "RSA 1024", rsa_bits=1024)
certificate("another_host", "exchange.certificate-wrong-host", "for mail.example.org, *.example.org", names=("mail.example.org", "*.example.org"))  # fmt: skip
certificate("expired", "exchange.certificate-expired", "Renew it", is_expired=True)
certificate("not_yet_valid", "exchange.certificate-expired", "check the clock of this machine", starts_in_days=1)  # fmt: skip
certificate("ends_soon", "", "Renew it before", result=Result.WARNING, days_left=20)
certificate("old_tls", "exchange.unreachable", "TLS 1.2 or 1.3", is_old_tls=True)


# --- before the log-on -----------------------------------------------------------------------------


def stranger(name, code, remedy, **fault):
    same(name, "http", code, remedy, before_log_on=True, **fault)


NOT_EXCHANGE = "exchange.not-exchange"
stranger("a_web_page_answers", NOT_EXCHANGE, "publish /EWS/* without pre-authentication", body=PAGE)
stranger("a_proxy_redirects_to_its_log_on", NOT_EXCHANGE, "pass-through", http_status=302, headers={"Location": "/owa/auth/logon.aspx"})  # fmt: skip
stranger("a_proxy_shows_its_form", NOT_EXCHANGE, "pass-through", http_status=440)
stranger("post_is_not_allowed", NOT_EXCHANGE, "request filtering of IIS", http_status=405)
stranger("an_address_filter", "exchange.forbidden", "IP Address and Domain Restrictions", http_status=403)
stranger("a_dead_application_pool", "exchange.busy", "MSExchangeServicesAppPool", http_status=503)
stranger("a_proxy_without_back_end", "exchange.unreachable", "its back end is up", http_status=502)
stranger("a_crash_page", "exchange.unreachable", "Test-ServiceHealth", http_status=500)
stranger("cut_before_the_answer", "exchange.connection-lost", "Something cuts the connection", reset_before=True)  # fmt: skip
stranger("nobody_has_to_log_on", NOT_EXCHANGE, "publish /EWS/*", body=b"hello")


@broken("http", "exchange.not-exchange", "Get-WebServicesVirtualDirectory")
async def the_path_is_wrong(where):
    where.change(location=where.server.url.replace("Exchange.asmx", "nothing-here"))


@broken("http", "", "w32tm /resync", result=Result.WARNING)
async def the_clock_is_wrong(where):
    where.now = lambda: clock.now() + timedelta(minutes=10)


@broken("http", "exchange.unreachable", "firewalls let this machine reach")
async def no_answer_in_time(where):
    where.change(timeout=timedelta(seconds=0.5))
    where.fault(before_log_on=True, delay=5.0, http_status=503)


# --- authentication --------------------------------------------------------------------------------

NOT_OFFERED = "exchange.authentication-not-offered"
same("windows_is_not_offered", "offer", NOT_OFFERED, r"-Identity 'EXCH01\EWS (Default Web Site)' -WindowsAuthentication $true", options={"schemes": ("Basic",)})  # fmt: skip
same("basic_is_not_offered", "offer", NOT_OFFERED, "serversync profile edit 'Exchange' --auth ntlm", options={"scheme": Scheme.BASIC, "schemes": ("NTLM",)})  # fmt: skip
same("nothing_is_offered", "offer", NOT_OFFERED, "-WindowsAuthentication $true", options={"schemes": ()})
same("basic_beside_windows", "offer", "", r"Set-WebServicesVirtualDirectory -Identity 'EXCH01\EWS (Default Web Site)' -BasicAuthentication $false", result=Result.WARNING, options={"schemes": ("NTLM", "Basic")})  # fmt: skip
same("basic_is_used_beside_windows", "offer", "", "--auth ntlm", result=Result.WARNING, options={"scheme": Scheme.BASIC, "schemes": ("NTLM", "Basic")})  # fmt: skip

REFUSED = "exchange.authentication-failed"


@broken("logon", REFUSED, "Get-ADUser 'svc-crm'")
async def a_wrong_password(where):
    where.change(password="guessed")


@broken("logon", REFUSED, "Check user name and password", scheme=Scheme.BASIC)
async def a_wrong_password_over_basic(where):
    where.change(password="guessed")


@broken("logon", REFUSED, "Get-ADUser 'nobody'")
async def an_unknown_account(where):
    where.change(username="nobody@example.org")


@broken("logon", REFUSED, "Unlock-ADAccount 'svc-crm'")
async def a_locked_account(where):
    where.exchange.directory.find(SERVICE).is_locked = True


@broken("logon", REFUSED, "Enabled")
async def a_disabled_account(where):
    where.exchange.directory.find(SERVICE).is_enabled = False


same("a_blocked_account", "logon", "", "Outlook on the web", http_status=456)
same("an_expired_password", "logon", "", "password", response_code="ErrorPasswordExpired")


def behind(name, code, remedy, *, protection="allow", **options):
    options = {"proxy": ReverseProxy(**options), "extended_protection": protection}
    same(name, "logon", code, remedy, options=options)


behind("protection_behind_a_proxy", "exchange.extended-protection", "same certificate")
behind("protection_required_behind_a_proxy", REFUSED, "Extended Protection", protection="require")
behind("a_proxy_mixes_connections", REFUSED, "TCP mode", shares_connections=True, has_own_certificate=False)


@broken("expiry", "", "Set-ADAccountPassword 'svc-crm' -Reset", result=Result.WARNING)
async def the_password_ends_soon(where):
    where.exchange.add_mailbox(SERVICE)
    where.exchange.directory.find(SERVICE).password_expires = clock.now() + timedelta(days=5)


# --- version ---------------------------------------------------------------------------------------


def version(name, remedy):
    same(f"version_{name}", "version", "exchange.version-unsupported", remedy, options={"version": name})


version("Exchange2007_SP1", "Exchange 2007 lacks")
version("Exchange2010", "Service Pack 3")
version("Exchange2010_SP1", "Service Pack 3")
version("Exchange2010_SP2", "Service Pack 3")
version("Exchange2013", "CU23")
version("ExchangeOnline", "profile of Exchange Online")


# --- EWS answers -----------------------------------------------------------------------------------


def answer(name, code, remedy, **fault):
    same(name, "ews", code, remedy, operation="GetFolder", **fault)


answer("a_page_in_place_of_soap", NOT_EXCHANGE, "publish /EWS/*", body=PAGE)
answer("another_document", NOT_EXCHANGE, "Get-WebServicesVirtualDirectory", body=b"<rss><channel/></rss>")
answer("a_page_of_errors", "exchange.busy", "MSExchangeServicesAppPool", http_status=302, headers={"Location": "/ews/genericerrorpage.htm"})  # fmt: skip
answer("ews_is_forbidden", "exchange.forbidden", "Set-CASMailbox", http_status=403)
answer("too_large_already", "exchange.item-too-large", "maxAllowedContentLength", http_status=413)
answer("server_error", "exchange.unreachable", "Test-ServiceHealth", http_status=500)
answer("unavailable", "exchange.busy", "MSExchangeServicesAppPool", http_status=503)
answer("cut_answer", "exchange.connection-lost", "Something cuts the connection", truncate=120)
same("reset_answer", "logon", "exchange.connection-lost", "Something cuts the connection", reset_after=True)
answer("broken_xml", "exchange.answer-unreadable", "switch off content inspection", body=b"<s:Envelope")
answer("empty_answer", NOT_EXCHANGE, "publish /EWS/*", body=b"")
answer("compressed_garbage", "exchange.connection-lost", "Something cuts", body=b"garbage", headers={"Content-Encoding": "gzip"})  # fmt: skip
answer("busy", "exchange.busy", f"Set-ThrottlingPolicyAssociation '{SERVICE}'", response_code="ErrorServerBusy", back_off_milliseconds=500)  # fmt: skip
answer(
    "no_directory", "exchange.busy", "domain controller", response_code="ErrorADUnavailable", soap_fault=True
)


# --- impersonation ---------------------------------------------------------------------------------

DENIED = "exchange.impersonation-denied"
ROLE = f"New-ManagementRoleAssignment -Name serversync -Role ApplicationImpersonation -User '{SERVICE}'"


@broken("impersonation", DENIED, ROLE)
async def no_role(where):
    where.exchange.directory.find(SERVICE).impersonation = False


@broken("impersonation", DENIED, "its scope leaves ada@example.org out")
async def out_of_scope(where):
    where.exchange.directory.find(SERVICE).impersonation = frozenset({"ben@example.org"})


@broken("impersonation", "exchange.mailbox-not-found", "Get-Recipient 'nobody@example.org'")
async def no_such_mailbox(where):
    where.change(sample="nobody@example.org")


def acting(name, code, remedy, response_code, **fault):
    same(name, "impersonation", code, remedy, mailbox=ADA, response_code=response_code, **fault)


NO_MAILBOX, AWAY = "exchange.mailbox-not-found", "exchange.mailbox-unavailable"
acting("not_primary", NO_MAILBOX, "PrimarySmtpAddress", "ErrorNonPrimarySmtpAddress", soap_fault=True)
acting("directory_trouble", DENIED, "Test-ServiceHealth", "ErrorImpersonationFailed")
acting("owner_is_disabled", "exchange.mailbox-access-denied", "Enable-ADAccount", "ErrorAccountDisabled")
acting("being_moved", AWAY, "Get-MoveRequest 'ada@example.org'", "ErrorMailboxMoveInProgress")
acting("database_is_dismounted", AWAY, "Name,Mounted", "ErrorMailboxStoreUnavailable")


@broken("outside", "exchange.scope-too-wide", "-CustomRecipientWriteScope serversync")
async def the_scope_is_too_wide(where):
    where.exchange.directory.find(SERVICE).impersonation = True


@broken("outside", "", "Name a mailbox that exists", result=Result.WARNING)
async def the_mailbox_outside_does_not_exist(where):
    where.change(outside="nobody@example.org")


# --- folders, changes, throttling ------------------------------------------------------------------


def later(name, step, code, remedy, *, result=Result.FAILED, **fault):
    same(name, step, code, remedy, result=result, mailbox=ADA, **fault)


later("closed_folders", "folders", "exchange.mailbox-access-denied", "Add-MailboxPermission", operation="GetFolder", nth=2, response_code="ErrorAccessDenied")  # fmt: skip
later("no_feed", "sync", "exchange.busy", "Set-ThrottlingPolicyAssociation", operation="SyncFolderItems", response_code="ErrorServerBusy")  # fmt: skip
later("position_is_refused", "sync", "exchange.sync-state-invalid", "read again from the start", operation="SyncFolderItems", nth=2, response_code="ErrorInvalidSyncStateData")  # fmt: skip
later("throttled", "throttling", "", "New-ThrottlingPolicy serversync", result=Result.WARNING, operation="GetFolder", nth=4, response_code="ErrorServerBusy", back_off_milliseconds=1000)  # fmt: skip
later("parallel_calls_break", "throttling", "exchange.connection-lost", "Something cuts", operation="GetFolder", nth=3, reset_before=True)  # fmt: skip


later("no_subscriptions", "notification", "", "at each poll", result=Result.WARNING, operation="Subscribe", response_code="ErrorExceededSubscriptionCount")  # fmt: skip
later("no_stream", "notification", "", "no buffering", result=Result.WARNING, operation="GetStreamingEvents", response_code="ErrorInvalidSubscription")  # fmt: skip


@broken("outgoing", "exchange.connection-refused", "Check the port in the server location")
async def the_server_for_sending_is_down(where):
    where.change(outgoing="https://localhost:1/EWS/Exchange.asmx")


@asynccontextmanager
async def set_up(case):
    async with place(**case.options) as where:
        await case.breaking(where)
        yield where


@pytest.mark.parametrize("name", CASES)
async def test_a_broken_set_up_is_named_with_its_remedy(name: str) -> None:
    case = CASES[name]
    async with set_up(case) as where:
        reports = await examine(where)
    found = reports[case.step].finding
    assert found.result is case.result, [(key, one.finding.sentence) for key, one in reports.items()]
    assert (failures(reports) or warnings(reports))[0] == case.step
    assert found.code == case.code or (not case.code and found.code)
    assert case.remedy in f"{found.remedy} {found.sentence}"
    assert found.remedy.endswith(".")
    assert PASSWORD not in repr(reports)


def test_there_are_enough_broken_set_ups() -> None:
    assert len(CASES) >= 40
    assert {case.step for case in CASES.values()} == {step.key for step in STEPS}


@pytest.mark.parametrize("name", CASES)
async def test_no_broken_set_up_costs_more_than_two_refused_passwords(name: str) -> None:
    case = CASES[name]
    async with set_up(case) as where:
        directory = where.exchange.directory
        directory.lockout_threshold = 3
        was_locked = {directory.find(SERVICE).is_locked}
        await examine(where)
        assert {directory.find(SERVICE).is_locked} == was_locked


SUPPORTED = ("Exchange2010_SP3", "Exchange2013_SP1", "Exchange2016", "Exchange2019", "ExchangeSE")


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.NTLM, Scheme.NEGOTIATE, Scheme.BASIC])
@pytest.mark.parametrize("by_itself", [False, True], ids=["given", "autodiscover"])
async def test_every_step_of_a_correct_server_passes(version: str, scheme: Scheme, by_itself: bool) -> None:
    protection = "off" if scheme is Scheme.BASIC else "require"
    async with place(version, scheme=scheme, extended_protection=protection) as where:
        where.change(outgoing=where.server.url.replace("localhost", "127.0.0.1"))
        if by_itself:
            found_by_autodiscover(where)
        reports = await examine(where)
    results = {key: one.finding.result for key, one in reports.items()}
    assert results.pop("autodiscover") is (Result.OK if by_itself else Result.SKIPPED)
    assert set(results.values()) == {Result.OK}, reports
    assert list(reports) == [step.key for step in STEPS]
    assert BOARD in reports["outside"].finding.sentence


async def test_steps_without_ground_say_because_of_what() -> None:
    async with place() as where:
        elsewhere(where, 1)
        reports = await examine(where)
    assert failures(reports) == ["tcp"]
    for key in ("tls", "http", "logon", "ews", "impersonation", "throttling"):
        assert reports[key].finding.result is Result.SKIPPED
        assert reports[key].finding.sentence == "Not tried, because of: Server accepts connections."


async def test_without_a_mailbox_the_account_alone_is_tried() -> None:
    async with place() as where:
        where.change(sample=None)
        reports = await examine(where)
    assert not failures(reports)
    for key in ("sample", "impersonation", "folders", "sync", "throttling", "notification", "outgoing"):
        assert reports[key].finding.result is Result.SKIPPED
    assert reports["ews"].finding.result is Result.OK


async def test_a_proxy_is_gone_through_by_every_step() -> None:
    async with place() as where:
        port = await where.stack.enter_async_context(proxy())
        where.change(proxy=f"http://127.0.0.1:{port}")
        reports = await examine(where)
    assert not failures(reports)
    assert "through the proxy" in reports["tcp"].finding.sentence
