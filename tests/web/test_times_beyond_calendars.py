"""Times that no calendar knows are refused with a reason on every page that takes some, in every zone."""

import pytest
from django.urls import reverse

from serversync.crm.models import Appointment, PhoneCall, ServiceAppointment, Task, UserSettings
from tests.web.company import Company, logged_in

ENTRIES = {
    "subject": "Tea",
    "importance": "normal",
    "show_as": "busy",
    "percent": "0",
    "direction": "outgoing",
}
PAGES = {
    "appointment-new": ("tentative", "end"),
    "service-new": ("requested", "end"),
    "task-new": ("not-started", "reminder"),
    "phonecall-new": ("", "reminder"),
}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("when", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("all_day", ["", "on"])
def test_a_time_that_no_calendar_knows_is_refused_and_says_why(
    company: Company, zone: str, name: str, when: str, all_day: str
) -> None:
    UserSettings.objects.filter(pk=company.ada.pk).update(timezone=zone)
    status, field = PAGES[name]
    given = {**ENTRIES, "status": status, "start": when if field == "end" else "", field: when}
    answer = logged_in(company.ada).post(
        reverse(name), {**given, **({"is_all_day": all_day} if all_day else {})}
    )
    assert answer.status_code == 200
    assert "It is not in one of the years 1602 to 4499" in answer.content.decode()
    for model in (Appointment, PhoneCall, ServiceAppointment, Task):
        assert not model.objects.exists()
