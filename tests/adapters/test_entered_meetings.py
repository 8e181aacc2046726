"""What people enter, change and cancel in the CRM stands in every mailbox, and whoever is outside hears of it once."""

from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections

from serversync.administration import activities, appointments
from serversync.crm.models import Appointment
from tests.adapters.meeting_company import ADA, BEN, GRACE, HOUR, MeetingCompany, next_week
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


async def in_django(act: Any, *arguments: Any, **named: Any) -> Any:
    def done() -> Any:
        try:
            return act(*arguments, **named)
        finally:
            connections.close_all()

    return await sync_to_async(done)()


async def test_an_appointment_that_was_entered_invites_and_each_change_is_told_once(
    company: MeetingCompany,
) -> None:
    entered: appointments.AppointmentEntries = {
        "subject": "Kick-off",
        "start": next_week(),
        "end": next_week() + HOUR,
        "location": "Room 1",
        "required": [BEN, f"Grace <{GRACE}>"],
    }
    made = await in_django(appointments.add, entered, owner=ADA)
    await company.settle()
    for address in (ADA, BEN):
        item = await company.the_only(address)
        assert (item.subject, item.location, item.start) == ("Kick-off", "Room 1", next_week())
    assert company.mail_to_grace() == ["REQUEST: Kick-off"]

    def move() -> None:
        row = Appointment.objects.get(pk=made.pk)
        appointments.edit(row, {"start": next_week() + HOUR, "end": next_week() + 2 * HOUR})

    await in_django(move)
    await company.settle()
    assert (await company.the_only(BEN)).start == next_week() + HOUR
    assert company.mail_to_grace() == ["REQUEST: Kick-off", "REQUEST: Kick-off"]

    def without_grace() -> None:
        appointments.edit(Appointment.objects.get(pk=made.pk), {"required": [BEN]})

    await in_django(without_grace)
    await company.settle()
    assert company.mail_to_grace()[2:] == ["CANCEL: Canceled: Kick-off"]

    def cancel() -> None:
        activities.set_state(activities.APPOINTMENT, Appointment.objects.get(pk=made.pk), "cancel")

    await in_django(cancel)
    await company.settle()
    assert (await company.the_only(ADA)).legacy_free_busy_status == "Free"
    assert len(company.mail_to_grace()) == 3
    assert company.rows("activityid") == [(made.pk,)]
