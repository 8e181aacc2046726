"""What an administrator reads when a profile cannot connect: its own sentence and remedy for each cause."""

import asyncio
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serversync.administration import connection, connection_test, mailboxes, profiles
from serversync.core import clock
from serversync.core.errors import InsecureAddress
from serversync.crm.models import Mailbox, Organization, PasswordExpiry
from serversync.engine.probe import Result
from serversync.jobs.single import sync_now
from serversync.simulator import CertificateOptions
from tests.e2e.place import PASSWORD, SERVICE, company

NEGOTIATE, NTLM, BASIC = 1, 2, 3


def outcome(place, **options):
    return connection_test.examine("Exchange", **{"sample": "ada@example.org", **options})


def expect(place, code, *words, **options):
    done = outcome(place, **options)
    assert done.failure is not None
    finding = done.failure.finding
    assert finding.code == code
    text = f"{finding.sentence} {finding.remedy}"
    for word in words:
        assert word in text
    assert finding.remedy.endswith(".")
    assert PASSWORD not in repr(done) + text
    place.profile.refresh_from_db()
    assert finding.sentence in place.profile.lastcrmmessage
    assert PASSWORD not in place.profile.lasttestresponse


@pytest.mark.parametrize("protocol", [NEGOTIATE, NTLM, BASIC])
def test_a_correct_profile_opens_the_inbox(database_dsn, protocol):
    with company(database_dsn, protocol=protocol, extended_protection="require") as place:
        assert outcome(place).failure is None


@pytest.mark.parametrize("days", [14, 60])
def test_a_password_that_ends_is_warned_about_within_the_days_of_the_setting(database_dsn, days):
    with company(database_dsn) as place:
        place.exchange.add_mailbox(SERVICE)
        place.exchange.directory.find(SERVICE).password_expires = clock.now() + timedelta(days=40)
        Organization.objects.update(passwordwarningindays=days)
        PasswordExpiry.objects.create(
            pk=place.profile.pk, credentialsof=clock.now(), dueon=clock.now() + timedelta(days=1)
        )
        findings = {one.step.key: one.finding for one in outcome(place).reports}
        assert (findings["expiry"].result is Result.WARNING) is (days == 60)
        assert PasswordExpiry.objects.get().dueon <= clock.now(), "so that its alert closes soon"


@pytest.mark.parametrize("protocol", [NTLM, BASIC])
def test_a_wrong_password(database_dsn, protocol):
    with company(database_dsn, protocol=protocol) as place:
        place.profile.set_incomingpassword("guessed")
        place.profile.save()
        place.exchange.directory.lockout_threshold = 3
        expect(place, "exchange.authentication-failed", SERVICE, "password")
        account = place.exchange.directory.find(SERVICE)
        assert account.bad_passwords <= 2, "so that nobody is locked out by it"
        assert not account.is_locked


def test_a_missing_impersonation_right(database_dsn):
    with company(database_dsn) as place:
        place.exchange.add_account("other@example.org", password=PASSWORD)
        place.profile.incomingusername = "other@example.org"
        place.profile.save()
        expect(place, "exchange.impersonation-denied", "ada@example.org", "New-ManagementRoleAssignment")


def test_a_mailbox_that_does_not_exist(database_dsn):
    with company(database_dsn) as place:
        expect(place, "exchange.mailbox-not-found", "Get-Recipient", sample="nobody@example.org")


def test_an_address_without_encryption_is_refused_before_anything_is_sent(database_dsn):
    with company(database_dsn) as place:
        with pytest.raises(InsecureAddress) as caught:
            profiles.edit(
                "Exchange", {"incomingserverlocation": place.simulator.url.replace("https", "http")}
            )
        assert "https://" in caught.value.remedy_text


def test_an_unknown_authority(database_dsn):
    with company(database_dsn) as place:
        place.profile.cafile = None
        place.profile.save()
        expect(place, "exchange.certificate-untrusted", "localhost", "--ca FILE")


