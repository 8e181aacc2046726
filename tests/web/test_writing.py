"""Writing, answering, sending and taking back e-mail in the pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from serversync.core import clock
from serversync.crm.models import (
    ActivityMimeAttachment,
    Contact,
    Email,
    EmailDelivery,
    Mailbox,
    Organization,
    SystemUser,
)
from serversync.crm.models.email import EmailStatus
from tests.web.company import Company, attach, logged_in, mailbox_of

GRETE = "grete@harbour-coffee.example"


@pytest.fixture
def ada(company: Company) -> Client:
    """Ada, who sells and may send; Grete is a contact."""
    Contact.objects.create(fullname="Grete", emailaddress1=GRETE)
    Mailbox.objects.filter(pk=mailbox_of(company.ada).pk).update(
        outgoingemaildeliverymethod=2, emailrouteraccessapproval=1, enabledforoutgoingemail=True
    )
    return logged_in(company.ada)


def entered(**more: Any) -> dict[str, Any]:
    return {
        "sender": "ada@example.org",
        "to": GRETE,
        "subject": "Offer",
        "body": "Dear Grete,\nis 5 < 6?",
        "importance": "high",
        "act": "send",
        **more,
    }


def write(client: Client, **more: Any) -> Any:
    return client.post(reverse("new-email"), entered(**more), follow=True)


def test_what_is_written_is_handed_over_with_text_that_cannot_become_html(ada: Client) -> None:
    page = write(ada).content.decode()
    email = Email.objects.get(directioncode=True)
    assert (email.statuscode, email.prioritycode) == (EmailStatus.PENDING_SEND, 2)
    assert email.description == "<p>Dear Grete,<br>is 5 &lt; 6?</p>"
    assert EmailDelivery.objects.filter(pk=email.pk, dueon__isnull=False).exists()
    assert "It is about to be sent" in page
    assert "Take back" in page
    assert 'hx-trigger="every 3s"' in page
    assert page.count("Pending Send") == 1, (
        "the status is in the part that is kept up to date, and only there"
    )


def test_a_draft_is_kept_then_sent_then_taken_back(ada: Client) -> None:
    page = write(ada, act="save").content.decode()
    email = Email.objects.get(directioncode=True)
    assert email.statuscode == EmailStatus.DRAFT
    assert "It is a draft." in page
    assert "hx-trigger" not in page
    ada.post(reverse("email-send", args=[email.pk]))
    email.refresh_from_db()
    assert email.statuscode == EmailStatus.PENDING_SEND
    page = ada.post(reverse("email-take-back", args=[email.pk]), follow=True).content.decode()
    email.refresh_from_db()
    assert email.statuscode == EmailStatus.DRAFT
    assert "it is a draft again" in page


def test_what_was_sent_already_is_not_taken_back(ada: Client) -> None:
    write(ada)
    Email.objects.filter(directioncode=True).update(statuscode=EmailStatus.SENT)
    key = Email.objects.get(directioncode=True).pk
    page = ada.post(reverse("email-take-back", args=[key]), follow=True).content.decode()
    assert "It was not taken back" in page
    assert Email.objects.get(pk=key).statuscode == EmailStatus.SENT


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"to": "grete at harbour"}, "to", "is not an e-mail address"),
        ({"cc": f"{GRETE}; nonsense"}, "cc", "is not an e-mail address"),
        ({"to": ""}, "to", "has no recipient"),
        ({"to": "stranger@example.net"}, "to", "belongs to no record"),
        ({"sender": "ben@example.org"}, "sender", "not one of the available choices"),
    ],
)
def test_what_cannot_be_sent_says_so_at_its_field_and_leaves_no_draft(
    ada: Client, wrong: dict[str, str], field: str, told: str
) -> None:
    answer = write(ada, **wrong)
    assert told in answer.context["form"].errors[field][0]
    assert not Email.objects.filter(directioncode=True).exists()
    assert "Dear Grete" in answer.content.decode(), "what was entered is still there"


def test_files_go_along(ada: Client) -> None:
    files = [SimpleUploadedFile("a.txt", b"one", "text/plain"), SimpleUploadedFile("b.txt", b"two")]
    write(ada, attachments=files)
    kept = ActivityMimeAttachment.objects.order_by("attachmentnumber")
    assert [(one.filename, bytes(one.attachmentid.body)) for one in kept if one.attachmentid] == [
        ("a.txt", b"one"),
        ("b.txt", b"two"),
    ]


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (SimpleUploadedFile("tool.exe", b"MZ"), "tool.exe is of a kind that the settings block"),
        (SimpleUploadedFile("long.txt", b"x" * 11), "long.txt has 11 bytes; the settings allow 10 bytes"),
    ],
)
def test_a_file_that_may_not_go_along_is_named_with_the_reason(
    ada: Client, file: SimpleUploadedFile, told: str
) -> None:
    Organization.objects.update(blockedattachments="exe;bat", maxuploadfilesize=10)
    answer = write(ada, attachments=[file])
    assert told.lower() in answer.context["form"].errors["attachments"][0].lower()
    assert "Choose the files again" in answer.content.decode()
    assert not Email.objects.filter(directioncode=True).exists()


def test_an_answer_begins_with_its_recipient_and_subject_and_quotes_what_it_answers(
    ada: Client, company: Company
) -> None:
    address = reverse("email-reply", args=[company.of_ada.pk])
    form = ada.get(address).context["form"]
    assert form["sender"].value() == "ada@example.org"
    assert form["to"].value() == f"Grete <{GRETE}>"
    assert form["subject"].value() == "Re: Offer for Ada"
    ada.post(address, entered(subject="Re: Offer for Ada"))
    email = Email.objects.get(directioncode=True)
    assert email.parentactivityid == company.of_ada
    assert (email.description or "").startswith("<p>Dear Grete,<br>is 5 &lt; 6?</p><hr>")


def test_what_one_sent_is_followed_up_to_those_who_got_it(ada: Client) -> None:
    write(ada)
    sent = Email.objects.get(directioncode=True)
    form = ada.get(reverse("email-reply", args=[sent.pk])).context["form"]
    assert form["to"].value() == GRETE


def test_a_forward_takes_the_files_along(ada: Client, company: Company) -> None:
    attach(company.of_ada, b"numbers", "numbers.txt")
    ada.post(reverse("email-forward", args=[company.of_ada.pk]), entered(subject="Fw: Offer for Ada"))
    email = Email.objects.get(directioncode=True)
    assert [one.filename for one in ActivityMimeAttachment.objects.filter(activityid=email)] == [
        "numbers.txt"
    ]


def test_one_sends_as_oneself_and_as_whoever_allows_it(company: Company) -> None:
    def offered(user: SystemUser) -> list[str]:
        form = logged_in(user).get(reverse("new-email")).context["form"]
        return [address for address, _ in form.senders]

    assert offered(company.ada) == ["ada@example.org"]
    assert offered(company.dora) == [], "nobody allows it yet, and Dora has no address"
    company.ben.usersettings.issendasallowed = True
    company.ben.usersettings.save()
    assert offered(company.dora) == ["ben@example.org"]
    assert offered(company.ada) == ["ada@example.org"], "the privilege is missing"


def test_what_leaves_later_shows_when_in_the_form_of_all_pages(ada: Client) -> None:
    at = (clock.now() + timedelta(days=1)).replace(second=0, microsecond=0)
    page = write(ada, send_later=f"{at:%Y-%m-%dT%H:%M}").content.decode()
    shown = f"{at:%-d %b, %H:%M}" if at.year == clock.now().year else f"{at:%-d %b %Y, %H:%M}"
    assert "It leaves at <time" in page
    assert f">{shown}</time>." in page


def test_the_list_can_be_narrowed_to_what_waits(ada: Client) -> None:
    write(ada)

    def subjects(show: str) -> list[str | None]:
        rows = ada.get(reverse("mail"), {"show": show}).context["page"].rows
        return [row.subject.partition(" CRM:")[0] for row in rows]

    assert subjects("waiting") == subjects("outgoing") == ["Offer"]
    assert subjects("incoming") == ["Offer for Ada"]
    assert subjects("failed") == subjects("drafts") == []
    assert len(subjects("nonsense")) == 2


def test_the_page_of_a_mailbox_advises_what_it_has_buttons_for(ada: Client, company: Company) -> None:
    page = ada.get(reverse("mailbox", args=[mailbox_of(company.ada).pk])).content.decode()
    assert "serversync mailbox" not in page
