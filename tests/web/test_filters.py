"""Synchronization filters in the pages: looked at, previewed, changed, reset, and applied to everybody."""

import re

import pytest
from django.urls import reverse

from serversync.crm.models import Audit, Contact, SavedQuery, UserQuery
from tests.web.company import Company, logged_in

LISBON = {
    "name": "Lisbon",
    "match": "all",
    "attribute1": "ownerid",
    "operator1": "eq-userid",
    "attribute2": "address1_city",
    "operator2": "eq",
    "value2": "Lisbon",
}


def test_a_user_sees_the_filters_that_everybody_begins_with_as_sentences(company: Company) -> None:
    Contact.objects.create(lastname="Hopper", ownerid=company.ada)
    page = logged_in(company.ada).get(reverse("filters")).content.decode()
    assert "My Outlook Contacts" in page
    assert "Owner is the user and State is Active" in page
    assert "Takes part (organizer, required, optional) is the user" in page


def test_what_the_filters_of_a_kind_let_in_is_counted_when_it_is_asked_for(company: Company) -> None:
    Contact.objects.create(lastname="Hopper", ownerid=company.ada)
    ada = logged_in(company.ada)
    page = ada.get(reverse("filters")).content.decode()
    assert "in the filters" not in page
    (link,) = re.findall(r'href="(\?count=contact)#kind-contact"', page)
    counted = ada.get(reverse("filters") + link).content.decode()
    assert counted.count("<strong>1</strong> in the filters; with the next pass 1 begin") == 1
    assert counted.count("in the filters") == 1, "of the kind that was asked for alone"
    assert "?count=contact" not in counted
    assert "?count=task#kind-task" in counted
    assert "in the filters" not in ada.get(reverse("filters") + "?count=nonsense").content.decode()


def test_a_filter_is_previewed_before_it_is_added_and_an_audit_says_what_was_done(company: Company) -> None:
    ada = logged_in(company.ada)
    Contact.objects.create(lastname="Hopper", address1_city="lisbon", ownerid=company.ada)
    Contact.objects.create(lastname="Curie", address1_city="Paris", ownerid=company.ada)
    ada.get(reverse("filters"))
    first = UserQuery.objects.get(ownerid=company.ada, returnedtypecode="contact")
    page = ada.post(reverse("user-filter", args=[first.pk]), {**LISBON, "act": "preview"}).content.decode()
    assert "<dt>In the filters</dt><dd>1</dd>" in page
    assert "Nothing is saved yet." in page
    first.refresh_from_db()
    assert first.name == "My Outlook Contacts"
    ada.post(reverse("user-filter", args=[first.pk]), {**LISBON, "act": "save"})
    first.refresh_from_db()
    assert (first.name, first.conditions[1]["value"]) == ("Lisbon", "Lisbon")
    ada.post(reverse("user-filter-act", args=[first.pk, "deactivate"]))
    first.refresh_from_db()
    assert (first.statecode, first.statuscode) == (1, 2)
    made = {"name": "Curies", "match": "any", "attribute1": "lastname", "operator1": "begins-with"}
    answer = ada.post(reverse("user-filter-new", args=[company.ada.pk, "contact"]), made)
    assert answer.context["form"].errors["attribute1"] == ["Lastname needs a value to compare with."]
    ada.post(reverse("user-filter-new", args=[company.ada.pk, "contact"]), {**made, "value1": "Cur"})
    added = UserQuery.objects.get(name="Curies")
    assert added.isany
    ada.post(reverse("user-filter-act", args=[added.pk, "delete"]))
    assert not UserQuery.objects.filter(name="Curies").exists()
    acts = set(Audit.objects.values_list("act", flat=True))
    assert {"filter.edit", "filter.add", "filter.deactivate", "filter.delete"} <= acts


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"attribute1": "", "attribute2": ""}, "attribute1"),
        ({"operator2": "eq-userid"}, "attribute2"),
        ({"name": ""}, "name"),
        ({"name": "My Tasks"}, None),
    ],
)
def test_what_makes_no_sense_says_so_and_nothing_is_saved(
    company: Company, change: dict[str, str], field: str | None
) -> None:
    ada = logged_in(company.ada)
    ada.get(reverse("filters"))
    answer = ada.post(
        reverse("user-filter-new", args=[company.ada.pk, "contact"]), {**LISBON, **change, "act": "save"}
    )
    if field is None:
        assert answer.status_code == 302, "another kind may have a filter of this name"
    else:
        assert answer.context["form"].errors[field]
        assert UserQuery.objects.filter(ownerid=company.ada).count() == 11


def test_filters_of_somebody_else_are_not_there_for_who_may_not_see_them(company: Company) -> None:
    ben = logged_in(company.ben)
    ben.get(reverse("filters"))
    of_ben = UserQuery.objects.filter(ownerid=company.ben).first()
    assert of_ben is not None
    ada = logged_in(company.ada)
    for address in (
        reverse("user-filters", args=[company.ben.pk]),
        reverse("user-filter", args=[of_ben.pk]),
        reverse("user-filters-reset", args=[company.ben.pk]),
    ):
        assert ada.get(address).status_code == 404
    assert ada.post(reverse("user-filter-act", args=[of_ben.pk, "delete"])).status_code == 404
    assert UserQuery.objects.filter(pk=of_ben.pk).exists()
    assert ada.get(reverse("filter-templates")).status_code == 403


def test_the_defaults_are_edited_and_given_to_users_by_who_administers(company: Company) -> None:
    ada, dora = logged_in(company.ada), logged_in(company.dora)
    ada.get(reverse("filters"))
    template = SavedQuery.objects.get(returnedtypecode="contact")
    dora.post(reverse("filter-template", args=[template.pk]), LISBON)
    assert (
        UserQuery.objects.get(ownerid=company.ada, returnedtypecode="contact").name == "My Outlook Contacts"
    )
    page = ada.get(reverse("user-filters-reset", args=[company.ada.pk])).content.decode()
    assert "Lisbon: Owner is the user and Business Address: City is Lisbon" in page
    ada.post(reverse("user-filters-reset", args=[company.ada.pk]))
    assert UserQuery.objects.get(ownerid=company.ada, returnedtypecode="contact").name == "Lisbon"
    dora.post(reverse("filter-template-act", args=[template.pk, "deactivate"]))
    page = dora.get(reverse("filter-templates-apply")).content.decode()
    assert "Replace 11 filters of 3 users" in page
    dora.post(reverse("filter-templates-apply"))
    assert not UserQuery.objects.filter(returnedtypecode="contact").exists()
    assert UserQuery.objects.filter(ownerid=company.ben).count() == 10
    answer = dora.post(reverse("filter-template-act", args=[template.pk, "delete"]), follow=True)
    assert "comes with the program; deactivate it instead" in answer.content.decode()
    dora.post(reverse("filter-template-new", args=["task"]), {**LISBON, "attribute2": "subject"})
    assert SavedQuery.objects.filter(returnedtypecode="task").count() == 2


def test_what_a_person_wrote_into_a_filter_is_shown_as_text(company: Company) -> None:
    ada = logged_in(company.ada)
    ada.post(
        reverse("user-filter-new", args=[company.ada.pk, "contact"]),
        {**LISBON, "name": "<script>a</script>", "value2": "<b>'; drop table contact; --"},
    )
    page = ada.get(reverse("filters")).content.decode()
    assert "<script>a" not in page
    assert "&lt;b&gt;&#x27;; drop table contact; --" in page
    assert Contact.objects.count() == 0
