"""Phone calls, letters and faxes in the pages: one form for the three, in the zone of who looks, each by whom it may be."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.urls import reverse

from serversync.crm.models import Audit, Fax, Letter, PhoneCall, SavedQuery, UserSettings
from tests.web.company import Company, logged_in

KINDS = [
    ("phonecall", PhoneCall, "phonenumber", "Phone Number", "phone call"),
    ("letter", Letter, "address", "Address", "letter"),
    ("fax", Fax, "faxnumber", "Fax Number", "fax"),
]
OFFER = {"subject": "Offer", "direction": "outgoing", "importance": "normal"}


@pytest.mark.parametrize(("word", "model", "column", "label", "noun"), KINDS)
def test_one_is_entered_changed_completed_and_opened_again(
    company: Company, word: str, model: Any, column: str, label: str, noun: str
) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="Asia/Tokyo")
    ada = logged_in(company.ada)
    form = ada.get(reverse(f"{word}-new")).content.decode()
    assert (f"New {noun}" in form, label in form) == (True, True)
    given = {**OFFER, "destination": "55 10", "due": "2026-07-02", "reminder": "2026-07-01T09:00"}
    ada.post(reverse(f"{word}-new"), given)
    made = model.objects.get()
    assert (getattr(made, column), made.scheduledend, made.ownerid) == (
        "55 10",
        date(2026, 7, 2),
        company.ada,
    )
    assert made.reminderon == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    address = reverse(word, args=[made.pk])
    assert 'value="2026-07-01T09:00"' in ada.get(address).content.decode()
    changed = {**given, "direction": "incoming", "began": "2026-06-30", "destination": "", "reminder": ""}
    ada.post(address, changed)
    made.refresh_from_db()
    assert (made.directioncode, made.actualstart, made.reminderon) == (False, date(2026, 6, 30), None)
    assert getattr(made, column) is None
    ada.post(reverse(f"{word}-act", args=[made.pk, "complete"]))
    made.refresh_from_db()
    assert (made.statecode, made.actualend is not None) == (1, True)
    assert "open it again" in ada.post(address, {**changed, "subject": "Bid"}).content.decode()
    ada.post(reverse(f"{word}-act", args=[made.pk, "open"]))
    page = ada.get(reverse(f"{word}-list"), {"q": "off"}).content.decode()
    assert ("Offer" in page, "Incoming" in page, "2 Jul 2026" in page) == (True, True, True)
    assert "Nothing matches" in ada.get(reverse(f"{word}-list"), {"q": "tea"}).content.decode()
    assert set(Audit.objects.filter(objectid=made.pk).values_list("act", flat=True)) == {
        f"{word}.{act}" for act in ("add", "edit", "complete", "open")
    }
    ada.post(reverse(f"{word}-act", args=[made.pk, "delete"]))
    assert not model.objects.exists()


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"start": "2026-01-02", "due": "2026-01-01"}, "due"),
        ({"direction": "sideways"}, "direction"),
        ({"destination": "x" * 201}, "destination"),
        ({"reminder": "soon"}, "reminder"),
    ],
)
def test_what_cannot_be_used_says_so_at_its_field(
    company: Company, entered: dict[str, str], field: str
) -> None:
    answer = logged_in(company.ada).post(reverse("fax-new"), {**OFFER, **entered})
    assert answer.context["form"].errors[field]
    assert not Fax.objects.exists()


def test_one_of_somebody_else_is_neither_seen_nor_changed(company: Company) -> None:
    made = PhoneCall.objects.create(subject="Offer", ownerid=company.ada)
    ben = logged_in(company.ben)
    assert "Offer" not in ben.get(reverse("phonecall-list")).content.decode()
    assert ben.get(reverse("phonecall", args=[made.pk])).status_code == 404
    assert ben.post(reverse("phonecall-act", args=[made.pk, "delete"])).status_code == 404
    assert PhoneCall.objects.filter(pk=made.pk).exists()


def test_their_filters_and_templates_stand_beside_the_others_by_their_names(company: Company) -> None:
    dora = logged_in(company.dora)
    for page in (reverse("user-filters", args=[company.ada.pk]), reverse("filter-templates")):
        shown = dora.get(page).content.decode()
        for words in (
            "Phone calls",
            "Letters",
            "Faxes",
            "My Phone Calls",
            "My Letters",
            "My Faxes",
            "Series",
        ):
            assert words in shown, words
    given = {
        "name": "Urgent faxes",
        "match": "all",
        "attribute1": "prioritycode",
        "operator1": "eq",
        "value1": "2",
    }
    dora.post(reverse("filter-template-new", args=["fax"]), given)
    assert set(SavedQuery.objects.filter(returnedtypecode="fax").values_list("name", flat=True)) == {
        "My Faxes",
        "Urgent faxes",
    }
