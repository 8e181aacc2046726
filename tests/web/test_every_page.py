"""Every address of the pages: none is forgotten, each answers whoever may see it and nobody else."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from serversync.administration import (
    activity_files,
    actor,
    apikeys,
    customers,
    jobs,
    pictures,
    queues,
    series,
    series_occurrences,
    syncfilters,
)
from serversync.crm.models import (
    Account,
    ApiKey,
    Appointment,
    AsyncOperation,
    Contact,
    Email,
    EmailServerProfile,
    Fax,
    Letter,
    PhoneCall,
    Queue,
    RecurringAppointmentMaster,
    SavedQuery,
    ServiceAppointment,
    Task,
    TraceLog,
)
from tests.web.company import Company, attach, logged_in, mailbox_of, track

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "pages.md"
Arguments = Callable[[Company], list[Any]]


WATCH: series.SeriesEntries = {
    "subject": "Watch",
    "location": "Tower",
    "first_day": date(2999, 1, 7),
    "begins": time(9),
    "ends": time(10),
    "time_zone": "Europe/Berlin",
    "pattern": "weekly",
    "interval": 1,
    "weekdays": ["monday"],
    "end": "never",
    "required": ["Grace Hopper <grace@harbour.example>"],
}


def no_arguments(_: Company) -> list[Any]:
    return []


def of_mailbox(company: Company) -> list[Any]:
    return [mailbox_of(company.ada).pk]


def of_email(company: Company) -> list[Any]:
    return [company.of_ada.pk]


def of_profile(_: Company) -> list[Any]:
    return [EmailServerProfile.objects.get_or_create(name="Exchange")[0].pk]


def of_job(company: Company) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        made = AsyncOperation.objects.first() or jobs.start("sync", [mailbox_of(company.ada)])
    return [made.pk]


def of_contact(_: Company) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        return [(Contact.objects.first() or customers.add(customers.CONTACT, {"lastname": "Sørensen"})).pk]


def of_appointment_file(company: Company) -> list[Any]:
    now = datetime.now(UTC)
    one = Appointment.objects.create(subject="Tea", scheduledstart=now, scheduledend=now, ownerid=company.ada)
    return with_file(one)


def of_task_file(company: Company) -> list[Any]:
    return with_file(Task.objects.create(subject="Call", ownerid=company.ada))


def with_file(one: Appointment | Task) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        activity_files.attach(one, [SimpleUploadedFile("plan.txt", b"plan")])
    return [one.pk, activity_files.of(one)[0].pk]


def of_photo(company: Company) -> list[Any]:
    (key,) = of_contact(company)
    with actor.acting(actor.INSTALLATION):
        pictures.replace(Contact.objects.get(pk=key), SimpleUploadedFile("face.gif", b"GIF89a face"))
    return [key]


def of_account(_: Company) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        return [(Account.objects.first() or customers.add(customers.ACCOUNT, {"name": "Harbour"})).pk]


def of_queue(_: Company) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        made = Queue.objects.first() or queues.add("Support", address="support@example.org")
    return [made.pk]


def of_draft(company: Company) -> list[Any]:
    made = track(mailbox_of(company.ada), "Draft")
    Email.objects.filter(pk=made.pk).update(directioncode=True, statecode=0, statuscode=1)
    return [made.pk]


def of_file(company: Company) -> list[Any]:
    return [company.of_ada.pk, attach(company.of_ada, b"numbers", "numbers.txt").pk]


def of_appointment(company: Company) -> list[Any]:
    start = datetime(2026, 5, 1, 9, tzinfo=UTC)
    made = Appointment.objects.first() or Appointment.objects.create(
        subject="Tea", scheduledstart=start, scheduledend=start, ownerid=company.ada
    )
    return [made.pk]


def of_series(company: Company) -> list[Any]:
    found = RecurringAppointmentMaster.objects.first()
    if found is None:
        with actor.acting(actor.INSTALLATION):
            found = series.add(WATCH, owner=company.ada.domainname)
            for number, given in ((1, {"subject": "Watch with the harbour master"}), (2, None)):
                one = series_occurrences.find(found, WATCH["first_day"] + timedelta(7 * number))
                series_occurrences.change(one, given) if given else series_occurrences.cancel(one)
    return [found.pk]


def of_occurrence(company: Company) -> list[Any]:
    return [*of_series(company), (WATCH["first_day"] + timedelta(7)).isoformat()]


def of_service(company: Company) -> list[Any]:
    start = datetime(2026, 5, 1, 9, tzinfo=UTC)
    made = ServiceAppointment.objects.first() or ServiceAppointment.objects.create(
        subject="Boiler", scheduledstart=start, scheduledend=start, ownerid=company.ada
    )
    return [made.pk]


def of_task(company: Company) -> list[Any]:
    return [(Task.objects.first() or Task.objects.create(subject="Call", ownerid=company.ada)).pk]


def of_phonecall(company: Company) -> list[Any]:
    found = PhoneCall.objects.first()
    return [(found or PhoneCall.objects.create(subject="Ask for the offer", ownerid=company.ada)).pk]


def of_letter(company: Company) -> list[Any]:
    return [(Letter.objects.first() or Letter.objects.create(subject="Thanks", ownerid=company.ada)).pk]


def of_fax(company: Company) -> list[Any]:
    return [(Fax.objects.first() or Fax.objects.create(subject="Order", ownerid=company.ada)).pk]


def of_filter(company: Company) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        return [syncfilters.of_user(company.ada)[0].pk]


def of_template(_: Company) -> list[Any]:
    return [SavedQuery.objects.all()[0].pk]


def of_key(company: Company) -> list[Any]:
    with actor.acting(actor.INSTALLATION):
        found = ApiKey.objects.first() or apikeys.add(company.dora.domainname, "Nightly report")[0]
    return [found.pk]


def of_alert(_: Company) -> list[Any]:
    return [TraceLog.objects.all()[0].pk, "dismiss"]


OPENED: dict[str, Arguments] = {
    **dict.fromkeys(
        (
            "overview",
            "alerts",
            "audit",
            "doctor",
            "jobs",
            "mail",
            "new-email",
            "mailboxes",
            "profiles",
            "settings",
            "users",
            "new-user",
            "contacts",
            "new-contact",
            "accounts",
            "new-account",
            "queues",
            "new-queue",
            "password",
            "options",
            "keys",
            "appointment-list",
            "appointment-new",
            "series-list",
            "series-new",
            "service-list",
            "service-new",
            "task-list",
            "task-new",
            "phonecall-list",
            "phonecall-new",
            "letter-list",
            "letter-new",
            "fax-list",
            "fax-new",
            "filters",
            "filter-templates",
            "filter-templates-apply",
        ),
        no_arguments,
    ),
    "appointment": of_appointment,
    "series": of_series,
    "series-occurrence": of_occurrence,
    "service": of_service,
    "task": of_task,
    "phonecall": of_phonecall,
    "letter": of_letter,
    "fax": of_fax,
    "user-filters": lambda company: [company.ada.pk],
    "user-filter-new": lambda company: [company.ada.pk, "contact"],
    "user-filters-reset": lambda company: [company.ada.pk],
    "user-filter": of_filter,
    "filter-template-new": lambda _: ["series"],
    "filter-template": of_template,
    "settings-fields": lambda _: ["contact"],
    "job": of_job,
    "email": of_email,
    "email-reply": of_email,
    "email-reply-all": of_email,
    "email-forward": of_email,
    "email-edit": of_draft,
    "mailbox": of_mailbox,
    "mailbox-diagnostics": of_mailbox,
    "mailbox-credentials": of_mailbox,
    "mailbox-folders": of_mailbox,
    "mailbox-synchronization": of_mailbox,
    "new-profile": lambda _: ["exchange"],
    "profile": of_profile,
    "profile-test": of_profile,
    "contact": of_contact,
    "account": of_account,
    "queue": of_queue,
    "user": lambda company: [company.ada.pk],
}
"""Pages to look at, by the name of their address."""
PARTS: dict[str, Arguments] = {
    "email-body": of_email,
    "file": of_file,
    "metrics": no_arguments,
    "healthz": no_arguments,
    "readyz": no_arguments,
    "log-in": no_arguments,
    "picture": lambda _: ["x"],
    "photo": of_photo,
    "appointment-file": of_appointment_file,
    "task-file": of_task_file,
}
"""What is no page of its own: it is fetched by a page, or by a machine, or is there before the log-in."""
BY_FORM: dict[str, Arguments] = {
    "alert-act": of_alert,
    "job-cancel": of_job,
    "email-send": of_draft,
    "email-take-back": of_draft,
    "mailboxes-confirm": no_arguments,
    "mailboxes-act": lambda _: ["sync"],
    "mailbox-primary": of_mailbox,
    "mailbox-synchronization-act": lambda company: [*of_mailbox(company), "retry"],
    "mailbox-folder-add": of_mailbox,
    "mailbox-folder-remove": lambda company: [*of_mailbox(company), company.ada.pk],
    "profile-act": lambda company: [*of_profile(company), "deactivate"],
    "contact-state": lambda company: [*of_contact(company), "deactivate"],
    "account-state": lambda company: [*of_account(company), "deactivate"],
    "queue-state": lambda company: [*of_queue(company), "deactivate"],
    "user-unlock": lambda company: [company.ada.pk],
    "key-remove": of_key,
    "appointment-act": lambda company: [*of_appointment(company), "complete"],
    "series-act": lambda company: [*of_series(company), "complete"],
    "series-occurrence-cancel": of_occurrence,
    "appointment-attach": of_appointment,
    "appointment-detach": of_appointment_file,
    "task-attach": of_task,
    "task-detach": of_task_file,
    "service-act": lambda company: [*of_service(company), "complete"],
    "task-act": lambda company: [*of_task(company), "complete"],
    "phonecall-act": lambda company: [*of_phonecall(company), "complete"],
    "letter-act": lambda company: [*of_letter(company), "complete"],
    "fax-act": lambda company: [*of_fax(company), "complete"],
    "user-filter-act": lambda company: [*of_filter(company), "deactivate"],
    "filter-template-act": lambda company: [*of_template(company), "deactivate"],
    "log-out": no_arguments,
}
"""Acts: only a form with its token does them."""


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from names(one.url_patterns)
        else:
            assert one.name is not None, one
            yield one.name


def test_every_address_is_in_one_of_the_tables() -> None:
    known = [*OPENED, *PARTS, *BY_FORM]
    assert sorted(names(get_resolver("serversync.web.urls").url_patterns)) == sorted(known)


def test_every_page_is_in_the_documentation_with_its_picture() -> None:
    told = re.findall(r"!\[[^]]+\]\(\.\./images/pages/([\w-]+)\.png\)", PAGES.read_text())
    assert sorted(told) == sorted(OPENED)


def test_each_page_answers_with_a_title_and_one_heading(company: Company) -> None:
    client = logged_in(company.dora)
    for name, arguments in OPENED.items():
        answer = client.get(reverse(name, args=arguments(company)))
        assert answer.status_code == 200, name
        page = answer.content.decode()
        assert page.count("<h1") == 1, name
        assert "<title>" in page, name
        assert "<title></title>" not in page, name
        assert '<html lang="en">' in page, name
        assert 'href="#content"' in page, f"one can skip the navigation of {name}"


def test_pages_and_acts_lead_to_the_log_in_where_nobody_is_logged_in(
    company: Company, client: Client
) -> None:
    for name, arguments in OPENED.items():
        answer = client.get(reverse(name, args=arguments(company)))
        assert (answer.status_code, answer["Location"].startswith("/log-in/")) == (302, True), name
    for name, arguments in BY_FORM.items():
        answer = client.post(reverse(name, args=arguments(company)))
        assert (answer.status_code, answer["Location"].startswith("/log-in/")) == (302, True), name


def test_acts_are_done_by_a_form_with_its_token_only(company: Company) -> None:
    client, strict = logged_in(company.dora), Client(enforce_csrf_checks=True)
    strict.force_login(company.dora)
    for name, arguments in BY_FORM.items():
        address = reverse(name, args=arguments(company))
        assert client.get(address).status_code == 405, f"a link does {name}"
        assert strict.post(address).status_code == 403, name
