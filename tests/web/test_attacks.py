"""What somebody tries who should not: foreign records by id, values nobody offered, forged forms, stored scripts, files."""

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from serversync.administration import actor, bulk, jobs
from serversync.crm.models import (
    Account,
    AsyncOperation,
    Audit,
    Contact,
    Email,
    EmailServerProfile,
    Mailbox,
    Organization,
    Queue,
    SystemUser,
    TraceLog,
)
from tests.web.company import Company, logged_in, mailbox_of

SCRIPT = "<script>alert(1)</script>"
ACTS = [word for word in bulk.ACTS if word != "edit"]


def posts(company: Company) -> list[tuple[str, dict[str, str]]]:
    """Every address that changes something, with a form that Dora could send."""
    box, profile = mailbox_of(company.ben), EmailServerProfile.objects.get()
    job = AsyncOperation.objects.create(name="Job of Dora", act="sync", ownerid=company.dora)
    queue = Queue.objects.create(name="Support", emailaddress="support@example.org", ownerid=company.ben)
    contact = Contact.objects.create(lastname="Hansen", ownerid=company.ben)
    account = Account.objects.create(name="Harbour Coffee", ownerid=company.ben)
    chosen = {"mailbox": str(box.pk), "typed": "RE-INITIALISE"}
    return [
        *[(reverse("mailboxes-act", args=[word]), chosen) for word in ACTS],
        (reverse("mailboxes-act", args=["edit"]), chosen | {"outgoingemaildeliverymethod": "none"}),
        (reverse("mailbox-primary", args=[box.pk]), {"primary": "1"}),
        (reverse("alert-act", args=[company.alert_of_ben.pk, "dismiss"]), {}),
        (reverse("alert-act", args=[company.alert_of_ben.pk, "mute"]), {}),
        (reverse("job-cancel", args=[job.pk]), {}),
        (reverse("profile-act", args=[profile.pk, "deactivate"]), {}),
        (reverse("profile-act", args=[profile.pk, "test-enable"]), {}),
        (reverse("profile-test", args=[profile.pk]), {}),
        (reverse("profile", args=[profile.pk]), {"name": "Taken over"}),
        (reverse("new-profile", args=["exchange"]), {"name": "Mine"}),
        (reverse("email-reply", args=[company.of_ben.pk]), {"sender": "ada@example.org", "act": "save"}),
        (reverse("email-forward", args=[company.of_ben.pk]), {"sender": "ada@example.org", "act": "save"}),
        (reverse("new-queue"), {"name": "Mine", "address": "mine@example.org", "track": "all"}),
        (reverse("queue", args=[queue.pk]), {"name": "Mine", "address": "mine@example.org", "track": "all"}),
        (reverse("queue-state", args=[queue.pk, "deactivate"]), {}),
        (reverse("contact", args=[contact.pk]), {"lastname": "Taken over"}),
        (reverse("contact-state", args=[contact.pk, "deactivate"]), {}),
        (reverse("account", args=[account.pk]), {"name": "Taken over"}),
        (reverse("account-state", args=[account.pk, "deactivate"]), {}),
        (reverse("email-send", args=[company.of_ben.pk]), {}),
        (reverse("email-take-back", args=[company.of_ben.pk]), {}),
        (reverse("settings"), {"requireapprovalforuseremail": ""}),
        (reverse("new-user"), {"login": "evil", "fullname": "Evil", "roles": "System Administrator"}),
        (reverse("user", args=[company.ben.pk]), {"fullname": "Evil", "password": "a new password"}),
        (reverse("user-unlock", args=[company.ben.pk]), {}),
    ]


def state() -> list[object]:
    """Everything that an attack could change."""
    return [
        list(Mailbox.objects.order_by("pk").values()),
        list(EmailServerProfile.objects.order_by("pk").values()),
        list(TraceLog.objects.order_by("pk").values()),
        list(Organization.objects.values()),
        list(Queue.objects.order_by("pk").values()),
        list(Contact.objects.order_by("pk").values()),
        list(Account.objects.order_by("pk").values()),
        list(Email.objects.order_by("pk").values("subject", "statuscode")),
        list(SystemUser.objects.order_by("pk").values("fullname", "password", "isdisabled")),
        list(AsyncOperation.objects.order_by("pk").values("statuscode")),
    ]


