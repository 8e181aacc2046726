"""Lists: search, sort, paging, and as many queries for many rows as for one."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serversync.administration import actor, jobs
from serversync.administration.readiness import Readiness
from serversync.core.clock import now
from serversync.crm.models import (
    ActivityParty,
    AsyncOperationItem,
    Contact,
    Email,
    EmailServerProfile,
    Mailbox,
    MessageTrace,
    SystemUser,
    TraceLog,
)
from serversync.web.templatetags.display import readiness_kind
from tests.web.company import Company, attach, logged_in, mailbox_of, track


def subjects(page: object) -> list[str]:
    return [email.subject for email in page.context["page"].rows]  # type: ignore[attr-defined]


def test_mail_is_listed_newest_first(company: Company) -> None:
    assert subjects(logged_in(company.dora).get("/mail/")) == ["Secret of Ben", "Offer for Ada"]


def walk(client: Client, page: object, direction: str) -> list[list[str]]:
    found = [subjects(page)]
    while link := getattr(page.context["page"], direction):  # type: ignore[attr-defined]
        page = client.get(f"/mail/{link}")
        found.append(subjects(page))
    return found


def test_paging_there_and_back_shows_each_mail_once(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serversync.web.pages.mail.queries.PAGE_SIZE", 3)
    box = mailbox_of(company.ada)
    for number in range(8):
        track(box, f"Mail {number}", number=10 + number // 3)  # several have the same time
    client = logged_in(company.dora)
    older = walk(client, client.get("/mail/"), "older")
    assert [len(page) for page in older] == [3, 3, 3, 1]
    assert sorted(itertools.chain(*older)) == sorted(Email.objects.values_list("subject", flat=True))
    last = client.get("/mail/")
    while last.context["page"].older:
        last = client.get(f"/mail/{last.context['page'].older}")
    assert walk(client, last, "newer")[1:] == older[-2::-1]


def test_a_place_that_nobody_wrote_means_the_beginning(company: Company) -> None:
    for place in ("x", "~", "20260101T000000.000000~x", "'; drop table email"):
        assert len(subjects(logged_in(company.dora).get("/mail/", {"after": place}))) == 2


def test_every_word_of_a_search_must_occur(company: Company) -> None:
    client = logged_in(company.dora)
    assert subjects(client.get("/mail/", {"q": "offer ADA@example"})) == ["Offer for Ada"]
    assert subjects(client.get("/mail/", {"q": "offer ben"})) == []
    assert "No mail matches" in client.get("/mail/", {"q": "100%"}).content.decode()


def test_the_list_can_be_narrowed_to_a_mailbox(company: Company) -> None:
    page = logged_in(company.dora).get("/mail/", {"mailbox": str(mailbox_of(company.ben).pk)})
    assert subjects(page) == ["Secret of Ben"]


def test_paging_reads_along_the_index(company: Company) -> None:
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as captured:
        logged_in(company.dora).get("/mail/", {"after": "20261231T000000.000000~" + str(company.of_ada.pk)})
        listing = next(q["sql"] for q in captured if 'AS "newest"' in q["sql"])
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute(f"explain {listing}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "email_newest" in plan
    assert "Sort" not in plan


def names(page: object) -> list[str]:
    return [row.mailbox.name for row in page.context["list"].rows]  # type: ignore[attr-defined]


def test_mailboxes_are_sorted_as_the_address_says(company: Company) -> None:
    client = logged_in(company.dora)
    assert names(client.get("/mailboxes/")) == ["Ada", "Ben", "Dora"]
    assert names(client.get("/mailboxes/", {"sort": "-name"})) == ["Dora", "Ben", "Ada"]
    assert names(client.get("/mailboxes/", {"sort": "password"})) == ["Ada", "Ben", "Dora"]
    Mailbox.objects.filter(name="Ben").update(nextpasson=now())
    assert names(client.get("/mailboxes/", {"sort": "next"}))[0] == "Ben"
    assert names(client.get("/mailboxes/", {"sort": "-next"}))[0] == "Ben"


def test_mailboxes_are_searched_and_paged(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    client = logged_in(company.dora)
    assert names(client.get("/mailboxes/", {"q": "ben@"})) == ["Ben"]
    monkeypatch.setattr("serversync.web.pages.mailboxes.queries.PAGE_SIZE", 2)
    assert names(client.get("/mailboxes/", {"page": "2"})) == ["Dora"]
    assert names(client.get("/mailboxes/", {"page": "nonsense"})) == ["Ada", "Ben"]


@pytest.mark.parametrize(
    "sort", ["name", "-name", "last", "-last", "address", "incoming", "-incoming", "profile"]
)
@pytest.mark.parametrize("view", ["active", "all"])
def test_pages_by_number_show_each_mailbox_once_in_order(
    company: Company, monkeypatch: pytest.MonkeyPatch, sort: str, view: str
) -> None:
    for number in range(8):
        made = mailbox_of(SystemUser.objects.create_user(f"user{number}", fullname=f"User {number % 3}"))
        if number % 2:
            Mailbox.objects.filter(pk=made.pk).update(processinglastattemptedon=now(), incomingemailstatus=1)
    client = logged_in(company.dora)
    address = {"sort": sort, "view": view}
    whole = [row.mailbox.pk for row in client.get("/mailboxes/", address).context["list"].rows]
    assert len(whole) == Mailbox.objects.count() == 11
    monkeypatch.setattr("serversync.web.pages.mailboxes.queries.PAGE_SIZE", 2)
    pages = [
        [row.mailbox.pk for row in client.get("/mailboxes/", {**address, "page": page}).context["list"].rows]
        for page in range(1, 7)
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 2, 2, 1]
    assert list(itertools.chain(*pages)) == whole


def test_users_are_paged_by_name(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serversync.web.pages.users.views.PAGE_SIZE", 2)
    client = logged_in(company.dora)
    pages = [client.get("/users/", {"page": page}).context["rows"] for page in (1, 2, 99)]
    assert [[row["user"].fullname for row in page] for page in pages] == [["Ada", "Ben"], ["Dora"], ["Dora"]]


def test_a_mailbox_shows_what_was_tracked_and_what_was_set_aside(company: Company) -> None:
    box = mailbox_of(company.ada)
    MessageTrace.objects.create(
        mailboxid=box,
        itemkey=company.ada.pk,
        subject="Broken message",
        receivedon=now(),
        outcome=4,
        reasoncode="unreadable",
    )
    page = logged_in(company.ada).get(reverse("mailbox", args=[box.pk])).content.decode()
    for shown in ("Offer for Ada", "Broken message", "Exchange could not hand it over", "Trouble of Ada"):
        assert shown in page


def test_a_mailbox_says_why_it_is_not_synchronized(company: Company) -> None:
    box = mailbox_of(company.ada)
    Mailbox.objects.filter(pk=box.pk).update(statecode=1, statuscode=2)
    page = logged_in(company.ada).get(reverse("mailbox", args=[box.pk])).content.decode()
    assert "the mailbox is deactivated" in page


def test_empty_pages_say_what_to_do_first(db: None) -> None:
    nobody = SystemUser.objects.create_superuser("dora")
    client = logged_in(nobody)
    assert "No mail yet" in client.get("/mail/").content.decode()
    assert "Nothing is wrong" in client.get("/alerts/").content.decode()
    assert "Apply Default Email Settings" in client.get("/mailboxes/").content.decode()
    EmailServerProfile.objects.create(name="Main Exchange")
    Mailbox.objects.update(emailserverprofile=EmailServerProfile.objects.get())
    assert "serversync profile add" not in client.get("/mailboxes/").content.decode()


def test_an_alert_names_its_mailbox_and_remedy_and_goes_when_it_is_resolved(company: Company) -> None:
    client = logged_in(company.ada)
    page = client.get("/alerts/").content.decode()
    assert "Unlock the account." in page
    assert f'href="/mailboxes/{mailbox_of(company.ada).pk}/"' in page
    TraceLog.objects.update(resolvedon=now())
    assert "Trouble of Ada" not in client.get("/alerts/").content.decode()


def test_an_email_shows_its_parties_with_their_records(company: Company) -> None:
    grete = Contact.objects.create(fullname="Grete Sørensen", emailaddress1="grete@harbour-coffee.example")
    ActivityParty.objects.filter(activityid=company.of_ada).update(
        partyid=grete.pk, partyobjecttypecode="contact"
    )
    page = logged_in(company.ada).get(reverse("email", args=[company.of_ada.pk])).content.decode()
    assert "Grete Sørensen" in page
    assert "Contact" in page
    assert "not in the CRM" not in page


def more_mailboxes(_company: Company) -> None:
    for number in range(10):
        track(mailbox_of(SystemUser.objects.create_user(f"user{number}")), f"More {number}")


def more_mail(company: Company) -> None:
    for number in range(10):
        track(mailbox_of(company.ada), f"More {number}", number=number)


def more_alerts(company: Company) -> None:
    for number in range(10):
        TraceLog.objects.create(
            level=2, code=f"c{number}", regardingobjectid=mailbox_of(company.ada).pk, text="More"
        )


def more_parties(company: Company) -> None:
    for number in range(10):
        contact = Contact.objects.create(fullname=f"More {number}")
        ActivityParty.objects.create(
            activityid=company.of_ada, partyid=contact.pk, partyobjecttypecode="contact"
        )
        attach(company.of_ada, b"x", f"More {number}")


@pytest.mark.parametrize(
    ("address", "grow"),
    [
        (lambda c: "/mailboxes/", more_mailboxes),
        (lambda c: "/mail/", more_mail),
        (lambda c: "/alerts/", more_alerts),
        (lambda c: f"/mailboxes/{mailbox_of(c.ada).pk}/", more_mail),
        (lambda c: f"/mail/{c.of_ada.pk}/", more_parties),
    ],
)
def test_more_rows_need_no_more_queries(
    company: Company, address: Callable[[Company], str], grow: Callable[[Company], None]
) -> None:
    contact = Contact.objects.create(fullname="First")
    ActivityParty.objects.create(activityid=company.of_ada, partyid=contact.pk, partyobjecttypecode="contact")
    client = logged_in(company.dora)
    with CaptureQueriesContext(connection) as few:
        client.get(address(company))
    grow(company)
    with CaptureQueriesContext(connection) as many:
        assert "More" in client.get(address(company)).content.decode() or grow is more_mailboxes
    assert len(many) == len(few)


def test_the_page_keeps_itself_up_to_date_unless_paused(company: Company) -> None:
    client = logged_in(company.dora)
    assert 'hx-trigger="every 5s"' in client.get("/mailboxes/").content.decode()
    assert "hx-trigger" not in client.get("/mailboxes/", {"live": "off"}).content.decode()


def test_times_are_given_for_people_and_machines(company: Company) -> None:
    Email.objects.update(receivedon=datetime(2024, 3, 2, 8, 0, tzinfo=UTC) + timedelta(seconds=7))
    page = logged_in(company.dora).get("/mail/").content.decode()
    assert (
        '<time datetime="2024-03-02T08:00:07+00:00" title="2024-03-02 08:00:07 UTC">2 Mar 2024, 08:00' in page
    )


def test_the_sentence_about_a_mailbox_has_a_shape_of_its_own() -> None:
    kinds = {
        code: readiness_kind(Readiness(may_run=may_run, code=code, sentence=""))
        for code, may_run in {
            "scheduled": True,
            "retrying": True,
            "not-approved": False,
            "stopped": False,
        }.items()
    }
    assert kinds == {"scheduled": "good", "retrying": "warn", "not-approved": "warn", "stopped": "bad"}


def all_pages(client: Client, address: str, direction: str = "older") -> list[list[str]]:
    page = client.get(address)
    found = [subjects(page)]
    while link := getattr(page.context["page"], direction):
        page = client.get(f"/mail/{link}")
        found.append(subjects(page))
    return found


@pytest.mark.parametrize("looked_through", [(2,), (5, 9), (1, 3), (1000, 2000)])
def test_a_search_finds_the_same_by_looking_through_and_by_the_index(
    company: Company, monkeypatch: pytest.MonkeyPatch, looked_through: tuple[int, ...]
) -> None:
    monkeypatch.setattr("serversync.web.keyset.LOOKED_THROUGH", looked_through)
    monkeypatch.setattr("serversync.web.pages.mail.queries.PAGE_SIZE", 2)
    box = mailbox_of(company.ada)
    for number in range(9):
        track(box, f"{'Rare' if number in (0, 8) else 'Usual'} {number}", number=10 + number // 3)
    client = logged_in(company.dora)
    usual = all_pages(client, "/mail/?q=usual")
    assert [len(page) for page in usual] == [2, 2, 2, 1]
    assert set(itertools.chain(*usual)) == {f"Usual {number}" for number in range(1, 8)}
    assert [sorted(page) for page in all_pages(client, "/mail/?q=rare")] == [["Rare 0", "Rare 8"]]
    last = client.get("/mail/?q=usual")
    while last.context["page"].older:
        last = client.get(f"/mail/{last.context['page'].older}")
    back = [subjects(last)]
    while link := last.context["page"].newer:
        last = client.get(f"/mail/{link}")
        back.append(subjects(last))
    assert back == usual[::-1]


def test_the_mailboxes_that_fail_say_why_and_what_to_do_in_the_list(company: Company) -> None:
    """From the number on the overview to the remedy it is one click."""
    box = mailbox_of(company.ada)
    Mailbox.objects.filter(pk=box.pk).update(mailboxstatus=2, incomingemailstatus=2)
    TraceLog.objects.filter(regardingobjectid=box.pk).update(
        level=3,
        text="Nobody may log on.",
        errordetails="Approve it: serversync mailbox approve ada@example.org.",
    )
    page = logged_in(company.dora).get("/mailboxes/?view=failing").content.decode()
    assert "Nobody may log on." in page
    assert "<strong>What to do:</strong> Approve it: More Commands &gt; Approve Email." in page
    assert "Nobody may log on." not in logged_in(company.dora).get("/mailboxes/").content.decode()
    TraceLog.objects.all().delete()  # dismissed, or cleared away
    Mailbox.objects.filter(pk=box.pk).update(lastsyncerror="exchange.busy: Exchange was busy.")
    assert "Exchange was busy." in logged_in(company.dora).get("/mailboxes/?view=failing").content.decode()


def test_a_job_says_of_each_mailbox_that_failed_what_to_do(company: Company) -> None:
    box = mailbox_of(company.ada)
    with actor.acting(actor.INSTALLATION):
        job = jobs.start("sync", [box])
    AsyncOperationItem.objects.filter(asyncoperationid=job).update(
        itemstate=3, code="exchange.unreachable", message="It does not answer."
    )
    TraceLog.objects.filter(regardingobjectid=box.pk).update(
        level=3, code="exchange.unreachable", errordetails="Open the firewall."
    )
    page = logged_in(company.dora).get(reverse("job", args=[job.pk])).content.decode()
    assert "It does not answer." in page
    assert "<strong>What to do:</strong> Open the firewall." in page
