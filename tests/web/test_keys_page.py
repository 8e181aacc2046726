"""Keys of the API in the pages: made for oneself and shown once, listed and removed within one's privileges."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serversync.administration import actor, apikeys
from serversync.crm.models import ApiKey, Audit
from tests.web.company import Company, logged_in

KEY = re.compile(r"sskey_[\w-]{40,}")


def made(login: str, name: str = "Nightly report") -> tuple[ApiKey, str]:
    with actor.acting(actor.INSTALLATION):
        return apikeys.add(login, name)


def test_a_key_that_was_made_in_the_page_is_shown_once_and_opens_the_api(company: Company) -> None:
    client = logged_in(company.ada)
    answer = client.post("/keys/", {"name": "Report", "days": "30"})
    (key,) = KEY.findall(answer.content.decode())
    assert answer["Cache-Control"] == "private, no-store"
    asked = Client().get("/api/v1/mailboxes", headers={"authorization": f"Bearer {key}"})
    assert asked.status_code == 200
    again = client.get("/keys/").content.decode()
    assert not KEY.search(again)
    assert key[:12] in again
    row = ApiKey.objects.get()
    assert (row.systemuserid, row.name) == (company.ada, "Report")
    assert 29 <= (row.expireson - row.createdon).days <= 30


def test_nobody_makes_a_key_of_somebody_else(company: Company) -> None:
    """Whatever the form is given besides: with a key one acts as its user."""
    logged_in(company.dora).post(
        "/keys/?user=ada",
        {"name": "Report", "days": "30", "login": "ada", "user": "ada", "systemuserid": company.ada.pk},
    )
    assert ApiKey.objects.get().systemuserid == company.dora


def test_what_is_wrong_with_a_key_is_said_at_its_field_and_none_is_made(company: Company) -> None:
    made("ada", "Report")
    client = logged_in(company.ada)
    taken = client.post("/keys/", {"name": "Report", "days": "30"}).content.decode()
    assert "has a key called Report already" in taken
    for days in ("0", "3651", "x", ""):
        page = client.post("/keys/", {"name": "Other", "days": days}).content.decode()
        assert "No key was made" in page
    assert ApiKey.objects.count() == 1


def test_one_sees_the_own_keys_and_whoever_changes_users_sees_theirs(company: Company) -> None:
    made("ada", "Of Ada")
    made("ben", "Of Ben")
    seen = logged_in(company.ada).get("/keys/").content.decode()
    assert "Of Ada" in seen
    assert "Of Ben" not in seen
    everything = logged_in(company.dora).get("/keys/").content.decode()
    assert "Of Ada" in everything
    assert "Of Ben" in everything
    narrowed = logged_in(company.dora).get("/keys/?user=ben").content.decode()
    assert "Of Ben" in narrowed
    assert "Of Ada" not in narrowed
    assert logged_in(company.ada).get("/keys/?user=ben").status_code == 404


def test_many_keys_are_shown_page_by_page_each_of_them_once(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serversync.web.pages.apikeys.views.PAGE_SIZE", 3)
    for number in range(5):
        made("ada", f"Of Ada {number}")
        made("ben", f"Of Ben {number}")
    client, pages = logged_in(company.dora), []
    for number in range(1, 5):
        answer = client.get(f"/keys/?page={number}")
        pages.append([row.name for row in answer.context["page"]])
        assert f"Page {number} of 4" in answer.content.decode()
        assert "10 keys" in answer.content.decode()
    assert [len(names) for names in pages] == [3, 3, 3, 1]
    assert [name for names in pages for name in names] == [
        f"Of {who} {number}" for who in ("Ada", "Ben") for number in range(5)
    ]
    of_ben = client.get("/keys/?user=ben&page=2")
    assert [row.name for row in of_ben.context["page"]] == ["Of Ben 3", "Of Ben 4"]
    assert 'href="?user=ben&amp;page=1"' in of_ben.content.decode()


def test_more_keys_need_no_more_queries(company: Company) -> None:
    client, asked = logged_in(company.dora), []
    for number in range(2):
        made("ben", f"Report {number}")
        with CaptureQueriesContext(connection) as captured:
            client.get("/keys/")
        asked.append(len(captured))
        for other in range(10):
            made("ada", f"Report {number} {other}")
    assert asked[1] <= asked[0] <= 12


def test_a_removed_key_is_refused_from_then_on_and_the_audit_says_who_removed_it(company: Company) -> None:
    row, key = made("ada")
    address = reverse("key-remove", args=[row.pk])
    assert logged_in(company.ben).post(address).status_code == 404
    assert ApiKey.objects.exists()
    assert logged_in(company.dora).post(address, follow=True).status_code == 200
    asked = Client().get("/api/v1/mailboxes", headers={"authorization": f"Bearer {key}"})
    assert asked.status_code == 401
    noted = Audit.objects.get(act="user.key-remove")
    assert (noted.actorname, noted.channel) == (company.dora.fullname, "web")
    assert logged_in(company.dora).post(address).status_code == 404


def test_what_a_key_is_called_is_text(company: Company) -> None:
    made("ada", "<script>alert(1)</script>")
    page = logged_in(company.ada).get("/keys/").content.decode()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