def test_a_certificate_for_another_host(database_dsn):
    with company(database_dsn, tls=CertificateOptions(names=("mail.contoso.example",))) as place:
        expect(place, "exchange.certificate-wrong-host", "localhost")


def test_an_expired_certificate(database_dsn):
    with company(database_dsn, tls=CertificateOptions(is_expired=True)) as place:
        expect(place, "exchange.certificate-expired", "Renew")


def test_basic_alone_is_never_taken_by_itself(database_dsn):
    with company(database_dsn, protocol=0, schemes=("Basic",)) as place:
        expect(place, "exchange.authentication-not-offered", "Basic")


def test_nobody_listens(database_dsn):
    with company(database_dsn) as place:
        place.profile.incomingserverlocation = "https://localhost:1/EWS/Exchange.asmx"
        place.profile.save()
        expect(place, "exchange.connection-refused", "port 1")


def test_a_server_that_is_no_exchange(database_dsn):
    with company(database_dsn) as place:
        place.profile.incomingserverlocation = place.simulator.url.replace("Exchange.asmx", "nothing-here")
        place.profile.save()
        expect(place, "exchange.not-exchange", "/EWS/Exchange.asmx")


class LogOnPage(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        page = b"<html><title>Log on</title></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        """Keep quiet."""


def test_a_web_page_in_place_of_exchange(database_dsn):
    with company(database_dsn) as place, HTTPServer(("localhost", 0), LogOnPage) as server:
        server.socket = place.simulator.server.identity.context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            place.profile.incomingserverlocation = f"https://localhost:{server.server_port}/EWS/Exchange.asmx"
            place.profile.save()
            expect(place, "exchange.not-exchange", "Log on")
        finally:
            server.shutdown()
            serving.join()


def test_a_mailbox_that_is_not_allowed_is_not_even_asked_for(database_dsn):
    with company(database_dsn) as place:
        place.profile.allowedmailboxes = "ben@example.org\ncleo@example.org"
        place.profile.save()
        asked = []
        place.simulator.server.on_response.append(lambda traffic: asked.append(traffic.request))
        expect(place, "profile.mailbox-not-allowed", "--allow ada@example.org")
        error = connection.enable([Mailbox.objects.get(emailaddress="ada@example.org")])[0].trial.error
        assert "not among the mailboxes" in str(error)
        _, stopped = asyncio.run(sync_now_unchecked(place, "ada@example.org"))
        assert stopped.code == "profile.mailbox-not-allowed"
        assert not [request for request in asked if b"ada@example.org" in request]
        outcome(place, sample="ben@example.org")
        assert [request for request in asked if b"ben@example.org" in request]


async def sync_now_unchecked(place, address):
    return await sync_now(place.mailboxes[address])


def test_the_mailbox_to_be_denied_is_kept_at_the_profile(database_dsn):
    with company(database_dsn) as place:
        profiles.edit("Exchange", {"outsidemailbox": "cleo@example.org"})
        expect(place, "exchange.scope-too-wide", "New-ManagementScope")


def test_each_mailbox_logs_on_with_credentials_of_its_own(database_dsn):
    with company(database_dsn) as place:
        place.exchange.add_account("ada@example.org", password="her own")
        profiles.edit("Exchange", {"incomingcredentialretrieval": "mailbox"})
        ada = Mailbox.objects.get(emailaddress="ada@example.org")
        assert outcome(place).failure.step.key == "profile"
        assert mailboxes.state_of(ada).readiness.code == "credentials-missing"
        values = {"username": "ada@example.org", "password": "her own"}
        (state,) = mailboxes.edit([ada], {**values, "allowemailconnectortousecredentials": True})
        assert state.readiness.may_run
        done = outcome(place)
        assert done.failure is None
        steps = {one.step.key: one.finding for one in done.reports}
        assert steps["impersonation"].sentence == "Each mailbox logs on with credentials of its own."
        assert steps["folders"].result == "ok"
        ada.refresh_from_db()
        assert "her own" not in repr(ada) + repr(done)