def test_a_salesperson_changes_nothing_that_is_not_his_own(company: Company) -> None:
    forms = posts(company)
    client, before = logged_in(company.ada), state()
    for address, form in forms:
        answer = client.post(address, form)
        assert answer.status_code in {302, 403, 404}, (address, answer.status_code)
        assert state() == before, address


def test_no_form_without_its_token_changes_anything(company: Company) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(company.dora)
    forms = posts(company)
    before = state()
    for address, form in forms:
        assert client.post(address, form).status_code == 403, address
    assert state() == before


def test_no_link_changes_anything(company: Company) -> None:
    client = logged_in(company.dora)
    forms = posts(company)
    before = state()
    for address, form in forms:
        assert client.get(address, form).status_code in {200, 405}, address
    assert state() == before


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one)
        else:
            yield one


def test_every_page_but_a_few_asks_for_a_log_in() -> None:
    free = {
        one.name
        for one in patterns(get_resolver("serversync.web.urls"))
        if getattr(one.callback, "login_required", True) is False
    }
    assert free == {"log-in", "log-out", "healthz", "readyz", "metrics", "picture"}


def test_values_that_no_form_offers_are_not_taken(company: Company) -> None:
    client = logged_in(company.dora)
    box = mailbox_of(company.ada)
    smuggled = {
        "mailbox": str(box.pk),
        "outgoingemaildeliverymethod": "none",
        "emailaddress": "evil@example.org",
        "ownerid": str(company.ben.pk),
        "statecode": "1",
        "password": "x",
    }
    client.post(reverse("mailboxes-act", args=["edit"]), smuggled)
    box.refresh_from_db()
    assert (box.emailaddress, box.ownerid, box.statecode, box.outgoingemaildeliverymethod) == (
        "ada@example.org",
        company.ada,
        0,
        0,
    )
    shown = {"fullname": "Ada", "address": "ada@example.org", "track": "responses", "roles": "Salesperson"}
    client.post(reverse("user", args=[company.ada.pk]), shown | {"is_superuser": "1", "domainname": "root"})
    company.ada.refresh_from_db()
    assert (company.ada.is_superuser, company.ada.domainname) == (False, "ada")


def test_an_own_mailbox_with_a_foreign_one_smuggled_in_is_tested_alone(company: Company) -> None:
    own, foreign = mailbox_of(company.ada), mailbox_of(company.ben)
    logged_in(company.ada).post(
        reverse("mailboxes-act", args=["test-enable"]), {"mailbox": [str(own.pk), str(foreign.pk)]}
    )
    items = AsyncOperation.objects.get().items.values_list("mailboxid", flat=True)
    assert list(items) == [own.pk]


def test_all_over_all_pages_are_all_that_may_be_seen(company: Company) -> None:
    logged_in(company.ada).post(reverse("mailboxes-act", args=["test-enable"]), {"everything": "1"})
    items = AsyncOperation.objects.get().items.values_list("mailboxid", flat=True)
    assert list(items) == [mailbox_of(company.ada).pk]


def test_a_job_of_somebody_else_is_not_found(company: Company) -> None:
    with actor.acting(actor.Actor(company.dora, channel="web")):
        job = jobs.start("sync", [mailbox_of(company.ben)])
    assert logged_in(company.ada).get(reverse("job", args=[job.pk])).status_code == 404


