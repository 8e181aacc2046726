"""Who sees which page, and which rows on it."""

import pytest
from django.test import Client
from django.urls import reverse

from serversync.crm.models import ActivityParty, SystemUser
from tests.web.company import Company, attach, logged_in, mailbox_of

LISTS = ("mailboxes", "mail", "alerts")


def pages_of_ben(company: Company) -> list[str]:
    file = attach(company.of_ben, b"numbers", "numbers.txt")
    return [
        reverse("mailbox", args=[mailbox_of(company.ben).pk]),
        reverse("email", args=[company.of_ben.pk]),
        reverse("email-body", args=[company.of_ben.pk]),
        reverse("file", args=[company.of_ben.pk, file.pk]),
    ]


@pytest.mark.parametrize("name", LISTS)
def test_a_superuser_sees_what_belongs_to_everybody(company: Company, name: str) -> None:
    page = logged_in(company.dora).get(reverse(name)).content.decode()
    assert "Ada" in page
    assert "Ben" in page


@pytest.mark.parametrize("name", LISTS)
def test_somebody_else_sees_only_what_belongs_to_the_own_mailbox(company: Company, name: str) -> None:
    page = logged_in(company.ada).get(reverse(name)).content.decode()
    assert "Ada" in page
    assert "Ben" not in page


def test_foreign_records_are_not_found_by_their_address(company: Company) -> None:
    ada, dora = logged_in(company.ada), logged_in(company.dora)
    for address in pages_of_ben(company):
        assert ada.get(address).status_code == 404, address
        assert dora.get(address).status_code == 200, address


def test_a_file_is_not_found_at_another_email(company: Company) -> None:
    file = attach(company.of_ben, b"numbers", "numbers.txt")
    assert logged_in(company.ada).get(reverse("file", args=[company.of_ada.pk, file.pk])).status_code == 404


def test_being_named_as_a_recipient_does_not_open_an_email(company: Company) -> None:
    ActivityParty.objects.create(
        activityid=company.of_ben, partyid=company.ada.pk, partyobjecttypecode="systemuser"
    )
    assert logged_in(company.ada).get(reverse("email", args=[company.of_ben.pk])).status_code == 404


def test_narrowing_the_list_to_a_foreign_mailbox_shows_nothing_of_it(company: Company) -> None:
    page = logged_in(company.ada).get(reverse("mail"), {"mailbox": str(mailbox_of(company.ben).pk)})
    assert "Secret of Ben" not in page.content.decode()


def test_without_a_log_in_every_page_leads_to_the_log_in(company: Company, client: Client) -> None:
    for address in [*pages_of_ben(company), *map(reverse, LISTS)]:
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (302, f"/log-in/?next={address}")


def test_a_refresh_after_the_session_ended_leads_the_whole_page_to_the_log_in(
    company: Company, client: Client
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/mail/?q=a"}
    answer = client.get(reverse("mail"), headers=headers)
    assert answer["HX-Redirect"] == "/log-in/?next=%2Fmail%2F%3Fq%3Da"


def test_logging_in_and_out_works_with_the_right_password_only(company: Company, client: Client) -> None:
    wrong = client.post("/log-in/", {"username": "ada", "password": "guess"})
    assert "do not match" in wrong.content.decode()
    right = client.post(
        "/log-in/?next=/mail/", {"username": "ada", "password": "a long password", "next": "/mail/"}
    )
    assert right["Location"] == "/mail/"
    client.post("/log-out/")
    assert client.get("/mail/").status_code == 302


def test_after_the_log_in_nobody_is_sent_to_another_site(company: Company, client: Client) -> None:
    entered = {"username": "ada", "password": "a long password", "next": "https://evil.example/"}
    assert client.post("/log-in/", entered)["Location"] == "/"


def test_a_disabled_user_is_out_at_once(company: Company) -> None:
    client = logged_in(company.ada)
    SystemUser.objects.filter(pk=company.ada.pk).update(isdisabled=True)
    assert client.get("/mail/").status_code == 302


def test_a_form_without_its_token_is_refused(company: Company) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/log-in/", {"username": "ada", "password": "a long password"})
    assert answer.status_code == 403
    assert "try again" in answer.content.decode()


def test_logging_out_needs_more_than_a_link(company: Company) -> None:
    assert logged_in(company.ada).get("/log-out/").status_code == 405
