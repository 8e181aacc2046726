"""The form of a profile: which mailboxes it may touch, and where autodiscover may lead."""

from typing import Any

from serversync.administration import audit
from serversync.crm.models import Audit, EmailServerProfile
from tests.web.company import Company, logged_in

ENTERED: dict[str, Any] = {
    "name": "Narrow",
    "useautodiscover": "yes",
    "autodiscoverhosts": "autodiscover.example.org\r\nmail.example.org",
    "incomingusername": "svc@example.org",
    "incomingpassword": "planted-Secret-4711",
    "incominguseimpersonation": "on",
    "incomingauthenticationprotocol": "auto",
    "minpollingintervalinminutes": "0",
    "maxconcurrentconnections": "10",
    "timeoutmailboxconnectionafteramount": "100000",
    "allow": "ada@example.org\r\nlisbon.example",
}


def made(company: Company) -> EmailServerProfile:
    answer = logged_in(company.dora).post("/profiles/new/exchange/", ENTERED)
    assert answer.status_code == 302, answer.content.decode()
    return EmailServerProfile.objects.get(name="Narrow")


def test_allowed_mailboxes_and_hosts_are_kept_and_shown(company: Company) -> None:
    profile = made(company)
    assert set((profile.allowedmailboxes or "").split()) == {"ada@example.org", "lisbon.example"}
    assert (profile.autodiscoverhosts or "").split() == ["autodiscover.example.org", "mail.example.org"]
    page = logged_in(company.dora).get(f"/profiles/{profile.pk}/").content.decode()
    assert "lisbon.example" in page
    assert "autodiscover.example.org" in page


def test_saving_without_a_change_changes_nothing(company: Company) -> None:
    profile = made(company)
    before = set(Audit.objects.values_list("pk", flat=True))
    logged_in(company.dora).post(f"/profiles/{profile.pk}/", ENTERED | {"incomingpassword": ""})
    assert [audit.told(row) for row in Audit.objects.exclude(pk__in=before)] in ([], [""])


def test_an_empty_field_allows_every_mailbox_again(company: Company) -> None:
    profile = made(company)
    changed = ENTERED | {"allow": "", "autodiscoverhosts": "", "incomingpassword": ""}
    logged_in(company.dora).post(f"/profiles/{profile.pk}/", changed)
    profile.refresh_from_db()
    assert not profile.allowedmailboxes
    assert not profile.autodiscoverhosts
    assert profile.useautodiscover


def test_what_is_no_address_is_refused_at_its_field(company: Company) -> None:
    answer = logged_in(company.dora).post("/profiles/new/exchange/", ENTERED | {"allow": "not an address"})
    assert "It was not saved" in answer.content.decode()
    assert not EmailServerProfile.objects.filter(name="Narrow").exists()