def test_scripts_in_everything_that_people_enter_are_shown_as_text(company: Company) -> None:
    SystemUser.objects.filter(pk=company.ada.pk).update(fullname=SCRIPT)
    Mailbox.objects.filter(pk=mailbox_of(company.ada).pk).update(
        name=SCRIPT, lastsyncerror=SCRIPT, mailboxstatus=2
    )
    EmailServerProfile.objects.update(
        name=SCRIPT,
        description=SCRIPT,
        lasttestresponse=f'{{"steps": [{{"title": "{SCRIPT}", "result": "failed", "sentence": "{SCRIPT}"}}], "result": "failed", "mailbox": null}}',
    )
    TraceLog.objects.update(text=SCRIPT, errordetails=SCRIPT, code=SCRIPT)
    with actor.acting(actor.INSTALLATION):
        job = jobs.start("sync", [mailbox_of(company.ada)])
    job.items.update(code="x", message=SCRIPT, itemstate=3)
    Audit.objects.update(actorname=SCRIPT, objectname=SCRIPT)
    box, profile = mailbox_of(company.ada), EmailServerProfile.objects.get()
    client = logged_in(company.dora)
    for address in (
        "/",
        "/mailboxes/",
        f"/mailboxes/?q={SCRIPT}",
        f"/mailboxes/{box.pk}/",
        f"/mailboxes/{box.pk}/diagnostics/",
        "/profiles/",
        f"/profiles/{profile.pk}/",
        f"/profiles/{profile.pk}/test/",
        "/alerts/",
        "/jobs/",
        f"/jobs/{job.pk}/",
        "/users/",
        f"/users/{company.ada.pk}/",
        f"/users/?q={SCRIPT}",
        "/audit/",
        f"/audit/?q={SCRIPT}",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert SCRIPT not in answer.content.decode(), address


def test_after_an_act_nobody_is_sent_to_another_site(company: Company) -> None:
    for there in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"):
        address = reverse("alert-act", args=[company.alert_of_ada.pk, "mute"])
        answer = logged_in(company.dora).post(address, {"next": there})
        assert answer["Location"] == "/alerts/", there


FORM = {
    "name": "Exchange",
    "useautodiscover": "no",
    "incomingserverlocation": "https://mail.example.org/EWS/Exchange.asmx",
    "incomingusername": "svc@example.org",
    "incomingpassword": "planted-Secret-4711",
    "incominguseimpersonation": "on",
    "incomingauthenticationprotocol": "auto",
    "minpollingintervalinminutes": "0",
    "maxconcurrentconnections": "10",
    "timeoutmailboxconnectionafteramount": "1000",
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ca.pem", b"no certificate"),
        ("../../../etc/cron.d/evil", b"* * * * * root evil"),
        ("ca.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("ca.pem", b"x" * 400_000),
        ("page.html", b"<script>alert(1)</script>"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused_and_not_kept(
    company: Company, name: str, content: bytes
) -> None:
    from serversync.database.address import data_folder

    folder = data_folder() / "authorities"
    before = set(folder.glob("*")) if folder.exists() else set()
    sent = FORM | {"authority": SimpleUploadedFile(name, content)}
    answer = logged_in(company.dora).post(reverse("new-profile", args=["exchange"]), sent)
    assert answer.status_code == 200
    assert "It was not saved" in answer.content.decode()
    assert "planted-Secret-4711" not in answer.content.decode()
    assert not EmailServerProfile.objects.filter(name="Exchange").exists()
    assert (set(folder.glob("*")) if folder.exists() else set()) == before


def test_a_password_that_is_kept_never_comes_back_in_a_page(company: Company) -> None:
    client = logged_in(company.dora)
    client.post(reverse("new-profile", args=["hybrid"]), FORM)
    profile = EmailServerProfile.objects.get(name="Exchange")
    assert profile.servertype == 2
    for address in ("profile", "profile-test"):
        assert "planted-Secret" not in client.get(reverse(address, args=[profile.pk])).content.decode()
    assert "planted-Secret" not in client.get("/audit/").content.decode()


def test_numbers_go_to_this_machine_or_to_whoever_has_the_word(
    company: Company, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"serversync_mailboxes{" in client.get("/metrics").content
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    monkeypatch.setenv("SERVERSYNC_METRICS_TOKEN", "the word")
    assert client.get("/metrics").status_code == 403
    asked = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": "Bearer the word"})
    assert asked.status_code == 200


def test_whoever_has_a_password_of_somebody_elses_choice_changes_it_first(company: Company) -> None:
    SystemUser.objects.filter(pk=company.ada.pk).update(mustchangepassword=True)
    client = logged_in(company.ada)
    assert client.get("/mailboxes/")["Location"] == "/password/"
    assert client.post(reverse("mailboxes-act", args=["sync"]), {})["Location"] == "/password/"
    wrong = client.post("/password/", {"old": "no", "new": "another password", "again": "another password"})
    assert "not the right one" in wrong.content.decode()
    sent = {"old": "a long password", "new": "another password", "again": "another password"}
    assert client.post("/password/", sent)["Location"] == "/"
    assert client.get("/mailboxes/").status_code == 200


def test_the_sixth_guess_is_not_looked_at(company: Company, client: Client) -> None:
    for _ in range(5):
        client.post("/log-in/", {"username": "ada", "password": "guess"})
    answer = client.post("/log-in/", {"username": "ada", "password": "a long password"})
    assert "too many failed log-ins" in answer.content.decode()
