"""Everybody chooses on the page of personal options whether companies in Outlook are kept."""

from django.urls import reverse

from serversync.crm.models import UserSettings
from tests.web.company import Company, logged_in

OPTIONS = {"track": "responses", "new_senders": "nothing", "timezone": ""}


def test_companies_are_kept_until_one_unticks_them(company: Company) -> None:
    ada = logged_in(company.ada)
    assert ada.get(reverse("options")).context["form"].initial["company"] is True
    assert ada.post(reverse("options"), OPTIONS).status_code == 302
    assert not UserSettings.objects.get(pk=company.ada.pk).synccontactcompany
    assert UserSettings.objects.get(pk=company.dora.pk).synccontactcompany
    assert ada.get(reverse("options")).context["form"].initial["company"] is False
    ada.post(reverse("options"), {**OPTIONS, "company": "on"})
    assert UserSettings.objects.get(pk=company.ada.pk).synccontactcompany
