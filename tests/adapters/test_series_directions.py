"""Which way fields of series go is set by administrators, and followed by passes, of single occurrences too."""

from dataclasses import replace
from typing import Any

import exchangelib
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from psycopg.rows import dict_row

from serversync.adapters import act_directions, act_settings
from serversync.administration import actor, syncfields
from serversync.rules.record import Kind
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_series_in_step import DAYS, Company, at, master
from tests.adapters.test_series_in_step import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


async def set_way(company: Company, column: str, word: str) -> None:
    def done() -> None:
        try:
            with actor.acting(actor.INSTALLATION):
                syncfields.change("series", {column: word})
        finally:
            connections.close_all()

    await sync_to_async(done)()
    async with company.pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute("select * from organization")
        row = await cursor.fetchone()
        assert row is not None
        rules = await act_directions.set_by_hand(connection, act_settings.rules(row))
    company.run = replace(company.run, rules={Kind.SERIES: rules[Kind.SERIES]})


def goes_to(place: str) -> Any:
    def act(ada: exchangelib.Account) -> None:
        one = master(ada).occurrence(5)
        one.refresh()
        one.location = place
        one.save(update_fields=["location"])

    return act


@pytest.mark.parametrize(
    ("word", "in_outlook", "in_crm"),
    [
        ("both", ("Bridge", "Quay", "Harbour"), "Harbour"),
        ("to-exchange", ("Bridge", "Quay", "Harbour"), None),
        ("to-crm", ("Tower", "Tower", "Harbour"), "Harbour"),
        ("none", ("Tower", "Tower", "Harbour"), None),
    ],
)
async def test_the_place_of_a_series_goes_the_way_that_was_set(
    company: Company, word: str, in_outlook: tuple[str, str, str], in_crm: str | None
) -> None:
    await company.add()
    await company.bring_into_step()
    if word != "both":
        await set_way(company, "location", word)
    await company.execute("update recurringappointmentmaster set location = 'Bridge'")
    await company.execute(
        "insert into appointment (seriesid, instancetypecode, originalstartdate, scheduledstart, scheduledend, location)"
        " select activityid, 3, %s, %s, %s, 'Quay' from recurringappointmentmaster",
        at(DAYS[2], 9),
        at(DAYS[2], 15),
        at(DAYS[2], 16),
    )
    await company.outlook(goes_to("Harbour"))
    await company.bring_into_step()

    def view(ada: exchangelib.Account) -> list[Any]:
        return sorted(ada.calendar.view(start=at(DAYS[0], 0), end=at(DAYS[7], 23)), key=lambda one: one.start)

    seen = await company.outlook(view)
    assert (seen[0].location, seen[2].location, seen[4].location) == in_outlook
    assert seen[2].start == at(DAYS[2], 15), "its time goes both ways"
    rows = company.query("select location from appointment where originalstartdate = %s", at(DAYS[4], 9))
    assert (rows[0][0] if rows else None) == in_crm
    assert company.query("select location from recurringappointmentmaster") == [("Bridge",)]
