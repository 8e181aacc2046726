"""What people enter on the pages of series stands in Outlook after a pass, as exchangelib sees it."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.urls import reverse

from serversync.administration import actor, people
from serversync.crm.models import RecurringAppointmentMaster, SystemUser
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_series_in_step import BERLIN, DAYS, Company, at, master
from tests.adapters.test_series_in_step import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture
from tests.web.company import logged_in

WATCH = {
    "subject": "Watch",
    "location": "Tower",
    "first_day": "2027-03-01",
    "begins": "09:00",
    "ends": "10:00",
    "days_later": "0",
    "time_zone": "Europe/Berlin",
    "pattern": "weekly",
    "interval": "1",
    "weekdays": ["monday"],
    "week_start": "sunday",
    "day": "1",
    "nth": "first",
    "nth_of": "monday",
    "month": "march",
    "end": "after",
    "count": "8",
    "show_as": "busy",
    "importance": "normal",
}


async def sends(ada: Any, name: str, *arguments: Any, **entered: Any) -> None:
    """Ada sends the form of a page, in the zone in which she sees times: UTC."""

    def done() -> None:
        try:
            user = SystemUser.objects.get(pk=ada.pk)
            with actor.acting(actor.INSTALLATION):
                people.edit(user, roles=["Salesperson"])
            key = RecurringAppointmentMaster.objects.values_list("pk", flat=True).first()
            where = reverse(name, args=[key, *arguments] if key else [])
            answer = logged_in(user).post(where, entered)
            assert answer.status_code == 302, answer.context["form"].errors
        finally:
            connections.close_all()

    await sync_to_async(done)()


def hours(seen: list[tuple[Any, ...]]) -> list[int]:
    return [start.astimezone(BERLIN).hour for start, *_ in seen]


async def test_a_series_of_the_page_is_made_changed_and_has_exceptions_in_outlook(
    company: Company, world: SimpleNamespace
) -> None:
    await sends(world.ada, "series-new", **WATCH)
    await company.bring_into_step()
    seen = await company.agree()
    assert hours(seen) == [9] * 8
    assert {(subject, location) for *_, subject, location in seen} == {("Watch", "Tower")}

    third = {"subject": "Late watch", "location": "Tower", "importance": "normal"}
    moved = {"start": f"{DAYS[2]}T14:00", "end": f"{DAYS[2]}T15:30"}
    await sends(world.ada, "series-occurrence", str(DAYS[2]), **third, **moved)
    await sends(world.ada, "series-occurrence-cancel", str(DAYS[4]))
    await company.bring_into_step()
    seen = await company.agree()
    assert hours(seen) == [9, 9, 15, 9, 9, 9, 9]
    assert seen[2][1] - seen[2][0] == dt.timedelta(minutes=90)
    assert [subject for _, _, subject, _ in seen][1:4] == ["Watch", "Late watch", "Watch"]
    series = await company.outlook(master)
    assert [one.start.astimezone(BERLIN).hour for one in series.modified_occurrences] == [15]
    assert [one.start.astimezone(BERLIN).date() for one in series.deleted_occurrences] == [DAYS[4]]

    await sends(world.ada, "series", **{**WATCH, "location": "Bridge", "begins": "11:00", "ends": "12:00"})
    await company.bring_into_step()
    seen = await company.agree()
    assert hours(seen) == [11, 11, 15, 11, 11, 11, 11]
    assert [location for *_, location in seen][:2] == ["Bridge", "Bridge"]

    await sends(
        world.ada, "series", **{**WATCH, "pattern": "daily", "begins": "11:00", "ends": "12:00", "count": "3"}
    )
    await company.bring_into_step()
    assert len(await company.agree()) == 3


async def test_guests_of_one_occurrence_are_entered_on_the_page_and_stand_in_outlook(
    company: Company, world: SimpleNamespace
) -> None:
    ben, room, grace = "ben@example.org", "hall@example.org", "grace@else.example"
    await sends(world.ada, "series-new", **WATCH, required=ben)
    await company.bring_into_step()
    plain = {"subject": "Watch", "location": "Tower", "importance": "normal"}
    times = {"start": f"{DAYS[2]}T08:00", "end": f"{DAYS[2]}T09:00"}
    guests = {"required": f"{ben}; {grace}", "resources": room}
    await sends(world.ada, "series-occurrence", str(DAYS[2]), **plain, **times, **guests)
    await company.bring_into_step()
    assert await invited(company) == [[ben]] * 2 + [[ben, grace, room]] + [[ben]] * 5
    assert len(await company.agree()) == 8

    await sends(world.ada, "series", **WATCH, required=f"{ben}; cleo@example.org")
    await company.bring_into_step()
    assert (
        await invited(company)
        == [[ben, "cleo@example.org"]] * 2 + [[ben, grace, room]] + [[ben, "cleo@example.org"]] * 5
    )

    again = {"required": f"{ben}; cleo@example.org"}
    await sends(world.ada, "series-occurrence", str(DAYS[2]), **plain, **times, **again)
    await company.bring_into_step()
    assert await invited(company) == [[ben, "cleo@example.org"]] * 8
    await sends(world.ada, "series", **WATCH, required="cleo@example.org")
    await company.bring_into_step()
    assert await invited(company) == [["cleo@example.org"]] * 8


async def invited(company: Company) -> list[list[str]]:
    """Who is invited to each occurrence, as exchangelib sees it."""

    def look(account: Any) -> list[list[str]]:
        shown = sorted(
            account.calendar.view(start=at(DAYS[0], 0), end=at(DAYS[-1], 23)), key=lambda each: each.start
        )
        return [
            sorted(
                one.mailbox.email_address.lower()
                for one in (
                    *(each.required_attendees or ()),
                    *(each.optional_attendees or ()),
                    *(each.resources or ()),
                )
            )
            for each in account.fetch([(one.id, one.changekey) for one in shown])
        ]

    found: list[list[str]] = await company.outlook(look)
    return found
