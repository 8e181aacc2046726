"""A draft is changed in the form in which it was written, files and the quoted message included."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from serversync.crm.models import ActivityMimeAttachment, Email, EmailDelivery, Mailbox
from serversync.crm.models.email import EmailStatus
from tests.web.company import Company, logged_in, mailbox_of

GRETE = "grete@harbour-coffee.example"


@pytest.fixture
def ada(company: Company) -> Client:
    Mailbox.objects.filter(pk=mailbox_of(company.ada).pk).update(
        outgoingemaildeliverymethod=2, emailrouteraccessapproval=1, enabledforoutgoingemail=True
    )
    return logged_in(company.ada)


def entered(**more: Any) -> dict[str, Any]:
    return {
        "sender": "ada@example.org",
        "to": f"Grete <{GRETE}>",
        "cc": "office@harbour-coffee.example",
        "subject": "Offer",
        "body": "Dear Grete,\nis 5 < 6?\n\nAda",
        "importance": "high",
        "act": "save",
        **more,
    }


def draft(ada: Client, address: str = "", **more: Any) -> Email:
    ada.post(address or reverse("new-email"), entered(**more))
    return Email.objects.get(directioncode=True)


def edit(email: Email) -> str:
    return reverse("email-edit", args=[email.pk])


def test_the_form_shows_what_was_written(ada: Client) -> None:
    email = draft(ada)
    assert edit(email) in ada.get(reverse("email", args=[email.pk])).content.decode()
    form = ada.get(edit(email)).context["form"]
    shown = {name: form[name].value() for name in ("to", "cc", "subject", "body", "importance", "sender")}
    assert shown == {name: entered()[name] for name in shown}


def test_what_is_changed_is_kept_and_the_rest_stays(ada: Client) -> None:
    email = draft(ada)
    ada.post(edit(email), entered(to="ben@example.org", body="Other", subject="Better offer"))
    email.refresh_from_db()
    assert (email.subject, email.description) == ("Better offer", "<p>Other</p>")
    assert (email.torecipients, email.statuscode) == ("ben@example.org", EmailStatus.DRAFT)
    assert email.activityparties.count() == 3
    assert Email.objects.filter(directioncode=True).count() == 1


def test_the_message_that_is_answered_stays_below_the_text(company: Company, ada: Client) -> None:
    email = draft(ada, reverse("email-reply", args=[company.of_ada.pk]), body="Yes")
    before = email.description or ""
    assert ada.get(edit(email)).context["form"]["body"].value() == "Yes"
    ada.post(edit(email), entered(body="No"))
    email.refresh_from_db()
    assert email.description == before.replace("<p>Yes</p>", "<p>No</p>", 1)
    assert "<blockquote>" in email.description


def test_files_are_added_and_taken_away(ada: Client) -> None:
    email = draft(ada, attachments=SimpleUploadedFile("old.txt", b"old"))
    (old,) = ActivityMimeAttachment.objects.filter(activityid=email)
    page = ada.get(edit(email)).content.decode()
    assert "old.txt" in page
    ada.post(edit(email), entered(remove=str(old.pk), attachments=SimpleUploadedFile("new.txt", b"new")))
    email.refresh_from_db()
    assert [file.filename for file in ActivityMimeAttachment.objects.filter(activityid=email)] == ["new.txt"]
    assert email.attachmentcount == 1


def test_formatting_that_no_form_can_show_stays_as_it_is(ada: Client) -> None:
    email = draft(ada)
    Email.objects.filter(pk=email.pk).update(description="<p>An <b>offer</b></p>")
    assert "cannot be changed here" in ada.get(edit(email)).content.decode()
    ada.post(edit(email), entered(body="smuggled", subject="Other"))
    email.refresh_from_db()
    assert (email.subject, email.description) == ("Other", "<p>An <b>offer</b></p>")


def test_what_cannot_be_sent_is_not_changed_either(ada: Client) -> None:
    email = draft(ada)
    page = ada.post(edit(email), entered(to="", cc="", subject="Other", act="send"))
    assert "it has no recipient" in page.content.decode().lower()
    email.refresh_from_db()
    assert (email.subject, email.statuscode) == ("Offer", EmailStatus.DRAFT)


def test_it_can_be_changed_and_sent_at_once(ada: Client) -> None:
    email = draft(ada)
    ada.post(edit(email), entered(to="ben@example.org", cc="", subject="Other", act="send"))
    email.refresh_from_db()
    assert email.statuscode == EmailStatus.PENDING_SEND
    assert (email.subject or "").startswith("Other")


def test_what_is_on_its_way_or_was_begun_in_exchange_is_not_changed(ada: Client) -> None:
    email = draft(ada)
    EmailDelivery.objects.create(activityid=email, mailboxid=email.sendermailboxid, stage=1)
    assert ada.post(edit(email), entered(subject="Other"), follow=True).status_code == 200
    email.refresh_from_db()
    assert email.subject == "Offer"


def test_a_foreign_draft_is_not_found(company: Company, ada: Client) -> None:
    email = draft(ada)
    assert logged_in(company.ben).get(edit(email)).status_code == 404
    assert logged_in(company.ben).post(edit(email), entered(subject="Other")).status_code == 404
