"""Appointments, service activities and tasks in the pages: in the zone of who looks, with those who take part, each by whom it may be."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.urls import reverse

from serversync.administration import actor, services
from serversync.crm.models import (
    ActivityParty,
    Appointment,
    Audit,
    Contact,
    ServiceAppointment,
    Task,
    UserSettings,
)
from tests.web.company import Company, logged_in

TEA = {
    "subject": "Tea",
    "start": "2026-07-01T09:00",
    "end": "2026-07-01T10:00",
    "show_as": "busy",
    "importance": "normal",
}
CALL = {"subject": "Call", "status": "not-started", "percent": "0", "importance": "normal"}


def parties() -> list[tuple[Any, ...]]:
    rows = ActivityParty.objects.exclude(participationtypemask__lte=4).order_by("participationtypemask")
    return list(rows.values_list("participationtypemask", "addressused", "partyobjecttypecode"))


def test_an_appointment_is_entered_and_seen_in_the_own_zone(company: Company) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="Asia/Tokyo")
    grete = Contact.objects.create(lastname="Hansen", emailaddress1="grete@harbour.example")
    ada = logged_in(company.ada)
    ada.post(reverse("appointment-new"), {**TEA, "required": "Grete <grete@harbour.example>; x@else.example"})
    made = Appointment.objects.get()
    assert made.scheduledstart == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    assert (made.ownerid, made.statecode, made.statuscode) == (company.ada, 3, 5)
    assert parties() == [
        (5, "grete@harbour.example", "contact"),
        (5, "x@else.example", None),
        (7, "ada@example.org", "systemuser"),
    ]
    assert ActivityParty.objects.get(partyid=grete.pk).responsestatus == 5
    page = ada.get(reverse("appointment", args=[made.pk])).content.decode()
    assert 'value="2026-07-01T09:00"' in page
    assert "NoResponseReceived" in page
    assert "1 Jul, 09:00" in ada.get(reverse("appointment-list")).content.decode()
    assert "1 Jul, 00:00" in logged_in(company.dora).get(reverse("appointment-list")).content.decode()
    assert Audit.objects.filter(act__in=["appointment.add", "appointment.attendees"]).count() == 2


def test_whole_days_are_days_in_every_zone(company: Company) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="America/Los_Angeles")
    ada = logged_in(company.ada)
    ada.post(reverse("appointment-new"), {**TEA, "is_all_day": "on", "end": "2026-07-02T00:00"})
    made = Appointment.objects.get()
    assert made.scheduledstart == datetime(2026, 7, 1, tzinfo=UTC)
    assert made.scheduledend == datetime(2026, 7, 3, tzinfo=UTC)
    address = reverse("appointment", args=[made.pk])
    for user in (company.ada, company.dora):
        client = logged_in(user)
        assert '<time datetime="2026-07-01">1 Jul</time>' in client.get("/appointments/").content.decode()
        initial = client.get(address).context["form"].initial
        assert (initial["start"].date(), initial["end"].date()) == (date(2026, 7, 1), date(2026, 7, 2))
    sent = {**TEA, "is_all_day": "on", "start": "2026-07-01T00:00", "end": "2026-07-02T00:00"}
    logged_in(company.dora).post(address, {**sent, "subject": "Holiday"})
    made.refresh_from_db()
    assert (made.subject, made.scheduledend) == ("Holiday", datetime(2026, 7, 3, tzinfo=UTC))


def test_who_stays_invited_keeps_the_answer_and_nothing_else_is_touched(company: Company) -> None:
    ada = logged_in(company.ada)
    ada.post(reverse("appointment-new"), {**TEA, "required": "a@x.example, b@x.example"})
    made = Appointment.objects.get()
    ActivityParty.objects.filter(addressused="a@x.example").update(responsestatus=3)
    address = reverse("appointment", args=[made.pk])
    ada.post(address, {**TEA, "required": "A@x.example", "optional": "c@x.example, a@x.example"})
    assert parties() == [
        (5, "a@x.example", None),
        (6, "c@x.example", None),
        (7, "ada@example.org", "systemuser"),
    ]
    assert ActivityParty.objects.get(addressused="a@x.example").responsestatus == 3
    version = Appointment.objects.get().modifiedon
    ada.post(address, {**TEA, "required": "a@x.example", "optional": "c@x.example"})
    assert Appointment.objects.get().modifiedon >= version
    assert Audit.objects.filter(act="appointment.edit").count() == 0, "only its people have changed"


@pytest.mark.parametrize(
    ("name", "entered", "field"),
    [
        ("appointment-new", {**TEA, "subject": ""}, "subject"),
        ("appointment-new", {**TEA, "end": "2026-07-01T08:00"}, "end"),
        ("appointment-new", {**TEA, "required": "nonsense"}, "required"),
        ("appointment-new", {**TEA, "start": "tomorrow"}, "start"),
        ("task-new", {**CALL, "percent": "101"}, "percent"),
        ("task-new", {**CALL, "start": "2026-01-02", "due": "2026-01-01"}, "due"),
    ],
)
def test_what_cannot_be_used_says_so_at_its_field(
    company: Company, name: str, entered: dict[str, str], field: str
) -> None:
    answer = logged_in(company.ada).post(reverse(name), entered)
    assert answer.context["form"].errors[field]
    assert not Appointment.objects.exists()
    assert not Task.objects.exists()
    assert not parties()


def test_a_task_is_entered_changed_completed_and_opened_again(company: Company) -> None:
    ada = logged_in(company.ada)
    ada.post(reverse("task-new"), {**CALL, "due": "2026-07-01"})
    made = Task.objects.get()
    assert (made.scheduledend, made.ownerid) == (date(2026, 7, 1), company.ada)
    address = reverse("task", args=[made.pk])
    ada.post(address, {**CALL, "due": "2026-07-01", "percent": "40", "status": "in-progress"})
    made.refresh_from_db()
    assert (made.percentcomplete, made.statuscode) == (40, 3)
    ada.post(reverse("task-act", args=[made.pk, "complete"]))
    made.refresh_from_db()
    assert (made.statecode, made.percentcomplete, made.actualend is not None) == (1, 100, True)
    refused = ada.post(address, {**CALL, "subject": "Other"})
    assert "open it again" in refused.content.decode()
    ada.post(reverse("task-act", args=[made.pk, "open"]))
    made.refresh_from_db()
    assert (made.statecode, made.subject) == (0, "Call")
    ada.post(reverse("task-act", args=[made.pk, "delete"]))
    assert not Task.objects.exists()


def test_the_reminder_of_a_task_is_entered_and_seen_in_the_own_zone(company: Company) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="Asia/Tokyo")
    ada = logged_in(company.ada)
    ada.post(reverse("task-new"), {**CALL, "reminder": "2026-07-01T09:00"})
    made = Task.objects.get()
    assert made.reminderon == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    address = reverse("task", args=[made.pk])
    assert 'value="2026-07-01T09:00"' in ada.get(address).content.decode()
    ada.post(address, {**CALL, "reminder": ""})
    made.refresh_from_db()
    assert made.reminderon is None


def test_who_takes_part_reads_a_meeting_but_only_its_owner_changes_it(company: Company) -> None:
    ada, ben = logged_in(company.ada), logged_in(company.ben)
    ada.post(reverse("appointment-new"), {**TEA, "required": "ben@example.org"})
    ada.post(reverse("appointment-new"), {**TEA, "subject": "Secret"})
    tea, secret = Appointment.objects.get(subject="Tea"), Appointment.objects.get(subject="Secret")
    page = ben.get(reverse("appointment-list")).content.decode()
    assert "Tea" in page
    assert "Secret" not in page
    assert ben.get(reverse("appointment", args=[secret.pk])).status_code == 404
    assert ben.post(reverse("appointment", args=[tea.pk]), {**TEA, "subject": "Mine"}).status_code == 403
    assert ben.post(reverse("appointment-act", args=[tea.pk, "cancel"])).status_code == 403
    assert ada.post(reverse("appointment-act", args=[tea.pk, "cancel"])).status_code == 302
    tea.refresh_from_db()
    assert (tea.subject, tea.statecode, tea.statuscode) == ("Tea", 2, 4)


def test_a_meeting_that_an_outsider_has_called_says_so(company: Company) -> None:
    ada = logged_in(company.ada)
    ada.post(reverse("appointment-new"), TEA)
    ActivityParty.objects.filter(participationtypemask=7).update(
        partyid=None, partyobjecttypecode=None, addressused="boss@else.example"
    )
    page = ada.get(reverse("appointment", args=[Appointment.objects.get().pk])).content.decode()
    assert "boss@else.example has called this meeting" in page


def test_lists_are_searched_by_words(company: Company) -> None:
    ada = logged_in(company.ada)
    for subject in ("Tea with Grete", "Coffee"):
        ada.post(reverse("appointment-new"), {**TEA, "subject": subject})
        ada.post(reverse("task-new"), {**CALL, "subject": subject})
    ada.get("/")  # shows what was said about those that were added
    for name in ("appointment-list", "task-list"):
        page = ada.get(reverse(name), {"q": "gre"}).content.decode()
        assert ("Tea with Grete" in page, "Coffee" in page) == (True, False)


REPAIR = {
    "subject": "Boiler",
    "start": "2026-07-01T09:00",
    "end": "2026-07-01T11:00",
    "status": "reserved",
    "importance": "normal",
}


def test_a_service_activity_is_entered_changed_and_closed_in_the_pages(company: Company) -> None:
    ada = logged_in(company.ada)
    people = {"customers": "Grete <grete@x.example>", "resources": str(company.ben.internalemailaddress)}
    ada.post(reverse("service-new"), {**REPAIR, **people})
    made = ServiceAppointment.objects.get()
    assert (made.ownerid, made.statecode, made.scheduleddurationminutes) == (company.ada, 3, 120)
    address = reverse("service", args=[made.pk])
    shown = ada.get(address).content.decode()
    assert "not in the CRM" in shown
    assert "Customer" in shown
    changed = {**REPAIR, **people, "status": "in-progress", "resources": "", "location": "Cellar"}
    ada.post(address, changed)
    made.refresh_from_db()
    assert (made.statuscode, made.location) == (6, "Cellar")
    assert ActivityParty.objects.filter(activityid=made.pk).count() == 1
    refused = ada.post(address, {**changed, "customers": "nobody"})
    assert "nobody" in refused.content.decode()
    ada.post(reverse("service-act", args=[made.pk, "complete"]))
    made.refresh_from_db()
    assert (made.statecode, made.statuscode) == (1, 8)
    listed = ada.get(reverse("service-list"), {"q": "boil"}).content.decode()
    assert address in listed
    ada.post(reverse("service-act", args=[made.pk, "delete"]))
    assert not ServiceAppointment.objects.exists()


def test_a_resource_sees_a_service_activity_that_others_do_not(company: Company) -> None:
    with actor.acting(actor.INSTALLATION):
        made = services.add(
            {
                "subject": "Boiler",
                "start": datetime(2026, 7, 1, 9, tzinfo=UTC),
                "end": datetime(2026, 7, 1, 10, tzinfo=UTC),
                "resources": [str(company.ben.internalemailaddress)],
            },
            owner=company.ada.domainname,
        )
    address = reverse("service", args=[made.pk])
    assert logged_in(company.ben).get(address).status_code == 200
    ActivityParty.objects.filter(activityid=made.pk).delete()
    assert logged_in(company.ben).get(address).status_code == 404
