"""Series in the pages: entered with every kind of pattern, shown with their occurrences, which are changed and cancelled."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serversync.administration import actor, series, series_occurrences
from serversync.crm.models import (
    ActivityParty,
    Appointment,
    ExchangeSyncIdMapping,
    RecurringAppointmentMaster,
    SyncAttributeMapping,
    UserSettings,
)
from tests.web.company import Company, logged_in, mailbox_of

FIRST = date(2999, 1, 7)
"""A Monday."""
WATCH = {
    "subject": "Watch",
    "location": "Tower",
    "first_day": "2999-01-07",
    "begins": "09:00",
    "ends": "10:00",
    "days_later": "0",
    "time_zone": "Europe/Berlin",
    "pattern": "weekly",
    "interval": "1",
    "weekdays": ["monday"],
    "week_start": "sunday",
    "day": "7",
    "nth": "first",
    "nth_of": "monday",
    "month": "january",
    "end": "after",
    "count": "4",
    "until": "",
    "required": "Grace <grace@else.example>",
    "show_as": "busy",
    "importance": "normal",
}
BERLIN = ZoneInfo("Europe/Berlin")


def made(company: Company, **given: Any) -> RecurringAppointmentMaster:
    answer = logged_in(company.ada).post(reverse("series-new"), {**WATCH, **given})
    assert answer.status_code == 302, answer.context["form"].errors
    return RecurringAppointmentMaster.objects.get()


def page_of(company: Company, row: RecurringAppointmentMaster, **query: str) -> str:
    return logged_in(company.ada).get(reverse("series", args=[row.pk]), query).content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {},
            "Every week on Monday, from 2999-01-07, 4 times; from 09:00 to 10:00, by the clock of Europe/Berlin.",
        ),
        ({"pattern": "daily", "interval": "3"}, "Every 3 days, from 2999-01-07, 4 times;"),
        ({"pattern": "weekdays", "end": "never"}, "Every weekday, from 2999-01-07; from 09:00"),
        (
            {"weekdays": ["saturday", "sunday"], "interval": "2"},
            "Every 2 weeks on weekend days, from 2999-01-12, 4 times;",
        ),
        (
            {"pattern": "monthly", "end": "on", "until": "2999-06-30"},
            "Every month on day 7, from 2999-01-07 to 2999-06-30;",
        ),
        (
            {"pattern": "monthly-nth", "nth": "last", "nth_of": "weekday"},
            "Every month on the last weekday, from 2999-01-31, 4 times;",
        ),
        ({"pattern": "yearly", "day": "8"}, "Every year on day 8 of January, from 2999-01-08, 4 times;"),
        (
            {"pattern": "yearly-nth", "nth": "second", "nth_of": "tuesday", "month": "may"},
            "Every year on the second Tuesday of May, from 2999-05-14, 4 times;",
        ),
        ({"begins": "22:00", "ends": "06:00", "days_later": "1"}, "from 22:00 to 06:00 of the next day"),
        ({"is_all_day": "on", "days_later": "1"}, "4 times; 2 whole days, by the clock"),
    ],
)
def test_a_series_is_entered_and_said_in_a_sentence(
    company: Company, given: dict[str, Any], said: str
) -> None:
    row = made(company, **given)
    assert row.ownerid == company.ada
    assert said in page_of(company, row)
    assert said in logged_in(company.ada).get(reverse("series-list")).content.decode()
    assert ActivityParty.objects.filter(activityid=row.pk).count() == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"weekdays": []}, "weekdays"),
        ({"pattern": "monthly", "day": ""}, "day"),
        ({"count": ""}, "count"),
        ({"end": "on"}, "until"),
        ({"ends": "08:00"}, "ends"),
        ({"begins": ""}, "begins"),
        ({"days_later": "8"}, "days_later"),
        ({"interval": "100"}, "interval"),
        ({"interval": ""}, "interval"),
        ({"time_zone": "Atlantis"}, "time_zone"),
        ({"first_day": "soon"}, "first_day"),
        ({"required": "nonsense"}, "required"),
    ],
)
def test_what_cannot_be_used_says_so_at_its_field(
    company: Company, given: dict[str, Any], field: str
) -> None:
    answer = logged_in(company.ada).post(reverse("series-new"), {**WATCH, **given})
    assert list(answer.context["form"].errors) == [field]
    assert not RecurringAppointmentMaster.objects.exists()


def test_a_form_that_is_saved_as_it_was_shown_changes_nothing(company: Company) -> None:
    row = made(company, interval="2", weekdays=["monday", "thursday"], week_start="monday", importance="high")
    before = RecurringAppointmentMaster.objects.values().get()
    client = logged_in(company.ada)
    form = client.get(reverse("series", args=[row.pk])).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    shown = {
        name: f"{value:%H:%M}" if isinstance(value, time) else "" if value is None else value
        for name, value in sent.items()
        if value is not False
    }
    assert client.post(reverse("series", args=[row.pk]), shown).status_code == 302
    after = RecurringAppointmentMaster.objects.values().get()
    assert after | {"modifiedon": None} == before | {"modifiedon": None}
    client.post(reverse("series", args=[row.pk]), {**shown, "pattern": "monthly"})
    changed = RecurringAppointmentMaster.objects.get()
    assert (changed.recurrencepatterntype, changed.dayofmonth, changed.prioritycode) == (2, 7, 2)


def test_its_occurrences_are_shown_changed_and_cancelled(company: Company) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="Asia/Tokyo")
    row = made(company)
    client = logged_in(company.ada)
    second, third = (FIRST + timedelta(7 * number) for number in (1, 2))
    address = reverse("series-occurrence", args=[row.pk, second.isoformat()])
    form = client.get(address).context["form"]
    assert form.initial["start"].isoformat() == "2999-01-14T17:00:00+09:00"
    sent = {
        "subject": "Late watch",
        "location": "Tower",
        "importance": "normal",
        "description": "",
        "required": "Grace <grace@else.example>",
    }
    client.post(address, {**sent, "start": "2999-01-15T20:00", "end": "2999-01-15T21:00"})
    one = Appointment.objects.get()
    assert (one.scheduledstart, one.modifiedfieldsmask) == (
        datetime(2999, 1, 15, 11, tzinfo=UTC),
        "scheduledstart,subject",
    )
    client.post(reverse("series-occurrence-cancel", args=[row.pk, third.isoformat()]))
    page = page_of(company, row)
    assert page.count("As the series") == 2
    assert page.count(">Changed<") == page.count(">Cancelled<") == 1
    assert "15 Jan 2999, 20:00" in page
    assert "Late watch" in page
    gone = client.get(reverse("series-occurrence", args=[row.pk, third.isoformat()])).content.decode()
    assert "Cancel this occurrence" not in gone
    refused = client.post(address, {**sent, "start": "2999-01-28T09:00", "end": "2999-01-28T10:00"}).context[
        "form"
    ]
    assert "choose a day between its neighbours" in refused.errors["start"][0].lower()
    for day in ("2999-01-15", "soon"):
        assert client.get(reverse("series-occurrence", args=[row.pk, day])).status_code == 404


def test_guests_of_one_occurrence_are_entered_and_shown_with_their_answers(company: Company) -> None:
    row = made(company)
    client, address = logged_in(company.ada), reverse("series-occurrence", args=[row.pk, "2999-01-14"])
    form = client.get(address).context["form"]
    assert form["required"].value() == "Grace <grace@else.example>"
    sent = {name: form[name].value() or "" for name in form.fields if name != "is_all_day"}
    guests = {
        "required": f"{sent['required']}; Ben <ben@example.org>",
        "resources": "Hall <hall@example.org>",
    }
    assert client.post(address, {**sent, **guests}).status_code == 302
    one = Appointment.objects.get()
    assert one.modifiedfieldsmask == "requiredattendees,resources"
    ActivityParty.objects.filter(activityid=one.pk, addressused="ben@example.org").update(responsestatus=4)
    page = client.get(address)
    shown = {each["address"]: (each["part"], each["answer"]) for each in page.context["participants"]}
    assert shown["ben@example.org"] == ("Required attendee", "Decline")
    assert shown["hall@example.org"] == ("Resource", "NoResponseReceived")
    assert "Decline" in page.content.decode()
    of_series = client.get(reverse("series", args=[row.pk])).context["participants"]
    assert "ben@example.org" not in {each["address"] for each in of_series}
    refused = client.post(address, {**sent, "optional": "nonsense"}).context["form"]
    assert list(refused.errors) == ["optional"]
    assert client.post(address, sent).status_code == 302
    assert not Appointment.objects.exists()


def test_an_occurrence_says_whose_meeting_it_is_where_an_outsider_has_called_it(company: Company) -> None:
    row = made(company)
    ActivityParty.objects.filter(activityid=row.pk, participationtypemask=7).update(
        partyid=None, partyobjecttypecode=None, addressused="eve@else.example"
    )
    page = logged_in(company.ada).get(reverse("series-occurrence", args=[row.pk, "2999-01-14"]))
    assert "eve@else.example has called this meeting" in page.content.decode()


def test_what_cannot_be_cancelled_says_why(company: Company) -> None:
    row = made(company, count="1")
    address = reverse("series-occurrence-cancel", args=[row.pk, "2999-01-07"])
    answer = logged_in(company.ada).post(address, follow=True)
    assert "it is the last one that is left" in answer.content.decode()


def test_whole_days_are_the_days_of_the_series_in_every_zone(company: Company) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="America/Los_Angeles")
    row = made(company, is_all_day="on", days_later="1")
    assert '<time datetime="2999-01-07">7 Jan 2999</time>' in page_of(company, row)
    assert '<time datetime="2999-01-08">8 Jan 2999</time>' in page_of(company, row)
    address = reverse("series-occurrence", args=[row.pk, "2999-01-07"])
    form = logged_in(company.ada).get(address).context["form"]
    assert (form.initial["start"].date(), form.initial["end"].date()) == (FIRST, FIRST + timedelta(1))


def test_later_occurrences_are_a_link_away(company: Company) -> None:
    row = made(company, pattern="daily", end="never")
    first = page_of(company, row)
    assert "16 Jan 2999, 09:00" in first
    assert 'href="?from=2999-01-17"' in first
    assert "26 Jan 2999, 09:00" in page_of(company, row, **{"from": "2999-01-17"})
    for odd in ("yesterday", "0001-01-01", "9999-12-31"):
        assert logged_in(company.ada).get(reverse("series", args=[row.pk]), {"from": odd}).status_code == 200


def test_who_takes_part_reads_a_series_but_only_its_owner_changes_it(company: Company) -> None:
    row = made(company, required="ben@example.org")
    ben = logged_in(company.ben)
    assert "Watch" in ben.get(reverse("series-list")).content.decode()
    address = reverse("series", args=[row.pk])
    assert 'name="subject"' in ben.get(address).content.decode()
    assert ben.post(address, {**WATCH, "subject": "Mine"}).status_code == 403
    occurrence = [row.pk, "2999-01-07"]
    times = {"start": "2999-01-07T09:00", "end": "2999-01-07T10:00", "importance": "normal"}
    sent = {"subject": "Mine", **times}
    assert ben.post(reverse("series-occurrence", args=occurrence), sent).status_code == 403
    assert ben.post(reverse("series-occurrence-cancel", args=occurrence)).status_code == 403
    assert ben.post(reverse("series-act", args=[row.pk, "cancel"])).status_code == 403
    ActivityParty.objects.filter(participationtypemask=5).delete()
    assert ben.get(address).status_code == 404
    row.refresh_from_db()
    assert (row.subject, row.statecode) == ("Watch", 3)


def test_a_series_is_completed_opened_again_and_deleted_with_its_occurrences(company: Company) -> None:
    row = made(company)
    ada = logged_in(company.ada)
    with actor.acting(actor.INSTALLATION):
        series_occurrences.change(series_occurrences.find(row, FIRST), {"subject": "Other"})
    ada.post(reverse("series-act", args=[row.pk, "complete"]))
    refused = ada.post(reverse("series", args=[row.pk]), {**WATCH, "subject": "Later"})
    assert "open it again" in refused.content.decode()
    ada.post(reverse("series-act", args=[row.pk, "open"]))
    ada.post(reverse("series-act", args=[row.pk, "delete"]))
    assert not RecurringAppointmentMaster.objects.exists()
    assert not Appointment.objects.exists()


def test_a_series_without_a_pattern_gets_one_in_the_form(company: Company) -> None:
    row = made(company)
    RecurringAppointmentMaster.objects.update(timezone="nonsense")
    assert "It has no pattern" in page_of(company, row)
    logged_in(company.ada).post(reverse("series", args=[row.pk]), WATCH)
    row.refresh_from_db()
    assert row.timezone == "Europe/Berlin"


def link(company: Company, row: RecurringAppointmentMaster, **given: Any) -> None:
    ExchangeSyncIdMapping.objects.update_or_create(
        mailboxid=mailbox_of(company.ada),
        objectid=row.pk,
        defaults={"objecttypecode": "recurringappointmentmaster", "itemsubject": "Watch", **given},
    )


def test_the_page_says_how_it_stands_in_exchange(company: Company) -> None:
    row = made(company)
    assert "It stands in no mailbox" in page_of(company, row)
    link(company, row)
    assert "In step" in page_of(company, row)
    conflict = {"name": "occurrence:2999-01-07", "crm": "Planted", "exchange": "Other", "winner": "crm"}
    link(
        company,
        row,
        conflicts=[conflict],
        lastsyncerror='series.not-expressible: The series "Watch" is not synchronized.',
    )
    for user, sees in ((company.ada, True), (company.dora, True)):
        page = logged_in(user).get(reverse("series", args=[row.pk])).content.decode()
        assert ("Not synchronized" in page, "Planted" in page) == (sees, sees)
    ActivityParty.objects.create(
        activityid_id=row.pk,
        participationtypemask=6,
        partyid=company.ben.pk,
        partyobjecttypecode="systemuser",
    )
    of_ben = logged_in(company.ben).get(reverse("series", args=[row.pk])).content.decode()
    assert "It stands in no mailbox that you may see" in of_ben
    assert "Planted" not in of_ben


def test_a_long_list_is_searched_and_paged_with_as_many_queries_as_a_short_one(company: Company) -> None:
    made(company)
    client = logged_in(company.dora)
    client.get(reverse("series-list"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("series-list"))
    with actor.acting(actor.INSTALLATION):
        first = RecurringAppointmentMaster.objects.get()
        for number in range(60):
            first.pk, first.subject = uuid4(), f"Watch {number}"
            first._state.adding = True
            first.createdon = first.createdon + timedelta(minutes=1)
            first.save()
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse("series-list")).content.decode()
    assert len(many) <= len(few) + 1
    assert "Watch 59" in page
    assert "Older" in page
    found = client.get(reverse("series-list"), {"q": "watch 17"}).content.decode()
    assert ("Watch 17" in found, "Watch 18" in found) == (True, False)


def test_what_the_use_case_keeps_of_an_unknown_set_of_days_stays_in_the_form(company: Company) -> None:
    row = made(company, pattern="monthly-nth")
    RecurringAppointmentMaster.objects.update(daysofweekmask=2 + 8)
    client = logged_in(company.ada)
    form = client.get(reverse("series", args=[row.pk])).context["form"]
    assert form.initial["nth_of"] == "monday,wednesday"
    with actor.acting(actor.INSTALLATION):
        row.refresh_from_db()
        series.edit(row, {"subject": "Other"})
    assert RecurringAppointmentMaster.objects.get().daysofweekmask == 10


def test_hours_are_those_of_berlin_over_the_change_of_its_clock(company: Company) -> None:
    row = made(company, first_day="2999-03-25", weekdays=["monday"], count="3")
    shown = [
        series_occurrences.find(row, date(2999, 3, 25) + timedelta(7 * number)).start.astimezone(BERLIN).hour
        for number in range(3)
    ]
    assert shown == [9, 9, 9]


def test_which_way_the_fields_of_series_go_is_set_on_the_page_of_settings(company: Company) -> None:
    dora, address = logged_in(company.dora), reverse("settings-fields", args=["series"])
    page = dora.get(address)
    assert "Synchronized fields: series" in page.content.decode()
    assert page.context["form"].fields["recurrencepattern"].disabled
    settable = {"subject": "both", "description": "both", "location": "to-crm"}
    assert dora.post(address, settable).status_code == 302
    found = SyncAttributeMapping.objects.get()
    assert (found.entitytypecode, found.attributecrmname) == ("recurringappointmentmaster", "location")
    assert dora.get(reverse("settings-fields", args=["message"])).status_code == 404


@pytest.mark.parametrize(
    ("given", "own", "is_said"),
    [
        ({}, "Asia/Tokyo", True),
        ({}, "Europe/Berlin", False),
        ({"is_all_day": "on"}, "Asia/Tokyo", False),
    ],
)
def test_the_page_says_by_whose_clock_times_are_where_it_is_not_that_of_the_series(
    company: Company, given: dict[str, Any], own: str, is_said: bool
) -> None:
    row = made(company, **given)
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone=own)
    one = logged_in(company.ada).get(reverse("series-occurrence", args=[row.pk, "2999-01-14"]))
    for page in (page_of(company, row), one.content.decode()):
        assert (f"The times below are by your own clock, {own}." in page) is is_said
