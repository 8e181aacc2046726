"""Who is logged in sees and enters times in the own time zone; another one's is another one's affair."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from serversync.administration import actor, organization
from serversync.administration.work import Bucket
from serversync.crm.models import Audit, Email, UserSettings
from serversync.web.pages.overview import plots
from tests.web.company import Company, logged_in

OPTIONS = {"track": "responses", "new_senders": "nothing", "company": "on"}


def test_times_are_shown_in_the_zone_of_who_looks_with_utc_in_the_title(company: Company) -> None:
    Email.objects.filter(pk=company.of_ada.pk).update(
        receivedon=datetime(2025, 7, 1, 22, 30, tzinfo=UTC), senton=None
    )
    ada, address = logged_in(company.ada), reverse("email", args=[company.of_ada.pk])
    page = ada.get(address).content.decode()
    assert "1 Jul 2025, 22:30" in page
    assert "times are those of UTC" in page
    ada.post(reverse("options"), {**OPTIONS, "timezone": "Asia/Tokyo"})
    page = ada.get(address).content.decode()
    assert 'title="2025-07-01 22:30:00 UTC">2 Jul 2025, 07:30' in page
    assert "times are those of Asia/Tokyo" in page
    assert "22:30:00 UTC" in logged_in(company.dora).get(address).content.decode()
    assert Audit.objects.filter(act="user.options").count() == 1


def test_the_times_of_the_plots_are_those_of_who_looks() -> None:
    buckets = [Bucket(datetime(2025, 7, 1, hour, tzinfo=UTC)) for hour in (22, 23)]
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        plot = plots.draw("Items", buckets, "items")
    assert [bar.at for bar in plot.bars] == [plot.first, plot.last] == ["2 Jul 07:00", "2 Jul 08:00"]


def test_who_has_chosen_none_sees_the_organizations_zone(company: Company) -> None:
    with actor.acting(actor.INSTALLATION):
        organization.change("defaulttimezone", "W. Europe Standard Time")
    assert "times are those of Europe/Berlin" in logged_in(company.ada).get("/options/").content.decode()


def test_what_is_entered_is_meant_in_the_own_zone(company: Company) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone="Asia/Tokyo")
    logged_in(company.ada).post(
        reverse("new-email"),
        {
            "sender": "ada@example.org",
            "to": "grete@harbour.example",
            "subject": "Later",
            "importance": "normal",
            "send_later": "2030-01-01T09:00",
            "act": "save",
        },
    )
    made = Email.objects.get(subject="Later")
    assert made.delayedemailsendtime == datetime(2030, 1, 1, 0, 0, tzinfo=UTC)


def test_a_zone_that_nobody_knows_is_refused(company: Company) -> None:
    answer = logged_in(company.ada).post(reverse("options"), {**OPTIONS, "timezone": "Middle-earth"})
    assert answer.context["form"].errors["timezone"]
    assert UserSettings.objects.get(pk=company.ada.pk).timezone is None
