"""A mailbox may log on with an account of its own, entered in its page and never shown again."""

from django.urls import reverse

from serversync.crm.models import Mailbox, SystemUser
from tests.web.company import Company, logged_in, mailbox_of

PASSWORD = "planted-Secret-4711"
ENTERED = {
    "username": "ada@example.org",
    "password": PASSWORD,
    "allowemailconnectortousecredentials": "on",
}


def address(company: Company, user: SystemUser) -> str:
    return reverse("mailbox-credentials", args=[mailbox_of(user).pk])


def test_credentials_are_kept_and_the_password_is_never_shown(company: Company) -> None:
    client = logged_in(company.dora)
    assert client.post(address(company, company.ada), ENTERED).status_code == 302
    box = Mailbox.objects.get(pk=mailbox_of(company.ada).pk)
    assert (box.username, box.allowemailconnectortousecredentials) == ("ada@example.org", True)
    assert box.ispasswordset
    assert PASSWORD.encode() not in bytes(box.password or b"")
    for page in (address(company, company.ada), reverse("mailbox", args=[box.pk]), "/audit/"):
        assert PASSWORD not in client.get(page).content.decode()


def test_an_empty_password_keeps_the_present_one(company: Company) -> None:
    client = logged_in(company.dora)
    client.post(address(company, company.ada), ENTERED)
    before = bytes(mailbox_of(company.ada).password or b"")
    client.post(address(company, company.ada), {"username": "EXAMPLE\\ada", "password": ""})
    box = mailbox_of(company.ada)
    assert (box.username, box.allowemailconnectortousecredentials) == ("EXAMPLE\\ada", False)
    assert bytes(box.password or b"") == before


def test_a_name_that_is_none_is_refused_at_its_field(company: Company) -> None:
    page = logged_in(company.dora).post(address(company, company.ada), ENTERED | {"username": "ada"})
    assert "is not a user principal name" in page.content.decode()
    assert not mailbox_of(company.ada).ispasswordset


def test_only_who_administers_mailboxes_sees_the_form(company: Company) -> None:
    assert logged_in(company.ada).get(address(company, company.ada)).status_code == 403
    assert logged_in(company.ada).get(address(company, company.ben)).status_code == 404
    assert logged_in(company.ada).post(address(company, company.ada), ENTERED).status_code == 403
    assert not mailbox_of(company.ada).ispasswordset
