"""Contacts, accounts and queues in the pages: found, added, changed, deactivated, each by whom it may be."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from serversync.crm.models import Account, Audit, Contact, Mailbox, Queue
from tests.web.company import Company, logged_in

CONTACT = {"firstname": "Grete", "lastname": "Hansen", "emailaddress1": "grete@harbour.example"}


def errors(answer: Any, field: str) -> str:
    return str(answer.context["form"].errors[field][0])


def test_a_contact_is_added_changed_and_deactivated_with_an_audit(company: Company) -> None:
    ada = logged_in(company.ada)
    ada.post(reverse("new-contact"), CONTACT)
    grete = Contact.objects.get()
    assert (grete.fullname, grete.ownerid) == ("Grete Hansen", company.ada)
    address = reverse("contact", args=[grete.pk])
    ada.post(address, CONTACT | {"emailaddress1": "", "mobilephone": "+45 1"})
    grete.refresh_from_db()
    assert (grete.emailaddress1, grete.mobilephone) == (None, "+45 1")
    ada.post(reverse("contact-state", args=[grete.pk, "deactivate"]))
    grete.refresh_from_db()
    assert (grete.statecode, grete.statuscode) == (1, 2)
    page = ada.get(address).content.decode()
    assert "Inactive" in page
    assert reverse("contact-state", args=[grete.pk, "activate"]) in page
    acts = set(Audit.objects.values_list("act", flat=True))
    assert {"contact.add", "contact.edit", "contact.deactivate"} <= acts


def test_a_photo_is_shown_as_a_picture_and_nothing_else_and_goes_when_somebody_removes_it(
    company: Company,
) -> None:
    ada = logged_in(company.ada)
    face = SimpleUploadedFile("face.html", b"GIF89a<script>", content_type="text/html")
    ada.post(reverse("new-contact"), CONTACT | {"photo": face})
    grete = Contact.objects.get()
    address, photo = reverse("contact", args=[grete.pk]), reverse("photo", args=[grete.pk])
    assert f'src="{photo}?{grete.entityimageid_id}"' in ada.get(address).content.decode()
    answer = ada.get(photo)
    assert (answer.content, answer["Content-Type"]) == (b"GIF89a<script>", "image/gif")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    ada.post(address, CONTACT | {"nophoto": "on"})
    grete.refresh_from_db()
    assert grete.entityimageid_id is None
    assert ada.get(photo).status_code == 404


def test_what_is_no_picture_is_refused_and_nothing_is_saved(company: Company) -> None:
    ada = logged_in(company.ada)
    page = SimpleUploadedFile("face.png", b"<html>", content_type="image/png")
    answer = ada.post(reverse("new-contact"), CONTACT | {"photo": page})
    assert "must be a picture" in errors(answer, "photo")
    assert not Contact.objects.exists()


def test_saving_a_form_that_nobody_touched_changes_nothing(company: Company) -> None:
    ada = logged_in(company.ada)
    ada.post(reverse("new-contact"), CONTACT)
    before, noted = Contact.objects.values().get(), Audit.objects.count()
    ada.post(reverse("contact", args=[before["contactid"]]), CONTACT)
    after = Contact.objects.values().get()
    assert {**after, "modifiedon": None} == {**before, "modifiedon": None}
    assert Audit.objects.count() == noted


@pytest.mark.parametrize(
    ("name", "entered", "field"),
    [
        ("new-contact", {"firstname": "Grete"}, "lastname"),
        ("new-contact", {"lastname": "x" * 51}, "lastname"),
        ("new-contact", {"lastname": "x", "emailaddress1": "nonsense"}, "emailaddress1"),
        ("new-account", {"name": ""}, "name"),
        ("new-queue", {"name": "Support", "address": "nonsense", "track": "all"}, "address"),
        ("new-queue", {"name": "S", "address": "ada@example.org", "track": "all"}, "address"),
        ("new-queue", {"name": "S", "address": "s@example.org", "track": "all", "owner": "nobody"}, "owner"),
    ],
)
def test_what_cannot_be_used_says_so_at_its_field(
    company: Company, name: str, entered: dict[str, str], field: str
) -> None:
    assert errors(logged_in(company.dora).post(reverse(name), entered), field)
    assert not Contact.objects.exists()
    assert not Account.objects.exists()
    assert not Queue.objects.exists()


def test_a_contact_of_somebody_else_is_read_but_not_changed(company: Company) -> None:
    grete = Contact.objects.create(lastname="Hansen", ownerid=company.ben)
    ada = logged_in(company.ada)
    address = reverse("contact", args=[grete.pk])
    assert ada.get(address).status_code == 200
    assert ada.post(address, {"lastname": "Other"}).status_code == 403
    assert ada.post(reverse("contact-state", args=[grete.pk, "deactivate"])).status_code == 403
    grete.refresh_from_db()
    assert (grete.lastname, grete.statecode) == ("Hansen", 0)


def test_lists_are_searched_and_paged_by_position(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serversync.web.pages.customers.views.PAGE_SIZE", 2)
    for number in range(5):
        Account.objects.create(name=f"Harbour {number}", ownerid=company.ada)
    Account.objects.create(name="Other", ownerid=company.ada)
    ada, place, found = logged_in(company.ada), reverse("accounts"), []
    query = "?q=harbour"
    while query:
        page = ada.get(place + query).context["page"]
        found.append([row.name for row in page.rows])
        query = page.older
    assert found == [["Harbour 4", "Harbour 3"], ["Harbour 2", "Harbour 1"], ["Harbour 0"]]


def test_a_queue_is_added_with_its_mailbox_changed_and_deactivated(company: Company) -> None:
    dora = logged_in(company.dora)
    entered = {"name": "Support", "address": "support@example.org", "owner": "ada", "track": "customers"}
    dora.post(reverse("new-queue"), entered)
    queue = Queue.objects.get()
    assert (queue.ownerid, queue.incomingemailfilteringmethod) == (company.ada, 2)
    dora.post(reverse("queue", args=[queue.pk]), entered | {"address": "help@example.org", "owner": ""})
    queue.refresh_from_db()
    assert (queue.emailaddress, queue.ownerid) == ("help@example.org", None)
    assert Mailbox.objects.get(regardingobjectid=queue.pk).emailaddress == "help@example.org"
    dora.post(reverse("queue-state", args=[queue.pk, "deactivate"]))
    queue.refresh_from_db()
    assert queue.statecode == 1


def test_who_may_not_read_queues_sees_neither_the_list_nor_the_way_there(company: Company) -> None:
    ada = logged_in(company.ada)
    assert ada.get(reverse("queues")).status_code == 403
    page = ada.get(reverse("overview")).content.decode()
    assert reverse("queues") not in page
    assert reverse("contacts") in page
    assert reverse("queues") in logged_in(company.dora).get(reverse("overview")).content.decode()


@pytest.mark.parametrize(("kind", "made"), [("contact", "lastname"), ("account", "name")])
def test_what_others_wrote_into_a_record_is_shown_as_text(company: Company, kind: str, made: str) -> None:
    script = "<script>alert(1)</script>"
    ada = logged_in(company.ada)
    ada.post(reverse(f"new-{kind}"), {made: script})
    for address in (reverse(f"{kind}s"), ada.get(reverse(f"{kind}s")).context["page"].rows[0]):
        place = address if isinstance(address, str) else reverse(kind, args=[address.pk])
        page = ada.get(place).content.decode()
        assert script not in page
        assert "&lt;script&gt;" in page
