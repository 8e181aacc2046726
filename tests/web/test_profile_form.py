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


def test_each_mailbox_may_have_its_own_account_and_then_the_profile_needs_none(company: Company) -> None:
    own = ENTERED | {
        "incomingcredentialretrieval": "mailbox",
        "incomingusername": "",
        "incomingpassword": "",
        "outsidemailbox": "board@example.org",
        "usestreamingnotifications": "on",
    }
    answer = logged_in(company.dora).post("/profiles/new/exchange/", own)
    assert answer.status_code == 302, answer.content.decode()
    profile = EmailServerProfile.objects.get(name="Narrow")
    assert (profile.incomingcredentialretrieval, profile.incomingusername) == (0, None)
    assert (profile.outsidemailbox, profile.usestreamingnotifications) == ("board@example.org", True)
    answer = logged_in(company.dora).post(
        f"/profiles/{profile.pk}/", own | {"incomingcredentialretrieval": "profile"}
    )
    assert "Enter it, or let each mailbox have its own." in answer.content.decode()
    profile.refresh_from_db()
    assert profile.incomingcredentialretrieval == 0


def test_an_account_without_user_name_or_password_is_refused_at_its_fields(company: Company) -> None:
    for name in ("incomingusername", "incomingpassword"):
        page = logged_in(company.dora).post("/profiles/new/exchange/", ENTERED | {name: ""}).content.decode()
        assert page.count("Enter it, or let each mailbox have its own.") == 2, "above and at the field"
        assert f'id="id_{name}_error"' in page
    assert not EmailServerProfile.objects.filter(name="Narrow").exists()


def test_the_form_explains_the_user_name_of_ntlm_and_takes_it(company: Company) -> None:
    page = logged_in(company.dora).get("/profiles/new/exchange/").content.decode()
    assert "For NTLM also DOMAIN\\user" in page
    answer = logged_in(company.dora).post(
        "/profiles/new/exchange/", ENTERED | {"incomingusername": "CORP\\svc"}
    )
    assert answer.status_code == 302
    assert EmailServerProfile.objects.get(name="Narrow").incomingusername == "CORP\\svc"
